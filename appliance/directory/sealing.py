"""Secrets at rest: sealed with a key of this box (Fernet: AES-128-CBC with HMAC-SHA-256), opened only into memory.

The key file stands beside the box's identity, mode 0600. Backups carry it only when asked to.
"""

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from appliance.errors import DirectoryProblem, Words

MARK = "sealed:1:"
KEY_NAME = "seal.key"


class SealBox:
    """Seals and opens short texts. Opening what is not sealed, or was sealed by another key, is a DirectoryProblem."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    def seal(self, text: str) -> str:
        return MARK + self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        try:
            if not sealed.startswith(MARK):
                raise InvalidToken
            return self._fernet.decrypt(sealed.removeprefix(MARK).encode()).decode()
        except InvalidToken:
            raise DirectoryProblem(
                Words(
                    "A secret in the building's copy cannot be opened with this box's key.",
                    "Un secreto de la copia del edificio no se abre con la llave de este equipo.",
                ),
                Words(
                    "Restore identity/seal.key from the backup, or enrol the building again.",
                    "Restaure identity/seal.key del respaldo, o vuelva a dar de alta el edificio.",
                ),
            ) from None


def open_box(identity_dir: Path) -> SealBox:
    """The box of this appliance; its key is made on first use. Two first users at once agree on one key."""
    identity_dir.mkdir(parents=True, exist_ok=True)
    path = identity_dir / KEY_NAME
    if not path.exists():
        temporary = identity_dir / f".{KEY_NAME}.{os.getpid()}"
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(Fernet.generate_key())
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return SealBox(path.read_bytes().strip())
