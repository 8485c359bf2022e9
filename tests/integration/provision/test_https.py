"""Phones' files over TLS: gunicorn with a certificate of the site's authority, and clients that trust nobody else."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.integration.provision.conftest import ADDRESS, Door, Plugged, make_door, take_down
from tests.lab.netns import refusal
from tests.lab.sample import sip_secret

ANA = "001565aa0101"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    if why := refusal():
        pytest.skip(f"no network namespaces here: {why}")
    made = make_door(tmp_path_factory.mktemp("door"), ("dhcp", "provision", "https"))
    try:
        yield made
    finally:
        take_down(made)


@pytest.fixture(scope="module")
def ana(door: Door) -> Plugged:
    phone = door.plug_in(ANA)
    phone.dhcp("-V", "yealink")
    return phone


def trusting(door: Door, ana: Plugged, *words: str) -> "subprocess.CompletedProcess[bytes]":
    ca = door.here / "ca.crt"
    ca.write_bytes(ana.curl("-f", f"http://{ADDRESS}/ca.crt").stdout)
    return ana.curl("-f", "--cacert", str(ca), *words)


@pytest.mark.acceptance("P-3")
@pytest.mark.acceptance("P-9")
def test_a_phone_takes_its_account_by_its_own_url_over_https(door: Door, ana: Plugged) -> None:
    boot = trusting(door, ana, f"https://{ADDRESS}/yealink/{ANA}.boot")
    assert boot.returncode == 0, boot.stderr
    assert sip_secret("ana").encode() not in boot.stdout
    own = re.search(rb"<https://[^/]+(/t/[\w-]{32}/yealink/001565aa0101\.cfg)>", boot.stdout)
    assert own
    got = trusting(door, ana, f"https://{ADDRESS}{own[1].decode()}")
    assert sip_secret("ana").encode() in got.stdout


def test_who_does_not_know_the_authority_does_not_trust_it(ana: Plugged) -> None:
    done = ana.curl(f"https://{ADDRESS}/yealink/{ANA}.boot")
    assert done.returncode == 60


def test_noise_on_the_port_harms_no_phone(door: Door, ana: Plugged) -> None:
    noise = ana.curl(f"http://{ADDRESS}:443/x")
    assert noise.returncode != 0 or b"200" not in noise.stdout
    hold = ["timeout", "3", "bash", "-c", f"for i in 1 2 3 4 5 6; do exec {{f}}<>/dev/tcp/{ADDRESS}/443; done; sleep 3"]
    hostile = door.plug_in("02aaaa0000fd")
    hostile.dhcp("-V", "")
    holding = hostile.place.popen(hold)
    try:
        assert trusting(door, ana, f"https://{ADDRESS}/yealink/y000000000000.boot").returncode == 0
    finally:
        holding.kill()
        holding.wait()


def test_no_key_and_no_secret_is_in_the_logs(door: Door) -> None:
    for name in ("provision", "https"):
        assert "PRIVATE KEY" not in door.supervisor.log(name)
        assert "secret-of-" not in door.supervisor.log(name)
