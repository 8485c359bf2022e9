"""Lamps, pickup and park in a whole building with real phones; and records that agree with the carrier's own count."""

import json
import socket
import time
import wave
from collections.abc import Callable, Iterator

import pytest

from appliance.directory.local import LocalStore
from appliance.directory.mailboxes import Cipher, Mailboxes
from appliance.ports import SystemChance, SystemClock
from tests.acceptance.conftest import House
from tests.integration.sip_edge.agent import Agent
from tests.integration.sip_edge.watching import Watch
from tests.lab.building import VOICE_ADDRESS
from tests.lab.sample import ACME, BRAVO, sip_secret, sip_user
from tests.lab.waiting import until
from wire.services import Mailbox

OUTSIDE = "+523312345678"
ELSAS = Mailbox("box-elsa-lamp", ACME, "Elsa", "person-elsa")
WATCHERS = 50
TALK_DIFFERS_S = 0.5
"""Of a call, between both ends of the trunk: one counts from the 200 sent, the other from the 200 received."""

Watching = Callable[[str, str, str], Watch]


@pytest.fixture
def watching(house: House) -> Iterator[Watching]:
    """Makes subscriptions from the place of a person's phone: watching("elsa", "102", "dialog")."""
    agents: list[Agent] = []

    def make(person: str, target: str, event: str) -> Watch:
        place = house.phone(person).place
        assert place
        with place.inside():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
                route.connect((VOICE_ADDRESS, 9))
                address = route.getsockname()[0]
            agent = Agent(sip_user(person), sip_secret(person), (VOICE_ADDRESS, 5060), address=address)
        agents.append(agent)
        return Watch(agent, target, event)

    yield make
    for agent in agents:
        agent.close()


@pytest.mark.acceptance("K-1")
def test_fifty_lamps_light_within_a_second(house: House, watching: Watching, centre: str) -> None:
    ana, beto, _ = house.people("ana", "beto", "elsa")
    watches = [watching("elsa", "102", "dialog") for _ in range(WATCHERS)]
    for watch in watches:
        assert watch.subscribe().status == 200
        watch.told()
    beto.behaviour = "ring"
    call = ana.call("102").ringing()
    rang = time.time()
    for watch in watches:
        assert watch.sees("early") == ("recipient", "early", "101")
    assert time.time() - rang < 1
    beto.answer()
    call.established()
    answered = time.time()
    for watch in watches:
        watch.sees("confirmed")
    assert time.time() - answered < 1
    call.hang_up()
    for watch in watches:
        watch.sees("terminated")
        assert watch.subscribe(0).status == 200


@pytest.fixture(scope="module")
def mailbox(shared_house: House) -> Iterator[Mailboxes]:
    """Elsa's mailbox, made at the centre, and taken away again; the building's own store of it."""
    shared_house.building.mend_centre()
    shared_house.lab.centre.put(ELSAS)
    until(lambda: shared_house.building.directory_in_force().service(Mailbox, ELSAS.id), 10, "the building has it")
    paths, clock = shared_house.building.settings.paths, SystemClock()
    yield Mailboxes(paths.mailboxes_dir, LocalStore(paths.local_db, clock, SystemChance()), Cipher(str, str), clock)
    shared_house.building.mend_centre()
    with shared_house.lab.centre.editing(ACME) as edit:
        edit.delete(ELSAS)
    in_force = shared_house.building.directory_in_force
    until(lambda: in_force().service(Mailbox, ELSAS.id) is None, 20, "the mailbox is gone")


@pytest.mark.acceptance("K-2")
def test_a_waiting_message_is_told_within_two_seconds(
    house: House, watching: Watching, mailbox: Mailboxes, centre: str
) -> None:
    watch = watching("elsa", "103", "message-summary")
    assert watch.subscribe().status == 200
    assert "Messages-Waiting: no" in watch.told().body
    message = mailbox.reserve(ELSAS, "101", "Ana")
    assert message
    with wave.open(str(message.path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"\0\0" * 16_000)
    mailbox.keep(message.id, 2.0)
    for state, told in (("", "yes"), ("old", "no"), ("deleted", "no")):
        if state:
            mailbox.mark(message.id, state)
        changed = time.monotonic()
        assert f"Messages-Waiting: {told}" in watch.told().body
        assert time.monotonic() - changed < 2
    assert watch.subscribe(0).status == 200


@pytest.mark.acceptance("K-3")
def test_a_ringing_call_is_picked_up_and_stops_ringing_elsewhere(house: House, centre: str) -> None:
    ana, beto, elsa = house.people("ana", "beto", "elsa")
    beto.behaviour = "ring"
    before = elsa.called()
    call = ana.call("102").ringing()
    at_beto = beto.incoming(after=beto.called() - 1)
    elsa.call("**102")
    taken = elsa.incoming(after=before).established()
    asked = time.time()
    at_beto.ended(1)
    assert time.time() - asked < 1
    call.established().hears(elsa.hz)
    taken.hears(ana.hz)
    call.hang_up()


@pytest.mark.acceptance("K-3")
def test_a_caller_parked_by_hand_is_fetched_by_a_colleague(house: House, centre: str) -> None:
    ana, elsa = house.people("ana", "elsa")
    parked = ana.call("*85").established().hears_words()
    fetching = elsa.call("71").established().hears(ana.hz, 10)
    parked.hears(elsa.hz, 10)
    fetching.hang_up()
    parked.ended(5)


@pytest.mark.acceptance("K-3")
def test_a_caller_transferred_to_the_code_is_parked(house: House, centre: str) -> None:
    ana, beto, elsa = house.people("ana", "beto", "elsa")
    ana.call("102").established().hears(beto.hz)
    at_slot = len(ana.agent.events("CALL_ESTABLISHED"))
    beto.agent.command("transfer", f"sip:*85@{VOICE_ADDRESS}")
    until(lambda: len(ana.agent.events("CALL_ESTABLISHED")) > at_slot, 10, "Ana stands at a slot")
    beto.hang_up_all()
    fetching = elsa.call("71").established().hears(ana.hz, 10)
    fetching.hang_up()


@pytest.mark.acceptance("K-4")
def test_the_records_agree_with_the_carriers_own_count(house: House, centre: str) -> None:
    ana, beto, carla, elsa = house.people("ana", "beto", "carla", "elsa")
    since = len(house.carrier.events())
    known = {r["id"] for r in _records(house)}
    out, _ = house.calls_carrier(carla, "5512345678")
    out.hang_up()
    again, _ = house.calls_carrier(ana, "5512340001")
    again.hang_up()
    beto.behaviour = "ring"
    before = elsa.called()
    inbound = house.carrier.call("+525550000102", OUTSIDE, house.building.uplink_address)
    beto.incoming(after=beto.called() - 1 if beto.called() else 0)
    until(lambda: house.carrier.state(inbound) == "ringing", 5, "the carrier hears it ring")
    elsa.call("*8")
    elsa.incoming(after=before).established()
    house.carrier.hang_up(inbound)
    parked = ana.call("*85").established()
    parked.hang_up()

    def new() -> list[dict[str, object]]:
        return [r for r in _records(house) if r["id"] not in known]

    def settled() -> bool:
        return len(new()) >= 5 and any(r["call_id"] == inbound for r in new())

    until(settled, 15, "each call has its record")
    records = new()
    by_trunk = [r for r in records if r["trunk_id"]]
    bill = until(lambda: _bill(house, since), 5, "the carrier's calls are over")
    ours: dict[str, list[float]] = {}
    for record in by_trunk:
        ours.setdefault(str(record["account_id"]), []).append(int(str(record["talk_ms"])) / 1000)
    assert {a: len(talks) for a, talks in ours.items()} == {a: len(talks) for a, talks in bill.items()}
    assert {a: len(talks) for a, talks in bill.items()} == {ACME: 2, BRAVO: 1}
    for account, talks in bill.items():
        assert sum(talks) > 0
        assert abs(sum(ours[account]) - sum(talks)) < TALK_DIFFERS_S * len(talks), (account, ours, bill)
    assert {r["trunk_id"] for r in by_trunk} == {"trunk-carrier"}
    assert sorted(str(r["direction"]) for r in by_trunk) == ["inbound", "outbound", "outbound"]
    assert {r["cause"] for r in by_trunk} == {"answered"}
    picked = next(r for r in records if r["call_id"] == inbound)
    assert picked["answered_by"] == "phone-elsa"
    assert [leg["status"] for leg in picked["legs"] if leg["to"] == sip_user("elsa")] == [200]  # type: ignore[attr-defined]
    at_slot = next(r for r in records if str(r["destination"]).startswith("park:"))
    assert (at_slot["answered_by"], at_slot["cause"]) == ("park", "answered")


def _bill(house: House, since: int) -> dict[str, list[float]] | None:
    """The carrier's own account: seconds of talk of each call, by the company whose number was shown or called.

    None while a call is up.
    """
    owner: dict[str, str] = {}
    talks: dict[str, float] = {}
    over: dict[str, list[float]] = {}
    for event in house.carrier.events()[since:]:
        call = event["call_id"]
        if event["event"] in ("invite", "placed"):
            said = event["user"] if event["event"] == "placed" else event["asserted"]
            number = house.building.directory_in_force().number("+" + said.partition("+")[2].partition("@")[0])
            assert number, event
            owner[call] = number.account_id
        elif event["event"] == "answered":
            talks[call] = event["at"]
        elif event["event"] == "ended" and call in talks:
            over.setdefault(owner[call], []).append(event["at"] - talks[call])
    return over if sum(map(len, over.values())) == len(owner) else None


def _records(house: House) -> list[dict[str, object]]:
    past: list[dict[str, object]] = json.loads(house.building.command("calls", "--json", "--last", "500").stdout)[
        "past"
    ]
    return past
