"""Voicemail by phone: leaving a message, opening a mailbox, sorting what is in it, greetings and PINs."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import pytest

from appliance.voice import questions as q
from appliance.voice.answered import NOT_FOUND, Answered
from appliance.voice.dialogue import (
    HangUp,
    NotTaken,
    Record,
    Recorded,
    Refuse,
    Status,
    StopPlaying,
    Why,
)
from appliance.voice.mailbox_deposit import Deposit
from appliance.voice.mailbox_menu import MailboxMenu
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import Caller
from appliance.voice.sounds import File, Recording
from appliance.voice.speech import messages as said_messages
from tests.unit.voice.stage import OnPaper

ES = "es-MX"
SLOT = q.Slot("m1", "/box/m1.wav", (Say.MAILBOX_OF, Say.LEAVE_MESSAGE), ES, 300.0)
CALLER = Caller("acme", "101", "Ana", "phone-ana")
OUTSIDE = Caller("acme", "+525512345678")
DOOR = q.Door("box", ES, has_pin=True, at_home=True)
WHEN = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@dataclass
class PaperDesk:
    door: q.Door | None = DOOR
    pin: str = "8024"
    letters: list[q.Letter] = field(default_factory=list)
    keeps: bool = True
    greetings: set[str] = field(default_factory=lambda: {"default"})
    wrong: int = 0

    def __call__(self, question: object) -> object:
        match question:
            case q.OfDeposit():
                return SLOT
            case q.KeepMessage():
                return self.keeps
            case q.OfAccess():
                return self.door
            case q.TryPin(_, pin):
                self.wrong += pin != self.pin
                return q.Tried.LOCKED if self.wrong >= 3 else q.Tried.RIGHT if pin == self.pin else q.Tried.WRONG
            case q.SetPin(_, pin):
                if pin in ("1234", "101"):
                    return "sequence" if pin == "1234" else "length"
                self.pin = pin
                return ""
            case q.ListMessages():
                return tuple(self.letters)
            case q.MarkMessage(message_id, state):
                self.letters = [
                    replace(one, new=one.new and one.message_id != message_id)
                    for one in self.letters
                    if one.message_id != message_id or state != "deleted"
                ]
                return None
            case q.RecordGreeting():
                return "/box/draft.wav"
            case q.KeepGreeting(_, greeting):
                self.greetings.add(greeting)
                return True
            case q.ChooseGreeting(_, greeting):
                return greeting in self.greetings
            case _:
                return None


def letter(name: str, new: bool = True, caller: str = "102") -> q.Letter:
    return q.Letter(name, new, f"/box/{name}.wav", WHEN, date(2026, 11, 23), caller)


def deposit(desk: PaperDesk | None = None) -> OnPaper:
    service = Answered(q.OfDeposit("box", ES, CALLER), lambda slot: Deposit(slot))  # type: ignore[arg-type]
    return OnPaper(service, desk or PaperDesk()).called()


def opened(desk: PaperDesk, caller: Caller = CALLER, known: bool = True) -> OnPaper:
    return OnPaper(Answered(None, lambda _: MailboxMenu(caller, ES, desk.door if known else None)), desk).called()


def inside(desk: PaperDesk, caller: Caller = CALLER) -> OnPaper:
    return opened(desk, caller).presses("8024#")


# Leaving a message ----------------------------------------------------------------------------------------------------


def test_a_message_is_greeted_recorded_and_kept() -> None:
    caller = deposit()
    assert caller.heard == SLOT.greeting
    caller.hears_out()
    assert caller.did(Record("/box/m1.wav", 300.0, 3.0, 2.0, beep=True, stop_keys="#"))
    caller.gets(Recorded("/box/m1.wav", 4.2, Why.SILENCE))
    assert caller.asked[-1] == q.KeepMessage("m1", 4.2)
    assert caller.heard == (Say.MESSAGE_KEPT, Say.GOODBYE)
    assert caller.hears_out().did(HangUp())


def test_pound_skips_the_greeting() -> None:
    caller = deposit().presses("#")
    assert caller.effects[-2] == StopPlaying()
    assert isinstance(caller.effects[-1], Record)


def test_what_was_said_before_hanging_up_is_kept() -> None:
    caller = deposit().hears_out().hangs_up().gets(Recorded("/box/m1.wav", 9.0, Why.LEFT))
    assert caller.asked[-1] == q.KeepMessage("m1", 9.0)


@pytest.mark.parametrize("leaves", [True, False])
def test_less_than_two_seconds_is_thrown_away(leaves: bool) -> None:
    caller = deposit().hears_out()
    if leaves:
        caller.hangs_up()
    caller.gets(Recorded("", 0.0, Why.LEFT if leaves else Why.SILENCE))
    assert caller.asked[-1] == q.DropMessage("m1")
    assert leaves or caller.heard == (Say.TOO_SHORT, Say.GOODBYE)


def test_hanging_up_during_the_greeting_frees_the_place() -> None:
    assert deposit().hangs_up().asked[-1] == q.DropMessage("m1")


def test_a_message_that_could_not_be_kept_is_said_to_be_lost() -> None:
    caller = deposit(PaperDesk(keeps=False)).hears_out().gets(Recorded("/box/m1.wav", 9.0, Why.DIGIT, "#"))
    assert caller.heard == (Say.NOT_KEPT, Say.GOODBYE)


def test_a_full_mailbox_says_so_and_records_nothing() -> None:
    full = replace(SLOT, path="", greeting=())
    caller = OnPaper(Answered(None, lambda _: Deposit(full))).called()
    assert caller.heard == (Say.MAILBOX_FULL, Say.GOODBYE)
    assert caller.hears_out().did(HangUp())
    assert not any(isinstance(e, Record) for e in caller.effects)


def test_a_mailbox_that_is_not_there_is_404() -> None:
    service = Answered(q.OfDeposit("none", ES, CALLER), lambda slot: NOT_FOUND)
    assert OnPaper(service).called().did(Refuse(NOT_FOUND))


# Opening --------------------------------------------------------------------------------------------------------------


def test_the_owner_opens_by_pin_and_hears_how_many_there_are() -> None:
    desk = PaperDesk(letters=[letter("a"), letter("b"), letter("c", new=False)])
    caller = opened(desk)
    assert caller.heard == (Say.ENTER_PIN,)
    assert caller.presses("8024#").heard == (*said_messages(2, 1, ES), Say.MAILBOX_KEYS)


def test_three_wrong_pins_lock_and_hang_up() -> None:
    caller = opened(PaperDesk()).presses("1111#")
    assert caller.heard == (Say.WRONG_PIN, Say.ENTER_PIN)
    caller.presses("2222#").presses("3333#")
    assert caller.heard == (Say.MAILBOX_LOCKED, Say.GOODBYE)
    assert caller.presses("8024#").hears_out().over


def test_a_locked_mailbox_does_not_ask() -> None:
    assert opened(PaperDesk(replace(DOOR, locked=True))).heard == (Say.MAILBOX_LOCKED, Say.GOODBYE)


def test_from_another_phone_the_extension_is_asked_for() -> None:
    caller = opened(PaperDesk(), known=False)
    assert caller.heard == (Say.ENTER_EXTENSION,)
    assert caller.presses("101#").heard == (Say.ENTER_PIN,)
    assert caller.asked[-1] == q.OfAccess(CALLER, ES, extension="101")
    assert Say.MAILBOX_KEYS in caller.presses("8024#").heard


def test_a_mailbox_that_does_not_exist_sounds_as_one_with_another_pin() -> None:
    desk = PaperDesk(door=None, pin="none fits")
    caller = opened(desk, known=False).presses("999#")
    assert caller.heard == (Say.ENTER_PIN,)
    assert caller.presses("8024#").heard == (Say.WRONG_PIN, Say.ENTER_PIN)


def test_a_first_pin_is_set_from_the_owners_phone_only() -> None:
    away = opened(PaperDesk(replace(DOOR, has_pin=False, at_home=False)))
    assert away.heard == (Say.PIN_ONLY_AT_HOME, Say.GOODBYE)
    desk = PaperDesk(replace(DOOR, has_pin=False))
    home = opened(desk)
    assert home.heard == (Say.FIRST_PIN, Say.NEW_PIN)
    assert home.presses("5309#").heard == (Say.PIN_AGAIN,)
    assert home.presses("5309#").heard[0] is Say.PIN_CHANGED
    assert desk.pin == "5309"


def test_silence_at_the_pin_ends_the_call() -> None:
    caller = opened(PaperDesk())
    for _ in range(3):
        caller.hears_out().waits()
    assert caller.heard == (Say.GOODBYE,)
    assert caller.hears_out().over


# Messages -------------------------------------------------------------------------------------------------------------


def files(caller: OnPaper) -> list[str]:
    return [sound.path for sound in caller.heard if isinstance(sound, File)]


def test_new_messages_are_played_with_date_and_caller() -> None:
    caller = inside(PaperDesk(letters=[letter("a"), letter("b")])).presses("1")
    assert files(caller) == ["/box/a.wav"]
    assert caller.heard[0] == Recording("digits/today")
    assert Recording("vm-from-phonenumber") in caller.heard


def test_a_message_heard_to_its_end_is_old() -> None:
    desk = PaperDesk(letters=[letter("a")])
    caller = inside(desk).presses("1").hears_out()
    assert desk.letters == [letter("a", new=False)]
    assert caller.heard == (Say.MESSAGE_KEYS,)


def test_a_message_that_was_skipped_stays_new() -> None:
    desk = PaperDesk(letters=[letter("a"), letter("b")])
    caller = inside(desk).presses("1").presses("6")
    assert files(caller) == ["/box/b.wav"]
    assert [one.new for one in desk.letters] == [True, True]


def test_delete_save_repeat_and_back() -> None:
    desk = PaperDesk(letters=[letter("a"), letter("b"), letter("c")])
    caller = inside(desk).presses("17")
    assert caller.heard[0] is Say.DELETED
    assert files(caller) == ["/box/b.wav"]
    assert files(caller.presses("1")) == ["/box/b.wav"]
    assert files(caller.presses("9")) == ["/box/c.wav"]
    assert files(caller.presses("4")) == ["/box/b.wav"]
    assert desk.letters == [letter("b", new=False), letter("c")]
    assert caller.presses("*").heard == (*said_messages(1, 1, ES), Say.MAILBOX_KEYS)


def test_after_the_last_message_the_menu_comes_again() -> None:
    caller = inside(PaperDesk(letters=[letter("a", new=False)])).presses("2").presses("7")
    assert caller.heard == (Say.DELETED, Say.NO_MORE_MESSAGES)
    assert caller.hears_out().heard == (*said_messages(0, 0, ES), Say.MAILBOX_KEYS)


def test_without_messages_it_says_so() -> None:
    assert inside(PaperDesk()).presses("1").heard[0] is Say.NO_MESSAGES


def test_calling_back_from_a_phone_of_ours() -> None:
    caller = inside(PaperDesk(letters=[letter("a", caller="+525599887766")])).presses("18")
    dial = caller.dialled
    assert dial is not None
    assert (dial.user, dict(dial.headers)["X-Conserje-Phone"]) == ("+525599887766", "phone-ana")
    assert caller.gets(NotTaken(Status(486, ""))).heard[-1] is Say.MESSAGE_KEYS


@pytest.mark.parametrize(("who", "number"), [(OUTSIDE, "102"), (CALLER, "")])
def test_nobody_calls_back_from_outside_or_to_nowhere(who: Caller, number: str) -> None:
    caller = inside(PaperDesk(letters=[letter("a", caller=number)]), who).presses("18")
    assert caller.heard == (Say.NO_CALL_BACK, Say.MESSAGE_KEYS)
    assert caller.dialled is None


def test_a_silent_listener_comes_back_to_the_menu_and_then_leaves() -> None:
    caller = inside(PaperDesk(letters=[letter("a")])).presses("1").hears_out()
    for _ in range(3):
        caller.hears_out().waits()
    for _ in range(3):
        assert not caller.over
        caller.hears_out().waits()
    assert caller.hears_out().over


# Settings -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [("1234#", "1234#", Say.WEAK_SEQUENCE), ("5309#", "5300#", Say.PIN_MISMATCH), ("#", "", Say.WEAK_LENGTH)],
)
def test_a_pin_that_will_not_do_is_explained(first: str, second: str, says: Say) -> None:
    desk = PaperDesk()
    caller = inside(desk).presses("4").presses(first).presses(second)
    assert caller.heard == (says, Say.NEW_PIN)
    assert desk.pin == "8024"


def test_a_new_pin_after_giving_up_is_the_old_one() -> None:
    desk = PaperDesk()
    assert Say.MAILBOX_KEYS in inside(desk).presses("4*").heard
    assert desk.pin == "8024"


def test_a_greeting_is_recorded_heard_and_kept() -> None:
    desk = PaperDesk()
    caller = inside(desk).presses("3").presses("1")
    assert Say.RECORD_GREETING in caller.heard
    caller.hears_out()
    assert caller.did(Record("/box/draft.wav", 90.0, 0.0, 1.0, beep=True, stop_keys="#*"))
    caller.gets(Recorded("/box/draft.wav", 5.0, Why.DIGIT, "#"))
    assert files(caller) == ["/box/draft.wav"]
    caller.presses("1")
    assert caller.asked[-1] == q.KeepGreeting("box", "custom", "/box/draft.wav")
    assert caller.heard[0] is Say.GREETING_CHOSEN


def test_a_greeting_not_kept_is_thrown_away() -> None:
    caller = inside(PaperDesk()).presses("32").hears_out().gets(Recorded("/box/draft.wav", 5.0, Why.DIGIT, "#"))
    assert caller.presses("*").asked[-1] == q.DropGreeting("/box/draft.wav")
    caller = inside(PaperDesk()).presses("32").hears_out().hangs_up().gets(Recorded("/d", 5.0, Why.LEFT))
    assert caller.asked[-1] == q.DropGreeting("/box/draft.wav")


def test_a_greeting_is_chosen_or_was_never_recorded() -> None:
    caller = inside(PaperDesk()).presses("34")
    assert caller.heard[0] is Say.NO_SUCH_GREETING
    assert caller.presses("5").heard[0] is Say.GREETING_CHOSEN
