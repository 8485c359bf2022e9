"""Who has which address: Kea's lease file, with what the client said of itself (dhcp_ear.py). Reading only.

Neither Kea nor the ear need be alive: their files hold the last that was known.
"""

import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, local

from appliance.ports import Clock
from appliance.provision.bootp import DhcpSaid
from appliance.provision.dhcp import heard_file, lease_file
from appliance.provision.dhcp_ear import boot_of, look_up
from appliance.provision.family import plain_mac
from appliance.provision.identify import Lease
from appliance.settings import Settings

_ASSIGNED = "0"
_READ_AT_MOST = 16 << 20
"""Octets of lease file read in one go; an hour of a full pool renewing takes far less."""


@dataclass(frozen=True, slots=True)
class _Row:
    mac: str
    expires: int
    host_name: str


class Leases:
    """Looks leases up by address; safe to share between threads. Costs a stat and one indexed look-up."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._file = lease_file(settings)
        self._looked_at = str(self._file)
        self._heard = heard_file(settings)
        self._clock = clock
        self._lock = Lock()
        self._rows: dict[str, _Row] = {}
        self._read: tuple[int, int] = (0, 0)
        self._threads = local()

    def lease_of(self, address: str) -> Lease | None:
        """The lease in force of this address; None where Kea gave none, or it ran out."""
        with self._lock:
            self._catch_up()
            row = self._rows.get(address)
        if row is None or row.expires <= self._clock.now().timestamp():
            return None
        heard = self._said(row.mac) or DhcpSaid(row.mac)
        return Lease(
            mac=row.mac,
            address=address,
            option60=heard.vendor_class,
            option55=heard.parameters,
            option77=heard.user_class,
            option125=heard.vendor_identifying,
            hostname=heard.host_name or row.host_name,
        )

    def _catch_up(self) -> None:
        """Read what Kea has appended; all parts anew when it began a new file (its clean-up does, once an hour)."""
        try:
            now = os.stat(self._looked_at)
        except OSError:
            return
        inode, offset = self._read
        if now.st_ino == inode and now.st_size == offset:
            return
        if now.st_ino != inode or now.st_size < offset:
            self._rows.clear()
            for part in _older_parts(self._file):
                self._take(part, 0)
            offset = 0
        self._read = (now.st_ino, offset + self._take(self._file, offset))

    def _take(self, path: Path, offset: int) -> int:
        """Take the whole lines of a file from an offset; how many octets they were."""
        try:
            with path.open("rb") as file:
                file.seek(offset)
                new = file.read(_READ_AT_MOST)
        except OSError:
            return 0
        whole = new.rfind(b"\n") + 1
        for line in new[:whole].splitlines():
            self._take_row(line.decode("utf-8", "replace").split(","))
        return whole

    def _take_row(self, columns: list[str]) -> None:
        # address, hwaddr, client_id, valid_lifetime, expire, subnet_id, fqdn_fwd, fqdn_rev, hostname, state, ...
        if len(columns) < 10 or not columns[4].isdecimal():
            return
        mac = plain_mac(columns[1])
        if columns[9] == _ASSIGNED and mac:
            self._rows[columns[0]] = _Row(mac, int(columns[4]), columns[8])
        else:
            self._rows.pop(columns[0], None)

    def boot_of(self, mac: str) -> tuple[str, bool]:
        """A name for the boot that this phone is in, and whether it was ever heard to boot; "" where nobody listens."""
        with suppress(sqlite3.Error):
            return boot_of(self._store(), mac)
        return "", False

    def _said(self, mac: str) -> DhcpSaid | None:
        with suppress(sqlite3.Error):
            return look_up(self._store(), mac)
        return None

    def _store(self) -> sqlite3.Connection:
        """This thread's own; opened anew where the file is another one than it was."""
        try:
            inode = os.stat(self._heard).st_ino
        except OSError as missing:
            raise sqlite3.OperationalError(str(missing)) from missing
        held: tuple[int, sqlite3.Connection] | None = getattr(self._threads, "store", None)
        if held is None or held[0] != inode:
            held = (inode, sqlite3.connect(f"file:{self._heard}?mode=ro", uri=True, isolation_level=None))
            self._threads.store = held
        return held[1]


def _older_parts(main: Path) -> tuple[Path, ...]:
    """What Kea's clean-up left beside the lease file, oldest first (Kea 2.2 manual, §8.2.2.2)."""
    completed = main.with_name(main.name + ".completed")
    if completed.exists():
        return (completed,)
    return (main.with_name(main.name + ".2"), main.with_name(main.name + ".1"))
