"""Edits of mailboxes. An administrator sets one up and may give it another PIN, but hears nothing in it (L-3)."""

import secrets
from dataclasses import dataclass, replace

from central.directory.edit import Edit
from central.directory.lines import extension_of, forget_target
from central.directory.messages import forget_messages
from central.directory.sounds import drop_content
from central.directory.stamps import after, changed, moment
from central.errors import InputProblem, Words
from central.rules import names, tokens
from central.rules.choices import number_between, one_of
from central.rules.faults import Faults
from wire import pins
from wire.rows import DestinationKind, Person
from wire.services import Greeting, Mailbox, OwnGreeting, Sound
from wire.stamps import read

LEAST_ANSWER_S, MOST_ANSWER_S = 5, 120
MOST_MESSAGES = 1000
LEAST_MESSAGE_S, MOST_MESSAGE_S = 30, 600
NEW_PIN_DIGITS = 6


@dataclass(frozen=True, slots=True)
class MailboxWish:
    """`name` is asked of a shared mailbox only; a person's is called as the person. `email` empty: not mailed."""

    name: str = ""
    enabled: bool = True
    answer_after_s: str = "20"
    greeting: str = Greeting.DEFAULT
    greeting_sound_id: str = ""
    email: str = ""
    max_messages: str = "100"
    max_message_s: str = "300"


def add_mailbox(edit: Edit, account_id: str, wish: MailboxWish, person_id: str = "") -> Mailbox:
    """A person's mailbox, or a shared one. Raises InputProblem(s), also where the person has one already."""
    edit.lock_account(account_id)
    if person_id and any(b.person_id == person_id for b in edit.all(Mailbox, account_id)):
        raise InputProblem("", Words("That person has a mailbox already.", "Esa persona ya tiene un buzón."))
    box = _checked(edit, Mailbox(tokens.new_id("mailbox"), account_id, "", person_id), wish)
    edit.put(box)
    return box


def change_mailbox(edit: Edit, account_id: str, mailbox_id: str, wish: MailboxWish) -> Mailbox:
    edit.lock_account(account_id)
    box = _checked(edit, edit.get(Mailbox, mailbox_id, account_id), wish)
    edit.put(box)
    return box


def mailbox_of(edit: Edit, account_id: str, person_id: str) -> Mailbox | None:
    return next((b for b in edit.all(Mailbox, account_id) if b.person_id == person_id), None)


def new_pin(edit: Edit, account_id: str, mailbox_id: str) -> str:
    """Give the mailbox a PIN that nobody chose; returned once, to be told or mailed to its owner, and kept nowhere."""
    edit.lock_account(account_id)
    box = edit.get(Mailbox, mailbox_id, account_id)
    digits = _digits(edit, box)
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(NEW_PIN_DIGITS))
        if not pins.weakness(pin, digits):
            break
    _keep_pin(edit, box, pin)
    edit.note("reset-pin", Mailbox.kind, mailbox_id, account=account_id)
    return pin


def set_pin(edit: Edit, account_id: str, mailbox_id: str, pin: str) -> None:
    """The PIN its owner chose. Raises InputProblem for one that everybody would guess."""
    edit.lock_account(account_id)
    box = edit.get(Mailbox, mailbox_id, account_id)
    if pins.weakness(pin, _digits(edit, box)):
        least, most = pins.MIN_DIGITS, pins.MAX_DIGITS
        raise InputProblem(
            "pin",
            Words("That PIN is too easy to guess.", "Ese PIN es demasiado fácil de adivinar."),
            Words(
                f"{least} to {most} digits, neither in a row nor repeated nor the extension.",
                f"De {least} a {most} dígitos, ni seguidos ni repetidos ni la extensión.",
            ),
        )
    _keep_pin(edit, box, pin)


def choose_greeting(edit: Edit, account_id: str, mailbox_id: str, greeting: str) -> None:
    """What its owner wants callers to hear. Raises InputProblem."""
    edit.lock_account(account_id)
    box = edit.get(Mailbox, mailbox_id, account_id)
    chosen = one_of("greeting", greeting, tuple(Greeting))
    if chosen != box.greeting:
        seen = read(box.stamps).get("greeting", "")
        edit.put(changed(box, {"greeting": chosen}, after(seen, edit.now)))


def delete_mailbox(edit: Edit, account_id: str, mailbox_id: str) -> tuple[str, ...]:
    """With its messages and greetings, here and in every building, for good.

    Returns the names of ring groups that have no members left (R-4).
    """
    edit.lock_account(account_id)
    box = edit.get(Mailbox, mailbox_id, account_id)
    empty = forget_target(edit, account_id, DestinationKind.MAILBOX, mailbox_id)
    forget_messages(edit, account_id, mailbox_id)
    for greeting in edit.all(OwnGreeting, account_id):
        if greeting.mailbox_id == mailbox_id:
            edit.delete(greeting)
            drop_content(edit, greeting.sha256)
    edit.delete(box)
    return empty


def _keep_pin(edit: Edit, box: Mailbox, pin: str) -> None:
    hashed = pins.hashed(pin, secrets.token_bytes(16))
    edit.put(changed(box, {"pin_hash": hashed}, moment(edit.now)))


def _digits(edit: Edit, box: Mailbox) -> str:
    own = extension_of(edit, box.account_id, DestinationKind.PERSON, box.person_id) if box.person_id else None
    return own.digits if own else ""


def _checked(edit: Edit, held: Mailbox, wish: MailboxWish) -> Mailbox:
    faults, account_id = Faults(), held.account_id
    name = wish.name
    if held.person_id:
        name = edit.get(Person, held.person_id, account_id).name
    called = Words("the mailbox's name", "el nombre del buzón")
    made = replace(
        held,
        name=faults.keep(lambda: names.required_name("name", name, called), ""),
        enabled=wish.enabled,
        answer_after_s=faults.keep(
            lambda: number_between("answer_after_s", wish.answer_after_s, LEAST_ANSWER_S, MOST_ANSWER_S), LEAST_ANSWER_S
        ),
        greeting_sound_id=faults.keep(lambda: _sound(edit, account_id, wish.greeting_sound_id), ""),
        email=faults.keep(lambda: names.email("email", wish.email), ""),
        max_messages=faults.keep(lambda: number_between("max_messages", wish.max_messages, 1, MOST_MESSAGES), 1),
        max_message_s=faults.keep(
            lambda: number_between("max_message_s", wish.max_message_s, LEAST_MESSAGE_S, MOST_MESSAGE_S), 0
        ),
    )
    greeting = faults.keep(lambda: one_of("greeting", wish.greeting, tuple(Greeting)), held.greeting)
    faults.settle()
    return changed(made, {"greeting": greeting}, moment(edit.now)) if greeting != held.greeting else made


def _sound(edit: Edit, account_id: str, sound_id: str) -> str:
    if sound_id and all(s.id != sound_id for s in edit.all(Sound, account_id)):
        raise InputProblem(
            "greeting_sound_id",
            Words("That recording is not there any more.", "Esa grabación ya no existe."),
            Words("Choose one of the list.", "Elija de la lista."),
        )
    return sound_id
