"""Voces, a company of the shared house that has every service of voice, and phones whose every packet is the test's.

Its people answer nothing of other tests, its mailboxes end nobody else's calls. What callers hear of it are pitches:
each greeting has its own, so that a test can tell on the recorded RTP which one played.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance.voice.prompts import Shelf
from appliance.voice.sentences import SENTENCES
from central.directory.sounds import SoundWish, change_sound
from central.sounds import Converted, convert
from tests.acceptance.conftest import House
from tests.acceptance.listening import Listening, beginning, has_heard, hears
from tests.integration.sip_edge.watching import Watch
from tests.lab.audio import Pcm, tone, write_wav
from tests.lab.handset import Handset, together
from tests.lab.netns import Namespace, cable
from tests.lab.sample import SITE
from tests.lab.waiting import until
from wire.pins import hashed
from wire.rows import ROW_TYPES, Account, Extension, Mapping, Number, Person, Phone, Presence, Row
from wire.services import (
    ConferenceServer,
    Greeting,
    Holiday,
    Mailbox,
    Member,
    Menu,
    MenuKey,
    MenuMode,
    Music,
    OpenHours,
    Receptionist,
    RingGroup,
    Room,
    Schedule,
    Sound,
)

VOCES = "acct-voces"
BOX = ("10.20.0.1", 5060)
WALL = "10.20.0.{}"
FIRST_SOCKET, SOCKETS = 11, 28
"""Addresses on the voice network that no lease and no other test takes."""

PIN = "8024"
PEOPLE = {"vera": "101", "walter": "102", "ximena": "103", "yago": "104"}
PITCH = {"vera": 410, "walter": 510, "ximena": 610, "yago": 710}
"""What each says on the phone."""
GREETING_HZ = {"keys": 1150, "sub": 1250, "holiday": 1350, "business": 1450, "after_hours": 1550, "walter": 1650}
MUSIC_HZ, OTHER_MUSIC_HZ = 1750, 1850
ROOM, ROOM_PIN, MODERATOR_PIN = "7001", "4711", "9932"
OPEN_ROOM, SHUT_ROOM = "7002", "7003"
CONFERENCE = "+525550000360"
ZONE = "Asia/Kathmandu"
"""A quarter of an hour from every other zone: whose receptionist had taken the site's would be seen."""


def rows(now: datetime) -> tuple[Row, ...]:
    """101-104 Vera, Walter, Ximena, Yago; their mailboxes, Ximena's with PIN and after 3 s, Yago's without PIN.

    360 conferences, 370 the group. 380 every kind of key, no direct dialling; 381 its sub-menu; 382 extensions and
    key 1; 383 to 386 the receptionists of a holiday, of open hours, of closed ones, and of no schedule; 387 three
    failures lead to Vera.
    """
    made: list[Row] = [
        Account(VOCES, "Voces"),
        Presence("pr-voces", VOCES, SITE),
        Number("num-voces", VOCES, CONFERENCE),
        Mapping("num-voces", VOCES, "conference", "conf-voces"),
        ConferenceServer("conf-voces", VOCES, "Conferencias"),
        Room("room-voces", VOCES, ROOM, "Consejo", ROOM_PIN, MODERATOR_PIN),
        Room("room-voces-open", VOCES, OPEN_ROOM, "Abierta", internal_without_pin=True),
        Room("room-voces-shut", VOCES, SHUT_ROOM, "Cerrada"),
        RingGroup("group-voces", VOCES, "Ventas", ring_s=10),
        Member("member-voces", VOCES, "group-voces", 1, "person", "person-walter"),
        Music(VOCES, VOCES, "sound-music", "sound-music"),
    ]
    for name, digits in PEOPLE.items():
        person, mac = f"person-{name}", f"001565dd0{digits}"
        made += [
            Person(person, VOCES, name.title(), "Voces"),
            Extension(f"ext-{name}", VOCES, digits, "person", person),
            Phone(f"phone-{name}", VOCES, SITE, person, mac, "yealink", "T46S", f"p-{name}", f"secret-of-{name}"),
        ]
    hashed_pin = hashed(PIN, b"v" * 16)
    made += [
        Mailbox("box-vera", VOCES, "Vera", "person-vera", answer_after_s=3, pin_hash=hashed_pin, max_message_s=5),
        Mailbox("box-walter", VOCES, "Walter", "person-walter", answer_after_s=3, pin_hash=hashed_pin,
                greeting=Greeting.CUSTOM, greeting_sound_id="sound-walter"),
        Mailbox("box-ximena", VOCES, "Ximena", "person-ximena", answer_after_s=3, pin_hash=hashed_pin,
                email="ximena@example.mx"),
        Mailbox("box-yago", VOCES, "Yago", "person-yago", pin_hash=hashed_pin),
    ]  # fmt: skip
    made += [*_receptionists(), *_hours(now)]
    for n, target in enumerate(("keys", "sub", "direct", "holiday", "open", "closed", "always", "failing")):
        made.append(Extension(f"ext-rec-{target}", VOCES, f"38{n}", "receptionist", f"rec-{target}"))
    made.append(Extension("ext-conf-voces", VOCES, "360", "conference", "conf-voces"))
    made.append(Extension("ext-group-voces", VOCES, "370", "ring_group", "group-voces"))
    return tuple(made)


def _receptionists() -> Iterator[Row]:
    yield Receptionist(
        "rec-keys", VOCES, "Teclas", direct_dial=False, default_kind="person", default_target_id="person-yago"
    )
    yield from _menu("rec-keys", MenuMode.BUSINESS, "keys", {
        "0": ("person", "person-vera"), "1": ("ring_group", "group-voces"), "2": ("mailbox", "box-ximena"),
        "3": ("receptionist", "rec-sub"), "4": ("conference", "conf-voces"), "5": ("repeat", ""),
        "6": ("dial_by_name", ""), "7": ("hang_up", ""), "8": ("person", "person-yago"),
        "9": ("mailbox", "box-walter"), "*": ("person", "person-ximena"),
    })  # fmt: skip
    yield Receptionist("rec-sub", VOCES, "Submenú", direct_dial=False)
    yield from _menu("rec-sub", MenuMode.BUSINESS, "sub", {"1": ("person", "person-vera")})
    yield Receptionist("rec-direct", VOCES, "Directa", default_kind="person", default_target_id="person-yago")
    yield from _menu("rec-direct", MenuMode.BUSINESS, "keys", {"1": ("person", "person-walter")})
    yield Receptionist(
        "rec-failing", VOCES, "Fallas", direct_dial=False, default_kind="person", default_target_id="person-vera"
    )
    yield from _menu("rec-failing", MenuMode.BUSINESS, "sub", {"9": ("hang_up", "")})


def _hours(now: datetime) -> Iterator[Row]:
    """Three schedules around this moment, on the wall clock of ZONE; none comes to a boundary within a quarter hour."""
    there = now.astimezone(ZoneInfo(ZONE))
    quarter = there.replace(minute=there.minute // 15 * 15, second=0, microsecond=0)
    around = (quarter - timedelta(minutes=15), quarter + timedelta(minutes=30))
    beside = ((quarter - timedelta(minutes=45), around[0]), (around[1], quarter + timedelta(minutes=60)))
    for schedule in ("holiday", "open", "closed"):
        yield Schedule(f"sched-{schedule}", VOCES, schedule)
        yield Receptionist(f"rec-{schedule}", VOCES, schedule, timezone=ZONE, schedule_id=f"sched-{schedule}")
        ranges = (
            beside if schedule == "closed" else (around, (quarter + timedelta(hours=2), quarter + timedelta(hours=3)))
        )
        for n, (begin, end) in enumerate(part for one in ranges for part in _within_days(*one)):
            yield OpenHours(f"hours-{schedule}-{n}", VOCES, f"sched-{schedule}", begin.weekday(), _minute(begin), end)
    today = there.date()
    first, last = (today - timedelta(days=1)).isoformat(), (today + timedelta(days=1)).isoformat()
    yield Holiday("feast-voces", VOCES, "sched-holiday", "Fiesta", first, last)
    yield Receptionist("rec-always", VOCES, "Siempre")
    for receptionist in ("holiday", "open", "closed", "always"):
        for mode, person in zip(MenuMode, ("walter", "ximena", "vera"), strict=True):
            yield from _menu(f"rec-{receptionist}", mode, mode, {"1": ("person", f"person-{person}")})


def _minute(moment: datetime) -> int:
    return moment.hour * 60 + moment.minute


def _within_days(begin: datetime, end: datetime) -> list[tuple[datetime, int]]:
    """A range as ranges of one day each: its begin, and the minute of its end."""
    if begin.date() == end.date():
        return [(begin, _minute(end))]
    midnight = end.replace(hour=0, minute=0)
    return [(begin, 1440), *([(midnight, _minute(end))] if _minute(end) else [])]


def _menu(receptionist: str, mode: str, sound: str, keys: dict[str, tuple[str, str]]) -> Iterator[Row]:
    menu = Menu(f"{receptionist}-{mode}", VOCES, receptionist, mode, f"sound-{sound}")
    yield menu
    for digit, does in keys.items():
        yield MenuKey(f"{menu.id}-{digit}", VOCES, menu.id, digit, *does)


def recording(folder: Path, hz: float, seconds: float = 4.0) -> Converted:
    """A pitch, as an administrator uploads it."""
    file = folder / f"{hz:g}.wav"
    write_wav(file, tone(hz, seconds))
    return convert(file.read_bytes())


def settled(house: House, folder: Path) -> None:
    """Puts the company into the centre, and waits until the building has it with its sounds."""
    house.building.mend_centre()
    pitches = {**GREETING_HZ, "music": MUSIC_HZ}
    sounds = {name: recording(folder, hz) for name, hz in pitches.items()}
    named = [Sound(f"sound-{name}", VOCES, name, text="…") for name in sounds]
    made = sorted(rows(datetime.now(UTC)), key=lambda r: ROW_TYPES.index(type(r)))
    with house.lab.centre.editing(site_id=SITE) as edit:
        for row in (r for r in made if isinstance(r, Account | Presence)):
            edit.put(row)
    house.lab.centre.put(*named)
    with house.lab.centre.editing(VOCES) as edit:
        for name, content in sounds.items():
            change_sound(edit, VOCES, f"sound-{name}", SoundWish(name, content=content))
    house.lab.centre.put(*(r for r in made if not isinstance(r, Account | Presence)))
    store = house.building.settings.paths.sounds_store_dir
    until(lambda: all((store / f"{c.sha256}.wav").exists() for c in sounds.values()), 40, "the building has the sounds")
    until(lambda: house.building.directory_in_force().service(Receptionist, "rec-always"), 20, "it has the company")


@dataclass
class Staff:
    """Handsets at sockets in the wall, made when first asked for."""

    house: House
    place: Namespace
    phones: dict[str, Handset] = field(default_factory=dict)
    lamps: set[str] = field(default_factory=set)
    beginnings: dict[str, Pcm] = field(default_factory=dict)

    def person(self, name: str, answers: bool = True) -> Handset:
        """Registered as this person, saying their pitch; `answers` what rings, or lets it ring."""
        if name not in self.phones:
            phone = self.phones[name] = self._made(name, PITCH[name])
            assert phone.register(expires=3600).status == 200
        self.phones[name].answers = answers
        return self.phones[name]

    def caller(self, person: str = "yago", hz: float = 0, codec: str = "PCMU", number: int = 0) -> Handset:
        """One more phone of this person's account that nobody can ring."""
        name = f"{person}-{codec}-{number}"
        if name not in self.phones:
            self.phones[name] = self._made(person, hz, codec)
        self.phones[name].hz = hz
        return self.phones[name]

    def lives(self, seconds: float, enough: Callable[[], object] = lambda: False) -> bool:
        return together(tuple(self.phones.values()), seconds, enough)

    def until(self, enough: Callable[[], object], seconds: float, what: str) -> None:
        assert self.lives(seconds, enough), f"{what}: not within {seconds:g} s"

    def connect(self, *calls: Handset, seconds: float = 20) -> None:
        """Waits until all these calls are answered; meanwhile everybody lives."""
        self.until(lambda: all(c.answered for c in calls), seconds, "the calls are answered")
        for call in calls:
            call.established(1)

    def hears(self, phone: Handset, hz: float, seconds: float = 15) -> None:
        """Waits until this pitch sounds at the phone."""
        self.until(lambda: hears(phone, hz), seconds, f"{phone.user} hears {hz:g} Hz")

    def have_heard(self, hz: float, *phones: Handset, seconds: float = 15) -> None:
        """Waits until this pitch has sounded at each of them, however long ago."""
        self.until(lambda: all(has_heard(p, hz) for p in phones), seconds, f"all have heard {hz:g} Hz")

    def lamp(self, name: str) -> Handset:
        """The person's phone, which is told of waiting messages from now on; its `told_at` says what and when."""
        phone = self.person(name)
        if name not in self.lamps:
            watch = Watch(phone, PEOPLE[name], "message-summary")
            assert watch.subscribe(3600).status == 200
            self.lamps.add(name)
        return phone

    def told(self, phone: Handset, cue: str, seconds: float = 15) -> None:
        """Waits until the phone has been told this sentence."""
        self.until(Listening(phone, self.words(cue)), seconds, f"{phone.user} is told {cue}")

    def begins(self, phone: Handset, cue: str, seconds: float = 15) -> None:
        """Waits until enough of this sentence has been told to know it from every other: who knows it presses on."""
        if cue not in self.beginnings:
            self.beginnings[cue] = beginning(self.words(cue), [self.words(c) for c in SENTENCES if c != cue])
        self.until(Listening(phone, self.beginnings[cue]), seconds, f"{phone.user} is told the beginning of {cue}")

    def words(self, cue: str) -> Pcm:
        words = Shelf.of(self.house.building.settings).words(cue, "es-MX")
        assert words is not None, f"{cue} is not there"
        return words

    def talk(self, caller: Handset, person: str, seconds: float = 15) -> None:
        """Waits until the two hear each other."""
        called = self.person(person)
        self.until(
            lambda: hears(caller, called.hz) and hears(called, caller.hz), seconds, f"{caller.user} talks with {person}"
        )

    def quiet(self) -> None:
        """Everybody has hung up and forgotten all."""
        for phone in self.phones.values():
            phone.hangs_up()
        self.lives(0.3)
        for phone in self.phones.values():
            phone.forgets()

    def _made(self, person: str, hz: float, codec: str = "PCMU") -> Handset:
        address = WALL.format(FIRST_SOCKET + len(self.phones))
        assert len(self.phones) < SOCKETS, "no socket is free"
        with self.place.inside():
            return Handset(f"p-{person}", f"secret-of-{person}", BOX, address=address, codec=codec, hz=hz)


def staff_of(house: House) -> Iterator[Staff]:
    assert house.building.place
    place = Namespace.new("voces")
    cable(house.building.place, "voces", place, "eth0", near_switch="voice0")
    place.ip(*(f"addr add {WALL.format(FIRST_SOCKET + n)}/24 dev eth0" for n in range(SOCKETS)))
    staff = Staff(house, place)
    # Sentences without a recording are made at the lowest priority, after the house has started.
    until(lambda: not Shelf.of(house.building.settings).missing(), 120, "every sentence is made")
    try:
        yield staff
    finally:
        for phone in staff.phones.values():
            phone.close()
        place.remove()
