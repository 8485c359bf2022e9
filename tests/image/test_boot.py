"""The image boots by itself and serves: SIP, the building page and SNMP answer from outside (I-2 under emulation)."""

import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.image.machine import IMAGE, INSIDE, Machine, booted
from tests.lab.waiting import NotInTime, until

BOUND_S = 300
SEED = f"""
[paths]
templates_dir = "/opt/conserje/templates/phones"
[network]
voice_interface = "lo"
voice_address = "{INSIDE}"
voice_subnet = "10.0.2.0/24"
uplink_address = "{INSIDE}"
management_address = "{INSIDE}"
dhcp = false
[snmp]
community = "image-test"
"""

OPTIONS = (
    "OPTIONS sip:{host}:{port} SIP/2.0\r\nVia: SIP/2.0/{transport} 127.0.0.1:{own};rport;branch=z9hG4bKimage{own}\r\n"
    "From: <sip:test@127.0.0.1>;tag=1\r\nTo: <sip:{host}>\r\nCall-ID: image-{own}\r\nCSeq: 1 OPTIONS\r\n"
    "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


def sip_answers(machine: Machine) -> bool:
    host, port = machine.address("udp", 5060)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(1)
        phone.connect((host, port))
        own = phone.getsockname()[1]
        try:
            phone.send(OPTIONS.format(host=host, port=port, own=own, transport="UDP").encode())
            return phone.recv(4096).startswith(b"SIP/2.0 ")
        except OSError:
            return False


def sip_answers_over_tls(machine: Machine) -> bool:
    """By HAProxy, which is in no other way than this."""
    host, port = machine.address("tcp", 5061)
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((host, port), 2) as bare, anyone.wrap_socket(bare) as phone:
            own = phone.getsockname()[1]
            phone.settimeout(2)
            phone.sendall(OPTIONS.format(host=host, port=port, own=own, transport="TLS").encode())
            return phone.recv(4096).startswith(b"SIP/2.0 ")
    except OSError:
        return False


def page_answers(machine: Machine) -> bool:
    host, port = machine.address("tcp", 8080)
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/login", timeout=2) as page:
            return bool(page.status == 200 and b"<form" in page.read())
    except (urllib.error.URLError, OSError):
        return False


def snmp_answers(machine: Machine) -> bool:
    host, port = machine.address("udp", 161)
    asked = subprocess.run(
        ["snmpget", "-v2c", "-c", "image-test", "-t", "1", "-r", "0", f"{host}:{port}", "1.3.6.1.2.1.1.1.0"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.returncode == 0 and "STRING" in asked.stdout


def files_answer(machine: Machine) -> bool:
    """The phones' file server is there: without a directory yet, it asks a phone to come again."""
    host, port = machine.address("tcp", 80)
    try:
        urllib.request.urlopen(f"http://{host}:{port}/nothing.cfg", timeout=2)
    except urllib.error.HTTPError as refused:
        return refused.code == 503 and "Retry-After" in refused.headers
    except (urllib.error.URLError, OSError):
        return False
    return False


CHECKS: dict[str, Callable[[Machine], bool]] = {
    "SIP": sip_answers,
    "SIP over TLS": sip_answers_over_tls,
    "building page": page_answers,
    "SNMP": snmp_answers,
    "phones' files": files_answer,
}


@pytest.mark.image
@pytest.mark.timeout(BOUND_S * 2)
def test_from_power_to_sip_http_and_snmp(tmp_path: Path) -> None:
    assert IMAGE.exists(), "run `make image` first"
    with booted(tmp_path, SEED, (("udp", 5060), ("tcp", 5061), ("tcp", 8080), ("udp", 161), ("tcp", 80))) as machine:
        seconds: dict[str, float] = {}

        def all_answered() -> bool:
            for name, answers in CHECKS.items():
                if name not in seconds and answers(machine):
                    seconds[name] = machine.seconds()
            return len(seconds) == len(CHECKS)

        try:
            until(all_answered, BOUND_S, "the machine serves")
        except NotInTime:
            pytest.fail(
                f"after {BOUND_S} s only {seconds}; console:\n{machine.console.read_text(errors='replace')[-3000:]}"
            )
        print("\nseconds from power: " + ", ".join(f"{name} {at:.0f}" for name, at in seconds.items()))
