"""The SIP PnP responder on a real voice network: multicast in, a 200 and a NOTIFY out, to whom the network shows."""

import socket
import struct
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.integration.provision.conftest import Door, make_door, take_down
from tests.lab.netns import Namespace, refusal
from tests.lab.waiting import until

ANA, STRANGER = "001565aa0101", "001565ff0009"
GROUP = ("224.0.1.75", 5060)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    if why := refusal():
        pytest.skip(f"no network namespaces here: {why}")
    made = make_door(tmp_path_factory.mktemp("door"), ("dhcp", "pnp"))
    try:
        # supervisord calls it running before it has joined the group.
        until(lambda: joined(made), 15, "the responder hears the group")
        yield made
    finally:
        take_down(made)


def joined(door: Door) -> bool:
    table = door.place.run(["cat", "/proc/net/igmp"]).stdout
    return "4B0100E0" in (table if isinstance(table, str) else table.decode())


def question(mac: str, port: int) -> bytes:
    lines = (
        f"SUBSCRIBE sip:MAC{mac}@224.0.1.75 SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.66:{port};branch=z9hG4bK1",
        f"From: <sip:MAC{mac}@224.0.1.75>;tag=1",
        f"To: <sip:MAC{mac}@224.0.1.75>",
        "Call-ID: pnp-1",
        "CSeq: 1 SUBSCRIBE",
        'Event: ua-profile;profile-type="device";vendor="Yealink";model="T46S";version="66.85.0.5"',
        "Content-Length: 0",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def asks(place: Namespace, mac: str, wait_s: float = 1.5) -> list[bytes]:
    """All answers to the question, asked again each half second as phones do."""
    with place.inside():
        line, index = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.if_nametoindex("eth0")
    with closing(line):
        line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("8xi", index))
        line.bind(("", 0))
        line.settimeout(0.5)
        got: list[bytes] = []
        for _ in range(int(wait_s / 0.5)):
            line.sendto(question(mac, line.getsockname()[1]), GROUP)
            try:
                while len(got) < 2:
                    got.append(line.recv(4096))
            except TimeoutError:
                continue
            return got
        return got


@pytest.mark.acceptance("P-13")
def test_a_phone_that_asks_the_group_is_told_where_its_files_are(door: Door) -> None:
    phone = door.plug_in(ANA)
    phone.dhcp("-V", "yealink")
    ok, told = asks(phone.place, ANA, 5)
    assert ok.startswith(b"SIP/2.0 200 OK")
    assert told.startswith(b"NOTIFY sip:10.20.0.")
    assert told.endswith(b"\r\n\r\nhttp://10.20.0.1/yealink/")


@pytest.mark.acceptance("P-13")
def test_a_phone_that_says_anothers_mac_is_told_nothing(door: Door) -> None:
    phone = door.plug_in(STRANGER)
    phone.dhcp("-V", "yealink")
    assert asks(phone.place, ANA) == []
    until(lambda: [s for s in door.local.sightings() if s.mac == STRANGER], 5, "it stands in the list")


@pytest.mark.acceptance("P-13")
def test_without_a_lease_the_neighbour_table_tells_who_asks(door: Door) -> None:
    fixed = door.plug_in("001565ff000a")
    fixed.stand_at("10.20.0.201")
    assert asks(fixed.place, ANA) == []
    assert len(asks(fixed.place, "001565ff000a", 5)) == 2
