"""Edits of what a mailbox's owner recorded as its greetings: in the portal, or by phone in a building (L-2)."""

from dataclasses import replace

from central.directory.edit import Edit
from central.directory.mailboxes import choose_greeting
from central.directory.sounds import drop_content, keep_content
from central.directory.stamps import after
from central.model.rows import find
from central.rules.choices import one_of
from central.sounds import Converted
from wire.services import Greeting, Mailbox, OwnGreeting, own_greeting_id

RECORDED = (Greeting.CUSTOM, Greeting.AWAY)
LONGEST_S = 120
"""Of a greeting that is uploaded: callers wait for its end."""


def keep_greeting(edit: Edit, account_id: str, mailbox_id: str, which: str, content: Converted) -> None:
    """It is heard from now on, as one that is recorded by phone. Raises InputProblem on field `which`."""
    edit.lock_account(account_id)
    greeting = one_of("which", which, RECORDED)
    box = edit.get(Mailbox, mailbox_id, account_id)
    _put(edit, box, greeting, content)
    choose_greeting(edit, account_id, mailbox_id, greeting)


def take_recorded(edit: Edit, box: Mailbox, greeting: str, content: Converted, stamp: str) -> None:
    """What was recorded by phone at `stamp`: it is kept unless something later is."""
    edit.lock_account(box.account_id)
    held = find(edit.session, OwnGreeting, own_greeting_id(box.id, greeting))
    if held is None or stamp > held.stamp:
        _put(edit, box, greeting, content, stamp)


def forget_greeting(edit: Edit, account_id: str, mailbox_id: str, which: str) -> None:
    """It is taken away, wherever it was recorded; where it was in force, the building's own is again."""
    edit.lock_account(account_id)
    greeting = one_of("which", which, RECORDED)
    box = edit.get(Mailbox, mailbox_id, account_id)
    _put(edit, box, greeting, None)
    if box.greeting == greeting:
        choose_greeting(edit, account_id, mailbox_id, Greeting.DEFAULT)


def _put(edit: Edit, box: Mailbox, greeting: str, content: Converted | None, stamp: str = "") -> None:
    """`stamp`: of the phone; else of this edit."""
    row_id = own_greeting_id(box.id, greeting)
    held = find(edit.session, OwnGreeting, row_id)
    former = held.sha256 if held is not None else ""
    stamp = stamp or after(held.stamp if held is not None else "", edit.now)
    if content is None:
        edit.put(OwnGreeting(row_id, box.account_id, box.id, greeting, stamp=stamp))
    else:
        keep_content(edit, content)
        size = len(content.content)
        row = OwnGreeting(row_id, box.account_id, box.id, greeting, content.sha256, size, content.duration_ms)
        edit.put(replace(row, former_sha256=former, stamp=stamp))
    if former and (content is None or former != content.sha256):
        drop_content(edit, former)
