"""The calls of which facts come in: which are open now, and which are settled into a CDR. Pure; the time is passed in.

Facts may come late, twice and out of order, since several workers write them. A call is settled a moment after its end,
so that its last replies are in; one that no fact ends is closed after a time. The edge service feeds and asks it.
"""

from collections import OrderedDict
from collections.abc import Container
from itertools import chain, islice

from appliance.sip_edge.callfacts import CallFact
from appliance.sip_edge.cdr import CallKey, OpenCall, close, fold, gather
from wire.facts import Cdr

SETTLE_MS = 2_000
"""From a call's end to its record: the replies of cancelled legs come later than the end."""

RINGING_AT_MOST_MS = 600_000
"""A call that is not answered and of which nothing is heard for so long is over."""

TALKING_AT_MOST_MS = 86_400_000
"""An answered call without an end is closed after a day; `close_lost` does it sooner."""

REMEMBERED = 2_000
"""Call-IDs kept after their calls were settled, so that late facts and re-used Call-IDs are told apart."""


class CallLedger:
    """Feed it facts by `note`, ask it by `settled`. Reading a spool again makes no record twice: ids are the same."""

    def __init__(self, site_id: str) -> None:
        self._site_id = site_id
        self._facts: dict[str, set[CallFact]] = {}
        self._changed: set[str] = set()
        self._open: dict[str, dict[CallKey, tuple[OpenCall | Cdr, tuple[CallFact, ...]]]] = {}
        self._done: OrderedDict[str, set[CallKey]] = OrderedDict()

    def note(self, fact: CallFact) -> None:
        """A fact that is known already changes nothing."""
        known = self._facts.setdefault(fact.call_id, set())
        if fact not in known:
            known.add(fact)
            self._changed.add(fact.call_id)

    def open_calls(self) -> tuple[OpenCall, ...]:
        """Calls that ring or talk, oldest first."""
        self._refold()
        found = (call for calls in self._open.values() for call, _ in calls.values())
        still = (call for call in found if isinstance(call, OpenCall) and not call.ended_ms)
        return tuple(sorted(still, key=lambda c: (c.started_ms, c.key.call_id, c.key.from_tag)))

    def settled(self, now_ms: int) -> tuple[Cdr, ...]:
        """Records that are due, each once."""
        self._refold()
        due: list[tuple[CallKey, Cdr]] = []
        for key, call, facts in self._each():
            last_ms = max(f.at_ms for f in facts)
            if isinstance(call, Cdr):
                if now_ms >= last_ms + SETTLE_MS:
                    due.append((key, call))
                continue
            patience = TALKING_AT_MOST_MS if call.answered_ms and not call.ended_ms else RINGING_AT_MOST_MS
            if now_ms >= last_ms + patience:
                due.append((key, close(key, facts, self._site_id)))
        return self._settle(due)

    def close_lost(self, held: Container[str], now_ms: int, quiet_ms: int = 10_000) -> tuple[Cdr, ...]:
        """Records of answered calls whose Call-ID is not `held` any more, and of which nothing came for `quiet_ms`."""
        self._refold()
        lost = [
            (key, close(key, facts, self._site_id, now_ms))
            for key, call, facts in self._each()
            if isinstance(call, OpenCall) and call.answered_ms and not call.ended_ms
            if key.call_id not in held and now_ms >= call.last_ms + quiet_ms
        ]
        return self._settle(lost)

    def oldest_needed_ms(self) -> int | None:
        """When the oldest call began that is not settled; None: no fact noted so far is needed again."""
        self._refold()
        return min((f.at_ms for f in chain.from_iterable(facts for _, _, facts in self._each())), default=None)

    def _each(self) -> list[tuple[CallKey, OpenCall | Cdr, tuple[CallFact, ...]]]:
        return [(key, call, facts) for calls in self._open.values() for key, (call, facts) in calls.items()]

    def _refold(self) -> None:
        for call_id in self._changed:
            done = self._done.get(call_id, set())
            calls = {k: f for k, f in gather(self._facts[call_id]).items() if k not in done}
            self._open[call_id] = {k: (fold(k, f, self._site_id), f) for k, f in calls.items()}
            if not self._open[call_id]:
                del self._open[call_id]
        self._changed.clear()

    def _settle(self, due: list[tuple[CallKey, Cdr]]) -> tuple[Cdr, ...]:
        for key, _ in due:
            self._done.setdefault(key.call_id, set()).add(key)
            del self._open[key.call_id][key]
            if not self._open[key.call_id]:
                del self._open[key.call_id]
                self._done.move_to_end(key.call_id)
        for oldest in list(islice(self._done, max(0, len(self._done) - REMEMBERED))):
            if oldest not in self._open:
                del self._done[oldest]
                del self._facts[oldest]
        return tuple(cdr for _, cdr in due)
