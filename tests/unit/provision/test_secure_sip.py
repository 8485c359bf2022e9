"""Who comes by TLS and who is left with UDP: what descriptors say, what overrides change, and how phones are moved."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.directory.sipways import SipWay, Way
from appliance.provision.context import SiteContext, site_context
from appliance.provision.families import Family
from appliance.provision.family import SecureSip
from appliance.provision.orders import Orders
from appliance.provision.override_files import load_overrides
from appliance.provision.render import files_for, render
from appliance.provision.secured import Candidate, settle
from appliance.provision.trust import NO_TRUST
from appliance.settings import Settings, Sip
from tests.lab.formats import parse

from .house import SITE, all_files, context, families, family, phone

DOCS = Path(__file__).resolve().parents[3] / "docs" / "phones.md"
NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
T46S, X5U = ("yealink", "T46S"), ("fanvil", "X5U-V2")


def transport(of: tuple[str, str], site: SiteContext = SITE) -> tuple[int, str]:
    one = family(of[0])
    model = one.model(of[1])
    assert model
    server = context(model, phone(one.name, model.name), site=site).server
    return server.port, server.transport


@pytest.mark.parametrize(
    ("of", "site", "wanted"),
    [
        (T46S, SITE, (5061, "tls")),
        (("yealink", "T22P"), SITE, (5060, "udp")),
        (X5U, SITE, (5060, "udp")),
        (("cisco_enterprise", "7942G"), SITE, (5060, "udp")),
        (T46S, replace(SITE, secure_sip=False), (5060, "udp")),
        (T46S, replace(SITE, tls_port=0), (5060, "udp")),
        # What it could not check it is not told, until the box has its authority.
        (T46S, replace(SITE, trust=NO_TRUST), (5060, "udp")),
    ],
)
def test_who_can_check_the_box_by_its_authority_comes_by_tls(
    of: tuple[str, str], site: SiteContext, wanted: tuple[int, str]
) -> None:
    assert transport(of, site) == wanted


def test_a_box_that_does_not_speak_tls_says_udp_in_its_files() -> None:
    assert site_context(replace(Settings(), sip=replace(Sip(), tls=False))).tls_port == 0
    assert site_context(Settings()).tls_port == 5061


@pytest.mark.parametrize(
    ("of", "said", "without_tls", "wanted"),
    [
        (T46S, "device", True, "tls"),
        (T46S, "site", True, "udp"),
        (T46S, "", True, "udp"),
        (X5U, "device", False, "tls"),
        (X5U, "site", False, "tls"),
        (("cisco_enterprise", "7942G"), "device", False, "udp"),
    ],
)
def test_a_person_may_have_a_phone_come_by_tls_that_can_and_its_own_word_goes_before_what_it_did(
    tmp_path: Path, of: tuple[str, str], said: str, without_tls: bool, wanted: str
) -> None:
    one = phone(*of)
    if said:
        file = tmp_path / ("site.toml" if said == "site" else f"device/{one.mac}.toml")
        file.parent.mkdir(exist_ok=True)
        file.write_text("[values]\nsecure_sip = true\n")
    left = frozenset({one.mac}) if without_tls else frozenset()
    orders = Orders(overrides=load_overrides(tmp_path, families()), families=families(), without_tls=left)
    assert transport(of, replace(SITE, orders=orders))[1] == wanted


@pytest.mark.acceptance("P-18", "Q-7")
@pytest.mark.parametrize("of", families().families, ids=lambda f: f.name)
def test_what_a_family_can_do_by_tls_is_in_its_files_and_what_it_cannot_is_explained(of: Family) -> None:
    for series, model in {m.series: m for m in of.models}.items():
        said = model.secure_sip
        assert bool(said.why) is (said.tls != "checked"), series
        plain, secure = (
            all_files(of, model, site=replace(SITE, secure_sip=wanted)) for wanted in (False, True)
        )
        assert (plain != secure) is (said.tls == "checked"), series
        own = context(model, phone(of.name, model.name))
        forced = replace(own, server=own.server.secured(True))
        asked = [render(of, rule, forced) for _, rule in files_for(own, of) if rule.secret and not rule.digest]
        told = [parse(of.format, "", data) for data in asked if said.tls]
        assert all((c.transport, c.srtp) == ("tls", "optional") for c in told if c.sip_user), series


def tls_of_each_family() -> str:
    """The table of docs/phones.md; series of which the same is true stand together."""
    rows = ["| family | TLS and SRTP | why not by itself |", "|---|---|---|"]
    words = {"checked": "yes", "unchecked": "where a person says so", "": "no"}
    for of in sorted(families().families, key=lambda f: f.name):
        alike: dict[SecureSip, list[str]] = {}
        for series, model in sorted({m.series: m for m in of.models}.items()):
            alike.setdefault(model.secure_sip, []).append(series)
        for said, those in alike.items():
            name = of.name if "" in those or len(alike) == 1 else f"{of.name} ({', '.join(those)})"
            rows.append(f"| {name} | {words[said.tls]} | {said.why} |")
    return "\n".join(rows)


def test_the_page_tells_of_each_family_whether_it_comes_by_tls() -> None:
    assert tls_of_each_family() in DOCS.read_text(encoding="utf-8")


# Moving phones.


def seen(mac: str, way: Way | None = None, told_s: float | None = None, **words: bool) -> Candidate:
    told = None if told_s is None else NOW - timedelta(seconds=told_s)
    said = {"registered": False, "by_tls": False} | words
    return Candidate(mac, f"of-{mac}", T46S, way, told_at=told, **said)


def ways(*candidates: Candidate) -> dict[str, Way | None]:
    """MAC -> its way after a look."""
    settled = settle(candidates, NOW, 300)
    found = {c.mac: c.way for c in candidates} | {row.mac: row.way for row in settled.keep}
    assert all(row == SipWay(row.mac, f"of-{row.mac}", row.way, "2026-11-27T12:00:00+00:00") for row in settled.keep)
    return found | dict.fromkeys(settled.forget)


def test_a_new_phone_has_its_time_to_come_and_is_then_told_udp() -> None:
    assert ways(seen("a", told_s=299)) == {"a": None}
    assert ways(seen("a", told_s=301)) == {"a": Way.REFUSED}
    assert ways(seen("a", registered=False)) == {"a": None}, "it has not even come for its files"


def test_one_that_came_once_is_never_told_udp_by_itself() -> None:
    assert ways(seen("a", told_s=301, registered=True, by_tls=True)) == {"a": Way.TLS}
    assert ways(seen("a", Way.TLS)) == {"a": Way.TLS}


def test_phones_that_are_registered_without_tls_wait_for_a_first_one_of_their_model() -> None:
    first = ways(seen("b", registered=True), seen("a", registered=True), seen("c", registered=True))
    assert first == {"a": None, "b": Way.HELD, "c": Way.HELD}
    # It was told, and is on its way: nobody takes its place.
    on_its_way = ways(seen("a", told_s=20), seen("b", Way.HELD, registered=True))
    assert on_its_way == {"a": None, "b": Way.HELD}
    came = ways(seen("a", registered=True, by_tls=True), seen("b", Way.HELD, registered=True), seen("c", Way.HELD))
    assert came == {"a": Way.TLS, "b": None, "c": None}


def test_where_the_first_one_does_not_come_the_others_stay_as_they_are() -> None:
    assert ways(seen("a", told_s=400), seen("b", Way.HELD, registered=True)) == {"a": Way.REFUSED, "b": Way.HELD}
    later = ways(seen("a", Way.REFUSED, registered=True), seen("b", Way.HELD, registered=True))
    assert later == {"a": Way.REFUSED, "b": Way.HELD}
    assert ways(seen("a", Way.REFUSED), seen("b", registered=True)) == {"a": Way.REFUSED, "b": Way.HELD}


def test_another_model_does_not_speak_for_this_one() -> None:
    other = replace(seen("a", registered=True, by_tls=True), kind=X5U)
    assert ways(other, seen("b", registered=True), seen("c", registered=True)) == {
        "a": Way.TLS,
        "b": None,
        "c": Way.HELD,
    }
