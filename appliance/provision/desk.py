"""The one question both doors ask: this request, from this address, is given what?

Pure: HTTP and TFTP get the same bytes. Sockets, logs and the local store are the doors'; a door answers NotFound and
Refused alike (404), so that nobody learns by asking which MACs exist.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from appliance.directory.local import Sighting
from appliance.directory.model import Directory, Phone
from appliance.directory.moves import is_elsewhere
from appliance.directory.served import GivenFile
from appliance.errors import TemplateProblem
from appliance.provision.changes import given_file
from appliance.provision.cipher import encrypted
from appliance.provision.context import SiteContext, common_context, phone_context
from appliance.provision.families import Families, Family, FileRule, PathMatch
from appliance.provision.identify import Evidence, Identification, Lease, identify
from appliance.provision.render import render
from appliance.vocabulary import PhoneState

MAX_PATH = 200
ANOTHER_BUILDING = "directory: another building"
_BAD_PATH = re.compile(r"(^|/)\.{1,2}(/|$)|\\|//|[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class FileRequest:
    """`path` decoded, without query. `transport`: http | https | tftp. `lease`: what DHCP knows of `address`."""

    path: str
    transport: str
    address: str
    user_agent: str = ""
    lease: Lease | None = None
    arp_mac: str = ""
    """Where there is no lease: the MAC that the kernel's neighbour table has for `address`."""
    token_mac: str = ""
    """The phone that the token in its URL belongs to; `path` comes without it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """How a known phone is given a file. `refusal`: it is not, for this reason; `alert`: someone should know.

    `own_url`, `config_key`: for links in the file, and what it may tell. `scheme`, `key`: encrypt it so.
    """

    refusal: str = ""
    alert: bool = False
    own_url: str = ""
    config_key: str = field(default="", repr=False)
    scheme: str = ""
    key: str = field(default="", repr=False)


Admit = Callable[[Phone, Family, FileRule], Grant]
"""Asked for each file of a known phone (tokens.py, with what claims.py remembers)."""


def as_it_is(phone: Phone, family: Family, rule: FileRule) -> Grant:
    """Every file, as it stands: for whoever is on this box and looks."""
    return Grant()


@dataclass(frozen=True, slots=True)
class Served:
    """Give these bytes. `mac`: whose fetch to record, "" when not known. `sighting`: to record too, if any.

    `given`: the same before links of its own and encryption, of a phone that is known.
    """

    data: bytes = field(repr=False)
    content_type: str
    mac: str
    phone: Phone | None
    sha256: str
    secret: bool
    sighting: Sighting | None = None
    given: GivenFile | None = None

    @property
    def etag(self) -> str:
        return f'"{self.sha256[:32]}"'


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nothing is there for this one.

    `reason`: bad-path | no-such-file | unknown-phone; of a known phone: another-building | not-confirmed |
    window-closed | claim-without-account | token-over | token-unknown.
    """

    reason: str
    mac: str = ""
    sighting: Sighting | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Something is wrong with who asks: another phone's file, or evidence that disagrees. Worth an alert.

    `reason`: another-phones-file | another-phones-token | contradiction | directory-disagrees | window-another-address.
    """

    reason: str
    mac: str
    sighting: Sighting | None
    """None when not even a MAC is known."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Its template fails. Answer 500 (TFTP: error 0), log the problem once; other phones are unharmed."""

    problem: TemplateProblem
    mac: str


Answer = Served | NotFound | Refused | Broken


def serve(
    request: FileRequest,
    directory: Directory,
    families: Families,
    site_context: SiteContext,
    admit: Admit = as_it_is,
) -> Answer:
    """What this request is given. Never raises on what a phone sends. `admit` has the last word on a known phone."""
    path = request.path.lstrip("/")
    if not path or len(path) > MAX_PATH or _BAD_PATH.search(path):
        return NotFound("bad-path")
    matches = tuple(m for m in families.match(path) if not m.rule.upload)
    evidence = _evidence(request, path, matches)
    who = identify(evidence, families)
    if not matches:
        return NotFound("no-such-file", who.mac)
    own = evidence.mac_from_lease
    asked = evidence.mac_from_path
    mac = request.token_mac or own or who.mac
    known = directory.phone_by_mac(mac) if mac else None

    if request.token_mac and {own, asked} - {"", request.token_mac}:
        return Refused("another-phones-token", own or who.mac, _sighting(request, who, own, PhoneState.QUARANTINED))
    if own and asked and own != asked:
        return Refused("another-phones-file", own, _sighting(request, who, own, PhoneState.QUARANTINED))
    if who.contradiction:
        return Refused("contradiction", who.mac, _sighting(request, who, who.mac, PhoneState.QUARANTINED))
    if known and known.family and who.family and known.family != who.family.name:
        told = f"directory: {known.family}"
        return Refused("directory-disagrees", who.mac, _sighting(request, who, who.mac, PhoneState.QUARANTINED, told))
    if known and is_elsewhere(known, directory):
        # Anybody can wear a MAC. It is given nothing, common files neither, so that it keeps the account it has and
        # proves itself by that; else somebody at the centre says so. Seen only where the network shows its MAC.
        seen = _sighting(request, who, known.mac, PhoneState.UNKNOWN, ANOTHER_BUILDING) if own == known.mac else None
        return NotFound("another-building", known.mac, seen)
    return _file(request, matches, who, known, directory, site_context, admit)


def accepts_upload(path: str, families: Families) -> bool:
    """A phone may send this (a log of Polycom's): take it and drop it."""
    return len(path) <= MAX_PATH and any(m.rule.upload for m in families.match(path))


def _file(
    request: FileRequest,
    matches: tuple[PathMatch, ...],
    who: Identification,
    known: Phone | None,
    directory: Directory,
    site: SiteContext,
    admit: Admit,
) -> Answer:
    unknown = None if known else _sighting(request, who, who.mac, PhoneState.UNKNOWN)
    family_name = (known.family if known else "") or (who.family.name if who.family else "")
    match = next((m for m in matches if m.family.name == family_name), matches[0] if len(matches) == 1 else None)
    if match is None:
        return NotFound("unknown-phone" if known is None else "no-such-file", who.mac, unknown)
    family, rule = match.family, match.rule
    if rule.per_device and known is None:
        return NotFound("unknown-phone", who.mac, unknown)
    if not rule.template:
        return NotFound("no-such-file", who.mac, unknown)
    model = who.model or (family.model(known.model) if known else None)
    # A common file is its name's, whoever asks: the same bytes to all.
    if not rule.per_device:
        model = match.models[0] if match.models else family.fallback_model
    grant = admit(known, family, rule) if known else Grant()
    if known and grant.refusal:
        if grant.alert:
            seen = _sighting(request, who, known.mac, PhoneState.QUARANTINED, grant.refusal)
            return Refused(grant.refusal, known.mac, seen)
        return NotFound(grant.refusal, known.mac)
    try:
        if rule.per_device and known:
            context = phone_context(known, model or family.fallback_model, directory, site)
        else:
            context = common_context(model or family.fallback_model, directory, site)
        given = given_file(known, family, rule, context) if known else None
        if grant.own_url or grant.config_key:
            context = replace(context, own_url=grant.own_url, config_key=grant.config_key)
        data = render(family, rule, context)
    except TemplateProblem as problem:
        return Broken(problem, who.mac)
    if grant.scheme:
        data = encrypted(data, grant.scheme, grant.key)
    return Served(
        data,
        "application/octet-stream" if grant.scheme else rule.content_type,
        known.mac if known else "",
        known if rule.per_device else None,
        hashlib.sha256(data).hexdigest(),
        rule.secret,
        unknown,
        given,
    )


def _evidence(request: FileRequest, path: str, matches: tuple[PathMatch, ...]) -> Evidence:
    lease = request.lease
    return Evidence(
        option60=lease.option60 if lease else b"",
        option55=lease.option55 if lease else b"",
        option77=lease.option77 if lease else b"",
        option125=lease.option125 if lease else b"",
        user_agent=request.user_agent,
        path=path,
        transport=request.transport,
        mac_from_path=next((m.mac for m in matches if m.mac), ""),
        mac_from_lease=lease.mac if lease else request.arp_mac,
        address=request.address,
    )


def _sighting(request: FileRequest, who: Identification, mac: str, state: PhoneState, *more: str) -> Sighting | None:
    if not mac:
        return None
    return Sighting(
        mac=mac,
        family=who.family.name if who.family else "",
        model=who.model.name if who.model else who.model_said,
        firmware=who.firmware,
        address=request.address,
        state=state,
        evidence=(*who.reasons, *more),
    )
