"""Carriers known by SRV (RFC 3263): a true name server, a true Kamailio."""

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.directory.model import MemoryDirectory
from appliance.settings import Network, Settings
from appliance.sip_edge.names import QUERY_S, SystemNames
from appliance.sip_edge.resolver import TrunkResolver
from appliance.sip_edge.trunk_tender import TrunkTender
from appliance.sip_edge.trunks import Hop
from appliance.vocabulary import LinkState
from tests.integration.sip_edge.agent import Agent
from tests.integration.sip_edge.building import ADDRESS, building, free_ports
from tests.lab.dns import name_server
from tests.lab.sample import SITE, sample_rows, sip_secret, sip_user
from tests.lab.waiting import until
from wire.rows import Trunk

RECORDS = (
    "srv-host=_sip._udp.carrier.example,two.carrier.example,5072,20,0",
    "srv-host=_sip._udp.carrier.example,one.carrier.example,5071,10,0",
    "srv-host=_sip._tcp.carrier.example,two.carrier.example,5073,10,0",
    "host-record=one.carrier.example,127.0.0.11",
    "host-record=two.carrier.example,127.0.0.12",
    "host-record=carrier.example,127.0.0.9",
    "host-record=plain.example,127.0.0.13",
    "srv-host=_sip._udp.half.example,gone.carrier.example,5071,10,0",
    "srv-host=_sip._udp.half.example,two.carrier.example,5072,20,0",
    "srv-host=_sip._udp.shut.example",
    "host-record=shut.example,127.0.0.14",
)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    (chosen,) = free_ports(1)
    with name_server(ADDRESS, chosen, RECORDS):
        yield chosen


def named(host: str, port: int = 0, transport: str = "udp") -> Trunk:
    return Trunk("trunk-named", SITE, "Named", "carrier", host, port, transport)


def resolver(directory: Path, port: int) -> TrunkResolver:
    settings = Settings()
    settings = replace(settings, paths=replace(settings.paths, run_dir=directory))
    return TrunkResolver(settings, SystemNames(Network(uplink_address=ADDRESS, uplink_dns=ADDRESS), port))


def resolved(made: TrunkResolver, trunk: Trunk) -> tuple[Hop, ...]:
    def is_done() -> bool:
        made.collect()
        return made.is_idle

    made.resolve([trunk])
    until(is_done, 2 * QUERY_S + 2, "DNS was asked")
    return made.hops(trunk)


@pytest.mark.parametrize(
    ("trunk", "hops"),
    [
        (named("carrier.example"), [("127.0.0.11", 5071), ("127.0.0.12", 5072)]),
        (named("carrier.example", transport="tcp"), [("127.0.0.12", 5073)]),
        (named("carrier.example", 5099), [("127.0.0.9", 5099)]),
        (named("plain.example"), [("127.0.0.13", 5060)]),
        (named("plain.example", transport="tls"), [("127.0.0.13", 5061)]),
        (named("half.example"), [("127.0.0.12", 5072)]),
        (named("shut.example"), []),
        (named("nobody.example"), []),
        (named("127.0.0.15"), [("127.0.0.15", 5060)]),
    ],
    ids=["by priority", "tcp", "a port: no SRV", "no SRV", "tls", "a target without address", "not offered", "no name",
         "an address"],
)  # fmt: skip
def test_where_a_trunk_is(tmp_path: Path, port: int, trunk: Trunk, hops: list[tuple[str, int]]) -> None:
    assert resolved(resolver(tmp_path, port), trunk) == tuple(Hop(*h) for h in hops)


def test_what_was_known_stays_while_dns_is_away_also_for_who_begins_anew(tmp_path: Path, port: int) -> None:
    trunk = named("carrier.example")
    known = resolved(resolver(tmp_path, port), trunk)
    assert len(known) == 2
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((ADDRESS, 0))
        again = resolver(tmp_path, silent.getsockname()[1])
        began = time.monotonic()
        assert resolved(again, trunk) == known
        assert QUERY_S - 1 < time.monotonic() - began < QUERY_S + 1, "a question has its time"


def test_a_building_stays_at_what_it_drew(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    hosts = [f"h{n}.even.example" for n in range(6)]
    records = [f"srv-host=_sip._udp.even.example,{h},5060,1,1" for h in hosts]
    with name_server(ADDRESS, port, records + [f"host-record={h},127.0.1.{n}" for n, h in enumerate(hosts)]):
        made = resolver(tmp_path, port)
        orders = {resolved(made, named("even.example")) for _ in range(5)}
        others = {resolved(resolver(tmp_path / str(n), port), named("even.example")) for n in range(5)}
    assert len(orders) == 1 and len(orders | others) > 1


@pytest.mark.acceptance("S-6")
def test_calls_and_questions_go_to_srv_targets_and_calls_come_from_them(tmp_path: Path) -> None:
    """The first target dies: the call is at the next one within S-6's time. Each is asked how it is, at its port."""
    (port,) = free_ports(1)
    with building(tmp_path) as b:
        first, second = Agent("first", "", b.sip), Agent("second", "", b.sip)
        trunk = named("carrier.example")
        b.publish((*(r for r in sample_rows() if not isinstance(r, Trunk)), trunk))
        records = [
            f"srv-host=_sip._udp.carrier.example,two.carrier.example,{second.port},20,0",
            f"srv-host=_sip._udp.carrier.example,one.carrier.example,{first.port},10,0",
            f"host-record=one.carrier.example,{ADDRESS}",
            f"host-record=two.carrier.example,{ADDRESS}",
        ]
        names = SystemNames(Network(uplink_address=ADDRESS, uplink_dns=ADDRESS), port)
        with name_server(ADDRESS, port, records):
            made = TrunkResolver(b.settings, names)
            assert resolved(made, trunk) == (Hop(ADDRESS, first.port), Hop(ADDRESS, second.port))
        b.start("kamailio")
        ana = Agent(sip_user("ana"), sip_secret("ana"), b.sip)
        assert ana.register().status == 200
        call = ana.dial("5512345678")
        invite = first.expect("INVITE")
        assert invite.uri == f"sip:+525512345678@{ADDRESS}:{first.port}"
        first.answer(invite, 486, "Busy Here")
        assert ana.outcome(call).status == 486
        # It says nothing any more.
        began = time.monotonic()
        call = ana.dial("5512345678")
        invite = second.expect("INVITE", seconds=4)
        assert time.monotonic() - began < 4
        assert invite.uri == f"sip:+525512345678@{ADDRESS}:{second.port}"
        second.answer(invite, 486, "Busy Here")
        assert ana.outcome(call).status == 486
        inbound = second.dial("+525550000101")
        ana.answer(ana.expect("INVITE"), 486)
        assert second.outcome(inbound).status in (480, 486)
        first.health = 503
        tender, directory = TrunkTender(b.settings), MemoryDirectory((*sample_rows(), trunk))

        def known() -> list[int]:
            tender.turn(directory, made.hops, True, time.monotonic())
            for agent in (first, second):
                agent.receive(0.02)
            found = [b.kamailio.call("htable.get", "trunk", f"{trunk.id} {hop.name}") for hop in made.hops(trunk)]
            return [int(f["item"]["value"]) for f in found if f]

        until(lambda: known() == [0, 1], 10, "the second target stands for the trunk")
        assert tender.reports([trunk], True)[0].state is LinkState.UP
        for agent in (ana, first, second):
            agent.close()
