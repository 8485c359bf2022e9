"""Transfers by a phone that itself called voice, with real phones: whoever voice had beyond itself goes on, or comes
into the room; a menu has nobody to transfer, and says so.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.voice.menu_sentences import Say
from appliance.voice.prompts import Shelf
from central.directory.sounds import SoundWish, change_sound
from tests.acceptance.conftest import House
from tests.acceptance.scripted import handsets
from tests.acceptance.test_phone_transfers import blind, received
from tests.acceptance.test_transfers import replaces, told_of, transfers
from tests.acceptance.voces import recording
from tests.lab.audio import HEARD, decode_pcmu, heard, tone_level
from tests.lab.carrier import CARRIER_HZ
from tests.lab.phones import Phone, PhoneCall
from tests.lab.sample import ACME, UNMAPPED
from tests.lab.siptext import Message
from tests.lab.waiting import until
from wire.rows import Extension, Mapping
from wire.services import ConferenceServer, Menu, MenuMode, Preferences, Receptionist, Room, Sound

MENU, ROOMS, ROOM = "780", "760", "7001"
BOARD, BOARD_PIN, MODERATOR_PIN = "7002", "4711", "9932"
"""A room that can be locked."""
MENU_HZ = 1450
MOBILE, MOBILE_E164 = "5512347788", "+525512347788"
OUTSIDE = "+525599887766"
ANA_NUMBER = "+525550000101"


@pytest.fixture(scope="module")
def desk(shared_house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Acme has a receptionist whose menu is a pitch, and a room that colleagues enter by its number."""
    house = shared_house
    house.building.mend_centre()
    rows = (
        Sound("sound-own-menu", ACME, "Menú", text="…"),
        Receptionist("rec-own", ACME, "Recepción"),
        Menu("menu-own", ACME, "rec-own", MenuMode.BUSINESS, "sound-own-menu"),
        Extension("ext-own-rec", ACME, MENU, "receptionist", "rec-own"),
        ConferenceServer("conf-own", ACME, "Salas"),
        Extension("ext-own-conf", ACME, ROOMS, "conference", "conf-own"),
        Room("room-own", ACME, ROOM, "Abierta", internal_without_pin=True),
        Room("room-board", ACME, BOARD, "Consejo", BOARD_PIN, MODERATOR_PIN),
        Mapping("num-unmapped", ACME, "receptionist", "rec-own"),
        Preferences("person-fina", ACME, forward_mode="always", forward_to=MOBILE),
    )
    house.lab.centre.put(*rows)
    content = recording(Path(tmp_path_factory.mktemp("menu")), MENU_HZ, 60.0)
    with house.lab.centre.editing(ACME) as edit:
        change_sound(edit, ACME, "sound-own-menu", SoundWish("Menú", content=content))
    store = house.building.settings.paths.sounds_store_dir
    in_force = house.building.directory_in_force
    until(lambda: (store / f"{content.sha256}.wav").exists(), 20, "the menu is here")
    until(lambda: in_force().extension(ACME, ROOMS), 20, "the room is here")
    yield
    house.building.mend_centre()
    with house.lab.centre.editing(ACME) as edit:
        for row in reversed(rows):
            edit.delete(row)
    until(lambda: in_force().extension(ACME, MENU) is None, 20, "all is as before")


def put_through(ana: Phone, beto: Phone) -> tuple[PhoneCall, PhoneCall]:
    """Ana has called the receptionist, and it has put her through to Beto."""
    rung = beto.called()
    call = ana.call(MENU).established().hears(MENU_HZ)
    call.press("102")
    taking = beto.incoming(8, after=rung).hears(ana.hz)
    call.hears(beto.hz)
    return call, taking


def in_room(phone: Phone, keys: str = f"{ROOM}#") -> PhoneCall:
    call = phone.call(ROOMS).established().hears_words()
    call.press(keys)
    return call


def locks(call: PhoneCall, house: House) -> None:
    """A moderator's key, and the sentence that says that it is done."""
    call.press("*2")
    locked = Shelf.of(house.building.settings).words(Say.LOCKED, "es-MX")
    assert locked is not None
    until(lambda: heard(locked, call.heard()[-32000:]) > HEARD, 8, "the room is locked")


def outcomes(phone: Phone, since: float) -> list[str]:
    """What its NOTIFYs of a transfer said."""
    said = [m.body.decode().split("\r\n")[0] for m in received(phone, "NOTIFY", since) if "refer" in m.get("event")]
    return [line.removeprefix("SIP/2.0 ")[:3] for line in said]


def asserted(phone: Phone, since: float) -> list[str]:
    """Whom its calls were said to lead to from now on."""
    again: list[Message] = [*received(phone, "UPDATE", since), *received(phone, "INVITE", since)]
    return [m.get("p-asserted-identity") for m in again if "tag=" in m.get("to")]


@pytest.mark.acceptance("X-2")
def test_who_was_put_through_by_a_receptionist_transfers_whom_it_reached(house: House, desk: None, centre: str) -> None:
    ana, beto, elsa = house.people("ana", "beto", "elsa")
    call, held = put_through(ana, beto)
    rung, since = elsa.called(), time.time()
    blind(ana, call, "103")
    taking = elsa.incoming(8, after=rung)
    taking.hears(beto.hz, 8)
    held.hears(elsa.hz)
    call.ended(5)
    assert outcomes(ana, since) == ["100", "200"]
    shown_to_elsa = [m.get("from") for m in received(elsa, "INVITE", since)]
    assert any('"Beto Díaz" <sip:102@' in shown for shown in shown_to_elsa), shown_to_elsa
    until(lambda: any("<sip:103@" in shown for shown in asserted(beto, since)), 5, "Beto's phone shows Elsa")
    assert not held.over
    # It may be transferred back, by either of them.
    rung, since = ana.called(), time.time()
    blind(beto, held, "101")
    ana.incoming(8, after=rung).hears(elsa.hz, 8)
    held.ended(5)
    taking.hears(ana.hz).hang_up()


@pytest.mark.acceptance("X-2")
def test_whom_nobody_takes_comes_back_to_who_transferred_it(house: House, desk: None, centre: str) -> None:
    ana, beto, elsa = house.people("ana", "beto", "elsa")
    elsa.behaviour = "busy"
    call, held = put_through(ana, beto)
    rung, since = ana.called(), time.time()
    blind(ana, call, "103")
    back = ana.incoming(8, after=rung).established().hears(beto.hz, 8)
    call.ended(5)
    held.hears(ana.hz)
    assert any('"Devuelta: Beto Díaz" <sip:102@' in m.get("from") for m in received(ana, "INVITE", since))
    back.hang_up()
    held.ended()


@pytest.mark.acceptance("X-2", "X-3")
def test_a_caller_from_outside_is_told_whom_it_is_passed_on_to(house: House, desk: None, centre: str) -> None:
    """The receptionist put it through to Beto, who passes it on to Elsa, and she to Ana; its trunk is a trusted one."""
    ana, beto, elsa = house.people("ana", "beto", "elsa")
    rung, allow = beto.called(), (("Allow", "INVITE, ACK, BYE, UPDATE"),)
    outside = house.carrier.call(UNMAPPED, OUTSIDE, house.building.uplink_address, headers=allow)
    until(lambda: house.carrier.packets(outside) > 50, 8, "the menu is heard outside")
    house.carrier.press(outside, "102")
    taking = beto.incoming(8, after=rung).established(8).hears(CARRIER_HZ, 8)
    for giver, taker, digits in ((beto, elsa, "103"), (elsa, ana, "101")):
        rung, since = taker.called(), time.time()
        blind(giver, taking, digits)
        taking = taker.incoming(8, after=rung).established(8).hears(CARRIER_HZ, 8)
        until(lambda d=digits, s=since: told_of(house, f"+525550000{d}", s), 5, f"it is told of {digits}")  # type: ignore[misc]
    taking.hang_up()
    until(lambda: house.carrier.state(outside) == "ended", 8, "the far end is hung up on")


@pytest.mark.acceptance("X-2", "H-1")
def test_who_was_put_through_to_a_mobile_transfers_it_and_no_extension_is_told_outside(
    house: House, desk: None, centre: str
) -> None:
    """Fina's calls go to her mobile, whose carrier says who answered; ours are not said to it by their extension."""
    ana, elsa = house.people("ana", "elsa")
    house.carrier.number(MOBILE_E164, asserted=f"<sip:{MOBILE_E164}@carrier.example>")
    before = len(house.carrier.offered())
    call = ana.call(MENU).established().hears(MENU_HZ)
    call.press("104")
    outside = until(lambda: house.carrier.offered()[before:], 8, "the mobile is called")[0].call_id
    call.hears(CARRIER_HZ, 8)
    rung = elsa.called()
    blind(ana, call, "103")
    taking = elsa.incoming(8, after=rung).hears(CARRIER_HZ, 8)
    call.ended(5)
    packets = house.carrier.packets(outside)
    until(lambda: house.carrier.packets(outside) > packets + 75, 6, "Elsa is heard outside")
    told = [e["asserted"] for e in house.carrier.events("reinvite", "update") if e["call_id"] == outside]
    assert told and not any(told), told
    taking.hang_up()
    house.carrier.number(MOBILE_E164)


@pytest.mark.acceptance("X-3")
def test_whom_a_receptionist_reached_is_handed_over_after_asking(house: House, desk: None, centre: str) -> None:
    ana, beto, elsa = house.people("ana", "beto", "elsa")
    call, held = put_through(ana, beto)
    call.hold()
    rung = elsa.called()
    asking = ana.call("103").established().hears(elsa.hz)
    taking, since = elsa.incoming(after=rung), time.time()
    transfers(ana, call, "103", replaces(asking))
    taking.hears(beto.hz, 8)
    held.hears(elsa.hz)
    call.ended(5)
    assert any("<sip:102@" in shown for shown in asserted(elsa, since)), "Elsa's phone shows Beto"
    until(lambda: any("<sip:103@" in shown for shown in asserted(beto, since)), 5, "Beto's phone shows Elsa")
    asking.hang_up()
    assert not taking.over
    taking.hang_up()
    held.ended()


@pytest.mark.acceptance("X-2", "C-1")
def test_a_transfer_from_a_room_brings_the_target_into_it(house: House, desk: None, centre: str) -> None:
    ana, beto, elsa = house.people("ana", "beto", "elsa")
    call, other = in_room(ana), in_room(beto)
    call.hears(beto.hz, 8)
    rung, since = elsa.called(), time.time()
    blind(ana, call, "103")
    joined = elsa.incoming(8, after=rung).hears(beto.hz, 8)
    other.hears(elsa.hz)
    assert any("<sip:101@" in m.get("from") for m in received(elsa, "INVITE", since))
    call.ended(5)
    assert outcomes(ana, since) == ["100", "200"]
    joined.hears(beto.hz)
    for one in (joined, other):
        one.hang_up()


@pytest.mark.acceptance("X-3", "C-1")
def test_who_was_asked_first_comes_into_a_room_by_its_moderator_even_into_a_locked_one(
    house: House, desk: None, centre: str
) -> None:
    """In that one's very call (voice/takeover.py, Seated): who was asked is not rung again."""
    ana, beto, elsa = house.people("ana", "beto", "elsa")
    call, other = in_room(ana, f"{BOARD}#{MODERATOR_PIN}#"), in_room(beto, f"{BOARD}#{BOARD_PIN}#")
    call.hears(beto.hz, 8)
    locks(call, house)
    call.hold()
    rung, since = elsa.called(), time.time()
    asking = ana.call("103").established().hears(elsa.hz)
    joined = elsa.incoming(after=rung)
    transfers(ana, call, "103", replaces(asking))
    joined.hears(beto.hz, 8)
    other.hears(elsa.hz)
    call.ended(5)
    assert outcomes(ana, since) == ["100", "200"]
    asking.hang_up()
    assert elsa.called() == rung + 1
    for one in (joined, other):
        one.hang_up()


@pytest.mark.acceptance("X-2", "C-1")
def test_who_is_transferred_to_conferences_is_told_that_the_room_is_locked(house: House, desk: None) -> None:
    """A transfer opens no door: a caller enters by number and PIN, and not where the moderator has locked."""
    ana, beto = house.people("ana", "beto")
    room = in_room(beto, f"{BOARD}#{MODERATOR_PIN}#").hears_words()
    locks(room, house)
    before = ana.called()
    outside = house.carrier.call(ANA_NUMBER, OUTSIDE, house.building.uplink_address)
    call = ana.incoming(8, after=before).established(8).hears(CARRIER_HZ, 8)
    blind(ana, call, ROOMS)
    call.ended(8)
    house.carrier.press(outside, f"{BOARD}#{BOARD_PIN}#")
    until(lambda: house.carrier.state(outside) == "ended", 20, "the caller is told, and let go")
    locked = Shelf.of(house.building.settings).words(Say.ROOM_LOCKED, "es-MX")
    assert locked is not None
    assert heard(locked, decode_pcmu(house.carrier.heard(outside))) > HEARD
    assert all(tone_level(s.pcm(), CARRIER_HZ) < -50 for s in room.streams()), "nobody came in"
    room.hang_up()


@pytest.mark.acceptance("X-2")
def test_a_menu_has_nobody_to_transfer_and_goes_on(house: House, desk: None, centre: str) -> None:
    with handsets(house.phone("ana")) as (ana,):
        call = ana.dial(MENU)
        assert ana.outcome(call).status == 200
        host, port = ana.registrar
        ana.request(call, "REFER", extra=(f"Refer-To: <sip:103@{host}:{port}>",))
        refused = ana.expect(202, 403, 405)
        assert refused.start == "SIP/2.0 403 Nobody Here To Transfer"
        assert call.invite
        ana.line(0).talks_to(call.invite.media)
        until(lambda: ana.line(0).hears(MENU_HZ), 5, "the menu goes on")
        ana.hang_up(call)


@pytest.mark.acceptance("X-2", "K-2")
def test_a_fetched_caller_is_transferred(house: House, desk: None, centre: str) -> None:
    ana, beto, elsa = house.people("ana", "beto", "elsa")
    before = ana.called()
    outside = house.carrier.call(ANA_NUMBER, OUTSIDE, house.building.uplink_address)
    call = ana.incoming(8, after=before).established(8).hears(CARRIER_HZ, 8)
    blind(ana, call, "*8575")
    call.ended(8)
    fetched = beto.call("75").established().hears(CARRIER_HZ, 8)
    rung, since = elsa.called(), time.time()
    blind(beto, fetched, "103")
    taking = elsa.incoming(8, after=rung).hears(CARRIER_HZ, 8)
    fetched.ended(5)
    assert outcomes(beto, since) == ["100", "200"]
    assert OUTSIDE in taking.peer
    taking.hang_up()
    until(lambda: house.carrier.state(outside) == "ended", 8, "the far end is hung up on")


@pytest.mark.acceptance("W-2")
def test_a_refer_to_the_room_itself_makes_the_building_call_who_is_named(
    house: House, desk: None, centre: str
) -> None:
    """RFC 4579 §5.5: the focus calls the party, and puts it into the room; the host stays, also when it is busy."""
    beto, elsa = house.people("beto", "elsa")
    elsa.behaviour = "busy"
    with handsets(house.phone("ana")) as (ana,):
        room = ana.dial("conference")
        assert ana.outcome(room).status == 200
        assert room.invite
        ana.line(0).talks_to(room.invite.media)
        host, port = ana.registrar
        members = []
        for phone, number, outcome in ((elsa, "103", "486"), (beto, "102", "200"), (elsa, "103", "200")):
            rung = phone.called()
            ana.request(room, "REFER", extra=(f"Refer-To: <sip:{number}@{host}:{port}>",))
            assert ana.expect(202, 403, 405).status == 202
            for status in ("100", outcome):
                notify = ana.expect("NOTIFY")
                ana.answer(notify, 200)
                assert notify.body.startswith(f"SIP/2.0 {status}")
            elsa.behaviour = "answer"
            if outcome == "200":
                members.append(phone.incoming(after=rung).hears(ana.phone.hz, 8))
        until(lambda: ana.line(0).hears(beto.hz) and ana.line(0).hears(elsa.hz), 5, "Ana hears both")
        members[0].hears(elsa.hz)
        members[1].hears(beto.hz)
        ana.hang_up(room)
        for call in members:
            call.ended()
