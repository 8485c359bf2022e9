"""Ids, names and secrets that nobody chooses. From the system's randomness."""

import secrets
import string

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_LETTERS = string.ascii_letters + string.digits
ID_LENGTH = 16
SIP_USER_LENGTH = 10
SIP_SECRET_LENGTH = 28


def _pick(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def new_id(kind: str) -> str:
    """An opaque id, unique everywhere: 80 random bits behind the kind's name."""
    return f"{kind}-{_pick(_BASE32, ID_LENGTH)}"


def sip_user() -> str:
    """A phone's own identity; nobody dials it."""
    return "p" + _pick(_BASE32, SIP_USER_LENGTH)


def sip_secret() -> str:
    """Letters and digits only: every phone's file format takes them."""
    return _pick(_LETTERS, SIP_SECRET_LENGTH)


def password() -> str:
    """A first password, easy to read aloud: five groups of four, about 95 bits."""
    return "-".join(_pick("abcdefghjkmnpqrstuvwxyz23456789", 4) for _ in range(5))
