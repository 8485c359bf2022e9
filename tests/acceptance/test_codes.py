"""Codes of a person's own phone, in both styles: what is said back, what a call then does, what reaches the centre."""

import json
import time

import pytest

from appliance.vocabulary import Announcement, Cue
from appliance.voice.menu_sentences import Say
from tests.acceptance.conftest import House
from tests.acceptance.crew import LANGUAGE, Crew, rings
from tests.acceptance.test_call_waiting import hangs_up, pia_of
from tests.integration.sip_edge.agent import Agent, Call
from tests.lab.audio import HEARD, heard, tone_level
from tests.lab.coral import BOX_PIN, CORAL, MOBILE, number_of
from tests.lab.phones import Phone, PhoneCall
from tests.lab.portalclient import PortalClient
from tests.lab.waiting import until
from wire.services import Preferences, Receptionist

BEGINNING = 20_000
"""So much of a long sentence is enough to know it: two and a half seconds."""


def habits(house: House, person: str) -> Preferences:
    return house.building.directory_in_force().service(Preferences, person) or Preferences(person, CORAL)


def told(crew: Crew, call: PhoneCall, sentence: str) -> None:
    """Waits until a real phone has heard this sentence."""
    words = crew.shelf.words(sentence, LANGUAGE)
    assert words is not None, sentence
    until(lambda: call.streams() and heard(words[:BEGINNING], call.heard()) > HEARD, 25, f"{sentence} is said")


def hears(crew: Crew, agent: Agent, sentence: str, began: float) -> None:
    """The same, of an agent."""
    until(lambda: len(crew.heard(agent, began)) > 8000, 8, "something is said")
    until(lambda: crew.score(agent, sentence, began) > HEARD, 15, f"{sentence} is said")


def ends(agent: Agent, call: Call, other: Agent) -> None:
    """Hangs up a call between two agents."""
    agent.request(call, "BYE")
    other.answer(other.expect("BYE"), 200)
    agent.expect(200)


def test_redial_goes_where_the_last_call_went(house: House, centre: str, crew: Crew) -> None:
    gala, hugo = crew.phones("gala", "hugo")
    for code in ("112", "*66"):
        call = gala.dial(code)
        hugo.take(hugo.expect("INVITE"))
        assert gala.outcome(call).status == 200
        hugo.expect("ACK")
        ends(gala, call, hugo)


def missed(caller: Agent, phone: Phone, dialled: str) -> None:
    """Calls a real phone, which rings, and gives up."""
    before = phone.called()
    call = caller.dial(dialled)
    assert caller.expect(180)
    phone.incoming(after=before)
    caller.cancel(call)
    assert caller.outcome(call).status == 487


def test_the_last_caller_is_said_and_called_by_1(house: House, centre: str, crew: Crew) -> None:
    pia, (hugo,) = pia_of(house), crew.phones("hugo")
    pia.behaviour = "ring"
    missed(hugo, pia, "120")
    began, asks = time.time(), pia.call("*69").established()
    told(crew, asks, Say.LAST_CALLER)
    assert hugo.nothing(0.1), "nobody is called before 1 is pressed"
    asks.press("1")
    invite = hugo.expect("INVITE", seconds=10)
    assert "<sip:120@" in invite["from"]
    leg = hugo.take(invite)
    until(lambda: tone_level(crew.heard(hugo, began)[-4000:], pia.hz) > -30, 8, "he hears her")
    hangs_up(hugo, leg)
    asks.ended()

    before = pia.called()
    hidden = house.carrier.call(number_of("pia"), "anonymous", house.building.uplink_address)
    pia.incoming(after=before)
    house.carrier.hang_up(hidden)
    unknown = pia.call("*69")
    assert unknown.ended(30).startswith("404")
    told(crew, unknown, Announcement.LAST_CALLER_WITHHELD)


def test_who_was_never_reached_in_a_group_in_turn_has_missed_nobody(house: House, crew: Crew) -> None:
    gala, kari, rosa, uma = crew.phones("gala", "kari", "rosa", "uma")
    rings(rosa, "115", kari)
    call = uma.dial("151")
    gala.take(gala.expect("INVITE"))
    assert uma.outcome(call).status == 200
    ends(uma, call, gala)
    words = ("explain", "--from", "{}", "--account", CORAL, "--to", "*69", "--json", "--language", "en")
    for extension, last in (("115", "121"), ("111", "124")):
        said = json.loads(house.building.command(*(w.format(extension) for w in words)).stdout)
        assert f"The last call was with {last}." in json.dumps(said), said


@pytest.mark.acceptance("W-1")
def test_beside_a_call_made_with_star_70_nobody_else_is_let_in(house: House, centre: str, crew: Crew) -> None:
    uma, hugo, rosa = crew.phones("uma", "hugo", "rosa")
    call = uma.dial("*70112")
    leg = hugo.take(hugo.expect("INVITE"))
    assert uma.outcome(call).status == 200
    hugo.expect("ACK")
    crew.says(rosa, rosa.dial("124"), Announcement.BUSY, 486)
    assert uma.nothing(0.1), "she is not disturbed"
    assert habits(house, "person-uma").call_waiting, "her habit is what it was"
    rings(rosa, "112", hugo)
    ends(hugo, leg, uma)
    rings(rosa, "124", uma)


FORWARDS: tuple[tuple[str, str, Cue, str, str], ...] = (
    ("*67*112#", "forward_busy_to", Cue.FORWARD_BUSY_ON, "*90112", "112"),
    (f"*61*{MOBILE}", "forward_no_answer_to", Cue.FORWARD_NO_ANSWER_ON, f"*92{MOBILE}%23", MOBILE),
    ("#67", "forward_busy_to", Cue.FORWARD_BUSY_OFF, "*91%23", ""),
    ("#61#", "forward_no_answer_to", Cue.FORWARD_NO_ANSWER_OFF, "*93", ""),
)
"""Telmex's code as Pía dials it, its setting and sentence; the other style as Gala's phone sends it; the value."""


@pytest.mark.acceptance("G-1")
def test_forwards_on_busy_and_no_answer_are_set_by_codes_of_both_styles(
    house: House, centre: str, crew: Crew
) -> None:
    pia, (gala, hugo, rosa) = pia_of(house), crew.phones("gala", "hugo", "rosa")

    def dial(number: int) -> None:
        code, setting, cue, other, value = FORWARDS[number]
        began, second = time.time(), gala.dial(other)
        assert gala.outcome(second).status == 200
        first = pia.call(code).established()
        told(crew, first, cue)
        hears(crew, gala, cue, began)
        first.hang_up()
        hangs_up(gala, second)
        for person in ("person-pia", "person-gala"):
            until(lambda: getattr(habits(house, person), setting) == value, 1.5, f"{code} counts")  # noqa: B023

    dial(0)
    dial(1)
    pia.behaviour = "busy"
    for extension in ("120", "111"):
        call = rosa.dial(extension)
        if extension == "111":
            gala.answer(gala.expect("INVITE"), 486, "Busy Here")
        invite = hugo.expect("INVITE")
        assert f"<sip:{extension}@" in invite["diversion"] and "user-busy" in invite["diversion"]
        leg = hugo.take(invite)
        assert rosa.outcome(call).status == 200
        ends(hugo, leg, rosa)
    before = len(house.carrier.offered())
    call = rosa.dial("111")
    gala.answer(gala.expect("INVITE"), 480, "Temporarily Unavailable")
    assert rosa.outcome(call).status == 200
    assert house.carrier.offered()[before].user == f"+52{MOBILE}"
    hangs_up(rosa, call)
    dial(2)
    dial(3)
    call = rosa.dial("120")
    assert rosa.expect(183), "it is said that she is busy"
    assert hugo.nothing(0.1)
    rosa.cancel(call)


@pytest.mark.acceptance("V-6", "L-2")
def test_other_codes_of_both_styles_are_served(house: House, centre: str, crew: Crew) -> None:
    """The receptionist is closed and set back, a mailbox opened, a number read out."""
    pia, (uma, kari, tina) = pia_of(house), crew.phones("uma", "kari", "tina")

    def override() -> str:
        found = house.building.directory_in_force().service(Receptionist, "rec-coral")
        return found.override if found else ""

    began = time.time()
    closes, asks = uma.dial("*642%23"), kari.dial("*65%23")
    assert uma.outcome(closes).status == kari.outcome(asks).status == 200
    box = pia.call("*98").established()
    told(crew, box, Say.ENTER_EXTENSION)
    box.press("117#")
    hears(crew, uma, Cue.RECEPTIONIST_CLOSED, began)
    hears(crew, kari, Say.YOUR_EXTENSION, began)
    until(lambda: override() == "closed", 1.5, "the receptionist is closed")
    hangs_up(uma, closes)
    hangs_up(kari, asks)
    began, caller = time.time(), tina.dial("160")
    assert tina.outcome(caller).status == 200
    told(crew, box, Say.ENTER_PIN)
    box.press(f"{BOX_PIN}#")
    hears(crew, tina, Say.WELCOME_CLOSED, began)
    hangs_up(tina, caller)
    told(crew, box, Say.MAILBOX_KEYS)
    box.hang_up()
    began = time.time()
    direct, by_hours = pia.call("*98117#").established(), uma.dial("*640")
    assert uma.outcome(by_hours).status == 200
    told(crew, direct, Say.ENTER_PIN)
    direct.hang_up()
    hears(crew, uma, Cue.RECEPTIONIST_AUTO, began)
    until(lambda: override() == "auto", 1.5, "it goes by its hours again")
    hangs_up(uma, by_hours)


@pytest.mark.acceptance("V-6")
def test_the_portal_closes_and_opens_a_receptionist_for_the_next_caller(house: House, crew: Crew) -> None:
    (tina,) = crew.phones("tina")
    portal = PortalClient(house.lab.centre)
    page = f"/accounts/{CORAL}/services"

    path = f"/accounts/{CORAL}/receptionists/rec-coral/override"

    def greets(override: str, greeting: Say) -> None:
        assert portal.send(path, page, override=override).status_code == 302

        def here() -> bool:
            found = house.building.directory_in_force().service(Receptionist, "rec-coral")
            return found is not None and found.override == override

        until(here, 5, f"it is {override}")
        began, call = time.time(), tina.dial("160")
        assert tina.outcome(call).status == 200
        hears(crew, tina, greeting, began)
        hangs_up(tina, call)

    greets("closed", Say.WELCOME_CLOSED)
    greets("open", Say.WELCOME)
    assert portal.send(path, page, override="auto").status_code == 302


@pytest.mark.acceptance("G-1", "W-1")
def test_what_was_changed_while_cut_off_reaches_the_centre(house: House, crew: Crew) -> None:
    uma = crew.phone("uma")
    for code, disturb, cue in (
        ("*78", True, Cue.DO_NOT_DISTURB_ON),
        ("*79%23", False, Cue.DO_NOT_DISTURB_OFF),
    ):
        if disturb:
            house.building.cut_centre()
        began, call = time.time(), uma.dial(code)
        assert uma.outcome(call).status == 200
        hears(crew, uma, cue, began)
        uma.request(call, "BYE")
        until(lambda: habits(house, "person-uma").do_not_disturb is disturb, 1.5, "it counts at once")  # noqa: B023
        house.building.mend_centre()

        def at_centre() -> bool:
            local = house.building.local()
            return local.waiting_count() == 0 and "do_not_disturb=" in habits(house, "person-uma").stamps

        until(at_centre, 30, "the centre has it, and its copy agrees")
