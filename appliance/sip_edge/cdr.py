"""Call facts folded into CDRs: one record a call, whatever the order, the repetitions or the gaps of its facts. Pure.

`fold` makes a record of one call's facts; ledger.py keeps the calls that are open and says which are settled. Reading
the spool and writing the journal is the edge service's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID, uuid5

from appliance.reasons import Because, because
from appliance.sip_edge.callfacts import (
    Answered,
    Began,
    CallFact,
    Cancelled,
    Departed,
    Ended,
    Invite,
    LegKind,
    LegName,
    Rang,
    Replied,
    encode,
)
from wire.facts import Cdr, Leg

CDR_IDS = UUID("6f1c2b0e-6d0b-5a52-9d0c-c0a5e27e0a11")
"""Name space of CDR ids."""

REUSED_AFTER_MS = 1000
"""An INVITE so long after the end of a call with the same Call-ID and tag is another call: a broken generator."""

_BUSY = frozenset({486, 600})
_SILENT = frozenset({408, 480})


@dataclass(frozen=True, slots=True)
class CallKey:
    """`again_ms`: when a later call with a re-used Call-ID and tag began; 0 of the first."""

    call_id: str
    from_tag: str
    again_ms: int = 0

    def cdr_id(self, site_id: str) -> str:
        """The same for the same call, so that a spool read twice never makes two records."""
        name = "\n".join((site_id, self.call_id, self.from_tag, *([str(self.again_ms)] if self.again_ms else [])))
        return str(uuid5(CDR_IDS, name.encode("utf-8", "replace").decode()))


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call whose record cannot be written yet. `answered_ms` 0: it rings."""

    key: CallKey
    invite: Invite | None
    started_ms: int
    answered_ms: int
    ended_ms: int
    last_ms: int
    phone_ids: tuple[str, ...] = ()
    """Phones that ring or talk in it now: the caller's, and those of legs that have not ended."""


@dataclass(slots=True)
class _LegInTheMaking:
    name: LegName
    started_ms: int
    ended_ms: int = 0
    status: int = 0


def gather(facts: Iterable[CallFact]) -> dict[CallKey, tuple[CallFact, ...]]:
    """The facts of each call, sorted and each once. A fact without a tag goes to the last INVITE before it."""
    by_call_id: dict[str, set[CallFact]] = {}
    for fact in facts:
        by_call_id.setdefault(fact.call_id, set()).add(fact)
    calls: dict[CallKey, tuple[CallFact, ...]] = {}
    for call_id, found in by_call_id.items():
        for tag, of_tag in _by_tag(_in_order(found)).items():
            for again_ms, of_call in _rounds(of_tag):
                calls[CallKey(call_id, tag, again_ms)] = tuple(of_call)
    return calls


def fold(key: CallKey, facts: Iterable[CallFact], site_id: str) -> OpenCall | Cdr:
    """One call's record, once its beginning and its end are known; until then what is known. Any order, any repeats."""
    known = _in_order(set(facts))
    invite = _first(known, Invite)
    ended = _end_of(known)
    if invite is None or ended is None:
        return _open(key, known, invite, ended)
    return _record(key, known, site_id, ended.at_ms, [])


def close(key: CallKey, facts: Iterable[CallFact], site_id: str, at_ms: int = 0) -> Cdr:
    """The record of a call whose facts will not be complete: the building no longer holds it.

    `at_ms`: when it must have ended, if that is known; 0: its end stays empty and its talk time 0.
    """
    known = _in_order(set(facts))
    notes = []
    if _first(known, Invite) is None:
        notes.append(because(Because.NO_INVITE_SEEN).encoded())
    ended = _end_of(known)
    if ended is None:
        notes.append(because(Because.CLOSED_BY_BUILDING if at_ms else Because.NO_END_SEEN).encoded())
    return _record(key, known, site_id, ended.at_ms if ended else at_ms, notes)


F = TypeVar("F", Invite, Answered, Cancelled)


def _in_order(facts: Iterable[CallFact]) -> list[CallFact]:
    return sorted(facts, key=lambda f: (f.at_ms, _RANK[type(f)], encode(f)))


_RANK: dict[type[CallFact], int] = {
    kind: n for n, kind in enumerate((Invite, Began, Rang, Replied, Cancelled, Answered, Departed, Ended))
}


def _by_tag(facts: list[CallFact]) -> dict[str, list[CallFact]]:
    invites = [f for f in facts if isinstance(f, Invite)]
    tags = sorted({f.from_tag for f in facts if f.from_tag})
    found: dict[str, list[CallFact]] = {}
    for fact in facts:
        tag = fact.from_tag
        if not tag and invites:
            before = [i for i in invites if i.at_ms <= fact.at_ms]
            tag = (before[-1] if before else invites[0]).from_tag
        elif not tag and tags:
            tag = tags[0]
        found.setdefault(tag, []).append(fact)
    return found


def _rounds(facts: list[CallFact]) -> list[tuple[int, list[CallFact]]]:
    rounds: list[tuple[int, list[CallFact]]] = [(0, [])]
    ended_ms = 0
    for fact in facts:
        if isinstance(fact, Invite) and ended_ms and fact.at_ms > ended_ms + REUSED_AFTER_MS:
            rounds.append((fact.at_ms, []))
            ended_ms = 0
        if isinstance(fact, Ended):
            ended_ms = fact.at_ms
        rounds[-1][1].append(fact)
    return rounds


def _first(facts: list[CallFact], kind: type[F]) -> F | None:
    return next((f for f in facts if isinstance(f, kind)), None)


def _end_of(facts: list[CallFact]) -> Ended | None:
    """A BYE ends an answered call, a final failure one that was not. A failure noted beside an answer lost the race."""
    ends = [f for f in facts if isinstance(f, Ended)]
    answered = _first(facts, Answered)
    if answered is None:
        return ends[0] if ends else None
    return next((e for e in ends if e.status == 0), None)


def _open(key: CallKey, facts: list[CallFact], invite: Invite | None, ended: Ended | None) -> OpenCall:
    answered = _first(facts, Answered)
    times = [f.at_ms for f in facts] or [0]
    return OpenCall(
        key,
        invite,
        invite.at_ms if invite else times[0],
        answered.at_ms if answered else 0,
        ended.at_ms if ended else 0,
        times[-1],
        _phones_in(facts, invite, answered),
    )


def _phones_in(facts: list[CallFact], invite: Invite | None, answered: Answered | None) -> tuple[str, ...]:
    legs = _legs(facts)
    answering = _answering(answered, legs)
    still = [answering] if answering else [leg for leg in legs if not leg.ended_ms]
    caller = invite.caller_phone_id if invite else ""
    gone = {f.phone_id for f in facts if isinstance(f, Departed)}
    return tuple(dict.fromkeys(i for i in (caller, *(leg.name.phone_id for leg in still)) if i and i not in gone))


def _record(key: CallKey, facts: list[CallFact], site_id: str, ended_ms: int, notes: list[str]) -> Cdr:
    invite = _first(facts, Invite)
    answered = _first(facts, Answered)
    legs = _legs(facts)
    answering = _answering(answered, legs)
    for leg in legs:
        if leg is answering:
            leg.status, leg.ended_ms = 200, ended_ms
        elif not leg.ended_ms:
            leg.ended_ms = answered.at_ms if answered else ended_ms
    end = _end_of(facts)
    status = 200 if answered else (end.status if end else 0)
    started_ms = invite.at_ms if invite else min((f.at_ms for f in facts), default=0)
    ended_ms = max(ended_ms, started_ms) if ended_ms else 0
    return Cdr(
        id=key.cdr_id(site_id),
        site_id=site_id,
        account_id=invite.account_id if invite else "",
        call_id=key.call_id,
        direction=invite.direction if invite else "",
        caller=invite.caller if invite else "",
        caller_phone_id=invite.caller_phone_id if invite else "",
        dialled=invite.dialled if invite else "",
        destination=invite.destination if invite else "",
        call_class=invite.call_class if invite else "",
        started_at=_iso(started_ms),
        answered_at=_iso(answered.at_ms) if answered else "",
        ended_at=_iso(ended_ms),
        talk_ms=max(0, ended_ms - answered.at_ms) if answered and ended_ms else 0,
        cause=_cause(answered is not None, _first(facts, Cancelled) is not None, status, legs),
        sip_status=status,
        answered_by=_answered_by(answered, answering),
        trunk_id=_trunk(invite, answering, legs),
        legs=tuple(Leg(g.name.kind, g.name.to, _iso(g.started_ms), _iso(g.ended_ms), g.status) for g in legs),
        reasons=(*(invite.reasons if invite else ()), *notes),
        payer_id=invite.payer_id if invite else "",
    )


def _legs(facts: list[CallFact]) -> list[_LegInTheMaking]:
    """In the order in which they began. A reply belongs to the open leg of its name; else to a leg not noted."""
    legs: list[_LegInTheMaking] = []
    steps: set[tuple[int, LegName]] = set()
    for fact in facts:
        if isinstance(fact, Began):
            for name in fact.legs:
                if (fact.step, name) not in steps:
                    steps.add((fact.step, name))
                    legs.append(_LegInTheMaking(name, fact.at_ms))
        elif isinstance(fact, Replied):
            leg = _leg_named(legs, fact.kind, fact.to)
            if leg is None:
                leg = _LegInTheMaking(LegName(fact.kind, fact.to), fact.at_ms)
                legs.append(leg)
            if not leg.ended_ms:
                leg.ended_ms, leg.status = fact.at_ms, fact.status
        elif isinstance(fact, Answered) and fact.to and _leg_named(legs, fact.kind, fact.to) is None:
            legs.append(_LegInTheMaking(LegName(fact.kind, fact.to), fact.at_ms))
    return legs


def _leg_named(legs: list[_LegInTheMaking], kind: str, to: str) -> _LegInTheMaking | None:
    """The first still open leg of this name, else the last of it."""
    named = [g for g in legs if (g.name.kind, g.name.to) == (kind, to)]
    return next((g for g in named if not g.ended_ms), named[-1] if named else None)


def _answering(answered: Answered | None, legs: list[_LegInTheMaking]) -> _LegInTheMaking | None:
    """The leg that answered; where the fact does not say, the only one that was still open then."""
    if answered is None:
        return None
    if answered.to:
        return _leg_named(legs, answered.kind, answered.to)
    still_open = [g for g in legs if not g.ended_ms]
    return still_open[0] if len(still_open) == 1 else None


def _answered_by(answered: Answered | None, leg: _LegInTheMaking | None) -> str:
    if leg is not None:
        return leg.name.phone_id or leg.name.to
    return answered.to if answered else ""


def _trunk(invite: Invite | None, answering: _LegInTheMaking | None, legs: list[_LegInTheMaking]) -> str:
    """The trunk that carried the call: in by it, answered over it, or the last that was tried."""
    if invite is not None and invite.trunk_id:
        return invite.trunk_id
    tried = [g for g in legs if g.name.kind == LegKind.TRUNK]
    if answering is not None:
        return answering.name.to if answering.name.kind == LegKind.TRUNK else ""
    return tried[-1].name.to if tried else ""


def _cause(answered: bool, cancelled: bool, status: int, legs: list[_LegInTheMaking]) -> str:
    if answered:
        return "answered"
    if cancelled or status == 487:
        return "cancelled"
    if status in _BUSY:
        return "busy"
    if status in _SILENT:
        rang = any(g.name.kind != LegKind.VOICE for g in legs)
        return "no-answer" if rang else "failed"
    return "refused" if 400 <= status < 500 or status >= 600 else "failed"


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds") if at_ms else ""
