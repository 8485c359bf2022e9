"""What goes into a phone's files, in words of no vendor: from the directory and the site, for every template.

Pure. `PhoneContext` is what a template sees, attribute for attribute; docs/phones.md lists them.
"""

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import ClassVar, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from appliance.directory.model import Directory, Phone
from appliance.provision.digits import DigitMap, digit_map
from appliance.provision.family import CODECS, Model
from appliance.provision.keys import FIRST_MINUTE, PICKUP, RESYNC_HOURS, ClockTime, Key, keys_for, resync_at
from appliance.provision.trust import NO_TRUST, Trust, trust_of
from appliance.settings import Settings

VOICEMAIL = "*97"
DSCP_SIGNALLING = 24
"""CS3, and EF for voice: RFC 4594 §3."""
DSCP_VOICE = 46
ADMIN_PASSWORD_DIGITS = 16
# Standard and summer time are told apart on these days; the year does not matter to a zone's present rule.
WINTER, SUMMER = datetime(2026, 1, 15), datetime(2026, 7, 15)  # noqa: DTZ001 - local by intention


class Orders(Protocol):
    """What the building's people ordered beyond the directory (orders.py)."""

    def over(self, context: "PhoneContext") -> "PhoneContext":
        """The context with what was ordered in place of its own."""

    def hidden(self) -> "Orders":
        """The same with stars for passwords."""


@dataclass(frozen=True, slots=True)
class SiteContext:
    """What the box is to its phones: addresses as phones reach them, and habits. Made once from the settings."""

    http: str
    """host, or host:port where the port is not 80."""
    tftp: str
    sip_host: str
    sip_port: int = 5060
    sip_transport: str = "udp"
    tls_port: int = 0
    """Where it speaks SIP over TLS; 0: it does not."""
    secure_sip: bool = False
    """Phones that can check it by its authority are to come by TLS."""
    realm: str = "conserje"
    expires_s: int = 300
    ntp: str = ""
    admin_password: str = field(default="", repr=False)
    """Empty: each phone gets its own, derived from its own secret."""
    timezone_offset: str = ""
    voice_vlan: int = 0
    vlan_priority: int = 5
    lldp: bool = True
    music_uri: str = ""
    conference_uri: str = ""
    orders: Orders | None = None
    trust: Trust = NO_TRUST


def site_context(settings: Settings) -> SiteContext:
    address, port = settings.network.voice_address, settings.provisioning.http_port
    return SiteContext(
        http=address if port == 80 else f"{address}:{port}",
        tftp=address,
        sip_host=address,
        sip_port=settings.sip.port,
        tls_port=settings.sip.tls_port if settings.sip.tls else 0,
        secure_sip=settings.provisioning.secure_sip,
        realm=settings.sip.realm,
        expires_s=settings.sip.register_expires_s,
        ntp=settings.network.ntp or address,
        admin_password=settings.provisioning.admin_password,
        timezone_offset=settings.provisioning.timezone_offset,
        voice_vlan=settings.provisioning.voice_vlan,
        vlan_priority=settings.provisioning.vlan_priority,
        lldp=settings.provisioning.lldp,
        music_uri=settings.provisioning.music_uri,
        conference_uri=settings.provisioning.conference_uri,
        trust=trust_of(settings),
    )


def trusting(site: SiteContext, settings: Settings) -> SiteContext:
    """The same, once the box has an authority of its own: it is made a moment after the doors first open."""
    if site.trust.pem:
        return site
    return replace(site, trust=trust_of(settings))


@dataclass(frozen=True, slots=True)
class Line:
    """The registration. `label` is what stands beside the key: extension and person."""

    sip_user: str
    sip_secret: str = field(repr=False)
    extension: str
    display_name: str
    label: str
    voicemail: str = VOICEMAIL


@dataclass(frozen=True, slots=True)
class Network:
    """Layer 2. `vlan` 0: none is to be set. `lldp`: the phone also asks the switch."""

    vlan: int = 0
    priority: int = 5
    lldp: bool = True


@dataclass(frozen=True, slots=True)
class Zone:
    """`offset_s` east of UTC in winter; `summer`: one hour on in summer (in Mexico: the northern border)."""

    name: str
    offset_s: int
    summer: bool

    @property
    def gmt(self) -> str:
        """-06:00"""
        hours, minutes = divmod(abs(self.offset_s) // 60, 60)
        return f"{'-' if self.offset_s < 0 else '+'}{hours:02d}:{minutes:02d}"

    @property
    def hours(self) -> str:
        """-6, +5:30"""
        return _hours(self.offset_s)

    @property
    def posix(self) -> str:
        """As in POSIX's TZ, where west is positive: +6."""
        return _hours(-self.offset_s)

    @property
    def posix_summer(self) -> str:
        return _hours(-self.offset_s - 3600)


def _hours(seconds: int) -> str:
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours}" + (f":{minutes:02d}" if minutes else "")


@dataclass(frozen=True, slots=True)
class Server:
    """Where the phone registers, asks for files and takes the time from."""

    host: str
    port: int
    transport: str
    """udp | tcp | tls; with tls the phone is to speak by SRTP, where the other end can (`secure`)."""
    expires_s: int
    http: str
    tftp: str
    ntp: str
    realm: str
    dscp_signalling: int = DSCP_SIGNALLING
    dscp_voice: int = DSCP_VOICE
    plain: tuple[int, str] = (5060, "udp")
    """Port and transport without TLS."""
    tls_port: int = 0
    """0: the box does not speak TLS."""

    @property
    def secure(self) -> bool:
        return self.transport == "tls"

    def secured(self, wanted: bool) -> "Server":
        """The same over TLS, or not."""
        port, transport = (self.tls_port, "tls") if wanted and self.tls_port else self.plain
        return replace(self, port=port, transport=transport)


@dataclass(frozen=True, slots=True)
class PhoneContext:
    """All that templates see. Those in OWN are the phone's; a file that is not per device is not given them."""

    OWN: ClassVar[tuple[str, ...]] = (
        *("mac", "line", "admin_password", "account", "keys", "resync_at"),
        *("firmware_url", "parameters"),
    )
    mac: str
    model: Model
    line: Line
    server: Server
    zone: Zone
    language: str
    """BCP 47: es-MX or en."""
    site: str
    account: str
    dial_profile: str
    digits: DigitMap
    admin_password: str = field(repr=False)
    codecs: tuple[str, ...] = CODECS
    """Those that the model has, best first."""
    resync_hours: tuple[int, int] = RESYNC_HOURS
    keys: tuple[Key, ...] = ()
    """One for each key of the model, in order."""
    resync_at: ClockTime = FIRST_MINUTE
    """When this phone looks for changes, for those that cannot choose a minute within `resync_hours` themselves."""
    network: Network = Network()
    pickup: str = PICKUP
    music_uri: str = ""
    """sip:... of music on hold; "": the box plays it."""
    conference_uri: str = ""
    """sip:... of a room for three-way calls; "": the phone mixes."""
    firmware_url: str | None = None
    """http://... of the firmware it is to have; "": none of ours; None: nobody ordered any, it is left alone."""
    parameters: tuple[tuple[str, str], ...] = ()
    """Set by hand, name and value, whatever its templates write."""
    own_url: str = ""
    """The folder of the phone's own URL, with a slash at its end, for links; "": links stay as they are."""
    config_key: str = field(default="", repr=False)
    """The key of its encrypted files, where the phone may be told; "": it may not, or has none."""
    trust: Trust = NO_TRUST
    """The authority whose certificate our HTTPS shows."""


NOBODY = Line("", "", "", "", "")


@lru_cache(maxsize=64)
def zone_of(name: str, offset: str = "") -> Zone:
    """The zone as phones need it; `offset` ("-06:00") from the settings wins over the name's own."""
    try:
        there = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        there = ZoneInfo("America/Mexico_City")
    winter = WINTER.replace(tzinfo=there).utcoffset() or timedelta()
    summer = SUMMER.replace(tzinfo=there).utcoffset() or timedelta()
    if offset:
        sign = -1 if offset.startswith("-") else 1
        hours, _, minutes = offset.lstrip("+-").partition(":")
        return Zone(name, sign * (int(hours) * 3600 + int(minutes or 0) * 60), False)
    return Zone(name, int(min(winter, summer).total_seconds()), winter != summer)


def admin_password(phone: Phone, site: SiteContext) -> str:
    """Of the phone's own page: the site's, else one that only this phone has, from its own secret."""
    if site.admin_password:
        return site.admin_password
    made = hmac.new(phone.sip_secret.encode(), b"admin " + phone.mac.encode(), hashlib.sha256)
    return made.hexdigest()[:ADMIN_PASSWORD_DIGITS]


def _server(site: SiteContext, model: Model) -> Server:
    """Over TLS where the site wants it and this model can check who answers."""
    made = Server(
        *(site.sip_host, site.sip_port, site.sip_transport, site.expires_s, site.http, site.tftp, site.ntp, site.realm),
        plain=(site.sip_port, site.sip_transport),
        tls_port=site.tls_port,
    )
    return made.secured(site.secure_sip and model.secure_sip.tls == "checked" and bool(site.trust.pem))


def _language(*wanted: str) -> str:
    """The first that is said, as one of the two that phones get."""
    said = next((w for w in wanted if w), "es-MX")
    return "es-MX" if said.lower().startswith("es") else "en"


def _network(site: SiteContext) -> Network:
    return Network(site.voice_vlan, site.vlan_priority, site.lldp)


def _codecs(model: Model) -> tuple[str, ...]:
    return tuple(c for c in CODECS if c in model.codecs)


def phone_context(phone: Phone, model: Model, directory: Directory, site: SiteContext) -> PhoneContext:
    """What this phone's files are made of."""
    place = directory.site
    account = directory.account(phone.account_id)
    person = directory.person(phone.person_id) if phone.person_id else None
    extension = directory.extension_of("person", phone.person_id) if person else None
    digits = extension.digits if extension else ""
    name = person.name if person else (account.name if account else place.name)
    label = phone.label or f"{digits} {name}".strip()
    line = Line(phone.sip_user, phone.sip_secret, digits, name, label)
    made = PhoneContext(
        mac=phone.mac,
        model=model,
        line=line,
        server=_server(site, model),
        zone=zone_of(place.timezone, site.timezone_offset),
        language=_language(
            phone.language, person.language if person else "", account.language if account else "", place.language
        ),
        site=place.name,
        account=account.name if account else "",
        dial_profile=place.dial_profile,
        admin_password=admin_password(phone, site),
        codecs=_codecs(model),
        keys=keys_for(model.keys, label, directory.keys_of(phone.id)),
        resync_at=resync_at(phone.mac),
        network=_network(site),
        digits=digit_map(place.dial_profile),
        music_uri=site.music_uri,
        conference_uri=site.conference_uri,
        trust=site.trust,
    )
    return site.orders.over(made) if site.orders else made


def common_context(model: Model, directory: Directory, site: SiteContext) -> PhoneContext:
    """For files that any phone of the family may have: nothing of any phone in it."""
    place = directory.site
    made = PhoneContext(
        mac="",
        model=model,
        line=NOBODY,
        server=_server(site, model),
        zone=zone_of(place.timezone, site.timezone_offset),
        language=_language(place.language),
        site=place.name,
        account="",
        dial_profile=place.dial_profile,
        admin_password="",
        codecs=_codecs(model),
        network=_network(site),
        digits=digit_map(place.dial_profile),
        music_uri=site.music_uri,
        conference_uri=site.conference_uri,
        trust=site.trust,
    )
    return site.orders.over(made) if site.orders else made
