"""A family's folder is copied into a running building: its phones get their lease, their options and their files."""

import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.directory.local import Sighting
from appliance.vocabulary import PhoneState
from tests.lab.waiting import until

from .conftest import ROOT, Answered, Door

FOLDER = ROOT / "tests/unit/provision/seventeenth"
MAC = "021717aa0001"
AGENT = f"Telmaxima TM-200/1.2.3 {MAC}"
URL = b"http://10.20.0.1/telmaxima"
COMMON = "telmaxima/common-tm200.conf"


@pytest.mark.acceptance("P-7")
def test_a_family_copied_into_a_running_building_is_told_its_options_and_served(door: Door, tmp_path: Path) -> None:
    shutil.copytree(FOLDER, door.templates, dirs_exist_ok=True)
    phone = door.plug_in(MAC)

    def told() -> Answered | None:
        answer = phone.dhcp("-V", "Telmaxima TM-200")
        return answer if 43 in answer.options else None

    answered = until(told, 20, "DHCP knows the new family")
    assert answered
    assert answered.options[43] == bytes([1, len(URL)]) + URL + bytes([7, 1, 1])
    # Each process looks at the folder for itself, every two seconds.
    common = until(lambda: phone.fetch(COMMON, AGENT), 20, "HTTP knows the new family")
    assert b"net.time1 = 10.20.0.1\n" in common

    def by_tftp() -> bytes:
        try:
            return phone.tftp(COMMON)
        except subprocess.CalledProcessError:
            return b""

    assert until(by_tftp, 20, "TFTP knows the new family") == common

    def listed() -> list[Sighting]:
        assert phone.status(f"telmaxima/{MAC}.telmaxima", "-A", AGENT) == 404
        return [s for s in door.local.sightings() if s.mac == MAC and s.firmware == "1.2.3"]

    (seen,) = until(listed, 20, "it stands in the list")
    assert (seen.family, seen.model, seen.state) == ("telmaxima", "TM-200", PhoneState.UNKNOWN)
