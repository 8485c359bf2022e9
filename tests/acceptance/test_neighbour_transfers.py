"""Transfers of a neighbour company's callers: in the company of who transfers, with real phones and their sound."""

import pytest

from tests.acceptance.conftest import House
from tests.acceptance.test_transfers import replaces, transfers

ANA, CARLA = "5550000101", "+525550000201"


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
