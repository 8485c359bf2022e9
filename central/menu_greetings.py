"""Receptionists' greetings that were recorded by phone in a building (V-5): each becomes a sound of the company, and is
what callers of its menu hear, unless the menu was given another greeting after the recording.
"""

import hashlib
import io
import wave
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from central.directory.edit import Edit
from central.directory.sounds import drop_recorded, keep_content
from central.errors import InputProblem, NotFoundProblem, WireInputProblem, Words
from central.model import AuditEntry, PresenceRecord
from central.model.rows import find
from central.office import Office
from central.sounds import MAX_SOUND_S, RATE_HZ, Converted
from wire.rows import Site
from wire.services import RECORDED_SOUND, Menu, Receptionist, Sound, recorded_sound_id


def take_menu_greeting(office: Office, site_id: str, menu_id: str, stamp: str, audio: bytes) -> None:
    """Sent again it changes nothing. `stamp`: the hlc of the recording.

    Raises NotFoundProblem for a menu of a company that is not at this site, InputProblem for what is no greeting.
    """
    recorded_at, content = _moment(stamp), _checked(audio)
    with office.editing(f"building:{site_id}") as edit:
        menu = find(edit.session, Menu, menu_id)
        if menu is None or not _is_at(edit, menu.account_id, site_id):
            raise NotFoundProblem(Words("There is no such menu.", "No existe ese menú."))
        edit.lock_account(menu.account_id)
        sound_id = recorded_sound_id(menu.id, content.sha256)
        if find(edit.session, Sound, sound_id) is not None:
            return
        menu = edit.get(Menu, menu_id, menu.account_id)
        keep_content(edit, content)
        name = _name(edit, menu, site_id, recorded_at)
        edit.put(Sound(sound_id, menu.account_id, name, content.sha256, len(content.content), content.duration_ms))
        if _greeted_since(edit, menu, recorded_at):
            return
        former = menu.greeting_sound_id
        edit.put(Menu(menu.id, menu.account_id, menu.receptionist_id, menu.mode, sound_id))
        drop_recorded(edit, menu.account_id, former)


def _moment(stamp: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(stamp.split("-")[0]) / 1000, UTC)
    except (ValueError, OverflowError, OSError) as wrong:
        raise WireInputProblem(Words("That is no stamp.", "Eso no es una marca de tiempo.")) from wrong


def _checked(audio: bytes) -> Converted:
    """As a building records: mono, 16 bit, 8 kHz."""
    try:
        with wave.open(io.BytesIO(audio)) as sound:
            form, frames = (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()), sound.getnframes()
            whole = len(sound.readframes(frames)) == 2 * frames
    except (wave.Error, EOFError) as wrong:
        raise _no_greeting() from wrong
    if form != (1, 2, RATE_HZ) or not whole or not 0 < frames <= MAX_SOUND_S * RATE_HZ:
        raise _no_greeting()
    return Converted(audio, hashlib.sha256(audio).hexdigest(), frames * 1000 // RATE_HZ)


def _no_greeting() -> InputProblem:
    return InputProblem("", Words("That is no recording of a greeting.", "Eso no es la grabación de un saludo."))


def _is_at(edit: Edit, account_id: str, site_id: str) -> bool:
    query = select(PresenceRecord.id).where(PresenceRecord.account_id == account_id, PresenceRecord.site_id == site_id)
    return edit.session.scalar(query) is not None


def _greeted_since(edit: Edit, menu: Menu, recorded_at: datetime) -> bool:
    """Whether the portal gave the menu another greeting after that: the last writer wins.

    A recording by phone that came up after this one was made is no such thing: it was made before, as one phone's
    recordings come in their order.
    """
    later = edit.session.scalars(
        select(AuditEntry).where(
            AuditEntry.subject_kind == Menu.kind, AuditEntry.subject_id == menu.id, AuditEntry.at > recorded_at
        )
    )
    changes = (
        ((entry.before or {}).get("greeting_sound_id"), (entry.after or {}).get("greeting_sound_id", ""))
        for entry in later
        if entry.action == "change"
    )
    return any(before != after and not after.startswith(RECORDED_SOUND) for before, after in changes)


def _name(edit: Edit, menu: Menu, site_id: str, at: datetime) -> str:
    receptionist, site = find(edit.session, Receptionist, menu.receptionist_id), find(edit.session, Site, site_id)
    there = at.astimezone(ZoneInfo(site.timezone)) if site is not None else at
    who = receptionist.name if receptionist is not None else menu.receptionist_id
    return f"{who}, por teléfono / by phone {there:%Y-%m-%d %H:%M}"
