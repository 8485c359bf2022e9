"""Edits of a company's services: groups, receptionists, mailboxes, rooms, sounds, habits; on SQLite and PostgreSQL."""

import io
import math
import resource
import struct
import subprocess
import wave
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.vocabulary import CallClass
from central import journal
from central.directory import (
    accounts,
    groups,
    habits,
    mailboxes,
    people,
    receptionists,
    rooms,
    schedules,
    sounds,
    trunks,
)
from central.directory.destinations import destinations
from central.directory.trunk_use import TrunkUseWish, set_use
from central.errors import InputProblem, InputProblems, NotFoundProblem
from central.facts import envelope_of
from central.feed import sound_for
from central.model import AuditEntry
from central.office import Office
from central.sounds import MAX_UPLOAD, convert
from tests.integration.central.building import Copy
from tests.integration.central.conftest import SettableClock
from tests.integration.central.facts import a_call, enveloped
from tests.integration.central.making import WHO, a_company, a_person, a_site
from wire import pins, prices
from wire.facts import Leg
from wire.rows import DestinationKind, Extension
from wire.services import TRUNK_CLASSES, Mailbox, Member, Menu, MenuKey, OpenHours, Preferences, RingGroup, TrunkUse


def tone(seconds: float, rate: int = 44_100) -> bytes:
    """A stereo WAV file, as a phone's recorder makes it."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        values = (int(8000 * math.sin(2 * math.pi * 440 * n / rate)) for n in range(int(rate * seconds)))
        sound.writeframes(b"".join(struct.pack("<hh", v, v) for v in values))
    return out.getvalue()


@pytest.fixture
def house(office: Office) -> tuple[Office, str, str, Copy]:
    site = a_site(office)
    return office, a_company(office, "", site), site, Copy(site)


House = tuple[Office, str, str, Copy]


@pytest.mark.acceptance("R-4")
def test_a_group_has_its_members_in_their_order_and_a_deleted_person_leaves_it_with_a_warning(house: House) -> None:
    office, acme, _, copy = house
    ana, beto = (a_person(office, acme, n, d).person.id for n, d in (("Ana", "101"), ("Beto", "102")))
    wish = groups.GroupWish("Ventas", "200", "in_turn", "15", members=[("person", beto), ("person", ana)])
    with office.editing(WHO) as edit:
        group = groups.add_group(edit, acme, wish)
    copy.follow(office)
    assert copy.rows[("ring_group", group.id)] == group
    members = sorted((m for m in copy.rows.values() if isinstance(m, Member)), key=lambda m: m.position)
    assert [m.target_id for m in members] == [beto, ana]

    with office.editing(WHO) as edit:
        wish = groups.GroupWish("Ventas MX", "201", "together", "300", "person", ana, [("person", ana)])
        groups.change_group(edit, acme, group.id, wish)
    copy.follow(office)
    assert [m.target_id for m in copy.rows.values() if isinstance(m, Member)] == [ana]
    assert [e.digits for e in copy.rows.values() if isinstance(e, Extension) and e.target_id == group.id] == ["201"]

    with office.editing(WHO) as edit:
        assert people.delete_person(edit, acme, ana) == ("Ventas MX",)
    copy.follow(office)
    left = copy.rows[("ring_group", group.id)]
    assert isinstance(left, RingGroup)
    assert left.no_answer_kind == ""
    assert not [m for m in copy.rows.values() if isinstance(m, Member)]


@pytest.mark.parametrize(
    ("ring_s", "extension", "field"),
    [("4", "200", "ring_s"), ("301", "200", "ring_s"), ("20", "911", "extension"), ("20", "101", "extension")],
)
def test_a_group_that_cannot_be_is_refused_whole(house: House, ring_s: str, extension: str, field: str) -> None:
    office, acme, _, copy = house
    a_person(office, acme, "Ana", "101")
    copy.follow(office)
    before = copy.revision
    with pytest.raises(InputProblem) as refused, office.editing(WHO) as edit:
        groups.add_group(edit, acme, groups.GroupWish("Ventas", extension, ring_s=ring_s))
    assert refused.value.field == field
    copy.follow(office)
    assert copy.revision == before


def test_more_members_than_one_call_can_ring_must_ring_in_turn(house: House) -> None:
    office, acme, _, _ = house
    crowd = [("person", a_person(office, acme, f"P{n}", str(300 + n)).person.id) for n in range(26)]
    with pytest.raises(InputProblem) as refused, office.editing(WHO) as edit:
        groups.add_group(edit, acme, groups.GroupWish("Todos", "200", "together", members=crowd))
    assert "25" in refused.value.text("en")
    with office.editing(WHO) as edit:
        groups.add_group(edit, acme, groups.GroupWish("Todos", "200", "in_turn", members=crowd))


def test_nobody_of_another_company_can_be_in_a_group_or_behind_a_key(house: House) -> None:
    office, acme, site, _ = house
    stranger = a_person(office, a_company(office, "", site), "Carla", "101").person.id
    who = ("person", stranger)
    wish = groups.GroupWish("V", "200", no_answer_kind="person", no_answer_target_id=stranger, members=[who])
    with pytest.raises(InputProblems) as refused, office.editing(WHO) as edit:
        groups.add_group(edit, acme, wish)
    assert {p.field for p in refused.value.problems} == {"members", "no_answer"}
    menus = {"business": receptionists.MenuWish(keys=[receptionists.KeyWish("1", *who)])}
    desk = receptionists.ReceptionistWish("Recepción", "100", menus=menus)
    with pytest.raises(InputProblem), office.editing(WHO) as edit:
        receptionists.add_receptionist(edit, acme, desk)


@pytest.mark.acceptance("V-6")
def test_a_receptionist_with_hours_menus_and_an_override_reaches_the_building(house: House) -> None:
    office, acme, _, copy = house
    ana = a_person(office, acme, "Ana", "101").person.id
    hours = [(d, 540, 840) for d in range(5)] + [(0, 840, 1080), (0, 960, 1140)]
    with office.editing(WHO) as edit:
        week = schedules.add_schedule(
            edit, acme, schedules.ScheduleWish("Oficina", hours, [schedules.HolidayWish("Navidad", "2026-12-25")])
        )
        menus = {
            "business": receptionists.MenuWish(keys=[receptionists.KeyWish("1", "person", ana)]),
            "after_hours": receptionists.MenuWish(keys=[receptionists.KeyWish("9", "repeat", "ignored")]),
        }
        wish = receptionists.ReceptionistWish("Recepción", "100", schedule_id=week.id, menus=menus)
        desk = receptionists.add_receptionist(edit, acme, wish)
    copy.follow(office)
    monday = [(h.from_minute, h.to_minute) for h in copy.rows.values() if isinstance(h, OpenHours) and h.weekday == 0]
    assert monday == [(540, 1140)]
    assert {m.mode for m in copy.rows.values() if isinstance(m, Menu)} == {"business", "after_hours"}
    assert {(k.digit, k.action, k.target_id) for k in copy.rows.values() if isinstance(k, MenuKey)} == {
        ("1", "person", ana),
        ("9", "repeat", ""),
    }
    with office.editing(WHO) as edit:
        shut = receptionists.set_override(edit, acme, desk.id, "closed")
        late = receptionists.set_override(edit, acme, desk.id, "open", stamp="0000000000001-0000-casa")
    assert shut.override == late.override == "closed", "what was said first does not undo what was said later"
    with pytest.raises(InputProblem) as renumbered, office.editing(WHO) as edit:
        receptionists.change_receptionist(edit, acme, desk.id, receptionists.ReceptionistWish("Recepción", "105"))
    assert renumbered.value.field == "extension"
    with pytest.raises(InputProblem), office.editing(WHO) as edit:
        schedules.delete_schedule(edit, acme, week.id)
    with office.editing(WHO) as edit:
        people.delete_person(edit, acme, ana)
    copy.follow(office)
    assert [k.digit for k in copy.rows.values() if isinstance(k, MenuKey)] == ["9"]


@pytest.mark.acceptance("L-3")
def test_an_administrator_resets_a_pin_and_the_audit_says_so_without_it(house: House) -> None:
    office, acme, _, copy = house
    ana = a_person(office, acme, "Ana", "101").person.id
    with office.editing(WHO) as edit:
        box = mailboxes.add_mailbox(edit, acme, mailboxes.MailboxWish(email="ana@acme.mx"), ana)
        pin = mailboxes.new_pin(edit, acme, box.id)
    copy.follow(office)
    received = copy.rows[("mailbox", box.id)]
    assert isinstance(received, Mailbox)
    assert received.name == "Ana Pérez"
    assert pins.fits(pin, received.pin_hash)
    with office.reading() as session:
        entries = [e for e in session.query(AuditEntry) if e.subject_id == box.id]
    assert "reset-pin" in {e.action for e in entries}
    assert pin not in repr([(e.before, e.after) for e in entries])
    with pytest.raises(InputProblem) as weak, office.editing(WHO) as edit:
        mailboxes.set_pin(edit, acme, box.id, "1234")
    assert weak.value.field == "pin"
    with pytest.raises(InputProblem), office.editing(WHO) as edit:
        mailboxes.add_mailbox(edit, acme, mailboxes.MailboxWish(), ana)


def test_rooms_need_their_line_and_a_way_in(house: House) -> None:
    office, acme, _, _ = house
    with pytest.raises(InputProblem), office.editing(WHO) as edit:
        rooms.add_room(edit, acme, rooms.RoomWish("8001", "Junta", pin="4711"))
    with office.editing(WHO) as edit:
        rooms.set_server(edit, acme, "Conferencias", "800")
        rooms.add_room(edit, acme, rooms.RoomWish("8001", "Junta", pin="4711"))
    for wish, field in (
        (rooms.RoomWish("8001", "Otra", pin="4711"), "number"),
        (rooms.RoomWish("8002", "Abierta a nadie"), "pin"),
        (rooms.RoomWish("8003", "Igual", pin="4711", moderator_pin="4711"), "moderator_pin"),
        (rooms.RoomWish("8004", "Grande", pin="4711", max_participants="11"), "max_participants"),
    ):
        with pytest.raises(InputProblem) as refused, office.editing(WHO) as edit:
            rooms.add_room(edit, acme, wish)
        assert refused.value.field == field


@pytest.mark.acceptance("V-5")
def test_an_uploaded_sound_is_converted_kept_once_and_given_to_its_own_buildings_alone(house: House) -> None:
    office, acme, site, copy = house
    made = convert(tone(1.0))
    assert made.duration_ms == pytest.approx(1000, abs=20)
    with office.editing(WHO) as edit:
        sound = sounds.add_sound(edit, acme, sounds.SoundWish("Bienvenida", content=made))
        music = sounds.set_music(edit, acme, sound.id, "", "ringback")
    copy.follow(office)
    assert copy.rows[("sound", sound.id)] == sound
    assert copy.rows[("music", acme)] == music
    assert sound_for(office, site, sound.sha256) == made.content
    with pytest.raises(NotFoundProblem):
        sound_for(office, a_site(office), sound.sha256)
    with pytest.raises(InputProblem) as used, office.editing(WHO) as edit:
        sounds.delete_sound(edit, acme, sound.id)
    assert "music" in used.value.text("en")
    with office.editing(WHO) as edit:
        sounds.set_music(edit, acme, "", "", "music")
        sounds.delete_sound(edit, acme, sound.id)
    with pytest.raises(NotFoundProblem):
        sound_for(office, site, sound.sha256)


@pytest.mark.acceptance("V-5")
@pytest.mark.parametrize("upload", [b"", b"MZ this is a program", b"RIFF\x00\x00\x00\x00WAVEfmt "])
def test_what_is_no_sound_is_refused_with_the_reason(upload: bytes) -> None:
    with pytest.raises(InputProblem) as refused:
        convert(upload)
    assert refused.value.field == "file"


@pytest.mark.acceptance("V-5")
def test_what_is_too_long_is_refused_with_the_reason() -> None:
    with pytest.raises(InputProblem) as refused:
        convert(tone(3.0, 8000), max_s=2)
    assert "longer" in refused.value.text("en")


@pytest.mark.acceptance("V-5")
def test_three_hours_are_refused_without_being_decoded(tmp_path: Path) -> None:
    """They fit into what may be uploaded, as a thin MP3; as the WAV that buildings play they would be 170 MB."""
    file = tmp_path / "long.mp3"
    silence = ["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", str(3 * 3600), "-b:a", "8k", str(file)]
    subprocess.run(["ffmpeg", "-v", "error", *silence], check=True)
    upload = file.read_bytes()
    assert len(upload) < MAX_UPLOAD
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputProblem) as refused:
        convert(upload)
    assert "longer" in refused.value.text("en")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 64 * 1024


@pytest.mark.acceptance("S-3")
def test_of_two_writers_of_one_setting_the_later_wins_field_by_field(house: House, clock: SettableClock) -> None:
    office, acme, _, copy = house
    ana = a_person(office, acme, "Ana", "101").person.id
    early = f"{int(clock.moment.timestamp() * 1000):013d}-0000-casa"
    clock.forward(minutes=1)
    with office.editing(WHO) as edit:
        habits.set_preferences(edit, acme, ana, {"forward_mode": "always", "forward_to": "5512345678"})
    with office.editing("building casa") as edit:
        habits.set_preferences(edit, acme, ana, {"forward_mode": "disabled", "do_not_disturb": True}, stamp=early)
    copy.follow(office)
    received = copy.rows[("preferences", ana)]
    assert isinstance(received, Preferences)
    assert (received.forward_mode, received.do_not_disturb) == ("always", True)
    later = f"{int((clock.moment + timedelta(minutes=1)).timestamp() * 1000):013d}-0000-casa"
    with office.editing("building casa") as edit:
        made = habits.set_preferences(edit, acme, ana, {"forward_mode": "disabled"}, stamp=later)
    assert made.forward_mode == "disabled"


def test_settings_that_make_no_sense_are_refused(house: House) -> None:
    office, acme, _, _ = house
    ana = a_person(office, acme, "Ana", "101").person.id
    for values, field in (
        ({"forward_to": "call me"}, "forward_to"),
        ({"forward_mode": "always"}, "forward_to"),
        ({"forward_mode": "sometimes"}, "forward_mode"),
        ({"call_waiting": "yes"}, "call_waiting"),
    ):
        with pytest.raises(InputProblem) as refused, office.editing(WHO) as edit:
            habits.set_preferences(edit, acme, ana, values)
        assert refused.value.field == field


def test_a_company_goes_with_all_its_services_and_the_digest_still_fits(house: House) -> None:
    office, acme, _, copy = house
    ana = a_person(office, acme, "Ana", "101").person.id
    with office.editing(WHO) as edit:
        mailboxes.add_mailbox(edit, acme, mailboxes.MailboxWish(), ana)
        groups.add_group(edit, acme, groups.GroupWish("Ventas", "200", members=[("person", ana)]))
        receptionists.add_receptionist(edit, acme, receptionists.ReceptionistWish("Recepción", "100"))
        rooms.set_server(edit, acme, "Conferencias", "800")
        rooms.add_room(edit, acme, rooms.RoomWish("8001", "Junta", pin="4711"))
        sound = sounds.add_sound(edit, acme, sounds.SoundWish("Hola", text="Gracias por llamar"))
        sounds.set_music(edit, acme, sound.id, "", "music")
        habits.set_preferences(edit, acme, ana, {"do_not_disturb": True})
        habits.set_limits(edit, acme, habits.LimitsWish(prepaid=True, balance="1000"))
    with office.reading() as session:
        offered = {d.kind for d in destinations(session, acme)}
    assert offered == set(DestinationKind)
    copy.follow(office)
    assert {"mailbox", "ring_group", "receptionist", "room", "sound", "limits"} <= set(copy.kinds())
    with office.editing(WHO) as edit:
        accounts.delete_account(edit, acme)
    copy.follow(office)
    assert set(copy.kinds()) == {"site"}


@pytest.mark.acceptance("S-6")
def test_a_trunk_is_kept_for_some_calls_at_some_hours_and_registers_only_with_a_log_in(house: House) -> None:
    office, _, site, copy = house
    with office.editing(WHO) as edit:
        edit.lock_site(site)
        bare = trunks.add_trunk(edit, site, trunks.TrunkWish("Sin clave", "203.0.113.9"))
        known = trunks.add_trunk(edit, site, trunks.TrunkWish("Con clave", "203.0.113.8", username="b", secret="s"))
        unsaid = set_use(edit, site, known.id, TrunkUseWish())
    copy.follow(office)
    assert ("trunk_use", known.id) not in copy.rows, "what is as it was makes no row"
    assert unsaid == TrunkUse(known.id, site)
    wish = TrunkUseWish(True, ("international", "national"), "4310", "20:00", "06:30")
    with office.editing(WHO) as edit:
        use = set_use(edit, site, known.id, wish)
    copy.follow(office)
    assert copy.rows[("trunk_use", known.id)] == use
    assert (use.classes, use.weekdays, use.from_minute, use.to_minute) == ("national,international", "0134", 1200, 390)
    for wrong, field in (
        (TrunkUseWish(registers=True), "registers"),
        (TrunkUseWish(classes=("lunar",)), "classes"),
        (TrunkUseWish(weekdays="7"), "weekdays"),
        (TrunkUseWish(since="25:00", until="18:00"), "since"),
        (TrunkUseWish(since="09:00"), "until"),
    ):
        with pytest.raises(InputProblem) as refused, office.editing(WHO) as edit:
            set_use(edit, site, bare.id, wrong)
        assert refused.value.field == field
    with office.editing(WHO) as edit:
        trunks.delete_trunk(edit, site, known.id)
    copy.follow(office)
    assert ("trunk_use", known.id) not in copy.rows


def test_every_class_of_a_trunk_is_one_that_calls_have() -> None:
    assert set(TRUNK_CLASSES) <= set(CallClass)
    assert {prices.INTERNATIONAL, prices.PREMIUM} <= set(CallClass)


@pytest.mark.acceptance("D-5")
def test_a_prepaid_company_pays_for_its_calls_once_and_for_those_alone_that_a_trunk_answered(house: House) -> None:
    office, acme, site, _ = house
    with office.editing(WHO) as edit:
        habits.set_limits(edit, acme, habits.LimitsWish(prepaid=True, balance="5000", international_per_minute="500"))
    leg = Leg("trunk", "t1", "2026-03-02T15:00:00.100Z", "2026-03-02T15:01:03.500Z", 200)
    paid = a_call(site, acme, call_class="international", talk_ms=61_000, answered_by="t1", trunk_id="t1", legs=(leg,))
    free = a_call(site, acme, call_class="international", talk_ms=61_000, answered_by="announce", legs=(leg,))
    home = a_call(site, acme, call_class="national", talk_ms=61_000, answered_by="t1", trunk_id="t1", legs=(leg,))
    told = [envelope_of(enveloped(c)) for c in (paid, free, home)]
    for _ in range(2):
        assert len(journal.receive(office, site, told).accepted) == 3
    with office.editing(WHO) as edit:
        assert habits.limits_of(edit, acme).balance == 4000


@pytest.mark.acceptance("Q-6")
def test_a_building_gets_limits_of_its_own(house: House) -> None:
    office, _, site, copy = house
    with office.editing(WHO) as edit:
        limits = habits.set_site_limits(edit, site, "3", "90000")
    copy.follow(office)
    assert copy.rows[("site_limits", site)] == limits
    with pytest.raises(InputProblem), office.editing(WHO) as edit:
        habits.set_site_limits(edit, site, "many", "90000")
