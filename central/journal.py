"""Facts from buildings' journals, applied exactly once: calls, unknown phones, phones given out by facility IT.

A fact is answered for good: accepted, or refused with its reason. The same fact sent again gets the same answer and
does nothing. What a building may say is bounded by its certificate: it speaks for its own site and the companies there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby

from sqlalchemy import delete, func, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from central import calls_said, voicemail
from central.clock import from_iso
from central.directory.edit import Edit
from central.directory.phones import PhoneWish, adopt_phone, assign_phone, move_phone, moves_by_itself, swap_phone
from central.errors import InputProblem, NotFoundProblem, Problem, WireInputProblem, Words
from central.facts import NO_KIND, Envelope, fact_of
from central.model import CdrRecord, FactRecord, PastPresence, PhoneRecord, PresenceRecord, SeenPhone
from central.model.rows import find
from central.office import Office
from central.rules import phones as rules
from wire.facts import (
    CALL_FACTS,
    FACT_TYPES,
    MAILBOX_FACTS,
    Cdr,
    GreetingChosen,
    MailboxCleared,
    MessageObeyed,
    PhoneAdopted,
    PhoneAssigned,
    PhoneMoved,
    PhoneSeen,
    PhoneSwapped,
    PinChanged,
)
from wire.prices import cost
from wire.rows import Phone
from wire.services import Limits

MAX_SEEN_PHONES = 1000
"""Unknown phones kept for a site; the ones seen last stay."""
_OF_PHONES = (PhoneAdopted, PhoneSwapped, PhoneAssigned, PhoneMoved)
_OF_MAILBOXES = (MessageObeyed, MailboxCleared, PinChanged, GreetingChosen)
_EDITS = frozenset(t.fact for t in (*_OF_PHONES, *_OF_MAILBOXES, *CALL_FACTS))
_REFUSALS = (InputProblem, NotFoundProblem, WireInputProblem)
_NOT_STORED = Words(
    "It cannot be stored: it is malformed or in the way.", "No se puede guardar: es inválido o estorba."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Ids of the facts that need not be sent again, and why some of them were refused."""

    accepted: tuple[str, ...]
    refused: tuple[tuple[str, Words], ...]


def receive(office: Office, site_id: str, envelopes: Sequence[Envelope]) -> Answer:
    """Apply facts in the order given. Raises UnavailableProblem when the database is away: then send all again.

    A kind of fact that this version does not know is not answered: the building keeps it until the centre is updated.
    """
    said: dict[str, Words | None] = {}
    known = (e for e in envelopes if e.fact in FACT_TYPES or e.fact == NO_KIND)
    for edits, group in groupby(known, lambda e: e.fact in _EDITS):
        if edits:
            said.update((e.id, _receive_edit(office, site_id, e)) for e in group)
        else:
            with office.editing(_actor(site_id)) as edit:
                said.update((e.id, _receive_record(edit, site_id, e)) for e in group)
    return Answer(
        tuple(id_ for id_, why in said.items() if why is None),
        tuple((id_, why) for id_, why in said.items() if why is not None),
    )


def _receive_record(edit: Edit, site_id: str, envelope: Envelope) -> Words | None:
    """A call or an unknown phone: many in one transaction, each in its own savepoint. None: applied, now or before."""
    try:
        with edit.session.begin_nested():
            known = edit.session.get(FactRecord, (site_id, envelope.id))
            if known is not None:
                return _said(known)
            _remember(edit, site_id, envelope, None)
            _apply(edit, site_id, envelope)
            return None
    except (IntegrityError, DataError):
        # The same fact came twice at the same moment and the other one won; or it cannot be stored.
        edit.session.expire_all()
        known = edit.session.get(FactRecord, (site_id, envelope.id))
        if known is not None:
            return _said(known)
        why = _NOT_STORED
    except _REFUSALS as problem:
        why = Words(problem.text("en"), problem.text("es"))
    with edit.session.begin_nested():
        _remember(edit, site_id, envelope, why)
    return why


def _receive_edit(office: Office, site_id: str, envelope: Envelope) -> Words | None:
    """An edit of the directory: a transaction of its own, all of it or none."""
    try:
        with office.editing(_actor(site_id)) as edit:
            known = edit.session.get(FactRecord, (site_id, envelope.id))
            if known is not None:
                return _said(known)
            _remember(edit, site_id, envelope, None)
            _apply(edit, site_id, envelope, office.settings.mail.alerts_to)
            return None
    except (IntegrityError, DataError):
        with office.reading() as session:
            known = session.get(FactRecord, (site_id, envelope.id))
        if known is not None:
            return _said(known)
        return _refuse(office, site_id, envelope, _NOT_STORED)
    except _REFUSALS as problem:
        return _refuse(office, site_id, envelope, Words(problem.text("en"), problem.text("es")))


def _refuse(office: Office, site_id: str, envelope: Envelope, why: Words) -> Words:
    try:
        with office.editing(_actor(site_id)) as edit:
            _remember(edit, site_id, envelope, why)
    except IntegrityError:
        pass  # answered by another request in this moment, and for the same reason
    return why


def _remember(edit: Edit, site_id: str, envelope: Envelope, why: Words | None) -> None:
    edit.session.add(
        FactRecord(
            site_id=site_id,
            id=envelope.id,
            fact=envelope.fact[:40],
            hlc=envelope.hlc,
            received_at=edit.now,
            refused_en="" if why is None else why.en,
            refused_es="" if why is None else why.es,
        )
    )
    edit.session.flush()


def _said(known: FactRecord) -> Words | None:
    return Words(known.refused_en, known.refused_es) if known.refused_en else None


def _apply(edit: Edit, site_id: str, envelope: Envelope, alerts_to: Iterable[str] = ()) -> None:
    fact = fact_of(envelope)
    match fact:
        case Cdr() as cdr:
            _apply_cdr(edit, site_id, cdr)
        case PhoneSeen() as seen:
            _apply_seen(edit, site_id, seen)
        case PhoneAdopted() as adopted:
            _apply_adopted(edit, site_id, adopted)
        case PhoneSwapped() as swapped:
            _apply_swapped(edit, site_id, swapped)
        case PhoneAssigned() as assigned:
            _apply_assigned(edit, site_id, assigned)
        case PhoneMoved() as moved:
            _apply_moved(edit, site_id, moved)
        case _ if isinstance(fact, MAILBOX_FACTS):
            if not _was_ever_at(edit.session, fact.account_id, site_id):
                raise _stranger()
            voicemail.apply(edit, site_id, fact, envelope.hlc)
        case _ if isinstance(fact, CALL_FACTS):
            if fact.account_id and not _was_ever_at(edit.session, fact.account_id, site_id):
                raise _stranger()
            calls_said.apply(edit, fact, envelope.id, envelope.hlc, alerts_to)


def _apply_cdr(edit: Edit, site_id: str, cdr: Cdr) -> None:
    _own_site(site_id, cdr.site_id)
    if cdr.account_id and not _was_ever_at(edit.session, cdr.account_id, site_id):
        raise _stranger()
    known = edit.session.get(CdrRecord, cdr.id)
    if known is not None:
        if known.site_id != site_id:
            raise _stranger()
        return
    values = asdict(cdr)
    del values["payer_id"]  # a day's spending of a person is the building's to count
    for name in ("started_at", "answered_at", "ended_at"):
        values[name] = from_iso(values[name]) if values[name] else None
    if values["started_at"] is None:
        raise WireInputProblem(Words("A call record needs its start.", "Un registro de llamada necesita su inicio."))
    edit.session.add(CdrRecord(**values))
    edit.session.flush()
    _charge(edit, cdr)


def _charge(edit: Edit, cdr: Cdr) -> None:
    """Take what a call cost from a prepaid company's balance. What a trunk did not answer costs nothing."""
    if not any(leg.kind == "trunk" and leg.to == cdr.answered_by for leg in cdr.legs):
        return
    limits = find(edit.session, Limits, cdr.account_id)
    amount = cost(cdr.call_class, cdr.talk_ms, limits) if limits is not None and limits.prepaid else 0
    if amount:
        edit.lock_account(cdr.account_id)
        # Once more, now that nobody else can charge it.
        edit.session.expire_all()
        held = edit.get(Limits, cdr.account_id, cdr.account_id)
        edit.put(replace(held, balance=held.balance - amount))


def _apply_seen(edit: Edit, site_id: str, seen: PhoneSeen) -> None:
    mac = rules.mac("mac", seen.mac)
    if edit.session.scalar(select(PhoneRecord.id).where(PhoneRecord.mac == mac, PhoneRecord.site_id == site_id)):
        return  # it was given to somebody here meanwhile
    last = from_iso(seen.last_seen_at)
    known = edit.session.get(SeenPhone, (site_id, mac))
    if known is not None and known.last_seen_at > last:
        return
    edit.session.merge(
        SeenPhone(
            site_id=site_id,
            mac=mac,
            family=seen.family,
            model=seen.model,
            firmware=seen.firmware,
            address=seen.address,
            evidence=list(seen.evidence),
            switch_port=seen.switch_port,
            first_seen_at=from_iso(seen.first_seen_at) if known is None else known.first_seen_at,
            last_seen_at=last,
        )
    )
    edit.session.flush()
    mine = SeenPhone.site_id == site_id
    if (edit.session.scalar(select(func.count()).where(mine)) or 0) > MAX_SEEN_PHONES:
        oldest = select(SeenPhone.mac).where(mine).order_by(SeenPhone.last_seen_at.desc()).offset(MAX_SEEN_PHONES)
        edit.session.execute(delete(SeenPhone).where(mine, SeenPhone.mac.in_(oldest)))


def _apply_adopted(edit: Edit, site_id: str, adopted: PhoneAdopted) -> None:
    _own_site(site_id, adopted.site_id)
    if not _is_at(edit.session, adopted.account_id, site_id):
        raise _stranger()
    if not (adopted.phone_id and adopted.sip_user and adopted.sip_secret):
        raise WireInputProblem(
            Words("An adopted phone needs its identity.", "Un teléfono adoptado necesita su identidad.")
        )
    adopt_phone(
        edit,
        Phone(
            id=adopted.phone_id,
            account_id=adopted.account_id,
            site_id=adopted.site_id,
            person_id=adopted.person_id,
            mac=adopted.mac,
            family=adopted.family,
            model=adopted.model,
            sip_user=adopted.sip_user,
            sip_secret=adopted.sip_secret,
        ),
    )
    edit.note("adopt", "phone", adopted.phone_id, {"by": adopted.by, "at": adopted.at}, adopted.account_id)


def _apply_swapped(edit: Edit, site_id: str, swapped: PhoneSwapped) -> None:
    _own_site(site_id, swapped.site_id)
    if not _is_at(edit.session, swapped.account_id, site_id):
        raise _stranger()
    if not swapped.sip_secret:
        raise WireInputProblem(Words("A swapped phone needs a secret.", "Un teléfono cambiado necesita un secreto."))
    swap_phone(
        edit,
        swapped.account_id,
        swapped.phone_id,
        swapped.old_mac,
        PhoneWish(swapped.new_mac, swapped.site_id, swapped.model, swapped.family),
        swapped.sip_secret,
    )
    what = {"by": swapped.by, "at": swapped.at, "old": swapped.old_mac, "new": swapped.new_mac}
    edit.note("swap", "phone", swapped.phone_id, what, swapped.account_id)


def _apply_assigned(edit: Edit, site_id: str, assigned: PhoneAssigned) -> None:
    """A building gave a phone to another person of its company. What was decided here meanwhile stands."""
    _own_site(site_id, assigned.site_id)
    if not _is_at(edit.session, assigned.account_id, site_id):
        raise _stranger()
    edit.lock_account(assigned.account_id)
    phone = edit.get(Phone, assigned.phone_id, assigned.account_id)
    if phone.site_id != site_id:
        raise _stranger()
    if phone.person_id == assigned.person_id:
        return
    if phone.person_id != assigned.person_before or not assigned.person_id:
        raise InputProblem(
            "",
            Words(
                "The phone was given to somebody else at the central office meanwhile.",
                "Mientras tanto, el teléfono se asignó a otra persona en la central.",
            ),
        )
    assign_phone(edit, assigned.account_id, assigned.phone_id, assigned.person_id)
    what = {"by": assigned.by, "at": assigned.at, "old": assigned.person_before, "new": assigned.person_id}
    edit.note("assign", "phone", assigned.phone_id, what, assigned.account_id)


def _apply_moved(edit: Edit, site_id: str, moved: PhoneMoved) -> None:
    """The building saw it prove itself. Its company may want to be asked all the same."""
    _own_site(site_id, moved.site_id)
    if not _is_at(edit.session, moved.account_id, site_id):
        raise _stranger()
    edit.lock_account(moved.account_id)
    phone = edit.get(Phone, moved.phone_id, moved.account_id)
    if phone.site_id != moved.from_site_id:
        return  # it is here already, or has moved on since
    if not moves_by_itself(edit, moved.account_id):
        raise InputProblem(
            "",
            Words(
                "The company wants to be asked before a phone moves.",
                "La empresa quiere que le pregunten antes de mover un teléfono.",
            ),
        )
    move_phone(edit, moved.account_id, moved.phone_id, site_id)
    what = {"from": moved.from_site_id, "to": site_id, "at": moved.at, "address": moved.address, "proof": "password"}
    edit.note("move", "phone", moved.phone_id, what, moved.account_id)


def _actor(site_id: str) -> str:
    return f"building {site_id}"


def _own_site(site_id: str, named: str) -> None:
    if named != site_id:
        raise _stranger()


def _is_at(session: Session, account_id: str, site_id: str) -> bool:
    query = select(PresenceRecord.id).where(PresenceRecord.account_id == account_id, PresenceRecord.site_id == site_id)
    return session.scalar(query) is not None


def _was_ever_at(session: Session, account_id: str, site_id: str) -> bool:
    return _is_at(session, account_id, site_id) or session.get(PastPresence, (account_id, site_id)) is not None


def _stranger() -> Problem:
    return InputProblem(
        "",
        Words(
            "It is of another building, or of a company that is not in this one.",
            "Es de otro edificio, o de una empresa que no está en este.",
        ),
    )
