"""Mailbox PINs: which are good, and how one is kept. The centre writes them, and so does a building by phone (L-2).

scrypt (RFC 7914) at a cost of about 5 ms here: six digits are few, so the lock-out counts more than the hash.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode

MIN_DIGITS, MAX_DIGITS = 4, 10
_N, _R, _P = 2**11, 8, 1
_SALT_BYTES = 16


def weakness(pin: str, extension: str) -> str:
    """Why a PIN is refused: `length`, `digits`, `sequence`, `repeat` or `extension`; empty for a good one."""
    if not (pin.isascii() and pin.isdigit()):
        return "digits"
    if not MIN_DIGITS <= len(pin) <= MAX_DIGITS:
        return "length"
    if len(set(pin)) == 1 or (len(pin) % 2 == 0 and pin[: len(pin) // 2] == pin[len(pin) // 2 :]):
        return "repeat"
    if pin in "01234567890" or pin in "09876543210":
        return "sequence"
    if extension and pin in (extension, extension[::-1], extension.zfill(4)):
        return "extension"
    return ""


def hashed(pin: str, salt: bytes) -> str:
    """What is kept of a PIN. `salt`: 16 random bytes."""
    if len(salt) != _SALT_BYTES:
        raise ValueError("a PIN's salt has 16 bytes")
    key = hashlib.scrypt(pin.encode(), salt=salt, n=_N, r=_R, p=_P)
    return f"scrypt${b64encode(salt).decode()}${b64encode(key).decode()}"


def fits(pin: str, kept: str) -> bool:
    """Whether this is the PIN that `kept` was made of. Anything else than what hashed() wrote fits nothing."""
    try:
        scheme, salt, key = kept.split("$")
        return scheme == "scrypt" and hmac.compare_digest(
            hashlib.scrypt(pin.encode(), salt=b64decode(salt), n=_N, r=_R, p=_P), b64decode(key)
        )
    except ValueError:
        return False
