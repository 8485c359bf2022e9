"""What calls say beside their course, made into facts of the journal: settings changed by code, people to be alerted.

Pure: the edge service reads, writes and publishes. A fact's id is made from its call, so that reading twice makes none
twice.
"""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid5

from appliance.directory.reports import AlertNow
from appliance.sip_edge.callfacts import Alerted, Arrived, Changed, News
from appliance.sip_edge.cdr import CDR_IDS
from appliance.sip_edge.plan import AlertKind
from appliance.sip_edge.watch import iso
from wire.facts import EmergencyCalled, LimitBreached, PhoneMoved, PreferenceChanged, ReceptionistOverridden
from wire.services import Receptionist

SHOWN_FOR = timedelta(hours=24)
MOST_SHOWN = 50
MOST_EMERGENCIES = 200


def fact_id(news: News, site_id: str) -> str:
    """The same for the same news of the same call; of a phone that came, for as long as it keeps its REGISTER's id."""
    if isinstance(news, Arrived):
        return str(uuid5(CDR_IDS, "\n".join((site_id, news.call_id, news.phone_id, news.from_site_id))))
    alert = () if isinstance(news, Changed) else (news.kind, dict(news.params).get("limit", ""))
    what = (news.field, news.target_id) if isinstance(news, Changed) else alert
    name = "\n".join((site_id, news.call_id, news.from_tag, str(news.at_ms), *what))
    return str(uuid5(CDR_IDS, name.encode("utf-8", "replace").decode()))


def change_of(changed: Changed) -> PreferenceChanged | ReceptionistOverridden:
    at = iso(changed.at_ms / 1000)
    if changed.kind == Receptionist.kind:
        return ReceptionistOverridden(changed.target_id, changed.account_id, changed.value, at)
    return PreferenceChanged(changed.target_id, changed.account_id, changed.field, changed.value, at)


def moved_of(arrived: Arrived, site_id: str) -> PhoneMoved:
    return PhoneMoved(
        phone_id=arrived.phone_id,
        account_id=arrived.account_id,
        site_id=site_id,
        from_site_id=arrived.from_site_id,
        address=arrived.address,
        at=iso(arrived.at_ms / 1000),
    )


def alert_of(alerted: Alerted, site_id: str) -> EmergencyCalled | LimitBreached:
    said, at = dict(alerted.params), iso(alerted.at_ms / 1000)
    if alerted.kind == AlertKind.FRAUD:
        return LimitBreached(
            site_id=site_id,
            account_id=alerted.account_id,
            call_id=alerted.call_id,
            person=said.get("person", ""),
            number=said.get("number", ""),
            limit=said.get("limit", ""),
            value=said.get("value", ""),
            most=said.get("most", ""),
            at=at,
        )
    return EmergencyCalled(
        site_id=site_id,
        account_id=alerted.account_id,
        call_id=alerted.call_id,
        dialled=said.get("dialled", ""),
        extension=said.get("extension", ""),
        person=said.get("person", ""),
        phone_id=said.get("phone", ""),
        location=said.get("location", ""),
        callback_number=said.get("callback", ""),
        test=alerted.kind == AlertKind.EMERGENCY_TEST,
        at=at,
    )


def shown(fact: EmergencyCalled | LimitBreached) -> AlertNow:
    """As the building page and SNMP show it. Whom a person called is not facility IT's to read (J-4)."""
    if isinstance(fact, LimitBreached):
        subject, detail = fact.person, f"{fact.limit} {fact.value}/{fact.most}"
        return AlertNow(AlertKind.FRAUD, fact.at, fact.account_id, subject, detail)
    kind = AlertKind.EMERGENCY_TEST if fact.test else AlertKind.EMERGENCY
    return AlertNow(kind, fact.at, fact.account_id, f"{fact.extension} {fact.person}".strip(), fact.location)


def shown_body(kind: str, body: dict[str, Any]) -> AlertNow:
    """Of a fact in the journal. Another version may have noted it: what it did not know is empty."""
    row = LimitBreached if kind == LimitBreached.fact else EmergencyCalled
    return shown(row(**{f.name: body.get(f.name, "") for f in fields(row)}))


def still_shown(alerts: tuple[AlertNow, ...], now: datetime) -> tuple[AlertNow, ...]:
    """Those of the last day, the newest first, each once. However many others there are, emergencies are not lost."""
    oldest = (now - SHOWN_FOR).astimezone(UTC).isoformat(timespec="milliseconds")
    found = dict.fromkeys(a for a in alerts if a.at >= oldest)
    newest = sorted(found, key=lambda a: a.at, reverse=True)
    emergencies = [a for a in newest if a.kind == AlertKind.EMERGENCY][:MOST_EMERGENCIES]
    others = [a for a in newest if a.kind != AlertKind.EMERGENCY][:MOST_SHOWN]
    return tuple(sorted((*emergencies, *others), key=lambda a: a.at, reverse=True))
