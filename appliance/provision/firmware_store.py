"""Firmware files on disk: taken in whole or not at all, kept under their digest; and who is to have which.

`state_dir/firmware/` holds one file for each digest, and shelf.json. Several processes share it: a change is made under
a lock and put in place at once; readers see the former or the new one.
"""

import errno
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

import dacite

from appliance.errors import InputProblem, Words
from appliance.ports import Clock
from appliance.provision.firmware import GOOD_NAME, FirmwareFile, RolloutState, Shelf, Target
from appliance.provision.upkeep import FirmwareFacts

CHUNK = 1 << 20
HEAD = 512
READ_AHEAD = 1 << 16
RECORD = "shelf.json"
_PART = ".part"
_PAGES = (b"<!doctype html", b"<html")
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Stored:
    """A door's answer: give this file of the store, from disk. `mac`: who asks, if known."""

    file: Path
    name: str
    size: int
    sha256: str
    mac: str = ""

    def open(self) -> BinaryIO | None:
        """None when it was taken away meanwhile."""
        try:
            return self.file.open("rb", buffering=READ_AHEAD)
        except OSError:
            return None


class FirmwareStore:
    """The store of a building. Cheap to make; opens nothing before it is asked."""

    def __init__(self, folder: Path, clock: Clock, most_bytes: int) -> None:
        self._folder = folder
        self._clock = clock
        self._most = most_bytes
        self._stamp: tuple[int, int, int] | None = None
        self._shelf = Shelf()

    def shelf(self) -> Shelf:
        """As it is now; the same object until it changed. Raises InputProblem when the record is damaged."""
        try:
            at = (self._folder / RECORD).stat()
        except FileNotFoundError:
            self._stamp, self._shelf = None, Shelf()
            return self._shelf
        stamp = (at.st_ino, at.st_mtime_ns, at.st_size)
        if stamp != self._stamp:
            self._shelf = self._read()
            self._stamp = stamp
        return self._shelf

    def place(self, file: FirmwareFile) -> Path:
        """Where its content is."""
        return self._folder / file.sha256

    def add(
        self,
        source: BinaryIO,
        *,
        name: str,
        family: str,
        version: str,
        facts: FirmwareFacts,
        by: str,
        sha256: str = "",
        size: int | None = None,
    ) -> tuple[FirmwareFile, tuple[Words, ...]]:
        """Take a file in; with it, warnings. `sha256`, `size`: what it must be, where that is known.

        Raises InputProblem, and keeps nothing, when it is too big, cut off, of another digest, not firmware of this
        family, or there is no room.
        """
        if not GOOD_NAME.fullmatch(name):
            raise InputProblem(
                Words(f"{name!r} cannot be a firmware file's name.", f"{name!r} no puede ser nombre de firmware."),
                Words(
                    "Letters, digits, dots, dashes and underscores, 100 at most; --name gives it another.",
                    "Letras, dígitos, puntos, guiones y guiones bajos, 100 como máximo; --name le da otro.",
                ),
            )
        with self._alone():
            self._sweep()
            part, digest, length, head = self._take_in(source)
            try:
                _check(digest, sha256.lower(), length, size)
                warnings = check_kind(head, family, facts)
                added_at = self._clock.now().isoformat(timespec="seconds")
                file = FirmwareFile(digest, name, length, family, version, added_at, by)
                os.replace(part, self.place(file))
            finally:
                part.unlink(missing_ok=True)
            shelf = self._read()
            others = tuple(f for f in shelf.files if f.sha256 != digest)
            self._write(replace(shelf, files=(*others, file)))
        return file, warnings

    def change(self, edit: Callable[[Shelf], Shelf]) -> Shelf:
        """Replace the record by what `edit` makes of it, alone among all processes."""
        with self._alone():
            before = self._read()
            after = edit(before)
            if after != before:
                self._write(after)
            return after

    def remove(self, file: FirmwareFile) -> None:
        """Raises InputProblem while it is a model's target."""

        def without(shelf: Shelf) -> Shelf:
            for target in shelf.targets:
                if target.sha256 == file.sha256:
                    raise InputProblem(
                        Words(
                            f"{file.name} is the target of {target.family} {target.model}.",
                            f"{file.name} es el destino de {target.family} {target.model}.",
                        ),
                        Words("Give that model another target first.", "Dé antes otro destino a ese modelo."),
                    )
            return replace(shelf, files=tuple(f for f in shelf.files if f.sha256 != file.sha256))

        self.change(without)
        self.place(file).unlink(missing_ok=True)

    def _take_in(self, source: BinaryIO) -> tuple[Path, str, int, bytes]:
        """To a file beside the others, whole and on disk."""
        digest, length, head = hashlib.sha256(), 0, b""
        handle, named = tempfile.mkstemp(suffix=_PART, dir=self._folder)
        part = Path(named)
        try:
            with os.fdopen(handle, "wb") as into:
                while chunk := source.read(CHUNK):
                    length += len(chunk)
                    if length > self._most:
                        raise InputProblem(
                            Words(
                                f"The file is larger than {self._most >> 20} MB.",
                                f"El archivo pasa de {self._most >> 20} MB.",
                            ),
                            Words(
                                "provisioning.firmware_most_mb in the settings allows more.",
                                "provisioning.firmware_most_mb en los ajustes permite más.",
                            ),
                        )
                    head = head or chunk[:HEAD]
                    digest.update(chunk)
                    into.write(chunk)
                into.flush()
                os.fsync(into.fileno())
            part.chmod(0o644)
        except OSError as failed:
            part.unlink(missing_ok=True)
            raise _failed(failed) from failed
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return part, digest.hexdigest(), length, head

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = (self._folder / ".lock").open("w")
        except OSError as failed:
            raise _failed(failed) from failed
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _sweep(self) -> None:
        """What an upload left that died half-way. Under the lock, so none is on its way."""
        for left in self._folder.glob(f"*{_PART}"):
            left.unlink(missing_ok=True)

    def _read(self) -> Shelf:
        record = self._folder / RECORD
        try:
            said = json.loads(record.read_text(encoding="utf-8"))
            return dacite.from_dict(Shelf, said, dacite.Config(cast=[tuple, RolloutState]))
        except FileNotFoundError:
            return Shelf()
        except (OSError, ValueError, dacite.DaciteError) as damaged:
            raise InputProblem(
                Words(f"The record of firmware {record} cannot be read: {damaged}.", f"No se puede leer {record}."),
                Words("Restore it, or remove it and add the files again.", "Restáurelo, o bórrelo y agregue de nuevo."),
            ) from damaged

    def _write(self, shelf: Shelf) -> None:
        record = self._folder / RECORD
        part = record.with_suffix(_PART)
        try:
            with part.open("w", encoding="utf-8") as into:
                json.dump(asdict(shelf), into, ensure_ascii=False, indent=1)
                into.flush()
                os.fsync(into.fileno())
            os.replace(part, record)
        except OSError as failed:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise _failed(failed) from failed


def check_kind(head: bytes, family: str, facts: FirmwareFacts) -> tuple[Words, ...]:
    """Whether a file that begins so can be the family's firmware. Raises InputProblem when it cannot; else warnings."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head or start.startswith(_PAGES):
        raise InputProblem(
            Words("This is a web page, not firmware.", "Esto es una página web, no un firmware.")
            if head
            else Words("The file is empty.", "El archivo está vacío."),
            Words("Download it again from the maker.", "Descárguelo otra vez del fabricante."),
        )
    if head.startswith(_ZIP) and not any(m.hex.lower().startswith(_ZIP.hex()) for m in facts.magic):
        raise InputProblem(
            Words("This is a ZIP archive.", "Esto es un archivo ZIP."),
            Words("Unpack it and add the firmware file in it.", "Descomprímalo y agregue el firmware que contiene."),
        )
    if not facts.magic:
        return (
            Words(
                f"How firmware of {family} begins is not published: only its digest was checked. Try it on one phone.",
                f"No es público cómo empieza el firmware de {family}: solo se revisó su suma. Pruébelo en un teléfono.",
            ),
        )
    if not any(head[m.offset :].startswith(bytes.fromhex(m.hex)) for m in facts.magic):
        kinds = ", ".join(m.what for m in facts.magic)
        raise InputProblem(
            Words(f"This is not firmware of {family} ({kinds}).", f"Esto no es firmware de {family} ({kinds})."),
            Words("Choose the maker's file for this family.", "Elija el archivo del fabricante para esta familia."),
        )
    return ()


def target_for(shelf: Shelf, family: str, model: str, file: FirmwareFile) -> Target:
    """The model's target, as it stands where it is this file already, else a new one that nobody is led to yet."""
    found = shelf.target(family, model)
    return found if found and found.sha256 == file.sha256 else Target(family, model, file.sha256)


def _check(digest: str, wanted: str, length: int, size: int | None) -> None:
    if size is not None and length != size:
        raise InputProblem(
            Words(f"Only {length} of {size} octets came.", f"Solo llegaron {length} de {size} octetos."),
            Words("Nothing was kept; send it again.", "No se guardó nada; envíelo otra vez."),
        )
    if wanted and digest != wanted:
        raise InputProblem(
            Words(
                f"The file's SHA-256 is {digest}, not {wanted}.", f"El SHA-256 del archivo es {digest}, no {wanted}."
            ),
            Words("Nothing was kept; download it again.", "No se guardó nada; descárguelo otra vez."),
        )


def _failed(failed: OSError) -> InputProblem:
    full = failed.errno in (errno.ENOSPC, errno.EDQUOT)
    return InputProblem(
        Words("There is no room on the disk for it.", "No hay espacio en el disco para él.")
        if full
        else Words(f"The firmware store cannot be written: {failed}.", f"No se puede escribir: {failed}."),
        Words(
            "Nothing was kept. Remove old firmware: conserje firmware remove.",
            "No se guardó nada. Quite firmware viejo: conserje firmware remove.",
        )
        if full
        else Words("Nothing was kept.", "No se guardó nada."),
    )
