"""Who may log in to the portal: users, passwords (argon2id) and sessions that end."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from central import throttle
from central.errors import InputProblem, NotFoundProblem, Words
from central.model import AccountRecord, AuditEntry, Operator, PersonRecord, PortalSession
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
    """`account_id` empty: the whole office; else that company only. `person_id`: only what is this person's own.

    `temporary`: another password must be chosen first.
    """

    operator_id: str
    user: str
    account_id: str
    language: str
    person_id: str = ""
    temporary: bool = False


def add_operator(office: Office, user: str, password: str, actor: str, account_id: str = "") -> None:
    """A new log-in. Raises InputProblem."""
    _check_password(password)
    with office.database.writing() as session:
        if account_id and session.get(AccountRecord, account_id) is None:
            raise InputProblem("account", Words("There is no such company.", "No existe esa empresa."))
        _add(session, office, user, password, actor, account_id)


def give_log_in(office: Office, account_id: str, person_id: str, user: str, actor: str) -> str:
    """A person's own log-in, or another password for it: returned once, temporary, and kept nowhere.

    Whoever gives it cannot use it for long: its owner chooses another one, and the audit says who gave it (L-3).
    Raises InputProblem, NotFoundProblem.
    """
    password = tokens.password()
    with office.database.writing() as session:
        person = session.get(PersonRecord, person_id)
        if person is None or person.account_id != account_id:
            raise NotFoundProblem(Words("There is no such person.", "No existe esa persona."))
        operator = session.scalar(select(Operator).where(Operator.person_id == person_id))
        if operator is None:
            operator = _add(session, office, user, password, actor, account_id)
            operator.person_id, operator.temporary = person_id, True
        else:
            _give(session, operator, password, True)
            session.add(_entry(office.clock.now(), actor, "password", operator))
    return password


def choose_password(office: Office, who: LoggedIn, old: str, new: str) -> None:
    """One's own, in force at once; every session of this log-in ends. Raises InputProblem."""
    _check_password(new)
    with office.database.writing() as session:
        operator = session.get_one(Operator, who.operator_id)
        if not _verify(operator.password_hash, old[:MAX_PASSWORD]):
            raise InputProblem("old", Words("That is not your password.", "Esa no es su contraseña."))
        if old == new:
            raise InputProblem("password", Words("Choose another one.", "Elija otra distinta."))
        _give(session, operator, new, False)
        session.add(_entry(office.clock.now(), operator.user, "password", operator))


def user_of(session: Session, person_id: str) -> str:
    """The user of a person's log-in; empty where there is none."""
    return session.scalar(select(Operator.user).where(Operator.person_id == person_id)) or ""


def _add(session: Session, office: Office, user: str, password: str, actor: str, account_id: str) -> Operator:
    name = user.strip().lower()
    if not USER.fullmatch(name):
        raise InputProblem(
            "user",
            Words(
                "A user has letters, digits and . _ @ + - only.", "Un usuario solo lleva letras, dígitos y . _ @ + -."
            ),
        )
    if session.scalar(select(Operator.id).where(Operator.user == name)):
        raise InputProblem("user", Words("That user exists already.", "Ese usuario ya existe."))
    now = office.clock.now()
    operator = Operator(
        id=tokens.new_id("operator"),
        user=name,
        password_hash=_HASHER.hash(password),
        account_id=account_id or None,
        temporary=False,
        language=office.settings.language,
        made_at=now,
    )
    session.add(operator)
    session.add(_entry(now, actor, "create", operator, {"user": name}))
    return operator


def _give(session: Session, operator: Operator, password: str, temporary: bool) -> None:
    operator.password_hash, operator.temporary = _HASHER.hash(password), temporary
    session.execute(delete(PortalSession).where(PortalSession.operator_id == operator.id))


def set_password(office: Office, user: str, password: str, actor: str) -> None:
    """A new password; whoever is logged in as that user is logged out."""
    _check_password(password)
    with office.database.writing() as session:
        operator = session.scalar(select(Operator).where(Operator.user == user.strip().lower()))
        if operator is None:
            raise InputProblem("user", Words("There is no such user.", "No existe ese usuario."))
        _give(session, operator, password, operator.person_id is not None)
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
    return LoggedIn(
        operator.id,
        operator.user,
        operator.account_id or "",
        operator.language,
        operator.person_id or "",
        operator.temporary,
    )


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


def _entry(
    now: datetime, who: str, action: str, operator: Operator, after: dict[str, Any] | None = None
) -> AuditEntry:
    return AuditEntry(
        at=now,
        who=who,
        action=action,
        account_id=operator.account_id,
        subject_kind="operator",
        subject_id=operator.id,
        after=after,
    )
