"""Which host a name's SRV records want asked first (RFC 2782, RFC 3263 §4). Pure; asking DNS is names.py's."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

NOWHERE = "."
"""A lone target of this name: the service is decidedly not offered."""

Draw = Callable[[int], int]
"""A number from 0 up to this one, both included."""


class Srv(NamedTuple):
    """One record: the lowest priority is asked first; weight is a host's share among those of its priority."""

    priority: int
    weight: int
    host: str
    port: int


def service_of(host: str, transport: str) -> str:
    """The name that is asked for: a trunk says its transport itself, so NAPTR would tell nothing."""
    return f"_sips._tcp.{host}" if transport == "tls" else f"_sip._{transport}.{host}"


def in_order(records: Iterable[Srv], draw: Draw) -> tuple[Srv, ...]:
    """By priority; within one drawn by weight (RFC 2782, page 3)."""
    found: list[Srv] = []
    # Those without weight stand first, so that they have a small chance and not none.
    left = sorted(set(records), key=lambda r: (r.priority, r.weight != 0, r))
    while left:
        same = [r for r in left if r.priority == left[0].priority]
        drawn, upto = draw(sum(r.weight for r in same)), 0
        for record in same:
            upto += record.weight
            if upto >= drawn:
                found.append(record)
                left.remove(record)
                break
    return tuple(found)
