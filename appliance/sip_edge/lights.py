"""Which phone is in which call, and in what state: call facts folded into the dialogs that lamps show. Pure.

Facts may come twice, late and out of order, since several workers write them. A call is here from its first fact to its
end; one that nothing ends goes by what else is known: its phone began anew, its media is gone, its time is over.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from appliance.reasons import Because, because
from appliance.sip_edge.callfacts import Answered, Began, CallFact, Departed, Ended, Invite, LegKind, Rang, Replied
from appliance.sip_edge.dialoginfo import Dialog, DialogState, Direction
from appliance.sip_edge.dialogs import key_of

RINGING_AT_MOST_MS = 600_000
TALKING_AT_MOST_MS = 86_400_000
REMEMBERED = 5_000
"""Ended calls whose late facts are known for what they are."""
REUSED_AFTER_MS = 1_000
PARK, FETCH = "park:", "fetch:"
"""What the destination of a parked call, and of one that fetches it, begins with; the slot follows."""

_ALONE = because(Because.NO_OTHER_CALL).encoded()
Name = tuple[str, str]
"""Call-ID and From tag."""


@dataclass(slots=True)
class _Leg:
    phone_id: str
    step: int = -1
    rings: bool = False
    over: bool = False


@dataclass(slots=True)
class _Call:
    name: Name
    last_ms: int
    invite: Invite | None = None
    legs: dict[tuple[str, str], _Leg] = field(default_factory=dict)
    answered: tuple[str, str] | None = None
    fetched: bool = False
    departed: set[str] = field(default_factory=set)
    """Ids of phones that are not in it any more."""

    @property
    def key(self) -> str:
        return key_of(*self.name)


@dataclass(frozen=True, slots=True)
class UpCall:
    """An answered call, as the board is told of it after Kamailio's restart. Phones by their ids."""

    key: str
    call_id: str
    since_ms: int
    caller_phone_id: str
    callee_phone_id: str
    alone: bool
    """Its caller wants no other call meanwhile."""


class Lights:
    """Feed it facts by `note`; ask `dialogs`, and `touched` for what may have changed since it was asked last."""

    def __init__(self) -> None:
        self._calls: dict[Name, _Call] = {}
        self._of: dict[str, set[Name]] = {}
        self._ended: OrderedDict[Name, int] = OrderedDict()
        self._touched: set[str] = set()

    def note(self, fact: CallFact) -> None:
        name = (fact.call_id, fact.from_tag)
        ended_ms = self._ended.get(name)
        if ended_ms is not None:
            if not isinstance(fact, Invite) or fact.at_ms <= ended_ms + REUSED_AFTER_MS:
                return
            del self._ended[name]
        call = self._calls.get(name)
        if call is None:
            call = self._calls[name] = _Call(name, fact.at_ms)
        before = _watched(call)
        if isinstance(fact, Invite) and fact.destination.startswith(FETCH):
            self._fetch(f"{PARK}{fact.account_id}:{fact.destination.removeprefix(FETCH)}")
        call.last_ms = max(call.last_ms, fact.at_ms)
        if self._apply(call, fact):
            self._end(name, fact.at_ms)
        for what in before | _watched(call):
            self._touched.add(what)
            if name in self._calls:
                self._of.setdefault(what, set()).add(name)

    def _fetch(self, slot: str) -> None:
        """Who stood at this slot is being talked to: the slot is free."""
        for name in self._of.get(slot, ()):
            self._calls[name].fetched = True
        self._touched.add(slot)

    @staticmethod
    def _apply(call: _Call, fact: CallFact) -> bool:
        """What a fact changes; whether the call is over by it."""
        match fact:
            case Invite():
                call.invite = fact
            case Began():
                for leg in call.legs.values():
                    leg.over = leg.over or leg.step < fact.step
                for named in fact.legs:
                    known = call.legs.get((named.kind, named.to))
                    if known is None or known.step < fact.step:
                        rang = known is not None and known.step < 0 and known.rings
                        call.legs[named.kind, named.to] = _Leg(named.phone_id, fact.step, rang)
            case Rang() | Replied():
                leg = call.legs.setdefault((fact.kind, fact.to), _Leg(""))
                leg.rings = leg.rings or isinstance(fact, Rang)
                leg.over = leg.over or isinstance(fact, Replied)
            case Answered():
                call.answered = (fact.kind, fact.to)
            case Departed():
                call.departed.add(fact.phone_id)
            case Ended():
                # A failure noted beside an answer lost the race.
                return fact.status == 0 or call.answered is None
        return False

    def _end(self, name: Name, at_ms: int) -> None:
        call = self._calls.pop(name, None)
        if call is None:
            return
        self._ended[name] = at_ms
        while len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)
        for what in _watched(call):
            self._touched.add(what)
            names = self._of.get(what, set())
            names.discard(name)
            if not names:
                self._of.pop(what, None)

    # What else ends calls

    def began_anew(self, phone_id: str, before_ms: int) -> frozenset[str]:
        """This phone was switched off and on: the calls that it was in before are over. Their names on the board."""
        gone = set()
        for name in tuple(self._of.get(phone_id, ())):
            call = self._calls.get(name)
            if call is not None and call.last_ms < before_ms and _dialogs(call, phone_id):
                self._end(name, before_ms)
                gone.add(call.key)
        return frozenset(gone)

    def lost(self, call_ids: Iterable[str], now_ms: int) -> None:
        """Nothing relays the media of these any more."""
        gone = set(call_ids)
        for name in [n for n in self._calls if n[0] in gone]:
            self._end(name, now_ms)

    def none_rings_since(self, start_ms: int) -> None:
        """Kamailio began anew then: what rang before has no transaction any more."""
        for name, call in tuple(self._calls.items()):
            if call.answered is None and call.last_ms < start_ms:
                self._end(name, start_ms)

    def expire(self, now_ms: int) -> None:
        for name, call in tuple(self._calls.items()):
            patience = TALKING_AT_MOST_MS if call.answered else RINGING_AT_MOST_MS
            if now_ms > call.last_ms + patience:
                self._end(name, now_ms)

    # What is asked

    def touched(self) -> frozenset[str]:
        """Ids of phones, and `park:<account>:<slot>`, of which something was noted since this was asked last."""
        found = frozenset(self._touched)
        self._touched.clear()
        return found

    def dialogs(self, watched: str) -> tuple[Dialog, ...]:
        """Those of a phone (by id), or of a slot (`park:<account>:<slot>`), oldest first."""
        calls = [self._calls[n] for n in self._of.get(watched, ()) if n in self._calls]
        calls.sort(key=lambda c: (c.invite.at_ms if c.invite else c.last_ms, c.name))
        return tuple(d for call in calls for d in _dialogs(call, watched))

    def keys(self) -> frozenset[str]:
        """Names on the board of all calls that are not over."""
        return frozenset(c.key for c in self._calls.values())

    def up(self) -> tuple[UpCall, ...]:
        """Answered calls that are not over."""
        found = []
        for call in self._calls.values():
            if call.answered is not None:
                leg = call.legs.get(call.answered)
                caller = call.invite.caller_phone_id if call.invite else ""
                callee = leg.phone_id if leg else ""
                caller, callee = ("" if phone in call.departed else phone for phone in (caller, callee))
                alone = call.invite is not None and _ALONE in call.invite.reasons
                found.append(UpCall(call.key, call.name[0], call.last_ms, caller, callee, alone))
        return tuple(found)


def _watched(call: _Call) -> set[str]:
    """Phones in a call, by id; and the slot that it is parked at."""
    found = {leg.phone_id for leg in call.legs.values() if leg.phone_id}
    if call.invite is not None:
        if call.invite.caller_phone_id:
            found.add(call.invite.caller_phone_id)
        if call.invite.destination.startswith(PARK):
            found.add(f"{PARK}{call.invite.account_id}:{call.invite.destination.removeprefix(PARK)}")
    return found


def _dialogs(call: _Call, watched: str) -> list[Dialog]:
    invite = call.invite
    if invite is None or watched in call.departed:
        return []
    call_id, from_tag = call.name
    found = []
    if watched.startswith(PARK):
        if call.answered is None or call.fetched:
            return []
        made = Dialog(
            f"{call.key}-p", DialogState.CONFIRMED, Direction.RECIPIENT, call_id, call.key, from_tag, invite.caller
        )
        return [made]
    if invite.caller_phone_id == watched:
        rings = any(leg.rings and not leg.over for leg in call.legs.values())
        state = DialogState.EARLY if rings else DialogState.TRYING
        if call.answered is not None:
            state = DialogState.CONFIRMED
        remote = invite.destination or invite.dialled
        found.append(Dialog(f"{call.key}-o", state, Direction.INITIATOR, call_id, from_tag, call.key, remote))
    for (kind, to), leg in call.legs.items():
        if leg.phone_id != watched or kind != LegKind.PHONE:
            continue
        answered = call.answered == (kind, to)
        if not answered and (leg.over or not leg.rings or call.answered is not None):
            continue
        state = DialogState.CONFIRMED if answered else DialogState.EARLY
        shown = (invite.shown, invite.shown_name)
        found.append(Dialog(f"{call.key}-i", state, Direction.RECIPIENT, call_id, call.key, from_tag, *shown))
    return found


def with_ended(now: tuple[Dialog, ...], before: Iterable[Dialog]) -> tuple[Dialog, ...]:
    """What is to be shown: the dialogs of now, and once more, as ended, those shown before that are no more."""
    here = {d.id for d in now}
    return (*now, *(replace(d, state=DialogState.TERMINATED) for d in before if d.id not in here))
