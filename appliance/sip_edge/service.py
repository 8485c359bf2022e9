"""The edge service: call facts to CDRs, trunks asked and registered, and a report of what the engines hold.

It decides nothing about calls, and no call waits for it: with it dead, phones register and talk; records wait in the
spool. It outlives every engine, and every engine outlives it.
"""

import logging
import signal
import sqlite3
import time
from collections import deque
from collections.abc import Iterable
from threading import Event

from appliance.directory.live import Live, LiveDirectory
from appliance.directory.local import LocalStore
from appliance.directory.moves import phones_here
from appliance.directory.reports import CallNow, EdgeReport, read_report, write_report
from appliance.errors import Problem
from appliance.ports import SystemChance, SystemClock
from appliance.settings import Settings
from appliance.sip_edge.bulletin import Bulletin, Spending
from appliance.sip_edge.callfacts import News
from appliance.sip_edge.cdr import OpenCall
from appliance.sip_edge.control import Kamailio, Rtpengine, voice_answers
from appliance.sip_edge.engines import contacts_db
from appliance.sip_edge.eras import KAMAILIO_FIRST_S, ClockWatch, Eras, end_kamailio_of_former_era
from appliance.sip_edge.kamailio.spool import now_ms
from appliance.sip_edge.kamailio.voices import STATE
from appliance.sip_edge.ledger import CallLedger
from appliance.sip_edge.resolver import TrunkResolver
from appliance.sip_edge.spooled import SpoolReader
from appliance.sip_edge.trunk_tender import TrunkTender
from appliance.sip_edge.watch import Lost, bans, contacts, counters, iso
from wire.facts import Cdr

log = logging.getLogger(__name__)

TURN_S = 0.25
PING_EVERY_S = 1.0
POLL_EVERY_S = 2.0
FRESH_S = 0.5
"""A call that begins or ends is in the report so soon, and the engines are asked no more often."""
RESOLVE_EVERY_S = 60.0
CLEAN_EVERY_S = 30.0
REMEMBERED = 5000
"""Calls that have ended, of which rtpengine is asked whether it holds them still."""


def run(settings: Settings) -> None:
    """Serve until told to end (SIGTERM, SIGINT)."""
    logging.basicConfig(level=logging.INFO, format="edge: %(message)s")
    ending = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    watch = ClockWatch(settings)
    end_kamailio_of_former_era(settings, watch.eras)
    edge = Edge(settings, watch.eras)
    while not ending.wait(TURN_S):
        if watch.stepped():
            log.warning("event=clock_set what=kamailio_and_edge_begin_anew")
            end_kamailio_of_former_era(settings, ClockWatch(settings).eras)
            ending.wait(KAMAILIO_FIRST_S)
            return
        edge.turn(time.monotonic())


class Edge:
    """One turn does what is due, and never raises on what an engine does or does not."""

    def __init__(self, settings: Settings, eras: Eras = Eras()) -> None:  # noqa: B008 - frozen
        self._settings = settings
        self._live = Live(settings.paths.live_dir)
        self._kamailio = Kamailio(settings.sip.control_port)
        self._rtpengine = Rtpengine(settings.media.ng_port)
        before = read_report(settings.paths.reports_dir, EdgeReport)
        self._records = Records(settings, eras)
        self._bulletin = Bulletin(settings)
        self._spending = Spending(settings, self._kamailio)
        self._names = TrunkResolver(settings)
        self._lost = Lost(before.contacts if before else ())
        self._trunks = TrunkTender(settings, before.trunks if before else ())
        self._report = EdgeReport(at=iso(time.time()), trunks=before.trunks if before else ())
        self._due: dict[str, float] = {}
        self._up = (False, False, False)
        self._written = 0.0
        self._complained = ""
        self._users: set[str] = set()
        """Whose phones stood here when the report was last written."""

    def turn(self, now: float) -> None:
        directory = self._directory()
        if directory is not None:
            self._records.turn(directory.site.id)
            alerted = self._bulletin.read(self._records.take_news(), directory.site.id)
            if alerted:
                self._due["poll"] = 0.0
        was_up = self._up[0]
        changed = self._is_due("ping", PING_EVERY_S, now) and self._ping()
        if directory is not None and self._up[0] and self._is_due("spent", PING_EVERY_S, now):
            self._spending.tell(directory, self._records.open_calls(), anew=not was_up)
        if directory is not None:
            changed |= self._keep_trunks(directory, now)
        if changed or self._records.changed():
            self._due["poll"] = min(self._due.get("poll", 0.0), self._written + FRESH_S)
        if self._is_due("poll", POLL_EVERY_S, now):
            self._written = now
            self._write(directory)
        if self._is_due("clean", CLEAN_EVERY_S, now):
            self._records.clean()

    def _directory(self) -> LiveDirectory | None:
        try:
            directory = self._live.current()
            directory.site  # noqa: B018 - a directory without a site is none
        except (Problem, sqlite3.Error) as problem:
            self._complain(str(problem))
            return None
        self._complained = ""
        return directory

    def _complain(self, what: str) -> None:
        if what != self._complained:
            log.warning("%s", what)
            self._complained = what

    def _is_due(self, what: str, every_s: float, now: float) -> bool:
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every_s
        return True

    def _forget_moved(self, users: set[str]) -> None:
        """Contacts of phones that stood here by the copy before and stand elsewhere now: nobody is rung there again."""
        for user in self._users - users if users else ():
            self._kamailio.call("ul.rm", "location", user)
        self._users = users

    def _ping(self) -> bool:
        """Look at media and voice, and tell the workers, so that no call finds out by waiting."""
        ours, media = self._settings.media, self._rtpengine.answers()
        workers = [voice_answers(ours.voice_sip_port + n) for n in range(max(1, ours.voice_workers))]
        voice = any(workers)
        told = all(
            self._kamailio.call("htable.seti", "state", name, int(up)) is not None
            for name, up in (("media", media), ("voice", voice), *((f"{STATE}{n}", w) for n, w in enumerate(workers)))
        )
        before, self._up = self._up, (told, media, voice)
        return self._up != before

    def _keep_trunks(self, directory: LiveDirectory, now: float) -> bool:
        """Names of trunks resolved, trunks asked and registered; whether the state of one changed."""
        trunks = directory.trunks()
        if self._is_due("resolve", RESOLVE_EVERY_S, now) or self._names.lacks(trunks):
            self._names.resolve(trunks)
        self._names.collect()
        return self._trunks.turn(directory, self._names.hops, self._up[0], now)

    def _write(self, directory: LiveDirectory | None) -> None:
        now = iso(time.time())
        kamailio_up, media_up, voice_up = self._up
        current = contacts(contacts_db(self._settings)) or ()
        users = {p.sip_user for p in phones_here(directory)} if directory else set()
        self._forget_moved(users)
        counts = counters(self._kamailio.call("htable.dump", "count")) if kamailio_up else {}
        held = self._rtpengine.calls() if media_up else None
        if held is not None:
            self._records.forget_lost(held)
            for call_id in held & self._records.over:
                # Kamailio asks for nothing of an rtpengine that it takes for dead; it may only have been slow.
                self._rtpengine.drop(call_id)
        trunks = self._trunks.reports(directory.trunks() if directory else (), kamailio_up)
        self._report = EdgeReport(
            at=now,
            contacts=(*current, *self._lost.update(current, now, users)),
            trunks=trunks,
            calls=tuple(call_now(c) for c in self._records.open_calls()),
            kamailio_up=kamailio_up,
            media_up=media_up,
            voice_up=voice_up,
            uncaught=counts.get("uncaught", 0),
            calls_total=self._records.total,
            calls_answered=self._records.answered,
            registrations_refused=counts.get("refused", 0),
            alerts=self._bulletin.alerts(),
            bans=bans(self._kamailio.call("htable.dump", "banned")) if kamailio_up else self._report.bans,
            flooded=counts.get("flooded", 0),
        )
        try:
            write_report(self._settings.paths.reports_dir, self._report)
        except OSError as full:
            self._complain(f"the report cannot be written: {full}")


class Records:
    """Call facts to CDRs in the journal, each once whenever this process is killed."""

    def __init__(self, settings: Settings, eras: Eras = Eras()) -> None:  # noqa: B008 - frozen
        self._reader = SpoolReader(settings.paths.call_spool_dir, eras)
        self._store = LocalStore(settings.paths.local_db, SystemClock(), SystemChance())
        self._silent_ms = settings.media.silent_call_s * 1000
        self._ledger: CallLedger | None = None
        self._waiting: list[Cdr] = []
        self._over: deque[str] = deque(maxlen=REMEMBERED)
        self._seen_held: set[str] = set()
        self._noted = False
        self._failing = ""
        self._counting = False
        """Not while the spool is read again at the start: its calls were counted before."""
        self.total = 0
        self.answered = 0

    def turn(self, site_id: str) -> None:
        if self._ledger is None:
            self._ledger = CallLedger(site_id)
        # To the end before anything is settled: what ended a call may stand far behind what began it.
        while facts := self._reader.read():
            self._noted = True
            for fact in facts:
                self._ledger.note(fact)
        self._keep(self._ledger.settled(now_ms()))
        self._counting = True

    def forget_lost(self, held: frozenset[str]) -> None:
        """Close calls whose media rtpengine once held and gave up, because nothing was heard for so long."""
        if self._ledger is None:
            return
        opened = {c.key.call_id for c in self._ledger.open_calls()}
        self._seen_held = (self._seen_held | held) & opened
        # A call that never was relayed is nothing that rtpengine could have lost.
        still = held | (opened - self._seen_held)
        self._keep(self._ledger.close_lost(still, now_ms() - self._silent_ms))

    @property
    def over(self) -> frozenset[str]:
        """Call-IDs that have ended lately: nothing of theirs is to be relayed any more."""
        return frozenset(self._over) - {c.key.call_id for c in self.open_calls()}

    def take_news(self) -> list[News]:
        return self._reader.take_news()

    def open_calls(self) -> tuple[OpenCall, ...]:
        return self._ledger.open_calls() if self._ledger else ()

    def changed(self) -> bool:
        """Whether facts came since this was asked last."""
        noted, self._noted = self._noted, False
        return noted

    def clean(self) -> None:
        """Delete spool files of which every call is in the journal."""
        if self._ledger is not None and not self._waiting:
            self._reader.discard(self._ledger.oldest_needed_ms())

    def _keep(self, settled: Iterable[Cdr]) -> None:
        ended = tuple(settled)
        self._over.extend(cdr.call_id for cdr in ended)
        self._waiting.extend(ended)
        if not self._waiting:
            return
        try:
            self._store.append_all([(cdr.id, cdr) for cdr in self._waiting])
        except (sqlite3.Error, OSError, Problem) as refused:
            # They wait here, and in the spool should we die.
            if str(refused) != self._failing:
                log.warning("call records cannot be written to the journal: %s", refused)
                self._failing = str(refused)
            return
        self._failing = ""
        if self._counting:
            self.total += len(self._waiting)
            self.answered += sum(cdr.cause == "answered" for cdr in self._waiting)
        self._waiting.clear()


def call_now(call: OpenCall) -> CallNow:
    i = call.invite
    return CallNow(
        call_id=call.key.call_id,
        account_id=i.account_id if i else "",
        direction=i.direction if i else "",
        caller=i.caller if i else "",
        destination=i.destination if i else "",
        call_class=i.call_class if i else "",
        started_at=iso(call.started_ms / 1000),
        answered_at=iso(call.answered_ms / 1000) if call.answered_ms else "",
        state="talking" if call.answered_ms else "ringing",
        phone_ids=call.phone_ids,
    )
