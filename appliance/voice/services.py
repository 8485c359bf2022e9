"""The services that a call can ask voice for, by the user part of its Request-URI, and how INVITE headers become one.

Pure. A new service is one module with a Dialogue and one line in SERVICES.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from appliance.voice.announce import Announce
from appliance.voice.dialogue import Dialogue, Status
from appliance.voice.echo import Echo
from appliance.voice.sentences import CUES, language_of

SAY, THEN, LANGUAGE = "x-conserje-say", "x-conserje-then", "x-conserje-language"
HEADERS = (SAY, THEN, LANGUAGE)

MAX_CUES = 5
DEFAULT_STATUS = Status(480, "Temporarily Unavailable")
_STATUS = re.compile(r"([3-6]\d\d)(?:\s+([^\r\n]{1,80}))?")


@dataclass(frozen=True, slots=True)
class Request:
    """An INVITE as the services see it. `headers` has those of HEADERS that it carries, names in lower case."""

    service: str
    headers: Mapping[str, str]


def begin(request: Request) -> Dialogue | None:
    """The conversation that this call asks for; None for a service that is not there."""
    start = SERVICES.get(request.service.lower())
    return start(request) if start else None


def _announce(request: Request) -> Dialogue:
    named = [word.strip().lower() for word in request.headers.get(SAY, "").split(",")]
    cues = tuple(word for word in named if word in CUES)[:MAX_CUES]
    return Announce(cues, _language(request), status_of(request.headers.get(THEN, "")))


def _echo(request: Request) -> Dialogue:
    return Echo(_language(request))


def _language(request: Request) -> str:
    return language_of(request.headers.get(LANGUAGE, "").strip())


def status_of(text: str) -> Status:
    """`484 Address Incomplete` as a Status, a 3xx to 6xx; DEFAULT_STATUS for what is none."""
    found = _STATUS.fullmatch(text.strip())
    return Status(int(found[1]), found[2] or "Failed") if found else DEFAULT_STATUS


SERVICES: dict[str, Callable[[Request], Dialogue]] = {"announce": _announce, "echo": _echo}
