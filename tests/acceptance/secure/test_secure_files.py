"""Phones' files by their secrets: led to HTTPS by the site's authority, encrypted outside the window, tokens that turn.

`openssl` opens what was served, Python's TLS checks who served it: neither is ours.
"""

import hashlib
import json
import os
import re
import subprocess
from xml.sax.saxutils import escape

import pytest

from tests.acceptance.conftest import House
from tests.acceptance.secure.house import from_the_factory, plugged
from tests.lab import phoneboot
from tests.lab.decrypts import Flash, decrypt, tls
from tests.lab.phoneboot import BootLog, boot_files
from tests.lab.phones import Phone
from tests.lab.sample import sip_secret
from tests.lab.waiting import until


def looks_again(phone: Phone, factory: bool = False) -> BootLog:
    """Its look for changes by night: nobody told it to, and nothing was opened for it."""
    log = BootLog(lease=phone.boots[-1].lease)
    flash = Flash() if factory else phone.flash
    try:
        boot_files(phone.device, phone.url, phone.place, log, flash=flash)
    except phoneboot.BootFailed:
        log.account = None
    return log


@pytest.mark.acceptance("P-3", "Q-7")
@pytest.mark.parametrize("name", ["ana", "beto", "snom", "panasonic"])
def test_a_phone_that_was_given_the_sites_authority_takes_its_account_over_https_alone(
    secure_house: House, centre: str, name: str
) -> None:
    phone = plugged(secure_house, name)
    first = from_the_factory(secure_house, phone)
    assert first.registered
    assert not [u for u in first.files if u.startswith("https:")], "nobody told it whom to trust yet"
    assert "BEGIN CERTIFICATE" in phone.flash.ca
    second = phone.reboot()
    assert second.registered
    by_tls = [u for u in second.files if u.startswith("https://10.20.0.1/t/")]
    assert by_tls, str(second)
    secret = phone.agent.account.secret
    assert any(holds(second.files[u], secret) for u in by_tls)
    plain = {u for u, data in second.files.items() if holds(data, secret)} - set(by_tls)
    # A Snom asks for its own file by its plain name too, whatever its model's file says, and its window is open.
    assert not plain or name == "snom"


def test_a_phone_that_forgot_the_authority_is_led_by_plain_http_again(secure_house: House) -> None:
    beto = plugged(secure_house, "beto")
    from_the_factory(secure_house, beto)
    beto.reboot()
    beto.flash.reset()
    with pytest.raises(phoneboot.BootFailed, match="refused: CERTIFICATE_VERIFY_FAILED"):
        beto.reboot()
    assert beto.reboot().registered, "the next time it is switched on"


@pytest.mark.acceptance("P-10")
@pytest.mark.parametrize("name", ["carla", "cisco_mpp", "linksys"])
def test_a_phone_that_learns_its_key_by_its_link_gets_its_account_encrypted_from_the_first_boot_on(
    secure_house: House, centre: str, name: str
) -> None:
    phone = plugged(secure_house, name)
    boot = from_the_factory(secure_house, phone)
    assert boot.registered
    secret = phone.agent.account.secret
    assert not [u for u, data in boot.files.items() if holds(data, secret)], "nothing on the wire shows it"
    (sealed,) = boot.opened
    rule = re.search(rb"\[--key (\w{16})\]", b"".join(boot.files.values()))
    assert rule
    assert holds(openssl(boot.files[sealed], rule[1].decode()), secret)


@pytest.mark.acceptance("P-10")
def test_a_grandstream_gets_its_file_encrypted_outside_its_window_and_openssl_opens_it(
    secure_house: House, centre: str
) -> None:
    dario = plugged(secure_house, "dario")
    dario.flash.reset()
    assert dario.reboot().registered
    key = dario.flash.key
    assert len(key) == 16
    night = until(lambda: opened(looks_again(dario)), 15, "its window has shut, and its file comes encrypted")
    (sealed,) = night.opened
    assert night.account
    assert night.account.secret == sip_secret("dario")
    assert holds(openssl(night.files[sealed], key), sip_secret("dario"))
    assert looks_again(dario, factory=True).account is None, "who has not the key has nothing"


@pytest.mark.acceptance("P-10")
def test_a_yealink_by_plain_http_gets_its_file_encrypted_outside_its_window(secure_house: House) -> None:
    phone = plugged(secure_house, "yealink")
    boot = phone.boot()
    own = next(u for u in boot.files if "/t/" in u and u.endswith(f"{phone.device.mac}.cfg"))
    assert own.startswith("http://")

    def sealed() -> bytes | None:
        found = phoneboot.fetch(own, "virtual", phone.place)
        return found if found and not found.startswith(b"#!version") else None

    data = until(sealed, 15, "its window has shut, and its file comes encrypted")
    assert holds(decrypt("yealink-aes", data, phone.flash.key), phone.agent.account.secret)
    assert holds(aes_ecb(data, phone.flash.key), phone.agent.account.secret)


@pytest.mark.acceptance("P-9")
def test_a_rotated_url_and_the_one_before_both_give_the_account_for_a_while(secure_house: House) -> None:
    ana = plugged(secure_house, "ana")
    from_the_factory(secure_house, ana)
    boot = ana.reboot()
    former = next(u for u in boot.files if u.startswith("https:") and u.endswith(f"{ana.device.mac}.cfg"))
    secure_house.building.command("claims", "rotate", ana.device.mac)
    again = ana.reboot()
    latter = next(u for u in again.files if u.startswith("https:") and u.endswith(f"{ana.device.mac}.cfg"))
    assert latter != former
    trust = tls(ana.flash.ca)
    for url in (former, latter):
        data = phoneboot.fetch(url, "virtual", ana.place, trust=trust)
        assert data and holds(data, sip_secret("ana"))


@pytest.mark.acceptance("P-9")
def test_the_first_fetch_by_a_claim_token_has_no_account_and_the_token_ends_with_the_first_use_of_the_phones_own(
    secure_house: House,
) -> None:
    beto = plugged(secure_house, "beto")
    if not beto.on:
        beto.boot()
    mac = beto.device.mac
    link = secure_house.building.command("claims", "url", mac).stdout.strip()
    assert link.startswith("https://")
    trust = tls(ca_of(secure_house))
    stranger = secure_house.phone("ana").place
    first = phoneboot.fetch(f"{link}{mac}.cfg", "virtual", stranger, trust=trust)
    assert first is None, "from a place where the network shows another phone's MAC"
    at_home = phoneboot.fetch(f"{link}{mac}.cfg", "virtual", beto.place, trust=trust)
    assert at_home and not holds(at_home, sip_secret("beto"))
    own = re.search(rb"https://[^,]+-registration\.cfg", at_home)
    assert own
    account = phoneboot.fetch(own[0].decode(), "virtual", beto.place, trust=trust)
    assert account and holds(account, sip_secret("beto"))
    assert phoneboot.fetch(f"{link}{mac}.cfg", "virtual", beto.place, trust=trust) is None, "once"


@pytest.mark.acceptance("P-3")
def test_every_fetch_stands_in_the_phones_history_with_its_transport_and_digest(secure_house: House) -> None:
    beto = plugged(secure_house, "beto")
    boot = beto.reboot()
    served = {u: hashlib.sha256(data).hexdigest() for u, data in boot.files.items()}

    def kept() -> bool:
        said = secure_house.building.command("phones", "history", beto.device.mac, "--json").stdout
        there = {(f["transport"], f["sha256"]) for f in json.loads(said) if f["status"] == 200}
        return {(u.partition(":")[0], digest) for u, digest in served.items()} <= there

    until(kept, 10, "each file that it was given is in its history")
    said = secure_house.building.command("phones", "history", beto.device.mac, "--json").stdout
    assert sip_secret("beto") not in said
    assert not re.search(r"/t/[\w-]{32}/", said), "no token either"


def holds(data: bytes, secret: str) -> bool:
    """Whether it stands there, as it is or as XML writes it."""
    return secret.encode() in data or escape(secret, {"'": "&apos;", '"': "&quot;"}).encode() in data


def opened(log: BootLog) -> BootLog | None:
    return log if log.opened else None


def ca_of(house: House) -> str:
    return (house.building.settings.paths.identity_dir / "site-ca.crt").read_text()


def openssl(data: bytes, key: str) -> bytes:
    """What OpenSSL's own command makes of it."""
    argv = ["openssl", "enc", "-d", "-aes-256-cbc", "-md", "md5", "-pass", "env:FILE_KEY"]
    environment = {**os.environ, "FILE_KEY": key}
    return subprocess.run(argv, input=data, env=environment, capture_output=True, check=True).stdout


def aes_ecb(data: bytes, key: str) -> bytes:
    """The same by OpenSSL; a test's key may stand in an argument."""
    argv = ["openssl", "enc", "-d", "-aes-128-ecb", "-nopad", "-K", key.encode().hex()]
    return subprocess.run(argv, input=data, capture_output=True, check=True).stdout
