"""Phones given to another person here, until the centre's copy has it: laid over it as adoptions and swaps are."""

import json
from dataclasses import asdict, dataclass

from appliance.directory.localdb import LocalDatabase


@dataclass(frozen=True, slots=True)
class Assignment:
    """`person_before`: whose the phone is by the centre's copy."""

    phone_id: str
    person_before: str
    person_id: str


class Assignments(LocalDatabase):
    """One row a phone."""

    schema = """
CREATE TABLE IF NOT EXISTS assignment(phone_id TEXT PRIMARY KEY, assignment TEXT NOT NULL);
"""

    def keep(self, made: Assignment) -> None:
        """In the place of a former one of the same phone, of which the centre's copy may know nothing yet."""
        with self._transaction() as connection:
            before = connection.execute(
                "SELECT assignment FROM assignment WHERE phone_id = ?", (made.phone_id,)
            ).fetchone()
            kept = json.loads(before[0]) if before else {}
            # Of a chain the first person is the one that the centre's copy has.
            chained = kept.get("person_id") == made.person_before
            body = asdict(made) | ({"person_before": kept["person_before"]} if chained else {})
            connection.execute("INSERT OR REPLACE INTO assignment VALUES (?, ?)", (made.phone_id, json.dumps(body)))

    def all(self) -> tuple[Assignment, ...]:
        found = self._connection().execute("SELECT assignment FROM assignment ORDER BY phone_id")
        return tuple(Assignment(**json.loads(body)) for (body,) in found)

    def forget(self, phone_id: str) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM assignment WHERE phone_id = ?", (phone_id,))
