"""A building as it stands: phones on one network, the carrier on another, voice on loopback; nothing routes between."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.integration.sip_edge.agent import Agent
from tests.integration.sip_edge.building import Building, building
from tests.lab.netns import Namespace, cable, refusal
from tests.lab.sample import sample_rows, sip_secret, sip_user
from tests.lab.waiting import until
from wire.rows import Trunk

pytestmark = pytest.mark.skipif(bool(refusal()), reason="no network namespaces here")

BOX, UPLINK, PHONE, CARRIER = "10.20.0.1", "10.30.0.1", "10.20.0.50", "10.30.0.2"


@dataclass
class Sides:
    building: Building
    ana: Agent
    carrier: Agent
    voice: Agent
    box: Namespace


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    box, desk, outside = Namespace.new("box"), Namespace.new("desk"), Namespace.new("out")
    try:
        cable(box, "voice0", desk, "eth0")
        cable(box, "uplink0", outside, "eth0")
        box.ip(f"addr add {BOX}/24 dev voice0", f"addr add {UPLINK}/24 dev uplink0")
        desk.ip(f"addr add {PHONE}/24 dev eth0")
        outside.ip(f"addr add {CARRIER}/24 dev eth0")
        network = {"voice_address": BOX, "uplink_address": UPLINK}
        made = building(tmp_path_factory.mktemp("sides"), sample_rows(CARRIER, 5060), network=network)
        with made as b, box.inside():
            b.start("redis", "rtpengine", "kamailio", "edge")
            port = b.settings.sip.port
            voice = Agent("voice", "", ("127.0.0.1", port), port=b.settings.media.voice_sip_port)
            with desk.inside():
                ana = Agent(sip_user("ana"), sip_secret("ana"), (BOX, port), address=PHONE)
            with outside.inside():
                carrier = Agent("carrier", "", (UPLINK, port), address=CARRIER, port=5060)
            assert ana.register().status == 200
            yield Sides(b, ana, carrier, voice, box)
            for agent in (ana, carrier, voice):
                agent.close()
    finally:
        for namespace in (box, desk, outside):
            namespace.remove()


def test_a_call_out_is_set_up_heard_and_ended_across_both_networks(sides: Sides) -> None:
    ana, carrier = sides.ana, sides.carrier
    call = ana.dial("5512345678")
    invite = carrier.expect("INVITE")
    assert invite["from"].startswith(f"<sip:+525550000101@{UPLINK}>")
    assert invite["via"].startswith(f"SIP/2.0/UDP {UPLINK}:")
    assert invite.media[0] == UPLINK
    assert [r.partition(";")[0] for r in invite.all("record-route")] == [
        f"<sip:{UPLINK}:{ana.registrar[1]}",
        f"<sip:{BOX}:{ana.registrar[1]}",
    ]
    leg = carrier.take(invite)
    ok = ana.outcome(call)
    assert ok.media[0] == BOX
    carrier.expect("ACK")
    ana.speak(ok.media)
    assert carrier.hears() == ana.user
    carrier.speak(invite.media)
    assert ana.hears() == "carrier"
    carrier.request(leg, "BYE")
    ana.answer(ana.expect("BYE"), 200)
    assert carrier.expect(200)


def test_a_call_in_is_set_up_heard_and_ended_by_the_phone(sides: Sides) -> None:
    ana, carrier = sides.ana, sides.carrier
    call = carrier.dial("+525550000101", user="+525598765432")
    invite = ana.expect("INVITE")
    assert invite.media[0] == BOX
    assert "<sip:+525598765432@10.20.0.1>" in invite["from"]
    leg = ana.take(invite)
    ok = carrier.outcome(call)
    assert ok.media[0] == UPLINK
    ana.expect("ACK")
    carrier.speak(ok.media)
    assert ana.hears() == "carrier"
    ana.request(leg, "BYE")
    carrier.answer(carrier.expect("BYE"), 200)
    assert ana.expect(200)


def test_a_trunk_to_which_there_is_no_way_is_passed_over_at_once(sides: Sides) -> None:
    nowhere = Trunk("trunk-nowhere", "site-reforma", "Nowhere", "carrier", "203.0.113.9", priority=1)
    sides.building.publish([*sample_rows(CARRIER, 5060), nowhere])
    start = time.monotonic()
    call = sides.ana.dial("5512345678")
    invite = sides.carrier.expect("INVITE")
    assert time.monotonic() - start < 1
    sides.carrier.answer(invite, 486, "Busy Here")
    assert sides.ana.outcome(call).status == 486
    facts = [f for f in sides.building.facts() if f["call_id"] == call.call_id]
    tried = [f["legs"][0]["to"] for f in facts if f["event"] == "began"]
    assert [leg for leg in tried if leg.startswith("trunk-")] == ["trunk-carrier"]
    sides.building.publish(sample_rows(CARRIER, 5060))


def test_voice_on_loopback_speaks_to_a_phone(sides: Sides) -> None:
    ana, voice = sides.ana, sides.voice

    def answers_options() -> bool:
        voice.receive(0.3)
        found = sides.building.kamailio.call("htable.get", "state", "voice")
        return bool(found) and found["item"]["value"] == 1

    until(answers_options, 5, "voice is known to be up")
    call = ana.dial("*9196")
    invite = voice.expect("INVITE")
    assert invite["via"].startswith("SIP/2.0/UDP 127.0.0.1:")
    assert invite.media[0] == BOX
    leg = voice.take(invite)
    assert ana.outcome(call).status == 200
    voice.expect("ACK")
    voice.request(leg, "BYE")
    ana.answer(ana.expect("BYE"), 200)
    assert voice.expect(200)
