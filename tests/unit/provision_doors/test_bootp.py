"""What a client says of itself, read from octets; and octets that make no sense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.provision.bootp import DhcpSaid, options, said

MAC = bytes.fromhex("001565aa0101")
DISCOVER = bytes([53, 1, 1])


def message(tail: bytes, mac: bytes = MAC, relay: bytes = b"\0" * 4, operation: int = 1) -> bytes:
    fixed = bytes([operation, 1, 6, 0]) + b"\0" * 20 + relay + mac.ljust(16, b"\0") + b"\0" * 192
    return fixed + b"\x63\x82\x53\x63" + tail


def packet(payload: bytes, port: int = 67, protocol: int = 17, fragment: int = 0, ihl: int = 5) -> bytes:
    udp = (68).to_bytes(2) + port.to_bytes(2) + (8 + len(payload)).to_bytes(2) + b"\0\0"
    header = bytes([0x40 | ihl, 0, 0, 0, 0, 0]) + fragment.to_bytes(2) + bytes([64, protocol]) + b"\0" * 10
    return header + b"\0" * 4 * (ihl - 5) + udp + payload


def test_a_discover_gives_vendor_class_fingerprint_and_name() -> None:
    tail = DISCOVER + b"\x3c\x07yealink" + bytes([55, 3, 1, 3, 66]) + b"\x0c\x06mesa-7" + b"\x4d\x02hi" + b"\xff"
    assert said(packet(message(tail))) == DhcpSaid("001565aa0101", b"yealink", bytes([1, 3, 66]), "mesa-7", b"hi")


def test_nuls_that_end_a_vendor_class_are_taken_off_and_others_stay() -> None:
    cisco = said(packet(message(DISCOVER + b"\x3c\x08CP-78\0\0\0\xff")))
    polycom = said(packet(message(DISCOVER + bytes.fromhex("3c06 0000363d0201") + b"\xff")))
    assert cisco
    assert cisco.vendor_class == b"CP-78"
    assert polycom
    assert polycom.vendor_class == bytes.fromhex("0000363d0201")


def test_an_option_in_parts_is_joined() -> None:
    assert options(message(b"\x3c\x02ye\x3c\x05alink\xff"))[60] == b"yealink"


def test_a_message_for_another_mac_counts_only_from_a_relay() -> None:
    liar = bytes.fromhex("020000000001")
    assert said(packet(message(DISCOVER)), liar) is None
    assert said(packet(message(DISCOVER, relay=b"\x0a\0\0\x01")), liar)
    assert said(packet(message(DISCOVER)), MAC)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        packet(message(DISCOVER), port=68),
        packet(message(DISCOVER), protocol=6),
        packet(message(DISCOVER), fragment=100),
        packet(message(DISCOVER, operation=2)),
        packet(message(bytes([53, 1, 5]))),
        packet(message(b"")),
        packet(message(DISCOVER)[:240].replace(b"\x63\x82", b"\0\0")),
        packet(b"x" * 100),
    ],
    ids=["empty", "to a client", "tcp", "fragment", "reply", "ack", "no type", "no cookie", "short"],
)
def test_what_is_not_a_clients_message_is_nothing(octets: bytes) -> None:
    assert said(octets) is None


def test_ip_options_are_skipped() -> None:
    assert said(packet(message(DISCOVER), ihl=8))


def test_a_host_name_is_printable_and_bounded() -> None:
    found = said(packet(message(DISCOVER + b"\x0c\x05a\n\x1bb\0" + b"\xff")))
    assert found
    assert found.host_name == "a??b"


@given(st.binary(max_size=400))
def test_no_octets_raise(octets: bytes) -> None:
    said(octets)
    said(packet(message(octets)))
    said(packet(octets))
