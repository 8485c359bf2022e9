"""Firmware given a few phones at a time, and a parameter set by hand: the phones are told, come, and have it."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.acceptance.conftest import House, house_rows
from tests.lab.lab import Lab
from tests.lab.phones import Phone, image
from tests.lab.sample import ACME, SITE
from tests.lab.waiting import until
from wire.rows import Extension, Person
from wire.rows import Phone as PhoneRow

OCTETS = 700_000
MACS = ("001565f10001", "001565f10002", "001565f10003")
EVENT = "check-sync;reboot=false"


@pytest.fixture(scope="module")
def stocked_house() -> Iterator[House]:
    """A building with three Yealinks of one model beside the sample's phones; a firmware file may have 1 MB."""
    rows = [*house_rows()]
    for n, mac in enumerate(MACS):
        rows += [
            Person(f"person-fw{n}", ACME, f"Firme{n}", "Peralta", f"fw{n}@example.mx"),
            Extension(f"ext-fw{n}", ACME, f"{330 + n}", "person", f"person-fw{n}"),
            PhoneRow(f"phone-fw{n}", ACME, SITE, f"person-fw{n}", mac, "", "", f"p-fw{n}", f"secret-fw{n}-Zq9"),
        ]
    with Lab() as lab:
        house = House(lab, lab.building(enrolled=True, rows=tuple(rows), settings=_SMALL))
        for mac in MACS:
            house.phones[mac] = house.building.plug(mac=mac, family_name="yealink", model="T42S")
            house.phones[mac].boot()
        yield house


_SMALL = {"provisioning": {"firmware_most_mb": 1}}


@pytest.fixture(params=["up", "cut"])
def centre(request: pytest.FixtureRequest, stocked_house: House) -> Iterator[str]:
    if request.param == "cut":
        stocked_house.building.cut_centre()
    yield str(request.param)
    stocked_house.building.mend_centre()


def three(house: House) -> list[Phone]:
    return [house.phones[mac] for mac in MACS]


def says(house: House, *words: str) -> str:
    """What a refused command says."""
    done = house.building.command(*words, check=False)
    assert done.returncode != 0
    return done.stdout + done.stderr


@pytest.mark.acceptance("P-12", "P-11")
def test_a_roll_out_goes_phone_by_phone_each_told_by_its_family_each_back_before_the_next(
    stocked_house: House, centre: str, tmp_path: Path
) -> None:
    building, phones = stocked_house.building, three(stocked_house)
    version = {"up": "67.86.0.15", "cut": "67.86.0.20"}[centre]
    file = tmp_path / "T42S.rom"
    file.write_bytes(image(version, OCTETS))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    take = ("firmware", "add", str(file), "--family", "yealink", "--version", version)
    assert "SHA-256 is" in says(stocked_house, *take, "--sha256", "0" * 64)
    big = tmp_path / "big.rom"
    big.write_bytes(image(version, 2_000_000))
    assert "1 MB" in says(stocked_house, "firmware", "add", str(big), "--family", "yealink", "--version", version)
    building.command(*take, "--sha256", digest)

    reads = [len(p.boots) for p in phones]
    building.command("firmware", "target", "yealink", "T42S", digest[:16])
    # Their files say now that none is led anywhere: that is a change too, and all are told of it.
    until(lambda: all(len(p.boots) > n for p, n in zip(phones, reads, strict=True)), 30, "all have read that")
    assert version not in {p.device.firmware for p in phones}, "a target alone is given to nobody"

    told = [len(p.notified) for p in phones]
    building.command("firmware", "rollout", "yealink", "T42S", "--at-a-time", "1")
    until(lambda: all(p.device.firmware == version for p in phones), 60, f"all three run it: {stage(stocked_house)}")
    until(lambda: stage(stocked_house) == "done", 20, "the roll-out is done")
    until(lambda: all(p.on and p.registered() for p in phones), 30, "all are registered")
    turns = [p.notified[n] for p, n in zip(phones, told, strict=True)]
    assert [event for _, event in turns] == [EVENT] * 3
    came = [back_at(stocked_house, p, version) for p in phones]
    # A NOTIFY is heard on the wire a moment after the phone's answer.
    heard = [at for at, _ in turns]
    assert came[0] < heard[1] + 0.5 and came[1] < heard[2] + 0.5, "none goes before the one ahead is back"
    assert came == sorted(came)


def back_at(house: House, phone: Phone, version: str) -> float:
    """When it first asked for its files by its new version's name."""
    fetches = [f for f in house.building.local().fetches(phone.device.mac) if version in f.user_agent]
    return min(seconds(f.at) for f in fetches)


def seconds(at: object) -> float:
    return datetime.fromisoformat(str(at)).timestamp()


def stage(house: House) -> str:
    (target,) = json.loads(house.building.command("firmware", "list", "--json").stdout)["targets"]
    return str(target["state"])


@pytest.mark.acceptance("P-12")
def test_the_real_doors_give_a_part_of_it_or_all_of_it_and_no_path_leads_out_of_the_folder(
    stocked_house: House, centre: str, tmp_path: Path
) -> None:
    phone = three(stocked_house)[0]
    assert phone.place
    file = json.loads(stocked_house.building.command("firmware", "list", "--json").stdout)["files"][0]
    path = f"firmware/{file['sha256'][:16]}/{file['name']}"

    kept = tmp_path / "got"

    def curl(*words: str) -> tuple[str, bytes]:
        """What curl says of the answer (its code, or why it failed), and the answer."""
        assert phone.place
        kept.unlink(missing_ok=True)
        argv = ["curl", "-s", "--path-as-is", "-o", str(kept), "-w", "%{http_code} %{exitcode}", *words]
        done = phone.place.run(argv, check=False)
        return done.stdout, kept.read_bytes() if kept.exists() else b""

    code, whole = curl(f"http://10.20.0.1/{path}")
    assert (code, hashlib.sha256(whole).hexdigest()) == ("200 0", file["sha256"])
    assert curl("-r", "1000-1999", f"http://10.20.0.1/{path}") == ("206 0", whole[1000:2000])
    assert curl("-r", f"{OCTETS + 5}-", f"http://10.20.0.1/{path}")[0].startswith("416")
    _, by_tftp = curl("--tftp-blksize", "1428", f"tftp://10.20.0.1/{path}")
    assert by_tftp == whole
    for out in ("../shelf.json", "../../local.db", "..%2f..%2flocal.db", "/etc/passwd"):
        there = f"10.20.0.1/firmware/{file['sha256'][:16]}/{out}"
        assert curl(f"http://{there}")[0] == "404 0"
        assert curl(f"tftp://{there}") == ("000 68", b""), "no such file"


@pytest.mark.acceptance("P-19", "P-11")
@pytest.mark.parametrize(
    ("person", "family", "name", "event"),
    [
        ("carla", "cisco_spa/SPA504G", "Back_Light_Timer", "check-sync"),
        ("dario", "grandstream/GXP2135", "P334", "check-sync"),
    ],
)
def test_a_parameter_set_by_hand_is_told_to_the_phones_and_fetched(
    stocked_house: House, centre: str, person: str, family: str, name: str, event: str
) -> None:
    phone = stocked_house.phone(person)
    until(lambda: phone.on and phone.registered(), 10, "it is registered")
    told, boots, value = len(phone.notified), len(phone.boots), {"up": "17", "cut": "23"}[centre]
    stocked_house.building.command("phones", "override", "set", family, name, value, "--raw")
    until(lambda: len(phone.boots) > boots, 30, "it read its files again")
    files = phone.boots[-1].files | phone.boots[-1].opened
    assert any(f"<{name}>{value}</{name}>".encode() in data for data in files.values())
    assert [e for _, e in phone.notified[told:]] == [event]
