"""Contacts as Kamailio finds them at its start: those that it knew when it ended, whatever the clock says now."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.sip_edge.contacts import LONGEST_REGISTRATION_S, prepare_contacts

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
