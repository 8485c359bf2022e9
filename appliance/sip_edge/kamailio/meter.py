"""How many calls that cost there are now, by person, company and building; and whom each phone called last.

One table that all workers write and read, as board.py's: entries are named by their call, so that nothing is counted
twice. What is too many is fraud.py's to say.
"""

import time
from typing import Any

from appliance.sip_edge.callfacts import Arrived, CallFact, Ended
from appliance.sip_edge.dialogs import key_of
from appliance.sip_edge.fraud import costs
from appliance.sip_edge.kamailio.board import Entry, entries, listed
from appliance.sip_edge.plan import WITHHELD, CallAttempt, FromPhone, Plan, Ring, Scope
from appliance.vocabulary import CallClass

METER, LAST = "meter", "last"
LONGEST_S = 4 * 3600
"""No call that costs is counted for longer: one whose end got lost would close the way for all others."""
REDIALLED = frozenset({"internal", "outbound"})


def owners_of(person_id: str, account_id: str, site_id: str) -> tuple[str, ...]:
    """Whose limits a call counts for."""
    return f"{Scope.PERSON}:{person_id}", f"{Scope.ACCOUNT}:{account_id}", f"{Scope.SITE}:{site_id}"


class Meter:
    def __init__(self, ksr: Any) -> None:
        self._ksr = ksr

    def begins(self, attempt: CallAttempt, from_tag: str, plan: Plan, site_id: str) -> None:
        """Count a call that goes out at a cost, and remember it for redial."""
        self._remember(attempt, plan)
        if plan.person_id and costs(plan.call_class, abroad=False):
            owners = owners_of(plan.person_id, plan.account_id, site_id)
            key = key_of(attempt.call_id, from_tag)
            self._ksr.htable.sht_sets(METER, f"of:{key}", "\n".join(owners))
            for owner in owners:
                self._change(owner, key, there=True)

    def rings(self, step: Ring, turn: int) -> None:
        """These phones were sent a call: whom each is shown, for call-back."""
        shown = WITHHELD if step.identity.private or not step.identity.user else step.identity.user
        for target in step.targets if step.together else (step.targets[turn],):
            self._ksr.htable.sht_sets(LAST, f"from:{target.phone_id}", shown)

    def note(self, fact: CallFact | Arrived) -> None:
        """A call that ended is counted no more."""
        if isinstance(fact, Ended):
            key = key_of(fact.call_id, fact.from_tag)
            owners = self._ksr.htable.sht_get(METER, f"of:{key}")
            if owners:
                self._ksr.htable.sht_rm(METER, f"of:{key}")
                for owner in str(owners).split("\n"):
                    self._change(owner, key, there=False)

    def calls(self, scope: str, id: str) -> int:
        oldest = int(time.time()) - LONGEST_S
        return sum(e.since_s > oldest for e in entries(self._ksr.htable.sht_get(METER, f"{scope}:{id}")))

    def last_dialled(self, phone_id: str) -> str:
        return str(self._ksr.htable.sht_get(LAST, f"to:{phone_id}") or "")

    def last_caller(self, phone_id: str) -> str:
        return str(self._ksr.htable.sht_get(LAST, f"from:{phone_id}") or "")

    def _remember(self, attempt: CallAttempt, plan: Plan) -> None:
        again = plan.call_class not in (CallClass.SERVICE, CallClass.UNKNOWN, CallClass.EMERGENCY)
        if isinstance(attempt.source, FromPhone) and plan.direction in REDIALLED and again:
            self._ksr.htable.sht_sets(LAST, f"to:{attempt.source.phone_id}", plan.destination)

    def _change(self, owner: str, key: str, there: bool) -> None:
        htable = self._ksr.htable
        htable.sht_lock(METER, owner)
        try:
            left = [e for e in entries(htable.sht_get(METER, owner)) if e.key != key]
            if there:
                left.append(Entry(key, int(time.time())))
            if left:
                htable.sht_sets(METER, owner, listed(left))
            else:
                htable.sht_rm(METER, owner)
        finally:
            htable.sht_unlock(METER, owner)
