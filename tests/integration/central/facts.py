"""Facts as a building's journal sends them."""

from dataclasses import asdict, replace
from typing import Any
from uuid import uuid4

from wire.facts import Cdr, Leg, PhoneAdopted, PhoneAssigned, PhoneMoved, PhoneSeen, PhoneSwapped
from wire.rows import Phone

HLC = "1772463600000-0000-box"


def a_call(site_id: str, account_id: str, **more: Any) -> Cdr:
    call = Cdr(
        id=uuid4().hex,
        site_id=site_id,
        account_id=account_id,
        call_id=f"{uuid4().hex}@10.20.0.31",
        direction="internal",
        caller="101",
        caller_phone_id="phone-1",
        dialled="102",
        destination="102",
        call_class="internal",
        started_at="2026-03-02T15:00:00.000Z",
        answered_at="2026-03-02T15:00:03.500Z",
        ended_at="2026-03-02T15:01:03.500Z",
        talk_ms=60000,
        cause="answered",
        sip_status=200,
        answered_by="phone-2",
        trunk_id="",
        legs=(Leg("phone", "pabc", "2026-03-02T15:00:00.100Z", "2026-03-02T15:01:03.500Z", 200),),
        reasons=("extension 102",),
    )
    return replace(call, **more)


def a_seen_phone(mac: str = "001565000077", **more: Any) -> PhoneSeen:
    seen = PhoneSeen(
        mac=mac,
        family="yealink",
        model="T46S",
        firmware="66.85.0.5",
        address="10.20.0.77",
        evidence=("user-agent: Yealink SIP-T46S",),
        first_seen_at="2026-03-02T15:00:00.000Z",
        last_seen_at="2026-03-02T15:00:00.000Z",
    )
    return replace(seen, **more)


def an_adoption(site_id: str, account_id: str, person_id: str, mac: str, **more: Any) -> PhoneAdopted:
    adopted = PhoneAdopted(
        phone_id=f"phone-{uuid4().hex[:12]}",
        account_id=account_id,
        site_id=site_id,
        person_id=person_id,
        mac=mac,
        family="yealink",
        model="T46S",
        sip_user=f"p{uuid4().hex[:10]}",
        sip_secret=uuid4().hex,
        by="tecnico",
        at="2026-03-02T15:00:00.000Z",
    )
    return replace(adopted, **more)


def a_swap(phone: Phone, new_mac: str, **more: Any) -> PhoneSwapped:
    swapped = PhoneSwapped(
        phone_id=phone.id,
        account_id=phone.account_id,
        site_id=phone.site_id,
        old_mac=phone.mac,
        new_mac=new_mac,
        family="polycom",
        model="VVX400",
        sip_secret=uuid4().hex,
        by="tecnico",
        at="2026-03-02T15:00:00.000Z",
    )
    return replace(swapped, **more)


def an_assignment(phone: Phone, person_id: str, **more: Any) -> PhoneAssigned:
    made = PhoneAssigned(
        phone.id, phone.account_id, phone.site_id, phone.person_id, person_id, "tecnico", "2026-03-02T15:00:00.000Z"
    )
    return replace(made, **more)


def a_move(phone: Phone, to_site: str, **more: Any) -> PhoneMoved:
    moved = PhoneMoved(phone.id, phone.account_id, to_site, phone.site_id, "10.20.0.50", "2026-03-02T15:00:00.000Z")
    return replace(moved, **more)


def enveloped(
    fact: Cdr | PhoneSeen | PhoneAdopted | PhoneSwapped | PhoneAssigned | PhoneMoved, id_: str = ""
) -> dict[str, Any]:
    """The FactEnvelope in wire form."""
    return {"id": id_ or uuid4().hex, "fact": fact.fact, "hlc": HLC, "body": asdict(fact)}
