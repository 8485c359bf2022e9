"""Which phones come by TLS, and which are left with UDP: so that no phone stays without service for TLS's sake.

Pure; way_watch.py looks every few seconds and keeps the answer (directory/sipways.py). A new phone is told TLS at once.
Phones that are registered without it (a building that was updated, a setting that was changed) follow a first one of
their model, and only once that one has come. One that was told and does not come in time is told UDP at its next
start; one that ever came is not: who stands in its way must not turn TLS off for it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from appliance.directory.sipways import SipWay, Way


@dataclass(frozen=True, slots=True)
class Candidate:
    """A phone whose files say TLS, or would if it were not left with UDP.

    `kind`: family and model. `registered`: it is, by whatever; `by_tls`: by TLS. `told_at`: when it was given the files
    that it should have, and those say TLS; None: it was not.
    """

    mac: str
    identity: str
    kind: tuple[str, str]
    way: Way | None
    registered: bool
    by_tls: bool
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What changes: rows to keep, and phones that are as new."""

    keep: tuple[SipWay, ...] = ()
    forget: tuple[str, ...] = ()


def settle(candidates: Iterable[Candidate], now: datetime, wait_s: float) -> Settled:
    by_kind: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates, key=lambda c: c.mac):
        by_kind[candidate.kind].append(candidate)
    keep: list[SipWay] = []
    forget: list[str] = []
    for phones in by_kind.values():
        leader = _leader(phones)
        came = any(c.by_tls or c.way is Way.TLS for c in phones)
        for c in phones:
            wanted = _way(c, came, c is leader, now, wait_s)
            if wanted is c.way:
                continue
            if wanted is None:
                forget.append(c.mac)
            else:
                keep.append(SipWay(c.mac, c.identity, wanted, now.isoformat(timespec="seconds")))
    return Settled(tuple(keep), tuple(forget))


def _way(c: Candidate, came: bool, leads: bool, now: datetime, wait_s: float) -> Way | None:
    if c.by_tls or c.way is Way.TLS:
        return Way.TLS
    if c.way is Way.REFUSED:
        return Way.REFUSED
    if c.registered:
        return None if came or leads else Way.HELD
    if c.way is Way.HELD:
        return None if came else Way.HELD
    late = c.told_at is not None and (now - c.told_at).total_seconds() > wait_s
    return Way.REFUSED if late else None


def _leader(phones: list[Candidate]) -> Candidate | None:
    """The one that goes first, of phones of one model of which none has come yet; None while another is on its way, and
    where one was told in vain."""
    if any(c.way is Way.REFUSED or (c.way is None and not c.registered and c.told_at) for c in phones):
        return None
    return next((c for c in phones if c.registered), None)
