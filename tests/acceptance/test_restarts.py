"""Anything may die: it comes back at once, phones stay registered, and people who talk go on talking."""

from collections.abc import Callable

import pytest

from appliance.processes import PROCESSES
from tests.acceptance.conftest import House
from tests.lab.audio import read_wav, spacing, tone, tone_level, write_wav
from tests.lab.mailboxes import mailboxes_of
from tests.lab.phones import Phone, PhoneCall
from tests.lab.waiting import NotInTime, until
from wire.services import Mailbox

pytestmark = pytest.mark.alone

BACK_S = 3.0
WITHOUT_SOUND_MS = 3000
MESSAGE_HZ = 720


def _longest_silence_ms(call: PhoneCall) -> float:
    """Between two packets of the same call, whatever their source: a relay that came back may number them anew."""
    return max(spacing(stream).longest for stream in call.streams() if len(stream.packets) > 10)


@pytest.mark.acceptance("S-7")
@pytest.mark.parametrize("process", [p.name for p in PROCESSES])
def test_a_process_killed_is_back_and_calls_and_registrations_live_on(
    house: House, centre: str, process: str
) -> None:
    ana, beto, carla, dario = house.people("ana", "beto", "carla", "dario")
    call = ana.call("102").established()
    other_end = beto.incoming(after=beto.called() - 1)
    other_end.hears(ana.hz)

    seconds = house.building.processes.kill_and_time(process)
    assert seconds <= BACK_S

    until(lambda: _talks_again(call, other_end), 5, f"they hear each other after {process} was killed")
    assert _longest_silence_ms(call) <= WITHOUT_SOUND_MS
    assert _longest_silence_ms(other_end) <= WITHOUT_SOUND_MS
    # Nobody has registered anew: a call to a phone works by what was remembered.
    carla.call("102").established(10).hears(dario.hz)
    call.hang_up()
    other_end.ended()


def _answered(caller: Phone, number: str) -> PhoneCall | None:
    """None: it is refused, or told to try later, and does not wait for the end of that."""
    call = caller.call(number)
    try:
        until(lambda: call.over or call.events("CALL_ESTABLISHED"), 1, f"{number} answers or refuses")
    except NotInTime:
        call.hang_up()
        call.ended()
        return None
    return None if call.over else call


def _talks_again(one: PhoneCall, other: PhoneCall) -> bool:
    one.hears(other.phone.hz, 0.5)
    other.hears(one.phone.hz, 0.5)
    return True


@pytest.mark.acceptance("S-7")
def test_a_voice_process_that_dies_takes_only_its_own_calls(house: House, centre: str) -> None:
    ana, beto, elsa = house.people("ana", "beto", "elsa")
    boxes = mailboxes_of(house.building.settings)
    box = house.building.directory_in_force().service(Mailbox, "box-coral")
    assert box
    message = boxes.reserve(box, "104", "Gala")
    assert message
    write_wav(message.path, tone(MESSAGE_HZ, 3.0))
    assert boxes.keep(message.id, 3.0)
    call = ana.call("102").established()
    echo = elsa.call("*9196").established()
    echo.hears(elsa.hz, 10)
    house.building.processes.kill_and_time("voice")
    assert not call.over
    call.hears(beto.hz)
    # Its caller hangs up on the silence; a new one is served.
    echo.hang_up()
    echo.ended()
    until(lambda: _answered(elsa, "*9196"), BACK_S, "voice answers again").hears(elsa.hz, 10)
    (kept,) = [m for m in boxes.messages(box.id) if m.id == message.id]
    assert (kept.state, kept.duration_ms) == ("new", 3000), "mailboxes are as they were"
    assert tone_level(read_wav(kept.path), MESSAGE_HZ) > -30
    boxes.mark(kept.id, "deleted")


@pytest.mark.acceptance("S-9")
def test_one_device_that_unregisters_leaves_the_persons_other_one(house: House, centre: str) -> None:
    ana, beto = house.people("ana", "beto")
    desk = house.second_handset("ana")
    before = (ana.called(), desk.called())
    ana.behaviour = desk.behaviour = "ring"
    beto.call("101").ringing()
    until(lambda: (ana.called(), desk.called()) == (before[0] + 1, before[1] + 1), 5, "both of her devices ring")
    beto.hang_up_all()

    desk.behaviour = "answer"
    ana.sign_off()
    beto.call("101").established().hears(desk.hz)
    beto.hang_up_all()

    ana.sign_on()
    ana.behaviour, desk.behaviour = "answer", "ring"
    beto.call("101").established().hears(ana.hz)
    beto.hang_up_all()
    desk.unplug()
    del house.phones["ana-2"]


@pytest.mark.acceptance("S-9")
def test_contacts_survive_a_restart_of_the_whole_building(own_house: Callable[..., House]) -> None:
    house = own_house()
    ana, beto = house.people("ana", "beto")
    house.building.restart()
    ana.call("102").established(10).hears(beto.hz)
