"""Firmware through the doors: ranges over HTTP, any length over TFTP, nothing but what the store has on record."""

import io
import socket
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from appliance.directory.local import LocalStore
from appliance.ports import SystemChance, SystemClock
from appliance.provision import firmware_http
from appliance.provision.doorway import Doorway
from appliance.provision.firmware import FirmwareFile
from appliance.provision.http import create_app
from appliance.provision.order_book import firmware_store
from appliance.provision.tftp import TftpDoor
from appliance.provision.tftp_transfer import BLOCK_MOST, Transfer, agreed, read_request
from appliance.provision.upkeep import FirmwareFacts
from tests.unit.provision_doors.building import doorway_in, settings_in
from tests.unit.provision_doors.test_tftp import heard, rrq

DATA = bytes(range(256)) * 40


@pytest.fixture
def kept(tmp_path: Path) -> FirmwareFile:
    store = firmware_store(settings_in(tmp_path), SystemClock())
    facts = FirmwareFacts()
    return store.add(io.BytesIO(DATA), name="T46S.rom", family="yealink", version="66.9", facts=facts, by="test")[0]


@pytest.fixture
def doorway(tmp_path: Path, kept: FirmwareFile) -> Doorway:
    return doorway_in(tmp_path)


@pytest.fixture
def client(doorway: Doorway) -> FlaskClient:
    return create_app(doorway).test_client()


@pytest.mark.acceptance("P-12")
def test_a_file_is_given_whole_in_part_or_not_again(client: FlaskClient, kept: FirmwareFile) -> None:
    url = f"/{kept.path}"
    whole = client.get(url, buffered=True)
    assert (whole.status_code, whole.data, whole.headers["Accept-Ranges"]) == (200, DATA, "bytes")
    tag = whole.headers["ETag"]
    part = client.get(url, headers={"Range": "bytes=100-199"}, buffered=True)
    assert (part.status_code, part.data) == (206, DATA[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(DATA)}"
    assert client.get(url, headers={"Range": "bytes=-50"}, buffered=True).data == DATA[-50:]
    assert client.get(url, headers={"Range": "bytes=5000-", "If-Range": tag}, buffered=True).data == DATA[5000:]
    changed = client.get(url, headers={"Range": "bytes=5000-", "If-Range": '"another"'}, buffered=True)
    assert (changed.status_code, changed.data) == (200, DATA)
    assert client.get(url, headers={"Range": f"bytes={len(DATA)}-"}, buffered=True).status_code == 416
    assert client.get(url, headers={"If-None-Match": tag}, buffered=True).status_code == 304
    head = client.head(url, buffered=True)
    assert (head.status_code, head.data, head.content_length) == (200, b"", len(DATA))


@pytest.mark.acceptance("P-12")
@pytest.mark.parametrize(
    "path",
    ["shelf.json", ".lock", "{folder}/../shelf.json", "{folder}/shelf.json", "{sha}", "../local.db", "{folder}/..%2fx"],
)
def test_a_path_that_leaves_its_folder_is_not_found(client: FlaskClient, kept: FirmwareFile, path: str) -> None:
    said = path.format(folder=kept.sha256[:16], sha=kept.sha256)
    assert client.get(f"/firmware/{said}", buffered=True).status_code == 404


def test_what_is_taken_is_in_the_log_of_fetches_only_when_it_was_given(
    client: FlaskClient, kept: FirmwareFile, doorway: Doorway, tmp_path: Path
) -> None:
    assert client.get(f"/{kept.path}", buffered=True).status_code == 200
    store = firmware_store(settings_in(tmp_path), SystemClock())
    store.remove(kept)
    assert client.get(f"/{kept.path}", buffered=True).status_code == 404, (
        "taken away while a door still has it on record"
    )
    doorway.close()
    assert LocalStore(settings_in(tmp_path).paths.local_db, SystemClock(), SystemChance()).fetches("") == ()


def test_downloads_leave_room_for_phones_own_files(client: FlaskClient, kept: FirmwareFile) -> None:
    held = [client.get(f"/{kept.path}", buffered=False) for _ in range(firmware_http.DOWNLOADS_AT_ONCE)]
    try:
        assert client.get(f"/{kept.path}", buffered=True).status_code == 503
    finally:
        for answer in held:
            answer.close()
    assert client.get(f"/{kept.path}", buffered=True).status_code == 200


@pytest.mark.acceptance("P-12")
def test_tftp_gives_it_with_the_block_size_and_length_that_were_asked_for(doorway: Doorway, kept: FirmwareFile) -> None:
    door = TftpDoor(doorway, "127.0.0.1", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.setblocking(False)
        phone.sendto(rrq("blksize", "1428", "tsize", "0", path=kept.path), ("127.0.0.1", door.port))
        packet, peer = heard(door, phone)
        assert packet == b"\0\x06blksize\0001428\0tsize\000" + str(len(DATA)).encode() + b"\0"
        phone.sendto(b"\0\x04\0\0", peer)
        got = b""
        while len(block := heard(door, phone)[0][2:]) == BLOCK_MOST + 2:
            got += block[2:]
            phone.sendto(b"\0\x04" + block[:2], peer)
        assert got + block[2:] == DATA
    door.close()
    doorway.close()


class Endless(io.RawIOBase):
    """A file of 70,000 blocks that is nowhere."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1, /) -> bytes:
        given = min(size, self.left)
        self.left -= given
        return bytes(given)


def test_a_file_of_more_than_65535_blocks_is_given_to_its_end() -> None:
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    near.setblocking(False)
    transfer = Transfer(near, Endless(70_000 * 8 + 3), 8, b"options")  # type: ignore[arg-type]
    far.recv(64)
    far.send(b"\0\x04\0\0")
    blocks = 0
    while transfer.heard() is not None:
        packet = far.recv(64)
        blocks += 1
        assert packet[2:4] == (blocks & 0xFFFF).to_bytes(2, "big")
        far.send(b"\0\x04" + packet[2:4])
    assert blocks == 70_001
    transfer.close()
    near.close()
    far.close()


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0\x01",
        b"\0\x01a\0octet",
        b"\0\x01\0octet\0",
        b"\0\x01a\0mail\0",
        b"\0\x03\0\x01data",
        b"\0\x01" + b"a" * 600,
    ],
)
def test_what_is_no_request_is_none(packet: bytes) -> None:
    assert read_request(packet) is None


def test_options_are_taken_as_far_as_we_go() -> None:
    asked = read_request(rrq("BLKSIZE", "9000", "tsize", "0", "windowsize", "8"))
    assert asked is not None
    assert agreed(asked.options, 7) == (1428, b"\0\x06blksize\x001428\0tsize\x007\0")
    for not_done in ("7", "٣", "9" * 40):
        assert agreed((("blksize", not_done),), 7) == (512, b"")
