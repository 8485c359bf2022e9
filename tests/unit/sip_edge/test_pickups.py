"""Who may take whose call, who may park, and that a plan with a pickup travels whole. Pure."""

from appliance.sip_edge.carry import pack, unpack
from appliance.sip_edge.plan import PickUp, Plan, Say, ToVoice
from appliance.sip_edge.slots import is_slot
from tests.lab.sample import ACME, sip_user
from tests.unit.sip_edge.building import building, dial
from wire.rows import Extension
from wire.services import Member, RingGroup

SALES = RingGroup("rg-sales", ACME, "Ventas")
GROUP = (
    SALES,
    Extension("ext-sales", ACME, "150", "ring_group", SALES.id),
    Member("m-1", ACME, SALES.id, 1, "person", "person-ana"),
    Member("m-2", ACME, SALES.id, 2, "phone", "phone-beto"),
)


def taken(plan: Plan) -> set[str]:
    step = plan.steps[0]
    return {t.sip_user for t in step.targets} if isinstance(step, PickUp) else set()


def test_a_directed_pickup_takes_what_rings_at_that_extension() -> None:
    assert taken(dial("**102")) == {sip_user("beto")}
    assert taken(dial("**101", who="dario")) == {sip_user("carla")}, "101 of its own company"


def test_nobody_picks_up_where_nobody_is() -> None:
    for dialled in ("**199", "**101"):
        assert isinstance(dial(dialled).steps[0], Say), dialled


def test_the_group_code_takes_from_colleagues_of_the_group_else_of_the_company() -> None:
    directory = building(*GROUP)
    assert taken(dial("*8", directory=directory)) == {sip_user("beto")}
    assert taken(dial("*8", who="elsa", directory=directory)) == {sip_user("ana"), sip_user("beto")}
    assert taken(dial("**150", who="elsa", directory=directory)) == {sip_user("ana"), sip_user("beto")}
    assert taken(dial("*8", who="dario", directory=directory)) == {sip_user("carla")}


def test_parking_and_fetching_are_asked_of_voice() -> None:
    park, fetch, orbit = dial("*85").steps[0], dial("*8573").steps[0], dial("73").steps[0]
    assert isinstance(park, ToVoice)
    assert (park.service, park.param("target")) == ("park", "")
    assert park.param("arg").startswith("park,")
    assert isinstance(fetch, ToVoice)
    assert fetch == orbit
    assert (fetch.param("target"), fetch.param("arg"), fetch.param("account")) == ("73", "fetch", ACME)
    assert isinstance(dial("*8512").steps[0], Say)


def test_an_extension_goes_before_a_slot_of_the_same_digits() -> None:
    directory = building(Extension("ext-71", ACME, "71", "person", "person-beto"))
    assert not isinstance(dial("71", directory=directory).steps[0], ToVoice)
    assert [d for d in ("70", "71", "79", "80", "7", "711", "7a") if is_slot(d)] == ["71", "79"]


def test_a_pickup_travels_with_its_transaction() -> None:
    plan = dial("**102")
    assert unpack(pack(plan)).steps == plan.steps
