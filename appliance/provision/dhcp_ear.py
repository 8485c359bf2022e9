"""Hears what DHCP clients say of themselves on the voice interface, and remembers the last of each, within bounds.

Kea answers; this only listens (it works also where the building has another DHCP server). What was heard lies in a
small SQLite file in memory, which leases.py reads. bootp.py reads the octets; nothing here decides.
"""

import ctypes
import logging
import os
import select
import socket
import sqlite3
import struct
import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import astuple, fields, replace
from pathlib import Path

from appliance.provision.bootp import PORT, DhcpSaid, said

MAX_REMEMBERED = 4096
"""Clients; the one unheard for longest goes first. Invented MACs can fill no disk."""

AT_ONCE = 256
"""Packets taken before the caller may look at something else."""

log = logging.getLogger("conserje.dhcp")
_ETH_P_IP = 0x0800
_SO_ATTACH_FILTER = 26
_RECEIVE_BUFFER = 1 << 20
_LARGEST = 1514

# Classic BPF on the IP header: UDP, first fragment, destination port 67; else nothing reaches us.
_FILTER = (
    (0x30, 0, 0, 9),
    (0x15, 0, 6, 17),
    (0x28, 0, 0, 6),
    (0x45, 4, 0, 0x1FFF),
    (0xB1, 0, 0, 0),
    (0x48, 0, 0, 2),
    (0x15, 0, 1, PORT),
    (0x06, 0, 0, 0xFFFF),
    (0x06, 0, 0, 0),
)

_COLUMNS = tuple(f.name for f in fields(DhcpSaid) if f.name != "starting")
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS said({", ".join(_COLUMNS)}, PRIMARY KEY (mac));
CREATE TABLE IF NOT EXISTS started(mac PRIMARY KEY, boot INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS born(name TEXT PRIMARY KEY);
"""
_LOOK_UP = f"SELECT {', '.join(_COLUMNS)} FROM said WHERE mac = ?"  # noqa: S608 - our own column names
_WRITE = f"INSERT OR REPLACE INTO said VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608


class Ear:
    """A socket that hears every DHCP message on one interface. Needs CAP_NET_RAW; raises OSError without."""

    def __init__(self, interface: str) -> None:
        # Protocol 0 hears nothing until it is bound to the interface with the filter in place.
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
        program = b"".join(struct.pack("HBBI", *step) for step in _FILTER)
        held = ctypes.create_string_buffer(program)
        self._socket.setsockopt(
            socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", len(_FILTER), ctypes.addressof(held))
        )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._socket.bind((interface, _ETH_P_IP))

    def fileno(self) -> int:
        return self._socket.fileno()

    def hear(self) -> tuple[DhcpSaid, ...]:
        """What came since the last time, oldest first; at most AT_ONCE."""
        heard = []
        for _ in range(AT_ONCE):
            try:
                packet, (_, _, kind, _, sender) = self._socket.recvfrom(_LARGEST)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                # ENETDOWN is told once when the interface goes down; it works again when it is up.
                break
            if kind != socket.PACKET_OUTGOING and (found := said(packet, sender)):
                heard.append(found)
        return tuple(heard)

    def close(self) -> None:
        self._socket.close()


class Heard:
    """What was heard, for other processes to read. One writer."""

    def __init__(self, path: Path, most: int = MAX_REMEMBERED) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._most = most
        # Made by one thread, written by another, never by two at once.
        self._store = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._store.execute("PRAGMA journal_mode = WAL")
        self._store.execute("PRAGMA synchronous = OFF")
        self._store.executescript(_SCHEMA)
        if not self._store.execute("SELECT 1 FROM born").fetchone():
            # Another file, another run of the box: what a boot is called never comes again.
            self._store.execute("INSERT INTO born VALUES (?)", (uuid.uuid4().hex[:12],))
        (self._boots,) = self._store.execute("SELECT coalesce(max(boot), 0) FROM started").fetchone()
        known = self._store.execute(f"SELECT {', '.join(_COLUMNS)} FROM said ORDER BY rowid")  # noqa: S608
        self._known: OrderedDict[str, DhcpSaid] = OrderedDict((row[0], DhcpSaid(*row)) for row in known)

    def note(self, heard: Iterable[DhcpSaid]) -> None:
        """Remember these. What a client left out this time stands as it said it before."""
        changed: dict[str, DhcpSaid] = {}
        started: dict[str, int] = {}
        for one in heard:
            if one.starting:
                self._boots += 1
                started[one.mac] = self._boots
            new = replace(one, starting=False)
            old = self._known.get(new.mac)
            merged = new if old is None else _over(new, old)
            if merged != old:
                changed[new.mac] = merged
            self._known[new.mac] = merged
            self._known.move_to_end(new.mac)
        gone = [self._known.popitem(last=False)[0] for _ in range(len(self._known) - self._most)]
        if not changed and not gone and not started:
            return
        self._store.execute("BEGIN")
        self._store.executemany(_WRITE, [astuple(s)[: len(_COLUMNS)] for s in changed.values()])
        self._store.executemany("INSERT OR REPLACE INTO started VALUES (?, ?)", started.items())
        self._store.executemany("DELETE FROM said WHERE mac = ?", [(mac,) for mac in gone])
        self._store.executemany("DELETE FROM started WHERE mac = ?", [(mac,) for mac in gone])
        self._store.execute("COMMIT")

    def close(self) -> None:
        self._store.close()


def _over(new: DhcpSaid, old: DhcpSaid) -> DhcpSaid:
    return DhcpSaid(*(n or o for n, o in zip(astuple(new), astuple(old), strict=True)))


class Listening:
    """The ear in a thread of its own: a phone asks for its files some milliseconds after it was given an address."""

    def __init__(self, interface: str, path: Path) -> None:
        self._ear, self._heard = Ear(interface), Heard(path)
        self._end, self._told = os.pipe()
        self._thread = threading.Thread(target=self._listen, name="ear", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            ready, _, _ = select.select([self._ear.fileno(), self._end], [], [])
            if self._end in ready:
                return
            try:
                self._heard.note(self._ear.hear())
            except sqlite3.Error as failed:
                # Memory is full, say: phones get addresses all the same.
                log.error("dhcp.ear.failed %s", failed)

    def close(self) -> None:
        os.write(self._told, b".")
        self._thread.join(2)
        os.close(self._told)
        os.close(self._end)
        self._ear.close()
        self._heard.close()


def look_up(store: sqlite3.Connection, mac: str) -> DhcpSaid | None:
    """What this client last said, out of a connection to the file that `Heard` writes."""
    row = store.execute(_LOOK_UP, (mac,)).fetchone()
    return DhcpSaid(*row) if row else None


def boot_of(store: sqlite3.Connection, mac: str) -> tuple[str, bool]:
    """A name for the boot that this client is in, another one for each; and whether it was ever heard to boot.

    A box that lost its memory, in a power cut that the phones shared, knows none of their boots: they are new ones.
    """
    born = store.execute("SELECT name FROM born").fetchone()
    row = store.execute("SELECT boot FROM started WHERE mac = ?", (mac,)).fetchone()
    return (f"{born[0]}-{row[0] if row else 0}" if born else "", row is not None)
