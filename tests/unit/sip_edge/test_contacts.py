"""Contacts as Kamailio finds them at its start: those that it knew when it ended, whatever the clock says now."""

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.sip_edge.contacts import LONGEST_REGISTRATION_S, prepare_contacts
from appliance.sip_edge.eras import Eras

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC).timestamp()
AGAIN_S = 300


def _left(path: Path, expires: float) -> float:
    """Seconds that a contact has left at NOW, once Kamailio's start was prepared."""
    prepare_contacts(path, expires, AGAIN_S)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO location(ruid, username, contact, expires, callid, cseq, last_modified)"
            " VALUES ('r', 'ana', 'sip:ana@10.20.0.50', julianday(?, 'unixepoch'), 'c', 1, julianday('now'))",
            (expires,),
        )
    prepare_contacts(path, NOW, AGAIN_S)
    with closing(sqlite3.connect(path)) as connection:
        ((seconds,),) = connection.execute("SELECT (expires - 2440587.5) * 86400 FROM location").fetchall()
    return float(seconds) - NOW


@pytest.mark.acceptance("S-9")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (120, 120),
        (LONGEST_REGISTRATION_S - 1, LONGEST_REGISTRATION_S - 1),
        # The box was off for longer, or its clock was set a day on.
        (-1, AGAIN_S),
        (-86400, AGAIN_S),
        # Its clock was a day ahead when the phone registered.
        (86400, AGAIN_S),
    ],
)
def test_a_contact_that_was_good_when_kamailio_ended_is_good_when_it_starts(
    tmp_path: Path, before: float, after: float
) -> None:
    assert _left(tmp_path / "contacts.db", NOW + before) == pytest.approx(after, abs=0.1)


HOUR_S, YEAR_S = 3600, 365 * 86400


@pytest.mark.acceptance("S-9")
@pytest.mark.parametrize("step_s", [HOUR_S, YEAR_S, -HOUR_S, -YEAR_S])
@pytest.mark.parametrize("taken_away", [False, True])
def test_where_the_clock_was_set_a_contact_has_as_long_as_before_also_one_that_kamailio_took_for_run_out(
    tmp_path: Path, step_s: int, taken_away: bool
) -> None:
    """By the new clock it is now; what Kamailio does with the table is done by SQL."""
    path, now = tmp_path / "contacts.db", time.time()
    prepare_contacts(path, now - step_s, AGAIN_S)
    with closing(sqlite3.connect(path)) as connection, connection:
        for user, registered_s, left_s in (("ana", 200, 100), ("gone", 900, -600)):
            connection.execute(
                "INSERT INTO location(ruid, username, contact, expires, callid, cseq, last_modified) VALUES"
                " (?1, ?1, ?1, julianday(?2, 'unixepoch'), 'c', 1, julianday(?3, 'unixepoch'))",
                (user, now - step_s + left_s, now - step_s - registered_s),
            )
        connection.execute(
            "INSERT INTO location(ruid, username, contact, expires, callid, cseq, last_modified)"
            " VALUES ('new', 'new', 'c', julianday('now', '300 seconds'), 'c', 1, julianday('now'))"
        )
        if taken_away:
            connection.execute("DELETE FROM location WHERE expires <= julianday('now')")
    eras = Eras((step_s * 1000,))
    for _ in range(2):
        # Once the step is known, a further start moves nothing.
        prepare_contacts(path, now, AGAIN_S, eras)
        found = _left_by_user(path, now)
        assert found["ana"] == pytest.approx(100, abs=1)
        assert found["new"] == pytest.approx(300, abs=1), "who registered by the new clock"
        kept = not (taken_away and step_s > -600)
        assert ("gone" in found) is kept, "taken away as run out, it is not to be called again"


def test_a_contact_that_was_taken_back_before_the_clock_was_set_stays_away(tmp_path: Path) -> None:
    path, now = tmp_path / "contacts.db", time.time()
    prepare_contacts(path, now, AGAIN_S)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO location(ruid, username, contact, expires, callid, cseq, last_modified)"
            " VALUES ('r', 'ana', 'c', julianday('now', '100 seconds'), 'c', 1, julianday('now', '-200 seconds'))"
        )
        connection.execute("DELETE FROM location")
    prepare_contacts(path, now + HOUR_S, AGAIN_S, Eras((HOUR_S * 1000,)))
    assert not _left_by_user(path, now)


def _left_by_user(path: Path, now: float) -> dict[str, float]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT username, (expires - 2440587.5) * 86400 FROM location").fetchall()
    return {user: float(expires) - now for user, expires in found}
