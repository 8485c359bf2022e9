"""Who is told of an emergency, and calls abroad at once that are counted: real phones, centre up, and cut off."""

import json
import re
import time
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from appliance.snmp.objects import CONSERJE
from tests.acceptance.conftest import House, house_rows
from tests.lab.lab import Lab
from tests.lab.letterbox import Letterbox
from tests.lab.pageclient import PageClient
from tests.lab.phones import Phone
from tests.lab.sample import feature_rows
from tests.lab.waiting import until

ABROAD = "0014155552671"


@pytest.fixture(scope="module")
def offices() -> Iterator[House]:
    """A house of this module's own: its people change their settings."""
    with Lab() as lab:
        rows = {(r.kind, r.id): r for r in (*house_rows(), *feature_rows())}
        yield House(lab, lab.building(enrolled=True, rows=tuple(rows.values())))


@pytest.fixture(params=["up", "cut"], scope="module")
def centre(request: pytest.FixtureRequest, offices: House) -> Iterator[str]:
    if request.param == "cut":
        offices.building.cut_centre()
    yield str(request.param)
    offices.building.mend_centre()


@pytest.fixture
def people(offices: House, centre: str) -> Iterator[tuple[Phone, Phone, Phone]]:
    """Ana, Beto and Elsa, with nothing going on."""
    yield offices.phone("ana"), offices.phone("beto"), offices.phone("elsa")
    offices.quiet()


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
    centre: str,
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

    if centre == "cut":
        assert time.monotonic() - dialled_at <= 10
        assert mail() is None
        offices.building.mend_centre()
    letter = until(mail, 10 if centre == "up" else 60, "the company's administrator has mail")
    if centre == "cut":
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
