"""A call of three that the building mixes: when it goes on, and when it ends. Pure."""

import pytest

from appliance.voice.dialogue import (
    Connected,
    Dialogue,
    Digit,
    Effects,
    Event,
    HangUp,
    Join,
    Joined,
    NotJoined,
    Play,
    RoomChanged,
    RoomEnded,
    Shut,
)
from appliance.voice.services import Request, begin
from appliance.voice.three_way import ThreeWay

ROOM = "acme/talk/r"


def member(host: bool = False, goes_on: bool = False, members: int = 3) -> Dialogue:
    """Who is in the room with its host and one more."""
    talk, effects = ThreeWay(ROOM, "es-MX", host, goes_on).step(Connected(), 0)
    (join,) = effects
    assert isinstance(join, Join)
    assert (join.room, join.moderator, join.company, join.alone) == (ROOM, host, "", None)
    return after(talk, Joined(ROOM, members, 1))[0]


def after(talk: Dialogue, event: Event) -> tuple[Dialogue, Effects]:
    return talk.step(event, 0)


def left(members: int, hosts: int) -> RoomChanged:
    return RoomChanged(ROOM, members, hosts, locked=False)


@pytest.mark.acceptance("W-2")
def test_it_ends_with_its_host_unless_the_company_lets_it_go_on() -> None:
    assert after(member(), left(2, 0))[1] == (HangUp(),)
    going, effects = after(member(goes_on=True), left(2, 0))
    assert effects == ()
    assert after(going, left(1, 0))[1] == (HangUp(),), "nobody stays alone"


@pytest.mark.acceptance("W-2")
def test_a_guest_who_leaves_ends_nothing_until_one_is_left() -> None:
    for host in (True, False):
        two, effects = after(member(host), left(2, 1))
        assert effects == ()
        assert after(two, left(1, int(host)))[1] == (HangUp(),)


def test_the_host_waits_alone_for_those_it_sends() -> None:
    alone = member(host=True, members=1)
    assert after(alone, left(2, 1))[1] == ()
    assert after(alone, Digit("5"))[1] == (), "keys are between the people"


def test_a_room_that_is_full_or_ended_says_goodbye() -> None:
    _, effects = after(ThreeWay(ROOM, "es-MX", False, False), NotJoined(ROOM, Shut.FULL))
    assert any(isinstance(e, Play) for e in effects)
    assert after(member(), RoomEnded(ROOM))[1] == (HangUp(),)


def test_it_is_a_service_by_name() -> None:
    headers = {"x-conserje-account": "acme", "x-conserje-arg": "0123%2Chost"}
    assert begin(Request("three-way", headers)) is not None
