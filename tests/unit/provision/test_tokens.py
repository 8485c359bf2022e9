"""Claim windows and the two stages as a rule: what a known phone may have, when, and what is remembered of it."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.provision.family import Secrets
from appliance.provision.tokens import (
    Admission,
    Ask,
    Kind,
    Mint,
    Standing,
    Trusts,
    WindowRule,
    admit,
    after,
    good,
    identity_of,
    split_token,
    token_hash,
    window,
)

RULE = WindowRule(fresh_s=900, sitting_s=180, quiet_s=600, overlap_s=3600)
T = 1_800_000_000.0
HERE, ELSEWHERE = "10.20.0.50", "10.20.0.51"
NEW = Standing("001565aa0101", identity_of("001565aa0101", "p-ana", "secret"))
SERVED = replace(NEW, first_given_at=T, boot="b-1", sat_at=T, asked_at=T, address=HERE, registered=True, told=1)
PLAIN = Secrets()
TWO = Secrets(two_stages=True)
SPA = Secrets(two_stages=True, encryption="openssl-salted", key="link")
GRANDSTREAM = Secrets(encryption="openssl-salted")
FILE = Ask(secret=True, https=False, confirmed=True, address=HERE, boot="b-1", heard=True)
LATER = T + 3600


def ask(policy: Secrets, standing: Standing, asked: Ask = FILE, now: float = LATER, encrypt: bool = False) -> Admission:
    return admit(asked, standing, policy, encrypt, now, RULE)


@pytest.mark.acceptance("P-3")
def test_a_phone_gets_its_secrets_once_per_boot_and_not_again_until_the_next() -> None:
    first = ask(PLAIN, NEW, now=T)
    assert (first.refusal, first.window) == ("", "first")
    standing = replace(after(FILE, first, NEW, T), registered=True)
    assert ask(PLAIN, standing, now=T + 60).window == "sitting", "a transfer that broke is repeated"
    assert ask(PLAIN, standing, now=LATER).refusal == "window-closed"
    rebooted = replace(FILE, boot="b-2")
    again = ask(PLAIN, standing, rebooted)
    assert again.window == "boot"
    after_boot = after(rebooted, again, standing, LATER)
    assert ask(PLAIN, after_boot, rebooted, LATER + 181).refusal == "window-closed"


@pytest.mark.acceptance("P-3")
def test_within_a_boot_a_window_belongs_to_the_address_that_opened_it() -> None:
    answer = ask(PLAIN, SERVED, replace(FILE, address=ELSEWHERE), T + 10)
    assert answer.refusal == "window-another-address"
    assert answer.alert


@pytest.mark.acceptance("P-3")
def test_a_mac_that_the_network_does_not_show_gets_no_secret_whatever_the_window() -> None:
    unseen = replace(FILE, confirmed=False)
    for standing in (NEW, SERVED, replace(SERVED, opened_until=LATER * 2)):
        assert ask(PLAIN, standing, unseen).refusal == "not-confirmed"
    assert ask(TWO, NEW, replace(unseen, secret=False)) == Admission(), "a file without account leads nowhere"


def test_a_phone_that_has_never_registered_may_try_for_a_while() -> None:
    fresh = replace(SERVED, registered=False)
    assert ask(PLAIN, fresh, now=T + 600).window == "unregistered"
    assert ask(PLAIN, fresh, now=T + 1000).refusal == "window-closed"
    assert ask(PLAIN, replace(fresh, used=True), now=T + 600).refusal == "window-closed"


def test_a_technician_opens_a_window_for_a_time() -> None:
    opened = replace(SERVED, opened_until=LATER + 60)
    assert ask(PLAIN, opened).window == "opened"
    assert ask(PLAIN, opened, now=LATER + 61).refusal == "window-closed"


def test_of_a_phone_without_dhcp_silence_stands_for_a_boot() -> None:
    silent = replace(FILE, heard=False, boot="b-0")
    standing = replace(SERVED, boot="b-0")
    assert ask(PLAIN, standing, silent, T + 599).refusal == "window-closed"
    assert ask(PLAIN, standing, silent, T + 601).window == "quiet"
    assert ask(PLAIN, standing, replace(silent, heard=True), T + 601).refusal == "window-closed"


def test_a_clock_that_was_set_back_shuts_no_phone_out() -> None:
    long_ago = 1000.0
    assert ask(PLAIN, SERVED, replace(FILE, boot="b-2"), long_ago).window == "boot"


@pytest.mark.acceptance("P-9")
def test_a_claim_token_never_carries_an_account_and_leads_to_the_second_token() -> None:
    by_claim = replace(FILE, kind=Kind.CLAIM, serial=5, confirmed=False)
    assert ask(TWO, NEW, by_claim).refusal == "claim-without-account"
    lead = ask(TWO, NEW, replace(by_claim, secret=False))
    assert (lead.refusal, lead.link) == ("", NEW.serial)


@pytest.mark.acceptance("P-9")
def test_using_the_second_token_ends_the_first() -> None:
    claimed = replace(NEW, claim=5, claim_until=T + 900)
    assert good(Kind.CLAIM, 5, claimed, T, RULE)
    by_second = replace(FILE, kind=Kind.PHONE, serial=1)
    given_ = ask(TWO, claimed, by_second, T)
    assert (given_.refusal, given_.window) == ("", "first")
    used = after(by_second, given_, claimed, T)
    assert not good(Kind.CLAIM, 5, used, T, RULE)
    assert used.used


@pytest.mark.acceptance("P-9")
def test_a_rotated_token_and_its_former_are_both_good_for_the_overlap() -> None:
    rotated = replace(SERVED, serial=2, rotated_at=LATER)
    assert good(Kind.PHONE, 2, rotated, LATER, RULE)
    assert good(Kind.PHONE, 1, rotated, LATER + 3599, RULE)
    assert not good(Kind.PHONE, 1, rotated, LATER + 3601, RULE)
    assert not good(Kind.PHONE, 3, rotated, LATER, RULE)
    thrice = replace(rotated, serial=3)
    assert not good(Kind.PHONE, 1, thrice, LATER, RULE)
    mint = Mint(b"k" * 32)
    assert mint.token(Kind.PHONE, rotated, 1) != mint.token(Kind.PHONE, rotated, 2)
    assert mint.key(rotated, 1) != mint.key(rotated, 2)


@pytest.mark.acceptance("P-3")
def test_the_second_token_gives_secrets_over_https_or_encrypted_or_in_a_window_and_not_else() -> None:
    by_second = replace(FILE, kind=Kind.PHONE, serial=1)
    assert ask(TWO, SERVED, replace(by_second, https=True)).refusal == ""
    assert ask(TWO, SERVED, by_second).refusal == "window-closed"
    assert ask(TWO, SERVED, replace(by_second, boot="b-2")).window == "boot"
    sealed = ask(SPA, SERVED, by_second, encrypt=True)
    assert (sealed.refusal, sealed.seal) == ("", 1)


@pytest.mark.acceptance("P-10")
def test_a_key_is_told_over_https_or_in_a_window_only() -> None:
    lead = replace(FILE, secret=False)
    assert ask(SPA, NEW, lead, T, encrypt=True).tell == 1
    assert ask(SPA, SERVED, lead, encrypt=True).refusal == "window-closed"
    assert ask(GRANDSTREAM, NEW, FILE, T, encrypt=True) == Admission(tell=1, window="first")
    outside = ask(GRANDSTREAM, SERVED, FILE, encrypt=True)
    assert (outside.refusal, outside.seal, outside.tell) == ("", 1, 1), "told again inside what the key encrypts"
    never_told = ask(GRANDSTREAM, replace(SERVED, told=0), FILE, encrypt=True)
    assert never_told.refusal == "window-closed"


def test_a_new_key_goes_to_a_phone_only_when_it_is_told_so() -> None:
    """A rotation must not leave a phone with files that it cannot read."""
    rotated = replace(SERVED, serial=2, rotated_at=LATER)
    assert ask(GRANDSTREAM, rotated, FILE, encrypt=True).seal == 1
    rebooted = replace(FILE, boot="b-2")
    told = ask(GRANDSTREAM, rotated, rebooted, encrypt=True)
    assert (told.tell, told.seal) == (2, 0)
    assert after(rebooted, told, rotated, LATER).told == 2


def test_another_account_on_the_same_phone_is_another_identity_with_other_tokens() -> None:
    other = replace(NEW, identity=identity_of(NEW.mac, "p-ana", "another"))
    mint = Mint(b"k" * 32)
    assert mint.token(Kind.PHONE, NEW, 1) != mint.token(Kind.PHONE, other, 1)
    assert mint.token(Kind.PHONE, NEW, 1) != Mint(b"j" * 32).token(Kind.PHONE, NEW, 1)


def test_tokens_and_keys_are_long_and_of_the_letters_that_urls_and_phones_take() -> None:
    mint = Mint(b"k" * 32)
    token = mint.token(Kind.PHONE, NEW, 1)
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", token)
    assert re.fullmatch(r"[A-Za-z0-9]{16}", mint.key(NEW, 1))
    assert token not in token_hash(token)
    assert "k" * 32 not in repr(mint)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/t/abc-_9/yealink/x.cfg", ("abc-_9", "yealink/x.cfg")),
        ("t/abc/", ("abc", "")),
        ("t/../etc/passwd", ("", "t/../etc/passwd")),
        ("yealink/t/abc/x.cfg", ("", "yealink/t/abc/x.cfg")),
        ("t/" + "a" * 65 + "/x", ("", "t/" + "a" * 65 + "/x")),
    ],
)
def test_a_token_is_the_second_part_of_a_path(path: str, expected: tuple[str, str]) -> None:
    assert split_token(path) == expected


@given(
    st.builds(
        Ask,
        secret=st.just(True),
        https=st.booleans(),
        confirmed=st.booleans(),
        address=st.sampled_from([HERE, ELSEWHERE]),
        boot=st.sampled_from(["", "b-1", "b-2"]),
        heard=st.booleans(),
        kind=st.sampled_from([None, Kind.CLAIM, Kind.PHONE]),
        serial=st.integers(1, 3),
    ),
    st.sampled_from([NEW, SERVED, replace(SERVED, registered=False), replace(SERVED, opened_until=LATER + 9)]),
    st.sampled_from([PLAIN, TWO, SPA, GRANDSTREAM]),
    st.booleans(),
    st.sampled_from([T, T + 100, T + 700, LATER]),
)
def test_no_secret_goes_in_the_clear_outside_an_open_window_or_https(
    asked: Ask, standing: Standing, policy: Secrets, encrypt: bool, now: float
) -> None:
    answer = admit(asked, standing, policy, encrypt, now, RULE)
    if answer.refusal or answer.seal:
        return
    in_window = window(standing, asked.boot, asked.heard, asked.address, now, RULE).open and asked.confirmed
    by_https = asked.https and asked.kind is Kind.PHONE
    assert in_window or by_https


# The way to HTTPS, for phones that check who answers.

YEALINK = Secrets(two_stages=True, encryption="yealink-aes", https="site-ca")
BOOT_FILE = replace(FILE, secret=False)


def led(standing: Standing, asked: Ask, now: float = LATER) -> tuple[bool, Standing]:
    """Whether its links lead to HTTPS, and what is remembered after."""
    answer = admit(asked, standing, YEALINK, True, now, RULE, https_links=True)
    assert answer.refusal == ""
    return answer.https, after(asked, answer, standing, now)


def told() -> Standing:
    """A phone whose first boot gave it its account and the authority by plain HTTP."""
    https, standing = led(NEW, BOOT_FILE, T)
    assert not https
    https, standing = led(standing, replace(FILE, kind=Kind.PHONE, serial=1), T + 1)
    assert not https
    assert standing.trusts == Trusts.TOLD
    return standing


@pytest.mark.acceptance("P-3", "Q-7")
def test_a_phone_is_given_the_authority_first_and_led_to_https_at_its_next_boot() -> None:
    https, standing = led(told(), BOOT_FILE, T + 30)
    assert not https, "in that boot it goes on as it began"
    https, standing = led(standing, replace(BOOT_FILE, boot="b-2"))
    assert https
    by_tls = replace(FILE, boot="b-2", kind=Kind.PHONE, serial=1, https=True, confirmed=False)
    https, standing = led(standing, by_tls)
    assert https
    assert standing.trusts == Trusts.PROVEN
    assert led(standing, replace(BOOT_FILE, boot="b-3"))[0]


@pytest.mark.acceptance("P-3")
def test_a_phone_that_does_not_come_by_https_goes_on_by_plain_http_in_its_window() -> None:
    _, standing = led(told(), replace(BOOT_FILE, boot="b-2"))
    assert led(standing, replace(BOOT_FILE, boot="b-2"), LATER + 5)[0], "its second look at once is no sign"
    https, again = led(standing, replace(BOOT_FILE, boot="b-2"), LATER + 60)
    assert not https, "it tries again within the boot: it did not get there"
    assert again.trusts == Trusts.REFUSED
    https, next_boot = led(standing, replace(BOOT_FILE, boot="b-3"), LATER + 600)
    assert not https
    assert not led(next_boot, replace(BOOT_FILE, boot="b-4"), LATER + 1200)[0], "it is not tried at every boot"


def test_nobody_is_led_to_https_where_the_site_does_not_want_it_or_the_family_cannot() -> None:
    boot = replace(BOOT_FILE, boot="b-2")
    assert not admit(boot, told(), YEALINK, True, LATER, RULE, https_links=False).https
    assert not admit(boot, told(), TWO, True, LATER, RULE, https_links=True).https
    anyone = Secrets(two_stages=True, https="any")
    assert admit(boot, NEW, anyone, True, LATER, RULE, https_links=True).https


def test_a_technician_who_opens_the_window_does_not_lose_a_phones_https() -> None:
    standing = replace(told(), trusts=str(Trusts.PROVEN), trusts_at=LATER, opened_until=LATER + 300, boot="b-1")
    https, standing = led(standing, BOOT_FILE, LATER + 20)
    assert https
    assert standing.trusts == Trusts.PROVEN
