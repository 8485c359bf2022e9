"""Words that more than one room of the appliance uses: what is said to callers, classes of call, states of things.

Only names. What each means in a decision belongs to the room that decides.
"""

from enum import StrEnum


class CallClass(StrEnum):
    """What kind of number was dialled; permissions, cost and alarms hang on it (docs/dialling.md)."""

    INTERNAL = "internal"
    NATIONAL = "national"
    TOLL_FREE = "toll_free"
    SHARED_COST = "shared_cost"
    PERSONAL = "personal"
    PREMIUM = "premium"
    INTERNATIONAL = "international"
    SPECIAL = "special"
    EMERGENCY = "emergency"
    SERVICE = "service"
    UNKNOWN = "unknown"


class Announcement(StrEnum):
    """A sentence that voice can speak. The routing names one; voice knows its recordings in each language."""

    INVALID_PREFIX = "invalid-prefix"
    INVALID_NUMBER = "invalid-number"
    NO_SUCH_EXTENSION = "no-such-extension"
    NOT_AVAILABLE = "not-available"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    NOT_PERMITTED = "not-permitted"
    PREMIUM_BLOCKED = "premium-blocked"
    NO_WAY_OUT = "no-way-out"
    EMERGENCY_NO_WAY_OUT = "emergency-no-way-out"
    NUMBER_NOT_IN_SERVICE = "number-not-in-service"
    TRY_LATER = "try-later"


class PhoneState(StrEnum):
    """What the building page, SNMP and the portal call the state of a phone."""

    UNKNOWN = "unknown"
    """Seen on the network, in no directory: it has been given nothing."""
    PENDING = "pending"
    """In the directory; it has not asked for its files since it was assigned."""
    PROVISIONED = "provisioned"
    """It fetched its files; it has not registered since."""
    REGISTERED = "registered"
    LOST = "lost"
    """It was registered and its registration ran out."""
    QUARANTINED = "quarantined"
    """Its evidence contradicts itself; it is served nothing."""


class LinkState(StrEnum):
    """A way out: the centre, a trunk."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"
