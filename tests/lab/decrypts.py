"""What a virtual phone keeps over a restart to read its files by: the key that it was told, and whom it trusts.

The ciphers are written from the vendors' and OpenSSL's descriptions, not from appliance/provision/cipher.py.
"""

import base64
import hashlib
import re
import ssl
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.lab.format_words import FormatError
from tests.lab.useragent import SipAccount

SALTED = b"Salted__"
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


@dataclass
class Flash:
    """Lives in the phone's flash memory. What a file tells is good from the next look for files on."""

    key: str = field(default="", repr=False)
    ca: str = ""
    """PEM."""
    account: SipAccount | None = None
    """What it goes on with where it finds no files; None: it shows an error then."""

    def reset(self) -> None:
        """As when someone holds the reset key: all is forgotten."""
        self.key = self.ca = ""
        self.account = None


def tls(ca: str, checks: bool = True) -> ssl.SSLContext:
    """How a phone opens HTTPS: it `checks` certificate and address by `ca`, its only authority; by none, it refuses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not checks:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif ca:
        context.load_verify_locations(cadata=ca)
    return context


def pem(text: str) -> str:
    """A certificate out of a file's parameter: PEM whose lines may have become one, or its base64 alone."""
    found = _PEM.search(text)
    plain = re.sub(r"\s", "", found[1] if found else text)
    try:
        der = base64.b64decode(plain, validate=True)
        return ssl.DER_cert_to_PEM_cert(der)
    except ValueError as bad:
        raise FormatError(f"not a certificate: {bad}") from bad


def is_encrypted(scheme: str, data: bytes) -> bool:
    """How firmware tells: by OpenSSL's mark, or by a first line that is not a file's, in whole blocks."""
    if scheme == "openssl-salted":
        return data.startswith(SALTED)
    return scheme == "yealink-aes" and not data.startswith(b"#!version") and len(data) % 16 == 0


def decrypt(scheme: str, data: bytes, key: str) -> bytes:
    """The text in an encrypted file. Raises FormatError where this key does not open it."""
    if scheme == "openssl-salted":
        return _openssl(data, key)
    if scheme == "yealink-aes":
        return _yealink(data, key)
    raise FormatError(f"{scheme} is no scheme of any phone")


def _openssl(data: bytes, key: str) -> bytes:
    """openssl-enc(1) with -md md5, one round: key and vector are MD5 chained over password and salt."""
    salt, body = data[8:16], data[16:]
    if not data.startswith(SALTED) or not body or len(body) % 16:
        raise FormatError("not what openssl enc -salt makes")
    first = hashlib.md5(key.encode() + salt, usedforsecurity=False).digest()
    second = hashlib.md5(first + key.encode() + salt, usedforsecurity=False).digest()
    third = hashlib.md5(second + key.encode() + salt, usedforsecurity=False).digest()
    opened = Cipher(algorithms.AES(first + second), modes.CBC(third)).decryptor()
    plain = opened.update(body) + opened.finalize()
    fill = plain[-1]
    if not 1 <= fill <= 16 or plain[-fill:] != bytes([fill]) * fill:
        raise FormatError("another key: the padding is wrong")
    return plain[:-fill]


def _yealink(data: bytes, key: str) -> bytes:
    """AES-128 in ECB, the key's characters as they stand."""
    if len(data) % 16 or len(key) != 16:
        raise FormatError("not whole blocks of AES-128, or no key of sixteen characters")
    opened = Cipher(algorithms.AES(key.encode()), modes.ECB()).decryptor()
    plain = opened.update(data) + opened.finalize()
    if not plain.startswith(b"#!version"):
        raise FormatError("another key: it does not begin as a file does")
    return plain
