"""The orders as a running process holds them: read again when a file changes; roll-outs move on as phones return."""

import logging
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import replace

from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.model import Directory
from appliance.directory.moves import phones_here
from appliance.directory.sipways import SipWays, Way
from appliance.errors import Problem
from appliance.ports import Clock
from appliance.provision.context import SiteContext, site_context
from appliance.provision.families import Families
from appliance.provision.family import Family
from appliance.provision.firmware import RolloutState, Seen, Shelf, Target, advance
from appliance.provision.firmware_store import FirmwareStore, Stored
from appliance.provision.orders import Orders, seen_of
from appliance.provision.override_files import load_overrides
from appliance.provision.overrides import Overrides
from appliance.provision.tokens import identity_of
from appliance.settings import Settings

LOOK_AGAIN_S = 2.0
TEND_S = 5.0
log = logging.getLogger("conserje.provision")

_Stamp = tuple[tuple[str, int, int], ...]


def firmware_store(settings: Settings, clock: Clock) -> FirmwareStore:
    return FirmwareStore(settings.paths.firmware_dir, clock, settings.provisioning.firmware_most_mb << 20)


class OrderBook:
    """Orders of a building. Safe to share between threads; a fault in one is told once and leaves the others."""

    def __init__(self, settings: Settings, clock: Clock, local: LocalStore) -> None:
        self._folder = settings.paths.overrides_dir
        self._http = site_context(settings).http
        self._clock = clock
        self._local = local
        self.store = firmware_store(settings, clock)
        self._looked_at = self._tended_at = float("-inf")
        self._stamp: _Stamp | None = None
        self._orders = Orders()
        self._families: Families | None = None
        self._overrides = Overrides()
        self._busy = threading.Lock()
        self._damaged = ""
        self._ways = SipWays(settings.paths.local_db)

    def current(self, families: Families, directory: Directory) -> Orders:
        """The same object until something changed. Looks at the disk at most every LOOK_AGAIN_S seconds."""
        now = self._clock.monotonic()
        due = now - self._looked_at >= LOOK_AGAIN_S or families is not self._families
        if not due or not self._busy.acquire(blocking=self._families is None):
            return self._orders
        try:
            stamp = self._now_on_disk()
            if stamp != self._stamp or families is not self._families:
                self._overrides = load_overrides(self._folder, families)
                for problem in self._overrides.problems:
                    log.error("provision.override.broken %s", problem.text())
            self._stamp, self._families = stamp, families
            shelf = self._shelf(families, directory, now)
            # An empty store answers with a new shelf each time: what counts is whether it says something else.
            without_tls = left_without_tls(self._ways, directory)
            same_files = self._orders.overrides is self._overrides and self._orders.families is families
            if not same_files or shelf != self._orders.shelf or without_tls != self._orders.without_tls:
                self._orders = Orders(shelf, self._overrides, families, self._http, without_tls)
            self._looked_at = now
        finally:
            self._busy.release()
        return self._orders

    def stored(self, path: str, mac: str) -> Stored | None:
        """The firmware file that a path asks for. Nothing but the digests on record is ever looked for on disk."""
        shelf = self._orders.shelf
        file = shelf.asked_for(path)
        return Stored(self.store.place(file), file.name, file.size, file.sha256, mac) if file else None

    def _shelf(self, families: Families, directory: Directory, now: float) -> Shelf:
        try:
            shelf = self.store.shelf()
            running = any(t.state is RolloutState.RUNNING for t in shelf.targets)
            if running and now - self._tended_at >= TEND_S:
                self._tended_at = now
                tend(self.store, self._local, families, directory, self._clock)
                shelf = self.store.shelf()
            self._damaged = ""
        except Problem as problem:
            if problem.text() != self._damaged:
                log.error("provision.firmware.record %s", problem.text())
            self._damaged = problem.text()
            return self._orders.shelf
        return shelf

    def _now_on_disk(self) -> _Stamp:
        found = []
        for path in sorted(self._folder.rglob("*.toml")):
            try:
                at = path.stat()
            except OSError:
                continue
            found.append((str(path), at.st_mtime_ns, at.st_size))
        return tuple(found)


def left_without_tls(ways: SipWays, directory: Directory) -> frozenset[str]:
    """Phones whose files say UDP, whatever the site wants. A file of the box that cannot be read: none."""
    try:
        rows = [r for r in ways.all().values() if r.way in (Way.HELD, Way.REFUSED)]
    except sqlite3.Error as failed:
        log.error("provision.ways.unread %s", failed)
        return frozenset()
    known = ((r, directory.phone_by_mac(r.mac)) for r in rows)
    return frozenset(r.mac for r, p in known if p and identity_of(p.mac, p.sip_user, p.sip_secret) == r.identity)


def tend(store: FirmwareStore, local: LocalStore, families: Families, directory: Directory, clock: Clock) -> Shelf:
    """Move every running roll-out on by what its phones last said. Raises InputProblem when the store is damaged."""
    before = store.shelf()
    after = _moved(before, local, families, directory, clock)
    if after == before:
        return before
    # Once more under the lock: another process may have moved it meanwhile.
    return store.change(lambda shelf: _moved(shelf, local, families, directory, clock))


def _moved(shelf: Shelf, local: LocalStore, families: Families, directory: Directory, clock: Clock) -> Shelf:
    for target in shelf.targets:
        family, file = families.family(target.family), shelf.file(target.sha256)
        if target.state is not RolloutState.RUNNING or family is None or file is None:
            continue
        moved = advance(target, file, phones_of(target, family, local, directory), clock.now())
        if moved is not target and moved.state is RolloutState.STOPPED:
            log.error(
                "provision.firmware.stopped %s %s: %s did not come back with %s",
                *(target.family, target.model, moved.stopped_by, file.version),
            )
        shelf = shelf.with_target(moved) if moved != target else shelf
    return shelf


def phones_of(target: Target, family: Family, local: LocalStore, directory: Directory) -> Iterable[Seen]:
    """Phones of the target's model that ever asked for files here, by MAC."""
    asked = local.last_fetch_at()
    found = []
    for phone in sorted(phones_here(directory), key=lambda p: p.mac):
        if phone.mac not in asked or phone.family not in ("", family.name):
            continue
        fetches = tuple((f.at, f.path, f.user_agent, f.status) for f in local.fetches(phone.mac))
        seen, said = seen_of(phone.mac, family, fetches)
        known = family.model(phone.model)
        if (said or (known.name if known else "")) == target.model:
            found.append(seen)
    return found


def ordered_site(settings: Settings, families: Families, clock: Clock) -> SiteContext:
    """The site with its orders, for a command that looks once."""
    shelf = firmware_store(settings, clock).shelf()
    overrides = load_overrides(settings.paths.overrides_dir, families)
    site = site_context(settings)
    without_tls = left_without_tls(SipWays(settings.paths.local_db), Live(settings.paths.live_dir).current())
    return replace(site, orders=Orders(shelf, overrides, families, site.http, without_tls))
