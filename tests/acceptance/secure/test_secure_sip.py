"""Phones register over TLS and speak by SRTP because their files say so, nothing typed in; who cannot is served too.

Each looks at the box's certificate by the authority that its files gave it. What is said to it is read out of its SRTP
by the keys in its own trace.
"""

import json
import re

import pytest

from tests.acceptance.conftest import House
from tests.acceptance.secure.house import TLS_WAIT_S, extension_of, from_the_factory, plugged
from tests.lab.audio import loudest, tone_level
from tests.lab.phones import AUDIBLE_DBFS, Phone, PhoneCall
from tests.lab.waiting import until

OVER_TLS = ("ana", "beto", "snom", "mitel_aastra")
"""Yealink, Polycom, Snom, Mitel."""


def on(house: House, name: str) -> Phone:
    phone = plugged(house, name)
    if not phone.on:
        phone.boot()
    return phone


def shown(house: House, phone: Phone) -> str:
    """What `conserje phones show` says of how it speaks."""
    said = json.loads(house.building.command("phones", "show", phone.device.mac, "--json").stdout)
    return str(said["sip"])


def nobody_hears(call: PhoneCall, hz: int) -> bool:
    """On the wire of this phone, which itself hears it."""
    call.hears(hz)
    wire = loudest(call.on_the_wire())
    return len(wire.packets) >= 50 and tone_level(wire.pcm()[-8000:], hz) < AUDIBLE_DBFS


@pytest.mark.acceptance("Q-7")
@pytest.mark.parametrize("name", OVER_TLS)
def test_a_phone_comes_over_tls_by_its_files_and_calls_a_phone_and_a_trunk_by_srtp(
    secure_house: House, centre: str, name: str
) -> None:
    phone, plain = plugged(secure_house, name), on(secure_house, "panasonic")
    boot = from_the_factory(secure_house, phone)
    assert boot.registered
    account = phone.agent.account
    assert (account.transport, account.port, account.srtp) == ("tls", 5061, "optional")
    assert "BEGIN CERTIFICATE" in account.ca
    assert plain.agent.account.transport == "udp"

    call = phone.call(extension_of("panasonic")).established()
    plain.incoming(after=plain.called() - 1).hears(phone.hz)
    assert nobody_hears(call, plain.hz), "on its wire is SRTP"
    call.hang_up()
    call.ended()

    outside, _ = secure_house.calls_carrier(phone, "5512345678")
    assert nobody_hears(outside, 1000)
    outside.hang_up()
    outside.ended()


@pytest.mark.acceptance("Q-7")
def test_two_phones_over_tls_hear_each_other_also_after_haproxy_was_killed(secure_house: House, centre: str) -> None:
    ana, beto = on(secure_house, "ana"), on(secure_house, "beto")
    assert {p.agent.account.transport for p in (ana, beto)} == {"tls"}
    took = secure_house.building.processes.kill_and_time("haproxy")
    assert took < 5
    for phone in (ana, beto):
        phone.connects_anew()
    call = ana.call("102").established()
    beto.incoming(after=beto.called() - 1).hears(ana.hz)
    call.hears(beto.hz)
    call.hang_up()
    call.ended()


@pytest.mark.acceptance("Q-7", "P-17")
def test_who_is_taken_off_tls_and_put_back_is_told_so_over_the_way_it_is_registered_by(secure_house: House) -> None:
    ana = on(secure_house, "ana")
    mac = ana.device.mac
    assert shown(secure_house, ana).startswith("por TLS")
    secure_house.building.command("phones", "override", "set", mac, "secure_sip", "false")
    until(lambda: ana.agent.account.transport == "udp" and ana.registered(), 40, "it has come by UDP")
    assert shown(secure_house, ana).startswith("UDP")
    secure_house.building.command("phones", "override", "unset", mac, "secure_sip")
    until(lambda: ana.agent.account.transport == "tls" and ana.registered(), 40, "it is back on TLS")


@pytest.mark.acceptance("Q-7")
def test_a_phone_that_refuses_the_boxs_certificate_is_told_udp_at_its_next_start_until_it_is_asked_again(
    secure_house: House,
) -> None:
    # One that never came over TLS.
    avaya = plugged(secure_house, "avaya")
    avaya.trusts_only = secure_house.lab.centre.ca_file.read_text()
    log = avaya.boot(register=False)
    assert log.account and log.account.transport == "tls"
    assert not avaya.on, str(log)
    until(lambda: "no vino" in shown(secure_house, avaya), TLS_WAIT_S + 20, "it was waited for in vain")
    again = avaya.reboot()
    assert again.registered
    assert avaya.agent.account.transport == "udp"
    # Its firmware was mended.
    avaya.trusts_only = ""
    assert from_the_factory(secure_house, avaya).registered
    # Had it been quicker than the doors, which look every two seconds, it would be told.
    until(lambda: avaya.agent.account.transport == "tls" and avaya.registered(), 40, "it is asked again, and comes")


@pytest.mark.acceptance("Q-7")
def test_no_log_of_the_building_holds_a_secret_of_its_phones(secure_house: House) -> None:
    """After all of the above: passwords, keys of SRTP and of files, tokens, the authority's key."""
    phones = [p for p in secure_house.phones.values() if p.on]
    assert any(p.agent.account.srtp for p in phones)
    secrets = {p.agent.account.secret for p in phones} | {p.flash.key for p in phones}
    for phone in phones:
        secrets |= set(re.findall(r"inline:([A-Za-z0-9+/=]{38,})", phone.agent.log()))
        secrets |= {t for log in phone.boots for u in log.files for t in re.findall(r"/t/([\w-]{32})/", u)}
    secrets.discard("")
    assert len(secrets) > 8
    building = secure_house.building
    kept = [f for f in (building.directory / "log").rglob("*") if f.is_file()]
    assert kept
    found = {(f.name, s[:4]) for f in kept for s in secrets if s.encode() in f.read_bytes()}
    assert not found
    state = building.settings.paths.state_dir
    passwords = {p.agent.account.secret for p in phones}
    files = [f for f in state.rglob("*") if f.is_file()]
    at_rest = {(f.name, s[:4]) for f in files for s in passwords if s.encode() in f.read_bytes()}
    assert not at_rest, "sealed on disk"
    key = (building.settings.paths.identity_dir / "site-ca.key").read_bytes()
    assert b"PRIVATE KEY" not in key
