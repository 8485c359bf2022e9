"""Two more companies of the sample building, for tests that need people with habits: Coral, and Dalia without a peso.

Nobody of Acme or Bravo is touched by what Coral's people set. Their phones are agents of a laptop, Pía's a real one.
"""

from tests.lab.sample import SITE, sip_secret, sip_user
from wire.pins import hashed
from wire.rows import Account, Extension, Mapping, Number, Person, Phone, Presence, Row
from wire.services import Limits, Mailbox, Member, Menu, MenuKey, Preferences, Receptionist, RingGroup

CORAL, DALIA = "acct-coral", "acct-dalia"
MOBILE, DEAF_MOBILE = "5512340002", "5512340003"
"""Where Coral's people forward to; the second one's owner never answers: tests tell the carrier so."""
RECEPTION, GROUP = "+525550000420", "+525550000421"
PIA_MAC = "001565aa0320"
BOX_PIN = "8024"

NOBODY_REACHES: dict[str, object] = {
    "forward_mode": "always",
    "forward_to": MOBILE,
    "do_not_disturb": True,
    "call_waiting": False,
    "hide_caller_id": True,
}

# (extension, person, area code, may call abroad, habits, seconds until the mailbox answers; 0: there is none)
CORALS: tuple[tuple[str, str, str, bool, dict[str, object], int], ...] = (
    ("111", "gala", "", False, {}, 0),
    ("112", "hugo", "", False, {}, 0),
    ("113", "ines", "", False, {"forward_mode": "always", "forward_to": MOBILE}, 1),
    ("114", "joel", "", False, {"forward_mode": "offline", "forward_to": MOBILE}, 0),
    ("115", "kari", "", False, {}, 0),
    ("116", "luis", "", True, {}, 0),
    ("117", "mara", "", False, {"forward_mode": "always", "forward_to": DEAF_MOBILE}, 4),
    ("118", "nora", "", False, NOBODY_REACHES, 0),
    ("119", "omar", "", False, {"forward_mode": "always", "forward_to": "119"}, 0),
    ("120", "pia", "", False, {}, 0),
    ("121", "rosa", "", False, {}, 0),
    ("122", "saul", "", False, {"forward_mode": "always", "forward_to": MOBILE, "forward_confirm": True}, 0),
    ("123", "tina", "664", False, {}, 0),
    ("124", "uma", "", False, {}, 0),
    # Their forwards count when they are busy, and after two seconds.
    ("134", "quique", "", False, {"forward_busy_to": "112", "forward_no_answer_to": MOBILE}, 2),
    ("135", "remo", "", False, {"forward_busy_to": MOBILE, "forward_no_answer_to": "112"}, 2),
    # A chain of forwards, one link longer than is followed.
    ("130", "eva", "", False, {"forward_mode": "always", "forward_to": "131"}, 0),
    ("131", "fito", "", False, {"forward_mode": "always", "forward_to": "132"}, 0),
    ("132", "lola", "", False, {"forward_mode": "always", "forward_to": "133"}, 0),
    ("133", "memo", "", False, {"forward_mode": "always", "forward_to": MOBILE}, 0),
)

# (extension, group, mode, members, where calls go that nobody takes); five seconds all of them
GROUPS: tuple[tuple[str, str, str, tuple[str, ...], tuple[str, str]], ...] = (
    ("150", "group-all", "together", ("gala", "phone:hugo", "ines", "nora", "joel", "kari"), ("person", "person-rosa")),
    ("151", "group-turn", "in_turn", ("gala", "nora", "joel", "kari", "phone:hugo"), ("mailbox", "box-coral")),
    ("152", "group-alone", "in_turn", ("tina",), ("mailbox", "box-coral")),
    ("153", "group-forwarding", "together", ("ines", "mara"), ("person", "person-rosa")),
)


def number_of(person: str) -> str:
    """A Coral person's direct number."""
    return next(f"+525550000{int(digits) + 200}" for digits, name, *_ in CORALS if name == person)


def coral_rows() -> tuple[Row, ...]:
    """160 is Coral's receptionist (1 Gala); nobody's mailbox is box-coral. Dalia has one person, Zoe, and no credit.

    RECEPTION and GROUP lead to the receptionist and to group-all.
    """
    rows: list[Row] = [
        Account(CORAL, "Coral y Compañía"),
        Presence("pr-coral", CORAL, SITE),
        Limits(CORAL, CORAL, prepaid=True, balance=10_000_000, offline_budget=1_000_000,
               international_at_once_person=1),
        Mailbox("box-coral", CORAL, "Coral"),
        Receptionist("rec-coral", CORAL, "Coral"),
        Extension("ext-rec-coral", CORAL, "160", "receptionist", "rec-coral"),
        Menu("rec-coral-business", CORAL, "rec-coral", "business"),
        MenuKey("rec-coral-1", CORAL, "rec-coral-business", "1", "person", "person-gala"),
        *(
            row
            for number, kind, target in ((RECEPTION, "receptionist", "rec-coral"), (GROUP, "ring_group", "group-all"))
            for row in (Number(f"num-{target}", CORAL, number), Mapping(f"num-{target}", CORAL, kind, target))
        ),
        Account(DALIA, "Dalia"),
        Presence("pr-dalia", DALIA, SITE),
        Limits(DALIA, DALIA, prepaid=True, balance=0),
        *_person(DALIA, "101", "zoe", "+525550000401", abroad=True),
    ]
    for digits, name, area_code, abroad, habits, answers in CORALS:
        rows += _person(CORAL, digits, name, number_of(name), area_code, abroad)
        if habits:
            rows.append(Preferences(f"person-{name}", CORAL, **habits))  # type: ignore[arg-type]
        if answers:
            pin = hashed(BOX_PIN, name.encode().ljust(16, b"s"))
            rows.append(Mailbox(f"box-{name}", CORAL, name, f"person-{name}", answer_after_s=answers, pin_hash=pin))
    for digits, group, mode, members, then in GROUPS:
        rows.append(RingGroup(group, CORAL, group, mode, 5, *then))
        rows.append(Extension(f"ext-{group}", CORAL, digits, "ring_group", group))
        rows += [_member(group, n, who) for n, who in enumerate(members, 1)]
    return tuple(rows)


def _person(account: str, digits: str, name: str, e164: str, area_code: str = "", abroad: bool = False) -> list[Row]:
    person, mac = f"person-{name}", PIA_MAC if name == "pia" else f"001565cd0{e164[-3:]}"
    return [
        Person(person, account, name.title(), area_code=area_code, international=abroad),
        Extension(f"ext-{name}", account, digits, "person", person),
        Number(f"num-{name}", account, e164),
        Mapping(f"num-{name}", account, "person", person),
        Phone(
            *(f"phone-{name}", account, SITE, person, mac, "yealink", "T46S", sip_user(name), sip_secret(name)),
            label=f"{digits} {name.title()}",
        ),
    ]


def _member(group: str, position: int, who: str) -> Member:
    kind, _, name = who.rpartition(":")
    return Member(f"{group}-{position}", CORAL, group, position, kind or "person", f"{kind or 'person'}-{name}")
