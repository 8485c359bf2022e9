"""A SIP dialog as one of its ends holds it (RFC 3261 §12), as words between Kamailio and voice. Pure.

Kamailio says it where voice is to go on in that end's place: the transferor's, which leaves (sip_edge/transfers.py).
"""

import json
from dataclasses import asdict, dataclass

MOST_ROUTES = 10
LAST_SEQUENCE = 2_000_000_000
"""A CSeq that no end has reached, where nothing is known of its own (RFC 3261 §8.1.1.5: under 2^31)."""


@dataclass(frozen=True, slots=True)
class Held:
    """What an end needs to send the next request. Addresses as whole header values, tags included."""

    call_id: str
    local: str
    remote: str
    target: str
    routes: tuple[str, ...]
    sequence: int
    """The last CSeq that this end used."""
    far_sequence: int = LAST_SEQUENCE
    """The last one of the far end."""
    shown: str = ""
    """Who the far end talks to from now on, as P-Asserted-Identity says it; empty: it is not told."""

    def text(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def of(cls, text: str) -> "Held":
        """Raises ValueError on what `text` could not have written."""
        try:
            read = json.loads(text)
            words = [read[name] for name in ("call_id", "local", "remote", "target", "shown")]
            numbers = [read["sequence"], read["far_sequence"]]
            routes = read["routes"]
        except (KeyError, TypeError, RecursionError) as wrong:
            raise ValueError(f"not a held dialog: {wrong}") from wrong
        if not all(isinstance(w, str) for w in (*words, *routes)) or not all(type(n) is int for n in numbers):
            raise ValueError("not a held dialog")
        call_id, local, remote, target, shown = words
        sequence, far_sequence = numbers
        return cls(call_id, local, remote, target, tuple(routes[:MOST_ROUTES]), sequence, far_sequence, shown)
