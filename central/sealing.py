"""Secrets at rest: AES-256-GCM under one key, each bound to the place where it is stored.

The key is a file beside the database (mode 0600) or comes from the settings; a stolen database alone opens nothing.
"""

import base64
import binascii
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from central.errors import SetUpProblem, Words

KEY_BYTES = 32
NONCE_BYTES = 12


class Sealer:
    """Seals and opens bytes. `place` is authenticated: a sealed value moved to another row does not open."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise SetUpProblem(
                Words("The sealing key is not 32 bytes long.", "La llave de sellado no mide 32 bytes."),
                Words("Restore the right key from your backup.", "Restaure la llave correcta de su respaldo."),
            )
        self._aead = AESGCM(key)
        self._key = key

    def __repr__(self) -> str:
        return "Sealer(…)"

    def seal(self, plain: bytes, place: str) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Raises SetUpProblem when this key did not seal it for this place."""
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
        except InvalidTag as wrong:
            raise SetUpProblem(
                Words("A sealed secret does not open with this key.", "Un secreto sellado no se abre con esta llave."),
                Words("Restore the key of this database.", "Restaure la llave de esta base de datos."),
            ) from wrong

    def derive(self, purpose: str) -> bytes:
        """A key for another purpose, such as signing cookies, that does not give this one away."""
        return hashlib.blake2b(purpose.encode(), key=self._key, digest_size=32).digest()


def make_key_file(path: Path) -> None:
    """Make the key where there is none. The file is never replaced."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "wb") as out:
        out.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
        out.flush()
        os.fsync(out.fileno())


def load_sealer(path: Path, from_settings: str = "") -> Sealer:
    """The Sealer of this office. Raises SetUpProblem when there is no key or it cannot be read."""
    try:
        text = from_settings.encode() if from_settings else path.read_bytes()
        return Sealer(base64.b64decode(text.strip(), validate=True))
    except OSError as missing:
        raise SetUpProblem(
            Words(f"The sealing key {path} cannot be read.", f"No se puede leer la llave de sellado {path}."),
            Words("Run `conserje-central init`, or restore it.", "Ejecute `conserje-central init`, o restáurela."),
        ) from missing
    except binascii.Error as broken:
        raise SetUpProblem(
            Words("The sealing key is not base64.", "La llave de sellado no está en base64."),
            Words("Restore the right key from your backup.", "Restaure la llave correcta de su respaldo."),
        ) from broken
