"""A clock that is set while the box runs: how far is kept, and what was dated before reads as by the clock of now."""

import time
from pathlib import Path

import pytest

from appliance.settings import Paths, Settings
from appliance.sip_edge.callfacts import Alerted, Answered, Ended, lines
from appliance.sip_edge.eras import ClockWatch, Eras
from appliance.sip_edge.spooled import SpoolReader
from appliance.sip_edge.subscriptions import Register, Subscription

HOUR_MS = 3_600_000


def test_what_is_dated_in_an_era_is_moved_by_every_step_since() -> None:
    eras = Eras((HOUR_MS, -2 * HOUR_MS))
    assert (eras.since(0), eras.since(1), eras.since(2)) == (-HOUR_MS, -2 * HOUR_MS, 0)
    assert eras.since(7) == 0, "of an era that nothing is known of"


@pytest.mark.parametrize(("by_ms", "steps"), [(0, 0), (1000, 0), (-5000, 0), (5001, 1), (-HOUR_MS, 1)])
def test_a_clock_that_is_slewed_or_set_by_little_begins_no_era(by_ms: int, steps: int) -> None:
    assert Eras().after(ahead_ms=10**12 + by_ms, before_ms=10**12).now == steps


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(paths=Paths(state_dir=tmp_path / "state", run_dir=tmp_path / "run"))


def test_a_step_is_noted_once_by_whoever_begins_first_and_kept_when_the_power_fails(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = time.time_ns
    watch = ClockWatch(settings)
    assert (watch.eras.now, watch.stepped()) == (0, False)

    monkeypatch.setattr(time, "time_ns", lambda: true() + HOUR_MS * 1_000_000)
    assert watch.stepped()
    found = [ClockWatch(settings) for _ in range(2)]
    assert [w.eras.now for w in found] == [1, 1]
    assert found[0].eras.since(0) == pytest.approx(HOUR_MS, abs=500)
    assert not found[0].stepped()

    (settings.paths.run_dir / "clock-ahead").unlink()
    monkeypatch.setattr(time, "time_ns", lambda: true() - HOUR_MS * 1_000_000)
    assert ClockWatch(settings).eras == found[0].eras, "across a power failure no step is known of"


@pytest.mark.parametrize("torn", ["", "[", "null", '{"a": 1}', '["x"]'])
def test_a_file_of_steps_that_cannot_be_read_is_none(settings: Settings, torn: str) -> None:
    settings.paths.state_dir.mkdir(parents=True)
    (settings.paths.state_dir / "clock-steps.json").write_text(torn)
    assert ClockWatch(settings).eras.now == 0


@pytest.mark.acceptance("K-4")
def test_a_call_over_a_step_lasts_as_long_as_it_did_and_what_it_changed_keeps_its_date(tmp_path: Path) -> None:
    began, ended = 10**12, 10**12 + HOUR_MS + 7000
    alert = Alerted("c", "t", began, "emergency", "acme")
    (tmp_path / "a.jsonl").write_bytes(lines([Answered("c", "t", began), alert]))
    (tmp_path / "b.jsonl").write_bytes(lines([Ended("c", "t", ended, "caller")], era=1))
    reader = SpoolReader(tmp_path, Eras((HOUR_MS,)))
    first, last = reader.read()
    assert (last.at_ms, last.at_ms - first.at_ms) == (ended, 7000)
    assert reader.take_news() == [alert], "it is known by its date: journalled once"


def test_a_subscription_has_as_long_as_before(tmp_path: Path) -> None:
    made = Subscription(
        "c", "l", "r", "dialog", "", "phone", "102", "sip:a", "sip:a", "sip:us", "l", "r", 1, 10_000, 13_600
    )
    before = Register(tmp_path / "lamps.db")
    before.keep([made], [])
    before.close()
    for _ in range(2):
        after = Register(tmp_path / "lamps.db", Eras((HOUR_MS,)))
        (kept,) = after.all()
        assert (kept.made_s, kept.expires_s) == (13_600, 17_200)
        after.close()
