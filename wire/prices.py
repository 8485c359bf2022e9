"""What a call costs its company: the building stops at limits by it, and the centre bills by it. Pure."""

from wire.services import Limits

INTERNATIONAL, PREMIUM = "international", "premium"
"""The classes of calls that cost by the minute (appliance/vocabulary.py, CallClass)."""
MINUTE_MS = 60_000


def cost(call_class: str, talk_ms: int, limits: Limits) -> int:
    """In centavos; a begun minute counts whole."""
    minutes = -(-talk_ms // MINUTE_MS)
    return minutes * {
        INTERNATIONAL: limits.international_per_minute,
        PREMIUM: limits.premium_per_minute,
    }.get(call_class, 0)
