"""Call facts: what Kamailio's workers note of each call, one JSON line a fact, and what cdr.py folds into CDRs.

This module is the words and their codec only. kemi.py appends lines to `<state_dir>/calls/<worker>.jsonl`, each by
one os.write on a file opened O_APPEND, so that lines never mix; the edge service reads them. docs/routing.md has the
format.

A call is known by its Call-ID and the From tag of its INVITE. Replies carry both. A BYE from the callee has the
caller's tag in To; Record-Route's `ftag` parameter tells which. Where a worker cannot tell, `from_tag` is empty and the
fact belongs to the last INVITE with that Call-ID.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any, ClassVar

import orjson

from appliance.sip_edge.plan import CallAttempt, FromTrunk, Plan, Ring, Say, Step, ToTrunk, ToVoice


class LegKind(StrEnum):
    PHONE = "phone"
    TRUNK = "trunk"
    VOICE = "voice"


class By(StrEnum):
    """Who ended a call."""

    CALLER = "caller"
    CALLEE = "callee"
    BUILDING = "building"


@dataclass(frozen=True, slots=True)
class LegName:
    """`to`: a phone's sip_user, a trunk's id, or a voice service (`announce`, `echo`). `phone_id` of a phone's leg."""

    kind: str
    to: str
    phone_id: str = ""


@dataclass(frozen=True, slots=True)
class Invite:
    """A plan was made for a new call. `at_ms`, here and below: milliseconds since 1970, UTC."""

    event: ClassVar[str] = "invite"
    call_id: str
    from_tag: str
    at_ms: int
    account_id: str
    direction: str
    caller: str
    caller_phone_id: str
    dialled: str
    destination: str
    call_class: str
    trunk_id: str = ""
    """The trunk that an inbound call came by; an outbound one is known by its legs."""
    reasons: tuple[str, ...] = ()
    """`Reason.encoded()`, in order."""
    shown: str = ""
    """The caller as phones that it rings see it; empty: hidden, or no phone rings."""
    shown_name: str = ""
    payer_id: str = ""
    """The person whose call it is, for what it costs: the caller, or who forwards; empty: nobody's limits."""


@dataclass(frozen=True, slots=True)
class Began:
    """These legs were sent an INVITE, as step `step` of the plan (its steps, then its `after`, counted from 0)."""

    event: ClassVar[str] = "began"
    call_id: str
    from_tag: str
    at_ms: int
    step: int
    legs: tuple[LegName, ...]


@dataclass(frozen=True, slots=True)
class Rang:
    """A leg said for the first time that it rings (a provisional response over 100)."""

    event: ClassVar[str] = "rang"
    call_id: str
    from_tag: str
    at_ms: int
    kind: str
    to: str


@dataclass(frozen=True, slots=True)
class Replied:
    """A leg came to its final status: 3xx to 6xx, or 408 where the time ran out, or 487 where it was cancelled."""

    event: ClassVar[str] = "replied"
    call_id: str
    from_tag: str
    at_ms: int
    kind: str
    to: str
    status: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The 200 of this leg was passed to the caller. `kind` and `to`: empty where the worker cannot tell."""

    event: ClassVar[str] = "answered"
    call_id: str
    from_tag: str
    at_ms: int
    kind: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The caller gave up before an answer (CANCEL)."""

    event: ClassVar[str] = "cancelled"
    call_id: str
    from_tag: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over: a BYE (`status` 0), or the final failure that the caller was sent (`status`)."""

    event: ClassVar[str] = "ended"
    call_id: str
    from_tag: str
    at_ms: int
    by: str
    status: int = 0


@dataclass(frozen=True, slots=True)
class Departed:
    """A phone of ours left a call that goes on without it: it transferred it. `to`: its sip_user."""

    event: ClassVar[str] = "departed"
    call_id: str
    from_tag: str
    at_ms: int
    to: str
    phone_id: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """The caller changed a setting by a code. `kind`: preferences | receptionist; `target_id` of that row."""

    event: ClassVar[str] = "changed"
    call_id: str
    from_tag: str
    at_ms: int
    kind: str
    target_id: str
    account_id: str
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Alerted:
    """The call is one that people must learn of at once (plan.AlertKind)."""

    event: ClassVar[str] = "alerted"
    call_id: str
    from_tag: str
    at_ms: int
    kind: str
    account_id: str
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Arrived:
    """A phone of another building registered here by its password. `call_id` of its REGISTER, `from_tag` empty."""

    event: ClassVar[str] = "arrived"
    call_id: str
    from_tag: str
    at_ms: int
    phone_id: str
    account_id: str
    from_site_id: str
    mac: str
    address: str


News = Changed | Alerted | Arrived
"""What a call says beside its own course: no part of its record."""
CallFact = Invite | Began | Rang | Replied | Answered | Cancelled | Departed | Ended

_BY_EVENT: dict[str, type[CallFact | News]] = {
    t.event: t
    for t in (Invite, Began, Rang, Replied, Answered, Cancelled, Departed, Ended, Changed, Alerted, Arrived)
}


_END_OF_TIME_MS = 253_402_300_800_000
"""The year 10000."""


class UnreadableFact(ValueError):
    """A line that is not a call fact: torn by a power cut, or of another version."""


@lru_cache(maxsize=64)
def _head(event: str, era: int) -> bytes:
    return b'{"event":"%b","era":%d,' % (event.encode(), era)


def encode(fact: CallFact | News, era: int = 0) -> bytes:
    """One line, with its newline. Never raises on text from the wire: lone surrogates are replaced."""
    try:
        return _head(fact.event, era) + orjson.dumps(fact)[1:] + b"\n"
    except TypeError:  # what is no UTF-8
        line = {"event": fact.event, "era": era, **asdict(fact)}
        return (json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def decode(line: bytes | str, since: Callable[[int], int] = lambda era: 0) -> CallFact | News:
    """Raises UnreadableFact on anything that `encode` could not have written.

    `since`: milliseconds by which the clock was set since an era. What is no part of a call's record keeps its date, by
    which it is known.
    """
    try:
        data = json.loads(line)
        if not isinstance(data, dict):
            raise UnreadableFact("not an object")
        kind = _BY_EVENT[data.pop("event")]
        moved_ms = since(int(data.pop("era", 0)))
        fact = kind(**{name: _checked(kind, name, value) for name, value in data.items()})
        return replace(fact, at_ms=fact.at_ms + moved_ms) if moved_ms and isinstance(fact, CallFact) else fact
    except (ValueError, KeyError, TypeError, RecursionError) as wrong:
        raise UnreadableFact(f"not a call fact: {wrong}") from wrong


def _checked(kind: type[CallFact | News], name: str, value: Any) -> Any:
    if name in ("at_ms", "step", "status"):
        if type(value) is not int:
            raise UnreadableFact(f"{kind.event}.{name} must be a whole number")
        if not 0 <= value < _END_OF_TIME_MS:
            raise UnreadableFact(f"{kind.event}.{name} is out of range")
        return value
    if name == "legs":
        # Before 2026-11-28 a leg was written as a list.
        return tuple(LegName(*map(str, leg.values() if isinstance(leg, dict) else leg)) for leg in value)
    if name == "params":
        return tuple((str(key), str(text)) for key, text in value)
    if name == "reasons":
        return tuple(str(r) for r in value)
    if type(value) is not str:
        raise UnreadableFact(f"{kind.event}.{name} must be text")
    return value


def invite(attempt: CallAttempt, plan: Plan, from_tag: str, at_ms: int) -> Invite:
    """The fact to note when a plan was made for an attempt."""
    source = attempt.source
    rung = _first_ring(plan)
    seen = rung.identity if rung is not None and not rung.identity.private else None
    return Invite(
        call_id=attempt.call_id,
        from_tag=from_tag,
        at_ms=at_ms,
        account_id=plan.account_id,
        direction=plan.direction,
        caller=plan.caller,
        caller_phone_id="" if isinstance(source, FromTrunk) else source.phone_id,
        dialled=attempt.dialled,
        destination=plan.destination,
        call_class=plan.call_class.value,
        trunk_id=source.trunk_id if isinstance(source, FromTrunk) else "",
        reasons=tuple(r.encoded() for r in plan.reasons),
        shown=seen.user if seen else "",
        shown_name=seen.display if seen else "",
        payer_id=plan.person_id,
    )


def _first_ring(plan: Plan) -> Ring | None:
    for way in (plan.steps, plan.after.busy, plan.after.no_answer, plan.after.not_found, plan.after.other):
        for step in way:
            if isinstance(step, Ring):
                return step
    return None


def news(plan: Plan, call_id: str, from_tag: str, at_ms: int) -> tuple[News, ...]:
    """What a plan changes and whom it alerts, to note as the call begins."""
    return (
        *(
            Changed(call_id, from_tag, at_ms, c.kind, c.person_id, c.account_id, c.field, c.value)
            for c in plan.changes
        ),
        *(Alerted(call_id, from_tag, at_ms, a.kind.value, a.account_id, a.params) for a in plan.alerts),
    )


def legs_of(step: Step) -> tuple[LegName, ...]:
    """The legs that a step begins; a Refuse begins none. Of a Ring in turn, one is begun at a time."""
    match step:
        case Ring(targets=targets):
            return tuple(
                LegName(LegKind.TRUNK.value, t.trunk_id)
                if t.trunk_id
                else LegName(LegKind.PHONE.value, t.sip_user, t.phone_id)
                for t in targets
            )
        case ToTrunk(trunk_id=trunk_id):
            return (LegName(LegKind.TRUNK.value, trunk_id),)
        case Say():
            return (LegName(LegKind.VOICE.value, "announce"),)
        case ToVoice(service=service):
            return (LegName(LegKind.VOICE.value, service),)
        case _:
            return ()


def lines(facts: Iterable[CallFact | News], era: int = 0) -> bytes:
    return b"".join(encode(f, era) for f in facts)
