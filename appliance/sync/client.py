"""The building's end of the wire: HTTPS with the building's certificate, answers as the wire's dataclasses.

Says what went wrong in one of two ways: `LinkDown` when the centre cannot be reached, a Problem when it answered no.
"""

import json
import ssl
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import requests

from appliance.directory.sounds import MAX_SOUND
from appliance.errors import EnrolmentProblem, FeedProblem, Problem, Words
from appliance.sync.identity import Identity
from wire.feed import FactEnvelope, FeedAnswer, SyncReport, WireProblem, answer_from_wire

CONNECT_S = 2.0
ANSWER_S = 3.0
"""How long past the agreed wait an answer may take before the link counts as broken."""
SOUND_S = 120.0
MAX_ANSWER = 256 * 1024 * 1024
"""Of one answer in JSON: a snapshot of a very large building is a tenth of it."""
READ = 1 << 16


class LinkDown(Exception):
    """The centre did not answer. The message is for the log."""


class Busy(LinkDown):
    """The centre answered that it has too much to do just now."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    accepted: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


class CentreClient:
    """One TLS session with the centre. Not shared between threads."""

    def __init__(self, identity: Identity, url: str = "") -> None:
        self._centre = identity.centre()
        self._base = (url or self._centre.url).rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cert = str(identity.pem)
        self._session.verify = str(identity.ca)

    def close(self) -> None:
        self._session.close()

    def feed(self, after: int, wait_s: int) -> FeedAnswer:
        """What came after revision `after`, waiting up to `wait_s` for news. Raises LinkDown, FeedProblem."""
        data = self._call("GET", f"/building/v1/feed?after={after}&wait={wait_s}", wait_s + ANSWER_S)
        try:
            answer = answer_from_wire(data)
        except WireProblem as wrong:
            raise FeedProblem(
                Words(
                    f"The centre sent what this building cannot read: {wrong}.",
                    f"La central envió algo que este edificio no entiende: {wrong}.",
                ),
                Words(
                    "Update the appliance; it keeps its former copy until then.",
                    "Actualice el equipo; conserva su copia anterior mientras tanto.",
                ),
            ) from wrong
        if answer.site_id != self._centre.site_id:
            raise FeedProblem(
                Words("The centre answered for another site.", "La central respondió por otro edificio."),
                Words("Enrol this building again.", "Vuelva a dar de alta este edificio."),
            )
        return answer

    def journal(self, facts: tuple[FactEnvelope, ...]) -> Acknowledged:
        data = self._call("POST", "/building/v1/journal", ANSWER_S * 4, {"facts": [asdict(f) for f in facts]})
        return Acknowledged(
            tuple(str(i) for i in data.get("accepted", ())),
            tuple((str(r["id"]), str(r["why"])) for r in data.get("refused", ())),
        )

    def sound(self, sha256: str) -> bytes:
        """The octets of a recording. Raises LinkDown, or the centre's Problem; at most MAX_SOUND are read."""
        response = self._request("GET", f"/building/v1/sounds/{sha256}", SOUND_S, stream=True)
        with response:
            if response.status_code != 200:
                read_answer(response)
            try:
                content = b"".join(_bounded(response.iter_content(READ), MAX_SOUND))
            except requests.exceptions.RequestException as broken:
                raise LinkDown(f"a recording broke off: {type(broken).__name__}") from broken
            return content

    def message_audio(self, message_id: str, audio: bytes) -> None:
        """The sound of a voicemail message. Raises LinkDown, or the centre's Problem."""
        with self._request("PUT", f"/building/v1/messages/{message_id}/audio", SOUND_S, audio, stream=True) as response:
            read_answer(response)

    def greeting_audio(self, mailbox_id: str, greeting: str, stamp: str, audio: bytes) -> None:
        """A greeting recorded by phone at `stamp`. Raises LinkDown, or the centre's Problem."""
        path = f"/building/v1/greetings/{quote(mailbox_id, safe='')}/{quote(greeting, safe='')}?stamp={quote(stamp)}"
        with self._request("PUT", path, SOUND_S, audio, stream=True) as response:
            read_answer(response)

    def menu_greeting(self, menu_id: str, stamp: str, audio: bytes) -> None:
        """A receptionist's greeting recorded by phone at `stamp`. Raises LinkDown, or the centre's Problem."""
        path = f"/building/v1/menus/{quote(menu_id, safe='')}/greeting?stamp={quote(stamp)}"
        with self._request("PUT", path, SOUND_S, audio, stream=True) as response:
            read_answer(response)

    def status(self, report: SyncReport) -> None:
        self._call("POST", "/building/v1/status", ANSWER_S, asdict(report))

    def renew(self, request_pem: str) -> tuple[str, str]:
        """(certificate, CA), both PEM, for a new key."""
        data = self._call("POST", "/building/v1/certificate", ANSWER_S * 2, {"csr_pem": request_pem})
        return str(data["certificate_pem"]), str(data["ca_pem"])

    def _call(self, method: str, path: str, timeout_s: float, body: Any = None) -> dict[str, Any]:
        with self._request(method, path, timeout_s, body, stream=True) as response:
            return read_answer(response)

    def _request(
        self, method: str, path: str, timeout_s: float, body: Any = None, stream: bool = False
    ) -> requests.Response:
        try:
            return self._session.request(
                method,
                self._base + path,
                json=None if isinstance(body, bytes) else body,
                data=body if isinstance(body, bytes) else None,
                timeout=(CONNECT_S, timeout_s),
                allow_redirects=False,
                stream=stream,
            )
        except requests.exceptions.SSLError as refused:
            if broke_off(refused):
                raise LinkDown(f"{method} {path.split('?')[0]}: the handshake broke off") from refused
            raise EnrolmentProblem(
                Words(
                    "The centre and this building do not accept each other's certificates.",
                    "La central y este edificio no aceptan sus certificados.",
                ),
                Words(
                    "If the certificate expired or was revoked, enrol again; check the clock of this box too.",
                    "Si el certificado venció o fue revocado, dé de alta otra vez; revise también el reloj del equipo.",
                ),
            ) from refused
        except requests.exceptions.RequestException as broken:
            raise LinkDown(f"{method} {path.split('?')[0]}: {type(broken).__name__}") from broken


def broke_off(wrong: BaseException | None) -> bool:
    """Whether a handshake ended with the line, and not because one end refused the other."""
    while wrong is not None:
        if isinstance(wrong, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return True
        wrong = wrong.__context__
    return False


def read_answer(response: requests.Response) -> dict[str, Any]:
    """The JSON object of a good answer. 503 is Busy, another 5xx LinkDown, a refusal a Problem in its own words."""
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        raise Busy("the centre is busy")
    if response.status_code >= 500:
        raise LinkDown(f"status {response.status_code}")
    try:
        data = json.loads(b"".join(_bounded(response.iter_content(READ), MAX_ANSWER)))
        if not isinstance(data, dict):
            raise TypeError
    except requests.exceptions.RequestException as broken:
        raise LinkDown(f"an answer broke off: {type(broken).__name__}") from broken
    except (ValueError, TypeError, RecursionError):
        raise LinkDown(f"status {response.status_code}, no JSON object") from None
    if response.status_code >= 400:
        raise refusal(response.status_code, data)
    return data


def _bounded(parts: Iterator[bytes], most: int) -> Iterator[bytes]:
    """The parts, until they are more than `most` octets: a centre gone mad does not fill this box's memory."""
    size = 0
    for part in parts:
        size += len(part)
        if size > most:
            raise LinkDown(f"the answer is larger than {most} octets")
        yield part


def refusal(status: int, data: dict[str, Any]) -> Problem:
    """A Problem with the words that the centre gave."""
    error = data.get("error") if isinstance(data.get("error"), dict) else {}
    assert isinstance(error, dict)
    says = Words(
        str(error.get("says_en", f"The centre refused (status {status}).")),
        str(error.get("says_es", f"La central rechazó la petición (estado {status}).")),
    )
    kind = EnrolmentProblem if status in (401, 403) else FeedProblem
    return kind(says, Words("", ""))
