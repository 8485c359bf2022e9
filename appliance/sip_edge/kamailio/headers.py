"""The headers that one leg of a call sees: its From, what is asserted to a trunk, what voice is asked for. Pure."""

from dataclasses import dataclass
from urllib.parse import quote

from appliance.sip_edge.kamailio.media import VOICE
from appliance.sip_edge.plan import Identity, Say, ToVoice

ANONYMOUS = "sip:anonymous@anonymous.invalid"


@dataclass(frozen=True, slots=True)
class Sending:
    """What the branch route puts on each branch of the step that is being sent."""

    identity: Identity | None = None
    host: str = ""
    headers: str = ""
    caller_side: str = VOICE
    callee_side: str = VOICE


def shown(identity: Identity, host: str) -> tuple[str, str]:
    """Display name and URI of the From that a leg sees."""
    if identity.private or not identity.user:
        return '"Anonymous"', ANONYMOUS
    display = identity.display.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{display}"' if display else "", f"sip:{quote(identity.user, safe='+*')}@{host}"


def assertion(identity: Identity, host: str) -> str:
    """RFC 3325 headers towards a trunk that we trust."""
    if not identity.asserted:
        return ""
    privacy = "Privacy: id\r\n" if identity.private else ""
    return f"P-Asserted-Identity: <sip:{quote(identity.asserted, safe='+')}@{host}>\r\n{privacy}"


def voice_headers(step: Say | ToVoice) -> str:
    language = f"X-Conserje-Language: {step.language}\r\n"
    if isinstance(step, ToVoice):
        return language
    return f"X-Conserje-Say: {step.announcement.value}\r\nX-Conserje-Then: {step.status} {step.reason}\r\n{language}"
