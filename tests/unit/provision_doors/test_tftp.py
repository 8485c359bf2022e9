"""The TFTP door on loopback, packet by packet: blocks, options, losses, limits."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.provision import tftp
from appliance.provision.tftp import TRANSFERS_PER_SOURCE, TftpDoor
from appliance.provision.tftp_lines import RESTING
from appliance.provision.tftp_transfer import BLOCK_MOST
from tests.lab.waiting import until
from tests.unit.provision_doors.building import ANAS_FILE, doorway_in

PATIENCE_S = 5.0


@pytest.fixture
def door(tmp_path: Path) -> Iterator[TftpDoor]:
    doorway = doorway_in(tmp_path)
    made = TftpDoor(doorway, "127.0.0.1", 0)
    yield made
    made.close()
    doorway.close()


@pytest.fixture
def phone() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setblocking(False)
        yield line


def rrq(*options: str, path: str = ANAS_FILE) -> bytes:
    return b"\0\x01" + b"".join(w.encode() + b"\0" for w in (path, "octet", *options))


def heard(door: TftpDoor, phone: socket.socket, wait_s: float = PATIENCE_S) -> tuple[bytes, tuple[str, int]]:
    """The next packet for the phone, while the door turns."""
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        door.turn(0.01)
        try:
            return phone.recvfrom(65536)
        except BlockingIOError:
            continue
    return b"", ("", 0)


def fetch(door: TftpDoor, phone: socket.socket, *options: str) -> tuple[bytes, list[int]]:
    """The file, and the sizes of its blocks."""
    phone.sendto(rrq(*options), ("127.0.0.1", door.port))
    got, sizes = b"", []
    while True:
        packet, peer = heard(door, phone)
        if packet[1] == 6:
            phone.sendto(b"\0\x04\0\0", peer)
            size = int(dict(zip(*[iter(packet[2:].split(b"\0"))] * 2, strict=False)).get(b"blksize", b"512"))
            continue
        size = size if options else 512
        assert packet[1] == 3
        got += packet[4:]
        sizes.append(len(packet) - 4)
        phone.sendto(b"\0\x04" + packet[2:4], peer)
        if len(packet) - 4 < size:
            door.turn(0.01)
            return got, sizes


def test_a_file_comes_in_blocks_of_512_unless_asked_otherwise(door: TftpDoor, phone: socket.socket) -> None:
    plain, sizes = fetch(door, phone)
    assert set(sizes[:-1]) == {512}
    assert b"p-ana-x7k2" in plain
    large, sizes = fetch(door, phone, "blksize", "1428", "tsize", "0")
    assert (large, sizes[0]) == (plain, BLOCK_MOST)
    assert door._transfers == {}


def test_a_lost_block_is_sent_again(door: TftpDoor, phone: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tftp, "RESEND_S", 0.05)
    phone.sendto(rrq(), ("127.0.0.1", door.port))
    first, peer = heard(door, phone)
    again, same = heard(door, phone)
    assert (again, same) == (first, peer)
    phone.sendto(b"\0\x04\0\x01", peer)
    phone.sendto(b"\0\x04\0\x01", peer)
    second, _ = heard(door, phone)
    assert second[:4] == b"\0\x03\0\x02", "an acknowledgement that comes twice is answered once (RFC 1123 §4.2.3.1)"


def test_a_phone_that_went_away_is_given_up(
    door: TftpDoor, phone: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tftp, "RESEND_S", 0.02)
    phone.sendto(rrq(), ("127.0.0.1", door.port))
    packets = 0
    while heard(door, phone, 0.5)[0]:
        packets += 1
    assert packets == tftp.SENDS_MOST
    assert door._transfers == {}


def test_what_comes_late_for_one_file_disturbs_no_other_that_goes_by_the_same_port(
    door: TftpDoor, phone: socket.socket
) -> None:
    phone.sendto(rrq(), ("127.0.0.1", door.port))
    _, first = heard(door, phone)
    phone.sendto(b"\0\x05\0\0over\0", first)
    until_ended(door)
    whole, sizes = fetch(door, phone)
    ports = {first[1]}
    # Each of these comes late, for a port that rests: an acknowledgement that would move a transfer on.
    for _ in range(2 * RESTING):
        phone.sendto(b"\0\x04\0\x01", first)
        phone.sendto(rrq(), ("127.0.0.1", door.port))
        packet, peer = heard(door, phone)
        assert packet == b"\0\x03\0\x01" + whole[: sizes[0]]
        assert heard(door, phone, 0.02)[0] == b""
        ports.add(peer[1])
        phone.sendto(b"\0\x05\0\0over\0", peer)
        until_ended(door)
    assert len(ports) == RESTING + 1


def until_ended(door: TftpDoor) -> None:
    def ended() -> bool:
        door.turn(0.01)
        return not door._transfers

    until(ended, PATIENCE_S, "the transfer ends")


def test_only_the_phone_itself_can_move_its_transfer(door: TftpDoor, phone: socket.socket) -> None:
    phone.sendto(rrq(), ("127.0.0.1", door.port))
    _, peer = heard(door, phone)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"\0\x04\0\x01", peer)
        stranger.sendto(b"\0\x05\0\0gone\0", peer)
        door.turn(0.05)
    phone.sendto(b"\0\x04\0\x01", peer)
    assert heard(door, phone)[0][:4] == b"\0\x03\0\x02"


def test_one_source_cannot_take_every_transfer(door: TftpDoor) -> None:
    lines = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(TRANSFERS_PER_SOURCE + 5)]
    try:
        for line in lines:
            line.setblocking(False)
            line.sendto(rrq(), ("127.0.0.1", door.port))
            assert heard(door, line)[0][:4] == b"\0\x03\0\x01", "the newest is served"
        assert len(door._transfers) == TRANSFERS_PER_SOURCE
    finally:
        for line in lines:
            line.close()


@pytest.mark.parametrize(
    ("packet", "answer"),
    [
        (b"\0\x02x.log\0octet\0", b"\0\x05\0\x02"),
        (rrq(path="nothing"), b"\0\x05\0\x01"),
        (rrq(path="../../etc/passwd"), b"\0\x05\0\x01"),
        (rrq(path="yealink/001565ffffff.cfg"), b"\0\x05\0\x01"),
        (b"\0\x01\xff\0octet\0", b""),
        (b"\0\x01x", b""),
    ],
    ids=["write", "no file", "climbing", "unknown phone", "not ascii", "cut off"],
)
def test_refusals_are_error_packets_and_nonsense_gets_silence(
    door: TftpDoor, phone: socket.socket, packet: bytes, answer: bytes
) -> None:
    phone.sendto(packet, ("127.0.0.1", door.port))
    assert heard(door, phone, PATIENCE_S if answer else 0.1)[0][:4] == answer
    assert door._transfers == {}
