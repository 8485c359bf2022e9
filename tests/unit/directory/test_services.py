"""Rows of wire/services.py are found alike in memory and in a published file; PINs are kept as nothing but a hash."""

import sqlite3
from pathlib import Path

import pytest

from appliance.directory import tables
from appliance.directory.live import LiveDirectory
from appliance.directory.model import MemoryDirectory
from wire import pins
from wire.rows import Account, Row, Site
from wire.services import Mailbox, Member, Menu, MenuKey, RingGroup, Room

ROWS: tuple[Row, ...] = (
    Site("s", "Reforma"),
    Account("a", "Acme"),
    RingGroup("g", "a", "Ventas", mode="in_turn"),
    Member("m2", "a", "g", 2, "person", "ana"),
    Member("m1", "a", "g", 1, "phone", "lobby"),
    Member("other", "a", "g2", 1, "person", "ana"),
    Menu("menu", "a", "r", "business"),
    MenuKey("k", "a", "menu", "1", "person", "ana"),
    Mailbox("box", "a", "Ana", person_id="ana"),
    Room("room", "a", "8001", "Junta", pin="4711"),
)


@pytest.fixture(params=["memory", "file"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryDirectory | LiveDirectory:
    if request.param == "memory":
        return MemoryDirectory(ROWS)
    path = tmp_path / "live.db"
    with sqlite3.connect(path) as connection:
        tables.create(connection)
        tables.write_meta(connection, {"revision": "1"})
        for row in ROWS:
            tables.put(connection, row)
    return LiveDirectory(path)


def test_parts_come_in_their_order_and_of_their_own_whole(directory: MemoryDirectory | LiveDirectory) -> None:
    assert [m.id for m in directory.services_of(Member, "g")] == ["m1", "m2"]
    assert [k.digit for k in directory.services_of(MenuKey, "menu")] == ["1"]
    assert [b.id for b in directory.services_of(Mailbox, "ana")] == ["box"]
    assert directory.services_of(Member, "nothing") == ()


def test_rows_are_found_by_id_and_by_account(directory: MemoryDirectory | LiveDirectory) -> None:
    group = directory.service(RingGroup, "g")
    assert group is not None
    assert group.ring_s == 20
    assert directory.service(RingGroup, "room") is None
    assert [r.number for r in directory.services(Room, "a")] == ["8001"]
    assert directory.services(Room, "b") == ()


def test_a_pin_fits_its_own_hash_alone() -> None:
    kept = pins.hashed("4711", b"0123456789abcdef")
    assert "4711" not in kept
    assert pins.fits("4711", kept)
    assert not pins.fits("4712", kept)
    assert not pins.fits("4711", "")
    assert not pins.fits("4711", "scrypt$not base64$x")


@pytest.mark.parametrize(
    ("pin", "why"),
    [
        ("1234", "sequence"),
        ("4321", "sequence"),
        ("7777", "repeat"),
        ("4747", "repeat"),
        ("101", "length"),
        ("0101", "repeat"),
        ("1021", "extension"),
        ("12345678901", "length"),
        ("12a4", "digits"),
        ("4711", ""),
    ],
)
def test_what_everybody_would_guess_is_no_pin(pin: str, why: str) -> None:
    assert pins.weakness(pin, "1021") == why
