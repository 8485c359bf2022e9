"""Groups, forwards, codes, hidden numbers, emergencies and limits, with real phones: centre up, and cut off."""

import json
import re
import time
from collections.abc import Iterator
from email.message import EmailMessage
from typing import TypeVar

import pytest

from appliance.directory.reports import EdgeReport
from appliance.snmp.objects import CONSERJE
from tests.acceptance.conftest import House, house_rows
from tests.lab.capture import read_capture
from tests.lab.lab import Lab
from tests.lab.letterbox import Letterbox
from tests.lab.pageclient import PageClient
from tests.lab.phones import Phone
from tests.lab.sample import feature_rows
from tests.lab.siptext import Message, parse
from tests.lab.waiting import until
from wire.services import Preferences

T = TypeVar("T")
MOBILE = "5512345678"
ABROAD = "0014155552671"


@pytest.fixture(scope="module")
def offices() -> Iterator[House]:
    """A house of this module's own: its people change their settings."""
    with Lab() as lab:
        rows = {(r.kind, r.id): r for r in (*house_rows(), *feature_rows())}
        yield House(lab, lab.building(enrolled=True, rows=tuple(rows.values())))


@pytest.fixture(params=["up", "cut"], scope="module")
def linked(request: pytest.FixtureRequest, offices: House) -> Iterator[str]:
    if request.param == "cut":
        offices.building.cut_centre()
    yield str(request.param)
    offices.building.mend_centre()


@pytest.fixture
def people(offices: House, linked: str) -> Iterator[tuple[Phone, Phone, Phone]]:
    """Ana, Beto and Elsa, with nothing going on."""
    yield offices.phone("ana"), offices.phone("beto"), offices.phone("elsa")
    offices.quiet()


def sent_to(phone: Phone, method: str, since: float) -> list[Message]:
    """Requests of a method that reached a phone."""
    found = (parse(d.payload) for d in read_capture(phone.capture_file) if d.at >= since)
    return [m for m in found if m is not None and not m.is_response and m.method == method]


def said_back(phone: Phone, code: str) -> None:
    """Dials a code and hears it confirmed."""
    call = phone.call(code).established()
    call.hears_words()
    call.ended(30)


def habits(house: House, person: str) -> Preferences:
    found = house.building.directory_in_force().service(Preferences, person)
    return found or Preferences(person, "")


def offered(house: House, before: int) -> dict[str, str]:
    """Headers of the call that the carrier was offered."""
    new = until(lambda: house.carrier.offered()[before:], 8, "the carrier is offered the call")
    return {"user": new[-1].user, "from": new[-1].caller, "asserted": new[-1].asserted, "privacy": new[-1].privacy} | {
        name.lower(): value for name, value in new[-1].headers
    }


@pytest.mark.acceptance("R-1")
def test_a_group_rings_together_and_who_loses_is_told_that_it_was_answered(
    people: tuple[Phone, Phone, Phone],
) -> None:
    ana, beto, elsa = people
    beto.behaviour = elsa.behaviour = "ring"
    since, before = time.time(), (beto.called(), elsa.called())
    call = ana.call("150").ringing()
    at_beto, at_elsa = beto.incoming(after=before[0]), elsa.incoming(after=before[1])
    assert abs(at_beto.started_at - at_elsa.started_at) < 1
    elsa.answer(at_elsa)
    call.established()
    at_beto.ended(3)
    (cancel, *_) = until(lambda: sent_to(beto, "CANCEL", since), 3, "Beto's phone is told")
    assert "cause=200" in cancel.get("reason")


@pytest.mark.acceptance("R-2")
def test_a_group_in_turn_goes_on_at_once_from_who_is_busy(people: tuple[Phone, Phone, Phone]) -> None:
    ana, beto, elsa = people
    beto.behaviour = "busy"
    before = elsa.called()
    call = ana.call("151").established(4)
    assert "101" in elsa.incoming(after=before).peer
    call.hears(elsa.hz)


@pytest.mark.acceptance("R-3")
def test_a_group_that_nobody_answers_ends_in_its_mailbox(people: tuple[Phone, Phone, Phone]) -> None:
    ana, beto, elsa = people
    beto.behaviour = elsa.behaviour = "ring"
    call = ana.call("150").established(12)
    assert call.setup_s() > 4
    call.hears_words()


@pytest.mark.acceptance("G-1")
def test_a_forward_by_code_counts_at_once_and_its_phone_stays_silent(
    offices: House, people: tuple[Phone, Phone, Phone]
) -> None:
    ana, beto, _ = people
    said_back(beto, f"*21*{MOBILE}#")
    until(lambda: habits(offices, "person-beto").forward_mode == "always", 1.5, "the forward is in force")
    rung, before = beto.called(), len(offices.carrier.offered())
    call = ana.call("102").established(8)
    told = offered(offices, before)
    assert told["user"] == f"+52{MOBILE}"
    assert "+525550000101" in told["from"], "the original caller is shown"
    assert "+525550000102" in told["diversion"] and "unconditional" in told["diversion"]
    assert "+525550000102" in told["history-info"]
    assert beto.called() == rung
    call.hang_up()
    said_back(beto, "*73")
    until(lambda: habits(offices, "person-beto").forward_mode == "disabled", 1.5, "the forward is off")
    ana.call("102").established().hears(beto.hz)


@pytest.mark.acceptance("G-2")
def test_unanswered_forwards_and_busy_ones_end_in_the_mailbox(
    offices: House, people: tuple[Phone, Phone, Phone]
) -> None:
    ana, beto, elsa = people
    said_back(beto, "*92103")
    beto.behaviour = elsa.behaviour = "ring"
    before = elsa.called()
    call = ana.call("102").ringing()
    elsa.incoming(8, after=before)
    call.established(10).hears_words()
    call.hang_up()
    beto.behaviour = "answer"
    said_back(beto, "#61#")


@pytest.mark.acceptance("W-1")
def test_a_second_call_rings_unless_call_waiting_is_off(offices: House, people: tuple[Phone, Phone, Phone]) -> None:
    ana, beto, elsa = people
    ana.call("103").established()
    before = elsa.called()
    second = beto.call("103").established()
    assert elsa.called() == before + 1
    second.hang_up()
    ana.hang_up_all()
    said_back(elsa, "#43#")
    ana.call("103").established()
    assert beto.call("103").ended(15).startswith("486")
    ana.hang_up_all()
    said_back(elsa, "*43#")


@pytest.mark.acceptance("H-1")
def test_a_hidden_number_is_asserted_to_the_carrier_alone(offices: House, people: tuple[Phone, Phone, Phone]) -> None:
    ana, beto, _ = people
    before = len(offices.carrier.offered())
    ana.call(f"*67{MOBILE}").established()
    told = offered(offices, before)
    assert "anonymous@anonymous.invalid" in told["from"]
    assert (told["privacy"], told["user"]) == ("id", f"+52{MOBILE}")
    assert "+525550000101" in told["asserted"]
    ana.hang_up_all()
    calls = beto.called()
    ana.call("*67102").established()
    assert "101" in beto.incoming(after=calls).peer


@pytest.mark.acceptance("E-1", "E-3")
def test_an_emergency_carries_its_place_and_alerts_within_ten_seconds(
    offices: House, people: tuple[Phone, Phone, Phone]
) -> None:
    ana, _, _ = people
    before, since = len(offices.carrier.offered()), time.time()
    ana.call("*67911").established()
    told = offered(offices, before)
    assert (told["user"], told["privacy"]) == ("911", "")
    assert "+525550000100" in told["from"]
    assert "pidf+xml" in told["geolocation"]

    def alarm() -> bool:
        report = offices.building.report(EdgeReport)
        return bool(report and any(a.kind == "emergency" and "101" in a.subject for a in report.alerts))

    until(alarm, 10, "the building alerts")
    facts = offices.building.local().recent("emergency_called", 5)
    assert "Reforma" in facts[0].body["location"]
    assert time.time() - since < 10
    ana.hang_up_all()
    said_back(ana, "*9411")
    assert offered(offices, before)["user"] == "911", "the test made no call"
    assert until(lambda: offices.building.local().recent("emergency_called", 1)[0].body["test"], 5, "a test is noted")


@pytest.fixture(scope="module")
def letters(offices: House) -> Iterator[Letterbox]:
    """A mail server beside the centre; Acme has an administrator who reads mail."""
    centre = offices.lab.centre
    centre.command("operator", "add", "jefa@acme.example", "--account", "acct-acme")
    box = centre.start_mail()
    yield box
    box.stop()


def snmp(house: House, *numbers: int) -> str:
    """An object of ours, as a monitoring station at the management side reads it."""
    assert house.building.place
    ours = house.building.settings
    oid = "." + ".".join(map(str, (*CONSERJE, 1, *numbers)))
    argv = ["snmpget", "-v2c", "-c", "lab-reads", "-Oqv", f"{ours.network.management_address}:{ours.snmp.port}", oid]
    said = " ".join(house.building.place.run(argv).stdout.strip('" \n').split())
    # Octets that are not ASCII come in hexadecimal.
    coded = re.fullmatch(r"([0-9A-F]{2} ){3,}[0-9A-F]{2}", said)
    return bytes.fromhex(said).decode("utf-8", "surrogateescape") if coded else said


@pytest.mark.acceptance("E-3")
@pytest.mark.parametrize(
    ("dialled", "kind", "subject"),
    [("911", "call-emergency", "Llamada de"), ("*9411", "call-emergency-test", "PRUEBA")],
)
def test_people_learn_of_an_emergency_and_of_a_test_at_the_page_by_snmp_and_by_mail(
    offices: House,
    people: tuple[Phone, Phone, Phone],
    linked: str,
    letters: Letterbox,
    dialled: str,
    kind: str,
    subject: str,
) -> None:
    _, beto, _ = people
    page = PageClient(offices.building, "viewer")
    test = dialled != "911"
    count, at = ((5, 0), (6, 0)) if test else ((1, 0), (2, 0))
    before, offered_before, read = int(snmp(offices, 7, *count)), len(offices.carrier.offered()), len(letters.taken)
    dialled_at = time.monotonic()
    beto.call(dialled).established()

    def alarm() -> str:
        found = re.findall(r'<li class="alarm[^>]*data-code="(.*?)".*?</li>', page.fragment("overview", "alarms"), re.S)
        return next((kind for code in found if code == kind), "")

    until(alarm, 10, "the page shows it")
    shown = page.fragment("overview", "alarms")
    (line, *_) = [a for a in re.findall(r"<li.*?</li>", shown, re.S) if f'data-code="{kind}"' in a and "102 Beto" in a]
    assert "Reforma" in line and "102 Beto" in line
    assert "<time" in line, "since when"
    until(lambda: int(snmp(offices, 7, *count)) > before, 10, "SNMP tells")
    year = snmp(offices, 7, *at).encode("utf-8", "surrogateescape")[:2]
    assert int.from_bytes(year) == time.gmtime().tm_year, "and when"
    if not test:
        assert snmp(offices, 7, 3, 0) == "102 Beto Díaz"
        assert "Reforma" in snmp(offices, 7, 4, 0)

    def mail() -> EmailMessage | None:
        return next((m for m in letters.taken[read:] if subject in str(m["Subject"])), None)

    if linked == "cut":
        assert time.monotonic() - dialled_at <= 10
        assert mail() is None
        offices.building.mend_centre()
    letter = until(mail, 10 if linked == "up" else 60, "the company's administrator has mail")
    if linked == "cut":
        offices.building.cut_centre()
    else:
        assert time.monotonic() - dialled_at <= 10, "all of it within ten seconds"
    text = letter.get_content()
    assert letter["To"] == "jefa@acme.example"
    assert "102" in text and "Reforma" in text and dialled in text and re.search(r"Time: 20\d\d-", text)
    beto.hang_up_all()
    assert (len(offices.carrier.offered()) == offered_before) is test, "a test calls nobody"

    def record() -> str:
        found = offices.building.local().recent("cdr", 5)
        return next((str(e.body["call_class"]) for e in found if e.body["dialled"] == dialled), "")

    assert until(record, 10, "its record is written") == ("service" if test else "emergency")


@pytest.mark.acceptance("Q-6")
def test_the_second_call_abroad_at_once_is_stopped_and_alerts(
    offices: House, people: tuple[Phone, Phone, Phone]
) -> None:
    ana, _, _ = people
    first = ana.call(ABROAD).established()
    words = ("explain", "--from", "101", "--account", "acct-acme", "--to", ABROAD, "--json")
    explained = json.loads(offices.building.command(*words).stdout)
    assert explained["steps"][0]["step"] == "say", "explain knows the calls that there are"
    stopped = ana.call(ABROAD)
    assert stopped.ended(20).startswith("403")
    until(lambda: offices.building.local().recent("limit_breached", 1), 5, "the breach is noted")

    # A Kamailio that begins anew has forgotten how many there are; it is told.
    offices.building.processes.kill_and_time("kamailio")

    def counted() -> bool:
        return bool(json.loads(offices.building.command(*words).stdout)["steps"][0]["step"] == "say")

    until(counted, 15, "the call that is up is counted again")
    assert ana.call(ABROAD).ended(20).startswith("403")
    first.hang_up()
    first.ended()
    again = ana.call(ABROAD).established()
    again.hang_up()


@pytest.mark.acceptance("X-4", "D-5")
def test_star_99_reaches_the_mailbox_and_nobody_else_calls_abroad(people: tuple[Phone, Phone, Phone]) -> None:
    ana, beto, _ = people
    rung = beto.called()
    ana.call("*99102").established().hears_words()
    assert beto.called() == rung
    assert beto.call(ABROAD).ended(20).startswith("403")


def test_redial_and_call_back(people: tuple[Phone, Phone, Phone]) -> None:
    ana, beto, _ = people
    ana.call("102").established()
    ana.hang_up_all()
    before = beto.called()
    ana.call("*66").established()
    ana.hang_up_all()
    assert beto.called() == before + 1
    before = ana.called()
    beto.call("*69").established()
    assert ana.called() == before + 1


@pytest.mark.acceptance("G-1")
def test_what_was_changed_while_cut_off_reaches_the_centre(offices: House) -> None:
    ana = offices.phone("ana")
    offices.building.cut_centre()
    said_back(ana, "*78")
    until(lambda: habits(offices, "person-ana").do_not_disturb, 1.5, "it counts at once")
    offices.building.mend_centre()

    def at_centre() -> bool:
        local = offices.building.local()
        return local.waiting_count() == 0 and "do_not_disturb=" in habits(offices, "person-ana").stamps

    until(at_centre, 30, "the centre has it, and its copy agrees")
    said_back(ana, "*79")
    offices.quiet()


@pytest.mark.acceptance("E-2")
def test_an_emergency_without_any_way_out_is_said_aloud_and_alerts(
    offices: House, people: tuple[Phone, Phone, Phone]
) -> None:
    ana, _, _ = people

    def trunk_states() -> set[str]:
        report = offices.building.report(EdgeReport)
        return {str(t.state) for t in report.trunks} if report else set()

    noted = len(offices.building.local().recent("emergency_called", 50))
    offices.building.cut_carrier()
    try:
        until(lambda: trunk_states() == {"down"}, 15, "the trunk is found down")
        call = ana.call("066").hears_words(20)
        until(lambda: len(offices.building.local().recent("emergency_called", 50)) > noted, 10, "it is noted")
        assert call.ended(40).startswith("503")
    finally:
        offices.building.mend_carrier()
    # It is believed again only a while later: a link that flaps is damped.
    seen = offices.carrier.options_seen()
    until(lambda: offices.carrier.options_seen() > seen, 30, "the carrier hears the building again")
