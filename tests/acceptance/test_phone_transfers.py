"""Transfers and calls of three between phones, heard on their sound: centre up, and cut off."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from appliance.directory.reports import EdgeReport
from central.directory.sounds import music_of, set_music
from tests.acceptance.conftest import House
from tests.acceptance.scripted import handsets, replaced
from tests.integration.sip_edge.agent import connected
from tests.lab.audio import decode_pcmu, tone, tone_level, write_wav
from tests.lab.capture import read_capture
from tests.lab.carrier import CARRIER_HZ
from tests.lab.phones import Phone, PhoneCall
from tests.lab.sample import ACME
from tests.lab.siptext import Message, parse
from tests.lab.waiting import until
from wire.services import Greeting, Mailbox, Sound

HOLD_HZ, TRANSFER_HZ, GREETING_HZ = 1250, 1850, 2050


@pytest.fixture(scope="module")
def sounds(shared_house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Acme's music: one tone on hold, another one while a call is transferred. Elsa's mailbox greets with a third."""
    shared_house.building.mend_centre()
    folder, ids = tmp_path_factory.mktemp("sounds"), []
    for name, hz in (("Espera", HOLD_HZ), ("Transferencia", TRANSFER_HZ), ("Saludo", GREETING_HZ)):
        file: Path = folder / f"{hz}.wav"
        write_wav(file, tone(hz, 2.0))
        made = shared_house.lab.centre.command("sound", "add", name, str(file), "--account", ACME)
        ids.append(str(made["sound_id"]))
    with shared_house.lab.centre.editing(ACME) as edit:
        before = music_of(edit, ACME)
        set_music(edit, ACME, ids[0], ids[1], "music")
    box = Mailbox("box-greets", ACME, "Elsa Ruiz", "person-elsa", greeting=Greeting.CUSTOM, greeting_sound_id=ids[2])
    shared_house.lab.centre.put(box)

    def here(sound_id: str) -> bool:
        found = shared_house.building.directory_in_force().service(Sound, sound_id)
        store = shared_house.building.settings.paths.sounds_store_dir
        return found is not None and (store / f"{found.sha256}.wav").exists()

    until(lambda: all(here(i) for i in ids), 20, "the building has both")
    yield
    shared_house.building.mend_centre()
    with shared_house.lab.centre.editing(ACME) as edit:
        set_music(edit, ACME, before.hold_sound_id, before.transfer_sound_id, before.transfer)
        edit.delete(box)
    in_force = shared_house.building.directory_in_force
    until(lambda: in_force().service(Mailbox, box.id) is None, 20, "the mailbox is gone")


def blind(phone: Phone, call: PhoneCall, target: str) -> None:
    """The transfer key: REFER."""
    account = phone.agent.account
    with phone.agent.steering:
        phone.agent.command("callfind", call.id)
        phone.agent.command("transfer", f"sip:{target}@{account.domain}:{account.port}")


def received(phone: Phone, method: str, since: float) -> list[Message]:
    found = (parse(d.payload) for d in read_capture(phone.capture_file) if d.at >= since)
    return [m for m in found if m is not None and not m.is_response and m.method == method]


def in_call(house: House) -> int:
    report = house.building.report(EdgeReport)
    return len(report.calls) if report else -1


def newest_call(phone: Phone, since: float) -> PhoneCall:
    """The call that the phone has begun by itself, told by a REFER."""

    def begun() -> PhoneCall | None:
        events = [e for e in phone.agent.events("CALL_RINGING", "CALL_PROGRESS", "CALL_ESTABLISHED") if e.at >= since]
        return PhoneCall(phone, events[-1].call_id, since) if events else None

    found = until(begun, 8, f"{phone.name} calls where it was sent")
    assert found
    return found


@pytest.mark.acceptance("X-2", "M-2")
def test_a_blind_transfer_plays_transfer_music_until_the_target_talks(
    house: House, sounds: None, centre: str
) -> None:
    ana, beto, elsa = house.people("ana", "beto", "elsa")
    elsa.behaviour = "ring"
    call = ana.call("102").established()
    held = beto.incoming(after=beto.called() - 1)
    held.hears(ana.hz)
    rung, since = elsa.called(), time.time()
    blind(ana, call, "103")
    at_elsa = elsa.incoming(8, after=rung)
    moved = newest_call(beto, since)
    moved.hears(TRANSFER_HZ, 4, since_s=0.4)
    elsa.answer(at_elsa)
    moved.established()
    at_elsa.hears(beto.hz)
    moved.hears(elsa.hz)
    (ended, *_) = until(
        lambda: [m for m in received(ana, "NOTIFY", since) if b"SIP/2.0 200" in m.body], 5, "Ana's phone is told"
    )
    assert "refer" in ended.get("event")
    call.ended()
    moved.hang_up()
    at_elsa.ended()


@pytest.mark.acceptance("X-2")
def test_a_transfer_that_meets_busy_comes_back_marked(house: House, sounds: None, centre: str) -> None:
    ana, beto, elsa = house.people("ana", "beto", "elsa")
    elsa.behaviour = "busy"
    call = ana.call("102").established()
    until(beto.called, 3, "Beto is called")
    rung, since = ana.called(), time.time()
    blind(ana, call, "103")
    back = ana.incoming(8, after=rung)
    asked = [m.get("from") for m in received(ana, "INVITE", since)]
    assert any('"Devuelta: Beto Díaz" <sip:102@' in shown for shown in asked), asked
    back.established().hears(beto.hz)
    newest_call(beto, since).established().hears(ana.hz)



@pytest.mark.acceptance("X-4")
def test_who_is_transferred_to_a_mailbox_hears_its_greeting_and_no_phone_rings(
    house: House, sounds: None, centre: str
) -> None:
    ana, beto, elsa = house.people("ana", "beto", "elsa")
    call = ana.call("102").established()
    beto.incoming(after=beto.called() - 1).hears(ana.hz)
    rung, since = elsa.called(), time.time()
    blind(ana, call, "*99103")
    moved = newest_call(beto, since).established()
    moved.hears(GREETING_HZ, 6, since_s=0.5)
    until(lambda: [m for m in received(ana, "NOTIFY", since) if b"SIP/2.0 200" in m.body], 5, "Ana's phone is told")
    assert elsa.called() == rung
    moved.hang_up()


@pytest.mark.acceptance("X-3", "K-1")
def test_an_attended_transfer_joins_two_who_hear_each_other_and_shows_whom(
    house: House, sounds: None, centre: str
) -> None:
    with handsets(*house.people("ana", "beto", "elsa")) as (ana, beto, elsa):
        first, at_beto = connected(ana, beto, "102")
        assert first.invite and at_beto.invite
        ana.line(0).talks_to(first.invite.media)
        beto.line(0).talks_to(at_beto.invite.media)
        # On hold Beto hears the company's music, while Ana asks Elsa.
        ana.request(first, "INVITE", body=ana.sdp.replace("sendrecv", "sendonly"))
        beto.answer(beto.expect("INVITE"), 200, body=beto.sdp.replace("sendrecv", "recvonly"))
        ana.expect(200)
        ana.request(first, "ACK", count=False)
        beto.expect("ACK")
        until(lambda: beto.line(0).hears(HOLD_HZ), 5, "Beto hears music")
        consulting = ana.line(1)
        second, at_elsa = connected(ana, elsa, "103")
        assert second.invite and at_elsa.invite
        consulting.talks_to(second.invite.media)
        elsa.line(0).talks_to(at_elsa.invite.media)
        until(lambda: elsa.line(0).hears(ana.phone.hz), 5, "Elsa hears Ana")

        refer_to = f"<{elsa.contact}?Replaces={quote(replaced(second), safe='')}>"
        ana.request(first, "REFER", extra=(f"Refer-To: {refer_to}",))
        asked = beto.expect("REFER")
        beto.answer(asked, 202)
        ana.expect(202)
        target = re.fullmatch(r"<(sip:[^?]+)\?Replaces=([^>]+)>", asked["refer-to"])
        assert target
        talking = beto.line(1)
        moved = beto.dial("", uri=target[1], extra=(f"Replaces: {unquote(target[2])}",))
        invite = elsa.expect("INVITE")
        assert invite["replaces"] == replaced(second)
        assert '"Beto Díaz" <sip:102@' in invite["from"]
        answering = elsa.line(1)
        elsa.take(invite)
        answer = beto.outcome(moved)
        assert '"Elsa Ruiz" <sip:103@' in answer["p-asserted-identity"]
        elsa.expect("ACK")
        talking.talks_to(answer.media)
        answering.talks_to(invite.media)
        elsa.request(at_elsa, "BYE")
        ana.hung_up()
        elsa.expect(200)
        ana.request(first, "BYE")
        beto.hung_up()
        ana.expect(200)
        until(lambda: answering.hears(beto.phone.hz), 5, "Elsa hears Beto")
        until(lambda: talking.hears(elsa.phone.hz), 5, "Beto hears Elsa")
        beto.request(moved, "BYE")
        elsa.hung_up()
        beto.expect(200)


@pytest.mark.acceptance("W-2")
def test_a_phone_mixes_two_calls_by_itself_and_all_three_hear_each_other(
    house: House, sounds: None, centre: str
) -> None:
    beto, elsa = house.people("beto", "elsa")
    with handsets(house.phone("ana")) as (ana,):
        first_line = ana.line(0)
        rung = beto.called()
        first = ana.dial("102")
        assert ana.outcome(first).status == 200
        at_beto = beto.incoming(after=rung)
        # Beto waits with music, Elsa is called, then Beto is taken back and Ana's phone joins them.
        ana.request(first, "INVITE", body=ana.sdp.replace("sendrecv", "sendonly"))
        ana.expect(200)
        ana.request(first, "ACK", count=False)
        at_beto.hears(HOLD_HZ, 5, since_s=0.4)
        second_line = ana.line(1)
        rung = elsa.called()
        second = ana.dial("103")
        assert ana.outcome(second).status == 200
        assert second.invite
        second_line.talks_to(second.invite.media)
        at_elsa = elsa.incoming(after=rung).hears(ana.phone.hz)
        ana.line(0)
        ana.request(first, "INVITE", body=ana.sdp)
        back = ana.expect(200)
        ana.request(first, "ACK", count=False)
        first_line.talks_to(back.media)
        first_line.joins([second_line])
        second_line.joins([first_line])
        at_beto.hears(ana.phone.hz).hears(elsa.hz)
        at_elsa.hears(ana.phone.hz).hears(beto.hz)
        assert first_line.hears(beto.hz) and second_line.hears(elsa.hz)
        now = max(at_beto.streams(), key=lambda s: s.packets[-1].at)
        assert tone_level(now.pcm()[-4000:], HOLD_HZ) < -40, "no music under their talk"
        for call in (first, second):
            ana.hang_up(call)
        at_beto.ended()
        at_elsa.ended()


@pytest.mark.acceptance("W-2")
def test_the_building_mixes_for_a_phone_that_asks_for_a_room(house: House, sounds: None, centre: str) -> None:
    ana, beto, elsa = house.people("ana", "beto", "elsa")
    first, second = ana.call("102").established(), ana.call("103").established()
    room = ana.call("conference").established()
    members = []
    for phone, call in ((beto, first), (elsa, second)):
        since = time.time()
        blind(ana, call, "conference")
        members.append(newest_call(phone, since).established())
        call.ended()
    everyone = ((ana, room), (beto, members[0]), (elsa, members[1]))
    for phone, call in everyone:
        for other, _ in everyone:
            if other is not phone:
                call.hears(other.hz)
    room.hang_up()
    for call in members:
        call.ended()
    until(lambda: in_call(house) == 0, 5, "nothing is left")


@pytest.mark.acceptance("W-2")
def test_a_party_outside_is_joined_too(house: House, sounds: None, centre: str) -> None:
    """Its trunk is asked nothing: voice takes the host's place and brings the party into the room."""
    ana, beto = house.people("ana", "beto")
    before = len(house.carrier.offered())
    outside, _ = house.calls_carrier(ana, "5512345678")
    far = house.carrier.offered()[before].call_id
    inside = ana.call("102").established()
    room = ana.call("conference").established()
    since = time.time()
    blind(ana, inside, "conference")
    member = newest_call(beto, since).established()
    blind(ana, outside, "conference")
    for call in (room, member):
        call.hears(CARRIER_HZ, 8)
    room.hears(beto.hz)
    member.hears(ana.hz)
    packets = house.carrier.packets(far)
    until(lambda: house.carrier.packets(far) > packets + 60, 5, "more than a second reaches the outside")
    room.hang_up()
    member.ended()
    until(lambda: house.carrier.talking() == 0, 5, "it ends with its host, outside too")
    heard = decode_pcmu(house.carrier.heard(far))
    for hz in (ana.hz, beto.hz):
        loudest = max(tone_level(heard[n : n + 4000], hz) for n in range(0, len(heard) - 4000, 2000))
        assert loudest > -35, f"the outside heard {hz} Hz"
