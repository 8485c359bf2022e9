"""The headers that one leg of a call sees: its From, what is asserted to a trunk, what voice is asked for. Pure."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote
from xml.sax.saxutils import escape

from appliance.directory.model import Directory, Trunk
from appliance.sip_edge.identity import Caller, Calling, seen_inside
from appliance.sip_edge.kamailio.media import VOICE
from appliance.sip_edge.plan import Identity, Ring, Say, ToTrunk, ToVoice
from wire import diversion

ANONYMOUS = "sip:anonymous@anonymous.invalid"


@dataclass(frozen=True, slots=True)
class Sending:
    """What the branch route puts on each branch of the step that is being sent."""

    identity: Identity | None = None
    host: str = ""
    headers: str = ""
    caller_side: str = VOICE
    callee_side: str = VOICE
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Request-URIs of branches that go to other buildings, with the headers that they alone have."""
    to_nobody: bool = False
    """The caller's sound is in rtpengine already, and nobody is called (saying.py)."""


def shown(identity: Identity, host: str) -> tuple[str, str]:
    """Display name and URI of the From that a leg sees."""
    prefix = _quotable(identity.prefix)
    if identity.private or not identity.user:
        return f'"{f"{prefix} Anonymous".strip()}"', ANONYMOUS
    display = f"{prefix} {_quotable(identity.display)}".strip()
    return f'"{display}"' if display else "", f"sip:{quote(identity.user, safe='+*')}@{host}"


def _quotable(text: str) -> str:
    """As it stands in a quoted-string (RFC 3261 §25.1); what would end the header is left out."""
    clean = text if text.isprintable() else "".join(c for c in text if c.isprintable())
    return clean.replace("\\", "\\\\").replace('"', '\\"')


def assertion(identity: Identity, host: str) -> str:
    """RFC 3325 headers towards a trunk that we trust."""
    if not identity.asserted:
        return ""
    return f"P-Asserted-Identity: <sip:{quote(identity.asserted, safe='+')}@{host}>\r\n"


def connected(callee: Caller, account_id: str, directory: Directory, host: str) -> str:
    """Who rings or answers, as a caller of this company is to see it."""
    identity, _ = seen_inside(Calling(callee, account_id=callee.phone.account_id), account_id, directory)
    if not identity.user:
        return ""
    display, uri = shown(identity, host)
    return f"P-Asserted-Identity: {display} <{uri}>\r\n"


def without(tags: str, tag: str) -> tuple[str, ...]:
    """Option tags of a Require header but this one."""
    return tuple(t.strip() for t in tags.split(",") if t.strip() and t.strip().lower() != tag)


def trunk_headers(step: ToTrunk, trunk: Trunk, host: str) -> str:
    """What a trunk is told: who asks to be hidden, who is asserted, diversions, and where an emergency is."""
    lines = assertion(step.identity, host) if trunk.trusted else ""
    if step.identity.private:
        lines += "Privacy: id\r\n"
    if step.goto:
        lines += goto_header(step.goto)
    if step.location:
        lines += f"Geolocation: <{location_uri(step.location)}>\r\nGeolocation-Routing: yes\r\n"
    return lines + diversion.headers(step.diverted, step.user, host)


def goto_header(goto: str) -> str:
    """What another building of ours is asked for: a kind and an id in the place of digits."""
    return f"X-Conserje-Goto: {quote(goto, safe=':')}\r\n"


def phone_headers(step: Ring, host: str) -> str:
    lines = f"Replaces: {step.replaces}\r\n" if step.replaces else ""
    lines += auto_answer(host) if step.answers else ""
    return lines + diversion.headers(step.diverted, step.targets[0].sip_user, host)


def auto_answer(host: str) -> str:
    """By which a phone answers at once: what the families heed of it differs."""
    return f"Call-Info: <sip:{host}>;answer-after=0\r\nAlert-Info: <http://{host}>;info=alert-autoanswer\r\n"


def voice_headers(step: Say | ToVoice) -> str:
    language = f"X-Conserje-Language: {step.language}\r\n"
    if isinstance(step, ToVoice):
        said = "".join(f"X-Conserje-{n.capitalize()}: {quote(v, safe=',:+*')}\r\n" for n, v in step.params if v)
        return said + language
    return f"X-Conserje-Say: {step.announcement.value}\r\nX-Conserje-Then: {step.status} {step.reason}\r\n{language}"


def location_uri(address: str) -> str:
    """A civic address as a PIDF-LO document (RFC 4119, RFC 5139) within a URI (RFC 2397).

    A header of its own, and not a part of the body: a carrier that knows nothing of it still reads the SDP.
    """
    document = _PIDF.format(address=escape(address))
    return f"data:application/pidf+xml;base64,{b64encode(document.encode()).decode()}"


_PIDF = (
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:site@conserje.invalid"><tuple id="a"><status>'
    '<geopriv xmlns="urn:ietf:params:xml:ns:pidf:geopriv10"><location-info>'
    '<civicAddress xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"><country>MX</country>'
    "<LOC>{address}</LOC></civicAddress></location-info><usage-rules/></geopriv></status></tuple></presence>"
)
