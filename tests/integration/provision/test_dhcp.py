"""Kea as the building runs it, asked by a real client at the end of a cable."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.ports import SystemClock
from appliance.provision.dhcp import lease_file
from appliance.provision.leases import Leases
from tests.integration.provision.conftest import ADDRESS, SETTINGS, Door, kea_answers, lease_rows
from tests.lab.directory import publish_rows
from tests.lab.netns import Namespace
from tests.lab.sample import sample_rows
from tests.lab.waiting import until
from wire.rows import Site

BACK_S = 3.0


def hex60(octets: bytes) -> tuple[str, ...]:
    """udhcpc's words for an option 60 of any octets."""
    return ("-V", "", "-x", f"0x3c:{octets.hex()}")


@pytest.mark.acceptance("P-15")
def test_each_family_is_told_where_its_files_are_by_its_own_options(door: Door) -> None:
    yealink = door.plug_in("001565aa0101").dhcp("-V", "yealink")
    polycom = door.plug_in("0004f2aa0102").dhcp(*hex60(bytes.fromhex("0000363d020c5656582d5656585f343030")))
    cisco = door.plug_in("8843e1aa0201").dhcp("-V", "Cisco SPA504G")
    grandstream = door.plug_in("000b82aa0202").dhcp("-V", "Grandstream GXP2135")

    assert yealink.options[66] == b"http://10.20.0.1/yealink/"
    assert polycom.options[160] == polycom.options[66] == b"http://10.20.0.1/polycom/"
    assert cisco.options[66] == b"http://10.20.0.1/cisco_spa/spa$PSN.cfg"
    assert cisco.options[150] == bytes([10, 20, 0, 1])
    assert cisco.told["opt150"] == "0a140001"
    assert grandstream.options[66] == b"http://10.20.0.1/grandstream"


@pytest.mark.acceptance("P-15")
def test_option_66_is_in_the_option_list_unasked_and_the_boot_fields_are_left_to_others(door: Door) -> None:
    # udhcpc asks for no 66 unless told to (-O); -o drops its whole list.
    told = door.plug_in("001565aa0110").dhcp("-V", "yealink", "-o")
    assert told.options[66] == b"http://10.20.0.1/yealink/"
    assert told.sname == b""
    assert told.message[20:24] == b"\0\0\0\0"


@pytest.mark.acceptance("P-15")
@pytest.mark.parametrize(
    ("option60", "mac", "expected"),
    [
        (b"Yealink\0", "02aaaa000001", b"http://10.20.0.1/yealink/"),
        (b"Cisco Systems, Inc. IP Phone SPA504G\0\0", "02aaaa000002", b"http://10.20.0.1/cisco_spa/spa$PSN.cfg"),
        (bytes.fromhex("0000363d00ff0a") + b"x'\"", "02aaaa000003", b"http://10.20.0.1/polycom/"),
    ],
)
def test_binary_and_nul_ended_vendor_classes_are_known(door: Door, option60: bytes, mac: str, expected: bytes) -> None:
    assert door.plug_in(mac).dhcp(*hex60(option60)).options[66] == expected


def test_the_maker_of_the_mac_decides_where_option_60_says_nothing(door: Door) -> None:
    silent = door.plug_in("001565aa0111").dhcp("-V", "")
    strange = door.plug_in("8843e1aa0112").dhcp("-V", "dslforum.org")
    assert silent.options[66] == b"http://10.20.0.1/yealink/"
    assert strange.options[66] == b"http://10.20.0.1/cisco_spa/spa$PSN.cfg"


def test_what_is_no_phone_gets_an_address_and_nothing_of_phones(door: Door) -> None:
    laptop = door.plug_in("02aaaa000009").dhcp("-V", "MSFT 5.0")
    assert not laptop.options.keys() & {43, 66, 114, 150, 159, 160, 242}
    assert (laptop.told["router"], laptop.told["dns"], laptop.told["ntpsrv"]) == (ADDRESS, ADDRESS, ADDRESS)
    assert laptop.options[51] == (3600).to_bytes(4)


def test_provisioning_learns_who_has_an_address_and_what_it_said(door: Door) -> None:
    given = door.plug_in("001565aa0113").dhcp("-V", "yealink", "-x", "hostname:mesa-7", "-x", "0x4d:01ff")
    leases = Leases(door.settings, SystemClock())
    lease = until(lambda: leases.lease_of(given.address), 5, "the lease is in Kea's file")
    assert (lease.mac, lease.option60, lease.hostname) == ("001565aa0113", b"yealink", "mesa-7")
    assert lease.option77 == b"\x01\xff"
    assert lease.option55
    assert leases.lease_of("10.20.0.200") is None


@pytest.mark.acceptance("P-15")
def test_a_changed_family_is_in_force_within_seconds_and_no_lease_is_lost(door: Door) -> None:
    phone = door.plug_in("001565aa0114")
    before = phone.dhcp("-V", "yealink")
    known = set(lease_rows(door.settings))
    descriptor = door.templates / "yealink" / "family.toml"
    good = descriptor.read_text()
    descriptor.write_text(good.replace('value = "http://{http}/yealink/"', 'value = "http://{http}/other/"'))
    try:
        until(lambda: "dhcp.reloaded" in door.supervisor.log("dhcp"), 10, "Kea took the change")
        after = phone.dhcp("-V", "yealink")
        assert after.options[66] == b"http://10.20.0.1/other/"
        assert after.address == before.address
        assert known <= set(lease_rows(door.settings))
    finally:
        descriptor.write_text(good)


EVERY_OPTION = """
vendor = "Acme"
format = "text"
escape = "line"
content_type = "text/plain"
ouis = []
option60 = [{ prefix = "AcmePhone" }]
models = [{ name = "A1", lines = 1 }]
files = [{ path = "{mac}.acme" }]
dhcp_options = [
  { code = 43, value = "http://{http}/acme/$mac.cfg" },
  { code = 66, value = "{tftp}" },
  { code = 114, value = "http://{http}/acme/{MAC}.xml" },
  { code = 150, value = "{tftp},10.20.0.9", form = "address" },
  { code = 159, value = "http://{http}/acme/a,b" },
  { code = 160, value = "http://{http}/acme/" },
  { code = 242, value = "HTTPSRVR={tftp},HTTPDIR=/acme,L2QVLAN=20" },
]
"""


@pytest.mark.acceptance("P-15")
def test_a_new_family_with_every_option_is_data_alone(door: Door) -> None:
    folder = door.templates / "acme"
    folder.mkdir()
    (folder / "family.toml").write_text(EVERY_OPTION)
    configured = door.settings.paths.engines_dir / "kea" / "kea-dhcp4.json"
    until(lambda: "named-acme" in configured.read_text(), 10, "Kea took the new family")
    told = door.plug_in("02aaaa00000c").dhcp("-V", "AcmePhone A1").options
    assert {code: told.get(code) for code in (43, 66, 114, 150, 159, 160, 242)} == {
        43: b"http://10.20.0.1/acme/$mac.cfg",
        66: b"10.20.0.1",
        114: b"http://10.20.0.1/acme/{MAC}.xml",
        150: bytes([10, 20, 0, 1, 10, 20, 0, 9]),
        159: b"http://10.20.0.1/acme/a,b",
        160: b"http://10.20.0.1/acme/",
        242: b"HTTPSRVR=10.20.0.1,HTTPDIR=/acme,L2QVLAN=20",
    }


@pytest.mark.acceptance("P-15")
def test_what_kea_refuses_changes_nothing_and_is_said_in_a_sentence(door: Door) -> None:
    descriptor = door.templates / "yealink" / "family.toml"
    good = descriptor.read_text()
    descriptor.write_text(good.replace('value = "http://{http}/yealink/"', 'value = "{tftp}x"\nform = "address"'))
    try:
        until(
            lambda: "option 66 of the family yealink" in door.supervisor.log("dhcp"), 10, "the log says what is wrong"
        )
        told = door.plug_in("001565aa0115").dhcp("-V", "yealink")
        assert told.options[66].startswith(b"http://10.20.0.1/")
    finally:
        descriptor.write_text(good)


@pytest.mark.alone
def test_a_phone_keeps_its_address_when_kea_or_its_keeper_is_killed(door: Door) -> None:
    phone = door.plug_in("001565aa0116")
    before = phone.dhcp("-V", "yealink")
    for victim in ("kea", "keeper"):
        # supervisord makes one that dies while it starts wait; the appliance's systemd does not.
        until(lambda: door.supervisor.states()["dhcp"] == "RUNNING", 5, "it counts as running")
        keeper = door.supervisor.pid_of("dhcp")
        pid = child_of(keeper) if victim == "kea" else keeper
        os.kill(pid, signal.SIGKILL)
        at = time.monotonic()
        until(lambda gone=pid: not Path(f"/proc/{gone}").exists(), 5, "it is dead")  # type: ignore[misc]
        until(lambda: kea_answers(door.settings), 10, "Kea serves again")
        took = time.monotonic() - at
        assert took <= BACK_S, f"{victim} back after {took:.1f} s"
        assert phone.dhcp("-V", "yealink").address == before.address


def test_a_new_revision_reaches_kea(door: Door) -> None:
    """The site's time zone goes out in option 101 (RFC 4833)."""
    rows = tuple(replace(r, timezone="America/Tijuana") if isinstance(r, Site) else r for r in sample_rows())
    publish_rows(door.settings, rows)
    file = door.settings.paths.engines_dir / "kea" / "kea-dhcp4.json"
    until(lambda: b"America/Tijuana".hex() in file.read_text(), 10, "the new zone is configured")
    told = door.plug_in("02aaaa00000a").dhcp("-V", "", "-O", "0x65")
    assert told.options[101] == b"America/Tijuana"


def test_clients_that_lie_about_their_mac_are_not_remembered(door: Door) -> None:
    """A message that speaks for a MAC other than its sender's leaves no evidence behind."""
    phone = door.plug_in("02aaaa00000b")
    frame = discover(bytes.fromhex("001565bb0000"))
    with phone.place.inside():
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0x0008)
        with wire:
            wire.sendto(frame, ("eth0", 0x0800, 0, 0, b"\xff" * 6))
    heard = door.settings.paths.run_dir / "kea" / "heard.db"
    marker = phone.dhcp("-V", "marker")
    leases = Leases(door.settings, SystemClock())
    until(
        lambda: (found := leases.lease_of(marker.address)) and found.option60 == b"marker", 5, "the honest one is heard"
    )
    macs = {row[0] for row in sqlite3.connect(heard).execute("SELECT mac FROM said")}
    assert "02aaaa00000b" in macs
    assert "001565bb0000" not in macs


def discover(mac: bytes) -> bytes:
    """An IPv4 packet with a DISCOVER of `mac`."""
    message = bytes([1, 1, 6, 0]) + b"\0" * 24 + mac.ljust(16, b"\0") + b"\0" * 192
    message += b"\x63\x82\x53\x63" + bytes([53, 1, 1, 60, 7]) + b"yealink" + b"\xff"
    udp = (68).to_bytes(2) + (67).to_bytes(2) + (8 + len(message)).to_bytes(2) + b"\0\0"
    header = bytes([0x45, 0]) + (28 + len(message)).to_bytes(2) + b"\0\0\0\0\x40\x11\0\0" + b"\0" * 4 + b"\xff" * 4
    total = sum(int.from_bytes(header[i : i + 2]) for i in range(0, 20, 2))
    total = (total & 0xFFFF) + (total >> 16)
    header = header[:10] + (0xFFFF - total & 0xFFFF).to_bytes(2) + header[12:]
    return header + udp + message


def child_of(pid: int) -> int:
    return int((Path(f"/proc/{pid}/task/{pid}/children").read_text().split())[0])


def run_dhcp(here: Path, place: Namespace, **changes: str) -> subprocess.CompletedProcess[str]:
    """`conserje run dhcp` with settings of its own, until it ends by itself."""
    text = SETTINGS.format(here=here)
    for key, value in changes.items():
        text = text.replace(key, value)
    file = here / "other.toml"
    file.write_text(text)
    command: list[str | Path] = [Path(sys.executable).with_name("conserje"), "--settings", file, "run", "dhcp"]
    return place.run(command, check=False, timeout=20, env={**os.environ, "LANG": "es_MX.UTF-8"})


def test_a_kea_that_outlived_its_keeper_is_ended_by_the_next(door: Door) -> None:
    until(lambda: door.supervisor.states()["dhcp"] == "RUNNING", 5, "it counts as running")
    door.supervisor.stop("dhcp")
    run_dir = door.settings.paths.run_dir / "kea"
    file = door.settings.paths.engines_dir / "kea" / "kea-dhcp4.json"
    where = {"KEA_PIDFILE_DIR": str(run_dir), "KEA_LOCKFILE_DIR": str(run_dir)}
    orphan = door.place.popen(["kea-dhcp4", "-c", file], env={**os.environ, **where}, stdout=subprocess.DEVNULL)
    try:
        until(lambda: kea_answers(door.settings), 5, "the orphan serves")
        door.supervisor.start_one("dhcp")
        assert orphan.wait(10) == -signal.SIGKILL
        until(lambda: kea_answers(door.settings), 5, "the new one serves")
    finally:
        orphan.kill()
        orphan.wait()


def test_a_taken_port_a_missing_interface_and_a_wrong_pool_are_sentences(door: Door, tmp_path: Path) -> None:
    taken = run_dhcp(tmp_path, door.place)
    assert taken.returncode == 1
    assert "ocupa el puerto 67" in taken.stderr

    missing = run_dhcp(tmp_path, door.place, voice0="voz9")
    assert "La interfaz de voz voz9 no existe" in missing.stderr

    elsewhere = Namespace.new("elsewhere")
    try:
        elsewhere.bridge("voice0", f"{ADDRESS}/24")
        wrong = run_dhcp(tmp_path, elsewhere, **{"10.20.0.50 - 10.20.0.99": "10.99.0.1 - 10.99.0.9"})
    finally:
        elsewhere.remove()
    assert wrong.returncode == 1
    assert "Kea rechaza la configuración de DHCP" in wrong.stderr
    assert "Traceback" not in taken.stderr + missing.stderr + wrong.stderr


def test_no_secret_is_in_what_kea_reads(door: Door) -> None:
    kept = [p for p in (door.settings.paths.engines_dir / "kea").iterdir() if p != lease_file(door.settings)]
    assert kept
    for file in kept:
        assert "secret-of-" not in file.read_text()
    assert json.loads((door.settings.paths.engines_dir / "kea" / "kea-dhcp4.json").read_text())["Dhcp4"]
