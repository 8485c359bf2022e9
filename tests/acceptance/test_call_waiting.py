"""A second call for somebody who talks: it rings, or meets busy when call waiting is off, also after a reboot."""

import pytest

from appliance.vocabulary import Announcement, Cue
from tests.acceptance.conftest import House
from tests.acceptance.crew import LANGUAGE, Crew
from tests.integration.sip_edge.agent import Agent, Call
from tests.lab.audio import HEARD, heard
from tests.lab.coral import CORAL, PIA_MAC
from tests.lab.phones import Phone
from tests.lab.waiting import until
from wire.services import Preferences


def pia_of(house: House) -> Phone:
    """Pía's phone: a real one, booted by DHCP when it is first asked for."""
    if "pia" not in house.phones:
        house.phones["pia"] = house.building.plug("pia", PIA_MAC, "yealink", "T46S", hz=950)
    return house.phone("pia")


def said_back(house: House, crew: Crew, phone: Phone, code: str, cue: Cue, waiting: bool) -> None:
    """Dials a code; it is confirmed in words, and in force."""
    call = phone.call(code).established()
    call.ended(30)
    words = crew.shelf.words(cue, LANGUAGE)
    assert words is not None and heard(words, call.heard()) > HEARD

    def in_force() -> bool:
        held = house.building.directory_in_force().service(Preferences, "person-pia") or Preferences("", CORAL)
        return held.call_waiting is waiting

    until(in_force, 1.5, f"{cue.value} is in force")


def talks(agent: Agent, phone: Phone) -> Call:
    before = phone.called()
    call = agent.dial("120")
    assert agent.outcome(call).status == 200
    phone.incoming(after=before).established()
    return call


def hangs_up(agent: Agent, call: Call) -> None:
    agent.request(call, "BYE")
    agent.expect(200)


@pytest.mark.acceptance("W-1")
def test_a_second_call_rings_unless_call_waiting_is_off_also_after_a_reboot(
    house: House, centre: str, crew: Crew
) -> None:
    pia = pia_of(house)
    first, second = crew.phones("uma", "hugo")
    talk = talks(first, pia)
    pia.behaviour = "ring"
    before = pia.called()
    waits = second.dial("120")
    assert second.expect(180)
    shown = pia.incoming(after=before)
    assert "112" in shown.peer, "the phone shows who waits"
    assert not shown.over
    second.cancel(waits)
    assert second.outcome(waits).status == 487
    hangs_up(first, talk)

    said_back(house, crew, pia, "#43#", Cue.CALL_WAITING_OFF, waiting=False)
    pia.reboot()
    pia.behaviour = "answer"
    talk = talks(first, pia)
    before = pia.called()
    crew.says(second, second.dial("120"), Announcement.BUSY, 486)
    assert pia.called() == before, "the phone is not disturbed"
    hangs_up(first, talk)

    said_back(house, crew, pia, "*43#", Cue.CALL_WAITING_ON, waiting=True)
    talk, waits = talks(first, pia), talks(second, pia)
    for agent, call in ((first, talk), (second, waits)):
        hangs_up(agent, call)
