"""Transfers of calls over a trunk that takes no REFER, with real phones: what each side hears, and what is recorded."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from central.directory.sounds import set_music
from tests.acceptance.conftest import House
from tests.lab.audio import Pcm, decode_pcmu, tone, tone_level, write_wav
from tests.lab.capture import read_capture
from tests.lab.carrier import CARRIER_HZ
from tests.lab.phones import Phone, PhoneCall
from tests.lab.sample import ACME
from tests.lab.siptext import Message, parse, tag_of
from tests.lab.waiting import until
from wire.services import Music, Sound

MOBILE, OUTSIDE = "5512345678", "+525599887766"
HOLD_HZ, TRANSFER_HZ = 1250, 1850
ANA_NUMBER, BETO_NUMBER = "+525550000101", "+525550000102"


@pytest.fixture(scope="module")
def music(shared_house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Acme plays one tone to whoever is on hold and another to whoever is transferred."""
    house, folder = shared_house, tmp_path_factory.mktemp("music")
    house.building.mend_centre()
    ids = [_uploaded(house, folder, name, hz) for name, hz in (("Espera", HOLD_HZ), ("Traslado", TRANSFER_HZ))]
    with house.lab.centre.editing(ACME) as edit:
        set_music(edit, ACME, ids[0], ids[1], "music")

    def here() -> bool:
        directory = house.building.directory_in_force()
        row = directory.service(Music, ACME)
        sounds = [directory.service(Sound, sound_id) for sound_id in ids]
        store = house.building.settings.paths.sounds_store_dir
        return row is not None and row.transfer_sound_id == ids[1] and all(
            s is not None and (store / f"{s.sha256}.wav").exists() for s in sounds
        )

    until(here, 40, "the building has both sounds")
    # The trunk takes no REFER: whoever asked it would be refused.
    house.carrier.number(refers=False)
    yield
    house.carrier.number(refers=True)
    with house.lab.centre.editing(ACME) as edit:
        set_music(edit, ACME, "", "", "music")


def _uploaded(house: House, folder: Path, name: str, hz: int) -> str:
    file = folder / f"{hz}.wav"
    write_wav(file, tone(hz, 2.0))
    made = house.lab.centre.command("sound", "add", name, str(file), "--account", ACME)
    return str(made["sound_id"])


def transfers(phone: Phone, call: PhoneCall, to: str, instead_of: str = "") -> None:
    """REFER; with `instead_of`, the value of a Replaces, an attended one."""
    account = phone.agent.account
    named = f"?Replaces={quote(instead_of, safe='')}" if instead_of else ""
    with phone.agent.steering:
        phone.agent.command("callfind", call.id)
        phone.agent.command("transfer", f"sip:{to}@{account.domain}:{account.port}{named}")


def messages(phone: Phone, since: float) -> list[Message]:
    """SIP messages that crossed a phone's wire."""
    found = (parse(d.payload) for d in read_capture(phone.capture_file) if d.at >= since)
    return [m for m in found if m is not None]


def replaces(call: PhoneCall) -> str:
    """How another call names this one, which its phone made."""

    def answered() -> Message | None:
        found = messages(call.phone, call.started_at)
        its = [m for m in found if m.get("call-id") == call.id and m.method == "INVITE"]
        return next((m for m in its if m.status == 200), None)

    answer = until(answered, 3, "the call's 200 is on the wire")
    return f"{call.id};to-tag={tag_of(answer.get('to'))};from-tag={tag_of(answer.get('from'))}"


def when_heard(heard: Pcm, hz: float) -> list[int]:
    """The half seconds in which a tone sounds."""
    return [n // 4000 for n in range(0, len(heard) - 3999, 4000) if tone_level(heard[n : n + 4000], hz) > -30]


def records(house: House) -> dict[str, dict[str, object]]:
    past = json.loads(house.building.command("calls", "--json", "--last", "50").stdout)["past"]
    return {str(r["call_id"]): r for r in past}


def incoming_call(house: House, ana: Phone) -> tuple[str, PhoneCall]:
    """A caller from outside talks with Ana: the carrier's call, and hers."""
    before = ana.called()
    outside = house.carrier.call(ANA_NUMBER, OUTSIDE, house.building.uplink_address)
    return outside, ana.incoming(8, after=before).established(8).hears(CARRIER_HZ, 8)


def told_of(house: House, number: str, since: float) -> bool:
    """Whether the carrier was told since then that its party talks to this number."""
    events = house.carrier.events("reinvite", "update")
    return any(f"<sip:{number}@" in e["asserted"] for e in events if e["at"] >= since)


@pytest.mark.acceptance("X-2", "M-2")
def test_an_outbound_call_is_transferred_over_a_trunk_that_takes_no_refer(
    house: House, music: None, centre: str
) -> None:
    ana, beto = house.people("ana", "beto")
    beto.behaviour = "ring"
    offered, rung, asked = len(house.carrier.offered()), beto.called(), len(house.carrier.events("refer"))
    call = ana.call(MOBILE).established(8).hears(CARRIER_HZ)
    outside = house.carrier.offered()[offered].call_id
    call.hold()
    packets = house.carrier.packets(outside)
    until(lambda: house.carrier.packets(outside) > packets + 75, 6, "music on hold is heard outside")
    since = time.time()
    transfers(ana, call, "102")
    taking = beto.incoming(8, after=rung)
    packets = house.carrier.packets(outside)
    until(lambda: house.carrier.packets(outside) > packets + 75, 6, "something sounds while it rings")
    call.ended(5)
    assert any("200 OK" in m.body.decode() for m in messages(ana, since) if m.method == "NOTIFY" and not m.is_response)
    beto.answer(taking).established().hears(CARRIER_HZ)
    assert "+525512345678" in taking.peer
    until(lambda: told_of(house, BETO_NUMBER, since), 5, "the trunk is told whom its party talks to")
    packets = house.carrier.packets(outside)
    until(lambda: house.carrier.packets(outside) > packets + 75, 6, "Beto is heard outside")
    assert len(house.carrier.events("refer")) == asked, "the trunk was not asked"
    taking.hang_up()
    until(lambda: house.carrier.state(outside) == "ended", 5, "the far end is hung up on")
    heard = decode_pcmu(house.carrier.heard(outside))
    held, moved, talked = (when_heard(heard, hz) for hz in (HOLD_HZ, TRANSFER_HZ, beto.hz))
    assert held and moved and talked
    assert max(held) <= min(moved) and max(moved) <= min(talked), (held, moved, talked)
    assert len(moved) >= 2
    until(lambda: {outside, taking.id} <= records(house).keys() or outside in records(house), 15, "it is recorded")
    whole = records(house)[outside]
    assert (whole["direction"], whole["cause"], whole["trunk_id"]) == ("outbound", "answered", "trunk-carrier")
    assert int(str(whole["talk_ms"])) > 4000, "until the far end left, not until Ana did"


@pytest.mark.acceptance("X-2")
def test_a_transferred_caller_whose_target_is_busy_comes_back_marked(house: House, music: None, centre: str) -> None:
    ana, beto = house.people("ana", "beto")
    outside, call = incoming_call(house, ana)
    beto.behaviour = "busy"
    since, before = time.time(), ana.called()
    transfers(ana, call, "102")
    back = ana.incoming(8, after=before).established(8).hears(CARRIER_HZ, 8)
    invites = [m for m in messages(ana, since) if not m.is_response and m.method == "INVITE"]
    assert any("Devuelta:" in m.get("from") and OUTSIDE in m.get("from") for m in invites)
    call.ended(5)
    back.hang_up()
    until(lambda: house.carrier.state(outside) == "ended", 5, "the far end is hung up on")
    assert when_heard(decode_pcmu(house.carrier.heard(outside))[-12000:], ana.hz)


@pytest.mark.acceptance("X-3")
def test_a_caller_is_handed_over_after_asking_a_colleague(house: House, music: None, centre: str) -> None:
    ana, beto = house.people("ana", "beto")
    outside, call = incoming_call(house, ana)
    # She asks, thinks better of it, and goes on with the caller.
    call.hold()
    asking = ana.call("102").established()
    asking.hang_up()
    asking.ended()
    call.resume()
    call.hears(CARRIER_HZ)
    call.hold()
    before, since = beto.called(), time.time()
    asking = ana.call("102").established().hears(beto.hz)
    taking = beto.incoming(after=before)
    transfers(ana, call, "102", replaces(asking))
    taking.hears(CARRIER_HZ, 8)
    again = [m for m in messages(beto, since) if not m.is_response and tag_of(m.get("to")) and m.method == "INVITE"]
    assert any(OUTSIDE in m.get("p-asserted-identity") for m in again), "Beto's phone shows the caller"
    assert told_of(house, BETO_NUMBER, since), "the trunk is told whom the caller talks to"
    call.ended(5)
    asking.hang_up()
    packets = house.carrier.packets(outside)
    until(lambda: house.carrier.packets(outside) > packets + 100, 6, "they talk, without Ana")
    house.carrier.hang_up(outside)
    taking.ended(5)
    heard = decode_pcmu(house.carrier.heard(outside))
    assert when_heard(heard[-12000:], beto.hz)
