"""A caller at a slot: what is said and heard, who fetches, and where it goes when nobody does."""

from appliance.voice.answered import Answered
from appliance.voice.dialogue import (
    Bridge,
    Dial,
    Expired,
    HangUp,
    Join,
    Joined,
    LeaveRoom,
    NotTaken,
    Play,
    RoomChanged,
    Status,
    StopPlaying,
    Taken,
)
from appliance.voice.park import RETURNS, TIMER, Fetching, Parked, Slot, meaning
from appliance.voice.parts import Caller
from tests.unit.voice.stage import OnPaper

CALLER = Caller("acct-acme", "+525512345678", "Cliente")
SLOT = Slot("acct-acme", "71", "/music.wav", "person-beto", 60)


def parked(slot: Slot = SLOT) -> OnPaper:
    return OnPaper(Answered(None, lambda _: Parked(slot, CALLER, "es-MX"))).called()


def of(stage: OnPaper, kind: type) -> list[object]:
    return [e for e in stage.effects if isinstance(e, kind)]


def test_a_transferred_caller_waits_with_the_companys_music_and_hears_no_number() -> None:
    stage = parked()
    join = of(stage, Join)[0]
    assert isinstance(join, Join)
    assert (join.room, join.alone, join.moderator) == ("park acct-acme 71", "/music.wav", False)
    assert not of(stage, Play)
    assert TIMER in stage.timers


def test_who_parks_by_hand_hears_the_slot() -> None:
    assert of(parked(Slot("acct-acme", "71")), Play)


def test_fetched_it_stays_until_the_one_who_fetched_it_leaves() -> None:
    stage = parked().gets(RoomChanged(SLOT.room, 2, 0, False))
    assert TIMER in stage.timers, "who parked it is still there"
    stage.gets(RoomChanged(SLOT.room, 1, 0, False), RoomChanged(SLOT.room, 2, 1, False))
    assert TIMER not in stage.timers
    assert of(stage, StopPlaying)
    assert not of(stage, HangUp)
    stage.gets(RoomChanged(SLOT.room, 1, 0, False))
    assert of(stage, HangUp)


def test_fetched_by_nobody_it_goes_back_to_who_parked_it() -> None:
    stage = parked().gets(Expired(TIMER))
    dial = of(stage, Dial)[0]
    assert isinstance(dial, Dial)
    assert dict(dial.headers)["X-Conserje-Goto"] == "person:person-beto"
    assert of(stage, LeaveRoom)
    stage.gets(Taken())
    assert of(stage, Bridge)


def test_refused_there_it_waits_again_but_not_for_ever() -> None:
    stage = parked()
    for _ in range(RETURNS):
        stage.gets(Expired(TIMER), NotTaken(Status(486, "Busy Here")))
        assert TIMER in stage.timers
    stage.gets(Expired(TIMER))
    assert of(stage, HangUp)


def test_with_nobody_to_go_back_to_it_ends() -> None:
    assert of(parked(Slot("acct-acme", "71")).gets(Expired(TIMER)), HangUp)


def test_who_fetches_an_empty_slot_is_told_and_not_left_in_silence() -> None:
    stage = OnPaper(Answered(None, lambda _: Fetching(SLOT, "es-MX"))).called()
    join = of(stage, Join)[0]
    assert isinstance(join, Join)
    assert join.moderator
    stage.gets(Joined(SLOT.room, 1))
    assert of(stage, Play)
    stage.hears_out()
    assert of(stage, HangUp)


def test_what_kamailio_asks_is_read_with_care() -> None:
    assert meaning("park,person-beto,snd-1,45") == ("park", "person-beto", "snd-1", 45.0)
    assert meaning("park") == ("park", "", "", 60.0)
    assert meaning("park,,,many") == ("park", "", "", 60.0)
    assert meaning("fetch") == ("fetch", "", "", 60.0)
