"""What pure code and services ask of the outside: time and chance, passed in."""

import secrets
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, UTC."""

    def monotonic(self) -> float: ...


class Chance(Protocol):
    def token(self, nbytes: int) -> str:
        """Unguessable, URL-safe text."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class SystemChance:
    def token(self, nbytes: int) -> str:
        return secrets.token_urlsafe(nbytes)
