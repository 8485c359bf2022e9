"""Words that a far end wrote, also where they are not the UTF-8 that RFC 3261 §7 asks for: old gateways write Latin-1.

Only for what people read. Whatever else is not UTF-8 makes a bad request (worker.py).
"""

from typing import Any


def told(ksr: Any, name: str) -> str:
    """A pseudo-variable by its name without the dollar; empty where it is not there."""
    try:
        return ksr.pv.get(f"${name}") or ""
    except UnicodeDecodeError:
        return bytes.fromhex(ksr.pv.get(f"$({name}{{s.encode.hexa}})") or "").decode("latin-1")
