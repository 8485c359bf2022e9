"""What the desk answers about receptionists' greetings recorded by phone: who may, where to, and kept for good (V-5).

A recording is a file of the building's store before any row names it, and the row is in force when the caller is told.
"""

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.directory.habits import Habits
from appliance.directory.model import Directory
from appliance.directory.sounds import SoundFiles
from appliance.ports import Clock
from appliance.voice import questions as q
from appliance.voice.spoken import language_of
from wire.facts import MenuGreetingRecorded
from wire.services import Mailbox, Menu, Receptionist

DRAFTS_KEPT_S = 86_400.0


class GreetingDesk:
    """`answers`: by the type of the question. For several threads at once. `publish` puts what was kept in force."""

    def __init__(
        self, directory: Callable[[], Directory], door: Callable[[q.OfAccess], q.Door | None], files: SoundFiles,
        drafts: Path, habits: Habits, publish: Callable[[], object], clock: Clock,
    ) -> None:  # fmt: skip
        self._directory = directory
        self._door = door
        self._files = files
        self._drafts = drafts
        self._habits = habits
        self._publish = publish
        self._clock = clock
        self.answers: dict[type[Any], Callable[[Any], object]] = {
            q.OfLobby: self._lobby,
            q.RecordMenuGreeting: lambda asked: str(self._draft()),
            q.KeepMenuGreeting: self._keep,
            q.DropMenuGreeting: lambda asked: self._drop(Path(asked.path)),
        }

    def _lobby(self, asked: q.OfLobby) -> q.Lobby | None:
        directory, account_id = self._directory(), asked.caller.account_id
        phone = directory.phone(asked.caller.phone_id) if asked.caller.phone_id else None
        boxes = directory.services_of(Mailbox, phone.person_id) if phone is not None and phone.person_id else ()
        box = next((b for b in boxes if b.account_id == account_id and b.enabled), None)
        named = directory.services(Receptionist, account_id)
        rows = sorted((r for r in named if asked.receptionist_id in ("", r.id)), key=lambda r: r.name)
        if not rows:
            return None
        desks = tuple(q.Desk(r.name, {m.mode: m.id for m in directory.services_of(Menu, r.id)}) for r in rows)
        language = language_of(asked.language)
        found = self._door(q.OfAccess(asked.caller, language, mailbox_id=box.id)) if box is not None else None
        return q.Lobby(found or q.Door("", language, False, False), desks, found.language if found else language)

    def _draft(self) -> Path:
        self._drafts.mkdir(parents=True, exist_ok=True, mode=0o700)
        now = self._clock.now().timestamp()
        for old in self._drafts.iterdir():
            # Of a voice that was killed over it.
            if now - old.stat().st_mtime > DRAFTS_KEPT_S:
                old.unlink(missing_ok=True)
        return self._drafts / f"{uuid.uuid4().hex}.wav"

    def _keep(self, asked: q.KeepMenuGreeting) -> bool:
        directory, draft = self._directory(), Path(asked.path)
        menu = directory.service(Menu, asked.menu_id)
        if menu is None or menu.account_id != asked.caller.account_id or draft.parent != self._drafts:
            return False
        content = draft.read_bytes()
        sha256 = self._files.keep_new(content)
        phone = directory.phone(asked.caller.phone_id)
        fact = MenuGreetingRecorded(
            menu.id, menu.receptionist_id, menu.account_id, sha256, len(content), round(asked.seconds * 1000),
            phone.person_id if phone is not None else "", self._clock.now().isoformat(timespec="milliseconds"),
        )  # fmt: skip
        self._habits.change([(f"greeting-{uuid.uuid4().hex}", fact)])
        self._publish()
        self._drop(draft)
        return True

    def _drop(self, draft: Path) -> None:
        if draft.parent == self._drafts and draft.name != os.curdir:
            draft.unlink(missing_ok=True)
