"""Trunks on the wire, and what the engines' own lists say."""

from dataclasses import replace

import pytest

from appliance.directory.reports import Ban, Contact
from appliance.sip_edge.registration import Registration, received
from appliance.sip_edge.trunk_tender import reply_of
from appliance.sip_edge.trunks import Hop, first_live, next_hop, sends, silence_ms, uri_of
from appliance.sip_edge.watch import Lost, bans, counters
from appliance.vocabulary import LinkState
from wire.rows import Trunk

TRUNK = Trunk("trunk-1", "site", "Carrier", "carrier", "198.51.100.7")
AT = Hop("198.51.100.7", 5060)
ALSO = Hop("198.51.100.8", 5070)


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
    assert sends(TRUNK, (AT,), address, port, udp) is is_it


def test_a_trunk_over_tcp_sends_from_any_port() -> None:
    assert sends(replace(TRUNK, transport="tcp"), (AT,), "198.51.100.7", 40123, False)


def test_uris_name_the_transport_only_where_it_is_not_udp() -> None:
    assert uri_of(AT, TRUNK, "+52155") == "sip:+52155@198.51.100.7:5060"
    assert uri_of(Hop("2001:db8::1", 5060), replace(TRUNK, transport="tcp")) == "sip:[2001:db8::1]:5060;transport=tcp"


def test_the_first_address_that_lives_is_tried_first_and_each_once() -> None:
    hops = (AT, ALSO)
    assert next_hop(hops, (), ()) == AT
    assert next_hop(hops, (AT,), ()) == ALSO
    assert next_hop(hops, (AT,), (ALSO.name,)) == AT, "what seems dead is tried before the trunk is given up"
    assert next_hop(hops, (), (AT.name, ALSO.name)) is None
    assert next_hop((), (), ()) is None
    many = tuple(Hop(f"198.51.100.{n}", 5060) for n in range(9))
    assert next_hop(many, (), tuple(h.name for h in many[:3])) is None, "the next trunk waits"
    assert [silence_ms(3, many[:n]) for n in (1, 2, 3, 9)] == [3000, 1500, 1000, 1000]


def test_a_trunk_is_up_while_one_of_its_addresses_answers() -> None:
    up, down, unknown = LinkState.UP, LinkState.DOWN, LinkState.UNKNOWN
    assert first_live({AT: down, ALSO: up}) == ALSO
    assert first_live({AT: up, ALSO: up}) == first_live({AT: down, ALSO: down}) == AT
    assert first_live({AT: down, ALSO: unknown}) == ALSO


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


def test_bans_are_read_out_of_a_dump() -> None:
    dump = [{"slot": [{"name": "10.20.0.66", "value": "passwords 1700000000"}, {"name": "x", "value": 3}]}]
    assert bans(dump) == (Ban("10.20.0.66", "passwords", "2023-11-14T22:13:20.000+00:00"),)
    assert bans(None) == bans([{}]) == ()


def test_a_reply_to_a_register_is_read_also_in_its_short_forms_and_over_several_lines() -> None:
    """RFC 3261 §7.3.1 and §7.3.3: who takes the wrong time of registration loses its line before the next one."""
    contact = "sip:line@198.51.100.9:5060"
    text = f"SIP/2.0 200 OK\r\nm: <sip:other@x>;expires=9000,\r\n <{contact}>\r\n\t;expires=120\r\nl: 0\r\n\r\n"
    reply = reply_of([200, "OK", text])
    assert reply.status == 200
    assert received(Registration("id"), reply, contact, 0).until == 120
    assert reply_of(None) == reply_of([]) == reply_of(["x"])
