"""Whom the building may tell now to read its files again: the rule, the queue, and what counts as a change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.directory.model import Phone
from appliance.directory.reports import CallNow, Contact, EdgeReport
from appliance.directory.resyncs import Cause, Outcome, Resync, Resyncs, Wish, came_back
from appliance.directory.served import GivenFile, GivenFiles, GivenHead
from appliance.ports import SystemClock
from appliance.provision.changes import differences, present_file, wanted
from appliance.provision.notify import EVENT, contacts
from appliance.provision.resync import PATIENCE_S, due
from tests.unit.provision.house import SECRET, SITE, families, house, phone

NOW = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)


def at(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


ANA = phone("yealink", "T46S")
BETO = replace(ANA, id="ph2", mac="001565aabb02", sip_user="p2")
PHONES = {p.mac: p for p in (ANA, BETO)}


def report(*busy: str, registered: tuple[Phone, ...] = (ANA, BETO), seconds_old: float = 1) -> EdgeReport:
    return EdgeReport(
        at=at(-seconds_old),
        contacts=tuple(Contact(p.sip_user, "10.20.0.50:5060", "", at(200)) for p in registered),
        calls=tuple(CallNow("c", "acme", "internal", "101", "102", "", at(-9), "", "ringing", (i,)) for i in busy),
        kamailio_up=True,
    )


def wish(of: Phone, seconds_ago: float = 1, **changes: str) -> Resync:
    asked = Resync(of.mac, Wish.RESYNC, Cause.ASKED, "test", at(-seconds_ago))
    return replace(asked, **changes)  # type: ignore[arg-type]


def test_a_registered_phone_without_a_call_is_told() -> None:
    assert due([wish(ANA)], PHONES, report(), NOW, 10).send == (wish(ANA),)


@pytest.mark.acceptance("P-11")
def test_a_phone_that_rings_or_talks_waits_and_its_neighbour_does_not() -> None:
    turn = due([wish(ANA), wish(BETO)], PHONES, report(ANA.id), NOW, 10)
    assert turn.send == (wish(BETO),)
    assert turn.hold == ((wish(ANA), "in-a-call"),)


@pytest.mark.acceptance("P-11")
@pytest.mark.parametrize(
    "unsure", [None, report(seconds_old=30), replace(report(), kamailio_up=False), replace(report(), at="yesterday")]
)
def test_nobody_is_told_while_it_is_not_known_who_is_in_a_call(unsure: EdgeReport | None) -> None:
    turn = due([wish(ANA)], PHONES, unsure, NOW, 10)
    assert not turn.send
    assert turn.hold[0][1] == "edge-silent"


def test_an_unregistered_phone_waits_and_in_the_end_is_given_up() -> None:
    gone = report(registered=())
    assert due([wish(ANA)], PHONES, gone, NOW, 10).hold == ((wish(ANA), "not-registered"),)
    old = wish(ANA, PATIENCE_S + 1)
    assert due([old], PHONES, gone, NOW, 10).give_up == ((old, "not-registered"),)
    assert due([wish(ANA)], {}, report(), NOW, 10).give_up[0][1] == "not-in-directory"


def test_a_mass_change_goes_out_so_many_a_turn_the_oldest_first() -> None:
    many = {f"{n:012x}": replace(ANA, id=f"i{n}", mac=f"{n:012x}", sip_user=f"u{n}") for n in range(50)}
    waiting = [wish(p) for p in many.values()]
    sent = due(waiting, many, report(registered=tuple(many.values())), NOW, 10).send
    assert sent == tuple(waiting[:10])


def test_one_that_did_not_answer_waits_its_time() -> None:
    later = wish(ANA, not_before=at(5), held_by="no-answer")
    assert due([later], PHONES, report(), NOW, 10).hold == ((later, "no-answer"),)
    assert due([later], PHONES, report(), NOW + timedelta(seconds=5), 10).send == (later,)


def test_it_came_back_only_when_it_fetched_after_it_was_told() -> None:
    told = replace(wish(ANA), outcome=Outcome.ANSWERED, sent_at=at(0))
    assert came_back(told, at(2)) == at(2)
    assert came_back(told, at(-2)) == ""
    assert came_back(wish(ANA), at(2)) == ""


def test_the_queue_keeps_the_newest_wish_and_never_makes_a_restart_less(tmp_path: Path) -> None:
    queue = Resyncs(tmp_path / "local.db", SystemClock())
    queue.ask(ANA.mac, Wish.REBOOT, "ana")
    queue.ask(ANA.mac, Wish.RESYNC, "beto")
    (row,) = queue.waiting()
    assert (row.wish, row.by) == (Wish.REBOOT, "beto")
    assert queue.ask_changed([(ANA.mac, "d1")], "building") == 0
    queue.sent(row)
    queue.settle(row, Outcome.ANSWERED, 200)
    assert not queue.waiting()
    assert queue.ask_changed([(ANA.mac, "d1")], "building") == 1
    (row,) = queue.waiting()
    queue.sent(row)
    queue.settle(row, Outcome.SILENT, 408)
    assert queue.ask_changed([(ANA.mac, "d1")], "building") == 0, "it was told of that"
    assert queue.ask_changed([(ANA.mac, "d2")], "building") == 1


def test_the_outcome_of_a_wish_that_was_replaced_is_not_written(tmp_path: Path) -> None:
    queue = Resyncs(tmp_path / "local.db", SystemClock())
    queue.ask(ANA.mac, Wish.RESYNC, "ana")
    (row,) = queue.waiting()
    queue.settle(replace(row, asked_at="2020"), Outcome.ANSWERED, 200)
    assert queue.waiting() == (row,)


def given(of: Phone, name: str) -> GivenFile:
    head = GivenHead(of.mac, name, of.family, of.model, "", "")
    file = present_file(of, head, families(), house(of), SITE)
    assert file
    return file


def head_of(file: GivenFile) -> GivenHead:
    return GivenHead(file.mac, file.name, file.family, file.model, file.sha256, "2026-11-22T20:00:00")


@pytest.mark.acceptance("P-5")
@pytest.mark.parametrize("family_name", [f.name for f in families().families])
def test_a_new_name_changes_what_a_phone_of_each_family_is_to_fetch_and_an_old_one_does_not(family_name: str) -> None:
    family = families().family(family_name)
    assert family
    one = phone(family_name, family.fallback_model.name)
    names = {rule.name_for(one.mac, family.fallback_model) for rule in family.files if rule.template and rule.secret}
    heads = [head_of(given(one, name)) for name in names if name]
    assert heads
    assert wanted(one, heads, families(), house(one), SITE) == ""
    renamed = house(one, first="Roberta")
    assert wanted(one, heads, families(), renamed, SITE)
    assert wanted(one, [], families(), renamed, SITE) == "", "a file that it never fetched is no change to it"


@pytest.mark.acceptance("P-17")
def test_a_difference_shows_lines_and_no_password(tmp_path: Path) -> None:
    store = GivenFiles(tmp_path / "local.db", tmp_path / "identity", SystemClock())
    before = given(ANA, f"{ANA.mac}.cfg")
    store.keep([before])
    assert b"s3cret" not in (tmp_path / "local.db").read_bytes() + (tmp_path / "local.db-wal").read_bytes()
    (one,) = differences(ANA, store.of(ANA.mac), families(), house(ANA, first="Roberta"), SITE)
    assert one.differs and any(line.startswith("+") and "Roberta" in line for line in one.lines)
    assert SECRET not in "\n".join(one.lines)
    newer = replace(ANA, sip_secret="an0ther-Secret")
    (one,) = differences(newer, store.of(ANA.mac), families(), house(newer), SITE)
    assert one.differs and not one.lines, "only a password differs"
    (one,) = differences(newer, store.of(ANA.mac), families(), house(newer), SITE, secrets=True)
    assert any("an0ther-Secret" in line for line in one.lines)


def test_what_was_given_is_kept_once_and_of_phones_of_the_directory_only(tmp_path: Path) -> None:
    store = GivenFiles(tmp_path / "local.db", tmp_path / "identity", SystemClock())
    files = [GivenFile(ANA.mac, f"file-{n:02d}", "yealink", "T46S", b"x%d" % n) for n in range(20)]
    store.keep(files)
    store.keep(files)
    assert len(store.heads()[ANA.mac]) == 12
    long = GivenFile(BETO.mac, "long", "yealink", "T46S", b"x" * 300_000)
    store.keep([long])
    assert store.of(BETO.mac)[0][1] is None
    store.forget_others([BETO.mac])
    assert set(store.heads()) == {BETO.mac}


def test_every_familys_events_can_stand_in_a_header() -> None:
    for family in families().families:
        for event in family.notify.values():
            assert EVENT.fullmatch(event), (family.name, event)
    assert not EVENT.fullmatch("check-sync\r\nX: y")


def test_contacts_are_read_out_of_what_kamailio_says_and_nonsense_is_left_out() -> None:
    said = {
        "AoR": "p1",
        "Contacts": [
            {
                "Contact": {
                    "Address": "sip:p1@10.0.0.9:5060",
                    "Received": "sip:10.20.0.9:40000;transport=tcp",
                    "Socket": "tcp:10.20.0.1:5060",
                }
            },
            {"Contact": {"Address": "sip:p1@10.0.0.8", "Received": "[not set]", "Socket": "[not set]"}},
            {"Contact": {"Address": "tel:1"}},
            "x",
        ],
    }
    found = [(c.address, c.next_hop, c.socket) for c in contacts(said)]
    assert found == [
        ("sip:p1@10.0.0.9:5060", "sip:10.20.0.9:40000;transport=tcp", "tcp:10.20.0.1:5060"),
        ("sip:p1@10.0.0.8", ".", "."),
    ]
    assert contacts(None) == contacts({"Contacts": 3}) == ()
