"""Voicemail through the whole house, twice: what is left, what lights, what is mailed; and an owner in the mailbox."""

import io
import re
import time
import wave
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import numpy as np
import pytest

from appliance.voice.menu_sentences import Say
from appliance.voice.prompts import Shelf
from central.directory.mailboxes import delete_mailbox
from central.model import MessageRecord
from central.model.rows import find, of_account
from tests.acceptance.conftest import House
from tests.acceptance.listening import hears, said
from tests.acceptance.voces import GREETING_HZ, MUSIC_HZ, PIN, PITCH, VOCES, Staff
from tests.lab.audio import Pcm, read_wav, tone, tone_level, write_wav
from tests.lab.handset import Handset
from tests.lab.letterbox import Letterbox
from tests.lab.mailboxes import mailboxes_of
from tests.lab.portalclient import PortalClient
from tests.lab.waiting import until
from wire.services import Mailbox, MailboxGone, MessageState, OwnGreeting, own_greeting_id

BEEP_HZ = 1400
LAMP_S, MAILED_S = 2.0, 120
SPOKEN_HZ = 720


@pytest.fixture(scope="module")
def letters(shared_house: House) -> Iterator[Letterbox]:
    """A mail server beside the shared house's centre."""
    shared_house.building.mend_centre()
    box = shared_house.lab.centre.start_mail()
    yield box
    box.stop()


def _sound(letter: EmailMessage) -> Pcm:
    (part,) = letter.iter_attachments()
    return _pcm(part.get_content())


def _pcm(octets: bytes) -> Pcm:
    with wave.open(io.BytesIO(octets)) as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), np.int16)


def _at_centre(house: House, message_id: str) -> bool:
    with house.lab.centre.office() as office, office.reading() as session:
        return session.get(MessageRecord, message_id) is not None


@pytest.mark.acceptance("L-1", "K-2")
def test_messages_are_left_as_the_mailbox_wants_lit_and_mailed_once(
    staff: Staff, letters: Letterbox, centre: str
) -> None:
    """Three at once: after N rings with the default greeting, ended by silence; too short; longer than the longest."""
    building = staff.house.building
    boxes, mailed = mailboxes_of(building.settings), len(letters.taken)
    before = {box: {m.id for m in boxes.messages(box)} for box in ("box-vera", "box-walter", "box-ximena")}
    ximena = staff.lamp("ximena")
    staff.person("ximena", answers=False)
    staff.person("vera", answers=False)
    staff.person("walter", answers=False)
    kept, short, long = (staff.caller(number=n) for n in range(3))
    dialled = time.monotonic()
    for call, number in ((kept, "103"), (short, "102"), (long, "101")):
        call.dials(number)
    staff.connect(kept, short, long)
    assert time.monotonic() - dialled >= 2.8, "it rings before the mailbox answers"
    staff.hears(short, GREETING_HZ["walter"])
    staff.told(kept, Say.MAILBOX_OF)
    for call in (kept, short, long):
        call.presses("#")
    staff.have_heard(BEEP_HZ, kept, short, long)
    for call in (kept, short, long):
        call.hz = SPOKEN_HZ
    staff.lives(1.2)
    short.hangs_up()
    staff.lives(1.6)
    kept.hz = 0
    staff.told(kept, Say.MESSAGE_KEPT, 6)
    kept_at = time.monotonic()
    staff.told(long, Say.MESSAGE_KEPT, 6)
    staff.until(lambda: kept.left and long.left, 6, "both are let go")

    (left,) = [m for m in boxes.messages("box-ximena") if m.id not in before["box-ximena"]]
    (longest,) = [m for m in boxes.messages("box-vera") if m.id not in before["box-vera"]]
    assert {m.id for m in boxes.messages("box-walter")} == before["box-walter"], "under two seconds is no message"
    assert 2000 <= left.duration_ms <= 4500
    assert 4800 <= longest.duration_ms <= 5200, "max_message_s is 5"
    assert tone_level(read_wav(left.path)[4000:12000], SPOKEN_HZ) > -30
    lit = [at for at, told in ximena.told_at if "Messages-Waiting: yes" in told.body]
    assert lit, "the lamp"
    assert min(lit) - kept_at <= LAMP_S

    if centre == "cut":
        assert not _at_centre(staff.house, left.id)
        building.mend_centre()

    def ours() -> list[EmailMessage]:
        return [t for t in letters.taken[mailed:] if tone_level(_sound(t)[4000:12000], SPOKEN_HZ) > -30]

    (letter,) = until(ours, MAILED_S, "the letter arrives with its sound")
    assert letter["To"] == "ximena@example.mx"
    assert "Yago" in letter["Subject"]
    until(lambda: all(_at_centre(staff.house, m.id) for m in (left, longest)), 10, "the centre has both")
    if centre == "cut":
        building.cut_centre()
    for message in (left, longest):
        boxes.mark(message.id, "deleted")
    assert len(ours()) == 1


@pytest.mark.acceptance("L-1", "X-1")
def test_a_message_waits_while_who_leaves_it_holds(staff: Staff) -> None:
    """The music of the hold is no message, and its silence does not end one: of who dialled the mailbox, and of who was
    put through to it by a receptionist. A person whom a receptionist put through hears it.
    """
    boxes = mailboxes_of(staff.house.building.settings)
    before = {box: {m.id for m in boxes.messages(box)} for box in ("box-ximena", "box-walter")}
    vera = staff.person("vera")
    call, sent, talks = calls = [staff.caller(number=n) for n in (7, 8, 9)]
    for one, number in zip(calls, ("*99103", "380", "380"), strict=True):
        one.dials(number).established()
    staff.until(lambda: all(hears(one, GREETING_HZ["keys"]) for one in (sent, talks)), 5, "the menu")
    sent.presses("9")
    talks.presses("0")
    staff.hears(sent, GREETING_HZ["walter"])
    for one in (call, sent):
        one.presses("#")
    staff.have_heard(BEEP_HZ, call, sent)
    staff.hears(talks, vera.hz)
    for one in calls:
        one.hz = SPOKEN_HZ
    staff.lives(1.2)
    for one in calls:
        one.hz = 0
        one.holds(True)
    staff.lives(3.5)
    assert not call.left, "three seconds of hold are no silence"
    assert not sent.left, "nor for who came by a receptionist"
    assert hears(vera, MUSIC_HZ), "a person who is held hears music"
    for one in calls:
        one.hz = SPOKEN_HZ
        one.holds(False)
    vera.hz = 0
    vera.holds(True)
    staff.lives(1.2)
    assert hears(talks, MUSIC_HZ), "also whom a receptionist put through to her"
    vera.hz = PITCH["vera"]
    vera.holds(False)
    staff.hears(talks, vera.hz, 3)
    assert hears(vera, SPOKEN_HZ)
    call.presses("#")
    sent.presses("#")
    for one, box in ((call, "box-ximena"), (sent, "box-walter")):
        staff.told(one, Say.MESSAGE_KEPT, 6)
        (left,) = [m for m in boxes.messages(box) if m.id not in before[box]]
        pcm = read_wav(left.path)
        assert 2000 <= left.duration_ms <= 5000, "the hold of three and a half seconds is not in it"
        assert tone_level(pcm[2000:8000], SPOKEN_HZ) > -30
        assert tone_level(pcm[-8000:-2000], SPOKEN_HZ) > -30
        for at in range(0, len(pcm) - 799, 400):
            assert tone_level(pcm[at : at + 800], MUSIC_HZ) < -35, f"{box}: music at {at / 8000:.2f} s"
    for one in calls:
        one.hangs_up()


def test_five_minutes_is_the_longest_unless_the_mailbox_says_less() -> None:
    assert Mailbox("m", "a", "M").max_message_s == 300


def _seeded(staff: Staff, *pitches: float) -> list[str]:
    """Messages from 104 in Ximena's mailbox, a second apart, three seconds each; their ids."""
    boxes = mailboxes_of(staff.house.building.settings)
    box = staff.house.building.directory_in_force().service(Mailbox, "box-ximena")
    assert box
    for old in boxes.messages(box.id):
        boxes.mark(old.id, "deleted")
    made = []
    for hz in pitches:
        message = boxes.reserve(box, "104", "Yago")
        assert message
        write_wav(message.path, tone(hz, 3.0))
        assert boxes.keep(message.id, 3.0)
        made.append(message.id)
    return made


@pytest.mark.acceptance("L-2", "K-2")
def test_the_owner_hears_dates_skips_deletes_saves_and_calls_back(staff: Staff) -> None:
    """Only the first is heard out: each begins with its date and number, which take their time."""
    settings = staff.house.building.settings
    hz = 720.0
    ids = _seeded(staff, hz, 780.0, 840.0)
    staff.person("yago")
    ximena = staff.lamp("ximena")
    owner = staff.caller("ximena", hz=980)
    owner.dials("*97").established()
    staff.begins(owner, Say.ENTER_PIN)
    owner.presses(f"{PIN}#1")
    staff.hears(owner, hz)
    owner.datagrams.clear()
    owner.presses("5")
    stamp = Shelf.of(settings).recording("vm-from-phonenumber", "es-MX")
    assert stamp is not None
    staff.until(lambda: said(owner, stamp), 15, "date and number")
    owner.presses("67")  # the next one, and away with it
    staff.begins(owner, Say.DELETED)
    owner.presses("9")
    staff.begins(owner, Say.SAVED)
    states = {m.id: m.state for m in mailboxes_of(settings).messages("box-ximena")}
    assert states == {ids[0]: "new", ids[2]: "old"}, "what was skipped stays new"
    staff.until(lambda: any("1/1" in told.body for _, told in ximena.told_at), 3, "the lamp counts anew")
    staff.told(owner, Say.NO_MORE_MESSAGES)
    staff.lives(1.5)  # until the main menu begins
    owner.presses("2")
    staff.lives(0.5)
    owner.presses("8")
    staff.talk(owner, "yago")


@pytest.fixture(scope="module")
def page(voces: Staff) -> PortalClient:
    """Ximena's own log-in at the portal, given by an administrator, with the password that she chose."""
    admin, path = PortalClient(voces.house.lab.centre), f"/accounts/{VOCES}/people/person-ximena"
    assert admin.send(f"{path}/log-in", path, user="ximena").status_code == 302
    given = re.search(r"shown only now: ([a-z0-9-]+)\.", admin.see(path))
    assert given
    hers = PortalClient(voces.house.lab.centre, "ximena", given[1])
    assert hers.send("/password", "/password", old=given[1], password="ximena has a secret").status_code == 302
    return PortalClient(voces.house.lab.centre, "ximena", "ximena has a secret")


@pytest.mark.acceptance("L-2", "K-2")
def test_what_phone_and_portal_do_with_messages_lamp_menu_mailbox_and_portal_agree(
    staff: Staff, page: PortalClient, centre: str
) -> None:
    """Cut, both sides act: a deletion stays, wherever the other one marked it later; else the later act counts."""
    house, building = staff.house, staff.house.building
    boxes, ours = mailboxes_of(building.settings), f"/accounts/{VOCES}/people/person-ximena/messages"
    if centre == "cut":
        building.mend_centre()
    read, gone, erased, renewed = _seeded(staff, 720.0, 780.0, 840.0, 900.0)
    # After a cut the sound is sent again at growing distances.
    until(lambda: page.see(ours).count("/sound\"") == 4, 120, "the centre has them with their sound")
    assert tone_level(_pcm(page.octets(f"{ours}/{renewed}/sound"))[4000:12000], 900) > -30
    ximena, began = staff.lamp("ximena"), time.monotonic()

    def marks(message: str, state: str) -> None:
        assert page.send(f"{ours}/{message}", ours, state=state).status_code == 302

    if centre == "cut":
        building.cut_centre()
    boxes.mark(erased, "deleted")
    boxes.mark(renewed, "old")
    if centre == "cut":
        marks(erased, "old")
        marks(renewed, "old")
    else:
        until(lambda: _states(house, erased, renewed) == ["deleted", "old"], 5, "the portal follows the phone")
    marks(renewed, "new")
    marks(read, "old")
    marks(gone, "deleted")
    if centre == "cut":
        boxes.mark(gone, "old")
        assert {m.id: m.state for m in boxes.messages("box-ximena")} == {read: "new", gone: "old", renewed: "old"}
        building.mend_centre()
    agreed = ["old", "deleted", "deleted", "new"]
    until(lambda: _states(house, read, gone, erased, renewed) == agreed, 20, "the centre comes to it")
    until(
        lambda: {m.id: m.state for m in boxes.messages("box-ximena")} == {read: "old", renewed: "new"}, 20, "the house"
    )
    staff.until(lambda: _lamp(ximena, began) == "1/1", LAMP_S, "the lamp")
    until(lambda: not _asked(house), 10, "nothing is asked of the building any more")
    if centre == "cut":
        building.cut_centre()
    owner = staff.caller("ximena", hz=980)
    owner.dials("*97").established()
    staff.begins(owner, Say.ENTER_PIN)
    owner.presses(f"{PIN}#1")
    staff.hears(owner, 900)
    owner.presses("7")
    staff.told(owner, Say.DELETED)
    staff.told(owner, Say.NO_MORE_MESSAGES)
    staff.lives(1.5)  # until the main menu begins
    owner.presses("2")
    staff.hears(owner, 720)
    if centre == "up":
        until(lambda: page.see(ours).count("/sound\"") == 1, 5, "and the portal follows")


def _states(house: House, *messages: str) -> list[str]:
    with house.lab.centre.office() as office, office.reading() as session:
        return [session.get_one(MessageRecord, m).state for m in messages]


def _asked(house: House) -> list[MessageState]:
    with house.lab.centre.office() as office, office.reading() as session:
        return of_account(session, MessageState, VOCES)


def _lamp(phone: Handset, since: float) -> str:
    """New and old messages, as the phone was told last."""
    told = [said.body for at, said in phone.told_at if at >= since]
    found = re.search(r"Voice-Message: (\d+/\d+)", told[-1]) if told else None
    return found[1] if found else ""


@pytest.mark.acceptance("L-2")
def test_a_greeting_uploaded_in_the_portal_plays_and_cut_off_the_last_one_plays_on(
    staff: Staff, page: PortalClient, centre: str, tmp_path: Path
) -> None:
    """Cut, it is uploaded while the building knows nothing of it, and heard once the link is back."""
    building, ours = staff.house.building, f"/accounts/{VOCES}/people/person-ximena/messages"

    def uploaded(hz: float) -> None:
        write_wav(tmp_path / "greeting.wav", tone(hz, 3.0))
        sound = (tmp_path / "greeting.wav").read_bytes()
        assert page.upload(f"{ours}/greetings", ours, sound, which="custom").status_code == 302

    def arrives() -> None:
        sha256 = _own_greeting(staff.house).sha256
        files = building.settings.paths.sounds_store_dir
        until(lambda: _own_greeting_here(staff.house).sha256 == sha256, 30, "the building knows of it")
        until((files / f"{sha256}.wav").exists, 20, "and has it")

    building.mend_centre()
    uploaded(930)
    arrives()
    if centre == "cut":
        building.cut_centre()
        uploaded(1010)
    caller = staff.caller(number=1)
    caller.dials("*99103").established()
    staff.hears(caller, 930)
    caller.hangs_up()
    if centre == "cut":
        building.mend_centre()
        arrives()
        caller.forgets()
        caller.dials("*99103").established()
        staff.hears(caller, 1010)
        caller.hangs_up()
    assert page.send(f"{ours}/greeting", ours, greeting="default").status_code == 302
    until(lambda: _chosen_here(staff.house) == "default", 20, "the building's own again")
    if centre == "cut":
        building.cut_centre()


def _own_greeting(house: House) -> OwnGreeting:
    with house.lab.centre.office() as office, office.reading() as session:
        found = find(session, OwnGreeting, own_greeting_id("box-ximena", "custom"))
    assert found
    return found


def _own_greeting_here(house: House) -> OwnGreeting:
    directory = house.building.directory_in_force()
    found = directory.service(OwnGreeting, own_greeting_id("box-ximena", "custom"))
    return found or OwnGreeting("", "", "", "")


def _chosen_here(house: House) -> str:
    box = house.building.directory_in_force().service(Mailbox, "box-ximena")
    assert box
    return mailboxes_of(house.building.settings).as_owned(box).greeting


@pytest.mark.acceptance("L-2")
def test_the_owner_records_a_greeting_and_chooses(staff: Staff, page: PortalClient, centre: str) -> None:
    """Over what was uploaded in the portal before; with the link it is heard there as well."""
    hz = 880
    owner, caller = staff.caller("ximena"), staff.caller(number=1)
    owner.dials("*97").established()
    owner.presses(f"{PIN}#31")
    staff.told(owner, Say.RECORD_GREETING)
    owner.presses("1")
    staff.have_heard(BEEP_HZ, owner)
    staff.lives(0.4)
    owner.hz = hz
    staff.lives(2.5)
    owner.hz = 0
    owner.presses("#")
    staff.hears(owner, hz)
    owner.presses("1")
    staff.told(owner, Say.GREETING_CHOSEN)
    caller.dials("*99103").established()
    staff.hears(caller, hz)
    caller.hangs_up()
    owner.datagrams.clear()
    owner.presses("5")
    staff.told(owner, Say.GREETING_CHOSEN)
    caller.dials("*99103").established()
    staff.told(caller, Say.MAILBOX_OF)
    if centre == "up":
        ours = f"/accounts/{VOCES}/people/person-ximena/messages/greetings/custom"
        until(lambda: tone_level(_pcm(page.octets(ours))[4000:12000], hz) > -30, 10, "it is heard in the portal")


@pytest.fixture(scope="module")
def pins() -> list[str]:
    """Yago's PIN, and what he changes it to: by turns."""
    return [PIN, "59283"]


@pytest.mark.acceptance("L-2")
def test_a_weak_pin_is_refused_and_a_good_one_counts_at_once(staff: Staff, pins: list[str], centre: str) -> None:
    """Two weaknesses with the centre up and two with it cut: a third wrong one would end the asking."""
    weak = {
        "up": {"123": Say.WEAK_LENGTH, "1234": Say.WEAK_SEQUENCE},
        "cut": {"7777": Say.WEAK_REPEAT, "0104": Say.WEAK_EXTENSION},
    }
    owner = staff.caller("yago")
    owner.dials("*97").established()
    owner.presses(f"{pins[0]}#4")
    staff.begins(owner, Say.NEW_PIN)
    for pin, cue in weak[centre].items():
        owner.presses(f"{pin}#")
        staff.begins(owner, Say.PIN_AGAIN)
        owner.datagrams.clear()
        owner.presses(f"{pin}#")
        staff.told(owner, cue)
    pins.reverse()
    owner.presses(f"{pins[0]}#{pins[0]}#")
    staff.told(owner, Say.PIN_CHANGED)
    owner.hangs_up()
    owner.dials("*97").established()
    owner.presses(f"{pins[0]}#4")
    staff.begins(owner, Say.NEW_PIN)


@pytest.mark.acceptance("L-2")
def test_three_wrong_pins_hang_up_and_lock_for_five_minutes(staff: Staff, centre: str) -> None:
    """Another mailbox for each run: it stays locked."""
    owner, box = ("vera", "box-vera") if centre == "up" else ("walter", "box-walter")
    guesser = staff.caller(owner)
    guesser.dials("*97").established()
    for wrong in ("1111#", "2222#"):
        guesser.presses(wrong)
        staff.begins(guesser, Say.WRONG_PIN)
        guesser.datagrams.clear()
    guesser.presses("3333#")
    staff.told(guesser, Say.MAILBOX_LOCKED)
    guesser.gone()
    boxes = mailboxes_of(staff.house.building.settings)
    (until_when,) = boxes._connection().execute("SELECT until FROM lock WHERE mailbox_id = ?", (box,)).fetchone()
    assert 270 <= (datetime.fromisoformat(until_when) - datetime.now(UTC)).total_seconds() <= 300
    guesser.dials("*97").established()
    guesser.presses(f"{PIN}#")
    staff.told(guesser, Say.MAILBOX_LOCKED)
    guesser.gone()


@pytest.mark.acceptance("L-3")
def test_what_is_in_a_mailbox_goes_with_it_from_centre_and_building(staff: Staff, centre: str) -> None:
    """Cut, the building learns of it when the link is back."""
    house, building = staff.house, staff.house.building
    boxes, box = mailboxes_of(building.settings), Mailbox("box-zoe", VOCES, "Zoe", max_message_s=5)
    building.mend_centre()
    house.lab.centre.put(box)
    until(lambda: building.directory_in_force().service(Mailbox, box.id), 20, "the building has the mailbox")
    message = boxes.reserve(box, "104", "Yago")
    assert message
    write_wav(message.path, tone(SPOKEN_HZ, 3.0))
    assert boxes.keep(message.id, 3.0)
    until(lambda: _at_centre(house, message.id), 20, "the centre has the message")
    if centre == "cut":
        building.cut_centre()
    with house.lab.centre.editing(VOCES) as edit:
        delete_mailbox(edit, VOCES, box.id)
    assert not _at_centre(house, message.id)
    if centre == "cut":
        assert message.path.exists()
        building.mend_centre()
    until(lambda: not message.path.exists() and not boxes.messages(box.id), 20, "the building has it no more")
    until(lambda: not _to_clear(house), 20, "and says so")
    if centre == "cut":
        building.cut_centre()


def _to_clear(house: House) -> list[MailboxGone]:
    with house.lab.centre.office() as office, office.reading() as session:
        return of_account(session, MailboxGone, VOCES)
