"""What the doors share: who asks is looked up, the desk is asked, and the answer is remembered and written down.

Nothing is decided here. serve() is pure, so its answer to the same request of the same revision is the same: a file
given is remembered for a moment, with the very inputs that made it as its key, unless it hangs on a phone's window.
"""

import logging
import re
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from threading import Lock

from appliance.directory.live import Live, LiveDirectory
from appliance.directory.local import Fetch, LocalStore, Sighting
from appliance.directory.model import Phone
from appliance.directory.served import GivenFiles
from appliance.directory.site_ca import ca_certificate
from appliance.neighbours import Neighbours
from appliance.ports import Chance, Clock
from appliance.provision.bounds import Guesses, MissBudget, SaidOnce
from appliance.provision.catalogue import Catalogue
from appliance.provision.claims import Claims, Held
from appliance.provision.context import site_context, trusting
from appliance.provision.desk import (
    Answer,
    Broken,
    FileRequest,
    Grant,
    NotFound,
    Refused,
    Served,
    accepts_upload,
    serve,
)
from appliance.provision.families import Families, Family, FileRule
from appliance.provision.firmware import FOLDER
from appliance.provision.firmware_store import Stored
from appliance.provision.identify import Lease
from appliance.provision.leases import Leases
from appliance.provision.order_book import OrderBook
from appliance.provision.orders import Orders
from appliance.provision.scribe import Entry, Scribe
from appliance.provision.tokens import Admission, Ask, Kind, Standing, admit, split_token, without_token
from appliance.settings import Settings
from appliance.vocabulary import PhoneState

REMEMBERED_S = 30.0
"""An answer may hang on the time; so long it may be off."""

REMEMBERED_OCTETS = 8 << 20
log = logging.getLogger("conserje.provision")


_SLASHES = re.compile("/{2,}")
_MAC = re.compile("(?i)(?<![0-9a-f])(?!0{12})[0-9a-f]{12}(?![0-9a-f])")
LOOPBACK = "127."
"""This machine itself: whoever is on it needs no door to read its files."""

AUTHORITY_AGAIN_S = 1.0
"""How often a box without an authority of its own yet looks whether it has one: not at each request."""


def own_folder(settings: Settings, family: Family, token: str, https: bool = False) -> str:
    """The URL of a phone's own folder, with a slash at its end."""
    said, address = settings.provisioning, settings.network.voice_address
    port, usual = (said.https_port, 443) if https else (said.http_port, 80)
    place = address if port == usual else f"{address}:{port}"
    return f"{'https' if https else 'http'}://{place}/t/{token}/{family.prefix}/"


def _asked_for(path: str) -> str:
    """The MAC in a file's name, if any."""
    found = _MAC.search(path.rpartition("/")[2])
    return found[0].lower() if found else ""


_Asked = tuple[str, str, str, str, Lease | None, str]
"""What a door said of one request, before anything of it was read, and what the network shows of who asks."""


@dataclass(slots=True)
class _InForce:
    """The inputs of serve() that are the same for many requests, with the files lately given that hang on them alone.

    Other inputs, another memory: an answer that is made while they change is not given after it.
    """

    directory: LiveDirectory
    families: Families
    orders: Orders
    _answers: OrderedDict[_Asked, tuple[float, Served]] = field(default_factory=OrderedDict)
    _octets: int = 0
    """Within REMEMBERED_OCTETS."""
    _lock: Lock = field(default_factory=Lock)

    def still(self, directory: LiveDirectory, families: Families, orders: Orders) -> bool:
        return self.directory is directory and self.families is families and self.orders is orders

    def recall(self, key: _Asked, now: float) -> Served | None:
        found = self._answers.get(key)
        return found[1] if found and now - found[0] < REMEMBERED_S else None

    def keep(self, key: _Asked, answer: Served, now: float) -> None:
        with self._lock:
            self._drop(key)
            self._answers[key] = (now, answer)
            self._octets += len(answer.data)
            while self._octets > REMEMBERED_OCTETS:
                self._drop(next(iter(self._answers)))

    def _drop(self, key: _Asked) -> None:
        old = self._answers.pop(key, None)
        self._octets -= len(old[1].data) if old else 0


class _Admission:
    """The desk's question about one request, answered by tokens.py from what claims.py remembers."""

    def __init__(
        self,
        claims: Claims,
        leases: Leases,
        settings: Settings,
        request: FileRequest,
        held: Held | None,
        clock: Clock,
        https_links: bool,
    ) -> None:
        self._claims = claims
        self._leases = leases
        self._settings = settings
        self._request = request
        self._held = held
        self._clock = clock
        self._https_links = https_links
        self.asked: tuple[Ask, Admission, Standing] | None = None
        """What to remember when the file was given; None where the answer hangs on no window."""

    def __call__(self, phone: Phone, family: Family, rule: FileRule) -> Grant:
        request, held, said = self._request, self._held, self._settings.provisioning
        if request.address.startswith(LOOPBACK) and held is None:
            return Grant()
        network_mac = request.lease.mac if request.lease else request.arp_mac
        boot, heard = self._leases.boot_of(phone.mac)
        ask = Ask(
            secret=rule.secret,
            https=request.transport == "https",
            confirmed=network_mac == phone.mac,
            address=request.address,
            boot=boot,
            heard=heard,
            kind=held.kind if held else None,
            serial=held.serial if held else 0,
            own=rule.per_device,
        )
        standing = self._claims.standing(phone)
        if held and not self._claims.good(held, standing):
            return Grant("token-over")
        now = self._clock.now().timestamp()
        admission = admit(ask, standing, family.secrets, said.encrypt, now, self._claims.rule, self._https_links)
        if admission.refusal:
            return Grant(admission.refusal, admission.alert)
        self.asked = (ask, admission, standing)
        claims, link, tell, seal = self._claims, admission.link, admission.tell, admission.seal
        token = claims.token(Kind.PHONE, standing, link) if link else ""
        return Grant(
            own_url=own_folder(self._settings, family, token, admission.https) if link else "",
            config_key=claims.key(standing, tell) if tell else "",
            scheme=family.secrets.encryption if seal else "",
            key=claims.key(standing, seal) if seal else "",
        )


class Doorway:
    """One per process. Safe to share between threads; opens nothing before the first request."""

    def __init__(self, settings: Settings, clock: Clock, chance: Chance, catalogue: Catalogue | None = None) -> None:
        """`catalogue`: of a process that has one already."""
        self._clock = clock
        self._live = Live(settings.paths.live_dir)
        self._catalogue = catalogue or Catalogue(settings.paths.templates_dir, clock)
        self._leases = Leases(settings, clock)
        self._neighbours = Neighbours(clock)
        self._site = site_context(settings)
        self._authority_at = float("-inf")
        self._settings = settings
        self._claims = Claims(settings, clock, chance)
        self._guesses = Guesses(settings.provisioning.ban_after)
        self._in_force: _InForce | None = None
        self._budget = MissBudget()
        self._once = SaidOnce()
        self._counting = Lock()
        paths = settings.paths
        given = GivenFiles(paths.local_db, paths.identity_dir, clock)
        self._scribe = Scribe(LocalStore(paths.local_db, clock, chance), given)
        self._orders = OrderBook(settings, clock, self._scribe.local)

    def answer(self, path: str, transport: str, address: str, user_agent: str) -> Answer | Stored:
        """What this request is given; not yet written down. `transport`: http | https | tftp.

        Raises DirectoryProblem while there is no directory.
        """
        directory, families = self._live.current(), self._catalogue.current()
        orders = self._orders.current(families, directory)
        in_force = self._in_force
        if in_force is None or not in_force.still(directory, families, orders):
            in_force = self._in_force = _InForce(directory, families, orders)
        now = self._clock.monotonic()
        if now >= self._authority_at:
            self._authority_at = now + AUTHORITY_AGAIN_S
            self._site = trusting(self._site, self._settings)
        lease = self._leases.lease_of(address)
        arp_mac = "" if lease else self._neighbours.mac_of(address)
        asked = (path, transport, address, user_agent, lease, arp_mac)
        remembered = in_force.recall(asked, now)
        if remembered is not None:
            return remembered
        # A boot server that was set with a slash at its end makes phones ask with two.
        token, path = split_token(_SLASHES.sub("/", path))
        held = self._claims.whose(token) if token else None
        if token and held is None:
            return NotFound("token-unknown", lease.mac if lease else arp_mac)
        if path.lstrip("/").startswith(FOLDER):
            mac = lease.mac if lease else arp_mac
            return self._orders.stored(path.lstrip("/"), mac) or NotFound("no-such-file", mac)
        request = FileRequest(path, transport, address, user_agent, lease, arp_mac, held.mac if held else "")
        # Nobody is led to HTTPS before the box has an authority that it could be told of.
        led = self._settings.provisioning.https_links and bool(self._site.trust.pem)
        admission = _Admission(self._claims, self._leases, self._settings, request, held, self._clock, led)
        answer = serve(request, directory, families, replace(self._site, orders=orders), admission)
        if isinstance(answer, Served):
            if admission.asked is not None:
                self._claims.given(*admission.asked)
            elif held is None:
                in_force.keep(asked, answer, now)
        elif isinstance(answer, Broken):
            with self._counting:
                new = self._once.first(str(answer.problem))
            if new:
                log.error("provision.template.failed %s", answer.problem.text())
        return answer

    def ca_certificate(self) -> bytes:
        """What phones are to trust, PEM; empty before this box first served TLS."""
        return ca_certificate(self._settings)

    def read_families(self) -> None:
        """Read the phone families now, instead of at the first request."""
        self._catalogue.current()

    def accepts_upload(self, path: str) -> bool:
        """Whether phones send such a file, to be taken and dropped."""
        return accepts_upload(path, self._catalogue.current())

    def busy(self, address: str) -> bool:
        """This source has asked too often for what it is not given: it is told so, and no more."""
        return self._budget.spent(address, self._clock.monotonic()) or self._claims.banned(address)

    def record(
        self,
        answer: Answer | Stored,
        path: str,
        transport: str,
        address: str,
        user_agent: str,
        status: int,
        sent: int = 0,
    ) -> None:
        """Write an outcome down. `status` is HTTP's, also for TFTP. `sent`: octets of a firmware file."""
        path = without_token(path)
        if isinstance(answer, Stored):
            fetch = Fetch(answer.mac, path, transport, status, sent, answer.sha256, address, user_agent)
            self._scribe.note(Entry(fetch))
            return
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
            self._scribe.note(Entry(fetch, sighting=answer.sighting, given=answer.given))
            return
        reason = answer.reason if isinstance(answer, NotFound | Refused) else "broken-template"
        sighting = answer.sighting if isinstance(answer, NotFound | Refused) else None
        # The history is of phones that we know; an invented MAC gets a sighting, and those are capped.
        keep = isinstance(answer, Refused | Broken) or sighting is None
        fetch = Fetch(answer.mac, path, transport, status, 0, "", address, user_agent)
        self._miss(address, reason)
        self._scribe.note(Entry(fetch, reason, keep, sighting))
        self._watch_guesses(answer, path, transport, address, user_agent)

    def refuse(self, reason: str, path: str, transport: str, address: str, user_agent: str, status: int) -> None:
        """Write down what a door turned away without asking the desk: a wrong method, a limit."""
        path = without_token(path)
        self._miss(address, reason)
        self._scribe.note(Entry(Fetch("", path, transport, status, 0, "", address, user_agent), reason, keep=False))

    def _watch_guesses(self, answer: Answer, path: str, transport: str, address: str, user_agent: str) -> None:
        """Who asks for many phones' files is turned away for a time, by every door; and the page shows who."""
        own = self._network_mac(address)
        asked = _asked_for(path)
        if not asked or asked == own or isinstance(answer, Broken):
            return
        with self._counting:
            too_many = self._guesses.too_many(address, asked, self._clock.monotonic())
        if not too_many:
            return
        seconds = self._settings.provisioning.ban_s
        self._claims.ban(address, seconds)
        told = f"asked for the files of more than {self._guesses.most} other phones; turned away for {seconds} s"
        seen = Sighting(own, "", "", "", address, PhoneState.QUARANTINED, (told,)) if own else None
        self._scribe.tally.count("banned")
        self._scribe.note(Entry(Fetch(own, path, transport, 429, 0, "", address, user_agent), "banned", False, seen))

    def _network_mac(self, address: str) -> str:
        lease = self._leases.lease_of(address)
        return lease.mac if lease else self._neighbours.mac_of(address)

    def _miss(self, address: str, reason: str) -> None:
        with self._counting:
            self._budget.miss(address, self._clock.monotonic())
            self._scribe.tally.count(reason)

    def close(self) -> None:
        """Write what waits."""
        self._scribe.finish()
