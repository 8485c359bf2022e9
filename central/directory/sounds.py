"""Edits of sounds: what was uploaded or is spoken from text, and which of them an account plays as music (M-1, V-5)."""

from dataclasses import dataclass, replace

from sqlalchemy import delete, func, select

from central.directory.edit import Edit
from central.errors import InputProblem, Words
from central.model import SoundContent
from central.model.rows import find
from central.model.services import OwnGreetingRecord, SoundRecord
from central.rules import names, tokens
from central.rules.choices import one_of
from central.rules.faults import Faults
from central.rules.languages import optional_language
from central.sounds import Converted
from wire.services import RECORDED_SOUND, Mailbox, Menu, Music, Sound, TransferSound

MAX_TEXT = 1000
MOST_SOUNDS = 200


@dataclass(frozen=True, slots=True)
class SoundWish:
    """`content`, or where there is none `text` to be spoken in `language` (empty: the company's)."""

    name: str
    text: str = ""
    language: str = ""
    content: Converted | None = None


def add_sound(edit: Edit, account_id: str, wish: SoundWish) -> Sound:
    """A new sound. Raises InputProblem(s)."""
    edit.lock_account(account_id)
    if len(edit.all(Sound, account_id)) >= MOST_SOUNDS:
        raise InputProblem(
            "",
            Words(f"A company has at most {MOST_SOUNDS} sounds.", f"Una empresa tiene máximo {MOST_SOUNDS} sonidos."),
        )
    return _write(edit, Sound(tokens.new_id("sound"), account_id, ""), wish)


def change_sound(edit: Edit, account_id: str, sound_id: str, wish: SoundWish) -> Sound:
    """Another name, text or recording; callers hear the old one to its end. Without either, the recording stays."""
    edit.lock_account(account_id)
    held = edit.get(Sound, sound_id, account_id)
    return _write(edit, held, wish)


def delete_sound(edit: Edit, account_id: str, sound_id: str) -> None:
    """Raises InputProblem that names what still plays it."""
    edit.lock_account(account_id)
    sound = edit.get(Sound, sound_id, account_id)
    used = users_of(edit, sound)
    if used:
        listed_en, listed_es = ", ".join(w.en for w in used), ", ".join(w.es for w in used)
        raise InputProblem("", Words(f"It is in use: {listed_en}.", f"Está en uso: {listed_es}."))
    edit.delete(sound)
    drop_content(edit, sound.sha256)


def users_of(edit: Edit, sound: Sound) -> list[Words]:
    """What plays this sound."""
    account_id, used = sound.account_id, []
    if any(m.greeting_sound_id == sound.id for m in edit.all(Menu, account_id)):
        used.append(Words("a receptionist", "una recepcionista"))
    used += [
        Words(f"mailbox {b.name}", f"buzón {b.name}")
        for b in edit.all(Mailbox, account_id)
        if b.greeting_sound_id == sound.id
    ]
    if any(sound.id in (m.hold_sound_id, m.transfer_sound_id) for m in edit.all(Music, account_id)):
        used.append(Words("music", "música"))
    return used


def set_music(edit: Edit, account_id: str, hold_sound_id: str, transfer_sound_id: str, transfer: str) -> Music:
    """What the company's held and transferred callers hear; an empty id is the building's own track."""
    edit.lock_account(account_id)
    faults = Faults()
    known = {s.id for s in edit.all(Sound, account_id)}
    for field, sound_id in (("hold_sound_id", hold_sound_id), ("transfer_sound_id", transfer_sound_id)):
        if sound_id and sound_id not in known:
            faults.add(InputProblem(field, Words("That sound is not there any more.", "Ese sonido ya no existe.")))
    how = faults.keep(lambda: one_of("transfer", transfer, tuple(TransferSound)), "")
    faults.settle()
    music = Music(account_id, account_id, hold_sound_id, transfer_sound_id, how)
    edit.put(music)
    return music


def music_of(edit: Edit, account_id: str) -> Music:
    return find(edit.session, Music, account_id) or Music(account_id, account_id)


def _write(edit: Edit, held: Sound, wish: SoundWish) -> Sound:
    faults = Faults()
    called = Words("the sound's name", "el nombre del sonido")
    made = replace(
        held,
        name=faults.keep(lambda: names.required_name("name", wish.name, called), ""),
        language=faults.keep(lambda: optional_language("language", wish.language), ""),
    )
    content = wish.content
    if content is not None:
        made = replace(
            made,
            sha256=content.sha256,
            bytes=len(content.content),
            duration_ms=content.duration_ms,
            text="",
        )
    elif wish.text.strip():
        text = faults.keep(lambda: names.short("text", wish.text, MAX_TEXT), "")
        made = replace(made, sha256="", bytes=0, duration_ms=0, text=text)
    elif not held.sha256:
        words = Words("Choose a file, or write what is to be said.", "Elija un archivo o escriba lo que se dirá.")
        faults.add(InputProblem("file", words))
    faults.settle()
    if content is not None:
        keep_content(edit, content)
    edit.put(made)
    if held.sha256 and held.sha256 != made.sha256:
        drop_content(edit, held.sha256)
    return made


def keep_content(edit: Edit, content: Converted) -> None:
    """The octets, for a row that will name them."""
    if edit.session.get(SoundContent, content.sha256) is None:
        edit.session.add(SoundContent(sha256=content.sha256, content=content.content))


def drop_recorded(edit: Edit, account_id: str, sound_id: str) -> None:
    """A recording by phone that another one has replaced; what an administrator uploaded stays in the list."""
    if not sound_id.startswith(RECORDED_SOUND):
        return
    sound = edit.get(Sound, sound_id, account_id)
    if not users_of(edit, sound):
        edit.delete(sound)
        drop_content(edit, sound.sha256)


def drop_content(edit: Edit, sha256: str) -> None:
    """Octets that no sound or greeting of any company has any more."""
    records = (SoundRecord, OwnGreetingRecord)
    if not any(edit.session.scalar(select(func.count()).where(r.sha256 == sha256)) for r in records):
        edit.session.execute(delete(SoundContent).where(SoundContent.sha256 == sha256))
