"""Transfers of a neighbour company's callers: in the company of who transfers, with real phones and their sound."""

from collections.abc import Iterator

import pytest

from appliance.vocabulary import Announcement
from appliance.voice.menu_sentences import Say
from appliance.voice.prompts import Shelf
from tests.acceptance.conftest import House
from tests.acceptance.test_transfers import replaces, transfers
from tests.lab.audio import HEARD, heard
from tests.lab.phones import Phone, PhoneCall
from tests.lab.sample import ACME
from tests.lab.waiting import until
from wire.services import Mailbox

ANA, CARLA = "5550000101", "+525550000201"
ELSAS = Mailbox("box-elsa-neighbour", ACME, "Elsa Ruiz", "person-elsa")


@pytest.fixture(scope="module")
def box(shared_house: House) -> Iterator[None]:
    """Elsa of Acme has a mailbox."""
    house, in_force = shared_house, shared_house.building.directory_in_force
    house.building.mend_centre()
    house.lab.centre.put(ELSAS)
    until(lambda: in_force().service(Mailbox, ELSAS.id), 10, "the building has it")
    yield
    house.building.mend_centre()
    with house.lab.centre.editing(ACME) as edit:
        edit.delete(ELSAS)
    until(lambda: in_force().service(Mailbox, ELSAS.id) is None, 20, "the mailbox is gone")


def called_by_carla(house: House) -> tuple[Phone, PhoneCall, PhoneCall]:
    """Ana's phone, the call that she is in with Carla of Bravo, and Carla's side of it."""
    ana, carla = house.people("ana", "carla")
    before = ana.called()
    call = carla.call(ANA).established().hears(ana.hz)
    return ana, ana.incoming(after=before), call


def tells(house: House, call: PhoneCall, sentence: str, seconds: float = 10) -> None:
    """Waits until a phone was told this, in Spanish."""
    shelf = Shelf.of(house.building.settings)
    until(lambda: not shelf.missing(), 90, "voice has made its sentences")
    words = shelf.words(sentence, "es-MX")
    assert words is not None
    until(lambda: heard(words, call.heard()) > HEARD, seconds, f"{call.phone.name} is told {sentence}")


@pytest.mark.acceptance("X-2", "X-3", "J-1")
@pytest.mark.parametrize("asked", [False, True], ids=["blind", "attended"])
def test_a_neighbour_reaches_the_transferors_colleague(house: House, centre: str, asked: bool) -> None:
    """Carla of Bravo talks with Ana of Acme, who sends her to 102: at Acme that is Beto, at Bravo Darío."""
    ana, beto, carla, dario = house.people("ana", "beto", "carla", "dario")
    before, others = ana.called(), dario.called()
    call = carla.call(ANA).established().hears(ana.hz)
    talking = ana.incoming(after=before)
    rung = beto.called()
    if asked:
        talking.hold()
        consulting = ana.call("102").established().hears(beto.hz)
        taking = beto.incoming(after=rung)
        transfers(ana, talking, "102", replaces(consulting))
    else:
        transfers(ana, talking, "102")
        taking = beto.incoming(8, after=rung).established()
        assert CARLA in taking.peer, "her full number, as between companies"
    taking.hears(carla.hz, 8)
    call.hears(beto.hz, 8)
    talking.ended(5)
    assert dario.called() == others
    call.hang_up()
    taking.ended(5)


@pytest.mark.acceptance("X-4", "J-1")
def test_a_neighbour_is_transferred_to_a_colleagues_mailbox(house: House, box: None, centre: str) -> None:
    """It is Elsa's of Acme, whose extension Bravo does not have; her phone is not rung."""
    elsa = house.phone("elsa")
    rung = elsa.called()
    ana, talking, call = called_by_carla(house)
    transfers(ana, talking, "*99103")
    tells(house, call, Say.MAILBOX_OF)
    talking.ended(5)
    assert elsa.called() == rung
    call.hang_up()


@pytest.mark.acceptance("K-3", "J-1")
def test_a_neighbour_is_parked_for_who_parked_it_alone(house: House, centre: str) -> None:
    """At Acme's slot 75. Carla's own colleague finds nothing at Bravo's, and nothing that rings; and hears so."""
    elsa, dario = house.people("elsa", "dario")
    ana, talking, call = called_by_carla(house)
    transfers(ana, talking, "*8575")
    talking.ended(5)
    for code, sentence in (("75", Announcement.NOTHING_PARKED), ("*8", Announcement.NOTHING_RINGS)):
        refused = dario.call(code)
        tells(house, refused, sentence)
        assert refused.ended().startswith("404")
    fetched = elsa.call("75").established().hears(house.phone("carla").hz, 8)
    call.hears(elsa.hz, 8)
    fetched.hang_up()
    call.ended(5)


@pytest.mark.acceptance("W-2", "J-1")
def test_a_neighbour_is_one_of_three(house: House, centre: str) -> None:
    ana, talking, carla = called_by_carla(house)
    beto = house.phone("beto")
    rung = beto.called()
    inside = ana.call("102").established()
    at_beto = beto.incoming(after=rung)
    room = ana.call("conference").established()
    rung = len(beto.agent.events("CALL_ESTABLISHED"))
    transfers(ana, inside, "conference")
    until(lambda: len(beto.agent.events("CALL_ESTABLISHED")) > rung, 8, "Beto calls the room")
    at_beto.ended(5)
    transfers(ana, talking, "conference")
    talking.ended(8)
    room.hears(carla.phone.hz, 8).hears(beto.hz)
    carla.hears(ana.hz).hears(beto.hz)
    room.hang_up()
    carla.ended(5)
