"""The conference server: numbers and PINs, rooms that are full, waiting, and the keys in a room."""

from dataclasses import replace

import pytest

from appliance.voice import questions as q
from appliance.voice.answered import Answered
from appliance.voice.conference import Conference
from appliance.voice.dialogue import (
    Chime,
    EndRoom,
    Join,
    Joined,
    LeaveRoom,
    LockRoom,
    MuteInRoom,
    NotJoined,
    Play,
    PlayFile,
    RoomChanged,
    RoomEnded,
    Shut,
    SilenceRoom,
)
from appliance.voice.menu_sentences import Say
from tests.unit.voice.stage import OnPaper

ES = "es-MX"
HALL = q.Hall("acme/r1", True, False, False, False, 10, "r1")
FOYER = q.Foyer("acme", internal=True, language=ES, track="/music.wav")


def call(hall: q.Hall | None = HALL, foyer: q.Foyer = FOYER) -> OnPaper:
    def desk(question: object) -> object:
        match question:
            case q.OfRoom(_, number):
                return hall if number == "5001" else None
            case q.TryRoomPin(_, pin):
                return {"4711": q.Role.MEMBER, "9932": q.Role.MODERATOR}.get(pin, q.Role.NOBODY)
            case _:
                return None

    return OnPaper(Answered(None, lambda _: Conference(foyer)), desk).called()


def joined(pin: str = "4711", hall: q.Hall = HALL, members: int = 1, moderators: int = 0) -> OnPaper:
    return call(hall).presses("5001#").presses(f"{pin}#").gets(Joined(hall.room, members, moderators))


def change(members: int, moderators: int = 0, eldest: bool = True) -> RoomChanged:
    return RoomChanged(HALL.room, members, moderators, False, eldest)


def test_number_then_pin_then_in() -> None:
    caller = call()
    assert caller.heard == (Say.ENTER_ROOM,)
    assert caller.presses("5001#").heard == (Say.ENTER_ROOM_PIN,)
    caller.presses("4711#")
    assert caller.did(Join("acme/r1", False, False, False, "/music.wav", 10, 10, "acme"))


def test_the_moderators_pin_makes_a_moderator() -> None:
    caller = call().presses("5001#").presses("9932#")
    assert caller.did(Join("acme/r1", True, False, False, "/music.wav", 10, 10, "acme"))


def test_wrong_thrice_is_goodbye_and_numbers_count_with_pins() -> None:
    caller = call().presses("77#")
    assert caller.heard == (Say.NO_SUCH_ROOM, Say.ENTER_ROOM)
    caller.presses("5001#").presses("1#")
    assert caller.heard == (Say.WRONG_ROOM_PIN, Say.ENTER_ROOM_PIN)
    caller.presses("2#")
    assert caller.heard == (Say.WRONG_ROOM_PIN, Say.GOODBYE)
    assert caller.hears_out().over


def test_a_room_without_pin_is_entered_at_once_or_with_pound_where_moderators_have_one() -> None:
    free = replace(HALL, asks=False, open=True)
    assert any(isinstance(e, Join) for e in call(free).presses("5001#").effects)
    either = replace(HALL, asks=True, open=True)
    caller = call(either).presses("5001#")
    assert caller.heard == (Say.ENTER_ROOM_PIN,)
    assert any(isinstance(e, Join) for e in caller.presses("#").effects)


def test_a_caller_led_into_a_room_is_asked_nothing() -> None:
    caller = call(foyer=replace(FOYER, hall=HALL))
    assert any(isinstance(e, Join) for e in caller.effects)
    assert not any(isinstance(e, Play) for e in caller.effects)


@pytest.mark.parametrize(
    ("why", "says"), [(Shut.FULL, Say.ROOM_FULL), (Shut.NO_ROOMS, Say.NO_ROOMS), (Shut.LOCKED, Say.ROOM_LOCKED)]
)
def test_a_room_that_stays_shut_says_why(why: Shut, says: Say) -> None:
    caller = call().presses("5001#").presses("4711#").gets(NotJoined(HALL.room, why))
    assert caller.heard == (says, Say.GOODBYE)
    assert caller.hears_out().over


def test_the_first_is_told_to_be_alone_and_the_second_rings_in() -> None:
    assert joined().heard == (Say.ALONE,)
    second = joined(members=2)
    assert second.did(Chime(("room-joined",), ES))
    assert Say.ALONE not in second.heard


def test_who_leaves_is_heard_to_leave_once() -> None:
    eldest, other = joined(members=3), joined(members=3)
    eldest.gets(change(2, eldest=True))
    other.gets(change(2, eldest=False))
    assert eldest.did(Chime(("room-left",), ES))
    assert not other.did(Chime(("room-left",), ES))


def test_a_member_mutes_itself_and_asks_how_many_there_are() -> None:
    caller = joined(members=2).presses("*1")
    assert caller.did(MuteInRoom(True))
    assert caller.heard == (Say.MUTED,)
    assert caller.presses("*1").heard == (Say.UNMUTED,)
    assert len(caller.presses("*4").heard) == 2


@pytest.mark.parametrize("keys", ["*2", "*3"])
def test_only_moderators_lock_and_end(keys: str) -> None:
    member, moderator = joined(members=2).presses(keys), joined("9932", members=2).presses(keys)
    assert not member.did(LockRoom(True))
    assert not member.did(EndRoom())
    assert moderator.did(LockRoom(True) if keys == "*2" else EndRoom())


def test_a_room_that_was_ended_says_so_to_all() -> None:
    caller = joined(members=2).gets(RoomEnded(HALL.room))
    assert caller.heard == (Say.ROOM_ENDED, Say.GOODBYE)
    assert joined("9932", members=2).presses("*3").hears_out().over


def test_talk_with_digits_does_nothing() -> None:
    caller = joined(members=2)
    before = len(caller.effects)
    caller.presses("123#")
    assert caller.effects[before:] == []


WAITING = replace(HALL, wait_for_moderator=True)


def test_members_wait_with_music_and_are_heard_when_the_moderator_comes() -> None:
    caller = joined(hall=WAITING)
    assert caller.did(Join("acme/r1", False, True, False, "/music.wav", 10, 10, "acme"))
    assert caller.heard == (Say.WAIT_FOR_MODERATOR,)
    assert caller.hears_out().did(PlayFile("/music.wav", loop=True))
    caller.gets(change(2))
    assert not caller.did(MuteInRoom(False))
    caller.gets(change(3, moderators=1))
    assert caller.did(MuteInRoom(False))


def test_who_comes_after_the_moderator_does_not_wait() -> None:
    assert joined(hall=WAITING, members=2, moderators=1).did(MuteInRoom(False))


def test_where_it_is_set_the_room_ends_with_its_moderator() -> None:
    caller = joined(hall=replace(HALL, host_leaves_ends=True), members=3, moderators=1).gets(change(2))
    assert caller.heard == (Say.ROOM_ENDED, Say.GOODBYE)
    assert caller.did(LeaveRoom())
    others = joined(members=3, moderators=1).gets(change(2))
    assert Say.ROOM_ENDED not in others.heard


def test_a_moderator_silences_the_others_and_gives_them_their_voices_back() -> None:
    moderator = joined("9932", members=2, moderators=1).presses("*5")
    assert moderator.did(SilenceRoom(True))
    assert moderator.heard == (Say.SILENCED,)
    assert moderator.presses("*1").did(MuteInRoom(True)), "her own microphone is hers"
    assert moderator.presses("*5").did(SilenceRoom(False))
    member = joined(members=2, moderators=1).presses("*5")
    assert not member.did(SilenceRoom(True))
    member.gets(replace(change(2, 1), silenced=True))
    assert member.effects[-2:] == [MuteInRoom(True), Play((Say.MUTED,), ES)]
    assert member.presses("*1").heard == (Say.MUTED,)
    assert not member.did(MuteInRoom(False))
    member.gets(change(2, 1))
    assert member.effects[-2:] == [MuteInRoom(False), Play((Say.UNMUTED,), ES)]


def test_who_had_turned_the_microphone_off_stays_unheard_when_the_others_may_speak() -> None:
    member = joined(members=2, moderators=1).presses("*1")
    before = len(member.effects)
    member.gets(replace(change(2, 1), silenced=True), change(2, 1))
    assert member.effects[before:] == []


def test_who_comes_into_a_silenced_room_is_told_so() -> None:
    caller = call().presses("5001#4711#").gets(Joined(HALL.room, 3, 1, silenced=True))
    assert caller.did(MuteInRoom(True))
    assert caller.heard == (Say.MUTED,)
    boss = call().presses("5001#9932#").gets(Joined(HALL.room, 3, 2, silenced=True))
    assert not boss.did(MuteInRoom(True))
    assert boss.presses("*5").did(SilenceRoom(False)), "any moderator ends it"
    waits = joined(hall=replace(HALL, wait_for_moderator=True))
    assert waits.gets(replace(change(2, 1), silenced=True)).effects[-1] == MuteInRoom(True)
