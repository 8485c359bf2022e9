"""A thousand phones at once: power comes back to them, and the line to the centre comes back to their building.

`make storm` shows the first in figures and writes docs/boot-storm.md.
"""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from statistics import median

import pytest
from sqlalchemy import func, select

from appliance.sip_edge.engines import contacts_db
from central.model import CdrRecord, FactRecord
from tests.integration.sip_edge.agent import Agent, Call
from tests.lab.building import VOICE_ADDRESS, Building
from tests.lab.lab import Lab
from tests.lab.netns import Namespace, cable
from tests.lab.sample import SITE
from tests.lab.waiting import until
from tests.storm.storm import PREFIX, Street, storm_building, street
from tests.storm.street import COMPANIES, SHARES, Resident, residents
from wire.facts import Cdr, PhoneSeen

pytestmark = pytest.mark.alone

PHONES = 1000
SECONDS_MOST, RETRIES_MOST = 60, 2
CALLS_AN_HOUR, STRANGERS = 2000, 100
"""Two calls of each phone in the hour that the building was cut off; unknown phones that asked for files."""
BATCH_MOST, REQUESTS_A_SECOND_MOST = 200, 4
CALLS_BEFORE, CALLS_MOST = 100, 5000
BETWEEN_CALLS_S = 0.03
"""Of one phone: more than so many calls a second is a flood to the building."""
SET_UP_SLACK_S = 0.15
"""Of the slowest of a hundred calls, for whatever else runs on the same two cores."""
USUAL_SLACK_S = 0.01
BUSIEST_SECOND = 0.08
"""Of all renewals; together they would be a fifth."""
DESK_ADDRESSES = ("10.20.0.201", "10.20.0.202")


@dataclass(frozen=True, slots=True)
class Quarter:
    """A building of a thousand phones, and two people of one company whose phones a test holds in its hands."""

    lab: Lab
    building: Building
    street: Street
    phones: tuple[Resident, ...]
    people: tuple[Resident, Resident]


@pytest.fixture(scope="module")
def quarter() -> Iterator[Quarter]:
    everybody = residents(PHONES + COMPANIES + 1)
    with Lab() as lab:
        building = storm_building(lab, everybody, enrolled=True)
        with street(building, everybody[:PHONES]) as lived_in:
            yield Quarter(lab, building, lived_in, everybody[:PHONES], (everybody[PHONES], everybody[-1]))


@pytest.fixture(scope="module")
def desks(quarter: Quarter) -> Iterator[tuple[Agent, Agent]]:
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


@pytest.mark.acceptance("P-14")
@pytest.mark.parametrize("centre", ["up", "cut"])
def test_a_thousand_phones_powered_on_together_are_all_registered_within_a_minute(
    quarter: Quarter, centre: str
) -> None:
    """With the centre up they are new phones; with it cut off, the same phones after a power failure."""
    assert {p.device.family.name for p in quarter.phones} == set(SHARES)
    if centre == "cut":
        quarter.building.cut_centre()
    storm = quarter.street.power_on()
    quarter.building.mend_centre()
    assert not storm.failures, storm.failures[:5]
    assert {b.sip_user for b in storm.registered} == {p.sip_user for p in quarter.phones}
    assert storm.seconds <= SECONDS_MOST
    assert storm.most_retries <= RETRIES_MOST
    # And they do not come back for their next registration as they came for this one.
    due = _due(quarter.building)
    assert sum(due.values()) == PHONES
    assert max(due.values()) <= PHONES * BUSIEST_SECOND, due.most_common(3)


@pytest.mark.acceptance("S-8")
@pytest.mark.parametrize("centre", ["up", "cut"])
def test_an_hour_of_a_thousand_phones_goes_up_in_paced_batches_and_calls_notice_nothing(
    quarter: Quarter, desks: tuple[Agent, Agent], centre: str
) -> None:
    """With the centre "cut", the line that had come back is lost once more on the way."""
    building, (caller, callee), dialled = quarter.building, desks, quarter.people[1].extension
    building.cut_centre()
    said = _an_hour(centre)
    building.local().append_all(said)
    lasting = _established(caller, callee, dialled)
    before = [_set_up_s(caller, callee, dialled) for _ in range(CALLS_BEFORE)]
    assert _at_centre(quarter, said) == 0, "nothing can have reached it"

    building.mend_centre()
    until(lambda: _at_centre(quarter, said), 30, "the first batch is at the centre")
    if centre == "cut":
        building.cut_centre()
        before += [_set_up_s(caller, callee, dialled) for _ in range(20)]
        building.mend_centre()
    during: list[float] = []
    while _at_centre(quarter, said) < len(said) and len(during) < CALLS_MOST:
        during += [_set_up_s(caller, callee, dialled) for _ in range(20)]
    _hang_up(caller, callee, lasting)
    assert len(during) >= CALLS_BEFORE, "it goes up slowly enough for calls to be made meanwhile"
    assert median(during) <= median(before) + USUAL_SLACK_S, (median(before), median(during))
    assert _p99(during) <= _p99(before) + SET_UP_SLACK_S, (_p99(before), _p99(during))

    batches = _batches(quarter, said)
    assert max(batches.values()) <= BATCH_MOST
    seconds = Counter(int(at.timestamp()) for at in batches)
    assert max(seconds.values()) <= REQUESTS_A_SECOND_MOST, seconds
    _each_once_at_both_ends(quarter, said)


def _due(building: Building) -> Counter[str]:
    """How many contacts run out in which second, as Kamailio keeps them."""
    with closing(sqlite3.connect(f"file:{contacts_db(building.settings)}?mode=ro", uri=True)) as contacts:
        held = contacts.execute("SELECT expires FROM location WHERE username LIKE 'storm-%'").fetchall()
        return Counter(str(expires) for (expires,) in held)


def _an_hour(name: str) -> list[tuple[str, Cdr | PhoneSeen]]:
    """(id, fact), as the building's services would have written them in the last hour, in their order."""
    now = datetime.now(UTC)
    found: list[tuple[str, Cdr | PhoneSeen]] = []
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


def _at_centre(quarter: Quarter, said: list[tuple[str, Cdr | PhoneSeen]]) -> int:
    """How many of these facts the centre has answered for."""
    first = said[0][0].rpartition("-")[0]
    with quarter.lab.centre.office() as office, office.reading() as session:
        return session.scalar(select(func.count()).where(FactRecord.id.startswith(first, autoescape=True))) or 0


def _batches(quarter: Quarter, said: list[tuple[str, Cdr | PhoneSeen]]) -> dict[datetime, int]:
    """When the centre took facts, and how many each time: those of one request carry one moment."""
    first = said[0][0].rpartition("-")[0]
    with quarter.lab.centre.office() as office, office.reading() as session:
        mine = FactRecord.id.startswith(first, autoescape=True)
        query = select(FactRecord.received_at, func.count()).where(mine).group_by(FactRecord.received_at)
        return dict(session.execute(query).tuples().all())


def _each_once_at_both_ends(quarter: Quarter, said: list[tuple[str, Cdr | PhoneSeen]]) -> None:
    until(lambda: quarter.building.local().waiting_count() == 0, 20, "the building has nothing left to say")
    with quarter.lab.centre.office() as office, office.reading() as session:
        call_ids = Counter(session.scalars(select(CdrRecord.call_id)))
    assert set(call_ids.values()) == {1}, "no call twice"
    assert {fact.call_id for _, fact in said if isinstance(fact, Cdr)} <= call_ids.keys(), "none lost"
    # The calls that were made meanwhile are among them.
    assert len(call_ids) > sum(isinstance(fact, Cdr) for _, fact in said) + CALLS_BEFORE


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[ceil(len(seconds) * 0.99) - 1]


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
