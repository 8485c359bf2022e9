"""The receptionist: keys, barge-in, extensions against keys, names, failures, and callers who come back."""

from dataclasses import replace

import pytest

from appliance.directory.model import MemoryDirectory
from appliance.vocabulary import Announcement
from appliance.voice.answered import Answered
from appliance.voice.book import book_of, spellings
from appliance.voice.dialogue import Bridge, HangUp, Music, NotTaken, OtherLeft, Status, StopPlaying, Taken
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import Caller, Waiting
from appliance.voice.questions import Counter, OfReceptionist
from appliance.voice.receptionist import MOVES, Receptionist
from appliance.voice.sounds import Sound, Text
from tests.lab.sample import ACME, sample_rows
from tests.unit.voice.stage import OnPaper, goto
from wire.services import MenuMode

KEYS = {
    "1": ("person", "person-ana"),
    "2": ("ring_group", "g-sales"),
    "3": ("mailbox", "m-ana"),
    "4": ("receptionist", "r-night"),
    "5": ("conference", "c-acme"),
    "7": ("repeat", ""),
    "8": ("dial_by_name", ""),
    "9": ("hang_up", ""),
    "*": ("person", "person-beto"),
}
BOOK = book_of(MemoryDirectory(sample_rows()), ACME)
DAY = Counter(MenuMode.BUSINESS, (Text("Buenos días"),), KEYS, "es-MX", BOOK, default=("person", "person-elsa"))
NIGHT = Counter(MenuMode.AFTER_HOURS, (Say.WELCOME_CLOSED,), {"0": ("mailbox", "m-ana")}, "es-MX", BOOK)
CALLER = Caller(ACME, "+525512345678", "Pepe")


def call(counter: Counter = DAY) -> OnPaper:
    desk = {"r-day": counter, "r-night": NIGHT}
    service = Answered(OfReceptionist("r-day", "es-MX"), lambda answer: Receptionist(answer, CALLER))  # type: ignore[arg-type]
    return OnPaper(service, lambda asked: desk.get(getattr(asked, "receptionist_id", ""))).called()


def test_a_caller_is_answered_and_greeted() -> None:
    assert call().heard == (Text("Buenos días"),)


@pytest.mark.parametrize(
    ("key", "to"),
    [
        ("2", "ring_group:g-sales"),
        ("3", "mailbox:m-ana"),
        ("5", "conference:c-acme"),
        ("*", "person:person-beto"),
    ],
)
def test_a_key_leads_where_it_was_set_to_while_the_greeting_still_plays(key: str, to: str) -> None:
    caller = call().presses(key)
    assert goto(caller.dialled) == to


def test_the_new_leg_shows_the_caller_and_says_for_whom_it_calls() -> None:
    dial = call().presses("2").dialled
    assert dial is not None
    assert (dial.user, dial.number, dial.name) == ("goto", "+525512345678", "Pepe")
    assert dict(dial.headers) | {"X-Conserje-Goto": ""} == {
        "X-Conserje-Account": ACME,
        "X-Conserje-Caller": "+525512345678",
        "X-Conserje-Name": "Pepe",
        "X-Conserje-Why": "receptionist",
        "X-Conserje-Goto": "",
    }


def test_a_key_that_begins_extensions_waits_three_seconds_for_more() -> None:
    caller = call().presses("1")
    assert caller.did(StopPlaying())
    assert caller.dialled is None
    assert goto(caller.waits().dialled) == "person:person-ana"


def test_an_extension_is_dialled_over_the_greeting() -> None:
    assert goto(call().presses("102").dialled) == "person:person-beto"


def test_pound_ends_the_wait() -> None:
    assert goto(call().presses("1#").dialled) == "person:person-ana"


def test_the_rest_of_a_wrong_extension_is_not_taken_for_keys() -> None:
    caller = call().presses("199")
    assert caller.heard == (Text("Buenos días"),)
    assert caller.waits().heard == (Say.INVALID_OPTION, Text("Buenos días"))


@pytest.mark.parametrize("typed", ["199#", "10#", "6"])
def test_what_leads_nowhere_is_no_valid_option_and_the_menu_comes_again(typed: str) -> None:
    caller = call().presses(typed)
    assert caller.heard == (Say.INVALID_OPTION, Text("Buenos días"))
    assert not caller.over


def test_extensions_are_not_dialled_where_that_is_off() -> None:
    caller = call(replace(DAY, direct_dial=False)).presses("1")
    assert goto(caller.dialled) == "person:person-ana"


def test_silence_of_seven_seconds_repeats_and_the_third_failure_goes_to_the_default() -> None:
    caller = call()
    for _ in range(2):
        caller.hears_out().waits()
        assert caller.heard == (Text("Buenos días"),)
        assert caller.dialled is None
    assert goto(caller.hears_out().waits().dialled) == "person:person-elsa"


def test_without_a_default_the_third_failure_is_goodbye() -> None:
    caller = call(replace(DAY, default=("", ""))).presses("666")
    assert caller.heard == (Say.INVALID_OPTION, Say.GOODBYE)
    assert not caller.over
    assert caller.hears_out().did(HangUp())


def test_a_default_that_does_not_answer_ends_in_goodbye() -> None:
    caller = call().presses("666").gets(NotTaken(Status(480, "")))
    assert caller.heard == (Announcement.NOT_AVAILABLE, Say.GOODBYE)


def test_a_default_that_is_a_receptionist_does_not_go_round_for_ever() -> None:
    caller = call(replace(DAY, default=("receptionist", "r-day")))
    for _ in range(4):
        caller.presses("6")
    assert caller.heard == (Say.INVALID_OPTION, Say.GOODBYE)


def test_repeat_and_hang_up() -> None:
    caller = call().presses("7")
    assert caller.heard == (Text("Buenos días"),)
    assert caller.presses("9").heard == (Say.GOODBYE,)
    assert caller.hears_out().over


def test_another_receptionists_menu_takes_over() -> None:
    caller = call().presses("4")
    assert caller.heard == (Say.WELCOME_CLOSED,)
    assert goto(caller.presses("0").dialled) == "mailbox:m-ana"


def test_a_menu_that_is_not_there_is_no_valid_option() -> None:
    caller = call(replace(DAY, keys={"4": ("receptionist", "gone")})).presses("4")
    assert caller.heard == (Say.INVALID_OPTION, Text("Buenos días"))


# Moving the caller ----------------------------------------------------------------------------------------------------


def test_who_takes_the_call_is_bridged_and_ends_it() -> None:
    caller = call().presses("2").gets(Taken())
    assert caller.effects[-2:] == [StopPlaying(), Bridge()]
    assert caller.gets(OtherLeft()).over


@pytest.mark.parametrize(
    ("code", "words"),
    [(486, Announcement.BUSY), (480, Announcement.NOT_AVAILABLE), (404, Announcement.NO_SUCH_EXTENSION)],
)
def test_who_does_not_take_it_is_told_of_and_the_menu_comes_again(code: int, words: Announcement) -> None:
    caller = call().presses("2").gets(NotTaken(Status(code, "")))
    assert caller.heard == (words, Text("Buenos días"))
    assert goto(caller.presses("3").dialled) == "mailbox:m-ana"


def test_nobody_is_put_through_for_ever() -> None:
    caller = call()
    for _ in range(MOVES):
        caller.presses("2").gets(NotTaken(Status(486, "")))
    assert caller.heard == (Announcement.BUSY, Say.GOODBYE)


def test_a_moved_caller_hears_music_or_ringing() -> None:
    assert call(replace(DAY, waiting=Waiting("/track.wav"))).presses("2").did(Music("/track.wav"))
    ringing = call(replace(DAY, waiting=Waiting(None))).presses("2")
    assert ringing.heard[-1] == "ringback"
    assert ringing.hears_out().heard == ("ringback",)


def test_a_hang_up_while_it_rings_ends_it_without_a_word() -> None:
    caller = call().presses("2")
    before = len(caller.effects)
    caller.hangs_up()
    assert caller.effects[before:] == []


# Names ----------------------------------------------------------------------------------------------------------------


def test_names_are_spelled_without_accents_from_any_of_their_words() -> None:
    assert spellings("Ana Núñez") == ("26268639", "68639")
    assert [one.name for one in BOOK.named("262")] == ["Ana Núñez"]
    assert [one.digits for one in BOOK.named("342")] == ["102"]
    assert len(BOOK.named("2")) == 2


def names(sounds: tuple[Sound, ...]) -> list[str]:
    return [s.words for s in sounds if isinstance(s, Text)]


def test_dial_by_name_reads_the_names_and_connects() -> None:
    caller = call().presses("8")
    assert caller.heard == (Say.SPELL_NAME,)
    caller.presses("2#")
    assert names(caller.heard) == ["Ana Núñez"]
    caller.presses("2")
    assert names(caller.heard) == ["Beto Díaz"]
    assert goto(caller.presses("1").dialled) == "person:person-beto"


def test_a_pause_ends_a_name_too() -> None:
    assert names(call().presses("8").presses("68").waits().heard) == ["Ana Núñez"]


def test_no_such_name_is_a_failure_and_no_more_names_is_none() -> None:
    assert call().presses("8").presses("99#").heard == (Say.NO_SUCH_NAME, Text("Buenos días"))
    assert call().presses("8").presses("262#").presses("2").heard == (Say.NO_MORE_NAMES, Text("Buenos días"))
