"""Trunks in Kamailio's words: who sends, what is probed, and what the probes say."""

from dataclasses import replace

import pytest

from appliance.directory.reports import Contact
from appliance.sip_edge.trunks import duid, is_address, probe_list, sends, set_of, uri_of
from appliance.sip_edge.watch import Lost, TrunkStates, counters, probed
from appliance.vocabulary import LinkState
from wire.rows import Trunk

TRUNK = Trunk("trunk-1", "site", "Carrier", "carrier", "198.51.100.7")


@pytest.mark.parametrize(
    ("address", "port", "udp", "is_it"),
    [
        ("198.51.100.7", 5060, True, True),
        ("198.51.100.7", 5061, True, False),
        ("198.51.100.8", 5060, True, False),
        ("198.51.100.7", 5060, False, False),
    ],
)
def test_a_trunk_is_known_by_its_address_and_port(address: str, port: int, udp: bool, is_it: bool) -> None:
    assert sends(TRUNK, ("198.51.100.7",), address, port, udp) is is_it


def test_a_trunk_over_tcp_sends_from_any_port() -> None:
    assert sends(replace(TRUNK, transport="tcp"), ("198.51.100.7",), "198.51.100.7", 40123, False)


def test_uris_name_the_transport_only_where_it_is_not_udp() -> None:
    assert uri_of("198.51.100.7", TRUNK, "+52155") == "sip:+52155@198.51.100.7:5060"
    assert uri_of("2001:db8::1", replace(TRUNK, transport="tcp")) == "sip:[2001:db8::1]:5060;transport=tcp"


def test_the_probe_list_has_a_set_a_trunk_and_waits_for_names() -> None:
    named = replace(TRUNK, id="trunk-2", host="sip.carrier.example")
    text = probe_list([TRUNK, named], lambda t: (t.host,) if is_address(t.host) else ())
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines == [f"{set_of('trunk-1')} sip:198.51.100.7:5060 0 0 duid={duid('trunk-1', '198.51.100.7')}"]


def test_set_numbers_are_positive_and_fit_in_31_bits() -> None:
    assert all(0 < set_of(f"trunk-{n}") < 2**31 for n in range(2000))


def listing(flags: str, timeouts: int = 0, worst: int = 0) -> object:
    latency = {"AVG": 12.5, "STD": 0, "EST": 0, "MAX": worst, "TIMEOUT": timeouts}
    return {
        "RECORDS": [{"SET": {"ID": set_of("trunk-1"), "TARGETS": [{"DEST": {"FLAGS": flags, "LATENCY": latency}}]}}]
    }


@pytest.mark.parametrize(
    ("flags", "timeouts", "worst", "state"),
    [
        ("AP", 0, 0, LinkState.UP),
        ("AP", 3, 20, LinkState.UP),
        ("TP", 1, 20, LinkState.UP),
        ("TP", 1, 0, LinkState.UNKNOWN),
        ("IP", 3, 0, LinkState.DOWN),
        ("DX", 0, 9, LinkState.DOWN),
    ],
)
def test_what_the_probes_say(flags: str, timeouts: int, worst: int, state: LinkState) -> None:
    assert probed(listing(flags, timeouts, worst)) == {set_of("trunk-1"): (state, 12.5)}


@pytest.mark.parametrize("answer", [None, [], {}, {"RECORDS": [{}]}, {"RECORDS": [{"SET": {"ID": 1, "TARGETS": []}}]}])
def test_an_answer_that_does_not_fit_tells_nothing(answer: object) -> None:
    assert probed(answer) == {}


def test_since_when_changes_only_with_the_state() -> None:
    states = TrunkStates()
    assert states.update([TRUNK], listing("AP"), "10:00")[0].since == "10:00"
    assert states.update([TRUNK], listing("AP"), "10:01")[0].since == "10:00"
    down = states.update([TRUNK], listing("IP"), "10:02")
    assert (down[0].state, down[0].since) == (LinkState.DOWN, "10:02")
    assert TrunkStates(down).update([TRUNK], listing("IP"), "10:03")[0].since == "10:02"
    assert states.update([TRUNK], None, "10:04")[0].state is LinkState.UNKNOWN


def contact(user: str, expires: str) -> Contact:
    return Contact(user, "10.20.0.50:5060", "", expires)


def test_a_contact_that_ran_out_is_lost_and_one_taken_back_is_gone() -> None:
    lost = Lost()
    ana, beto = contact("ana", "10:05"), contact("beto", "10:05")
    assert lost.update([ana, beto], "10:00", ["ana", "beto"]) == ()
    assert lost.update([ana], "10:01", ["ana", "beto"]) == (), "Beto unregistered"
    assert lost.update([], "10:06", ["ana", "beto"]) == (ana,)
    assert Lost([ana]).update([], "10:07", ["ana"]) == (ana,), "also after a restart of the edge"
    assert lost.update([contact("ana", "10:20")], "10:08", ["ana"]) == ()
    assert lost.update([], "10:30", []) == (), "the phone left the directory"


def test_counters_are_read_out_of_a_dump() -> None:
    dump = [{"entry": 3, "size": 1, "slot": [{"name": "uncaught", "value": 2, "type": "int"}]}]
    assert counters(dump) == {"uncaught": 2}
    assert counters(None) == counters([{}]) == {}
