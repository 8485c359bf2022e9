"""What the dialling plans of 2017 and of today make of the same keys; what is refused in words: up and cut."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from appliance.vocabulary import Announcement
from tests.acceptance.conftest import House
from tests.acceptance.crew import Crew, offered
from tests.lab.coral import CORAL
from tests.lab.portalclient import PortalClient, told
from tests.lab.waiting import until
from wire.rows import DialProfile

OLD_FORMS = (
    ("gala", "013331234567", "+523331234567"),
    ("hugo", "0445512345678", "+525512345678"),
    ("kari", "0456641234567", "+526641234567"),
    ("rosa", "12345678", "+525512345678"),  # area code 55, the site's
    ("tina", "1234567", "+526641234567"),  # area code 664, her own
)
ABROAD = "0014155552671"


@pytest.fixture(scope="module", params=["mx2017", "mx2020 strict"])
def plan(request: pytest.FixtureRequest, shared_house: House, centre: str) -> Iterator[str]:
    """The building's dialling plan; its carrier is one that is not trusted with hidden numbers."""
    directory = shared_house.building.directory_in_force()
    site, (trunk,) = directory.site, directory.trunks()
    profile, _, strict = str(request.param).partition(" ")
    other = replace(site, dial_profile=DialProfile(profile), strict_dialling=bool(strict))
    shared_house.rearrange(centre, other, replace(trunk, trusted=False))
    yield str(request.param)
    shared_house.rearrange(centre, site, trunk)


@pytest.mark.acceptance("D-2")
def test_old_forms_are_called_with_the_plan_of_2017_and_refused_in_words_with_that_of_2020(
    house: House, centre: str, plan: str, crew: Crew
) -> None:
    if plan == "mx2017":
        for person, dialled, called in OLD_FORMS:
            assert offered(house.carrier, crew.phone(person), dialled).user == called
        return
    before = len(house.carrier.offered())
    calls = [(agent := crew.phone(person), agent.dial(dialled)) for person, dialled, _ in OLD_FORMS]
    for agent, call in calls:
        crew.says(agent, call, Announcement.INVALID_PREFIX, 484, 404)
    assert len(house.carrier.offered()) == before, "nothing was tried by the trunk"


@pytest.mark.acceptance("H-1")
def test_a_hidden_number_is_not_told_to_a_carrier_that_is_not_trusted(
    house: House, centre: str, plan: str, crew: Crew
) -> None:
    told = offered(house.carrier, crew.phone("gala"), "*675512345678")
    assert "anonymous@anonymous.invalid" in told.caller
    assert told.privacy == "id"
    assert "+525550000311" not in str(told.headers), "her number stands nowhere"


@pytest.mark.acceptance("D-4", "D-5")
def test_numbers_without_cost_connect_and_what_costs_is_refused_in_words(
    house: House, centre: str, crew: Crew
) -> None:
    luis = crew.phone("luis")
    for dialled, called in (("8001234567", "+528001234567"), ("018001234567", "+528001234567"),
                            (ABROAD, "+14155552671")):  # fmt: skip
        assert offered(house.carrier, luis, dialled).user == called
    before = len(house.carrier.offered())
    refused = (
        ("luis", "9001234567", Announcement.PREMIUM_BLOCKED),
        ("gala", ABROAD, Announcement.NOT_PERMITTED),  # nobody gave her the right: as a new person is
        ("luis", "0915512345678", Announcement.NOT_PERMITTED),
        ("luis", "025512345678", Announcement.NOT_PERMITTED),
        ("zoe", ABROAD, Announcement.NO_CREDIT),  # she has the right, her company no peso
    )
    calls = [(agent := crew.phone(who), agent.dial(dialled), sentence) for who, dialled, sentence in refused]
    for agent, call, sentence in calls:
        crew.says(agent, call, sentence, 403)
    assert len(house.carrier.offered()) == before, "nothing was tried by the trunk"

    def recorded() -> dict[str, str]:
        facts = house.building.local().recent("cdr", 50)
        return {f.body["dialled"]: f.body["call_class"] for f in facts if f.body["call_id"] in asked}

    asked = {call.call_id for _, call, _ in calls}
    until(lambda: len(recorded()) == 4, 10, "each refused call has its record")
    assert recorded()["9001234567"] == "premium"
    assert recorded()[ABROAD] == "international"


CONFLICTS = (
    ("9115", "911"), ("1911", "911"), ("911", "911"), ("91", "911"), ("2066", "066"), ("1061", "061"), ("1020", "020"),
    ("1089", "089"), ("530", "53053"),
)  # fmt: skip


@pytest.mark.acceptance("D-7")
def test_an_extension_like_a_public_number_is_refused_and_a_digit_too_many_leads_to_nobody(
    house: House, centre: str, crew: Crew
) -> None:
    """The centre says why, whether it reaches the building or not; what the building has leads to no such extension."""
    portal = PortalClient(house.lab.centre)
    path = f"/accounts/{CORAL}/people/new"
    for digits, code in CONFLICTS:
        answer = portal.send(path, first_name="Nueva", last_name=f"Persona {digits}", extension=digits)
        assert answer.status_code == 422, digits
        assert code in told(answer.text), (digits, told(answer.text))
    before = len(house.carrier.offered())
    dialled = (("gala", "9115", Announcement.NO_SUCH_EXTENSION), ("hugo", "0661", Announcement.INVALID_PREFIX),
               ("kari", "1911", Announcement.NO_SUCH_EXTENSION))  # fmt: skip
    calls = [(agent := crew.phone(who), agent.dial(digits), sentence) for who, digits, sentence in dialled]
    for agent, call, sentence in calls:
        crew.says(agent, call, sentence, 404, 484)
    assert len(house.carrier.offered()) == before
    directory = house.building.directory_in_force()
    assert not [digits for digits, _ in CONFLICTS if directory.extension(CORAL, digits)]
