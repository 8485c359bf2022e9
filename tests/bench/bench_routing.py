"""The routing function alone: decisions a second of one core, in a building of 5,000 extensions.

Both directories are asked: rows in memory, and the published file that Kamailio's workers read. The plan is packed, as
a worker does before it sends anything.
"""

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from appliance.directory import tables
from appliance.directory.live import LiveDirectory
from appliance.directory.model import Directory, MemoryDirectory
from appliance.sip_edge.carry import pack
from appliance.sip_edge.kamailio.collecting import collect_as_workers_do
from appliance.sip_edge.plan import CallAttempt, FromPhone, FromTrunk
from appliance.sip_edge.routing import route
from tests.bench.bench_building import AllReachable
from tests.bench.results import Result, rate
from wire.rows import Account, Extension, Mapping, Number, Person, Phone, Row, Site, Trunk
from wire.services import Mailbox, Member, Preferences, RingGroup

PEOPLE, GROUPS, NUMBERS, COMPANIES = 5_000, 500, 2_000, 50
DECISIONS = 10_000
GOAL = 10_000.0
PASSES = 5
NOON = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
REGULARS = 400
"""People who make most of the calls of an hour: buildings are not dice."""


def rows() -> tuple[Row, ...]:
    found: list[Row] = [
        Site("site", "Torre", address="Reforma 222", callback_number="+525550000000"),
        Trunk("trunk", "site", "Carrier", "carrier", "10.0.0.1"),
        *(Account(f"a{n}", f"Empresa {n}") for n in range(COMPANIES)),
    ]
    for n in range(PEOPLE):
        account, person, digits = f"a{n % COMPANIES}", f"p{n}", str(1000 + n // COMPANIES)
        found += [
            Person(person, account, f"Nombre{n}"),
            Extension(f"e{n}", account, digits, "person", person),
            Phone(f"t{n}", account, "site", person, f"{n:012x}", "yealink", "T46S", f"u{n}", "secret"),
            Mailbox(f"m{n}", account, f"Nombre{n}", person),
        ]
        if n % 10 == 0:
            found.append(Preferences(person, account, forward_no_answer_to="5512345678"))
    for n in range(NUMBERS):
        found += [
            Number(f"n{n}", f"a{n % COMPANIES}", f"+5255{10_000_000 + n}"),
            Mapping(f"n{n}", f"a{n % COMPANIES}", "person", f"p{n}"),
        ]
    for n in range(GROUPS):
        account = f"a{n % COMPANIES}"
        found += [
            RingGroup(f"g{n}", account, f"Grupo {n}", "together" if n % 2 else "in_turn"),
            Extension(f"eg{n}", account, str(5000 + n // COMPANIES), "ring_group", f"g{n}"),
            *(
                Member(f"g{n}-{k}", account, f"g{n}", k + 1, "person", f"p{(n % COMPANIES) + COMPANIES * (k + n % 90)}")
                for k in range(4)
            ),
        ]
    return tuple(found)


def attempts() -> list[CallAttempt]:
    """Half inside, a tenth to groups, a fifth in by the trunk, the rest out; nine in ten of them of the regulars."""
    dice = random.Random(4)
    regulars = [dice.randrange(PEOPLE) for _ in range(REGULARS)]

    def somebody() -> int:
        return dice.choice(regulars) if dice.random() < 0.9 else dice.randrange(PEOPLE)

    def one() -> CallAttempt:
        kind, n = dice.random(), somebody()
        if kind < 0.2:
            return CallAttempt(FromTrunk("trunk", "+525599887766"), f"+5255{10_000_000 + n % NUMBERS}")
        if kind < 0.3:
            return CallAttempt(FromPhone(f"t{n}"), str(5000 + dice.randrange(GROUPS // COMPANIES)))
        if kind < 0.8:
            return CallAttempt(FromPhone(f"t{n}"), str(1000 + somebody() // COMPANIES))
        return CallAttempt(FromPhone(f"t{n}"), f"55{dice.randrange(2_000_000, 90_000_000):08d}")

    return [one() for _ in range(DECISIONS)]


def published(path: Path) -> LiveDirectory:
    connection = sqlite3.connect(path)
    tables.create(connection)
    for row in rows():
        tables.put(connection, row)
    tables.write_meta(connection, {"revision": "1"})
    connection.commit()
    connection.close()
    return LiveDirectory(path)


def decisions_a_second(directory: Directory) -> float:
    """Of CPU time, so that others on the machine do not count; the best of PASSES, since they count in the caches."""
    calls, reach = attempts(), AllReachable()

    def a_pass() -> float:
        began = time.process_time()
        for call in calls:
            pack(route(call, directory, NOON, reach))
        return len(calls) / (time.process_time() - began)

    a_pass()
    collect_as_workers_do()
    return max(a_pass() for _ in range(PASSES))


def measure() -> list[Result]:
    with tempfile.TemporaryDirectory() as place:
        kinds: tuple[tuple[str, Callable[[], Directory]], ...] = (
            ("routing, rows in memory", lambda: MemoryDirectory(rows())),
            ("routing, published file", lambda: published(Path(place) / "live.db")),
        )
        return [
            rate(name, "decisions/s", decisions_a_second(make()), GOAL, "what is asked of a core", 1.0)
            for name, make in kinds
        ]
