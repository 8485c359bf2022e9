"""Which strangers the centre is told of, and how often."""

from dataclasses import replace
from pathlib import Path

from appliance.directory.local import LocalStore, Sighting
from appliance.ports import SystemChance, SystemClock
from appliance.sync.seen import LOOK_EVERY_S, MOST_AT_ONCE, SeenPhones, facts_of
from appliance.vocabulary import PhoneState

WAITING = Sighting("001565aa0001", "yealink", "T46S", "66.85", "10.20.0.9", PhoneState.UNKNOWN, ("OUI: yealink",))


def test_a_stranger_is_told_once_and_again_when_it_is_another_thing(tmp_path: Path) -> None:
    local = LocalStore(tmp_path / "local.db", SystemClock(), SystemChance())
    seen = SeenPhones(local)
    for now in range(5):
        local.record_sighting(WAITING)
        seen.tell(now * LOOK_EVERY_S)
    assert [e.body["mac"] for e in local.waiting()] == [WAITING.mac]
    SeenPhones(local).tell(0.0)
    assert local.waiting_count() == 1, "also after a restart"
    local.record_sighting(replace(WAITING, address="10.20.0.77"))
    seen.tell(100.0)
    assert [e.body["address"] for e in local.waiting()] == ["10.20.0.9", "10.20.0.77"]


def test_invented_phones_go_up_a_few_at_a_time_and_those_in_quarantine_not_at_all(tmp_path: Path) -> None:
    local = LocalStore(tmp_path / "local.db", SystemClock(), SystemChance())
    seen = SeenPhones(local)
    for n in range(100):
        local.record_sighting(replace(WAITING, mac=f"02{n:010x}"))
    local.record_sighting(replace(WAITING, state=PhoneState.QUARANTINED))
    seen.tell(0.0)
    seen.tell(LOOK_EVERY_S / 2)
    assert local.waiting_count() == MOST_AT_ONCE
    for look in range(1, 8):
        seen.tell(look * LOOK_EVERY_S)
    assert local.waiting_count() == 100
    assert WAITING.mac not in {fact.mac for _, fact in facts_of(local.sightings())}
