"""What calls may cost: credit, limits against toll fraud, hours (D-5, Q-6). Pure.

Only calls that cost by the minute are held to it: international and premium ones. What they have cost is counted by the
edge service (costs.py); how many there are now, by Kamailio's workers.
"""

from appliance.directory.model import Directory, Person
from appliance.directory.schedule import is_holiday, is_open, local_time
from appliance.reasons import Because
from appliance.sip_edge.decision import Decision
from appliance.sip_edge.plan import Alert, AlertKind, Scope
from appliance.vocabulary import Announcement, CallClass
from wire.services import Holiday, Limits, OpenHours, SiteLimits

COUNTED = CallClass.INTERNATIONAL.value
"""The name under which calls that cost are counted, premium ones too."""


def limits_of(directory: Directory, account_id: str) -> Limits:
    return directory.service(Limits, account_id) or Limits(account_id, account_id)


def site_limits_of(directory: Directory) -> SiteLimits:
    site_id = directory.site.id
    return directory.service(SiteLimits, site_id) or SiteLimits(site_id, site_id)


def costs(call_class: CallClass, abroad: bool) -> bool:
    return abroad or call_class in (CallClass.INTERNATIONAL, CallClass.PREMIUM)


def over_limits(d: Decision, person: Person, call_class: CallClass, abroad: bool, number: str) -> Announcement | None:
    """What a caller hears instead of this call, at this person's cost; None: it may be made. A breach alerts."""
    if not costs(call_class, abroad):
        return None
    limits = limits_of(d.directory, person.account_id)
    if not _in_hours(d, limits):
        _breach(d, person, number, "hours", "", "")
        return Announcement.OUTSIDE_HOURS
    for scope, owner, most_calls, most_spent in _bounds(d, person, limits):
        calls = d.reach.class_calls(scope, owner, COUNTED)
        if most_calls and calls >= most_calls:
            _breach(d, person, number, f"calls-{scope}", str(calls), str(most_calls))
            return Announcement.LIMIT_REACHED
        spent = d.reach.spent_today(scope, owner)
        if most_spent and spent >= most_spent:
            _breach(d, person, number, f"spend-{scope}", str(spent), str(most_spent))
            return Announcement.LIMIT_REACHED
    return _without_credit(d, limits)


def _bounds(d: Decision, person: Person, limits: Limits) -> tuple[tuple[Scope, str, int, int], ...]:
    site = site_limits_of(d.directory)
    return (
        (Scope.PERSON, person.id, limits.international_at_once_person, limits.spend_day_person),
        (Scope.ACCOUNT, person.account_id, limits.international_at_once_account, limits.spend_day_account),
        (Scope.SITE, d.directory.site.id, site.international_at_once, site.spend_day),
    )


def _without_credit(d: Decision, limits: Limits) -> Announcement | None:
    """Prepaid companies: the balance as the centre last said it, less what it does not know of yet."""
    if not limits.prepaid:
        return None
    unreported = d.reach.spent_today(Scope.UNREPORTED, limits.account_id)
    left = limits.balance - unreported
    if left <= 0:
        d.note(Because.NO_CREDIT, balance=pesos(limits.balance), spent=pesos(unreported))
        return Announcement.NO_CREDIT
    if not d.reach.link_up() and unreported >= limits.offline_budget:
        d.note(Because.OFFLINE_BUDGET_SPENT, budget=pesos(limits.offline_budget), spent=pesos(unreported))
        return Announcement.NO_CREDIT
    d.note(Because.CREDIT_LEFT, left=pesos(left))
    return None


def _in_hours(d: Decision, limits: Limits) -> bool:
    schedule = limits.international_schedule_id
    if not schedule:
        return True
    there = local_time(d.now, d.directory.site.timezone)
    if is_holiday(d.directory.services_of(Holiday, schedule), there):
        return False
    return is_open(d.directory.services_of(OpenHours, schedule), there)


def _breach(d: Decision, person: Person, number: str, limit: str, value: str, most: str) -> None:
    d.note(Because.LIMIT_REACHED, person=person.name, limit=limit, value=value or "-", most=most or "-")
    params = (("person", person.name), ("number", number), ("limit", limit), ("value", value), ("most", most))
    d.alerts.append(Alert(AlertKind.FRAUD, person.account_id, params))


def pesos(centavos: int) -> str:
    return f"{centavos / 100:.2f}"
