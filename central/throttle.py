"""Makes whoever fails too often wait: claim codes and log-ins. Counted in the database, for all web processes."""

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from central.errors import ThrottledProblem, Words
from central.model import Throttle

WINDOW = timedelta(minutes=15)


def check(session: Session, key: str, limit: int, now: datetime) -> None:
    """Raises ThrottledProblem when `key` failed `limit` times in the window."""
    entry = session.get(Throttle, key[:200])
    if entry is None or now - entry.since >= WINDOW or entry.failures < limit:
        return
    minutes = max(1, -(-int((WINDOW - (now - entry.since)).total_seconds()) // 60))
    raise ThrottledProblem(
        Words("Too many attempts.", "Demasiados intentos."),
        Words(f"Try again in {minutes} min.", f"Intente de nuevo en {minutes} min."),
    )


def failed(session: Session, key: str, now: datetime) -> None:
    """Count a failure. In a transaction that is committed though the attempt is refused."""
    key = key[:200]
    session.execute(delete(Throttle).where(Throttle.key == key, Throttle.since <= now - WINDOW))
    for _ in range(2):
        counted = session.execute(
            update(Throttle).where(Throttle.key == key).values(failures=Throttle.failures + 1).returning(Throttle.key)
        )
        if counted.first() is not None:
            return
        try:
            with session.begin_nested():
                session.add(Throttle(key=key, since=now, failures=1))
            return
        except IntegrityError:
            continue  # another process counted the first failure in this moment


def forget_old(session: Session, now: datetime) -> None:
    """Clear entries whose window is over; at each start of the server."""
    session.execute(delete(Throttle).where(Throttle.since <= now - WINDOW))


def succeeded(session: Session, key: str) -> None:
    session.execute(delete(Throttle).where(Throttle.key == key[:200]))
