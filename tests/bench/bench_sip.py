"""INVITE to BYE and digest REGISTER through our routing, against a native Kamailio doing the same work in the same run.

Calls a second are what SIPp gets through when it keeps many calls open; rounds alternate, and the ratio is the median
of theirs. CPU a call says how much of the machine is left: SIPp's own share dulls the first figure, never the second.

The reference runs as Debian starts it. Its allocator alone costs it more than all else that it does; so it runs once
more with the one that we have chosen (engines.ALLOCATOR), and that is printed too.
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from appliance.sip_edge.engines import ALLOCATOR
from tests.bench.results import NO_GOAL, Result, bound, by_turns, percentile
from tests.bench.sip_load import (
    USERS,
    Run,
    Target,
    callee,
    captured,
    credentials,
    drive,
    extension,
    held_ms,
    inject,
    native,
    rows,
    user,
)
from tests.integration.sip_edge.building import ADDRESS, Building, building, free_ports
from wire.rows import Person

ROUNDS = 5
CALLS, REGISTERS = 2000, 4000
RATE, AT_ONCE = 4000, 20
TRIES = 2
"""SIPp's answering side was seen to sleep for five seconds after its start, before Kamailio of either kind."""
STEADY_CALLS, STEADY_RATE = 1500, 100
SERVED = "native Kamailio, same work"


def measure() -> list[Result]:
    with tempfile.TemporaryDirectory() as name, building(Path(name) / "ours", rows()) as ours:
        place = Path(name)
        ours.start("redis", "rtpengine", "kamailio")
        ng, workers = ours.settings.media.ng_port, ours.settings.sip.workers
        tuned = native(place / "tuned", ng, workers, "-x", ALLOCATOR, "-X", ALLOCATOR)
        with native(place / "native", ng, workers) as reference, tuned as quicker:
            mine = Target(ours.sip[1], ours.running["kamailio"].pid)
            found = _registers(place, mine, reference) + _calls(place, mine, reference, quicker)
            found.append(_reload(place, ours, mine))
            found.append(bound("memory of a worker (PSS), most", "MiB", max(mine.memory_mib()), 60.0))
            resident = max(mine.memory_mib("Rss:"))
            found.append(
                Result("the same, with all that it shares (RSS)", "MiB", resident, 60.0, "", 60.0 / resident, NO_GOAL)
            )
        return found


def _registers(place: Path, mine: Target, reference: Target) -> list[Result]:
    users = inject(place / "register.csv", [f"{user(n)};{credentials(n)}" for n in range(2, USERS)])
    by_clock, by_cpu = _by_turns(place, "register", users, REGISTERS, mine, reference)
    return [
        by_turns("digest REGISTER", "registrations/s", by_clock, SERVED, 0.50),
        by_turns("digest REGISTER, by CPU", "registrations/CPU s", by_cpu, SERVED, NO_GOAL),
    ]


def _calls(place: Path, mine: Target, reference: Target, quicker: Target) -> list[Result]:
    (port,) = free_ports(1)
    users = inject(place / "call.csv", [f"{user(n)};{credentials(n)};{extension(1)}" for n in range(2, USERS)])
    with callee(place, port):
        for target in (mine, reference, quicker):
            _register_callee(place, target, port)
        called = extension(1)
        by_clock, by_cpu = _by_turns(place, "call", users, CALLS, mine, reference, called)
        tuned, tuned_cpu = _by_turns(place, "call", users, CALLS, mine, quicker, called, rounds=3)
        held = {t: percentile(_held(place, t, users, called, port), 0.99) for t in (reference, mine)}
    return [
        by_turns("INVITE to BYE", "calls/s", by_clock, SERVED, 0.85),
        by_turns("INVITE to BYE, by CPU", "calls/CPU s", by_cpu, SERVED, NO_GOAL),
        by_turns("INVITE to BYE, of one with our allocator", "calls/s", tuned, SERVED, NO_GOAL),
        by_turns("the same, by CPU", "calls/CPU s", tuned_cpu, SERVED, NO_GOAL),
        bound("set-up delay added by the edge at 100 calls/s, p99", "ms", held[mine], 5.0),
    ]


def _by_turns(
    place: Path,
    scenario: str,
    users: Path,
    count: int,
    mine: Target,
    reference: Target,
    called: str = "",
    rounds: int = ROUNDS,
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Of each round (ours, the reference's): runs a second, and runs a second of CPU."""

    def one(target: Target) -> tuple[float, float]:
        for _ in range(TRIES):
            before = target.cpu_s()
            run = drive(place, scenario, target.port, users, count, RATE, AT_ONCE, called)
            if _is_good(run):
                break
        return _good(run).a_second, run.good / max(target.cpu_s() - before, 0.01)

    found = [(one(mine), one(reference)) for _ in range(rounds)]
    return [(o[0], r[0]) for o, r in found], [(o[1], r[1]) for o, r in found]


def _held(place: Path, target: Target, users: Path, called: str, callee_port: int) -> list[float]:
    """Milliseconds from INVITE in to INVITE out at a steady rate, read off the wire."""
    capture = place / f"{target.port}.pcap"
    with captured(capture, target.port, callee_port):
        _good(drive(place, "call", target.port, users, STEADY_CALLS, STEADY_RATE, 500, called))
    return held_ms(capture, target.port, callee_port)


def _reload(place: Path, ours: Building, mine: Target) -> Result:
    """The most that any call is held while a revision of 5,000 extensions is put in force, at a steady rate."""
    (port,) = free_ports(1)
    users = inject(place / "reload.csv", [f"{user(n)};{credentials(n)};{extension(1)}" for n in range(2, USERS)])
    capture = place / "reload.pcap"
    with callee(place, port):
        _register_callee(place, mine, port)
        changed = [replace(r, last_name="Otra") if isinstance(r, Person) else r for r in rows()]
        with captured(capture, mine.port, port), ThreadPoolExecutor(1) as beside:
            applied = beside.submit(ours.publish, changed)
            _good(drive(place, "call", mine.port, users, STEADY_CALLS, STEADY_RATE, 500, extension(1)))
            applied.result()
    worst = max(held_ms(capture, mine.port, port))
    return bound("a call's delay while 5,000 extensions are reloaded, worst", "ms", worst, 50.0)


def _is_good(run: Run) -> bool:
    # One in a hundred: where two workers pass each other, a 180 comes after its 200, which SIPp takes for a failure.
    return 0 < run.good >= 100 * run.failed


def _good(run: Run) -> Run:
    assert _is_good(run), f"{run.failed} failed, {run.good} went well: {run.errors}"
    return run


def _register_callee(place: Path, target: Target, port: int) -> None:
    """The answering phone's contact is SIPp's own port."""
    users = inject(place / "callee.csv", [f"{user(1)};{credentials(1)};{ADDRESS}:{port}"])
    _good(drive(place, "register_at", target.port, users, 1, 10, 1))
