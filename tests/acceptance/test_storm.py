"""A thousand phones at once: power comes back to them, and the line to the centre comes back to their building.

`make storm` shows the first in figures and writes docs/boot-storm.md.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from statistics import median

import pytest
from sqlalchemy import select

from appliance.sip_edge.engines import contacts_db
from central.model import CdrRecord
from tests.integration.sip_edge.agent import Agent
from tests.lab.building import Building
from tests.lab.waiting import until
from tests.storm.homecoming import CALLS_BEFORE, PHONES, Quarter, Said, come_home, desks_of, p99, quarter_of_town
from tests.storm.street import SHARES
from wire.facts import Cdr

pytestmark = pytest.mark.alone

SECONDS_MOST, RETRIES_MOST = 60, 2
BATCH_MOST, REQUESTS_A_SECOND_MOST = 200, 4
SET_UP_SLACK_S = 0.15
"""Of the slowest of a hundred calls, for whatever else runs on the same two cores."""
USUAL_SLACK_S = 0.01
BUSIEST_SECOND = 0.08
"""Of all renewals; together they would be a fifth."""


@pytest.fixture(scope="module")
def quarter() -> Iterator[Quarter]:
    with quarter_of_town() as made:
        yield made


@pytest.fixture(scope="module")
def desks(quarter: Quarter) -> Iterator[tuple[Agent, Agent]]:
    with desks_of(quarter) as made:
        yield made


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
    home = come_home(quarter, desks, centre, lost_again=centre == "cut")
    before, during, batches = home.before, home.during, home.batches
    assert len(during) >= CALLS_BEFORE, "it goes up slowly enough for calls to be made meanwhile"
    assert median(during) <= median(before) + USUAL_SLACK_S, (median(before), median(during))
    assert p99(during) <= p99(before) + SET_UP_SLACK_S, (p99(before), p99(during))
    assert max(batches.values()) <= BATCH_MOST
    seconds = Counter(int(at.timestamp()) for at in batches)
    assert max(seconds.values()) <= REQUESTS_A_SECOND_MOST, seconds
    _each_once_at_both_ends(quarter, home.said)


def _due(building: Building) -> Counter[str]:
    """How many contacts run out in which second, as Kamailio keeps them."""
    with closing(sqlite3.connect(f"file:{contacts_db(building.settings)}?mode=ro", uri=True)) as contacts:
        held = contacts.execute("SELECT expires FROM location WHERE username LIKE 'storm-%'").fetchall()
        return Counter(str(expires) for (expires,) in held)


def _each_once_at_both_ends(quarter: Quarter, said: Said) -> None:
    until(lambda: quarter.building.local().waiting_count() == 0, 60, "the building has nothing left to say")
    with quarter.lab.centre.office() as office, office.reading() as session:
        call_ids = Counter(session.scalars(select(CdrRecord.call_id)))
    assert set(call_ids.values()) == {1}, "no call twice"
    assert {fact.call_id for _, fact in said if isinstance(fact, Cdr)} <= call_ids.keys(), "none lost"
    # The calls that were made meanwhile are among them.
    assert len(call_ids) > sum(isinstance(fact, Cdr) for _, fact in said) + CALLS_BEFORE
