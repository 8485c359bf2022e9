"""Emergency calls, and the number that tries their way without making one (E-1, E-3). Pure.

Nothing stands before them: no block, forward, limit, credit or wish to be hidden is looked at here.
"""

from appliance.directory.numbering import EMERGENCY_SENT_AS
from appliance.reasons import Because
from appliance.sip_edge.coded import confirmed
from appliance.sip_edge.decision import Decision, Way
from appliance.sip_edge.identity import Caller, emergency_number
from appliance.sip_edge.plan import Alert, AlertKind, Identity, Plan
from appliance.sip_edge.trunk_order import trunks_for
from appliance.sip_edge.ways_out import Offer, by_every_trunk
from appliance.vocabulary import CallClass, Cue


def emergency(d: Decision, caller: Caller | None) -> Plan:
    """To every trunk of the building, in their order, with the number to call back and the place of the phone."""
    d.note(Because.EMERGENCY, dialled=d.dialled, sent=EMERGENCY_SENT_AS)
    number = _shown(d, caller)
    location = location_of(d, caller)
    offer = Offer(EMERGENCY_SENT_AS, Identity(number), CallClass.EMERGENCY)
    way = by_every_trunk(d, offer, location)
    _alert(d, caller, AlertKind.EMERGENCY, number, location)
    account = caller.phone.account_id if caller else d.calling.account_id
    known = caller.extension if caller else d.calling.outsider.user
    return d.plan(way, CallClass.EMERGENCY, account, known, EMERGENCY_SENT_AS, "outbound")


def emergency_test(d: Decision, caller: Caller) -> Way:
    """All but the call: the alert goes out, marked as a test, and the caller hears what would have been shown."""
    d.note(Because.EMERGENCY_TEST, dialled=d.dialled)
    number = _shown(d, caller)
    _alert(d, caller, AlertKind.EMERGENCY_TEST, number, location_of(d, caller))
    trunks = trunks_for(d.directory, CallClass.EMERGENCY, d.now)
    up = [t for t in trunks if d.reach.trunk_up(t.id)]
    for trunk in trunks:
        d.note(Because.WOULD_TRY if trunk in up else Because.TRUNK_DOWN_SKIPPED, trunk=trunk.name)
    cue = Cue.EMERGENCY_TEST if up else Cue.EMERGENCY_TEST_NO_WAY
    digits = number.removeprefix("+")
    return confirmed(d, caller.phone.account_id, cue, *([f"digits:{digits}"] if digits else []))


def location_of(d: Decision, caller: Caller | None) -> str:
    """The building's address, with the phone's own label: what responders need on the floor."""
    label = caller.phone.label if caller else ""
    return ", ".join(part for part in (d.directory.site.address, label) if part) if d.directory.site.address else ""


def _shown(d: Decision, caller: Caller | None) -> str:
    number, why = emergency_number(caller, d.directory)
    d.reasons.append(why)
    return number


def _alert(d: Decision, caller: Caller | None, kind: AlertKind, number: str, location: str) -> None:
    params = (
        ("extension", caller.extension if caller else d.calling.outsider.user),
        ("person", caller.name if caller else ""),
        ("phone", caller.phone.id if caller else ""),
        ("dialled", d.dialled),
        ("location", location or d.directory.site.name),
        ("callback", number),
    )
    account = caller.phone.account_id if caller else d.calling.account_id
    d.alerts.append(Alert(kind, account, params))
