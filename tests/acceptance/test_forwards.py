"""Forwards, by code and in the portal: when they apply, how far they are followed, and who is shown: up and cut off."""

import time

import pytest

from appliance.vocabulary import Announcement, Cue
from tests.acceptance.conftest import House
from tests.acceptance.crew import Crew, offered, rings
from tests.integration.sip_edge.agent import Agent
from tests.lab.audio import HEARD, tone_level
from tests.lab.carrier import CARRIER_HZ
from tests.lab.coral import CORAL, DEAF_MOBILE, MOBILE, number_of
from tests.lab.portalclient import PortalClient
from tests.lab.waiting import until
from wire.services import Preferences

OUTSIDE = "+523312345678"
ABROAD = "0014155552671"
AGREE_S = 5.0


def said_back(crew: Crew, agent: Agent, code: str, sentence: str) -> None:
    """Dials a code and hears this sentence."""
    began = time.time()
    call = agent.dial(code)
    assert agent.outcome(call).status == 200
    until(lambda: len(crew.heard(agent, began)) > 8000, 5, "something is said")
    until(lambda: crew.score(agent, sentence, began) > HEARD, 10, f"{sentence} is said")
    agent.request(call, "BYE")
    agent.expect(200)


def habits(house: House, person: str) -> Preferences:
    return house.building.directory_in_force().service(Preferences, person) or Preferences(person, CORAL)


@pytest.mark.acceptance("G-1")
def test_always_rings_no_phone_of_theirs_and_offline_only_when_there_is_none(
    house: House, centre: str, crew: Crew
) -> None:
    caller, ines, joel, gala = crew.phones("uma", "ines", "joel", "gala")
    assert offered(house.carrier, caller, "113").user == f"+52{MOBILE}"
    assert ines.nothing(0.1), "hers does not ring"
    rings(caller, "114", joel)
    crew.away(joel)
    assert offered(house.carrier, caller, "114").user == f"+52{MOBILE}"
    rings(caller, "111", gala)


@pytest.mark.acceptance("G-1")
@pytest.mark.parametrize(("on", "off"), [(f"*72{MOBILE}", "*73"), (f"*21*{MOBILE}%23", "%2321%23")])
def test_a_forward_by_code_counts_at_once_and_the_portal_shows_it(
    house: House, centre: str, crew: Crew, on: str, off: str
) -> None:
    caller, gala = crew.phones("uma", "gala")
    said_back(crew, gala, on, Cue.FORWARD_ALL_ON)
    changed = time.monotonic()
    assert offered(house.carrier, caller, "111").user == f"+52{MOBILE}"
    assert gala.nothing(0.1)
    if centre == "up":
        portal = PortalClient(house.lab.centre)
        path = f"/accounts/{CORAL}/people/person-gala/preferences"
        until(lambda: 'value="always" selected' in portal.see(path), AGREE_S, "the portal shows it")
        assert time.monotonic() - changed < AGREE_S
    said_back(crew, gala, off, Cue.FORWARD_ALL_OFF)
    rings(caller, "111", gala)


@pytest.mark.acceptance("G-1")
def test_a_forward_set_in_the_portal_counts_within_seconds_and_a_code_ends_it(house: House, crew: Crew) -> None:
    caller, hugo = crew.phones("uma", "hugo")
    portal = PortalClient(house.lab.centre)
    path = f"/accounts/{CORAL}/people/person-hugo/preferences"
    for mode in ("offline", "always"):
        assert portal.send(path, forward_mode=mode, forward_to=MOBILE, call_waiting="1").status_code == 302
        until(lambda: habits(house, "person-hugo").forward_mode == mode, AGREE_S, f"{mode} is in force")  # noqa: B023
        if mode == "offline":
            rings(caller, "112", hugo)
    assert offered(house.carrier, caller, "112").user == f"+52{MOBILE}"
    said_back(crew, hugo, "*73", Cue.FORWARD_ALL_OFF)
    until(lambda: 'value="disabled" selected' in portal.see(path), AGREE_S, "the portal shows that it is off")
    rings(caller, "112", hugo)


@pytest.mark.acceptance("G-1")
def test_busy_and_unanswered_calls_go_each_their_own_way_inside_and_outside(
    house: House, centre: str, crew: Crew
) -> None:
    """Quique's go to Hugo when he is busy and outside when he does not answer; Remo's the other way round."""
    caller, other, hugo, quique, remo = crew.phones("uma", "rosa", "hugo", "quique", "remo")

    def forwarded_inside(extension: str, reason: str) -> None:
        invite = hugo.expect("INVITE", seconds=8)
        assert '"Uma" <sip:124@' in invite["from"], "the original caller is shown"
        assert f"sip:{extension}@" in invite["diversion"] and f"reason={reason}" in invite["diversion"]
        assert f"sip:{extension}@" in ",".join(invite.all("history-info"))
        leg = hugo.take(invite)
        assert caller.outcome(call).status == 200
        hugo.request(leg, "BYE")
        caller.answer(caller.expect("BYE"), 200)
        hugo.expect(200)

    def forwarded_outside(person: str, reason: str, before: int) -> None:
        (offer,) = until(lambda: house.carrier.offered()[before:], 8, "the mobile is called")
        told = {name.lower(): value for name, value in offer.headers}
        assert offer.user == f"+52{MOBILE}" and number_of("rosa") in offer.caller
        assert number_of(person) in told["diversion"] and f"reason={reason}" in told["diversion"]
        assert number_of(person) in told["history-info"]
        assert other.outcome(outside).status == 200
        other.request(outside, "BYE")
        other.expect(200)

    before, call, outside = len(house.carrier.offered()), caller.dial("134"), other.dial("135")
    quique.answer(quique.expect("INVITE"), 486, "Busy Here")
    remo.answer(remo.expect("INVITE"), 486, "Busy Here")
    forwarded_inside("134", "user-busy")
    forwarded_outside("remo", "user-busy", before)

    before, call, outside = len(house.carrier.offered()), caller.dial("135"), other.dial("134")
    silent = [(agent, agent.expect("INVITE")) for agent in (quique, remo)]
    for agent, invite in silent:
        agent.answer(invite, 180, "Ringing")
    for agent, invite in silent:
        agent.answer(agent.expect("CANCEL", seconds=8), 200, "OK")
        agent.answer(invite, 487, "Request Terminated")
    forwarded_inside("135", "no-answer")
    forwarded_outside("quique", "no-answer", before)


@pytest.mark.acceptance("G-2")
def test_forwards_are_followed_three_times_and_never_to_oneself(house: House, centre: str, crew: Crew) -> None:
    caller, other, memo, omar, ines = crew.phones("uma", "rosa", "memo", "omar", "ines")
    before = len(house.carrier.offered())
    call = caller.dial("130")
    invite = memo.expect("INVITE")
    assert '"Uma" <sip:124@' in invite["from"], "the original caller is shown"
    diversions = ",".join(invite.all("diversion"))
    for digits in ("130", "131", "132"):
        assert f"sip:{digits}@" in diversions
        assert f"sip:{digits}@" in ",".join(invite.all("history-info"))
    assert "unconditional" in diversions
    memo.answer(invite, 486, "Busy Here")
    rings(other, "119", omar)
    # Three diversions that the carrier tells of count too: Ines' forward would be the fourth.
    told = tuple(("Diversion", f"<sip:+5255987654{n}@x>;reason=unconditional") for n in (31, 32, 33))
    inbound = house.carrier.call(number_of("ines"), OUTSIDE, house.building.uplink_address, headers=told)
    ines.take(ines.expect("INVITE"))
    until(lambda: house.carrier.state(inbound) == "talking", 5, "she answers at her own phone")
    house.carrier.hang_up(inbound)
    assert caller.outcome(call, 20).status == 486, "his own forward would be the fourth"
    assert len(house.carrier.offered()) == before, "nobody was forwarded outside"


@pytest.mark.acceptance("G-2")
def test_a_forward_to_oneself_or_abroad_without_permission_is_refused_aloud(
    house: House, centre: str, crew: Crew
) -> None:
    gala, luis, caller = crew.phones("gala", "luis", "uma")
    asked = [(agent := crew.phone("gala"), agent.dial(code)) for code in ("*72111", f"*72{ABROAD}")]
    said_back(crew, luis, f"*72{ABROAD}", Cue.FORWARD_ALL_ON)
    assert offered(house.carrier, caller, "116").user == "+14155552671", "Luis may call abroad, and so forward there"
    said_back(crew, luis, "*73", Cue.FORWARD_ALL_OFF)
    for agent, call in asked:
        crew.says(agent, call, Announcement.FORWARD_REFUSED, *range(400, 500))
    assert habits(house, "person-gala").forward_mode == "disabled"
    rings(caller, "111", gala)


@pytest.mark.acceptance("G-2")
def test_an_outside_caller_is_shown_at_the_target_and_the_forwarder_is_asserted(house: House, centre: str) -> None:
    before = len(house.carrier.offered())
    inbound = house.carrier.call(number_of("ines"), OUTSIDE, house.building.uplink_address)
    until(lambda: house.carrier.state(inbound) == "talking", 8, "the target answers")
    (offer,) = house.carrier.offered()[before:]
    told = {name.lower(): value for name, value in offer.headers}
    assert offer.user == f"+52{MOBILE}"
    assert OUTSIDE in offer.caller and number_of("ines") in offer.asserted
    assert number_of("ines") in told["diversion"] and number_of("ines") in told["history-info"]
    house.carrier.hang_up(inbound)


@pytest.mark.acceptance("G-2")
def test_what_nobody_takes_outside_goes_to_the_mailbox_and_what_must_be_accepted_waits_for_1(
    house: House, centre: str, crew: Crew
) -> None:
    """Mara's calls go to a telephone that rings and rings; Saúl's to one where 1 must be pressed."""
    house.carrier.number(f"+52{DEAF_MOBILE}", status=-1)
    caller, other = crew.phones("uma", "rosa")
    before, began = len(house.carrier.offered()), time.monotonic()
    call, must_accept = caller.dial("117"), other.dial("122")
    offers = until(
        lambda: o if len(o := house.carrier.offered()[before:]) == 2 else None, 8, "both targets are called"
    )
    mobile = next(o for o in offers if o.user == f"+52{MOBILE}")
    until(lambda: house.carrier.state(mobile.call_id) == "talking", 5, "somebody answers there")
    assert not any(m.status == 200 for m in iter(lambda: other.receive(0.3), None)), "it is not connected yet"
    pressed = time.time()
    house.carrier.press(mobile.call_id, "1")
    assert other.outcome(must_accept).status == 200
    until(lambda: tone_level(crew.heard(other, pressed)[-4000:], CARRIER_HZ) > -30, 5, "she hears the mobile")
    other.request(must_accept, "BYE")

    assert caller.outcome(call).status == 200
    assert 3.5 < time.monotonic() - began < 8, "the mailbox answers after Mara's four seconds"
    until(lambda: len(crew.heard(caller)) > 8000, 8, "it greets the caller")
    caller.request(call, "BYE")
    deaf = next(o for o in offers if o.user == f"+52{DEAF_MOBILE}")
    assert house.carrier.state(deaf.call_id) == "refused", "it rings no more"
