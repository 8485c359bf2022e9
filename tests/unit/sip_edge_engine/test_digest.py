"""Digest authentication: RFC 7616's own example, what we ask, and what we make of the answers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.sip_edge.digest import (
    NONCE_LIFE_S,
    Credentials,
    Guard,
    Verdict,
    challenges,
    parse,
    response,
    same_user,
    user_part,
)

NOW = 1_760_000_000
GUARD = Guard("conserje", b"k" * 32)
SECRET = "Zq9&<x"

# RFC 7616 §3.9.1
RFC_EXAMPLE = {
    "MD5": "8ca523f5e9506fed4657c9700eebdbec",
    "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
}


def rfc_header(algorithm: str) -> str:
    return (
        'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", '
        f'algorithm={algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, '
        'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, '
        f'response="{RFC_EXAMPLE[algorithm]}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )


def signed(method: str = "REGISTER", secret: str = SECRET, at: int = NOW, **changes: str) -> Credentials:
    nonce = GUARD.nonce(at, b"01234567")
    c = Credentials("p-ana", "conserje", nonce, "sip:10.20.0.1", "", "SHA-256", "auth", "00000001", "abc")
    c = replace(c, **changes)
    return replace(c, response=response(c, method, secret)) if "response" not in changes else c


@pytest.mark.acceptance("Q-1")
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_the_example_of_rfc_7616_has_the_response_that_the_rfc_prints(algorithm: str) -> None:
    credentials = parse(rfc_header(algorithm))
    assert credentials is not None
    assert response(credentials, "GET", "Circle of Life") == RFC_EXAMPLE[algorithm]


@given(st.data())
def test_credentials_that_are_read_fast_are_read_as_any_others(data: st.DataObject) -> None:
    """A parameter that nobody knows is read the long way, and changes nothing of the others."""
    text = list(rfc_header("MD5").removeprefix("Digest "))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 1))] = data.draw(
            st.sampled_from(["", '"', ",", "=", " ", "\\", "\n", "a"])
        )
    fast, slow = parse(f"Digest {''.join(text)}"), parse(f"Digest unknown=1,{''.join(text)}")
    assert fast == slow
    assert fast is None or slow is None or fast.response == slow.response


@pytest.mark.acceptance("Q-1")
def test_both_algorithms_are_asked_for_and_the_stronger_first() -> None:
    strong, old = challenges("conserje", "n")
    assert strong == 'Digest realm="conserje", nonce="n", algorithm=SHA-256, qop="auth"'
    assert "algorithm=MD5" in old
    assert "stale" not in strong + old
    assert all(c.endswith(", stale=true") for c in challenges("conserje", "n", stale=True))


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_the_right_secret_is_good(algorithm: str) -> None:
    assert GUARD.judge(signed(algorithm=algorithm), "REGISTER", SECRET, NOW) is Verdict.GOOD


def test_algorithm_left_out_means_md5() -> None:
    credentials = parse('Digest username="a", realm="r", nonce="n", uri="u", response="R"')
    assert credentials is not None
    assert (credentials.algorithm, credentials.response) == ("MD5", "r")


@pytest.mark.acceptance("Q-1")
@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"secret": "other"}, Verdict.WRONG),
        ({"realm": "elsewhere"}, Verdict.WRONG),
        ({"qop": ""}, Verdict.WRONG),
        ({"qop": "auth-int"}, Verdict.WRONG),
        ({"nc": "1"}, Verdict.WRONG),
        ({"cnonce": ""}, Verdict.WRONG),
        ({"at": NOW - NONCE_LIFE_S - 1}, Verdict.STALE),
        ({"at": NOW + 60}, Verdict.STALE),
        ({"nonce": "0" * 48}, Verdict.STALE),
        ({"nonce": "short"}, Verdict.STALE),
    ],
)
def test_what_is_wrong_and_what_is_only_stale(change: dict[str, str], verdict: Verdict) -> None:
    assert GUARD.judge(signed(**change), "REGISTER", SECRET, NOW) is verdict  # type: ignore[arg-type]


def test_an_unknown_algorithm_is_wrong_not_an_error() -> None:
    credentials = replace(signed(), algorithm="SHA-512-256", response="0")
    assert GUARD.judge(credentials, "REGISTER", SECRET, NOW) is Verdict.WRONG


def test_a_response_for_one_method_is_no_good_for_another() -> None:
    assert GUARD.judge(signed("REGISTER"), "INVITE", SECRET, NOW) is Verdict.WRONG


@pytest.mark.acceptance("Q-1")
def test_a_name_that_nobody_has_is_wrong_whatever_it_sends() -> None:
    assert GUARD.judge(signed(), "REGISTER", None, NOW) is Verdict.WRONG
    assert GUARD.judge(signed(secret=GUARD.key.hex()), "REGISTER", None, NOW) is Verdict.WRONG


def test_a_nonce_of_another_building_is_not_ours() -> None:
    assert not Guard("conserje", b"x" * 32).fresh(GUARD.nonce(NOW, b"01234567"), NOW)


def test_each_count_of_a_nonce_is_a_use_of_its_own() -> None:
    assert signed(nc="0000000A").use == signed(nc="0000000a").use
    assert signed(nc="00000001").use != signed(nc="00000002").use


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic YTpi",
        "Digest ",
        "Digest username",
        'Digest username="a',
        'Digest username="a" realm="b"',
        'Digest username="a", username="b", realm="r", nonce="n", uri="u", response="r"',
        'Digest username="a", realm="r", nonce="n", uri="u"',
        "Digest " + "a" * 3000,
    ],
)
def test_a_header_that_is_not_well_formed_is_no_credentials(header: str) -> None:
    assert parse(header) is None


@given(st.text(max_size=200))
def test_no_header_raises(text: str) -> None:
    parse("Digest " + text)
    parse(text)


def test_quoted_characters_are_unquoted() -> None:
    credentials = parse('Digest username="a\\"b", realm="r", nonce="n", uri="u", response="r"')
    assert credentials is not None
    assert credentials.username == 'a"b'


@pytest.mark.parametrize(
    ("uri", "user"),
    [
        ("sip:101@10.0.0.1", "101"),
        ("sip:%2B52155;phone-context=x@h", "+52155"),
        ("sips:a:pw@h", "a"),
        ("tel:+52155;ext=1", "+52155"),
        ("sip:10.0.0.1", ""),
        ("", ""),
    ],
)
def test_the_user_part_of_a_uri(uri: str, user: str) -> None:
    assert user_part(uri) == user


def test_an_escaped_user_part_is_the_same_as_the_plain_one() -> None:
    assert same_user("sip:%2A9196@h", "sip:*9196@10.0.0.1:5060")


def test_secrets_do_not_show_in_reprs() -> None:
    assert "key" not in repr(GUARD)
    assert signed().response not in repr(signed())
