"""Calls named within other calls' messages: Replaces (RFC 3891) and Refer-To (RFC 3515), as phones write them. Pure.

What may take the place of what is replacing.py's to say; what is up now, the board's (kamailio/board.py).
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

MOST_TEXT = 512
_URI = re.compile(r"<?\s*sips?:(?:([^@>?]*)@)?([^;?>\s]+)([^?>\s]*)(?:\?([^>\s]*))?\s*>?", re.IGNORECASE)


@lru_cache(maxsize=256)
def key_of(call_id: str, from_tag: str) -> str:
    """The name of a call on the board. A worker asks ten times while it is at one message."""
    name = f"{call_id} {from_tag}".encode("utf-8", "replace")
    return hashlib.blake2b(name, digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Replaces:
    """The call that another is to take the place of. `text`: the header's value. `keys`: its names on the board.

    Either tag may be the caller's: which end is to be replaced is known by who transfers.
    """

    text: str
    keys: tuple[str, ...]


def replaces_of(value: str | None) -> Replaces | None:
    """None where there is no such header, or none that names a call."""
    if not value or len(value) > MOST_TEXT or not value.isprintable():
        return None
    call_id, *parameters = (part.strip() for part in value.split(";"))
    named = dict(p.partition("=")[::2] for p in parameters)
    tags = (named.get("from-tag", ""), named.get("to-tag", ""))
    keys = tuple(dict.fromkeys(key_of(call_id, tag) for tag in tags if tag))
    return Replaces(value, keys) if call_id and keys else None


@dataclass(frozen=True, slots=True)
class ReferTo:
    """Where a REFER sends its receiver. `user` unescaped; `replaces`: the call whose place it is to take there."""

    user: str
    replaces: Replaces | None = None
    host: str = ""


def refer_to(value: str | None) -> ReferTo | None:
    found = _URI.search(value) if value and len(value) <= 2 * MOST_TEXT else None
    if found is None:
        return None
    headers = dict(part.partition("=")[::2] for part in (found[4] or "").split("&"))
    said = next((v for name, v in headers.items() if name.lower() == "replaces"), "")
    return ReferTo(unquote(found[1] or ""), replaces_of(unquote(said)), found[2])


def led_by(value: str, host: str) -> str:
    """The Refer-To with `host` (and its parameters) in the place of what it names: the call then comes by us."""
    found = _URI.search(value)
    if found is None:
        return value
    user = f"{found[1]}@" if found[1] else ""
    headers = f"?{found[4]}" if found[4] else ""
    return f"<sip:{user}{host}{headers}>"
