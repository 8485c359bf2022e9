"""Configuration files encrypted as phones decrypt them: OpenSSL's salted AES-256-CBC, and Yealink's AES-128.

Pure. Which family reads which scheme is in its descriptor; whose key it is, and how a phone learns it, is tokens.py's.
"""

import hashlib
import re
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

BLOCK = 16
SALT_OCTETS = 8
MARK = b"Salted__"
YEALINK_KEY = re.compile(r"[0-9A-Za-z#$%*+,\-.:=?@\[\]^_{}~]{16}")
"""What Yealink takes as a key: sixteen of these characters (its administrator's guides, "AES keys")."""


def openssl_salted(data: bytes, key: str, digest: str = "md5") -> bytes:
    """As `openssl enc -aes-256-cbc -md <digest> -k <key>`: MARK, the salt, AES-256-CBC with PKCS #7 padding.

    Phones of Cisco SPA (`--key`) and Grandstream (P1359) derive key and IV by EVP_BytesToKey with one round of MD5,
    OpenSSL's own way before 1.1. The salt is made of key and data, so that the same file is the same bytes and its
    ETag holds; it differs wherever either does, and nobody without the key can make it.
    """
    salt = hashlib.sha256(b"salt\0" + hashlib.sha256(key.encode()).digest() + data).digest()[:SALT_OCTETS]
    secret, vector = bytes_to_key(key.encode(), salt, 32, BLOCK, digest)
    padder = PKCS7(BLOCK * 8).padder()
    work = Cipher(algorithms.AES(secret), modes.CBC(vector)).encryptor()
    return MARK + salt + work.update(padder.update(data) + padder.finalize()) + work.finalize()


def bytes_to_key(password: bytes, salt: bytes, key_octets: int, iv_octets: int, digest: str) -> tuple[bytes, bytes]:
    """EVP_BytesToKey with one round (OpenSSL's manual, EVP_BytesToKey(3)): key and IV of a password."""
    made, last = b"", b""
    while len(made) < key_octets + iv_octets:
        last = hashlib.new(digest, last + password + salt, usedforsecurity=False).digest()
        made += last
    return made[:key_octets], made[key_octets : key_octets + iv_octets]


def yealink_aes(data: bytes, key: str) -> bytes:
    """As Yealink's Config_Encrypt_Tool encrypts a .cfg: AES-128-ECB, the key's sixteen characters as they stand.

    No padding of its own: the text is filled up with line ends, which its reader skips. Raises ValueError for a key
    that a phone would not take. ECB shows which blocks are alike; it is the phone's scheme, not our choice.
    """
    if not YEALINK_KEY.fullmatch(key):
        raise ValueError("a Yealink key has sixteen characters of its own alphabet")
    filled = data + b"\n" * (-len(data) % BLOCK)
    work = Cipher(algorithms.AES(key.encode()), modes.ECB()).encryptor()  # noqa: S305 - what the phone decrypts
    return work.update(filled) + work.finalize()


SCHEMES: dict[str, Callable[[bytes, str], bytes]] = {"openssl-salted": openssl_salted, "yealink-aes": yealink_aes}
"""Name in a descriptor -> (file, key) to the encrypted file."""


def encrypted(data: bytes, scheme: str, key: str) -> bytes:
    """The file in one of SCHEMES."""
    return SCHEMES[scheme](data, key)
