"""Buildings, callers and states of them at random, for what must hold of every call (test_routing_properties.py)."""

from hypothesis import strategies as st

from appliance.directory.model import (
    Account,
    DestinationKind,
    DialProfile,
    Extension,
    Mapping,
    MemoryDirectory,
    Number,
    Person,
    Phone,
    Site,
    Trunk,
)
from appliance.sip_edge.dialogs import Replaces
from appliance.sip_edge.plan import WITHHELD, CallAttempt, FromPhone, FromTrunk, FromVoice, Scope, Talk
from appliance.sip_edge.starcodes import CODES
from tests.unit.sip_edge.building import Reachable
from wire.services import ConferenceServer, Limits, Mailbox, Member, Preferences, Receptionist, RingGroup

IDS = st.sampled_from(["", "a", "b", "c", "d"])
"""Few ids, shared by rows of every kind: most references dangle, cross accounts or meet themselves."""

DIGITS = st.sampled_from(["", "101", "102", "911", "066", "9", "*9196", "5512345678", "0"]) | st.text(max_size=8)
E164 = st.sampled_from(["", "+525550000101", "+525550000102", "5550000101", "+14155552671", "garbage"])
KINDS = st.sampled_from([*DestinationKind, "", "rocket"])
SITES = st.builds(
    Site,
    st.just("here"),
    st.text(max_size=5),
    area_code=st.sampled_from(["55", "664", "", "x"]),
    dial_profile=st.sampled_from([*DialProfile, "mx1999"]),
    strict_dialling=st.booleans(),
    callback_number=E164,
)
ROWS = st.one_of(
    st.builds(Account, IDS, st.text(max_size=5), default_kind=KINDS, default_target_id=IDS),
    st.builds(
        Person, IDS, IDS, st.text(max_size=5), international=st.booleans(), premium=st.booleans(), caller_id=E164
    ),
    st.builds(Extension, IDS, IDS, DIGITS, KINDS, IDS),
    st.builds(Number, IDS, IDS, E164),
    st.builds(Mapping, IDS, IDS, KINDS, IDS),
    st.builds(Phone, IDS, IDS, st.sampled_from(["here", "there"]), IDS, DIGITS, IDS, IDS, IDS),
    st.builds(Trunk, IDS, st.just("here"), IDS, IDS, IDS, priority=st.integers(0, 3), plus=st.booleans()),
)
MODES = st.sampled_from(["together", "in_turn", "?"])
FORWARDS = st.builds(
    Preferences,
    IDS,
    IDS,
    st.sampled_from(["disabled", "offline", "always", "?"]),
    DIGITS,
    DIGITS,
    DIGITS,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
SERVICES = st.one_of(
    FORWARDS,
    st.builds(RingGroup, IDS, IDS, IDS, MODES, st.integers(-1, 400), KINDS, IDS),
    st.builds(Member, IDS, IDS, IDS, st.integers(1, 3), st.sampled_from(["person", "phone", "?"]), IDS),
    st.builds(Mailbox, IDS, IDS, IDS, IDS, st.booleans(), st.integers(-1, 400)),
    st.builds(Receptionist, IDS, IDS, IDS),
    st.builds(ConferenceServer, IDS, IDS, IDS),
    st.builds(Limits, IDS, IDS, st.booleans(), st.integers(0, 2), international_schedule_id=IDS),
)
ROOM = "0123456789abcdef"
WITH_SERVICES = st.builds(
    lambda site, rows, services: MemoryDirectory((site, *rows, *services)),
    SITES,
    st.lists(ROWS, max_size=14),
    st.lists(SERVICES, max_size=10),
)
DIRECTORIES = st.builds(
    lambda site, rows: MemoryDirectory(tuple(([site] if site else []) + rows)),
    st.none() | SITES,
    st.lists(ROWS, max_size=14),
)
DIALLED = st.one_of(
    DIGITS,
    E164,
    st.sampled_from(["00525550000101", "50000102", "*9196#", "090", "9001234567", "0014155552671", "7766"]),
    st.sampled_from(["9" * 60, "00" + "1" * 58, "+" + "5" * 60, "*72" + "5" * 60, "conference", f"conference-{ROOM}"]),
    st.text(alphabet="0123456789*#+", max_size=16),
    st.text(max_size=30),
)
CODED = st.builds(lambda code, rest: code + rest, st.sampled_from([c.code for c in CODES]), DIALLED)
KEYS = st.sampled_from(["k1", "k2"])
"""Of calls on the board; few, so that what is named is up as often as not."""
REPLACES = st.builds(Replaces, st.just("x;to-tag=a;from-tag=b"), st.lists(KEYS, min_size=1, max_size=2).map(tuple))
GOTO = st.none() | st.tuples(KINDS | st.just("phone"), IDS)
PHONE_CALLS = st.builds(
    CallAttempt,
    st.builds(FromPhone, IDS),
    DIALLED | CODED,
    diversions=st.integers(0, 5),
    referred_by=IDS,
    wants_privacy=st.booleans(),
    replaces=st.none() | REPLACES,
)
TRUNK_CALLS = st.builds(
    CallAttempt,
    st.builds(FromTrunk, IDS, DIALLED, st.text(max_size=5)),
    DIALLED,
    goto=GOTO,
    diversions=st.integers(0, 5),
    wants_privacy=st.booleans(),
)
WHY = st.sampled_from(["", "receptionist", "accept", "transfer", "room"])
VOICE_CALLS = st.builds(
    CallAttempt,
    st.builds(FromVoice, IDS, DIGITS, IDS, IDS, WHY, IDS),
    DIALLED | CODED,
    goto=GOTO,
    diversions=st.integers(0, 5),
    referred_by=IDS,
    wants_privacy=st.booleans(),
    replaces=st.none() | REPLACES,
)
COUNTS = st.integers(0, 3)
SCOPES = st.sampled_from([*Scope])
LAST = st.sampled_from(["", WITHHELD, "101", "+525512345678", "*66", "*69", "911"]) | DIALLED
WHERE = KEYS | st.sampled_from(["conference", f"conference-{ROOM}", ROOM])
REACHES = st.builds(
    Reachable,
    unregistered=st.frozensets(IDS),
    trunks_down=st.frozensets(IDS),
    voice=st.booleans(),
    link=st.booleans(),
    in_calls=st.dictionaries(IDS, COUNTS),
    apart=st.frozensets(IDS),
    class_counts=st.dictionaries(st.tuples(SCOPES, IDS, st.just("international")), COUNTS),
    spent=st.dictionaries(st.tuples(SCOPES, IDS), st.integers(0, 500_000)),
    dialled=st.dictionaries(IDS, LAST),
    callers=st.dictionaries(IDS, LAST),
    talks=st.dictionaries(
        KEYS, st.builds(Talk, IDS, st.lists(IDS, max_size=3).map(tuple), st.booleans(), st.frozensets(IDS))
    ),
    referrals=st.dictionaries(st.tuples(IDS, WHERE), IDS),
    rooms=st.dictionaries(IDS, st.just(ROOM)),
)
