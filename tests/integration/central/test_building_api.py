"""Buildings at a real central office: gunicorn, TLS with client certificates, on SQLite and PostgreSQL."""

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select

from central.authority import load_authority, make_authority
from central.clock import SystemClock
from central.directory import accounts
from central.directory.phones import move_phone, set_move_policy
from central.directory.sites import add_presence
from central.enrolment import make_claim
from central.model import AuditEntry, BuildingStatus, CdrRecord, SeenPhone
from central.model.rows import of_account
from central.office import Office
from central.status import SiteLine, site_lines
from tests.integration.central.building import Copy
from tests.integration.central.facts import a_call, a_move, a_seen_phone, a_swap, an_adoption, an_assignment, enveloped
from tests.integration.central.making import WHO, a_company, a_person, a_site
from tests.integration.central.server import Building, Refused, Served
from tests.lab import until
from wire.rows import Account, Phone

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")


@pytest.fixture
def site(served_office: Office) -> str:
    return a_site(served_office)


@pytest.fixture
def acme(served_office: Office, site: str) -> str:
    return a_company(served_office, "", site)


@pytest.fixture
def box(served: Served, tmp_path: Path) -> Iterator[Callable[[], Building]]:
    """Makes boxes fresh from the factory; their connections are closed at the end."""
    boxes: list[Building] = []

    def make() -> Building:
        boxes.append(Building(served, tmp_path / f"box{len(boxes)}"))
        return boxes[-1]

    yield make
    for made in boxes:
        made.session.close()


@pytest.fixture
def claim(served: Served, served_office: Office) -> Callable[[str], str]:
    authority = load_authority(served.ca.parent)
    return lambda site_id: make_claim(served_office, authority, site_id, WHO)


@pytest.fixture
def building(box: Callable[[], Building], claim: Callable[[str], str], site: str) -> Building:
    return box().enrol(claim(site))


@pytest.mark.acceptance("Z-1")
def test_a_claim_code_enrols_one_building_once(
    site: str, box: Callable[[], Building], claim: Callable[[str], str]
) -> None:
    code = claim(site)
    first = box().enrol(code)
    assert first.site_id == site
    with pytest.raises(Refused) as again:
        box().enrol(code)
    assert again.value.status == 403
    assert again.value.code == "claim"
    assert "usado" in again.value.says
    assert first.feed(0).snapshot is not None


@pytest.mark.acceptance("Z-1")
def test_a_new_box_for_a_site_shuts_the_old_one_out(
    building: Building, site: str, box: Callable[[], Building], claim: Callable[[str], str]
) -> None:
    assert building.feed(0).snapshot is not None
    replacement = box().enrol(claim(site))
    with pytest.raises(Refused, match="revoked"):
        building.feed(0)
    assert replacement.feed(0).snapshot is not None


@pytest.mark.acceptance("Z-1")
def test_a_revoked_certificate_is_refused_also_while_it_waits(served: Served, building: Building, site: str) -> None:
    newest = building.feed(0).snapshot
    assert newest is not None
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(building.feed, newest.number, 15)
        assert served.cli("revoke", site) == {"revoked": 1}
        with pytest.raises(Refused) as refused:
            waiting.result()
    assert refused.value.code == "certificate"
    with pytest.raises(Refused, match="revoked"):
        building.rotate()


@pytest.mark.acceptance("Z-1")
def test_a_building_renews_its_certificate_and_both_count_for_a_while(building: Building) -> None:
    old = building.session.cert
    building.rotate()
    assert building.session.cert != old
    assert building.feed(0).snapshot is not None
    building.session.close()
    building.session.cert = old
    assert building.feed(0).snapshot is not None


def test_no_certificate_or_one_of_another_ca_opens_nothing(
    site: str, box: Callable[[], Building], tmp_path: Path
) -> None:
    stranger = box()
    with pytest.raises(Refused) as refused:
        stranger.feed(0)
    assert refused.value.status == 403
    key, asked = stranger.request()
    other = make_authority(tmp_path / "other", SystemClock().now())
    stranger.keep(key, other.sign_building(asked, site, SystemClock().now(), 10).pem)
    with pytest.raises((requests.exceptions.SSLError, requests.exceptions.ConnectionError)):
        stranger.feed(0)


@pytest.mark.acceptance("Z-6")
def test_a_certificate_reads_its_own_building_only(
    served_office: Office, building: Building, acme: str, box: Callable[[], Building], claim: Callable[[str], str]
) -> None:
    elsewhere = a_site(served_office)
    theirs = a_company(served_office, "", elsewhere)
    a_person(served_office, theirs, "Bea", "101")
    other = box().enrol(claim(elsewhere))
    mine, their_copy = Copy(building.site_id), Copy(elsewhere)
    building.follow(mine)
    other.follow(their_copy)
    assert ("account", acme) in mine.rows
    assert ("account", theirs) not in mine.rows
    assert ("account", theirs) in their_copy.rows
    stolen = building.post(
        "journal", {"facts": [enveloped(a_call(elsewhere, theirs)), enveloped(a_call(building.site_id, theirs))]}
    )
    assert stolen["accepted"] == []
    assert len(stolen["refused"]) == 2


@pytest.mark.acceptance("Z-2")
def test_an_edit_wakes_the_building_that_waits(served_office: Office, building: Building, acme: str) -> None:
    copy = Copy(building.site_id)
    building.follow(copy)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(building.feed, copy.revision, 20)
        a_person(served_office, acme, "Ana", "101", number="")
        asked = time.monotonic()
        copy.take(waiting.result())
    assert time.monotonic() - asked < 2
    assert copy.kinds()["person"] == 1


@pytest.mark.acceptance("Z-2")
def test_an_edit_reaches_a_waiting_building_well_within_a_second(
    served_office: Office, building: Building, acme: str, record_property: Callable[[str, object], None]
) -> None:
    copy = Copy(building.site_id)
    building.follow(copy)
    delays: list[float] = []
    with ThreadPoolExecutor(1) as pool:
        for i in range(100):
            waiting = pool.submit(lambda: (building.feed(copy.revision, 20), time.monotonic()))
            with served_office.editing(WHO) as edit:
                accounts.change_account(edit, acme, f"{i} {acme}", "en")
            edited = time.monotonic()
            answer, answered = waiting.result()
            copy.take(answer)
            delays.append(max(0.0, answered - edited))
    delays.sort()
    record_property("edit_to_answer_ms", {"p50": round(delays[49] * 1000), "p99": round(delays[98] * 1000)})
    print(f"edit to answer: p50 {delays[49] * 1000:.0f} ms, p99 {delays[98] * 1000:.0f} ms")
    assert delays[98] < 1


@pytest.mark.acceptance("Z-2")
def test_a_wait_without_news_ends_when_it_was_to_end(building: Building) -> None:
    copy = Copy(building.site_id)
    building.follow(copy)
    asked = time.monotonic()
    answer = building.feed(copy.revision, 1)
    assert 0.9 < time.monotonic() - asked < 3
    assert answer.snapshot is None
    assert answer.revisions == ()


@pytest.mark.acceptance("Z-2")
def test_a_building_follows_eight_editors_at_once_without_a_hole(served_office: Office, building: Building) -> None:
    companies = [a_company(served_office, "", building.site_id) for _ in range(8)]

    def edit(company: str) -> None:
        for i in range(6):
            a_person(served_office, company, f"P{i}", f"10{i}")

    copy = Copy(building.site_id)
    with ThreadPoolExecutor(8) as pool:
        editing = [pool.submit(edit, c) for c in companies]
        while not all(e.done() for e in editing):
            copy.take(building.feed(copy.revision, 1))
        for done in editing:
            done.result()
    building.follow(copy)
    assert copy.kinds()["person"] == 48
    assert copy.snapshots == 1


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [("after=-1", 409, "feed"), ("after=999999", 409, "feed"), ("after=x", 400, "malformed"), ("", 400, "malformed")],
)
def test_an_impossible_place_in_the_feed_gets_a_clear_answer(
    building: Building, query: str, status: int, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        building.get(f"feed?{query}")
    assert (refused.value.status, refused.value.code) == (status, code)
    assert refused.value.says


def test_a_fact_sent_twice_is_applied_once(served_office: Office, building: Building, acme: str) -> None:
    call = a_call(building.site_id, acme)
    facts = {"facts": [enveloped(call, "f-1"), enveloped(a_seen_phone("001565000078"), "f-2")]}
    first = building.post("journal", facts)
    assert first == {"accepted": ["f-1", "f-2"], "refused": []}
    with ThreadPoolExecutor(4) as pool:
        assert all(r == first for r in pool.map(lambda _: building.post("journal", facts), range(8)))
    with served_office.reading() as session:
        stored = session.get_one(CdrRecord, call.id)
        assert session.scalar(select(func.count()).select_from(CdrRecord).where(CdrRecord.id == call.id)) == 1
    assert stored.legs[0]["to"] == "pabc"
    assert stored.talk_ms == 60000


def test_an_unknown_phone_is_listed_until_somebody_gets_it(
    served_office: Office, building: Building, acme: str
) -> None:
    mac = "0015650000aa"
    building.post("journal", {"facts": [enveloped(a_seen_phone(mac, address="10.20.0.9"))]})
    later = a_seen_phone(mac, address="10.20.0.10", last_seen_at="2026-03-02T16:00:00.000Z")
    building.post("journal", {"facts": [enveloped(later)]})
    with served_office.reading() as session:
        assert session.get_one(SeenPhone, (building.site_id, mac)).address == "10.20.0.10"
    ana = a_person(served_office, acme, "Ana", "101").person
    adopted = an_adoption(building.site_id, acme, ana.id, mac)
    copy = Copy(building.site_id)
    assert building.post("journal", {"facts": [enveloped(adopted, "a-1")]})["accepted"] == ["a-1"]
    assert building.post("journal", {"facts": [enveloped(adopted, "a-1")]})["accepted"] == ["a-1"]
    building.follow(copy)
    phone = copy.rows[("phone", adopted.phone_id)]
    assert isinstance(phone, Phone)
    assert (phone.sip_user, phone.sip_secret) == (adopted.sip_user, adopted.sip_secret)
    with served_office.reading() as session:
        assert session.get(SeenPhone, (building.site_id, mac)) is None


@pytest.mark.acceptance("U-4")
def test_an_adoption_that_cannot_be_is_refused_with_its_reason_and_for_good(
    served_office: Office, building: Building, acme: str
) -> None:
    ana = a_person(served_office, acme, "Ana", "101", mac="0015650000b1", model="T46S", site_id=building.site_id)
    assert ana.phone is not None
    elsewhere = a_site(served_office)
    adoption = an_adoption(building.site_id, acme, ana.person.id, "0015650000b2")
    wrong = {
        "second phone": adoption,
        "mac taken": an_adoption(building.site_id, acme, "", "0015650000b1"),
        "identity taken": an_adoption(building.site_id, acme, "", "0015650000b3", sip_user=ana.phone.sip_user),
        "nobody": an_adoption(building.site_id, acme, "no-such-person", "0015650000b4"),
        "elsewhere": an_adoption(elsewhere, acme, "", "0015650000b5"),
        "no company": an_adoption(building.site_id, "no-such", "", "0015650000b6"),
        "no mac": an_adoption(building.site_id, acme, "", "zz"),
    }
    copy = Copy(building.site_id)
    building.follow(copy)
    facts = {"facts": [enveloped(f, f"w-{i}") for i, f in enumerate(wrong.values())]}
    answer = building.post("journal", facts)
    assert answer["accepted"] == []
    assert len(answer["refused"]) == len(wrong)
    assert all(r["why"] and r["why_es"] for r in answer["refused"])
    assert building.post("journal", facts) == answer
    held = copy.revision
    building.follow(copy)
    assert copy.revision == held


def test_a_device_that_took_a_phones_place_in_the_building_takes_it_everywhere_with_the_phones_identity(
    served_office: Office, building: Building, acme: str
) -> None:
    ana = a_person(served_office, acme, "Ana", "101", mac="0015650000c1", model="T46S", site_id=building.site_id).phone
    assert ana is not None
    swap = a_swap(ana, "0004f20000c2")
    for _ in range(2):
        assert building.post("journal", {"facts": [enveloped(swap, "s-1")]})["accepted"] == ["s-1"]
    copy = Copy(building.site_id)
    building.follow(copy)
    phone = copy.rows["phone", ana.id]
    assert isinstance(phone, Phone)
    assert (phone.mac, phone.family, phone.model) == ("0004f20000c2", "polycom", "VVX400")
    assert (phone.sip_user, phone.person_id, phone.sip_secret) == (ana.sip_user, ana.person_id, swap.sip_secret)


def test_a_phone_that_the_building_gave_to_another_person_is_theirs_everywhere(
    served_office: Office, building: Building, acme: str
) -> None:
    site = building.site_id
    ana = a_person(served_office, acme, "Ana", "101", mac="0015650000f1", model="T46S", site_id=site).phone
    fina, gil = (a_person(served_office, acme, name, n).person for name, n in (("Fina", "104"), ("Gil", "105")))
    assert ana is not None
    given = an_assignment(ana, fina.id)
    for _ in range(2):
        assert building.post("journal", {"facts": [enveloped(given, "a-1")]})["accepted"] == ["a-1"]
    copy = Copy(site)
    building.follow(copy)
    phone = copy.rows["phone", ana.id]
    assert isinstance(phone, Phone)
    assert (phone.person_id, phone.mac, phone.sip_user) == (fina.id, ana.mac, ana.sip_user)
    wrong = (
        an_assignment(ana, gil.id),  # whose it was before is not so any more
        an_assignment(ana, "no-such", person_before=fina.id),
        an_assignment(ana, "", person_before=fina.id),
        an_assignment(ana, gil.id, person_before=fina.id, phone_id="no-such"),
        an_assignment(ana, gil.id, person_before=fina.id, site_id=a_site(served_office)),
        an_assignment(ana, gil.id, person_before=fina.id, account_id="no-such"),
    )
    answer = building.post("journal", {"facts": [enveloped(f, f"y-{i}") for i, f in enumerate(wrong)]})
    assert answer["accepted"] == []
    assert all(r["why"] and r["why_es"] for r in answer["refused"])


def test_a_swap_that_cannot_be_is_refused_with_its_reason(served_office: Office, building: Building, acme: str) -> None:
    ana = a_person(served_office, acme, "Ana", "101", mac="0015650000d1", model="T46S", site_id=building.site_id).phone
    beto = a_person(
        served_office, acme, "Beto", "102", mac="0015650000d2", model="T46S", site_id=building.site_id
    ).phone
    assert ana is not None and beto is not None
    wrong = (
        a_swap(ana, beto.mac),
        a_swap(ana, "0004f20000d3", old_mac="0015650000d9"),
        a_swap(ana, "0004f20000d3", phone_id="no-such"),
        a_swap(ana, "0004f20000d3", site_id=a_site(served_office)),
        a_swap(ana, "0004f20000d3", account_id="no-such"),
        a_swap(ana, "0004f20000d3", sip_secret=""),
        a_swap(ana, "zz"),
    )
    answer = building.post("journal", {"facts": [enveloped(f, f"x-{i}") for i, f in enumerate(wrong)]})
    assert answer["accepted"] == []
    assert [r["id"] for r in answer["refused"]] == [f"x-{i}" for i in range(len(wrong))]
    assert all(r["why"] and r["why_es"] for r in answer["refused"])


@pytest.mark.acceptance("J-3")
def test_a_phone_that_proved_itself_in_another_building_moves_once_and_not_against_its_company(
    served_office: Office, building: Building, acme: str
) -> None:
    first = a_site(served_office)
    with served_office.editing("test") as edit:
        add_presence(edit, acme, first)
    ana = a_person(served_office, acme, "Ana", "101", mac="0015650000e1", model="T46S", site_id=first).phone
    assert ana is not None

    def stands() -> str:
        with served_office.reading() as session:
            return next(p.site_id for p in of_account(session, Phone, acme) if p.id == ana.id)

    with served_office.editing("test") as edit:
        set_move_policy(edit, acme, asks=True)
    answer = building.post("journal", {"facts": [enveloped(a_move(ana, building.site_id), "mv-0")]})
    assert [r["id"] for r in answer["refused"]] == ["mv-0"]
    assert stands() == first
    building.post("journal", {"facts": [enveloped(a_seen_phone(ana.mac), "seen-e1")]})
    with served_office.reading() as session:
        assert session.get(SeenPhone, (building.site_id, ana.mac)) is not None, "it waits for somebody's word"

    with served_office.editing("test") as edit:
        set_move_policy(edit, acme, asks=False)
    wrong = (
        a_move(ana, first),
        a_move(ana, building.site_id, account_id="no-such"),
        a_move(ana, building.site_id, phone_id="no-such"),
    )
    answer = building.post("journal", {"facts": [enveloped(f, f"mw-{i}") for i, f in enumerate(wrong)]})
    assert len(answer["refused"]) == len(wrong)
    assert stands() == first
    for id_ in ("mv-1", "mv-1", "mv-2"):
        assert building.post("journal", {"facts": [enveloped(a_move(ana, building.site_id), id_)]})["accepted"] == [id_]
    assert stands() == building.site_id
    with served_office.reading() as session:
        moves = select(AuditEntry).where(AuditEntry.action == "move", AuditEntry.subject_id == ana.id)
        (noted,) = session.scalars(moves)
        assert noted.after is not None and (noted.after["from"], noted.after["to"]) == (first, building.site_id)
        assert session.get(SeenPhone, (building.site_id, ana.mac)) is None

    with served_office.editing("test") as edit:
        move_phone(edit, acme, ana.id, first)
    late = a_move(ana, building.site_id, from_site_id=building.site_id)
    assert building.post("journal", {"facts": [enveloped(late, "mv-3")]})["accepted"] == ["mv-3"]
    assert stands() == first, "a phone that has moved on is not fetched back"


MALFORMED: list[dict[str, Any]] = [
    {"id": "m-1", "fact": 7, "hlc": "", "body": {}},
    {"id": "m-2", "fact": "cdr", "hlc": "", "body": {"id": "x"}},
    {"id": "m-3", "fact": "cdr", "hlc": "", "body": []},
    {"id": "m-4", "fact": "phone_seen", "hlc": "", "body": {**enveloped(a_seen_phone())["body"], "model": "a\x00b"}},
    {"id": "m-5", "fact": "phone_seen", "hlc": "", "body": {**enveloped(a_seen_phone())["body"], "model": "\ud800"}},
    {"id": "m-6", "fact": "phone_seen", "hlc": "", "body": {**enveloped(a_seen_phone())["body"], "last_seen_at": "?"}},
    {"id": "m-7", "fact": "cdr", "hlc": "", "body": {**enveloped(a_call("", ""))["body"], "talk_ms": 2**80}},
    {"id": "m-8", "fact": "phone_seen", "hlc": "", "body": {**enveloped(a_seen_phone())["body"], "extra": "?"}},
]


def test_malformed_facts_are_refused_one_by_one_and_the_sound_one_beside_them_is_kept(
    building: Building, acme: str
) -> None:
    sound = enveloped(a_call(building.site_id, acme), "sound")
    answer = building.post("journal", {"facts": [*MALFORMED, sound]})
    assert answer["accepted"] == ["sound"]
    assert [r["id"] for r in answer["refused"]] == [m["id"] for m in MALFORMED]


def test_a_fact_of_a_newer_building_is_left_with_it_until_the_centre_knows_its_kind(
    building: Building, acme: str
) -> None:
    newer = {"id": "n-1", "fact": "voicemail", "hlc": "", "body": {"seconds": 7}}
    answer = building.post("journal", {"facts": [newer, enveloped(a_call(building.site_id, acme), "known")]})
    assert answer == {"accepted": ["known"], "refused": []}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"[" * 30000, 400),
        (b'{"facts": 1}', 400),
        (b'{"facts": [{}]}', 400),
        (b'{"facts": [' + b",".join([b"{}"] * 501) + b"]}", 413),
        (b" " * (9 * 1024 * 1024), 413),
    ],
)
def test_what_is_no_journal_is_refused_in_words(building: Building, body: bytes, status: int) -> None:
    answer = building.session.post(f"{building.served.url}/building/v1/journal", data=body, timeout=20)
    assert answer.status_code == status
    assert answer.json()["error"]["says_es"]


@pytest.mark.acceptance("S-5")
def test_what_the_building_runs_is_shown_as_applied_pending_or_error(
    served: Served, served_office: Office, building: Building, acme: str
) -> None:
    def line() -> SiteLine:
        with served_office.reading() as session:
            return site_lines(session, served_office.clock.now(), building.site_id)[0]

    listed: list[dict[str, str]] = served.cli("status")["sites"]
    assert next(s["state"] for s in listed if s["site_id"] == building.site_id) == "never"
    copy = Copy(building.site_id)
    building.follow(copy)
    report = {
        "revision": copy.revision, "digest": copy.digest(), "state": "applied",
        "error_en": "", "error_es": "", "at": "2026-03-02T15:00:00.000Z", "version": "0.1.0",
    }  # fmt: skip
    assert building.post("status", report) == {}
    assert (line().state, line().version) == ("applied", "0.1.0")
    with served_office.editing(WHO) as edit:
        accounts.change_account(edit, acme, f"New {acme}", "en")
    assert line().state == "pending"
    building.post("status", {**report, "state": "error", "error_en": "wrong digest", "error_es": "resumen erróneo"})
    assert (line().state, line().error_en) == ("error", "wrong digest")
    why = {"rolled_back_at": "2026-03-02T15:01:00.000Z", "rolled_back_en": "a", "rolled_back_es": "b"}
    building.post("status", {**report, "rolled_back_from": 8, **why})
    building.post("status", report)
    told = line().rolled_back
    assert told is not None and (told.revision, told.en, told.es) == (8, "a", "b"), "it stays when all is well again"
    with pytest.raises(Refused):
        building.post("status", {**report, "revision": "many"})
    with served_office.reading() as session:
        assert session.get_one(BuildingStatus, building.site_id).state == "applied"


@pytest.mark.acceptance("Z-4")
def test_a_rolling_restart_fails_no_request(served: Served, served_office: Office, building: Building) -> None:
    acme = a_company(served_office, "", building.site_id)
    copy = Copy(building.site_id)
    building.follow(copy)
    log = served.place / "server.log"
    booted = log.read_bytes().count(b"Booting worker")
    served.process.send_signal(signal.SIGHUP)
    edits = 0

    def restarted() -> bool:
        nonlocal edits
        edits += 1
        with served_office.editing(WHO) as edit:
            accounts.change_account(edit, acme, f"Acme {edits} {acme}", "en")
        copy.take(building.feed(copy.revision, 5))
        gone = log.read_bytes().count(b"Worker exiting")
        return log.read_bytes().count(b"Booting worker") >= booted + 2 and gone >= 2

    until(restarted, 30, "old web processes gone")
    building.follow(copy)
    account = copy.rows[("account", acme)]
    assert isinstance(account, Account)
    assert account.name == f"Acme {edits} {acme}"
