"""The edge service beside real engines: records once, trunks probed, what lives and what is dead reported."""

import json
import time
from collections import Counter
from collections.abc import Callable

import pytest

from appliance.directory.local import LocalStore
from appliance.directory.model import MemoryDirectory
from appliance.directory.reports import EdgeReport, read_report
from appliance.ports import SystemChance, SystemClock
from appliance.sip_edge.control import Rtpengine
from appliance.sip_edge.trunk_tender import TrunkTender
from appliance.sip_edge.trunks import Hop
from appliance.vocabulary import LinkState
from tests.integration.sip_edge.agent import Agent
from tests.integration.sip_edge.building import Building, building
from tests.integration.sip_edge.conftest import MakePhone
from tests.lab.sample import sample_rows, sip_user
from tests.lab.waiting import until
from wire.rows import Trunk


def report(b: Building) -> EdgeReport:
    found = read_report(b.settings.paths.reports_dir, EdgeReport)
    assert found
    return found


def cdrs(b: Building) -> dict[str, dict[str, object]]:
    store = LocalStore(b.settings.paths.local_db, SystemClock(), SystemChance())
    return {str(f.body["call_id"]): dict(f.body) for f in store.recent("cdr", 10_000)}


def call_102(ana: Agent, beto: Agent) -> str:
    call = ana.dial("102")
    beto.take(beto.expect("INVITE"))
    assert ana.outcome(call).status == 200
    beto.expect("ACK")
    ana.request(call, "BYE")
    beto.answer(beto.expect("BYE"), 200)
    ana.expect(200)
    return call.call_id


@pytest.mark.acceptance("K-4")
def test_a_call_is_seen_while_it_lasts_and_becomes_one_record(whole: Building, phone: MakePhone) -> None:
    ana, beto = phone(whole, "ana"), phone(whole, "beto")
    assert ana.register().status == beto.register().status == 200
    call = ana.dial("102")
    invite = beto.expect("INVITE")
    beto.answer(invite, 180, "Ringing")
    until(lambda: [c.state for c in report(whole).calls] == ["ringing"], 3, "the call is seen ringing")
    beto.take(invite)
    assert ana.outcome(call).status == 200
    beto.expect("ACK")
    until(lambda: [c.state for c in report(whole).calls] == ["talking"], 3, "the call is seen talking")
    ana.request(call, "BYE")
    beto.answer(beto.expect("BYE"), 200)
    record = until(lambda: cdrs(whole).get(call.call_id), 6, "the call is in the journal")
    assert (record["cause"], record["direction"], record["caller"]) == ("answered", "internal", "101")
    assert record["answered_by"] == "phone-beto"
    assert int(str(record["talk_ms"])) > 0
    assert record["account_id"] == "acct-acme"
    until(lambda: report(whole).calls == (), 4, "no call is left")


@pytest.mark.acceptance("K-4")
def test_busy_cancelled_and_refused_calls_are_records_too(whole: Building, phone: MakePhone) -> None:
    ana, beto = phone(whole, "ana"), phone(whole, "beto")
    assert ana.register(cseq=30).status == beto.register(cseq=30).status == 200
    causes = {}
    call = ana.dial("102")
    beto.answer(beto.expect("INVITE"), 486, "Busy Here")
    ana.outcome(call)
    causes[call.call_id] = "busy"
    call = ana.dial("102")
    invite = beto.expect("INVITE")
    beto.answer(invite, 180)
    ana.expect(180)
    ana.cancel(call)
    beto.answer(beto.expect("CANCEL"), 200)
    beto.answer(invite, 487)
    ana.outcome(call)
    causes[call.call_id] = "cancelled"
    call = ana.dial("777")
    ana.outcome(call)
    causes[call.call_id] = "refused"
    until(lambda: set(causes) <= set(cdrs(whole)), 6, "the calls are in the journal")
    assert {c: cdrs(whole)[c]["cause"] for c in causes} == causes


@pytest.mark.acceptance("K-4", "S-7")
def test_an_edge_killed_again_and_again_loses_and_doubles_nothing(whole: Building, phone: MakePhone) -> None:
    ana, beto = phone(whole, "ana"), phone(whole, "beto")
    assert ana.register(cseq=60).status == beto.register(cseq=60).status == 200
    made = []
    for _ in range(4):
        made += [call_102(ana, beto) for _ in range(5)]
        whole.kill("edge")
        made.append(call_102(ana, beto))
        whole.start("edge")
    until(lambda: set(made) <= set(cdrs(whole)), 8, "every call is in the journal")
    store = LocalStore(whole.settings.paths.local_db, SystemClock(), SystemChance())
    counted = Counter(f.body["call_id"] for f in store.recent("cdr", 10_000))
    assert {counted[c] for c in made} == {1}


def test_phones_are_reported_registered_and_then_lost_or_gone(whole: Building, phone: MakePhone) -> None:
    carla = phone(whole, "carla")
    assert carla.register().status == 200
    contact = until(
        lambda: [c for c in report(whole).contacts if c.sip_user == sip_user("carla")], 4, "Carla's phone is reported"
    )[0]
    assert contact.address == f"127.0.0.1:{carla.port}"
    assert carla.register(expires=0, cseq=5).status == 200
    until(lambda: sip_user("carla") not in {c.sip_user for c in report(whole).contacts}, 4, "it is gone")


def test_trunks_are_probed_and_reported(whole: Building, carrier: Callable[[Building], Agent]) -> None:
    def state() -> LinkState:
        return report(whole).trunks[0].state

    until(lambda: state() is LinkState.DOWN, 12, "nobody is at the carrier's address")
    far = carrier(whole)

    def up() -> bool:
        far.receive(0.3)
        return state() is LinkState.UP

    until(up, 12, "the carrier answers again")
    assert report(whole).trunks[0].since


def test_what_is_dead_is_reported_dead_and_what_lives_again_alive(whole: Building) -> None:
    until(lambda: report(whole).media_up and report(whole).kamailio_up, 5, "all is well")
    assert not report(whole).voice_up
    whole.kill("rtpengine")
    until(lambda: not report(whole).media_up, 5, "the relay is reported dead")
    assert whole.kamailio.call("htable.get", "state", "media")["item"]["value"] == 0
    whole.start("rtpengine")
    whole.kill("kamailio")
    until(lambda: report(whole).media_up and not report(whole).kamailio_up, 5, "Kamailio is reported dead")
    whole.start("kamailio")
    until(lambda: report(whole).kamailio_up, 5, "Kamailio is reported alive")
    until(lambda: whole.kamailio.call("htable.get", "trunk", "trunk-carrier"), 5, "and is told of its trunk")


def test_a_new_trunk_is_probed_without_a_restart_and_a_name_is_resolved(whole: Building) -> None:
    rows = sample_rows("127.0.0.1", whole.carrier_port)
    named = Trunk("trunk-named", "site-reforma", "Named", "carrier", "localhost", 9, priority=20)
    whole.publish([*rows, named])

    def sets() -> int:
        return len(report(whole).trunks)

    until(lambda: sets() == 2, 6, "the new trunk is looked after")
    addresses = json.loads((whole.settings.paths.run_dir / "edge" / "trunks.json").read_text())
    assert addresses == {"trunk-named": [["127.0.0.1", 9]]}
    whole.publish(rows)
    until(lambda: sets() == 1, 6, "the trunk that went is not looked after")


def test_a_trunk_is_up_while_one_of_its_addresses_answers(whole: Building) -> None:
    """Each is asked, and the workers are told of each and of the trunk. What DNS would say is said here."""
    trunk = Trunk("trunk-two", "site-reforma", "Two", "carrier", "carrier.invalid")
    rows = tuple(r for r in sample_rows() if not isinstance(r, Trunk))
    ill, well = Agent("ill", "", whole.sip, health=503), Agent("well", "", whole.sip)
    hops = (Hop(ill.address, ill.port), Hop(well.address, well.port))
    tender, directory = TrunkTender(whole.settings), MemoryDirectory((*rows, trunk))

    def known() -> list[int]:
        tender.turn(directory, lambda _: hops, True, time.monotonic())
        for agent in (ill, well):
            agent.receive(0.02)
        names = (trunk.id, *(f"{trunk.id} {hop.name}" for hop in hops))
        found = [whole.kamailio.call("htable.get", "trunk", name) for name in names]
        return [int(f["item"]["value"]) for f in found if f]

    until(lambda: known() == [1, 0, 1], 10, "the second address stands for the trunk")
    assert tender.reports([trunk], True)[0].state is LinkState.UP
    well.health = 503
    until(lambda: known() == [0, 0, 0], 10, "no address is left")
    assert tender.reports([trunk], True)[0].state is LinkState.DOWN
    for agent in (ill, well):
        agent.close()


def test_the_edge_waits_for_a_directory_and_for_its_engines(tmp_path_factory: pytest.TempPathFactory) -> None:
    with building(tmp_path_factory.mktemp("alone"), rows=()) as b:
        b.start("edge")
        assert not report(b).kamailio_up
        b.start("kamailio")
        until(lambda: report(b).kamailio_up, 5, "Kamailio is seen")
        ana = Agent(sip_user("ana"), "", b.sip)
        ana.register_request()
        assert ana.expect(401, 503).status == 503
        b.publish(sample_rows("127.0.0.1", b.carrier_port))
        ana.register_request(cseq=2)
        assert ana.expect(401, 503).status == 401
        ana.close()
        assert "Traceback" not in b.log("edge") + b.log("kamailio")


def test_what_is_relayed_of_a_call_that_has_ended_is_given_up(whole: Building, phone: MakePhone) -> None:
    """As when rtpengine was too slow to be asked at the BYE: it would hold the ports for a quarter of an hour."""
    ana, beto = phone(whole, "ana"), phone(whole, "beto")
    assert ana.register(cseq=90).status == beto.register(cseq=90).status == 200
    ended = call_102(ana, beto)
    until(lambda: ended in cdrs(whole), 8, "the call is in the journal")
    relay = Rtpengine(whole.settings.media.ng_port)
    for call_id in (ended, "somebody-else's"):
        assert relay.ask({"command": "offer", "call-id": call_id, "from-tag": "x", "sdp": ana.sdp})["result"] == "ok"
    assert ended in (relay.calls() or ())
    until(lambda: relay.calls() == frozenset({"somebody-else's"}), 8, "the ended call is given up, and no other")
    relay.drop("somebody-else's")
    assert relay.calls() == frozenset()
