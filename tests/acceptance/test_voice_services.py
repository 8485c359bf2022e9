"""Receptionist, voicemail and conferences through the whole house, heard on the wire: centre up, and cut off."""

from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import House, house_rows
from tests.lab.carrier import CARRIER_HZ
from tests.lab.lab import Lab
from tests.lab.mailboxes import counts_of
from tests.lab.phones import Phone, PhoneCall
from tests.lab.sample_voice import PIN, RECEPTION, voice_rows
from tests.lab.waiting import until
from wire.services import Receptionist

OUTSIDE = "5599887766"
RINGS_S = 20.5
"""Longer than voice may take to answer any other call."""


@pytest.fixture(scope="module")
def offices() -> Iterator[House]:
    """A house of this module's own: it has mailboxes, which other tests' callers would end in."""
    with Lab() as lab:
        yield House(lab, lab.building(enrolled=True, rows=(*house_rows(), *voice_rows())))


@pytest.fixture(params=["up", "cut"], scope="module")
def linked(request: pytest.FixtureRequest, offices: House) -> Iterator[str]:
    if request.param == "cut":
        offices.building.cut_centre()
    yield str(request.param)
    offices.building.mend_centre()


@pytest.fixture
def people(offices: House, linked: str) -> Iterator[tuple[Phone, Phone, Phone]]:
    ana, beto, elsa = offices.people("ana", "beto", "elsa")
    yield ana, beto, elsa
    offices.quiet()


def from_outside(house: House, number: str) -> str:
    """A call in by the carrier, answered."""
    call = house.carrier.call(number, OUTSIDE, house.building.uplink_address)
    until(lambda: house.carrier.state(call) == "talking", 5, "the call is answered")
    return call


# The receptionist -----------------------------------------------------------------------------------------------------


@pytest.mark.acceptance("V-3", "N-3")
def test_an_outside_caller_presses_1_and_talks_with_ana(offices: House, people: tuple[Phone, Phone, Phone]) -> None:
    ana, _, _ = people
    before = ana.called()
    call = from_outside(offices, RECEPTION)
    offices.carrier.press(call, "1")
    rung = ana.incoming(8, after=before)
    assert OUTSIDE in rung.peer
    rung.established()
    rung.hears(CARRIER_HZ)
    offices.carrier.hang_up(call)
    rung.ended(5)


def sets_hours(house: House, phone: Phone, code: str, override: str) -> None:
    """Dials the code for 171, hears it confirmed, and waits until it counts."""
    said = phone.call(f"{code}171").established()
    said.hears_words()
    said.ended(15)
    until(lambda: by_hand(house, "rec-night") == override, 3, "the receptionist's hours are changed")


def rings_for_1(caller: Phone, who: Phone) -> None:
    before = who.called()
    call = caller.call("171").established()
    call.press("1")
    who.incoming(8, after=before).established().hears(caller.hz)
    call.hang_up()


@pytest.mark.acceptance("V-6")
def test_a_code_opens_what_its_hours_keep_closed(offices: House, people: tuple[Phone, Phone, Phone]) -> None:
    ana, beto, elsa = people
    sets_hours(offices, elsa, "*641", "open")
    rings_for_1(elsa, ana)
    sets_hours(offices, elsa, "*640", "auto")
    rings_for_1(elsa, beto)


# Voicemail ------------------------------------------------------------------------------------------------------------


def leaves_a_message(caller: Phone, call: PhoneCall) -> None:
    """Skips the greeting, speaks for some seconds, hangs up."""
    call.established(12)
    call.hears_words()
    call.press("#")
    call.hears(1400, 5, since_s=0.2)
    until(lambda: len(call.heard()) / 8000 > 6, 15, "some seconds of talk")
    call.hang_up()


def by_hand(house: House, receptionist: str) -> str:
    found = house.building.directory_in_force().service(Receptionist, receptionist)
    return found.override if found else ""


def counts(house: House, mailbox: str) -> tuple[int, int]:

    return counts_of(house.building.settings, mailbox)


@pytest.mark.acceptance("L-1", "L-2", "X-4")
def test_a_message_is_left_and_heard_again(offices: House, people: tuple[Phone, Phone, Phone]) -> None:
    _, beto, elsa = people
    new, _ = counts(offices, "box-elsa")
    rung = elsa.called()
    leaves_a_message(beto, beto.call("*99103"))
    assert elsa.called() == rung, "the phone does not ring"
    until(lambda: counts(offices, "box-elsa")[0] == new + 1, 3, "the message is there")
    call = elsa.call("*97").established()
    call.hears_words()
    call.press(f"{PIN}#1")
    call.hears(beto.hz, 20)
    call.press("7")
    until(lambda: counts(offices, "box-elsa")[0] == new, 5, "the message is deleted")


@pytest.mark.acceptance("X-4")
def test_a_call_transferred_to_a_mailbox_is_heard_by_it_and_the_phone_is_not_rung(
    people: tuple[Phone, Phone, Phone],
) -> None:
    ana, beto, elsa = people
    rung, answered = elsa.called(), len(ana.agent.events("CALL_ESTABLISHED"))
    ana.call("102").established()
    held = beto.incoming(after=beto.called() - 1).hears(ana.hz)
    account = beto.agent.account
    with beto.agent.steering:
        beto.agent.command("callfind", held.id)
        beto.agent.command("transfer", f"sip:*99103@{account.domain}:{account.port}")
    until(lambda: len(ana.agent.events("CALL_ESTABLISHED")) > answered + 1, 8, "the mailbox answers Ana")
    assert elsa.called() == rung


# Forwards that must be accepted ---------------------------------------------------------------------------------------


@pytest.mark.acceptance("G-2")
def test_a_forwarded_call_is_connected_by_1_alone(
    offices: House, linked: str, people: tuple[Phone, Phone, Phone]
) -> None:
    """Fina (104) has no phone here and forwards to her mobile. The second time it rings for long."""
    _, beto, _ = people
    before = len(offices.carrier.offered())
    patience = RINGS_S if linked == "cut" else 0.2
    offices.carrier.number("", answer_s=patience)
    call = beto.call("104").ringing(8)
    mobile = until(lambda: offices.carrier.offered()[before:], 8, "the mobile is called")[-1]
    until(lambda: offices.carrier.state(mobile.call_id) == "talking", patience + 5, "somebody answers there")
    offices.carrier.number("")
    assert not call.events("CALL_ESTABLISHED")
    offices.carrier.press(mobile.call_id, "1")
    call.established(8).hears(CARRIER_HZ)
    call.hang_up()
