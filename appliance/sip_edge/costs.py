"""What calls have cost since midnight, by person, company and building, and what the centre does not know of yet. Pure.

Prices are wire/prices.py's. The edge service tells Kamailio's workers.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from appliance.directory.schedule import local_time
from appliance.sip_edge.plan import Scope
from wire.prices import cost
from wire.services import Limits


@dataclass(frozen=True, slots=True)
class Spent:
    """A call that costs: one that has ended, or as long as it has lasted."""

    account_id: str
    person_id: str
    call_class: str
    talk_ms: int
    started_at: str
    reported: bool
    """Whether the centre has its record."""


def totals(
    calls: Iterable[Spent], limits_of: Callable[[str], Limits], site_id: str, now: datetime, timezone: str
) -> dict[str, int]:
    """Centavos by `scope:id`. Unreported calls count for the balance whenever they were made."""
    midnight = local_time(now, timezone).replace(hour=0, minute=0, second=0, microsecond=0)
    found: Counter[str] = Counter()
    for call in calls:
        amount = cost(call.call_class, call.talk_ms, limits_of(call.account_id))
        if not amount:
            continue
        if not call.reported:
            found[f"{Scope.UNREPORTED}:{call.account_id}"] += amount
        if datetime.fromisoformat(call.started_at) >= midnight:
            found[f"{Scope.ACCOUNT}:{call.account_id}"] += amount
            found[f"{Scope.SITE}:{site_id}"] += amount
            if call.person_id:
                found[f"{Scope.PERSON}:{call.person_id}"] += amount
    return dict(found)
