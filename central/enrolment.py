"""How a building comes to have a certificate, renews it and loses it (Z-1).

A claim code is spent once. A certificate counts until it expires, is revoked, or its successor has been used for a
while; enrolling a site again revokes all that it had, so the disk of a stolen box opens nothing.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, or_, select, update
from sqlalchemy.orm import Session

from central import throttle
from central.authority import Authority
from central.errors import CertificateProblem, ClaimRefused, Words
from central.model import AuditEntry, CertificateRecord, ClaimCode, SiteRecord
from central.office import Office
from wire import claim

FAILURES_OF_ONE_ADDRESS = 10
FAILURES_OF_ALL = 300
"""Wrong codes in a quarter of an hour, from anywhere: 60 random bits need no more, an operator's typing far less."""
ALL = "enrol:*"


@dataclass(frozen=True, slots=True)
class Enrolled:
    site_id: str
    certificate_pem: str


def make_claim(office: Office, authority: Authority, site_id: str, actor: str) -> str:
    """A new one-time code for the site, to be shown once; codes of the site not yet used are void from now."""
    code = claim.Claim(
        "".join(secrets.choice(claim.ALPHABET) for _ in range(claim.SECRET_LENGTH)), authority.claim_prefix
    )
    with office.editing(actor) as edit:
        site = edit.lock_site(site_id)
        edit.session.execute(delete(ClaimCode).where(ClaimCode.site_id == site_id, ClaimCode.used_at.is_(None)))
        expires_at = edit.now + timedelta(hours=office.settings.security.claim_valid_h)
        edit.session.add(
            ClaimCode(
                hash=_hash(office, code.secret),
                site_id=site_id,
                made_at=edit.now,
                made_by=actor,
                expires_at=expires_at,
                used_at=None,
            )
        )
        edit.note("claim", "site", site_id, {"name": site.name, "expires_at": expires_at.isoformat()})
    return claim.write(code)


def enrol(office: Office, authority: Authority, typed: str, request_pem: str, address: str) -> Enrolled:
    """Spend a code for a certificate. Raises ClaimRefused, ThrottledProblem, WireInputProblem, and spends nothing."""
    now = office.clock.now()
    own = f"enrol:{address}"
    with office.reading() as session:
        throttle.check(session, own, FAILURES_OF_ONE_ADDRESS, now)
        throttle.check(session, ALL, FAILURES_OF_ALL, now)
    try:
        code = claim.parse(typed)
        if not hmac.compare_digest(code.ca_fingerprint_prefix, authority.claim_prefix):
            raise _refused()
        with office.database.writing() as session:
            return _spend(office, session, authority, code, request_pem, now, address)
    except (ClaimRefused, claim.ClaimProblem) as refused:
        with office.database.writing() as session:
            throttle.failed(session, own, now)
            throttle.failed(session, ALL, now)
        if isinstance(refused, claim.ClaimProblem):
            raise ClaimRefused(Words(refused.says_en, refused.says_es)) from refused
        raise


def _spend(
    office: Office,
    session: Session,
    authority: Authority,
    code: claim.Claim,
    request_pem: str,
    now: datetime,
    address: str,
) -> Enrolled:
    stored = session.get(ClaimCode, _hash(office, code.secret), with_for_update=True)
    if stored is None or stored.used_at is not None or stored.expires_at <= now:
        raise _refused()
    stored.used_at = now
    session.execute(
        update(CertificateRecord)
        .where(CertificateRecord.site_id == stored.site_id, CertificateRecord.revoked_at.is_(None))
        .values(revoked_at=now, revoked_why="enrolled again")
    )
    pem = _issue(office, session, authority, stored.site_id, request_pem, now)
    _note(session, now, "enrol", stored.site_id, f"building at {address}")
    return Enrolled(stored.site_id, pem)


def rotate(office: Office, authority: Authority, site_id: str, request_pem: str) -> str:
    """A further certificate for a building that has one. The old one counts until shortly after the new one is used."""
    now = office.clock.now()
    with office.database.writing() as session:
        pem = _issue(office, session, authority, site_id, request_pem, now)
        _note(session, now, "rotate", site_id, "building")
        return pem


def revoke(office: Office, site_id: str, actor: str) -> int:
    """Refuse all certificates of the site from now, and its unused codes. Returns how many certificates counted."""
    with office.editing(actor) as edit:
        edit.lock_site(site_id)
        edit.session.execute(delete(ClaimCode).where(ClaimCode.site_id == site_id, ClaimCode.used_at.is_(None)))
        counting = list(edit.session.scalars(_counting(site_id, edit.now)))
        for record in counting:
            record.revoked_at, record.revoked_why = edit.now, f"revoked by {actor}"
        edit.note("revoke", "site", site_id, {"certificates": len(counting)})
        return len(counting)


def site_of_certificate(office: Office, serial: str) -> str:
    """The site whose certificate this is, if it counts now. Raises CertificateProblem."""
    now = office.clock.now()
    with office.reading() as session:
        record = session.get(CertificateRecord, serial)
        known = record is not None and session.get(SiteRecord, record.site_id) is not None
    if record is None or not known:
        raise _no_good("is not known here", "no se conoce aquí")
    if record.revoked_at is not None:
        raise _no_good("was revoked", "fue revocado")
    if (record.retire_at is not None and record.retire_at <= now) or record.expires_at <= now:
        raise _no_good("is no longer valid", "ya no es válido")
    if record.first_used_at is None:
        with office.database.writing() as session:
            _first_use(office, session, serial, now)
    return record.site_id


def _first_use(office: Office, session: Session, serial: str, now: datetime) -> None:
    """The building has its new certificate: those before it retire."""
    record = session.get_one(CertificateRecord, serial, with_for_update=True)
    if record.first_used_at is not None:
        return
    record.first_used_at = now
    retire_at = now + timedelta(minutes=office.settings.security.certificate_overlap_min)
    session.execute(
        update(CertificateRecord)
        .where(
            CertificateRecord.site_id == record.site_id,
            CertificateRecord.serial != serial,
            CertificateRecord.issued_at <= record.issued_at,
            or_(CertificateRecord.retire_at.is_(None), CertificateRecord.retire_at > retire_at),
        )
        .values(retire_at=retire_at)
    )


def certificates(session: Session, site_id: str, now: datetime) -> list[CertificateRecord]:
    """Those that count now, newest first."""
    return list(session.scalars(_counting(site_id, now)))


def _counting(site_id: str, now: datetime) -> Select[CertificateRecord]:
    return (
        select(CertificateRecord)
        .where(
            CertificateRecord.site_id == site_id,
            CertificateRecord.revoked_at.is_(None),
            CertificateRecord.expires_at > now,
            or_(CertificateRecord.retire_at.is_(None), CertificateRecord.retire_at > now),
        )
        .order_by(CertificateRecord.issued_at.desc())
    )


def _issue(
    office: Office, session: Session, authority: Authority, site_id: str, request_pem: str, now: datetime
) -> str:
    issued = authority.sign_building(request_pem, site_id, now, office.settings.security.certificate_days)
    session.add(
        CertificateRecord(
            serial=issued.serial,
            site_id=site_id,
            issued_at=now,
            expires_at=issued.expires_at,
            first_used_at=None,
            retire_at=None,
            revoked_at=None,
            revoked_why="",
        )
    )
    return issued.pem


def _note(session: Session, now: datetime, action: str, site_id: str, who: str) -> None:
    session.add(AuditEntry(at=now, who=who, action=action, subject_kind="site", subject_id=site_id))


def _hash(office: Office, secret: str) -> str:
    """Keyed, so that a stolen database gives no code away."""
    return hmac.new(office.sealer.derive("claim codes"), secret.encode(), "sha256").hexdigest()


def _refused() -> ClaimRefused:
    return ClaimRefused(
        Words(
            "This claim code is not valid: wrong, used or expired.",
            "El código de alta no es válido: erróneo, usado o vencido.",
        ),
        Words("Ask for a new one in the central office.", "Pida uno nuevo en la central."),
    )


def _no_good(en: str, es: str) -> CertificateProblem:
    return CertificateProblem(
        Words(f"This building's certificate {en}.", f"El certificado de este edificio {es}."),
        Words("Enrol the building with a new claim code.", "Dé de alta el edificio con un código nuevo."),
    )
