"""Settings that people changed here by a code, until the centre's copy has them: laid over it as adoptions are (G-1).

Each field stands for itself, and its last writer wins: a value goes when the centre's row carries a stamp as late, or
when the centre refused it.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from appliance.directory.local import SCHEMA, LocalStore
from wire.facts import MenuGreetingRecorded, PreferenceChanged, ReceptionistOverridden
from wire.services import Menu, Preferences, Receptionist, Sound, recorded_sound_id
from wire.stamps import read, written

SWITCHES = frozenset(f.name for f in fields(Preferences) if f.type in (bool, "bool"))
YES = "yes"


HabitFact = PreferenceChanged | ReceptionistOverridden | MenuGreetingRecorded
GREETING = "greeting"


@dataclass(frozen=True, slots=True)
class Habit:
    """One field as it was set here. `kind`: of the row, preferences, receptionist or menu."""

    kind: str
    row_id: str
    account_id: str
    field: str
    value: str
    hlc: str


class Habits(LocalStore):
    schema = (
        SCHEMA
        + """
CREATE TABLE IF NOT EXISTS habit(
    kind TEXT NOT NULL, row_id TEXT NOT NULL, field TEXT NOT NULL, account_id TEXT NOT NULL, value TEXT NOT NULL,
    hlc TEXT NOT NULL, fact_id TEXT NOT NULL, PRIMARY KEY (kind, row_id, field));
"""
    )

    def change(self, changes: Iterable[tuple[str, HabitFact]]) -> bool:
        """Journal these and keep them for the overlay, all or none; known ids change nothing. True: any new."""
        new = False
        with self._transaction() as connection:
            for fact_id, fact in changes:
                if connection.execute("SELECT 1 FROM journal WHERE id = ?", (fact_id,)).fetchone():
                    continue
                new, hlc = True, self._tick(connection)
                connection.execute(
                    "INSERT INTO journal(id, fact, hlc, body) VALUES (?, ?, ?, ?)",
                    (fact_id, fact.fact, hlc, json.dumps(asdict(fact), ensure_ascii=False)),
                )
                connection.execute(
                    "INSERT OR REPLACE INTO habit(kind, row_id, field, account_id, value, hlc, fact_id)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (*_key(fact), fact.account_id, _value(fact), hlc, fact_id),
                )
        return new

    def habits(self) -> tuple[Habit, ...]:
        """What was set here and not refused, oldest first."""
        found = self._connection().execute(
            "SELECT kind, row_id, habit.account_id, field, value, habit.hlc FROM habit"
            " LEFT JOIN journal ON journal.id = habit.fact_id WHERE coalesce(journal.refused, '') = ''"
            " ORDER BY habit.hlc"
        )
        return tuple(Habit(*values) for values in found)

    def forget(self, habit: Habit) -> None:
        """The centre has this, or something later."""
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM habit WHERE kind = ? AND row_id = ? AND field = ? AND hlc = ?",
                (habit.kind, habit.row_id, habit.field, habit.hlc),
            )


def laid_over(row: Preferences | Receptionist, habit: Habit) -> Preferences | Receptionist | None:
    """The row with what was set here; None where the centre's word is as late, or knows no such field."""
    if isinstance(row, Receptionist):
        if row.override_stamp >= habit.hlc:
            return None
        return replace(row, override=habit.value, override_stamp=habit.hlc)
    stamps = read(row.stamps)
    if stamps.get(habit.field, "") >= habit.hlc or habit.field not in {f.name for f in fields(Preferences)}:
        return None
    value: Any = habit.value == YES if habit.field in SWITCHES else habit.value
    return replace(row, **{habit.field: value}, stamps=written(stamps | {habit.field: habit.hlc}))


def greeting_over(menu: Menu, habit: Habit) -> tuple[Menu, Sound]:
    """The menu with the greeting that was recorded here, and that greeting's own row."""
    sha256, size, duration_ms = habit.value.split()
    sound_id = recorded_sound_id(menu.id, sha256)
    sound = Sound(sound_id, menu.account_id, sound_id, sha256, int(size), int(duration_ms))
    return replace(menu, greeting_sound_id=sound_id), sound


def _key(fact: HabitFact) -> tuple[str, str, str]:
    if isinstance(fact, MenuGreetingRecorded):
        return Menu.kind, fact.menu_id, GREETING
    if isinstance(fact, ReceptionistOverridden):
        return Receptionist.kind, fact.receptionist_id, "override"
    return Preferences.kind, fact.person_id, fact.field


def _value(fact: HabitFact) -> str:
    if isinstance(fact, MenuGreetingRecorded):
        return f"{fact.sha256} {fact.bytes} {fact.duration_ms}"
    return fact.override if isinstance(fact, ReceptionistOverridden) else fact.value
