"""The objects of CONSERJE-MIB and of MIB-II's system group, each with its value, as one sorted list. Pure.

The numbers here are those of CONSERJE-MIB.txt; a test compares the two.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pysnmp.proto.rfc1902 import (
    Counter32,
    Gauge32,
    Integer32,
    ObjectIdentifier,
    OctetString,
    TimeTicks,
    Unsigned32,
)

from appliance.snmp.facts import Facts, TrunkFact
from appliance.vocabulary import LinkState, PhoneState

Oid = tuple[int, ...]
Value = Any
"""A pysnmp value; the library has no types of its own."""

SYSTEM: Oid = (1, 3, 6, 1, 2, 1, 1)
CONSERJE: Oid = (1, 3, 6, 1, 3, 9196)
"""An arc of our own choosing under `experimental`, until an enterprise number is assigned (docs/snmp.md)."""

OBJECTS: Oid = (*CONSERJE, 1)
TRUNK_ENTRY: Oid = (*OBJECTS, 5, 1, 1)

EMERGENCY, EMERGENCY_TEST = "emergency", "emergency-test"
"""Kinds of alert in the edge's report."""

_LINK = {LinkState.UP: 1, LinkState.DOWN: 2, LinkState.UNKNOWN: 3}
_COUNTER_MODULUS = 1 << 32
_TEXT_MAX = 255
_ID_MAX = 64
_SERVICES = 72
"""RFC 3418 sysServices: internet (8) and applications (64)."""


def objects(facts: Facts, version: str, uptime_s: float) -> list[tuple[Oid, Value]]:
    """Every instance with its value, sorted by OID."""
    return sorted(_all(facts, version, uptime_s), key=lambda pair: pair[0])


def _all(facts: Facts, version: str, uptime_s: float) -> Iterator[tuple[Oid, Value]]:
    yield from _scalars(
        SYSTEM,
        {
            1: _text(f"Conserje {version}"),
            2: ObjectIdentifier(CONSERJE),
            3: TimeTicks(int(uptime_s * 100) % _COUNTER_MODULUS),
            4: _text(""),
            5: _text(facts.site),
            6: _text(facts.address),
            7: Integer32(_SERVICES),
        },
    )
    edge, sync, up = facts.edge, facts.sync, facts.edge_fresh
    yield from _scalars((*OBJECTS, 1), {1: _text(facts.site), 2: _text(version), 3: Integer32(facts.edge_age_s)})
    counts = {number: Gauge32(facts.phones.get(state, 0)) for number, state in enumerate(_STATES, 2)}
    yield from _scalars(
        (*OBJECTS, 2),
        {
            1: Gauge32(sum(facts.phones.values())),
            **counts,
            8: Gauge32(facts.registrations),
            9: _counter(edge.registrations_refused),
        },
    )
    yield from _scalars(
        (*OBJECTS, 3),
        {
            1: Gauge32(len(edge.calls) if up else 0),
            2: Gauge32(sum(1 for c in edge.calls if c.answered_at) if up else 0),
            3: _counter(edge.calls_total),
            4: _counter(edge.calls_answered),
        },
    )
    yield from _scalars(
        (*OBJECTS, 4),
        {
            1: _truth(up and edge.kamailio_up),
            2: _truth(up and edge.media_up),
            3: _truth(up and edge.voice_up),
            4: _counter(edge.uncaught),
        },
    )
    for trunk in facts.trunks:
        yield from _trunk(trunk)
    down = sum(1 for t in facts.trunks if t.state is LinkState.DOWN)
    yield (*OBJECTS, 5, 2, 0), Gauge32(down)
    yield from _scalars(
        (*OBJECTS, 6),
        {
            1: Integer32(_LINK[facts.central]),
            2: _time(sync.link_since if sync else ""),
            3: Unsigned32(facts.revision % _COUNTER_MODULUS),
            4: _time(sync.applied_at if sync else ""),
            5: _text(sync.error_en if sync else ""),
            6: Gauge32(facts.journal_waiting),
            7: _truth(sync is not None and sync.enrolled),
        },
    )
    calls = [a for a in edge.alerts if a.kind == EMERGENCY]
    tests = [a for a in edge.alerts if a.kind == EMERGENCY_TEST]
    last = max(calls, key=lambda a: a.at, default=None)
    yield from _scalars(
        (*OBJECTS, 7),
        {
            1: Gauge32(len(calls)),
            2: _time(last.at if last else ""),
            3: _text(last.subject if last else ""),
            4: _text(last.detail if last else ""),
            5: Gauge32(len(tests)),
            6: _time(max((a.at for a in tests), default="")),
        },
    )


_STATES = (
    PhoneState.UNKNOWN,
    PhoneState.PENDING,
    PhoneState.PROVISIONED,
    PhoneState.REGISTERED,
    PhoneState.LOST,
    PhoneState.QUARANTINED,
)


def _scalars(group: Oid, values: dict[int, Value]) -> Iterator[tuple[Oid, Value]]:
    for number, value in values.items():
        yield (*group, number, 0), value


def _trunk(trunk: TrunkFact) -> Iterator[tuple[Oid, Value]]:
    """One row. The index is the id's own octets, IMPLIED (RFC 2578 §7.7)."""
    index = tuple(trunk.id.encode()[:_ID_MAX])
    if index:
        yield (*TRUNK_ENTRY, 2, *index), _text(trunk.name)
        yield (*TRUNK_ENTRY, 3, *index), Integer32(_LINK[trunk.state])
        yield (*TRUNK_ENTRY, 4, *index), _time(trunk.since)
        yield (*TRUNK_ENTRY, 5, *index), Gauge32(max(0, round(trunk.latency_ms)))


def _text(text: str) -> Value:
    """UTF-8, cut at a character where it is too long."""
    return OctetString(text.encode()[:_TEXT_MAX].decode("utf-8", "ignore").encode())


def _truth(value: bool) -> Value:
    """TruthValue (RFC 2579)."""
    return Integer32(1 if value else 2)


def _counter(value: int) -> Value:
    """It wraps, as counters do."""
    return Counter32(value % _COUNTER_MODULUS)


def _time(text: str) -> Value:
    """DateAndTime (RFC 2579) in UTC; all zeros where the time is not known."""
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return OctetString(bytes(8))
    day = (at.month, at.day, at.hour, at.minute, at.second, at.microsecond // 100_000)
    return OctetString(at.year.to_bytes(2, "big") + bytes(day) + b"+\x00\x00")
