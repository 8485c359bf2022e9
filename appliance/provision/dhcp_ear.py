"""Hears what DHCP clients say of themselves on the voice interface, and remembers the last of each, within bounds.

Kea answers; this only listens (it works also where the building has another DHCP server). What was heard lies in a
small SQLite file in memory, which leases.py reads. bootp.py reads the octets; nothing here decides.
"""

import ctypes
import socket
import sqlite3
import struct
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path

from appliance.provision.bootp import PORT, DhcpSaid, said

MAX_REMEMBERED = 4096
"""Clients; the one unheard for longest goes first. Invented MACs can fill no disk."""

AT_ONCE = 256
"""Packets taken before the caller may look at something else."""

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

_COLUMNS = tuple(f.name for f in fields(DhcpSaid))
_SCHEMA = f"CREATE TABLE IF NOT EXISTS said({', '.join(_COLUMNS)}, PRIMARY KEY (mac))"
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
        self._store = sqlite3.connect(path, isolation_level=None)
        self._store.execute("PRAGMA journal_mode = WAL")
        self._store.execute("PRAGMA synchronous = OFF")
        self._store.execute(_SCHEMA)
        known = self._store.execute(f"SELECT {', '.join(_COLUMNS)} FROM said ORDER BY rowid")  # noqa: S608
        self._known: OrderedDict[str, DhcpSaid] = OrderedDict((row[0], DhcpSaid(*row)) for row in known)

    def note(self, heard: Iterable[DhcpSaid]) -> None:
        """Remember these. What a client left out this time stands as it said it before."""
        changed: dict[str, DhcpSaid] = {}
        for new in heard:
            old = self._known.get(new.mac)
            merged = new if old is None else _over(new, old)
            if merged != old:
                changed[new.mac] = merged
            self._known[new.mac] = merged
            self._known.move_to_end(new.mac)
        gone = [self._known.popitem(last=False)[0] for _ in range(len(self._known) - self._most)]
        if not changed and not gone:
            return
        self._store.execute("BEGIN")
        self._store.executemany(_WRITE, [astuple(s) for s in changed.values()])
        self._store.executemany("DELETE FROM said WHERE mac = ?", [(mac,) for mac in gone])
        self._store.execute("COMMIT")

    def close(self) -> None:
        self._store.close()


def _over(new: DhcpSaid, old: DhcpSaid) -> DhcpSaid:
    return DhcpSaid(*(n or o for n, o in zip(astuple(new), astuple(old), strict=True)))


def look_up(store: sqlite3.Connection, mac: str) -> DhcpSaid | None:
    """What this client last said, out of a connection to the file that `Heard` writes."""
    row = store.execute(_LOOK_UP, (mac,)).fetchone()
    return DhcpSaid(*row) if row else None
