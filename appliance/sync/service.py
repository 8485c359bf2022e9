"""The sync process: the change feed comes down in one thread, the journal and the status go up in another.

Every decision is elsewhere: link.py (what to show), revisions.py (what may be applied). This only carries and waits.
"""

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.metadata import version

from appliance.directory.assigned import Assignments
from appliance.directory.local import LocalStore
from appliance.directory.publish import publish
from appliance.directory.reports import SyncReportFile, write_report
from appliance.directory.revisions import Stored, apply_answer, newest_good, read_revision, set_aside
from appliance.directory.sealing import open_box
from appliance.directory.swap import Swaps
from appliance.errors import DirectoryProblem, EnrolmentProblem, FeedProblem, Problem, Words
from appliance.ports import Clock, SystemChance, SystemClock
from appliance.settings import Settings
from appliance.sync import pace
from appliance.sync.client import Busy, CentreClient, LinkDown
from appliance.sync.greetings import GreetingUpload
from appliance.sync.identity import Identity, new_request
from appliance.sync.link import SUCCESSES_TO_UP, LinkWatch, observe, overdue
from appliance.sync.menu_greetings import MenuGreetingUpload
from appliance.sync.messages import MessageUpload
from appliance.sync.orders import MessageOrders
from appliance.sync.recordings import Recordings
from appliance.sync.seen import SeenPhones
from appliance.vocabulary import LinkState
from wire.facts import SECRET_FIELDS, PhoneAdopted, PhoneAssigned, PhoneSwapped
from wire.feed import FactEnvelope, FeedAnswer, SyncReport

RETRY_S = (1.0, 2.0)
"""After a failure: a random wait between these, so that a thousand buildings do not come back in one instant."""
REFUSED_RETRY_S = (10.0, 20.0)
UPLOAD_EVERY_S = 1.0
REPORT_EVERY_S = 1.0
RENEW_CHECK_S = 3600.0

log = logging.getLogger("conserje.sync")


@dataclass(frozen=True, slots=True)
class RolledBack:
    """A revision that was not taken or not kept, and why; the one before it is in force."""

    revision: int = 0
    at: str = ""
    why: Words = field(default_factory=lambda: Words("", ""))


@dataclass
class Shared:
    """What the two threads tell the reporter. Guarded by `lock`."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    link: LinkWatch = field(default_factory=LinkWatch)
    applied_at: str = ""
    problem: Problem | None = None
    rolled_back: RolledBack = field(default_factory=RolledBack)
    report_due: bool = True
    stopping: threading.Event = field(default_factory=threading.Event)


class Sync:
    """The two loops over one building's settings. `stop()` ends both within a second or one long poll."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.identity = Identity(settings.paths.identity_dir)
        self.local = LocalStore(settings.paths.local_db, clock, SystemChance())
        self.shared = Shared()
        self.seen = SeenPhones(self.local)

    def run(self) -> None:
        """Until stopped. Writes the report every second whatever the link does."""
        threads = [threading.Thread(target=loop, daemon=True) for loop in self._loops()]
        for thread in threads:
            thread.start()
        while not self.shared.stopping.wait(REPORT_EVERY_S):
            self._observe(None)
            self._write_report()
            if not all(t.is_alive() for t in threads):
                log.error("event=sync_thread_died")
                raise SystemExit(1)

    def stop(self) -> None:
        self.shared.stopping.set()

    def _loops(self) -> tuple[Callable[[], None], ...]:
        return self._feed_loop, self._upload_loop, self._recordings_loop

    def _observe(self, ok: bool | None) -> None:
        """An exchange went well or not; None: nothing came back yet."""
        now = self.clock.now()
        with self.shared.lock:
            before = self.shared.link.state
            self.shared.link = overdue(self.shared.link, now) if ok is None else observe(self.shared.link, ok, now)
            after = self.shared.link.state
        if before is not after:
            log.warning("event=link_changed state=%s was=%s", after, before)

    def _feed_loop(self) -> None:
        whole_copy, orders = False, MessageOrders(self.settings, self.local, self.clock)
        client: CentreClient | None = None
        while not self.shared.stopping.is_set():
            if not self.identity.enrolled:
                # A building may run alone; enrolling later needs no restart.
                self.shared.stopping.wait(UPLOAD_EVERY_S)
                continue
            orders.obey()
            offered = 0
            try:
                if client is None:
                    client = CentreClient(self.identity, self.settings.central.url)
                found = self._newest_good()
                number = 0 if whole_copy or found is None else found.number
                answer = client.feed(number, self._patience_s())
                self._observe(True)
                offered = newest_of(answer)
                if apply_answer(self.settings.paths.revisions_dir, open_box(self.identity.directory), answer):
                    self._applied(publish(self.settings) or 0)
                whole_copy = False
            except LinkDown as down:
                log.info("event=centre_unreachable why=%s", down)
                self._observe(False)
                client = _drop(client)
                self._pause(RETRY_S)
            except (FeedProblem, DirectoryProblem) as problem:
                # A copy that cannot be brought forward is asked for whole; the former one stays in force.
                self._failed(problem, offered)
                self._pause(REFUSED_RETRY_S if whole_copy else RETRY_S)
                whole_copy = True
            except EnrolmentProblem as problem:
                self._failed(problem)
                self._observe(False)
                client = _drop(client)
                self._pause(REFUSED_RETRY_S)
        _drop(client)

    def _patience_s(self) -> int:
        """How long to let the centre wait for news. Not at all while the link has still to prove itself."""
        with self.shared.lock:
            link = self.shared.link
        proving = bool(link.failures) or (link.state is not LinkState.UP and link.successes < SUCCESSES_TO_UP)
        return 0 if proving else self.settings.central.poll_wait_s

    def _pause(self, between: tuple[float, float]) -> None:
        self.shared.stopping.wait(random.uniform(*between))  # noqa: S311 - spreads load, guards nothing

    def _applied(self, number: int) -> None:
        with self.shared.lock:
            self.shared.problem = None
            self.shared.applied_at = self._now()
            self.shared.report_due = True
        log.info("event=revision_applied revision=%d", number)

    def _newest_good(self) -> Stored | None:
        """What is on disk and sound. A newer one that has rotted was rolled back; it is asked for again at once."""
        newest = newest_number(self.settings)
        found = newest_good(self.settings.paths.revisions_dir)
        number = found.number if found else 0
        if number < newest:
            publish(self.settings)
        rotten = set_aside(self.settings.paths.revisions_dir)
        if rotten is not None and rotten.number > number:
            why = Words(
                f"Revision {rotten.number} was damaged on the building's disk.",
                f"La revisión {rotten.number} se dañó en el disco del edificio.",
            )
            back = RolledBack(rotten.number, rotten.at.isoformat(timespec="milliseconds"), why)
            with self.shared.lock:
                self.shared.report_due |= back != self.shared.rolled_back
                self.shared.rolled_back = back
        return found

    def _failed(self, problem: Problem, offered: int = 0) -> None:
        """`offered`: the newest revision of the answer that could not be applied; 0 where nothing came."""
        with self.shared.lock:
            known = self.shared.problem is not None and self.shared.problem.says == problem.says
            self.shared.problem = problem
            if offered and not (known and self.shared.rolled_back.revision == offered):
                self.shared.rolled_back = RolledBack(offered, self._now(), problem.says)
            self.shared.report_due = self.shared.report_due or not known
        if not known:
            log.error("event=sync_refused code=%s says=%s", problem.code, problem.says.en)

    def _upload_loop(self) -> None:
        client: CentreClient | None = None
        renew_at, wait_s, away_since = 0.0, UPLOAD_EVERY_S, 0.0
        while not self.shared.stopping.wait(wait_s):
            wait_s = UPLOAD_EVERY_S
            if not self.identity.enrolled:
                continue
            try:
                if client is None:
                    client = CentreClient(self.identity, self.settings.central.url)
                self._report_status(client)
                self.seen.tell(self.clock.monotonic())
                sent = self._upload(client)
                wait_s = pace.pause_s(sent, random.random())  # noqa: S311 - spreads load, guards nothing
                away_since = 0.0 if sent.answered or not sent.facts else away_since
                if self.clock.monotonic() >= renew_at:
                    renew_at = self.clock.monotonic() + RENEW_CHECK_S
                    if self._renew(client):
                        client = _drop(client)
            except Busy as busy:
                # It is there: its session is kept, so that it need not shake hands with everybody once more.
                log.info("event=upload_waits why=%s", busy)
                wait_s = pace.busy_s(random.random())  # noqa: S311
            except LinkDown as down:
                log.info("event=upload_waits why=%s", down)
                client = _drop(client)
                away_since = away_since or self.clock.monotonic()
                wait_s = pace.retry_s(self.clock.monotonic() - away_since, random.random())  # noqa: S311
            except Problem as problem:
                log.error("event=upload_refused code=%s says=%s", problem.code, problem.says.en)
                client = _drop(client)
                self._pause(REFUSED_RETRY_S)
        _drop(client)

    def _recordings_loop(self) -> None:
        """By itself, so that a long recording on a thin line holds nothing up."""
        recordings, messages = Recordings(self.settings), MessageUpload(self.settings, self.local, self.clock)
        greetings = GreetingUpload(self.settings, self.local, self.clock)
        menu_greetings = MenuGreetingUpload(self.settings, self.clock)
        client: CentreClient | None = None
        while not self.shared.stopping.wait(UPLOAD_EVERY_S):
            if not self.identity.enrolled:
                continue
            try:
                client = client or CentreClient(self.identity, self.settings.central.url)
                messages.send(client)
                greetings.send(client)
                menu_greetings.send(client)
                recordings.fetch(client)
            except (LinkDown, Problem, OSError) as gone:
                log.info("event=recordings_wait why=%s", gone)
                client = _drop(client)
                self._pause(REFUSED_RETRY_S)
        _drop(client)

    def _upload(self, client: CentreClient) -> pace.Sent:
        """Send what waits longest, a batch at most. Acknowledged facts are never sent again."""
        facts = self.local.waiting(pace.BATCH)
        if not facts:
            return pace.Sent(0, False, 0.0)
        box = open_box(self.identity.directory)
        opened = tuple(
            replace(f, body={**f.body, name: box.open(str(f.body[name]))}) if (name := SECRET_FIELDS.get(f.fact)) else f
            for f in facts
        )
        began = self.clock.monotonic()
        answer = client.journal(opened)
        took_s = self.clock.monotonic() - began
        self.local.acknowledge(answer.accepted, answer.refused)
        for fact_id, why in answer.refused:
            log.warning("event=fact_refused id=%s why=%s", fact_id, why)
            self._take_back(facts, fact_id)
        return pace.Sent(len(facts), bool(answer.accepted or answer.refused), took_s)

    def _take_back(self, facts: tuple[FactEnvelope, ...], refused_id: str) -> None:
        """What the centre refused of an adoption, a swap or an assignment ends here too: there is one truth."""
        for fact in facts:
            if fact.id == refused_id and fact.fact == PhoneAdopted.fact:
                self.local.forget_adoption(str(fact.body["mac"]))
                publish(self.settings)
            elif fact.id == refused_id and fact.fact == PhoneSwapped.fact:
                Swaps(self.settings.paths.local_db).forget(str(fact.body["phone_id"]))
                publish(self.settings)
            elif fact.id == refused_id and fact.fact == PhoneAssigned.fact:
                Assignments(self.settings.paths.local_db).forget(str(fact.body["phone_id"]))
                publish(self.settings)

    def _report_status(self, client: CentreClient) -> None:
        with self.shared.lock:
            due, problem, back = self.shared.report_due, self.shared.problem, self.shared.rolled_back
        found = newest_good(self.settings.paths.revisions_dir) if due else None
        if found is None:
            return
        number, digest = read_revision(found.path)
        says = problem.says if problem else Words("", "")
        state = "error" if problem else "applied"
        told = (back.revision, back.at, back.why.en, back.why.es)
        client.status(SyncReport(number, digest, state, says.en, says.es, self._now(), version("conserje"), *told))
        with self.shared.lock:
            same = self.shared.problem is problem and self.shared.rolled_back is back
            self.shared.report_due = not same

    def _renew(self, client: CentreClient) -> bool:
        """Ask for a new certificate when the old one nears its end."""
        if not self.identity.due(self.clock.now()):
            return False
        centre = self.identity.centre()
        key_pem, request_pem = new_request(centre.site_id)
        certificate_pem, ca_pem = client.renew(request_pem)
        self.identity.keep(key_pem, certificate_pem, ca_pem, centre)
        log.info("event=certificate_renewed")
        return True

    def _now(self) -> str:
        return self.clock.now().isoformat(timespec="milliseconds")

    def _write_report(self) -> None:
        found = newest_number(self.settings)
        with self.shared.lock:
            link, problem, applied_at = self.shared.link, self.shared.problem, self.shared.applied_at
        write_report(
            self.settings.paths.reports_dir,
            SyncReportFile(
                at=self._now(),
                link=link.state,
                link_since=link.since.isoformat(timespec="seconds") if link.since else "",
                revision=found,
                applied_at=applied_at,
                error_en=problem.says.en if problem else "",
                error_es=problem.says.es if problem else "",
                journal_waiting=self.local.waiting_count(),
                enrolled=self.identity.enrolled,
            ),
        )


def _drop(client: CentreClient | None) -> CentreClient | None:
    """Close a session; what is left of it: None."""
    if client is not None:
        client.close()
    return None


def newest_of(answer: FeedAnswer) -> int:
    """The revision that a building has once it took this answer; 0 where the answer brings nothing."""
    if answer.snapshot is not None:
        return answer.snapshot.number
    return answer.revisions[-1].number if answer.revisions else 0


def newest_number(settings: Settings) -> int:
    """Number of the newest revision file, without reading it; 0 when there is none."""
    names = sorted(p.name for p in settings.paths.revisions_dir.glob("rev-*.db"))
    return int(names[-1].split("-")[1]) if names else 0


def run(settings: Settings) -> None:
    """Entry point of the process."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    Sync(settings, SystemClock()).run()
