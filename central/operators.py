"""Who may log in to the portal: users, passwords (argon2id) and sessions that end."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from central import throttle
from central.errors import InputProblem, Words
from central.model import AccountRecord, AuditEntry, Operator, PortalSession
from central.office import Office
from central.rules import tokens

USER = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,63}")
MIN_PASSWORD, MAX_PASSWORD = 12, 200
FAILURES_OF_PAIR = 5
FAILURES_OF_USER = 50
FAILURES_OF_ADDRESS = 30
"""Wrong passwords in a quarter of an hour: of one user from one address, of a user from anywhere, of an address."""
SEEN_EVERY = timedelta(minutes=1)

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_urlsafe(16))
"""What an unknown user's password is compared with, so that the answer takes as long."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """`account_id` empty: the whole office; else that company only."""

    operator_id: str
    user: str
    account_id: str
    language: str


def add_operator(office: Office, user: str, password: str, actor: str, account_id: str = "") -> None:
    """A new log-in. Raises InputProblem."""
    name = user.strip().lower()
    if not USER.fullmatch(name):
        raise InputProblem(
            "user",
            Words(
                "A user has letters, digits and . _ @ + - only.", "Un usuario solo lleva letras, dígitos y . _ @ + -."
            ),
        )
    _check_password(password)
    with office.database.writing() as session:
        if session.scalar(select(Operator.id).where(Operator.user == name)):
            raise InputProblem("user", Words("That user exists already.", "Ese usuario ya existe."))
        if account_id and session.get(AccountRecord, account_id) is None:
            raise InputProblem("account", Words("There is no such company.", "No existe esa empresa."))
        now = office.clock.now()
        operator = Operator(
            id=tokens.new_id("operator"),
            user=name,
            password_hash=_HASHER.hash(password),
            account_id=account_id or None,
            language=office.settings.language,
            made_at=now,
        )
        session.add(operator)
        session.add(
            AuditEntry(
                at=now,
                who=actor,
                action="create",
                account_id=account_id or None,
                subject_kind="operator",
                subject_id=operator.id,
                after={"user": name},
            )
        )


def set_password(office: Office, user: str, password: str, actor: str) -> None:
    """A new password; whoever is logged in as that user is logged out."""
    _check_password(password)
    with office.database.writing() as session:
        operator = session.scalar(select(Operator).where(Operator.user == user.strip().lower()))
        if operator is None:
            raise InputProblem("user", Words("There is no such user.", "No existe ese usuario."))
        operator.password_hash = _HASHER.hash(password)
        session.execute(delete(PortalSession).where(PortalSession.operator_id == operator.id))
        session.add(_entry(office.clock.now(), actor, "password", operator))


def has_operators(office: Office) -> bool:
    with office.reading() as session:
        return session.scalar(select(Operator.id).limit(1)) is not None


def log_in(office: Office, user: str, password: str, address: str) -> str:
    """A session token. Raises InputProblem, without saying which of the two was wrong, or ThrottledProblem."""
    now, name = office.clock.now(), user.strip().lower()[:64]
    keys = (
        (f"login:{name}@{address}", FAILURES_OF_PAIR),
        (f"login:{name}", FAILURES_OF_USER),
        (f"login:@{address}", FAILURES_OF_ADDRESS),
    )
    with office.reading() as session:
        for key, limit in keys:
            throttle.check(session, key, limit, now)
        operator = session.scalar(select(Operator).where(Operator.user == name))
    right = _verify(_NOBODY if operator is None else operator.password_hash, password[:MAX_PASSWORD])
    with office.database.writing() as session:
        if operator is not None and right:
            throttle.succeeded(session, keys[0][0])
            session.add(_entry(now, operator.user, "log-in", operator))
            return _open_session(session, operator, now)
        for key, _ in keys:
            throttle.failed(session, key, now)
    raise InputProblem(
        "password",
        Words("The user or the password is wrong.", "El usuario o la contraseña no es correcta."),
    )


def operator_of(office: Office, token: str) -> LoggedIn | None:
    """Whose session this is; None when it has ended. A session in use is kept; one unused for a while ends."""
    now, limits = office.clock.now(), office.settings.security
    with office.reading() as session:
        found = session.execute(
            select(PortalSession, Operator)
            .join(Operator, Operator.id == PortalSession.operator_id)
            .where(PortalSession.token_hash == _hash(token))
        ).first()
    if found is None:
        return None
    portal_session, operator = found
    idle = now - portal_session.seen_at > timedelta(minutes=limits.session_idle_min)
    if idle or now - portal_session.made_at > timedelta(hours=limits.session_max_h):
        return None
    if now - portal_session.seen_at > SEEN_EVERY:
        with office.database.writing() as session:
            kept = session.get(PortalSession, portal_session.token_hash)
            if kept is not None:
                kept.seen_at = now
    return LoggedIn(operator.id, operator.user, operator.account_id or "", operator.language)


def log_out(office: Office, token: str) -> None:
    with office.database.writing() as session:
        session.execute(delete(PortalSession).where(PortalSession.token_hash == _hash(token)))


def _open_session(session: Session, operator: Operator, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    session.add(PortalSession(token_hash=_hash(token), operator_id=operator.id, made_at=now, seen_at=now))
    session.execute(delete(PortalSession).where(PortalSession.made_at < now - timedelta(days=2)))
    return token


def _check_password(password: str) -> None:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InputProblem(
            "password",
            Words(
                f"A password has at least {MIN_PASSWORD} letters.",
                f"Una contraseña tiene al menos {MIN_PASSWORD} letras.",
            ),
        )


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _entry(now: datetime, who: str, action: str, operator: Operator) -> AuditEntry:
    return AuditEntry(
        at=now,
        who=who,
        action=action,
        account_id=operator.account_id,
        subject_kind="operator",
        subject_id=operator.id,
    )
