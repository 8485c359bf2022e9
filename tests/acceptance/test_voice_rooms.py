"""Conference rooms through the whole house, twice: entry by number and PIN, who may come in, tones and music."""

from dataclasses import replace

import numpy as np
import pytest

from appliance.voice.menu_sentences import Say
from appliance.voice.prompts import Shelf
from appliance.voice.sentences import ROOM_JOINED, ROOM_LEFT
from tests.acceptance.listening import has_heard, hears, said
from tests.acceptance.voces import (
    CONFERENCE,
    GREETING_HZ,
    MODERATOR_PIN,
    MUSIC_HZ,
    OPEN_ROOM,
    ROOM,
    ROOM_PIN,
    SHUT_ROOM,
    Staff,
)
from tests.lab.audio import HEARD, decode_pcmu, heard, tone_level
from tests.lab.waiting import until
from wire.services import Room

OUTSIDE = "5599887766"
QUIET_DBFS = -50.0


@pytest.mark.acceptance("C-1", "C-3")
def test_a_room_is_entered_by_number_and_pin_and_is_new_when_the_last_one_has_left(staff: Staff) -> None:
    host, guest = staff.caller("vera", hz=900), staff.caller("walter")
    host.dials("360").established()
    staff.begins(host, Say.ENTER_ROOM)
    host.presses(f"{ROOM}#")
    staff.begins(host, Say.ENTER_ROOM_PIN)
    host.presses(f"{MODERATOR_PIN}#")
    staff.begins(host, Say.ALONE)
    staff.hears(host, MUSIC_HZ)
    host.datagrams.clear()
    guest.dials("360").established()
    guest.presses(f"{ROOM}#{ROOM_PIN}#")
    joined, left = (Shelf.of(staff.house.building.settings).pcm(cue, "es-MX") for cue in (ROOM_JOINED, ROOM_LEFT))
    staff.until(lambda: said(host, _sounding(joined)), 12, "a tone for who joins")
    guest.hz = 960  # not before: the tone would be heard through it
    staff.until(lambda: hears(host, guest.hz) and hears(guest, host.hz), 12, "they hear each other")
    staff.until(lambda: not hears(host, MUSIC_HZ), 2, "no music any more")
    guest.hangs_up()
    staff.until(lambda: said(host, _sounding(left)), 5, "a tone for who leaves")
    staff.hears(host, MUSIC_HZ)
    guest.dials("360").established()
    guest.presses(f"{ROOM}#{ROOM_PIN}#")
    staff.hears(guest, host.hz)
    host.presses("*5")
    staff.begins(guest, Say.MUTED)
    staff.until(lambda: not hears(host, guest.hz), 2, "the guest is silenced")
    host.presses("*5")
    staff.hears(host, guest.hz)
    host.presses("*2")
    staff.begins(host, Say.LOCKED)
    assert guest.call
    guest.request(guest.call, "REFER", extra=("Refer-To: <sip:103@10.20.0.1:5060>",))
    assert guest.expect(202, 403).status == 403, "no member opens a locked room to somebody else"
    host.presses("*3")
    staff.begins(guest, Say.ROOM_ENDED)
    guest.gone()
    guest.dials("360").established()
    guest.presses(f"{ROOM}#{ROOM_PIN}#")
    staff.begins(guest, Say.ALONE)


def _sounding(
    pcm: "np.ndarray[tuple[int, ...], np.dtype[np.int16]]",
) -> "np.ndarray[tuple[int, ...], np.dtype[np.int16]]":
    """Without the silence at both ends."""
    loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > 200)
    return pcm[loud[0] : loud[-1] + 1]


@pytest.mark.acceptance("C-1", "N-1")
def test_wrong_thrice_is_goodbye_and_without_a_pin_only_colleagues_come_in_where_that_is_set(staff: Staff) -> None:
    wrong, colleague, stranger = (staff.caller(number=n, hz=900 + 40 * n) for n in range(3))
    outside = staff.house.carrier.call(CONFERENCE, OUTSIDE, staff.house.building.uplink_address)
    for call in (wrong, colleague, stranger):
        call.dials("360").established()
    until(lambda: staff.house.carrier.state(outside) == "talking", 5, "the outside call is answered")
    staff.told(wrong, Say.ENTER_ROOM)
    staff.house.carrier.press(outside, f"{OPEN_ROOM}#")
    wrong.presses("9999#")
    colleague.presses(f"{OPEN_ROOM}#")
    stranger.presses(f"{SHUT_ROOM}#")
    staff.told(wrong, Say.NO_SUCH_ROOM)
    wrong.presses(f"{ROOM}#0000#")
    staff.told(wrong, Say.WRONG_ROOM_PIN)
    wrong.datagrams.clear()
    wrong.presses("1111#")
    staff.told(wrong, Say.GOODBYE)
    staff.until(lambda: wrong.left, 5, "the third time is the last")
    staff.told(colleague, Say.ALONE)
    staff.told(stranger, Say.NO_SUCH_ROOM)
    staff.house.carrier.hang_up(outside)
    no_such_room = Shelf.of(staff.house.building.settings).words(Say.NO_SUCH_ROOM, "es-MX")
    assert no_such_room is not None
    assert heard(no_such_room, decode_pcmu(staff.house.carrier.heard(outside))) > HEARD


@pytest.mark.acceptance("C-1")
def test_number_and_pin_are_edited_at_the_centre_and_hold_in_the_building(staff: Staff, centre: str) -> None:
    """An edit made while the building is cut off holds there as soon as it is back; the old one holds meanwhile."""
    house = staff.house
    room = house.building.directory_in_force().service(Room, "room-voces-shut")
    assert room is not None
    number, pin = ("7004", "2468") if centre == "up" else ("7005", "8642")
    house.lab.centre.put(replace(room, number=number, pin=pin))
    caller = staff.caller()
    caller.dials("360").established()
    if centre == "cut":
        caller.presses(f"{room.number}#")
        staff.told(caller, Say.ENTER_ROOM_PIN)
        caller.presses(f"{room.pin}#")
    else:
        until(lambda: house.building.directory_in_force().service(Room, room.id) != room, 10, "the edit is here")
        caller.presses(f"{number}#")
        staff.told(caller, Say.ENTER_ROOM_PIN)
        caller.presses(f"{pin}#")
    staff.told(caller, Say.ALONE)


@pytest.mark.acceptance("C-1", "X-1")
def test_members_who_hold_are_silent_to_the_others_and_come_back(staff: Staff) -> None:
    """Music that sounds to the room in their place would end the meeting. One of them came by a receptionist."""
    one, two, three, sent = members = [
        staff.caller("vera", 900), staff.caller("walter", 960), staff.caller("ximena", 1020), staff.caller("yago", 1080)
    ]  # fmt: skip
    sent.dials("380").established()
    staff.hears(sent, GREETING_HZ["keys"])
    sent.presses("4")
    for member in (one, two, three):
        member.dials("360").established()
    staff.begins(sent, Say.ENTER_ROOM)
    for member in members:
        member.presses(f"{OPEN_ROOM}#")

    def deaf() -> list[tuple[str, str]]:
        return [(a.user, b.user) for a in members for b in members if a is not b and not hears(a, b.hz)]

    staff.until(lambda: not deaf(), 15, "the four hear each other")
    holders = [(phone, phone.hz) for phone in (three, sent)]
    for phone, _ in holders:
        phone.hz = 0
        phone.holds(True)
    for member in members:
        member.datagrams.clear()
    staff.lives(2.0)
    assert hears(one, two.hz, 1.0)
    assert hears(two, one.hz, 1.0)
    for other in (one, two):
        assert not has_heard(other, MUSIC_HZ)
        assert tone_level(other.heard(1.5), MUSIC_HZ) < QUIET_DBFS
    for phone, pitch in holders:
        phone.hz = pitch
        phone.holds(False)
    staff.lives(8, lambda: not deaf())
    assert not deaf(), "they are back, and all hear each other"
    for other in (one, two):
        assert not has_heard(other, MUSIC_HZ)
