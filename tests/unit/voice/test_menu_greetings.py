"""A receptionist's greeting recorded by phone: the dialogue on paper, and the desk over a building's files (V-5)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.directory.habits import Habits
from appliance.directory.live import Live
from appliance.directory.mailbox_file import Cipher
from appliance.directory.mailboxes import Mailboxes
from appliance.directory.publish import publish
from appliance.directory.sounds import SoundFiles
from appliance.ports import SystemChance, SystemClock
from appliance.settings import Paths, Settings
from appliance.voice import questions as q
from appliance.voice.answered import Answered
from appliance.voice.building_desk import BuildingDesk, Greetings
from appliance.voice.dialogue import Record, Recorded, Why
from appliance.voice.menu_greetings import MenuGreetings
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import Caller
from appliance.voice.sounds import File, Text
from appliance.voice.sounds import Sound as Voiced
from tests.lab.audio import tone, write_wav
from tests.lab.directory import publish_rows
from tests.lab.sample import ACME, BRAVO, sample_rows
from tests.unit.voice.stage import OnPaper
from wire.pins import hashed
from wire.services import Mailbox, Menu, MenuMode, Receptionist, Sound, recorded_sound_id

ES = "es-MX"
PIN = "8024"
ANA = Caller(ACME, "101", "Ana", "phone-ana")
DESK = q.Desk("Principal", {MenuMode.BUSINESS: "menu-day", MenuMode.AFTER_HOURS: "menu-night"})
LOBBY = q.Lobby(q.Door("box", ES, True, True), (DESK,), ES)


def desk(question: object) -> object:
    match question:
        case q.TryPin(_, pin):
            return q.Tried.RIGHT if pin == PIN else q.Tried.WRONG
        case q.RecordMenuGreeting(menu):
            return f"/{menu}.wav"
        case q.KeepMenuGreeting():
            return True
    return None


def calls(lobby: q.Lobby = LOBBY, answers: Callable[[object], object] = desk) -> OnPaper:
    return OnPaper(Answered(None, lambda _: MenuGreetings(lobby, ANA)), answers).called()


def heard(call: OnPaper) -> tuple[Voiced, ...]:
    """Asked anew each time, which mypy would not know of a property."""
    return call.heard


def recorded(path: str = "/menu-day.wav") -> Recorded:
    return Recorded(path, 4.2, Why.DIGIT, "#")


def test_a_greeting_is_heard_again_recorded_anew_and_kept() -> None:
    call = calls().presses(f"{PIN}#")
    assert heard(call) == (Say.MENU_GREETINGS,)
    call.presses("1").hears_out()
    assert [e.path for e in call.effects if isinstance(e, Record)] == ["/menu-day.wav"]
    call.gets(recorded())
    assert heard(call) == (File("/menu-day.wav"), Say.KEEP_MENU_GREETING)
    call.presses("2")
    assert len([e for e in call.effects if isinstance(e, Record)]) == 2
    call.gets(recorded()).presses("1")
    assert call.asked[-1] == q.KeepMenuGreeting("menu-day", "/menu-day.wav", 4.2, ANA)
    assert heard(call) == (Say.MENU_GREETING_KEPT, Say.MENU_GREETINGS)
    assert call.presses("*").hears_out().over


def test_one_of_several_receptionists_is_chosen_and_a_menu_that_is_not_there_is_no_option() -> None:
    other = q.Desk("Ventas", {MenuMode.BUSINESS: "menu-sales"})
    call = calls(replace(LOBBY, desks=(DESK, other))).presses(f"{PIN}#")
    assert heard(call) == (Text("Para Principal, marque 1."), Text("Para Ventas, marque 2."))
    call.presses("2").presses("3")
    assert heard(call) == (Say.INVALID_OPTION, Say.MENU_GREETINGS)
    call.presses("1")
    assert call.asked[-1] == q.RecordMenuGreeting("menu-sales")


@pytest.mark.parametrize("keys", ["0000#1111#2222#", "##"])
def test_without_the_pin_nothing_is_recorded(keys: str) -> None:
    call = calls().presses(keys)
    assert not any(isinstance(e, Record) for e in call.effects)
    assert not any(isinstance(a, q.RecordMenuGreeting) for a in call.asked)


def test_a_person_without_a_pin_is_told_so() -> None:
    assert calls(replace(LOBBY, door=q.Door("", ES, False, True))).heard[0] is Say.PIN_ONLY_AT_HOME


def test_what_was_not_kept_is_thrown_away() -> None:
    dropped = q.DropMenuGreeting("/menu-day.wav")
    assert calls().presses(f"{PIN}#1#").gets(recorded()).presses("*").asked[-1] == dropped
    assert calls().presses(f"{PIN}#1#").gets(recorded()).hangs_up().asked[-1] == dropped
    left = calls().presses(f"{PIN}#1#").hangs_up()
    assert left.gets(Recorded("/menu-day.wav", 2.0, Why.LEFT)).asked[-1] == dropped


# The desk -------------------------------------------------------------------------------------------------------------

ROWS = (
    *sample_rows(),
    Mailbox("box-ana", ACME, "Ana", "person-ana", pin_hash=hashed(PIN, b"v" * 16)),
    Sound("sound-old", ACME, "Anterior", text="Hola."),
    Receptionist("rec", ACME, "Principal"),
    Menu("menu-day", ACME, "rec", MenuMode.BUSINESS, "sound-old"),
)


class Building:
    def __init__(self, folder: Path) -> None:
        self.settings = Settings(paths=Paths(state_dir=folder / "state", run_dir=folder / "run"))
        publish_rows(self.settings, ROWS)
        paths, clock = self.settings.paths, SystemClock()
        self.live = Live(paths.live_dir)
        self.habits = Habits(paths.local_db, clock, SystemChance())
        self.files = SoundFiles(paths.sounds_store_dir)
        mailboxes = Mailboxes(paths.mailboxes_dir, self.habits, Cipher(str, str), clock)
        greetings = Greetings(folder / "drafts", self.habits, lambda: publish(self.settings))
        self.desk = BuildingDesk(self.live.current, mailboxes, self.files, clock, paths.hold_music, greetings=greetings)

    def kept(self, hz: float = 700) -> Sound:
        draft = self.desk.answer(q.RecordMenuGreeting("menu-day"))
        write_wav(Path(str(draft)), tone(hz, 1.5))
        assert self.desk.answer(q.KeepMenuGreeting("menu-day", str(draft), 1.5, ANA)) is True
        assert not Path(str(draft)).exists()
        sound = self.live.current().service(Sound, self.greeting)
        assert sound is not None
        return sound

    @property
    def greeting(self) -> str:
        menu = self.live.current().service(Menu, "menu-day")
        assert menu is not None
        return menu.greeting_sound_id


@pytest.fixture
def building(tmp_path: Path) -> Building:
    return Building(tmp_path)


def test_it_is_in_force_when_it_is_kept_and_until_the_centre_has_it(building: Building) -> None:
    sound = building.kept()
    counter = building.desk.answer(q.OfReceptionist("rec", ES))
    assert isinstance(counter, q.Counter)
    assert counter.greeting == (File(str(building.files.path(sound.sha256))),)
    (fact,) = building.habits.waiting()
    assert (fact.fact, fact.body["menu_id"], fact.body["sha256"]) == (
        "menu_greeting_recorded", "menu-day", sound.sha256,
    )  # fmt: skip
    assert fact.body["person_id"] == "person-ana"
    publish_rows(building.settings, ROWS)
    assert building.greeting == sound.id, "a revision that does not know it changes nothing"
    publish_rows(building.settings, (*ROWS, sound))
    assert building.greeting == "sound-old", "the centre has it, and its word stands"
    assert building.habits.habits() == ()


def test_the_last_recording_counts(building: Building) -> None:
    first, second = building.kept(700), building.kept(900)
    assert first.id != second.id == building.greeting == recorded_sound_id("menu-day", second.sha256)
    assert len(building.habits.habits()) == 1


def test_who_has_no_mailbox_of_this_company_and_what_is_another_s_is_refused(building: Building) -> None:
    lobby = building.desk.answer(q.OfLobby("", ES, ANA))
    assert isinstance(lobby, q.Lobby)
    assert lobby.door.has_pin
    assert lobby.desks == (q.Desk("Principal", {MenuMode.BUSINESS: "menu-day"}),)
    beto = building.desk.answer(q.OfLobby("rec", ES, replace(ANA, phone_id="phone-beto")))
    assert isinstance(beto, q.Lobby)
    assert not beto.door.has_pin
    stranger = replace(ANA, account_id=BRAVO, phone_id="phone-carla")
    assert building.desk.answer(q.OfLobby("rec", ES, stranger)) is None
    draft = str(building.desk.answer(q.RecordMenuGreeting("menu-day")))
    write_wav(Path(draft), tone(700, 1.5))
    assert building.desk.answer(q.KeepMenuGreeting("menu-day", draft, 1.5, stranger)) is False
    assert building.greeting == "sound-old"
