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
    NO_CREDIT = "no-credit"
    LIMIT_REACHED = "limit-reached"
    OUTSIDE_HOURS = "outside-hours"
    OTHER_BUILDING = "other-building"
    FORWARD_REFUSED = "forward-refused"
    NO_MAILBOX = "no-mailbox"
    NO_LAST_CALL = "no-last-call"
    LAST_CALLER_WITHHELD = "last-caller-withheld"
    NOT_ALLOWED_HERE = "not-allowed-here"
    PHONE_NOT_HERE = "phone-not-here"
    NOTHING_RINGS = "nothing-rings"
    NOTHING_PARKED = "nothing-parked"


class Cue(StrEnum):
    """What the service `confirm` speaks, one after the other; between them digits, as `digits:<digits>`."""

    FORWARD_ALL_ON = "forward-all-on"
    FORWARD_ALL_OFF = "forward-all-off"
    FORWARD_BUSY_ON = "forward-busy-on"
    FORWARD_BUSY_OFF = "forward-busy-off"
    FORWARD_NO_ANSWER_ON = "forward-no-answer-on"
    FORWARD_NO_ANSWER_OFF = "forward-no-answer-off"
    CALL_WAITING_ON = "call-waiting-on"
    CALL_WAITING_OFF = "call-waiting-off"
    DO_NOT_DISTURB_ON = "do-not-disturb-on"
    DO_NOT_DISTURB_OFF = "do-not-disturb-off"
    RECEPTIONIST_AUTO = "receptionist-auto"
    RECEPTIONIST_OPEN = "receptionist-open"
    RECEPTIONIST_CLOSED = "receptionist-closed"
    EMERGENCY_TEST = "emergency-test"
    EMERGENCY_TEST_NO_WAY = "emergency-test-no-way"
    """The test was made, and no trunk is up."""


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
