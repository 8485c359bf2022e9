"""What the doors share: who asks is looked up, the desk is asked, and the answer is remembered and written down.

Nothing is decided here. serve() is pure, so its answer to the same request of the same revision is the same: a file
given is remembered for a moment, with the very inputs that made it as its key.
"""

import logging
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

from appliance.directory.live import Live, LiveDirectory
from appliance.directory.local import Fetch, LocalStore
from appliance.ports import Chance, Clock
from appliance.provision.bounds import MissBudget, SaidOnce
from appliance.provision.catalogue import Catalogue
from appliance.provision.context import site_context
from appliance.provision.desk import Answer, Broken, FileRequest, NotFound, Refused, Served, accepts_upload, serve
from appliance.provision.families import Families
from appliance.provision.leases import Leases, Neighbours
from appliance.provision.scribe import Entry, Scribe
from appliance.settings import Settings

REMEMBERED_S = 30.0
"""An answer may hang on the time; so long it may be off."""

REMEMBERED_OCTETS = 8 << 20
log = logging.getLogger("conserje.provision")


_SLASHES = re.compile("/{2,}")


class _Key(NamedTuple):
    """The inputs of serve() that change; the objects themselves, so that none is freed while an answer hangs on it."""

    request: FileRequest
    directory: LiveDirectory
    families: Families


@dataclass
class _Memory:
    """Files given lately, within REMEMBERED_OCTETS."""

    _answers: OrderedDict[_Key, tuple[float, Served]] = field(default_factory=OrderedDict)
    _octets: int = 0
    _lock: Lock = field(default_factory=Lock)

    def recall(self, key: _Key, now: float) -> Served | None:
        found = self._answers.get(key)
        return found[1] if found and now - found[0] < REMEMBERED_S else None

    def keep(self, key: _Key, answer: Served, now: float) -> None:
        with self._lock:
            self._drop(key)
            self._answers[key] = (now, answer)
            self._octets += len(answer.data)
            while self._octets > REMEMBERED_OCTETS:
                self._drop(next(iter(self._answers)))

    def forget(self) -> None:
        with self._lock:
            self._answers.clear()
            self._octets = 0

    def _drop(self, key: _Key) -> None:
        old = self._answers.pop(key, None)
        self._octets -= len(old[1].data) if old else 0


class Doorway:
    """One per process. Safe to share between threads; opens nothing before the first request."""

    def __init__(self, settings: Settings, clock: Clock, chance: Chance) -> None:
        self._clock = clock
        self._live = Live(settings.paths.live_dir)
        self._catalogue = Catalogue(settings.paths.templates_dir, clock)
        self._leases = Leases(settings, clock)
        self._neighbours = Neighbours(clock)
        self._site = site_context(settings)
        self._memory = _Memory()
        self._in_force: tuple[LiveDirectory, Families] | None = None
        self._budget = MissBudget()
        self._once = SaidOnce()
        self._counting = Lock()
        self._scribe = Scribe(LocalStore(settings.paths.local_db, clock, chance))

    def answer(self, path: str, transport: str, address: str, user_agent: str) -> Answer:
        """What this request is given; not yet written down. Raises DirectoryProblem while there is no directory."""
        directory, families = self._live.current(), self._catalogue.current()
        if self._in_force is None or self._in_force[0] is not directory or self._in_force[1] is not families:
            self._in_force = (directory, families)
            self._memory.forget()
        lease = self._leases.lease_of(address)
        arp_mac = "" if lease else self._neighbours.mac_of(address)
        # A boot server that was set with a slash at its end makes phones ask with two.
        request = FileRequest(_SLASHES.sub("/", path), transport, address, user_agent, lease, arp_mac)
        key = _Key(request, directory, families)
        now = self._clock.monotonic()
        remembered = self._memory.recall(key, now)
        if remembered is not None:
            return remembered
        answer = serve(request, directory, families, self._clock.now(), self._site)
        if isinstance(answer, Served):
            self._memory.keep(key, answer, now)
        elif isinstance(answer, Broken):
            with self._counting:
                new = self._once.first(str(answer.problem))
            if new:
                log.error("provision.template.failed %s", answer.problem.text())
        return answer

    def accepts_upload(self, path: str) -> bool:
        """Whether phones send such a file, to be taken and dropped."""
        return accepts_upload(path, self._catalogue.current())

    def busy(self, address: str) -> bool:
        """This source has asked too often for what it is not given: it is told so, and no more."""
        return self._budget.spent(address, self._clock.monotonic())

    def record(self, answer: Answer, path: str, transport: str, address: str, user_agent: str, status: int) -> None:
        """Write an outcome down. `status` is HTTP's, also for TFTP."""
        if isinstance(answer, Served):
            given = status == 200
            fetch = Fetch(
                answer.mac,
                path,
                transport,
                status,
                len(answer.data) if given else 0,
                answer.sha256,
                address,
                user_agent,
            )
            self._scribe.note(Entry(fetch, sighting=answer.sighting))
            return
        reason = answer.reason if isinstance(answer, NotFound | Refused) else "broken-template"
        sighting = answer.sighting if isinstance(answer, NotFound | Refused) else None
        # The history is of phones that we know; an invented MAC gets a sighting, and those are capped.
        keep = isinstance(answer, Refused | Broken) or sighting is None
        fetch = Fetch(answer.mac, path, transport, status, 0, "", address, user_agent)
        self._miss(address, reason)
        self._scribe.note(Entry(fetch, reason, keep, sighting))

    def refuse(self, reason: str, path: str, transport: str, address: str, user_agent: str, status: int) -> None:
        """Write down what a door turned away without asking the desk: a wrong method, a limit."""
        self._miss(address, reason)
        self._scribe.note(Entry(Fetch("", path, transport, status, 0, "", address, user_agent), reason, keep=False))

    def _miss(self, address: str, reason: str) -> None:
        with self._counting:
            self._budget.miss(address, self._clock.monotonic())
            self._scribe.tally.count(reason)

    def close(self) -> None:
        """Write what waits."""
        self._scribe.finish()
