"""The store takes a firmware file in whole or not at all, and says why in a sentence."""

import errno
import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from appliance.errors import InputProblem
from appliance.ports import SystemClock
from appliance.provision.firmware import FirmwareFile, RolloutState, Target
from appliance.provision.firmware_store import CHUNK, FirmwareStore
from appliance.provision.upkeep import FirmwareFacts, Magic

GRANDSTREAM = FirmwareFacts(magic=(Magic("f9 7a c9 23", "f97ac923"),))
GOOD = b"\xf9\x7a\xc9\x23" + b"x" * 1000


@pytest.fixture
def store(tmp_path: Path) -> FirmwareStore:
    return FirmwareStore(tmp_path / "firmware", SystemClock(), 3 * CHUNK)


def add(store: FirmwareStore, data: bytes, sha256: str = "", size: int | None = None) -> FirmwareFile:
    return store.add(
        io.BytesIO(data),
        name="gxp2130fw.bin",
        family="grandstream",
        version="1.0.11.3",
        facts=GRANDSTREAM,
        by="test",
        sha256=sha256,
        size=size,
    )[0]


def left(store: FirmwareStore) -> list[str]:
    return sorted(p.name for p in store.place(FirmwareFile("x", "", 0, "", "")).parent.glob("[!.]*"))


@pytest.mark.acceptance("P-12")
def test_a_file_is_kept_under_its_digest_and_taking_it_twice_keeps_one(store: FirmwareStore) -> None:
    kept = add(store, GOOD, sha256=hashlib.sha256(GOOD).hexdigest().upper(), size=len(GOOD))
    assert store.place(kept).read_bytes() == GOOD
    assert kept.path == f"firmware/{hashlib.sha256(GOOD).hexdigest()[:16]}/gxp2130fw.bin"
    add(store, GOOD)
    assert len(store.shelf().files) == 1
    assert left(store) == sorted([kept.sha256, "shelf.json"])
    assert FirmwareStore(store.place(kept).parent, SystemClock(), 1).shelf() == store.shelf(), "another process's view"


@pytest.mark.acceptance("P-12")
@pytest.mark.parametrize(
    ("data", "sha256", "size", "told"),
    [
        (GOOD, "00" * 32, None, "not 0000"),
        (GOOD, "", 5000, r"Only 1004 of 5000"),
        (GOOD + b"x" * 4 * CHUNK, "", None, "larger than 3 MB"),
        (b"", "", None, "empty"),
        (b"<!DOCTYPE html><title>Login", "", None, "web page"),
        (b"PK\x03\x04rest", "", None, "ZIP"),
        (b"MZ\x90 something else", "", None, "not firmware of grandstream"),
    ],
    ids=["wrong digest", "half", "too large", "empty", "a web page", "an archive", "another kind"],
)
def test_what_is_not_right_is_refused_and_nothing_half_is_kept(
    store: FirmwareStore, data: bytes, sha256: str, size: int | None, told: str
) -> None:
    with pytest.raises(InputProblem, match=told) as refused:
        add(store, data, sha256, size)
    assert refused.value.text("es") != refused.value.text("en")
    assert left(store) == []


@pytest.mark.parametrize("name", ["../x.bin", "a/b.bin", "", ".hidden", "a b.bin", "ñ.bin", "x" * 101])
def test_a_name_that_leaves_the_folder_is_none(store: FirmwareStore, name: str) -> None:
    with pytest.raises(InputProblem, match="cannot be"):
        store.add(io.BytesIO(GOOD), name=name, family="g", version="1", facts=GRANDSTREAM, by="test")


def test_an_unpublished_format_is_taken_with_a_warning(store: FirmwareStore) -> None:
    _, warnings = store.add(
        io.BytesIO(b"anything"), name="T46S.rom", family="yealink", version="1", facts=FirmwareFacts(), by="test"
    )
    assert "not published" in warnings[0].en


class FullDisk(io.BytesIO):
    """A source whose reading stands for a disk that fills up while it is written."""

    def read(self, size: int | None = -1, /) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.acceptance("P-12")
def test_a_full_disk_is_a_sentence_and_leaves_nothing(store: FirmwareStore) -> None:
    with pytest.raises(InputProblem, match="no room on the disk"):
        store.add(FullDisk(), name="a.bin", family="g", version="1", facts=GRANDSTREAM, by="test")
    assert left(store) == []


def test_what_a_killed_upload_left_is_swept_away(store: FirmwareStore) -> None:
    kept = add(store, GOOD)
    (store.place(kept).parent / "tmpabc.part").write_bytes(b"half")
    add(store, GOOD + b"y")
    assert not any(n.endswith(".part") for n in left(store))


def test_a_target_keeps_its_file_from_removal(store: FirmwareStore) -> None:
    kept = add(store, GOOD)
    target = Target("grandstream", "GXP2130", kept.sha256, RolloutState.RUNNING, 5, 60)
    store.change(lambda shelf: shelf.with_target(target))
    assert store.shelf().targets == (target,), "it is read back as it was written"
    with pytest.raises(InputProblem, match="is the target of grandstream GXP2130"):
        store.remove(kept)
    store.change(lambda shelf: shelf.with_target(replace(target, sha256="")))
    store.remove(kept)
    assert left(store) == ["shelf.json"]


def test_a_damaged_record_is_a_sentence(store: FirmwareStore) -> None:
    kept = add(store, GOOD)
    (store.place(kept).parent / "shelf.json").write_text("{")
    with pytest.raises(InputProblem, match="cannot be read"):
        store.shelf()
