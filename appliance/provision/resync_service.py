"""Keeps every phone's files what they should be: tells those whose files changed, and those that somebody named.

A thread of the TFTP process, which every building runs and which has the templates in memory already. It waits for
nobody: a phone that does not answer holds up one of its few senders, and files are served by other threads.
"""

import logging
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from appliance.directory.live import Live, LiveDirectory
from appliance.directory.local import LocalStore
from appliance.directory.model import Phone
from appliance.directory.moves import phones_here
from appliance.directory.reports import EdgeReport, read_report
from appliance.directory.resyncs import Cause, Outcome, Resync, Resyncs, Wish
from appliance.directory.served import GivenFiles, GivenHead
from appliance.directory.sipways import SipWays
from appliance.errors import Problem
from appliance.kamailio_rpc import Kamailio
from appliance.ports import Chance, Clock
from appliance.provision.catalogue import Catalogue
from appliance.provision.changes import wanted
from appliance.provision.claims import Claims
from appliance.provision.context import site_context, trusting
from appliance.provision.families import Families
from appliance.provision.notify import ANSWER_S, SILENT, UNREACHED, notify
from appliance.provision.order_book import OrderBook
from appliance.provision.orders import Orders
from appliance.provision.resync import due
from appliance.provision.way_watch import WayWatch
from appliance.settings import Settings

log = logging.getLogger("conserje.resync")

TURN_S = 0.5
PER_TURN = 10
"""20 phones a second: a thousand are told within a minute, and come back in single file."""

SENDERS = 8
COMPARED_AFTER_S = (0.0, 5.0, 30.0)
"""After a change. The later looks are for phones that fetched in that moment; they are told nothing twice."""

SETTLES_S = 3.0
"""After a change nobody is told for so long: the doors are other processes, and look for changes every two seconds.
A phone that came before they had looked would be given its old files, and is told of a change once only."""

SLICE = 20
"""Phones compared before files are served again: this thread shares its process."""

SLICE_PAUSE_S = 0.02
TRIES_MOST = 3
TRY_AGAIN_S = 15.0
WINDOW_S = 120.0
"""So long a phone that was told may fetch its files without a token."""

BY_ITSELF = "building"


class ResyncService:
    """`start` in the process that serves; `stop` before it ends. `turn` is one round, for whoever has no thread."""

    def __init__(self, settings: Settings, clock: Clock, chance: Chance, catalogue: Catalogue | None = None) -> None:
        """`catalogue`: of the process that this is a thread of."""
        self._settings = settings
        self._clock = clock
        self._live = Live(settings.paths.live_dir)
        self._catalogue = catalogue or Catalogue(settings.paths.templates_dir, clock)
        self._site = site_context(settings)
        self._claims = Claims(settings, clock, chance)
        self._queue = Resyncs(settings.paths.local_db, clock)
        self._given = GivenFiles(settings.paths.local_db, settings.paths.identity_dir, clock)
        self._kamailio = Kamailio(settings.sip.control_port, ANSWER_S)
        self._orders = OrderBook(settings, clock, LocalStore(settings.paths.local_db, clock, chance))
        self._ways = SipWays(settings.paths.local_db)
        self._way_watch = WayWatch(self._ways, self._given, clock, settings.provisioning.secure_sip_wait_s)
        self._in_force: tuple[LiveDirectory, Families, Orders] | None = None
        self._compare_at: list[float] = []
        self._elsewhere: frozenset[str] = frozenset()
        self._tell_at = float("-inf")
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._senders: ThreadPoolExecutor | None = None
        self._complained = ""

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="resync", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        if self._thread is not None:
            self._thread.join(timeout=2)
        if self._senders is not None:
            self._senders.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not self._ending.wait(TURN_S):
            try:
                self.turn()
            except (Problem, sqlite3.Error, OSError) as wrong:
                # No directory yet, a full disk: phones go on with the files that they have.
                if str(wrong) != self._complained:
                    log.warning("event=resync_waits why=%s", wrong)
                self._complained = str(wrong)
            else:
                self._complained = ""

    def turn(self) -> None:
        """What is due. Raises DirectoryProblem while there is no directory, and what SQLite raises."""
        directory, families = self._live.current(), self._catalogue.current()
        now = self._clock.monotonic()
        orders = self._orders.current(families, directory)
        # The box's own authority comes a moment after its first start, and into the files with it.
        self._site = trusting(self._site, self._settings)
        now_in_force = (directory, families, orders)
        if self._in_force is None or any(a is not b for a, b in zip(self._in_force, now_in_force, strict=True)):
            self._in_force = now_in_force
            self._site = replace(self._site, orders=orders)
            self._compare_at = [now + s for s in COMPARED_AFTER_S]
            self._tell_at = now + SETTLES_S
        if self._compare_at and now >= self._compare_at[0]:
            self._compare_at = [at for at in self._compare_at if at > now]
            self._compare(directory, families)
        report = read_report(self._settings.paths.reports_dir, EdgeReport)
        if self._way_watch.look(directory, families, self._site, orders, report):
            # Whoever is left with UDP after all must not be told of files that say TLS.
            self._tell_at = now + SETTLES_S
        waiting = self._queue.waiting()
        if not waiting or now < self._tell_at:
            return
        phones = {p.mac: p for p in phones_here(directory)}
        turn = due(waiting, phones, report, self._clock.now(), PER_TURN)
        self._queue.hold(turn.hold)
        for resync, why in turn.give_up:
            self._queue.settle(resync, Outcome.GIVEN_UP, held_by=why)
        heads = self._given.heads() if turn.send else {}
        for resync in turn.send:
            self._tell(resync, phones[resync.mac], heads.get(resync.mac, ()), directory, families)

    def _compare(self, directory: LiveDirectory, families: Families) -> None:
        """Ask for every phone whose files are not what it was given."""
        phones = phones_here(directory)
        macs = [p.mac for p in phones]
        self._welcome(directory, frozenset(macs))
        self._given.forget_others(macs)
        self._queue.forget_others(macs)
        self._ways.forget_others(macs)
        heads = self._given.heads()
        changed = []
        for i, phone in enumerate(phones):
            digest = wanted(phone, heads.get(phone.mac, ()), families, directory, self._site)
            if digest:
                changed.append((phone.mac, digest))
            if i % SLICE == SLICE - 1 and self._ending.wait(SLICE_PAUSE_S):
                return
        new = self._queue.ask_changed(changed, BY_ITSELF)
        if new:
            log.info("event=files_changed phones=%d revision=%d", new, directory.revision)

    def _welcome(self, directory: LiveDirectory, here: frozenset[str]) -> None:
        """A phone that moved in has another building's files: it is told to read ours."""
        for mac in here & self._elsewhere:
            self._queue.ask(mac, Wish.RESYNC, BY_ITSELF)
        self._elsewhere = frozenset(p.mac for p in directory.phones()) - here

    def _tell(
        self,
        resync: Resync,
        phone: Phone,
        heads: tuple[GivenHead, ...],
        directory: LiveDirectory,
        families: Families,
    ) -> None:
        if resync.cause is Cause.CHANGED and not wanted(phone, heads, families, directory, self._site):
            self._queue.settle(resync, Outcome.UNNEEDED)
            return
        name = phone.family or next((h.family for h in heads), "")
        family = families.family(name)
        event = family.notify.get(resync.wish, "") if family else ""
        if not event:
            self._queue.settle(resync, Outcome.GIVEN_UP, held_by="no-event")
            return
        self._claims.open(phone, WINDOW_S)
        self._queue.sent(resync)
        if self._senders is None:
            self._senders = ThreadPoolExecutor(SENDERS, "notify")
        self._senders.submit(self._send, resync, phone.sip_user, event)

    def _send(self, resync: Resync, sip_user: str, event: str) -> None:
        network, sip = self._settings.network, self._settings.sip
        status = notify(self._kamailio, sip_user, event, sip.realm, f"{network.voice_address}:{sip.port}")
        log.info("event=notify mac=%s wish=%s status=%d", resync.mac, resync.wish, status)
        # A full disk: the wish stays as sent, and the phone reads its files in the night.
        with suppress(sqlite3.Error):
            if status not in (SILENT, UNREACHED):
                self._queue.settle(resync, Outcome.ANSWERED, status)
            elif resync.tries + 1 < TRIES_MOST:
                self._queue.again(resync, self._clock.now() + timedelta(seconds=TRY_AGAIN_S), status, "no-answer")
            else:
                self._queue.settle(resync, Outcome.SILENT, status, "no-answer")
