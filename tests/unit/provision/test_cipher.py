"""Encrypted files, decrypted by the real openssl with the words that the vendors publish."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.provision.cipher import SCHEMES, encrypted, openssl_salted, yealink_aes

KEY = "kUx3_pTq-9aBcDeF"
FILE = "<flat-profile>Núñez, 101</flat-profile>\n".encode() * 40


def openssl(data: bytes, *words: str) -> bytes:
    done = subprocess.run(["openssl", "enc", "-d", *words], input=data, capture_output=True, check=True, timeout=10)
    return done.stdout


@pytest.mark.acceptance("P-10")
@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 4096])
def test_cisco_and_grandstream_files_decrypt_with_openssl_as_the_vendors_say(size: int) -> None:
    made = openssl_salted(FILE[:size], KEY)
    assert made.startswith(b"Salted__")
    assert openssl(made, "-aes-256-cbc", "-md", "md5", "-k", KEY) == FILE[:size]


@pytest.mark.acceptance("P-10")
@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 4096])
def test_yealink_files_decrypt_with_openssl_and_end_in_empty_lines(size: int) -> None:
    made = yealink_aes(FILE[:size], KEY)
    plain = openssl(made, "-aes-128-ecb", "-nopad", "-K", KEY.encode().hex())
    assert plain.startswith(FILE[:size])
    assert plain[size:].strip(b"\n") == b""


def test_a_newer_digest_is_what_todays_openssl_expects_unasked() -> None:
    assert openssl(openssl_salted(FILE, KEY, "sha256"), "-aes-256-cbc", "-k", KEY) == FILE


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
def test_the_same_file_is_the_same_bytes_and_nothing_of_it_shows(scheme: str) -> None:
    made = encrypted(FILE, scheme, KEY)
    assert made == encrypted(FILE, scheme, KEY)
    assert made != encrypted(FILE, scheme, KEY[::-1])
    assert b"flat-profile" not in made


def test_another_file_has_another_salt() -> None:
    assert openssl_salted(FILE, KEY)[8:16] != openssl_salted(FILE + b" ", KEY)[8:16]
    assert openssl_salted(FILE, KEY)[8:16] != openssl_salted(FILE, KEY + "x")[8:16]


@pytest.mark.parametrize("key", ["", "short", "x" * 17, "0123456789abcde\n", "0123456789abcdeñ", "0123456789 bcdef"])
def test_a_key_that_a_yealink_would_not_take_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="sixteen"):
        yealink_aes(FILE, key)


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=200), st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=32))
def test_any_octets_under_any_key_come_back(data: bytes, key: str) -> None:
    assert openssl(openssl_salted(data, key), "-aes-256-cbc", "-md", "md5", "-pass", f"pass:{key}") == data
