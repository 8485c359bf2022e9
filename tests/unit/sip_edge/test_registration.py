"""Registering at a carrier: challenge, refresh, 423, refusals and silence, without a wire."""

import re

from hypothesis import given
from hypothesis import strategies as st

from appliance.sip_edge.digest import Guard, Verdict, parse
from appliance.sip_edge.registration import (
    REFRESH_AT,
    Registration,
    Reply,
    Standing,
    authorization,
    challenge_of,
    received,
    sent,
)

CONTACT = "sip:torre@10.30.0.101:5060"
GUARD = Guard("carrier.example", b"k" * 32)
NONCE = GUARD.nonce(5, b"8" * 8)
ASKED = Reply(401, (("www-authenticate", f'Digest realm="carrier.example", nonce="{NONCE}", qop="auth"'),))
SHA256 = ("www-authenticate", 'Digest realm="c", nonce="n", algorithm=SHA-256, qop="auth"')


def fresh() -> Registration:
    return sent(Registration("call-1"))


def test_a_challenge_is_answered_at_once_and_the_answer_is_right() -> None:
    asked = received(fresh(), ASKED, CONTACT, 100.0)
    assert asked.due_at == 100.0
    assert asked.challenge
    line = authorization(asked.challenge, "torre", "s3cret", "sip:carrier.example", "c0ffee")
    given_ = parse(line.removeprefix("Authorization: "))
    assert given_
    assert GUARD.judge(given_, "REGISTER", "s3cret", 6) is Verdict.GOOD
    assert sent(asked).cseq == 2


def test_the_strongest_algorithm_is_chosen_and_one_of_2069_can_be_answered() -> None:
    both = Reply(401, (*ASKED.headers, SHA256))
    found = challenge_of(both)
    assert found and found.algorithm == "SHA-256"
    old = challenge_of(Reply(407, (("proxy-authenticate", 'Digest realm="c", nonce="n"'),)))
    assert old and old.qop == "" and old.proxy
    assert "nc=" not in authorization(old, "u", "s", "sip:c", "x")
    assert challenge_of(Reply(401, (("www-authenticate", 'Digest realm="c", nonce="n", algorithm=AKA'),))) is None


def test_it_is_refreshed_before_what_was_granted_runs_out() -> None:
    ok = Reply(200, (("contact", f"<sip:other@1.2.3.4>;expires=60, <{CONTACT}>;expires=300"), ("expires", "900")))
    registered = received(fresh(), ok, CONTACT, 50.0)
    assert registered.standing is Standing.REGISTERED
    assert registered.due_at == 50 + 300 * REFRESH_AT
    assert received(fresh(), Reply(200, (("expires", "120"),)), CONTACT, 0.0).due_at == 120 * REFRESH_AT
    assert received(fresh(), Reply(200), CONTACT, 0.0).due_at == 600 * REFRESH_AT


def test_an_interval_too_brief_is_asked_for_longer() -> None:
    longer = received(fresh(), Reply(423, (("min-expires", "1800"),)), CONTACT, 9.0)
    assert (longer.expires_s, longer.due_at) == (1800, 9.0)
    assert received(fresh(), Reply(423, (("min-expires", "60"),)), CONTACT, 9.0).standing is Standing.REFUSED
    assert received(fresh(), Reply(423), CONTACT, 9.0).standing is Standing.REFUSED


def test_a_wrong_secret_is_refused_and_not_tried_again_at_once() -> None:
    asked = sent(received(fresh(), ASKED, CONTACT, 0.0))
    refused = received(asked, ASKED, CONTACT, 1.0)
    assert refused.standing is Standing.REFUSED
    assert refused.due_at >= 121
    stale = Reply(401, tuple((n, v + ", stale=true") for n, v in ASKED.headers))
    assert received(asked, stale, CONTACT, 1.0).due_at == 1.0


def test_silence_is_tried_again_later_and_later_and_what_was_granted_still_holds() -> None:
    silent, now, waits = fresh(), 0.0, []
    for _ in range(6):
        silent = received(sent(silent), Reply(0), CONTACT, now)
        waits.append(silent.due_at - now)
        now = silent.due_at
    assert waits == [5, 15, 30, 60, 300, 300]
    assert silent.standing is Standing.SILENT
    granted = received(fresh(), Reply(200, (("expires", "300"),)), CONTACT, 0.0)
    assert received(granted, Reply(0), CONTACT, 240.0).standing is Standing.REGISTERED
    assert received(granted, Reply(0), CONTACT, 301.0).standing is Standing.SILENT


def test_retry_after_is_honoured() -> None:
    assert received(fresh(), Reply(503, (("retry-after", "90 (maintenance)"),)), CONTACT, 0.0).due_at == 90
    assert received(fresh(), Reply(403, (("retry-after", "900"),)), CONTACT, 0.0).due_at == 900


def test_no_secret_shows() -> None:
    assert not re.search("nonce", repr(received(fresh(), ASKED, CONTACT, 0.0)))


@given(st.integers(0, 699), st.text(max_size=60), st.text(max_size=60))
def test_whatever_a_registrar_says_there_is_a_next_time(status: int, one: str, other: str) -> None:
    names = ("www-authenticate", "proxy-authenticate", "contact", "expires", "min-expires", "retry-after")
    reply = Reply(status, tuple((n, v) for n in names for v in (one, f"Digest {other}")))
    assert received(fresh(), reply, CONTACT, 10.0).due_at >= 10.0
