"""A phone's files as phones fetch them: gunicorn and the TFTP server of a building, real clients, hostile ones too."""

import hashlib
import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack

import pytest

from appliance.vocabulary import PhoneState
from tests.integration.provision.conftest import ADDRESS, Door, Plugged
from tests.lab.sample import sip_secret
from tests.lab.waiting import until

ANA = "001565aa0101"
BETO = "0004f2aa0102"
ANAS_FILE = f"yealink/{ANA}.cfg"
ANAS_AGENT = "Yealink SIP-T46S 66.85.0.5 00:15:65:aa:01:01"


@pytest.fixture(scope="module")
def ana(door: Door) -> Plugged:
    phone = door.plug_in(ANA)
    phone.dhcp("-V", "yealink")
    return phone


@pytest.fixture(scope="module")
def stranger(door: Door) -> Plugged:
    """A phone of a known maker that is in no directory."""
    phone = door.plug_in("001565ff0001")
    phone.dhcp("-V", "yealink")
    return phone


@pytest.mark.acceptance("P-6")
def test_a_phone_gets_its_files_with_no_centre_anywhere(ana: Plugged) -> None:
    text = ana.fetch(ANAS_FILE, ANAS_AGENT).decode()
    assert "account.1.user_name = p-ana-x7k2" in text
    assert sip_secret("ana") in text


def test_http_and_tftp_give_the_same_bytes_whatever_the_block_size(ana: Plugged) -> None:
    by_http = ana.fetch(ANAS_FILE, ANAS_AGENT)
    for options in ((), ("blksize 1428",), ("blksize 8192", "tsize 0"), ("blksize 64",)):
        assert ana.tftp(ANAS_FILE, *options) == by_http, options


@pytest.mark.skipif(not shutil.which("tftp"), reason="tftp-hpa is not installed")
def test_tftp_hpa_and_curl_get_it_too(ana: Plugged, door: Door) -> None:
    by_http = ana.fetch(ANAS_FILE, ANAS_AGENT)
    into = door.here / "by-hpa"
    ana.place.run(["tftp", "-m", "binary", ADDRESS, "-c", "get", ANAS_FILE, into])
    assert into.read_bytes() == by_http
    assert ana.curl("--tftp-blksize", "1024", f"tftp://{ADDRESS}/{ANAS_FILE}").stdout == by_http


def test_an_unchanged_file_is_not_sent_again(ana: Plugged) -> None:
    first = ana.curl("-D", "-", "-o", "/dev/null", "-A", ANAS_AGENT, f"http://{ADDRESS}/{ANAS_FILE}").stdout.decode()
    etag = re.search(r"(?im)^etag: (.*?)\r?$", first)
    assert etag
    headers = ("-A", ANAS_AGENT, "-H", f"If-None-Match: {etag[1]}")
    assert ana.status(ANAS_FILE, *headers) == 304
    assert ana.status(ANAS_FILE, "-A", ANAS_AGENT, "-H", 'If-None-Match: "another"') == 200
    assert ana.status(ANAS_FILE, "-A", ANAS_AGENT, "--head") == 200


@pytest.mark.acceptance("P-2")
def test_an_unknown_phone_is_given_nothing_and_stands_in_the_list(door: Door, stranger: Plugged) -> None:
    own = f"yealink/{stranger.mac}.cfg"
    agent = "Yealink SIP-T42S 66.85.0.5 00:15:65:ff:00:01"
    done = stranger.curl("-A", agent, "-w", "%{http_code}", f"http://{ADDRESS}/{own}")
    assert done.stdout.endswith(b"404")
    assert b"secret" not in done.stdout
    with pytest.raises(subprocess.CalledProcessError):
        stranger.tftp(own)
    seen = until(
        lambda: next((s for s in door.local.sightings() if s.mac == stranger.mac), None), 5, "the sighting is kept"
    )
    assert (seen.state, seen.family) == (PhoneState.UNKNOWN, "yealink")
    assert any("option 60" in reason for reason in seen.evidence)


@pytest.mark.acceptance("P-2")
def test_one_phone_does_not_get_anothers_file(door: Door, stranger: Plugged) -> None:
    assert stranger.status(ANAS_FILE, "-A", ANAS_AGENT) == 404
    with pytest.raises(subprocess.CalledProcessError):
        stranger.tftp(ANAS_FILE)
    until(lambda: "another-phones-file" in door.supervisor.log("provision"), 5, "the log has it")


@pytest.mark.acceptance("P-1")
def test_each_fetch_is_in_the_phones_history(door: Door, ana: Plugged) -> None:
    served = ana.fetch(ANAS_FILE, ANAS_AGENT)
    found = until(
        lambda: [f for f in door.local.fetches(ANA) if f.transport == "http" and f.status == 200], 5, "it is recorded"
    )
    assert found[0].sha256 == hashlib.sha256(served).hexdigest()
    assert (found[0].path, found[0].bytes, found[0].user_agent) == (ANAS_FILE, len(served), ANAS_AGENT)
    assert ANA in door.local.last_fetch_at()


def test_polycoms_logs_are_taken_and_dropped_and_nothing_else_is(door: Door, ana: Plugged) -> None:
    url = f"http://{ADDRESS}/polycom/{BETO}-app.log"
    put = ana.curl("-T", "-", "-w", "%{http_code}", url)
    small = ana.curl("--data-binary", "boot ok", "-X", "PUT", "-o", "/dev/null", "-w", "%{http_code}", url)
    big = door.here / "big.log"
    big.write_bytes(b"x" * (3 << 20))
    large = ana.curl("-T", str(big), "-o", "/dev/null", "-w", "%{http_code}", url)
    foreign = ana.curl("-X", "PUT", "-d", "x", "-o", "/dev/null", "-w", "%{http_code}", f"http://{ADDRESS}/{ANAS_FILE}")
    assert put.stdout.endswith(b"201")
    assert small.stdout == b"201"
    assert large.stdout == b"413"
    assert foreign.stdout == b"405"
    # curl has no TFTP upload by name only; atftp puts.
    refused = ana.place.run(["atftp", "--put", "-l", big, "-r", f"{BETO}-boot.log", ADDRESS], check=False)
    assert refused.returncode != 0
    assert not list(door.here.rglob("*-boot.log"))


@pytest.mark.parametrize(
    "path",
    [
        "../../../../etc/passwd",
        "yealink/../../etc/passwd",
        "%2e%2e/%2e%2e/etc/passwd",
        "..%5c..%5cetc%5cpasswd",
        "yealink/%00",
        "/etc/passwd",
        "%ff%fe%80",
        "a" * 300,
    ],
)
def test_paths_that_climb_or_make_no_sense_get_404(ana: Plugged, path: str) -> None:
    assert ana.status(path) == 404


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "yealink/../family.toml", ".", "/"])
def test_tftp_paths_that_climb_get_not_found(ana: Plugged, path: str) -> None:
    assert ask_tftp(ana, rrq(path))[:4] == b"\0\x05\0\x01"


def test_methods_and_headers_beyond_measure_are_refused_and_the_door_stays_open(door: Door, ana: Plugged) -> None:
    assert ana.status(ANAS_FILE, "-X", "POST", "-d", "x") == 405
    assert ana.status(ANAS_FILE, "-X", "OPTIONS") == 405
    assert ana.status(ANAS_FILE, "-H", "X-Long: " + "x" * 9000) in (0, 400, 431)
    assert ana.status(ANAS_FILE, *(w for i in range(90) for w in ("-H", f"X-{i}: 1"))) in (0, 400, 431)
    assert ana.status("x" * 3000) in (0, 400, 414)
    assert raw(ana, b"\x16\x03\x01garbage\r\n\r\n")[:12] in (b"HTTP/1.1 400", b"")
    assert ana.status(ANAS_FILE, "-A", ANAS_AGENT) == 200
    until(lambda: '"bad-request"' in door.supervisor.log("provision"), 15, "it is told")


def test_connections_that_say_nothing_do_not_keep_a_phone_waiting(ana: Plugged, door: Door) -> None:
    hostile = door.plug_in("02aaaa0000fe")
    hostile.dhcp("-V", "")
    with ExitStack() as held:
        with hostile.place.inside():
            for started in (b"", b"GET /x HTTP/1.1\r\nHost: a") * 30:
                line = held.enter_context(socket.socket())
                line.connect((ADDRESS, 80))
                line.sendall(started)
        began = time.monotonic()
        assert ana.status(ANAS_FILE, "-A", ANAS_AGENT) == 200
        assert time.monotonic() - began < 2


def test_who_tries_many_names_is_told_to_wait_and_a_phone_beside_it_is_not(door: Door, ana: Plugged) -> None:
    prober = door.plug_in("02aaaa0000ff")
    prober.dhcp("-V", "")
    urls = [f"http://{ADDRESS}/yealink/001565bb{i:04x}.cfg" for i in range(600)]
    done = prober.curl("-o", "/dev/null", "-w", "%{http_code}\n", *[w for u in urls for w in (u, "-o", "/dev/null")])
    codes = done.stdout.decode().split()
    assert codes.count("404") <= 300
    assert "429" in codes
    assert ana.status(ANAS_FILE, "-A", ANAS_AGENT) == 200
    refused = door.supervisor.log("provision").count("02aaaa0000ff")
    assert refused <= 20, "a prober does not fill the log"


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0",
        b"\0\x01",
        b"\0\x01" + b"x" * 400,
        b"\0\x01\xff\xfe\0octet\0",
        b"\0\x01x\0octet\0blksize\0many\0",
        b"\0\x01x\0octet\0blksize\0",
        b"\0\x01x\0octet\0\0\0",
        b"\0\x63x\0octet\0",
        b"\0\x03\0\x01data",
        b"\0\x05\0\x01",
        os.urandom(600),
    ],
)
def test_octets_that_are_not_tftp_do_not_end_the_server(ana: Plugged, packet: bytes) -> None:
    ask_tftp(ana, packet, wait_s=0.05)
    assert ask_tftp(ana, rrq(ANAS_FILE))[:4] == b"\0\x03\0\x01"


def test_tftp_answers_only_the_options_that_were_asked(ana: Plugged) -> None:
    size = str(len(ana.fetch(ANAS_FILE, ANAS_AGENT))).encode()
    assert ask_tftp(ana, rrq(ANAS_FILE, "tsize", "0")) == b"\0\x06tsize\0" + size + b"\0"
    assert ask_tftp(ana, rrq(ANAS_FILE, "BLKSIZE", "65464")) == b"\0\x06blksize\0001428\0"
    assert ask_tftp(ana, rrq(ANAS_FILE, "windowsize", "4"))[:4] == b"\0\x03\0\x01"


@pytest.mark.alone
def test_a_killed_door_is_back_within_three_seconds(door: Door, ana: Plugged) -> None:
    for name in ("provision", "tftp"):
        assert door.supervisor.kill_and_time(name) <= 3
    until(lambda: ana.status(ANAS_FILE, "-A", ANAS_AGENT) == 200, 3, "files are served again")
    assert ana.tftp(ANAS_FILE)


def test_no_secret_is_in_the_logs(door: Door) -> None:
    for name in ("dhcp", "provision", "tftp"):
        assert "secret-of-" not in door.supervisor.log(name)


def rrq(path: str, *options: str) -> bytes:
    return b"\0\x01" + b"".join(w.encode() + b"\0" for w in (path, "octet", *options))


def ask_tftp(phone: Plugged, packet: bytes, wait_s: float = 3) -> bytes:
    """The server's first answer to a packet; empty when there is none."""
    with phone.place.inside():
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with line:
        line.settimeout(wait_s)
        line.sendto(packet, (ADDRESS, 69))
        try:
            return line.recv(2048)
        except TimeoutError:
            return b""


def raw(phone: Plugged, octets: bytes) -> bytes:
    with phone.place.inside():
        line = socket.create_connection((ADDRESS, 80), 3)
    with line:
        line.sendall(octets)
        try:
            return line.recv(1024)
        except OSError:
            return b""
