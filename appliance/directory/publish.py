"""Makes the live file: the newest good revision with its secrets opened, and over it what this building adopted itself.

Runs under a lock, in whichever process has news (sync, the building page, any process at boot). Readers are never
disturbed: the new file is complete before the `current` link turns to it.
"""

import fcntl
import logging
import os
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

from appliance.directory import tables
from appliance.directory.assigned import Assignments
from appliance.directory.habits import Habit, Habits, greeting_over, laid_over
from appliance.directory.live import LINK
from appliance.directory.local import LocalStore
from appliance.directory.revisions import newest_good
from appliance.directory.sealing import SealBox, open_box
from appliance.directory.swap import Swaps
from appliance.ports import SystemChance, SystemClock
from appliance.settings import Settings
from wire.rows import BY_KIND, Phone, secret_fields
from wire.services import Menu, Preferences, Receptionist, Sound

log = logging.getLogger("conserje.directory")


def publish(settings: Settings) -> int | None:
    """Publish; returns the revision's number, or None when this building has no good revision yet."""
    live_dir = settings.paths.live_dir
    live_dir.mkdir(parents=True, exist_ok=True, mode=0o750)
    with (live_dir / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = newest_good(settings.paths.revisions_dir)
        if found is None:
            return None
        box = open_box(settings.paths.identity_dir)
        local = Habits(settings.paths.local_db, SystemClock(), SystemChance())
        serial = _next_serial(live_dir)
        name = f"live-{serial:09d}-{found.number}.db"
        temporary = live_dir / f".{name}"
        shutil.copyfile(found.path, temporary)
        temporary.chmod(0o640)
        path = settings.paths.local_db
        _open_and_overlay(temporary, box, local, Swaps(path), Assignments(path))
        temporary.replace(live_dir / name)
        link = live_dir / ".link"
        link.unlink(missing_ok=True)
        link.symlink_to(name)
        link.replace(live_dir / LINK)
        for old in sorted(live_dir.glob("live-*.db"))[:-2]:
            old.unlink(missing_ok=True)
        log.info("event=published revision=%d file=%s", found.number, name)
        return found.number


def ensure_published(settings: Settings) -> None:
    """Publish if nothing is live, as after a boot. A building without any revision yet is left as it is."""
    if not (settings.paths.live_dir / LINK).exists():
        publish(settings)


def _next_serial(live_dir: Path) -> int:
    try:
        return int(os.readlink(live_dir / LINK).split("-")[1]) + 1
    except (FileNotFoundError, IndexError, ValueError):
        return 1


def _open_and_overlay(
    path: Path, box: SealBox, local: Habits, swaps: Swaps, assignments: Assignments
) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        tables.create(connection)
        for kind in tables.COLUMNS:
            for column in secret_fields(BY_KIND[kind]):
                sealed = connection.execute(f"SELECT id, {column} FROM {kind} WHERE {column} <> ''").fetchall()  # noqa: S608
                connection.executemany(
                    f"UPDATE {kind} SET {column} = ? WHERE id = ?",  # noqa: S608
                    [(box.open(value), row_id) for row_id, value in sealed],
                )
        _overlay_adoptions(connection, box, local)
        _overlay_swaps(connection, box, swaps)
        _overlay_assignments(connection, assignments)
        _overlay_habits(connection, local)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _overlay_adoptions(connection: sqlite3.Connection, box: SealBox, local: LocalStore) -> None:
    """Phones adopted here that the centre does not know yet. Once its copy has the MAC, the centre's word stands."""
    for phone in local.adopted():
        # By its id too: it may have been swapped for another device since.
        known = connection.execute("SELECT 1 FROM phone WHERE mac = ? OR id = ?", (phone.mac, phone.id)).fetchone()
        person = connection.execute("SELECT 1 FROM person WHERE id = ?", (phone.person_id,)).fetchone()
        if known:
            local.forget_adoption(phone.mac)
        elif person:
            opened = tables.with_secrets(phone, box.open)
            assert isinstance(opened, Phone)
            tables.put(connection, opened)


def _overlay_swaps(connection: sqlite3.Connection, box: SealBox, swaps: Swaps) -> None:
    """Devices that took a phone's place here. Once the centre gave that phone another MAC, its word stands."""
    for swap in swaps.all():
        found = tables.get(connection, Phone.kind, swap.phone_id)
        secret = box.open(swap.sip_secret)
        taken = connection.execute(
            "SELECT 1 FROM phone WHERE mac = ? AND id <> ?", (swap.new_mac, swap.phone_id)
        ).fetchone()
        arrived = isinstance(found, Phone) and (found.mac, found.sip_secret) == (swap.new_mac, secret)
        if isinstance(found, Phone) and found.mac == swap.old_mac and not arrived and not taken:
            changed = replace(found, mac=swap.new_mac, family=swap.family, model=swap.model, sip_secret=secret)
            tables.put(connection, changed)
        else:
            swaps.forget(swap.phone_id)


def _overlay_assignments(connection: sqlite3.Connection, assignments: Assignments) -> None:
    """Phones given to another person here. Once the centre gave such a phone to somebody itself, its word stands."""
    for made in assignments.all():
        found = tables.get(connection, Phone.kind, made.phone_id)
        person = connection.execute("SELECT account_id FROM person WHERE id = ?", (made.person_id,)).fetchone()
        has_one = connection.execute("SELECT 1 FROM phone WHERE person_id = ?", (made.person_id,)).fetchone()
        stands = isinstance(found, Phone) and found.person_id == made.person_before
        if stands and isinstance(found, Phone) and person == (found.account_id,) and not has_one:
            tables.put(connection, replace(found, person_id=made.person_id, label=""))
        else:
            assignments.forget(made.phone_id)


def _overlay_habits(connection: sqlite3.Connection, local: Habits) -> None:
    """Settings that people changed here by a code. Once the centre's row was written as late, its word stands."""
    for habit in local.habits():
        found = tables.get(connection, habit.kind, habit.row_id)
        if isinstance(found, Menu):
            _overlay_greeting(connection, local, found, habit)
            continue
        if found is None and habit.kind == Preferences.kind:
            known = connection.execute("SELECT account_id FROM person WHERE id = ?", (habit.row_id,)).fetchone()
            found = Preferences(habit.row_id, known[0]) if known else None
        if not isinstance(found, Preferences | Receptionist) or found.account_id != habit.account_id:
            continue
        changed = laid_over(found, habit)
        if changed is None:
            local.forget(habit)
        else:
            tables.put(connection, changed)


def _overlay_greeting(connection: sqlite3.Connection, local: Habits, menu: Menu, habit: Habit) -> None:
    """A greeting recorded here. Once the centre has that recording, its word on what callers hear stands."""
    if menu.account_id != habit.account_id:
        return
    changed, sound = greeting_over(menu, habit)
    if tables.get(connection, Sound.kind, sound.id) is not None:
        local.forget(habit)
        return
    tables.put(connection, sound)
    tables.put(connection, changed)
