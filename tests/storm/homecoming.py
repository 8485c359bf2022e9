"""The line to the centre comes back to a building of a thousand phones: what goes up, how fast, and what calls notice.

The S-8 test asserts on it, `make proof` writes its figures.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from statistics import median

from sqlalchemy import func, select

from central.model import FactRecord
from tests.integration.sip_edge.agent import Agent, Call
from tests.lab.building import VOICE_ADDRESS, Building
from tests.lab.lab import Lab
from tests.lab.netns import Namespace, cable
from tests.lab.sample import SITE
from tests.lab.waiting import until
from tests.storm.storm import PREFIX, Street, storm_building, street
from tests.storm.street import COMPANIES, Resident, residents
from wire.facts import Cdr, PhoneSeen

PHONES = 1000
CALLS_AN_HOUR, STRANGERS = 2000, 100
"""Two calls of each phone in the hour that the building was cut off; unknown phones that asked for files."""
CALLS_BEFORE, CALLS_MOST = 100, 5000
BETWEEN_CALLS_S = 0.03
"""Of one phone: more than so many calls a second is a flood to the building."""
DESK_ADDRESSES = ("10.20.0.201", "10.20.0.202")
Said = list[tuple[str, Cdr | PhoneSeen]]
"""(id, fact)"""


@dataclass(frozen=True, slots=True)
class Quarter:
    """A building of a thousand phones, and two people of one company whose phones a test holds in its hands."""

    lab: Lab
    building: Building
    street: Street
    phones: tuple[Resident, ...]
    people: tuple[Resident, Resident]


@dataclass(frozen=True, slots=True)
class Homecoming:
    """Set-ups of calls in seconds, from INVITE to INVITE, while the line was cut and while all went up."""

    said: Said
    seconds: float
    """From the mended line to the last fact at the centre."""
    batches: dict[datetime, int]
    """When the centre took facts, and how many each time: those of one request carry one moment."""
    before: list[float]
    during: list[float]


@contextmanager
def quarter_of_town() -> Iterator[Quarter]:
    everybody = residents(PHONES + COMPANIES + 1)
    with Lab() as lab:
        building = storm_building(lab, everybody, enrolled=True)
        with street(building, everybody[:PHONES]) as lived_in:
            yield Quarter(lab, building, lived_in, everybody[:PHONES], (everybody[PHONES], everybody[-1]))


@contextmanager
def desks_of(quarter: Quarter) -> Iterator[tuple[Agent, Agent]]:
    """The two people's phones, which say just what they are told; registered."""
    building = quarter.building
    assert building.place
    place = Namespace.new("desks")
    wire = cable(building.place, "desks", place, "eth0", near_switch="voice0")
    try:
        place.ip(*(f"addr add {address}/{PREFIX} dev eth0" for address in DESK_ADDRESSES))
        with place.inside():
            agents = [
                Agent(p.sip_user, p.sip_secret, (VOICE_ADDRESS, 5060), address=address)
                for p, address in zip(quarter.people, DESK_ADDRESSES, strict=True)
            ]
        for agent in agents:
            assert agent.register(expires=3600).status == 200
        yield agents[0], agents[1]
        for agent in agents:
            agent.close()
    finally:
        wire.remove()
        place.remove()


def come_home(quarter: Quarter, desks: tuple[Agent, Agent], name: str, lost_again: bool = False) -> Homecoming:
    """An hour's facts are made while the line is cut; it is mended, and calls go on until the centre has all.

    One call lasts from before to after. `lost_again`: when the first batch is at the centre the line goes once more.
    """
    building, (caller, callee), dialled = quarter.building, desks, quarter.people[1].extension
    building.cut_centre()
    said = an_hour(name)
    building.local().append_all(said)
    lasting = _established(caller, callee, dialled)
    before = [_set_up_s(caller, callee, dialled) for _ in range(CALLS_BEFORE)]
    assert _at_centre(quarter, said) == 0, "nothing can have reached it"
    building.mend_centre()
    began = time.monotonic()
    until(lambda: _at_centre(quarter, said), 30, "the first batch is at the centre")
    if lost_again:
        building.cut_centre()
        before += [_set_up_s(caller, callee, dialled) for _ in range(20)]
        building.mend_centre()
    during: list[float] = []
    while _at_centre(quarter, said) < len(said) and len(during) < CALLS_MOST:
        during += [_set_up_s(caller, callee, dialled) for _ in range(20)]
    seconds = time.monotonic() - began
    _hang_up(caller, callee, lasting)
    return Homecoming(said, seconds, _batches(quarter, said), before, during)


def p99(seconds: list[float]) -> float:
    return sorted(seconds)[ceil(len(seconds) * 0.99) - 1]


def figures() -> str:
    """A thousand phones powered on, then the line back after their hour: tables for docs/survivability.md."""
    with quarter_of_town() as quarter, desks_of(quarter) as desks:
        storm = quarter.street.power_on()
        home = come_home(quarter, desks, "proof")
    a_second = Counter(int(at.timestamp()) for at in home.batches)
    rows = (
        ("phones that registered", f"{len(storm.registered)} of {PHONES}"),
        ("from the first to the last registration", f"{storm.first_to_last_s:.1f} s"),
        ("most retries of one phone", f"{storm.most_retries}"),
        ("load of the machine before, from whatever else runs", f"{storm.load_before:.0f}"),
        ("facts of the hour without the line", f"{len(home.said)}"),
        ("line mended, until the centre has all", f"{home.seconds:.1f} s"),
        ("largest batch; most requests in a second", f"{max(home.batches.values())}; {max(a_second.values())}"),
        ("set-up of a call, line cut: median, p99", _both(home.before)),
        ("set-up of a call, while all goes up: median, p99", _both(home.during)),
        ("calls that were made meanwhile, failed", f"{len(home.during)}, 0"),
    )
    head = (
        f"\n## {PHONES:,} phones\n\nThey are powered on together; then the line to the centre comes back after an hour"
        f" of {CALLS_AN_HOUR:,} calls,\nwhile two of them call each other again and again.\n\n"
    )
    return f"{head}| | |\n|---|---|\n" + "".join(f"| {what} | {figure} |\n" for what, figure in rows)


def _both(seconds: list[float]) -> str:
    return f"{median(seconds) * 1000:.0f} ms, {p99(seconds) * 1000:.0f} ms"


def an_hour(name: str) -> Said:
    """(id, fact), as the building's services would have written them in the last hour, in their order."""
    now = datetime.now(UTC)
    found: Said = []
    for n in range(CALLS_AN_HOUR):
        began = now - timedelta(hours=1) * (1 - n / CALLS_AN_HOUR)
        at = began.isoformat(timespec="milliseconds")
        record = f"hour-{name}-{n}"
        account = f"acct-storm-{n % COMPANIES:02d}"
        found.append(
            (
                record,
                Cdr(
                    *(record, SITE, account, record, "internal", "2001", "phone-1", "2002", "2002", "internal"),
                    *(at, at, at, 61_000, "answered", 200, "phone-2", ""),
                ),
            )
        )
        if n % (CALLS_AN_HOUR // STRANGERS) == 0:
            mac = f"02{'00' if name == 'up' else '01'}57{n:06x}"
            found.append((f"{record}-seen", PhoneSeen(mac, "", "", "", "10.20.9.9", ("asked",), at, at)))
    return found


def _at_centre(quarter: Quarter, said: Said) -> int:
    """How many of these facts the centre has answered for."""
    first = said[0][0].rpartition("-")[0]
    with quarter.lab.centre.office() as office, office.reading() as session:
        return session.scalar(select(func.count()).where(FactRecord.id.startswith(first, autoescape=True))) or 0


def _batches(quarter: Quarter, said: Said) -> dict[datetime, int]:
    first = said[0][0].rpartition("-")[0]
    with quarter.lab.centre.office() as office, office.reading() as session:
        mine = FactRecord.id.startswith(first, autoescape=True)
        query = select(FactRecord.received_at, func.count()).where(mine).group_by(FactRecord.received_at)
        return dict(session.execute(query).tuples().all())


def _established(caller: Agent, callee: Agent, dialled: str) -> Call:
    call = caller.dial(dialled)
    callee.take(callee.expect("INVITE"))
    assert caller.outcome(call).status == 200
    callee.expect("ACK")
    return call


def _hang_up(caller: Agent, callee: Agent, call: Call) -> None:
    """The call stands to its end: its BYE arrives and is answered."""
    caller.request(call, "BYE")
    callee.answer(callee.expect("BYE"), 200)
    caller.expect(200)


def _set_up_s(caller: Agent, callee: Agent, dialled: str) -> float:
    """From the first INVITE, its challenge included, to the other phone's INVITE; then the call is hung up."""
    began = time.monotonic()
    call = caller.dial(dialled)
    invite = callee.expect("INVITE")
    took = time.monotonic() - began
    callee.take(invite)
    assert caller.outcome(call).status == 200
    callee.expect("ACK")
    _hang_up(caller, callee, call)
    assert callee.nothing(BETWEEN_CALLS_S), "a call that is over is over"
    return took
