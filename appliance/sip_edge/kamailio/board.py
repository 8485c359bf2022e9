"""Which calls our phones are in, and which ring where: one board that all workers write and read, in shared memory.

What a worker does with it is for reach.py (is this phone busy?) and pickup.py (what rings there?). Entries are named by
their call, so that saying a thing twice changes nothing; the lamps service puts back what a restart of Kamailio forgot
and takes away what nothing ended (lamps_board.py). Tables are in kamailio.cfg.j2.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from appliance.sip_edge.callfacts import Answered, Arrived, CallFact, Cancelled, Departed, Ended, LegKind, Replied
from appliance.sip_edge.dialogs import key_of
from appliance.sip_edge.plan import Talk

IN_CALL, RINGS, CALL = "incall", "rings", "call"
"""Tables: by sip_user, the calls that it makes or has answered; those that ring it; by call, who is in it."""
LONGEST_S = 86_400
"""No call is believed in for longer (ledger.TALKING_AT_MOST_MS)."""
_ALONE = "=alone"
"""In a call's text, and at the end of a line of a phone's list; no key has an equals sign."""
MOVING = frozenset({Replied, Answered, Cancelled, Departed, Ended})
"""Facts that move a call on the board."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A call in a phone's list, and since when (seconds since 1970). `alone`: it makes it, and wants no other."""

    key: str
    since_s: int
    alone: bool = False

    def text(self) -> str:
        return f"{self.key} {self.since_s} {_ALONE}" if self.alone else f"{self.key} {self.since_s}"


def entries(text: str | None) -> list[Entry]:
    """A phone's list as the table has it. What is not one is left out."""
    parts = (line.split(" ") for line in (text or "").split("\n"))
    return [Entry(p[0], int(p[1]), p[2:] == [_ALONE]) for p in parts if len(p) in (2, 3) and p[1].isdigit()]


def with_entry(text: str, entry: Entry) -> str:
    """The list with this call in it. Workers change lists as text: each call does so seven times."""
    if _stands_in(text, entry.key):
        return text
    return f"{text}\n{entry.text()}" if text else entry.text()


def without_entry(text: str, key: str) -> str:
    """The list without this call; empty: nothing is left."""
    return "\n".join([line for line in text.split("\n") if not line.startswith(f"{key} ")])


def _stands_in(text: str, key: str) -> bool:
    return text.startswith(f"{key} ") or f"\n{key} " in text


def listed(found: Iterable[Entry]) -> str:
    return "\n".join(e.text() for e in found)


@dataclass(frozen=True, slots=True)
class OnBoard:
    """A call: its INVITE's transaction (0 0: none any more), and the phones in it. Empty `caller`: not ours."""

    index: int
    label: int
    caller: str
    phones: tuple[str, ...] = ()
    late: tuple[tuple[int, str], ...] = ()
    """Branches that a pickup added: branch index and sip_user. The transaction's own list has them not."""
    plain: tuple[str, ...] = ()
    """sip_users of phones that did not say that they know Replaces."""
    alone: bool = False
    """Its caller wants no other call meanwhile (*70)."""

    def text(self) -> str:
        """A line for each field. A list's words are parted by spaces, which no sip_user has."""
        late = " ".join([f"{index}:{user}" for index, user in self.late]) if self.late else ""
        alone = _ALONE if self.alone else ""
        phones, plain = " ".join(self.phones), " ".join(self.plain)
        return f"{self.index}\n{self.label}\n{self.caller}\n{phones}\n{late}\n{plain}\n{alone}"

    @classmethod
    def of(cls, text: str) -> "OnBoard":
        index, label, caller, phones, late, plain, alone = text.split("\n")
        branches = tuple([(int(i), user) for i, _, user in (b.partition(":") for b in late.split())]) if late else ()
        return cls(int(index), int(label), caller, tuple(phones.split()), branches, tuple(plain.split()), bool(alone))


@dataclass(frozen=True, slots=True)
class RingingCall:
    """A call that rings a phone: the transaction that a branch may be added to."""

    key: str
    since_s: int
    index: int
    label: int


class Board:
    def __init__(self, ksr: Any) -> None:
        self._ksr = ksr

    # What workers say, in the order of a call's life

    def begins(self, call_id: str, from_tag: str, caller: str, plain: bool = False, alone: bool = False) -> bool:
        """A new call, its transaction made. `caller`: sip_user of our calling phone, else empty. `alone`: OnBoard.

        False: another transaction has a call of this name, which stays as it is (RFC 3261 §8.2.2.2).
        """
        pv, htable = self._ksr.pv, self._ksr.htable
        key = key_of(call_id, from_tag)
        index, label = int(pv.get("$T(id_index)") or 0), int(pv.get("$T(id_label)") or 0)
        on = OnBoard(index, label, caller, plain=(caller,) if plain and caller else (), alone=alone)
        # A proxy that forks sends both at once: two workers have them.
        htable.sht_lock(CALL, key)
        try:
            if htable.sht_get(CALL, key):
                return False
            htable.sht_sets(CALL, key, on.text())
        finally:
            htable.sht_unlock(CALL, key)
        if caller:
            self._add(IN_CALL, caller, key, alone)
        return True

    def rings(self, call_id: str, from_tag: str, users: Iterable[str]) -> None:
        """The next step of a call: these phones will ring, those of the step before ring no more."""
        key = key_of(call_id, from_tag)
        now = tuple(dict.fromkeys(users))
        on = self._changed(
            key, lambda on: OnBoard(on.index, on.label, on.caller, now, on.late, on.plain, on.alone)
        )
        if on is None:
            return
        for user in on.phones:
            if user not in now:
                self._take(RINGS, user, key)
        for user in now:
            self._add(RINGS, user, key)

    def joins(self, call_id: str, from_tag: str, branch: int, user: str) -> None:
        """One more phone rings with a call that rings already, by a branch that was added to it."""
        key = key_of(call_id, from_tag)

        def joined(on: OnBoard) -> OnBoard:
            return replace(on, phones=tuple(dict.fromkeys((*on.phones, user))), late=(*on.late, (branch, user)))

        if self._changed(key, joined) is not None:
            self._add(RINGS, user, key)

    def late(self, call_id: str, from_tag: str) -> dict[int, str]:
        """Branches that pickups added to a call: index and sip_user."""
        on = self._call(key_of(call_id, from_tag))
        return dict(on.late) if on is not None else {}

    def leg_over(self, call_id: str, from_tag: str, user: str) -> None:
        """This phone's leg ended without an answer."""
        self._take(RINGS, user, key_of(call_id, from_tag))

    def answered(self, call_id: str, from_tag: str, user: str, plain: bool = False) -> None:
        """`user` (empty: no phone of ours) talks; nothing of the call rings any more."""
        key = key_of(call_id, from_tag)
        phones = (user,) if user else ()

        def talks(on: OnBoard) -> OnBoard:
            unable = (*on.plain, *(phones if plain else ()))
            return OnBoard(0, 0, on.caller, phones, plain=unable, alone=on.alone)

        on = self._changed(key, talks)
        if on is None:
            return
        for phone in on.phones:
            self._take(RINGS, phone, key)
        if user:
            self._add(IN_CALL, user, key)

    def given_up(self, call_id: str, from_tag: str) -> None:
        """Its caller has hung up: what still rings is being told so, and is nothing to pick up any more."""
        key = key_of(call_id, from_tag)
        # Not answered either, which is what a call without transaction is taken for.
        on = self._changed(key, lambda on: replace(on, index=0, label=on.label or 1) if on.index else on)
        if on is None or not on.index:
            return
        for user in on.phones:
            self._take(RINGS, user, key)

    def departs(self, call_id: str, from_tag: str, user: str) -> None:
        """This phone is not in the call any more, which goes on."""
        key = key_of(call_id, from_tag)

        def without_it(on: OnBoard) -> OnBoard:
            phones = tuple(phone for phone in on.phones if phone != user)
            return replace(on, caller="" if on.caller == user else on.caller, phones=phones)

        if self._changed(key, without_it) is not None:
            self._take(IN_CALL, user, key)

    def ends(self, call_id: str, from_tag: str) -> None:
        key = key_of(call_id, from_tag)
        on = self._changed(key, lambda _: None)
        if on is None:
            return
        for user in on.phones:
            self._take(RINGS, user, key)
            self._take(IN_CALL, user, key)
        if on.caller:
            self._take(IN_CALL, on.caller, key)

    def note(self, fact: CallFact | Arrived, plain: bool = False) -> None:
        """What one of MOVING says of a call on the board. `plain`: who answers did not say that it knows Replaces."""
        match fact:
            case Replied(kind=LegKind.PHONE):
                self.leg_over(fact.call_id, fact.from_tag, fact.to)
            case Answered():
                user = fact.to if fact.kind == LegKind.PHONE else ""
                self.answered(fact.call_id, fact.from_tag, user, plain)
            case Cancelled():
                self.given_up(fact.call_id, fact.from_tag)
            case Departed():
                self.departs(fact.call_id, fact.from_tag, fact.to)
            case Ended():
                self.ends(fact.call_id, fact.from_tag)

    # What workers ask

    def calls_of(self, user: str) -> int:
        """Calls that this phone makes or has answered."""
        text = self._ksr.htable.sht_get(IN_CALL, user)
        if not text:
            return 0
        oldest = int(time.time()) - LONGEST_S
        return sum(e.since_s > oldest for e in entries(text))

    def alone(self, user: str) -> bool:
        """Whether this phone makes a call beside which it wants no other."""
        text = self._ksr.htable.sht_get(IN_CALL, user) or ""
        return _ALONE in text and any(e.alone and self.is_up(e.key) for e in entries(text))

    def ringing(self, users: Iterable[str]) -> RingingCall | None:
        """The call that has rung longest at any of these phones, and can still be taken over."""
        found = {e for user in users for e in entries(self._ksr.htable.sht_get(RINGS, user))}
        for entry in sorted(found, key=lambda e: (e.since_s, e.key)):
            on = self._call(entry.key)
            if on is not None and on.index:
                return RingingCall(entry.key, entry.since_s, on.index, on.label)
        return None

    def ringing_as(self, key: str, users: Iterable[str]) -> RingingCall | None:
        """This call, where it rings at one of these phones."""
        on = self._call(key)
        if on is None or not on.index or set(users).isdisjoint(on.phones):
            return None
        return RingingCall(key, 0, on.index, on.label)

    def is_up(self, key: str) -> bool:
        """Whether this call rings or talks."""
        return bool(self._ksr.htable.sht_get(CALL, key))

    def talk(self, key: str) -> Talk | None:
        """A call that rings or talks, for the routing."""
        on = self._call(key)
        if on is None:
            return None
        return Talk(on.caller, on.phones, not (on.index or on.label), frozenset(on.plain))

    def parties(self, call_id: str, from_tag: str) -> tuple[str, str]:
        """sip_users of who called and who answered; empty for one that is no phone of ours, or is not known."""
        on = self._call(key_of(call_id, from_tag))
        return (on.caller, next(iter(on.phones), "")) if on is not None else ("", "")

    def _call(self, key: str) -> OnBoard | None:
        text = self._ksr.htable.sht_get(CALL, key)
        return OnBoard.of(text) if text else None

    def _changed(self, key: str, change: Callable[[OnBoard], OnBoard | None]) -> OnBoard | None:
        """The call as it was before this change, which removes it by None. None: it is over, and stays so.

        Two workers may have two messages of a call at once; what one ends the other must not bring back.
        """
        htable = self._ksr.htable
        htable.sht_lock(CALL, key)
        try:
            on = self._call(key)
            changed = change(on) if on is not None else None
            if on is not None and changed is None:
                htable.sht_rm(CALL, key)
            elif changed is not None and changed != on:
                htable.sht_sets(CALL, key, changed.text())
            return on
        finally:
            htable.sht_unlock(CALL, key)

    def _add(self, table: str, user: str, key: str, alone: bool = False) -> None:
        """For a call that is on the board: one that ended meanwhile is taken away again."""
        htable = self._ksr.htable
        htable.sht_lock(table, user)
        try:
            found = htable.sht_get(table, user) or ""
            changed = with_entry(found, Entry(key, int(time.time()), alone))
            if changed != found:
                htable.sht_sets(table, user, changed)
        finally:
            htable.sht_unlock(table, user)
        if not self.is_up(key):
            self._take(table, user, key)

    def _take(self, table: str, user: str, key: str) -> None:
        htable = self._ksr.htable
        if not _stands_in(htable.sht_get(table, user) or "", key):
            # Most phones that stop to ring for a call have stopped already. Nobody adds it while it is taken away.
            return
        htable.sht_lock(table, user)
        try:
            left = without_entry(htable.sht_get(table, user) or "", key)
            if left:
                htable.sht_sets(table, user, left)
            else:
                htable.sht_rm(table, user)
        finally:
            htable.sht_unlock(table, user)
