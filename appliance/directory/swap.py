"""Devices that took a broken phone's place here, until the centre's copy has them: laid over it as adoptions are.

The phone keeps its person, its SIP user and its keys. Of several swaps of one phone the centre gets each, in order.
"""

import json
from dataclasses import asdict, dataclass, field

from appliance.directory.localdb import LocalDatabase


@dataclass(frozen=True, slots=True)
class Swap:
    """`old_mac`: of the device that the centre's copy has. `sip_secret` sealed."""

    phone_id: str
    old_mac: str
    new_mac: str
    family: str
    model: str
    sip_secret: str = field(repr=False)


class Swaps(LocalDatabase):
    """One row a phone."""

    schema = """
CREATE TABLE IF NOT EXISTS swap(phone_id TEXT PRIMARY KEY, swap TEXT NOT NULL);
"""

    def keep(self, swap: Swap) -> None:
        """In the place of a former swap of the same phone, of which the centre's copy may know nothing yet."""
        with self._transaction() as connection:
            before = connection.execute("SELECT swap FROM swap WHERE phone_id = ?", (swap.phone_id,)).fetchone()
            kept = json.loads(before[0]) if before else {}
            # Of a chain of swaps the first device is the one that the centre's copy has.
            body = asdict(swap) | ({"old_mac": kept["old_mac"]} if kept.get("new_mac") == swap.old_mac else {})
            connection.execute("INSERT OR REPLACE INTO swap VALUES (?, ?)", (swap.phone_id, json.dumps(body)))

    def all(self) -> tuple[Swap, ...]:
        found = self._connection().execute("SELECT swap FROM swap ORDER BY phone_id")
        return tuple(Swap(**json.loads(body)) for (body,) in found)

    def forget(self, phone_id: str) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM swap WHERE phone_id = ?", (phone_id,))
