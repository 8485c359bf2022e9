"""Local calls know nothing of the centre: a trace of the uplink in which none of their requests is (S-2)."""

import re
import time
from urllib.parse import quote, unquote

import pytest

from appliance.vocabulary import Cue
from appliance.voice.menu_sentences import Say
from tests.acceptance.conftest import House
from tests.acceptance.scripted import replaced
from tests.acceptance.test_phone_transfers import blind, newest_call
from tests.acceptance.uplink import watched_uplink
from tests.acceptance.voces import MUSIC_HZ, OPEN_ROOM, PIN, Staff
from tests.integration.sip_edge.agent import connected


@pytest.mark.acceptance("S-2")
def test_no_request_of_a_local_call_touches_the_link(staff: Staff, house: House, centre: str) -> None:
    """The link up, and cut; what each call is for is heard, so that none of them is shown untouched by failing."""
    house.people("ana", "beto", "carla", "elsa")
    with watched_uplink(house) as uplink:
        for calls in (_between_phones, _transferred_by_key):
            calls(house)
            assert not uplink.attempts(), calls.__name__
        for calls_of_voces in (_transferred_after_asking, _with_voice):
            calls_of_voces(staff)
            assert not uplink.attempts(), calls_of_voces.__name__
        assert not uplink.calls(), "nor a trunk"
        uplink.can_see()


def _between_phones(house: House) -> None:
    """Colleagues, another company by its full number, a number that nobody has, the echo."""
    ana, beto, carla, elsa = house.people("ana", "beto", "carla", "elsa")
    refused = elsa.call("199")
    for dialled, heard in (("102", beto.hz), ("5550000201", carla.hz), ("*9196", ana.hz)):
        call = ana.call(dialled).established().hears(heard, 10)
        call.hang_up()
        call.ended()
    refused.ended(30)


def _transferred_by_key(house: House) -> None:
    """Blind to a colleague, and to the building's room of three."""
    ana, beto, elsa = house.people("ana", "beto", "elsa")
    rung = elsa.called()
    call = ana.call("102").established()
    since = time.time()
    blind(ana, call, "103")
    moved = newest_call(beto, since).established()
    elsa.incoming(8, after=rung).hears(beto.hz)
    moved.hang_up()
    call.ended()
    call, room = ana.call("102").established(), ana.call("conference").established()
    since = time.time()
    blind(ana, call, "conference")
    newest_call(beto, since).established().hears(ana.hz, 8)
    room.hang_up()
    house.quiet()


def _transferred_after_asking(staff: Staff) -> None:
    """REFER with Replaces: Walter ends up with Ximena, whom Vera asked."""
    vera, walter, ximena = (staff.person(name) for name in ("vera", "walter", "ximena"))
    first, _ = connected(vera, walter, "102")
    second, at_ximena = connected(vera, ximena, "103")
    refer_to = f"<{ximena.contact}?Replaces={quote(replaced(second), safe='')}>"
    vera.request(first, "REFER", extra=(f"Refer-To: {refer_to}",))
    asked = walter.expect("REFER")
    walter.answer(asked, 202)
    vera.expect(202)
    target = re.fullmatch(r"<(sip:[^?]+)\?Replaces=([^>]+)>", asked["refer-to"])
    assert target
    moved = walter.dial("", uri=target[1], extra=(f"Replaces: {unquote(target[2])}",))
    ximena.take(ximena.expect("INVITE"))
    assert walter.outcome(moved).status == 200
    ximena.expect("ACK")
    ximena.request(at_ximena, "BYE")
    vera.answer(vera.expect("BYE"), 200)
    ximena.expect(200)
    vera.request(first, "BYE")
    walter.answer(walter.expect("BYE"), 200)
    vera.expect(200)
    walter.request(moved, "BYE")
    ximena.answer(ximena.expect("BYE"), 200)
    walter.expect(200)


def _with_voice(staff: Staff) -> None:
    """At once: a group, by its number and by a receptionist, a message, a mailbox, a room, a code, a call on hold."""
    vera = staff.person("vera")
    staff.person("walter")
    dialled = ("380", "*99103", "360", "360", "*78", "101")
    calls = [staff.caller(number=n, hz=900 + 40 * n).dials(number) for n, number in enumerate(dialled)]
    asking, leaving, first, second, coded, holding = calls
    owner = staff.caller("ximena").dials("*97")
    staff.connect(*calls, owner)
    asking.presses("1")
    leaving.presses("#")
    owner.presses(f"{PIN}#")
    first.presses(f"{OPEN_ROOM}#")
    second.presses(f"{OPEN_ROOM}#")
    staff.talk(asking, "walter")
    asking.hangs_up()
    asking.dials("370")
    staff.connect(asking)
    staff.talk(holding, "vera")
    staff.told(coded, Cue.DO_NOT_DISTURB_ON)
    staff.hears(first, second.hz)
    staff.hears(second, first.hz)
    staff.told(owner, Say.MAILBOX_KEYS)
    staff.talk(asking, "walter")
    leaving.presses("#")
    staff.told(leaving, Say.MESSAGE_KEPT)
    holding.asks_to_hold(True)
    staff.hears(vera, MUSIC_HZ)
    holding.is_granted()
    holding.asks_to_hold(False)
    staff.talk(holding, "vera")
    holding.is_granted()
    coded.hangs_up()
    coded.dials("*79")
    staff.connect(coded)
    staff.told(coded, Cue.DO_NOT_DISTURB_OFF)
    for caller in (asking, holding):
        # Whom they talk to answers only while it lives.
        assert caller.call
        caller.request(caller.call, "BYE")
        caller.call = None
    staff.lives(0.5)
