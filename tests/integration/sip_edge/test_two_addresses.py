"""A carrier known by a name of two addresses, through a real Kamailio: the one that lives is called."""

import json
import time

import pytest

from tests.integration.sip_edge.agent import Agent
from tests.integration.sip_edge.building import building
from tests.lab.sample import sample_rows, sip_user
from wire.rows import Trunk


def test_a_carriers_second_address_takes_the_calls_of_a_dead_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One trunk, known by a name of two addresses, the first of which says nothing; and another trunk after it."""
    with building(tmp_path_factory.mktemp("two-addresses")) as b:
        dead, lives, other = (Agent(name, "", b.sip) for name in ("dead", "lives", "other"))
        first = Trunk("trunk-named", "site-reforma", "Named", "carrier", "carrier.invalid", priority=1)
        last = Trunk("trunk-other", "site-reforma", "Other", "carrier", "127.0.0.1", other.port, priority=2)
        b.publish((*(r for r in sample_rows() if not isinstance(r, Trunk)), first, last))
        names = b.settings.paths.run_dir / "edge" / "trunks.json"
        names.parent.mkdir(parents=True, exist_ok=True)
        names.write_text(json.dumps({first.id: [["127.0.0.1", dead.port], ["127.0.0.1", lives.port]]}))
        b.start("kamailio")
        ana = Agent(sip_user("ana"), "secret-of-ana-Zq9&<x", b.sip)
        assert ana.register().status == 200
        # The first call waits half of what a silent trunk is given, and never leaves the trunk.
        start = time.monotonic()
        call = ana.dial("5512345678")
        invite = lives.expect("INVITE", seconds=3)
        assert time.monotonic() - start < 2.5
        assert invite.uri == f"sip:+525512345678@127.0.0.1:{lives.port}"
        lives.answer(invite, 486, "Busy Here")
        assert ana.outcome(call).status == 486, "what the carrier says of the call is the trunk's word"
        asked = dead.expect("INVITE")
        while (again := dead.receive(0.01)) is not None:
            assert again["call-id"] == asked["call-id"]
        # The next one asks the living address at once.
        start = time.monotonic()
        call = ana.dial("5512345678")
        there = lives.take(lives.expect("INVITE"))
        assert time.monotonic() - start < 1
        assert ana.outcome(call).status == 200
        ana.request(call, "BYE")
        lives.answer(lives.expect("BYE"), 200)
        assert dead.nothing(0.1) and other.nothing(0.1)
        # Calls come in from either address; the second one says that it is out of service: the next trunk.
        inbound = dead.dial("+525550000101")
        dead_rings = ana.expect("INVITE")
        ana.answer(dead_rings, 486)
        assert dead.outcome(inbound).status in (480, 486)
        call = ana.dial("5512345678")
        lives.answer(lives.expect("INVITE"), 503, "Service Unavailable", extra=("Retry-After: 60",))
        other.answer(other.expect("INVITE", seconds=4), 486)
        assert ana.outcome(call).status == 486
        assert there
        for agent in (ana, dead, lives, other):
            agent.close()
