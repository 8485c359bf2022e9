"""Who means ill, on the voice network: floods, guessers, scanners, broken SIP, thieves of sound. The rest talk on."""

import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from appliance.directory.reports import EdgeReport
from appliance.kamailio_rpc import Kamailio
from appliance.sip_edge.front import inner_listeners
from tests.acceptance.conftest import House
from tests.integration.sip_edge.agent import Agent, Message
from tests.lab.netns import Namespace, cable
from tests.lab.sample import sip_secret, sip_user
from tests.lab.tormentor import Tormentor
from tests.lab.torture import HOST, TORTURE, mutations
from tests.lab.waiting import until

pytestmark = pytest.mark.alone

BOX = ("10.20.0.1", 5060)
FLOODER, GUESSER, SCANNER, THIEF, OFFICE = (f"10.20.0.{n}" for n in (41, 42, 43, 44, 45))
FLOOD_A_SECOND, FLOOD_S = 5000, 4.0
SETUP_P99_S = 0.1
THROUGH_HAPROXY = 40
"""Connections that it lets one address have."""
Socket = Callable[[str], Agent]


@pytest.fixture
def wall(house: House) -> Iterator[Callable[..., Agent]]:
    """A laptop in a wall socket: user agents at any of its addresses. Bans are forgotten afterwards."""
    building = house.building
    assert building.place
    place = Namespace.new("wall")
    cable(building.place, f"w{secrets.token_hex(3)}", place, "eth0", near_switch="voice0")
    place.ip(*(f"addr add {a}/24 dev eth0" for a in (FLOODER, GUESSER, SCANNER, THIEF, OFFICE)))
    # The box knew these addresses with the card of the laptop before.
    building.place.ip("neigh flush dev voice0")
    agents: list[Agent] = []

    def make(address: str, user: str = "", secret: str = "") -> Agent:
        with place.inside():
            agents.append(Agent(user or "nobody", secret, BOX, address=address))
        return agents[-1]

    try:
        yield make
    finally:
        for agent in agents:
            agent.close()
        place.remove()
        with building.place.inside():
            kamailio = Kamailio(building.settings.sip.control_port)
            for table in ("banned", "wrong", "knocks", "known"):
                kamailio.call("htable.flush", table)


def _guess(agent: Agent, cseq: int) -> Message | None:
    agent.register_request(cseq=cseq)
    asked = agent.receive(2)
    if asked is None:
        return None
    proof = agent.authorization(agent.challenged(asked), "REGISTER", "sip:10.20.0.1:5060")
    agent.register_request(proof, cseq=cseq + 1)
    return agent.receive(2)


def _bans(house: House) -> list[tuple[str, str]]:
    said = house.building.report(EdgeReport)
    return [(b.address, b.why) for b in said.bans] if said else []


@pytest.mark.acceptance("Q-5")
def test_twenty_wrong_passwords_ban_the_guesser_with_an_alert_and_not_the_owner(
    house: House, centre: str, wall: Callable[..., Agent]
) -> None:
    ana, beto = house.people("ana", "beto")
    guesser = wall(GUESSER, sip_user("ana"), "guess")
    answers = [_guess(guesser, 1 + 2 * n) for n in range(21)]
    assert all(a is not None and a.status == 401 for a in answers[:19])
    assert answers[-1] is None, "it is not answered any more"
    guesser.secret = sip_secret("ana")
    assert _guess(guesser, 90) is None, "not even with the right one"
    until(lambda: (GUESSER, "passwords") in _bans(house), 10, "the ban is reported")
    call = ana.call("102").established()
    call.hears(beto.hz)
    call.hang_up()
    assert wall(OFFICE, sip_user("ana"), sip_secret("ana")).register(expires=60).status == 200


@pytest.mark.acceptance("Q-4")
def test_a_scan_learns_no_extension_and_no_version_and_is_banned(
    house: House, centre: str, wall: Callable[..., Agent]
) -> None:
    scanner = wall(SCANNER)
    learnt: dict[str, set[str]] = {}
    silent = 0
    for n in range(90):
        name = ("101", "102", sip_user("ana"), "9999", "root", "p-nobody-1")[n % 6]
        method = ("OPTIONS", "REGISTER", "INVITE")[n // 6 % 3]
        uri = f"sip:{name}@10.20.0.1"
        headers = [scanner._via(), "Max-Forwards: 70", f"From: <{uri}>;tag=1", f"To: <{uri}>"]
        headers += [f"Call-ID: scan{n}", f"CSeq: 1 {method}", f"Contact: <sip:x@{SCANNER}:{scanner.port}>"]
        scanner.send(f"{method} {uri} SIP/2.0", headers)
        answer = scanner.receive(1 if silent < 3 else 0.01)
        if answer is None:
            silent += 1
            continue
        assert not any(c in str(answer.headers) for c in ("5.6", "kamailio", "Kamailio", "Python"))
        learnt.setdefault(method, set()).add(f"{answer.start} {sorted({h for h, _ in answer.headers})}")
    assert all(len(ways) == 1 for ways in learnt.values()), learnt
    assert silent >= 10, "it is not answered any more"


@pytest.mark.acceptance("Q-5")
def test_a_phone_that_calls_all_day_is_no_scanner(house: House, wall: Callable[..., Agent]) -> None:
    """Each call begins with an INVITE without proof; this phone never registers from where it calls."""
    caller = wall(OFFICE, sip_user("ana"), sip_secret("ana"))
    for _ in range(65):
        call = caller.dial("*9196")
        assert caller.outcome(call).status == 200
        caller.request(call, "BYE")
        caller.expect(200)
    assert OFFICE not in {address for address, _ in _bans(house)}


@pytest.mark.acceptance("Q-2")
def test_a_flood_from_one_address_costs_the_others_nothing(
    house: House, centre: str, wall: Callable[..., Agent]
) -> None:
    house.phone("beto").behaviour = "ring"
    caller, flooder = wall(OFFICE, sip_user("ana"), sip_secret("ana")), wall(FLOODER)
    assert caller.register(expires=60).status == 200
    over = threading.Event()
    sent = [0]
    flood = threading.Thread(target=_flood, args=(flooder, over, sent))
    flood.start()
    took: list[float] = []
    began = time.monotonic()
    try:
        while time.monotonic() - began < FLOOD_S or len(took) < 25:
            took.append(_set_up(caller))
            # As busy as one phone may be, and no flood itself.
            over.wait(0.04)
    finally:
        over.set()
        flood.join()
    rate = sent[0] / (time.monotonic() - began)
    assert rate > FLOOD_A_SECOND * 0.5, f"the flood itself was too thin: {rate:.0f}/s"
    assert sorted(took)[int(len(took) * 0.99) - 1] <= SETUP_P99_S
    caller.register(expires=0, cseq=800)


def _set_up(caller: Agent) -> float:
    """Seconds from an authenticated INVITE to its first ringing; the call is then given up."""
    call = caller.dial("102")
    started = time.monotonic()
    caller.expect(180, seconds=4)
    took = time.monotonic() - started
    caller.cancel(call)
    assert caller.outcome(call).status == 487
    return took


def _flood(agent: Agent, over: threading.Event, sent: list[int]) -> None:
    """OPTIONS, REGISTER and INVITE by turns, FLOOD_A_SECOND of them."""
    began = time.monotonic()
    shapes = [TORTURE[n].replace(HOST.encode(), b"10.20.0.1") for n in ("bext01", "regaut01", "sdp01")]
    while not over.is_set():
        due = int((time.monotonic() - began) * FLOOD_A_SECOND)
        for _ in range(min(due - sent[0], 200)):
            number = sent[0]
            agent._socket.sendto(shapes[number % 3].replace(b"torture.", b"%d." % number), BOX)
            sent[0] += 1
        over.wait(0.004)


@pytest.mark.acceptance("Q-3")
def test_broken_messages_over_udp_and_tcp_stop_nobody(house: House, centre: str) -> None:
    ana, beto = house.people("ana", "beto")
    building, place = house.building, house.carrier.place
    assert place
    assert building.place
    # From a trunk's address: nobody there is banned, so every message reaches the parser.
    there, settings = (building.uplink_address, 5060), building.settings
    messages = [m.replace(HOST.encode(), there[0].encode()) for m in (*TORTURE.values(), *mutations(400, seed=7))]
    pid = building.processes.pid_of("kamailio")
    tormentor = Tormentor.of(there, pid, settings.sip.control_port, building.place)
    with place.inside():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind((house.carrier.address, 0))
            assert tormentor.by_udp(udp, messages).lost == 0
        tormentor.by_tcp(messages[:THROUGH_HAPROXY], there)
    inner = inner_listeners(settings)[0]
    proxied = f"PROXY TCP4 {house.carrier.address} {there[0]} 40000 {there[1]}\r\n"
    with building.place.inside():
        assert tormentor.by_tcp(messages, (inner.address, inner.port), proxied).read > 0.95
    call = ana.call("102").established()
    call.hears(beto.hz)
    call.hang_up()
    assert building.processes.pid_of("kamailio") == pid
    assert not building.uncaught()


@pytest.mark.acceptance("Q-8")
def test_sound_from_a_third_address_reaches_nobody(house: House, centre: str, wall: Callable[..., Agent]) -> None:
    house.phone("beto")
    ana, thief = wall(OFFICE, sip_user("ana"), sip_secret("ana")), wall(THIEF)
    assert ana.register(expires=60).status == 200
    call = ana.dial("102")
    ok = ana.outcome(call)
    assert ok.status == 200
    relay = ok.media
    for _ in range(60):
        thief.speak(relay)
    with pytest.raises(TimeoutError):
        thief.rtp.recv(2048)
    heard = [ana.rtp.recv(2048) for _ in range(60)]
    assert not any(b"nobody" in packet for packet in heard)
    ana.request(call, "BYE")
    ana.expect(200)
    ana.register(expires=0, cseq=900)
