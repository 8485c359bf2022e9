"""Two companies with the same numbers for everything, used at once: each caller finds their own, and nothing else's."""

from pathlib import Path

import pytest

from central.directory.sounds import SoundWish, change_sound
from tests.acceptance.listening import ALOUD_DBFS, has_heard, hears
from tests.acceptance.voces import GREETING_HZ, MUSIC_HZ, OPEN_ROOM, Staff, recording
from tests.lab.audio import tone_level
from tests.lab.mailboxes import mailboxes_of
from tests.lab.sample import SITE
from tests.lab.waiting import until
from wire.rows import Account, Extension, Person, Phone, Presence
from wire.services import (
    ConferenceServer,
    Greeting,
    Mailbox,
    Menu,
    MenuMode,
    Music,
    Receptionist,
    Room,
    Sound,
)

ECOS = "acct-ecos"
ECOS_HZ = {"menu": 2050, "music": 2150, "box": 2250}
"""What callers of Ecos hear; those of Voces hear voces.py's."""
NEW_HZ = 2350
BEEP_HZ = 1400


@pytest.fixture(scope="module")
def ecos(voces: Staff, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Ecos: 101 with a mailbox, 360 conferences with a room of Voces' number, 380 a receptionist, and its own music."""
    house, folder = voces.house, tmp_path_factory.mktemp("ecos")
    house.building.mend_centre()
    with house.lab.centre.editing(site_id=SITE) as edit:
        edit.put(Account(ECOS, "Ecos"))
        edit.put(Presence("pr-ecos", ECOS, SITE))
    house.lab.centre.put(*(Sound(f"sound-ecos-{name}", ECOS, name, text="…") for name in ECOS_HZ))
    contents = {name: recording(Path(folder), hz) for name, hz in ECOS_HZ.items()}
    with house.lab.centre.editing(ECOS) as edit:
        for name, content in contents.items():
            change_sound(edit, ECOS, f"sound-ecos-{name}", SoundWish(name, content=content))
    house.lab.centre.put(
        Person("person-eco", ECOS, "Eco"),
        Extension("ext-eco", ECOS, "101", "person", "person-eco"),
        Phone("phone-eco", ECOS, SITE, "person-eco", "001565de0101", "yealink", "T46S", "p-eco", "secret-of-eco"),
        Mailbox("box-eco", ECOS, "Eco", "person-eco", greeting=Greeting.CUSTOM, greeting_sound_id="sound-ecos-box"),
        ConferenceServer("conf-ecos", ECOS, "Conferencias"),
        Room("room-ecos", ECOS, OPEN_ROOM, "Abierta", internal_without_pin=True),
        Extension("ext-conf-ecos", ECOS, "360", "conference", "conf-ecos"),
        Receptionist("rec-ecos", ECOS, "Recepción", direct_dial=False),
        Menu("menu-ecos", ECOS, "rec-ecos", MenuMode.BUSINESS, "sound-ecos-menu"),
        Extension("ext-rec-ecos", ECOS, "380", "receptionist", "rec-ecos"),
        Music(ECOS, ECOS, "sound-ecos-music", "sound-ecos-music"),
    )
    store = house.building.settings.paths.sounds_store_dir
    until(lambda: all((store / f"{c.sha256}.wav").exists() for c in contents.values()), 40, "it has the sounds")
    until(lambda: house.building.directory_in_force().service(Music, ECOS), 20, "and the company")


@pytest.mark.acceptance("J-1", "V-3", "C-1", "L-1", "M-1")
def test_receptionist_room_music_and_mailbox_of_one_number_are_each_company_s_own(ecos: None, staff: Staff) -> None:
    ours, theirs = staff.caller("yago", hz=900), staff.caller("eco", hz=1000)
    both = (ours, theirs)

    def dial(number: str) -> None:
        for phone in both:
            phone.hangs_up()
        staff.lives(0.1)
        for phone in both:
            phone.forgets()
            phone.dials(number)
        staff.connect(*both)

    def each_hears_its_own(mine: float, others: float) -> None:
        staff.until(lambda: hears(ours, mine) and hears(theirs, others), 20, f"{mine} here, {others} there")
        assert not has_heard(ours, others) and not has_heard(theirs, mine)

    dial("380")
    each_hears_its_own(GREETING_HZ["keys"], ECOS_HZ["menu"])

    dial("360")
    for phone in both:
        phone.presses(f"{OPEN_ROOM}#")
    each_hears_its_own(MUSIC_HZ, ECOS_HZ["music"])
    colleague = staff.caller("vera", hz=1100)
    colleague.dials("360").established().presses(f"{OPEN_ROOM}#")
    staff.until(lambda: hears(ours, colleague.hz) and hears(colleague, ours.hz), 15, "two of Voces are in its room")
    assert hears(theirs, ECOS_HZ["music"]) and not has_heard(theirs, colleague.hz), "Ecos' room of that number is alone"
    assert not has_heard(colleague, theirs.hz)
    colleague.hangs_up()

    boxes = mailboxes_of(staff.house.building.settings)
    before = {box: len(boxes.messages(box)) for box in ("box-vera", "box-eco")}
    dial("*99101")
    staff.until(lambda: hears(theirs, ECOS_HZ["box"]), 10, "who wants Ecos' 101 is greeted by it")
    for phone in both:
        phone.presses("#")
    staff.until(lambda: has_heard(theirs, BEEP_HZ), 10, "its mailbox takes messages")
    assert not has_heard(ours, ECOS_HZ["box"])
    ours.hangs_up()
    staff.lives(4, lambda: False)
    theirs.hangs_up()
    staff.until(lambda: len(boxes.messages("box-eco")) == before["box-eco"] + 1, 5, "one message in Ecos' mailbox")
    assert len(boxes.messages("box-vera")) == before["box-vera"], "and none in that of Voces"


@pytest.mark.acceptance("V-5")
def test_who_hears_a_greeting_while_it_is_replaced_hears_it_whole(ecos: None, voces: Staff, tmp_path: Path) -> None:
    """The next caller hears the new one from its beginning."""
    house, staff = voces.house, voces
    house.building.mend_centre()

    def change(hz: float, seconds: float) -> None:
        content = recording(tmp_path, hz, seconds)
        with house.lab.centre.editing(ECOS) as edit:
            change_sound(edit, ECOS, "sound-ecos-menu", SoundWish("menu", content=content))

        def here() -> bool:
            row = house.building.directory_in_force().service(Sound, "sound-ecos-menu")
            store = house.building.settings.paths.sounds_store_dir
            return row is not None and row.sha256 == content.sha256 and (store / f"{content.sha256}.wav").exists()

        staff.until(here, 30, "the building has the new greeting")

    change(ECOS_HZ["menu"], 12.0)
    first, second = staff.caller("eco", hz=1000), staff.caller("eco", hz=1000, number=1)
    first.dials("380")
    staff.connect(first)
    staff.until(lambda: hears(first, ECOS_HZ["menu"]), 10, "the greeting plays")
    change(NEW_HZ, 4.0)
    assert hears(first, ECOS_HZ["menu"]), "it plays on"
    second.dials("380")
    staff.connect(second)
    staff.until(lambda: hears(second, NEW_HZ), 10, "the next caller hears the new one")
    assert not has_heard(second, ECOS_HZ["menu"])
    staff.until(lambda: not hears(first, ECOS_HZ["menu"]), 15, "the old one has ended")
    pcm = first.heard()
    sounding = sum(tone_level(pcm[n : n + 800], ECOS_HZ["menu"]) > ALOUD_DBFS for n in range(0, len(pcm) - 799, 800))
    assert sounding >= 118, f"{sounding / 10} s of twelve were heard"
    assert not has_heard(first, NEW_HZ)
    staff.quiet()
