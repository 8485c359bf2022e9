"""What a mailbox's owner set by phone: PIN and greeting; and the lock after wrong PINs. The ground of mailboxes.py.

Each field counts at once, until the centre's row carries its stamp or a newer one. Standard library only.
"""

import hashlib
import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from appliance.directory.mailbox_file import MailboxFile, iso, sync_folder
from wire import stamps
from wire.facts import GreetingChosen, MailboxLocked, PinChanged
from wire.services import Greeting, Mailbox

LOCKED_FOR = timedelta(minutes=5)
WRONG_PINS = 3


@dataclass(frozen=True, slots=True)
class Recorded:
    """A greeting recorded by phone, with the stamp of its recording."""

    mailbox_id: str
    greeting: str
    fact_id: str
    stamp: str
    path: Path


class OwnedMailboxes(MailboxFile):
    """PINs are sealed on the disk; greetings are files, whole or not there."""

    def as_owned(self, mailbox: Mailbox) -> Mailbox:
        """The row with what its owner changed by phone, until the centre's copy is as new, field by field."""
        theirs = stamps.read(mailbox.stamps)
        changed: dict[str, Any] = {}
        for name, value, hlc in (
            self._connection()
            .execute("SELECT field, value, hlc FROM own WHERE mailbox_id = ?", (mailbox.id,))
            .fetchall()
        ):
            if hlc and theirs.get(name, "") >= hlc:
                with self._transaction() as connection:
                    connection.execute(
                        "DELETE FROM own WHERE mailbox_id = ? AND field = ? AND hlc = ?", (mailbox.id, name, hlc)
                    )
            else:
                changed[name] = self._cipher.open(value) if name == "pin_hash" else value
        return replace(mailbox, **changed)

    def set_pin(self, mailbox: Mailbox, pin_hash: str) -> None:
        """In force at once, and a lock is lifted. `pin_hash` as wire/pins.py makes it."""
        sealed = self._cipher.seal(pin_hash)
        fact = PinChanged(mailbox.id, mailbox.account_id, sealed, self._now())
        self._own(mailbox, "pin_hash", sealed, fact)

    def choose_greeting(self, mailbox: Mailbox, greeting: str) -> None:
        """What callers hear from now on. The caller has seen that it was recorded."""
        self._choose(mailbox, greeting, "")

    def _choose(self, mailbox: Mailbox, greeting: str, digest: str) -> None:
        fact = GreetingChosen(mailbox.id, mailbox.account_id, greeting, digest, self._now())
        self._own(mailbox, "greeting", greeting, fact)

    def by_phone(self, mailbox_id: str, greeting: str, stamp: str) -> Path | None:
        """The recording made by phone, if it was made after `stamp`, which is that of the centre's; empty for none."""
        path = self.greeting_path(mailbox_id, greeting)
        if greeting == Greeting.DEFAULT or not path.exists():
            return None
        found = (
            self._connection()
            .execute("SELECT hlc FROM recorded WHERE mailbox_id = ? AND greeting = ?", (mailbox_id, greeting))
            .fetchone()
        )
        return path if not stamp or (found and (not found[0] or found[0] > stamp)) else None

    def greetings_to_upload(self) -> tuple[Recorded, ...]:
        """Recordings made by phone that the centre has not got."""
        found = self._connection().execute(
            "SELECT mailbox_id, greeting, fact_id, hlc FROM recorded WHERE uploaded = 0 AND hlc <> ''"
        )
        return tuple(
            Recorded(mailbox_id, greeting, fact_id, hlc, self.greeting_path(mailbox_id, greeting))
            for mailbox_id, greeting, fact_id, hlc in found
        )

    def greeting_uploaded(self, recorded: Recorded) -> None:
        """One that was recorded anew meanwhile still waits."""
        with self._transaction() as connection:
            connection.execute("UPDATE recorded SET uploaded = 1 WHERE fact_id = ?", (recorded.fact_id,))

    def greeting_path(self, mailbox_id: str, greeting: str) -> Path:
        """Where a greeting recorded by phone lies, if it was. The id is a digest here: no path is made of texts."""
        return self._folder / "greetings" / f"{_name(mailbox_id)}.{_name(greeting)[:8]}.wav"

    def draft_path(self, mailbox_id: str) -> Path:
        """Where a greeting is recorded before its owner keeps it."""
        return self._folder / "greetings" / f"{_name(mailbox_id)}.draft-{uuid.uuid4().hex}.wav"

    def keep_greeting(self, mailbox: Mailbox, greeting: str, draft: Path) -> bool:
        """A draft becomes the greeting in force: whole at once, while another caller hears the old one to its end."""
        if draft.parent != self._folder / "greetings" or not draft.exists():
            return False
        draft.chmod(0o600)
        draft.replace(self.greeting_path(mailbox.id, greeting))
        sync_folder(draft.parent)
        path = self.greeting_path(mailbox.id, greeting)
        self._choose(mailbox, greeting, hashlib.sha256(path.read_bytes()).hexdigest())
        return True

    def drop_draft(self, draft: Path) -> None:
        if draft.parent == self._folder / "greetings" and ".draft-" in draft.name:
            draft.unlink(missing_ok=True)

    def drop_greetings(self, mailbox_id: str) -> None:
        """What was recorded by phone, drafts too."""
        for path in (self._folder / "greetings").glob(f"*{_name(mailbox_id)}.*"):
            path.unlink(missing_ok=True)

    # The lock ---------------------------------------------------------------------------------------------------------

    def locked(self, mailbox_id: str) -> bool:
        found = self._connection().execute("SELECT until FROM lock WHERE mailbox_id = ?", (mailbox_id,)).fetchone()
        return bool(found and found[0] > self._now())

    def wrong_pin(self, mailbox: Mailbox, by: str) -> bool:
        """Count one. True when the mailbox is locked by it; the centre hears of that."""
        now = self._clock.now()
        with self._transaction() as connection:
            found = connection.execute("SELECT wrong FROM lock WHERE mailbox_id = ?", (mailbox.id,)).fetchone()
            wrong = (int(found[0]) if found else 0) + 1
            locks = wrong >= WRONG_PINS
            until = iso(now + LOCKED_FOR) if locks else ""
            connection.execute(
                "INSERT OR REPLACE INTO lock VALUES (?, ?, ?)", (mailbox.id, 0 if locks else wrong, until)
            )
            if locks:
                fact = MailboxLocked(mailbox.id, mailbox.account_id, by[:40], iso(now), until)
                self._note(connection, f"locked-{uuid.uuid4().hex}", fact)
        self.carry()
        return locks

    def right_pin(self, mailbox_id: str) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM lock WHERE mailbox_id = ?", (mailbox_id,))

    def _own(self, mailbox: Mailbox, name: str, value: str, fact: PinChanged | GreetingChosen) -> None:
        fact_id = f"own-{uuid.uuid4().hex}"
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO own(mailbox_id, field, value, fact_id) VALUES (?, ?, ?, ?)",
                (mailbox.id, name, value, fact_id),
            )
            if name == "pin_hash":
                connection.execute("DELETE FROM lock WHERE mailbox_id = ?", (mailbox.id,))
            if isinstance(fact, GreetingChosen) and fact.sha256:
                connection.execute(
                    "INSERT OR REPLACE INTO recorded(mailbox_id, greeting, fact_id) VALUES (?, ?, ?)",
                    (mailbox.id, value, fact_id),
                )
            self._note(connection, fact_id, fact)
        self.carry()


def _name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
