"""The services that a call can ask voice for, by the user part of its Request-URI, and how INVITE headers become one.

Pure. A new service is one module with a Dialogue and one line in SERVICES.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from appliance.voice import questions as q
from appliance.voice.accept import Accept
from appliance.voice.announce import Announce
from appliance.voice.answered import LONGEST_S, NOT_FOUND, Answered
from appliance.voice.call_back import CallBack
from appliance.voice.conference import Conference
from appliance.voice.dialogue import Dialogue, OtherRefers, Status
from appliance.voice.echo import Echo
from appliance.voice.mailbox_deposit import Deposit
from appliance.voice.mailbox_menu import MailboxMenu
from appliance.voice.menu_greetings import MenuGreetings
from appliance.voice.park import FETCH, Fetching, Parked, Slot, meaning
from appliance.voice.parts import Caller, Waiting, to_digits
from appliance.voice.receptionist import Receptionist
from appliance.voice.sentences import CUES, language_of
from appliance.voice.small import Listen, Speak, confirmation, extension
from appliance.voice.three_way import HOST, ThreeWay
from appliance.voice.transfer import Transfer

SAY, THEN, LANGUAGE = "x-conserje-say", "x-conserje-then", "x-conserje-language"
ACCOUNT, CALLER, NAME, PHONE = "x-conserje-account", "x-conserje-caller", "x-conserje-name", "x-conserje-phone"
TARGET, ARG = "x-conserje-target", "x-conserje-arg"
REFERRER, REPLACES, CONSULT = "x-conserje-referrer", "x-conserje-replaces", "x-conserje-consult"
SHOWN, SHOWS = "x-conserje-shown", "x-conserje-shows"
HEADERS = (SAY, THEN, LANGUAGE, ACCOUNT, CALLER, NAME, PHONE, TARGET, ARG, REFERRER, REPLACES, CONSULT, SHOWN, SHOWS)

MAX_VALUE = 300
MAX_CUES = 5
DEFAULT_STATUS = Status(480, "Temporarily Unavailable")
_STATUS = re.compile(r"([3-6]\d\d)(?:\s+([^\r\n]{1,80}))?")


@dataclass(frozen=True, slots=True)
class Request:
    """An INVITE as the services see it. `headers` has those of HEADERS that it carries, names in lower case."""

    service: str
    headers: Mapping[str, str]
    longest_s: float = LONGEST_S

    def said(self, header: str) -> str:
        """A header's value, its percent-encoding taken off; empty where it is absent."""
        return unquote(self.headers.get(header, "").strip())[:MAX_VALUE]

    @property
    def language(self) -> str:
        return language_of(self.said(LANGUAGE))

    @property
    def caller(self) -> Caller:
        return Caller(self.said(ACCOUNT), self.said(CALLER), self.said(NAME), self.said(PHONE))


def begin(request: Request) -> Dialogue | None:
    """The conversation that this call asks for; None for a service that is not there."""
    start = SERVICES.get(request.service.lower())
    return _bounded(start(request), request) if start else None


def _bounded(dialogue: Dialogue, request: Request) -> Dialogue:
    """What is answered does not last for ever."""
    if isinstance(dialogue, Answered):
        shows = bool(request.said(SHOWS))
        return replace(dialogue, longest_s=request.longest_s, language=request.language, shows=shows)
    return dialogue


def _announce(request: Request) -> Dialogue:
    named = [word.strip().lower() for word in request.headers.get(SAY, "").split(",")]
    cues = tuple(word for word in named if word in CUES)[:MAX_CUES]
    return Announce(cues, request.language, status_of(request.headers.get(THEN, "")))


def _echo(request: Request) -> Dialogue:
    return Echo(request.language)


def _receptionist(request: Request) -> Dialogue:
    def talk(answer: object) -> Dialogue | Status:
        return Receptionist(answer, request.caller) if isinstance(answer, q.Counter) else NOT_FOUND

    return Answered(q.OfReceptionist(request.said(TARGET), request.language), talk, caller=request.caller)


def _greeting(request: Request) -> Dialogue:
    caller = request.caller

    def talk(answer: object) -> Dialogue | Status:
        return MenuGreetings(answer, caller) if isinstance(answer, q.Lobby) else NOT_FOUND

    return Answered(q.OfLobby(request.said(TARGET), request.language, caller), talk)


def _deposit(request: Request) -> Dialogue:
    def talk(answer: object) -> Dialogue | Status:
        return Deposit(answer) if isinstance(answer, q.Slot) else NOT_FOUND

    return Answered(q.OfDeposit(request.said(TARGET), request.language, request.caller), talk)


def _mailbox(request: Request) -> Dialogue:
    caller, language, target = request.caller, request.language, request.said(TARGET)

    def talk(answer: object) -> Dialogue | Status:
        if isinstance(answer, q.Door):
            return MailboxMenu(caller, answer.language, answer)
        return NOT_FOUND if target else MailboxMenu(caller, language)

    return Answered(q.OfAccess(caller, language, mailbox_id=target) if target else None, talk)


def _conference(request: Request) -> Dialogue:
    def talk(answer: object) -> Dialogue | Status:
        return Conference(answer) if isinstance(answer, q.Foyer) else NOT_FOUND

    question = q.OfConference(request.said(TARGET), request.said(ARG), request.caller, request.language)
    return Answered(question, talk)


def _three_way(request: Request) -> Dialogue:
    room, _, role = request.said(ARG).partition(",")
    account_id = request.caller.account_id

    def talk(answer: object) -> Dialogue | Status:
        if not room or not account_id:
            return NOT_FOUND
        return ThreeWay(f"{account_id}/talk/{room}", request.language, role == HOST, answer is True)

    return Answered(q.OfThreeWay(account_id), talk)


def _confirm(request: Request) -> Dialogue:
    return Answered(None, lambda _: Speak(confirmation(request.said(ARG)), request.language))


def _whoami(request: Request) -> Dialogue:
    return Answered(None, lambda _: Speak(extension(request.said(ARG)), request.language))


def _music(request: Request) -> Dialogue:
    def talk(track: object) -> Dialogue:
        return Listen(track if isinstance(track, str) else "")

    return Answered(q.OfMusic(request.said(TARGET)), talk, patient=True)


def _accept(request: Request) -> Dialogue:
    dial = to_digits(request.caller, request.said(ARG), "accept", ("Target", request.said(TARGET)))
    return Accept(dial, request.language, request.caller)


def _call_back(request: Request) -> Dialogue:
    dial = to_digits(request.caller, request.said(ARG), "call-back")
    return Answered(None, lambda _: CallBack(dial, request.said(TARGET), request.language))


def _park(request: Request) -> Dialogue:
    what, back, sound, seconds = meaning(request.said(ARG))
    caller, language = request.caller, request.language

    def talk(track: object) -> Dialogue:
        music = track if isinstance(track, str) else ""
        slot = Slot(caller.account_id, request.said(TARGET), music, back, seconds)
        return Fetching(slot, language) if what == FETCH else Parked(slot, caller, language)

    return Answered(q.OfMusic(sound) if sound else None, talk, caller=caller)


def refers(request: Request) -> OtherRefers:
    """A REFER of one of our phones, as Kamailio completed it: the leg to the target, and for whom it is."""
    more = [("Referred-By", f"<{request.said(REFERRER)}>")]
    if replaces := request.said(REPLACES):
        more.append(("Replaces", replaces))
    dial = to_digits(request.caller, request.said(ARG), "transfer")
    consulted = unquote(request.headers.get(CONSULT, ""))
    dial = replace(dial, headers=(*dial.headers, *more), dialog=consulted, shown=request.said(SHOWN))
    return OtherRefers(dial, request.caller.account_id, request.language)


def transferred(request: Request) -> Dialogue:
    """The conversation of a call that one of our phones transferred, which voice was not in."""
    asked = refers(request)

    def talk(waiting: object) -> Dialogue:
        music = waiting if isinstance(waiting, Waiting) else Waiting("")
        return Transfer(asked.dial, music, asked.language, shows=bool(request.said(SHOWS)))

    return _bounded(Answered(q.OfWaiting(asked.account_id), talk), request)


def status_of(text: str) -> Status:
    """`484 Address Incomplete` as a Status, a 3xx to 6xx; DEFAULT_STATUS for what is none."""
    found = _STATUS.fullmatch(text.strip())
    return Status(int(found[1]), found[2] or "Failed") if found else DEFAULT_STATUS


SERVICES: dict[str, Callable[[Request], Dialogue]] = {
    "announce": _announce,
    "echo": _echo,
    "receptionist": _receptionist,
    "greeting": _greeting,
    "deposit": _deposit,
    "mailbox": _mailbox,
    "conference": _conference,
    "three-way": _three_way,
    "confirm": _confirm,
    "whoami": _whoami,
    "music": _music,
    "park": _park,
    "accept": _accept,
    "call-back": _call_back,
}
