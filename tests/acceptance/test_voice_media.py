"""Keys in every form, every codec, and packets on time, at menus, mailboxes and rooms of the whole house, twice."""

from itertools import pairwise

import numpy as np
import pytest

from appliance.voice.menu_sentences import Say
from tests.acceptance.listening import hears
from tests.acceptance.voces import GREETING_HZ, MUSIC_HZ, OPEN_ROOM, PIN, PITCH, ROOM, ROOM_PIN, Staff
from tests.lab.audio import read_wav, rtp_streams, silences, spacing, tone_level
from tests.lab.handset import Handset
from tests.lab.mailboxes import mailboxes_of
from tests.lab.pacer import Pacer

FORMS = ("events", "info", "tones", "events info tones")
CODECS = ("PCMU", "PCMA", "G722", "OPUS")
BEEP_HZ, SPOKEN_HZ = 1400, 720
LISTEN_S = 6.5
LATE_MS = 5.0
"""Y-1. Of a hundred legs tests/bench/bench_voice.py tells; here are a dozen, and the relay is in their way."""


@pytest.mark.acceptance("M-1")
def test_a_phone_that_fetches_hold_music_by_itself_gets_its_company_s(staff: Staff) -> None:
    """The URI that its files may name (P-18): it calls it, and hands the sound on to whom it holds (RFC 7088)."""
    phone = staff.caller("yago").dials("music").established()
    staff.hears(phone, MUSIC_HZ)
    phone.hangs_up()


@pytest.mark.acceptance("Y-2")
def test_keys_of_every_form_are_taken_once_in_a_menu_a_mailbox_and_a_room(staff: Staff) -> None:
    """Four phones side by side: events, INFO, tones, and one that sends all three of each key.

    A key taken twice would dial another extension, spoil the PIN, and name another room.
    """
    vera = staff.person("vera")
    phones = [staff.caller("yago", number=n, hz=0) for n in range(len(FORMS))]
    for phone in phones:
        phone.dials("382")
    staff.connect(*phones)
    for rung, (phone, form) in enumerate(zip(phones, FORMS, strict=True), 1):
        phone.presses("101", form)
        staff.hears(phone, PITCH["vera"])
        assert vera.rung == rung
        phone.hangs_up()
    for phone in phones:
        phone.dials("*97")
    staff.connect(*phones)
    for phone, form in zip(phones, FORMS, strict=True):
        phone.presses(f"{PIN}#", form)
    for phone in phones:
        staff.told(phone, Say.MAILBOX_KEYS, 20)
    for phone in phones:
        phone.hangs_up()
    for phone in phones:
        phone.dials("360")
    staff.connect(*phones)
    for phone, form in zip(phones, FORMS, strict=True):
        phone.presses(f"{ROOM}#{ROOM_PIN}#", form)
    staff.lives(1, lambda: not any(p._keys for p in phones))
    for n, phone in enumerate(phones):
        phone.hz = 900 + 60 * n
    for one in phones:
        for other in phones:
            if one is not other:
                staff.hears(one, other.hz)


@pytest.mark.acceptance("Y-3")
def test_a_caller_without_a_codec_of_ours_gets_488(staff: Staff) -> None:
    for number in ("380", "*97", "360"):
        assert staff.caller(codec="G729").dials(number).final() == 488


@pytest.mark.acceptance("Y-3", "L-1")
def test_every_codec_is_heard_and_understood_in_a_menu_a_mailbox_and_a_room(staff: Staff) -> None:
    """Four callers at once. Behind the menu the mailbox is a second leg, so G.722 and Opus are transcoded to it.

    Each skips the greeting with #, which has to get there too: who waits three seconds for the others is cut off.
    """
    boxes = mailboxes_of(staff.house.building.settings)
    for old in boxes.messages("box-walter"):
        boxes.mark(old.id, "deleted")
    phones = [staff.caller("yago", codec=codec) for codec in CODECS]
    for phone in phones:
        phone.dials("380")
    staff.connect(*phones)
    staff.until(lambda: all(hears(p, GREETING_HZ["keys"]) for p in phones), 5, "all hear the menu")
    for phone in phones:
        phone.presses("9")
    staff.until(lambda: all(hears(p, GREETING_HZ["walter"]) for p in phones), 10, "all hear the mailbox")
    for phone in phones:
        phone.presses("#")
    staff.have_heard(BEEP_HZ, *phones)
    for n, phone in enumerate(phones):
        phone.hz = SPOKEN_HZ + 100 * n
    staff.lives(2.6)
    for phone in phones:
        phone.hangs_up()
    staff.until(lambda: len(boxes.messages("box-walter")) == len(CODECS), 10, "each has left a message")
    spoken = [read_wav(m.path)[4000:12000] for m in boxes.messages("box-walter")]
    for n in range(len(CODECS)):
        assert sum(tone_level(pcm, SPOKEN_HZ + 100 * n) > -30 for pcm in spoken) == 1, "each message is of one caller"
    for message in boxes.messages("box-walter"):
        boxes.mark(message.id, "deleted")
    for phone in phones:
        phone.dials("360")
    staff.connect(*phones)
    for phone in phones:
        phone.presses(f"{OPEN_ROOM}#")
    for one in phones:
        for other in phones:
            if one is not other:
                staff.hears(one, other.hz)


def _off_ms(phones: list[Handset], window_s: float) -> list[float]:
    """How far packets of each were off their 20 ms; the best of all windows, as this machine has other work too."""
    best: list[float] = []
    for skipped in range(round(LISTEN_S / window_s)):
        off: list[float] = []
        for phone in phones:
            stream = max(rtp_streams(phone.datagrams), key=lambda s: len(s.packets))
            frames = round(window_s * 50)
            end = len(stream.packets) - skipped * frames
            times = [p.at for p in stream.packets[max(0, end - frames) : end]]
            off += [abs((b - a) * 1000 - 20) for a, b in pairwise(times)]
        if not best or np.percentile(off, 99) < np.percentile(best, 99):
            best = off
    return best


@pytest.mark.acceptance("Y-1")
def test_prompts_music_and_rooms_come_each_twenty_milliseconds_without_a_gap(staff: Staff) -> None:
    """Four who hear a menu, four alone with music, four who talk in a room; a track's loop falls into the time."""
    prompted, alone, talking = ([staff.caller(number=4 * k + n, hz=0) for n in range(4)] for k in range(3))
    everyone = [*prompted, *alone, *talking]
    for phone in everyone:
        phone.dials("380" if phone in prompted else "360")
    staff.connect(*everyone)
    for n, phone in enumerate(talking):
        phone.hz = 900 + 60 * n
        phone.presses(f"{OPEN_ROOM}#")
    alone[0].presses(f"{ROOM}#{ROOM_PIN}#")
    staff.hears(alone[0], MUSIC_HZ)
    with Pacer() as plain:
        staff.lives(LISTEN_S)
    machine = plain.spacing()
    for phone in everyone:
        (stream,) = [s for s in rtp_streams(phone.datagrams) if len(s.packets) > 100]
        seen = spacing(stream)
        assert seen.lost == 0
        # What voice does not make up for, a tenth of a second and more, only a machine that stood still may cost.
        assert abs(seen.mean - 20) < 0.2 or machine.longest > 100
    assert np.percentile(_off_ms(everyone, 1.0), 99) <= max(LATE_MS, machine.off_p99)
    music = alone[0].heard()[-int(8000 * 5.5) :]
    assert tone_level(music, MUSIC_HZ) > -30
    assert not silences(music, at_least_ms=20), "a loop has no gap"
