"""Families as a running process holds them while their files are changed, broken, mended and taken away."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.provision.catalogue import LOOK_AGAIN_S, Catalogue
from appliance.settings import Settings


class HandClock:
    seconds = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(Settings().paths.templates_dir, tmp_path / "phones")
    return tmp_path / "phones"


def test_a_broken_family_goes_on_as_it_was_and_is_told(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = HandClock()
    catalogue = Catalogue(folder, clock)
    before = catalogue.current()
    descriptor = folder / "yealink" / "family.toml"
    good = descriptor.read_text()
    assert catalogue.current() is before

    descriptor.write_text("vendor = [")
    assert catalogue.current() is before, "the disk is not looked at for every request"
    clock.seconds += LOOK_AGAIN_S
    broken = catalogue.current()
    assert broken.family("yealink") is before.family("yealink")
    assert broken.problems
    assert "provision.template.broken" in caplog.text

    descriptor.write_text(good + "\n")
    clock.seconds += LOOK_AGAIN_S
    mended = catalogue.current()
    assert mended.problems == ()
    assert mended.family("yealink") is not before.family("yealink")


def test_a_family_that_is_taken_away_is_gone(folder: Path) -> None:
    clock = HandClock()
    catalogue = Catalogue(folder, clock)
    assert catalogue.current().family("polycom")
    shutil.rmtree(folder / "polycom")
    clock.seconds += LOOK_AGAIN_S
    assert catalogue.current().family("polycom") is None
