"""Virtual receptionists through the whole house, twice: which menu plays, what each key does, what errors lead to.

Calls of one test go on side by side: what takes seconds by its nature (seven of silence, three between digits) is
waited for once.
"""

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from appliance.directory.habits import Habits
from appliance.ports import SystemChance, SystemClock
from appliance.voice.menu_sentences import Say
from central.model.rows import find
from tests.acceptance.conftest import House
from tests.acceptance.listening import has_heard, hears
from tests.acceptance.voces import GREETING_HZ, PIN, PITCH, ZONE, Staff
from tests.lab.audio import tone_level
from tests.lab.waiting import until
from tests.lab.wallclock import voice_at
from wire.services import Menu, MenuMode, OpenHours

BOUNDARY_S, READ_AGAIN_S = 6.0, 1.5
RECORDED_HZ = 2150


@pytest.mark.acceptance("V-1", "V-2")
def test_the_menu_is_that_of_the_hour_in_the_receptionist_s_own_zone_and_a_holiday_goes_first(staff: Staff) -> None:
    expected = {
        "383": ("holiday", "vera"),
        "384": ("business", "walter"),
        "385": ("after_hours", "ximena"),
        "386": ("business", "walter"),
    }
    for person in ("vera", "walter", "ximena"):
        staff.person(person)
    calls = {}
    for n, number in enumerate(expected):
        calls[number] = staff.caller(number=n, hz=900 + 40 * n).dials(number).established()
    for number, (menu, _) in expected.items():
        staff.hears(calls[number], GREETING_HZ[menu])
    for number, (_, person) in expected.items():
        calls[number].presses("1")
        staff.talk(calls[number], person)
        calls[number].hangs_up()


def _closing(staff: Staff) -> datetime:
    """When the receptionist that is open now closes, by the rows of its schedule and its own zone."""
    rows = staff.house.building.directory_in_force().services_of(OpenHours, "sched-open")
    now = datetime.now(ZoneInfo(ZONE))
    midnights = [now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=n) for n in range(-1, 8)]
    days = [(row, day) for row in rows for day in midnights if day.weekday() == row.weekday]
    begins = {day + timedelta(minutes=row.from_minute) for row, day in days}
    return min(end for row, day in days if (end := day + timedelta(minutes=row.to_minute)) > now and end not in begins)


@pytest.mark.acceptance("V-1")
def test_a_call_just_before_closing_hears_the_day_s_menu_and_one_just_after_it_the_night_s(staff: Staff) -> None:
    """The clock of the running voice passes the boundary; a caller who was let in before stays where he is."""
    closing = _closing(staff)
    assert closing.minute % 15 == 0
    staff.person("ximena")
    before, after = (staff.caller(number=n, hz=900 + 40 * n) for n in range(2))
    with voice_at(staff.house.building, closing - timedelta(minutes=2)) as clock:
        clock.set(closing - timedelta(seconds=BOUNDARY_S))
        set_at = time.monotonic()
        staff.until(lambda: time.monotonic() - set_at > READ_AGAIN_S, 5, "voice has read its clock")
        before.dials("384")
        staff.connect(before)
        assert time.monotonic() - set_at < BOUNDARY_S, "it was let in before the boundary"
        staff.hears(before, GREETING_HZ["business"])
        staff.until(lambda: time.monotonic() - set_at > BOUNDARY_S, 2 * BOUNDARY_S, "the boundary has passed")
        after.dials("384")
        staff.connect(after)
        staff.hears(after, GREETING_HZ["after_hours"])
        assert not has_heard(before, GREETING_HZ["after_hours"])
        assert not has_heard(after, GREETING_HZ["business"])
        after.presses("1")
        staff.talk(after, "ximena")
        staff.quiet()


@pytest.mark.acceptance("V-3")
def test_each_key_leads_where_it_is_set_over_the_greeting(staff: Staff) -> None:
    """Ten kinds at once: the greeting lasts four seconds, and nobody waits for its end."""
    keys = "01234567*9"
    people = {name: staff.person(name) for name in PITCH}
    calls = {key: staff.caller(number=n, hz=900 + 20 * n) for n, key in enumerate(keys)}
    for call in calls.values():
        call.dials("380")
    for call in calls.values():
        call.established()
    staff.until(lambda: all(hears(c, GREETING_HZ["keys"]) for c in calls.values()), 5, "all hear the greeting")
    for key, call in calls.items():
        call.datagrams.clear()
        call.presses(key)
    pressed = time.monotonic()
    staff.told(calls["6"], Say.SPELL_NAME)
    staff.until(lambda: time.monotonic() - pressed > 4, 5, "the first greeting is over")
    staff.hears(calls["5"], GREETING_HZ["keys"])
    staff.have_heard(GREETING_HZ["sub"], calls["3"])
    staff.have_heard(GREETING_HZ["walter"], calls["9"])
    for key, person in (("0", "vera"), ("1", "walter"), ("*", "ximena")):
        staff.talk(calls[key], person)
    assert people["yago"].rung == 0
    calls["6"].hangs_up()
    for key, cue in (("2", Say.MAILBOX_OF), ("4", Say.ENTER_ROOM), ("7", Say.GOODBYE)):
        staff.told(calls[key], cue)
    staff.until(lambda: calls["7"].left, 8, "7 hangs up")


@pytest.mark.acceptance("V-3", "V-4")
def test_extensions_are_dialled_where_that_is_on_and_a_key_that_begins_one_waits_three_seconds(staff: Staff) -> None:
    walter, _ = staff.person("walter"), staff.person("ximena")
    direct, key, off = (staff.caller(number=n, hz=900 + 40 * n) for n in range(3))
    for call, number in ((direct, "382"), (key, "382"), (off, "380")):
        call.dials(number).established()
    staff.until(lambda: all(hears(c, GREETING_HZ["keys"]) for c in (direct, key, off)), 5, "the greeting")
    direct.presses("103")
    key.presses("1")
    pressed = time.monotonic()
    staff.talk(direct, "ximena", 2.8)
    assert walter.rung == 0, "1 may still become an extension"
    staff.until(lambda: walter.rung, 6, "1 alone is a key")
    assert 2.9 <= time.monotonic() - pressed <= 6
    key.hangs_up()
    off.presses("103")
    staff.talk(off, "walter")  # 1 acts at once: the group, where he is


@pytest.mark.acceptance("V-4")
def test_wrong_keys_and_silence_are_said_and_the_third_leads_to_the_default(staff: Staff) -> None:
    vera = staff.person("vera")
    silent, wrong = staff.caller(number=0, hz=0), staff.caller(number=1, hz=940)
    began = time.monotonic()
    for call in (silent, wrong):
        call.dials("387").established()
    staff.hears(wrong, GREETING_HZ["sub"])
    for _ in range(2):
        wrong.datagrams.clear()
        wrong.presses("5")
        staff.told(wrong, Say.INVALID_OPTION)
        staff.hears(wrong, GREETING_HZ["sub"])
        assert vera.rung == 0
    wrong.presses("5")
    staff.talk(wrong, "vera")
    wrong.hangs_up()
    # Four seconds of greeting, seven of silence, and the greeting once more: it is heard again after eleven.
    staff.until(lambda: time.monotonic() - began > 9, 9, "its greeting is over long ago")
    assert not hears(silent, GREETING_HZ["sub"])
    staff.hears(silent, GREETING_HZ["sub"], 12)
    assert time.monotonic() - began > 10.5
    silent.presses("5")
    staff.told(silent, Say.INVALID_OPTION)
    assert vera.rung == 1
    silent.presses("5")
    staff.until(lambda: vera.rung == 2, 8, "silence and wrong keys count together")


@pytest.mark.acceptance("V-5")
def test_a_receptionist_s_greeting_is_recorded_by_phone_and_the_next_caller_hears_it_whole(
    staff: Staff, centre: str
) -> None:
    """At once in the building, also cut off; and at the centre, which has it from then on."""
    house, lab = staff.house, staff.house.lab.centre
    menu = _business_menu(house)
    vera, other = staff.caller("vera", number=8), staff.caller(number=9)
    vera.dials("*643381").established()
    staff.begins(vera, Say.ENTER_PIN)
    vera.presses(f"{PIN}#")
    staff.begins(vera, Say.MENU_GREETINGS)
    vera.presses("1")
    staff.told(vera, Say.RECORD_GREETING)
    staff.lives(1.2)  # its tone
    vera.hz = RECORDED_HZ
    staff.lives(2.5)
    vera.hz = 0
    other.dials("381").established()
    staff.hears(other, GREETING_HZ["sub"])
    vera.datagrams.clear()
    vera.presses("#")
    staff.hears(vera, RECORDED_HZ)
    staff.begins(vera, Say.KEEP_MENU_GREETING)
    other.hangs_up()
    other.dials("381").established()
    staff.hears(other, GREETING_HZ["sub"])
    vera.presses("1")
    staff.told(vera, Say.MENU_GREETING_KEPT)
    staff.until(lambda: not hears(other, GREETING_HZ["sub"]), 5, "the greeting that it hears ends")
    pcm = other.heard()
    assert sum(tone_level(pcm[n : n + 800], GREETING_HZ["sub"]) > -30 for n in range(0, len(pcm), 800)) >= 37
    assert not has_heard(other, RECORDED_HZ), "nobody hears half of either"
    other.hangs_up()
    other.dials("381").established()
    staff.hears(other, RECORDED_HZ)
    assert not has_heard(other, GREETING_HZ["sub"])
    if centre == "cut":
        assert _at_the_centre(house) == menu
        house.building.mend_centre()
    kept = until(lambda: (now := _at_the_centre(house)) != menu and now, 40, "the centre has it")
    until(lambda: not _waiting_here(house), 20, "and the building has the centre's copy")
    assert _business_menu(house) == kept
    other.hangs_up()
    other.dials("381").established()
    staff.hears(other, RECORDED_HZ)
    lab.put(menu)
    until(lambda: _business_menu(house) == menu, 20, "the old greeting is back")


def _business_menu(house: House) -> Menu:
    found = house.building.directory_in_force().service(Menu, f"rec-sub-{MenuMode.BUSINESS}")
    assert found is not None
    return found


def _at_the_centre(house: House) -> Menu:
    with house.lab.centre.office() as office, office.reading() as session:
        found = find(session, Menu, f"rec-sub-{MenuMode.BUSINESS}")
    assert found is not None
    return found


def _waiting_here(house: House) -> bool:
    store = Habits(house.building.settings.paths.local_db, SystemClock(), SystemChance())
    return any(habit.kind == Menu.kind for habit in store.habits())
