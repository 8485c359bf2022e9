"""Who is led to which firmware, and how a roll-out goes on: by pure state, minute by minute."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from appliance.provision.context import PhoneContext
from appliance.provision.families import Family
from appliance.provision.firmware import (
    FirmwareFile,
    Given,
    RolloutState,
    Seen,
    Shelf,
    Target,
    advance,
    firmware_for,
    start,
)
from appliance.provision.orders import Orders, seen_of
from appliance.provision.render import files_for, render
from tests.lab.formats import parameters

from .house import SITE, all_files, context, families, family, phone

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
FILE = FirmwareFile("ab" * 32, "T46S.rom", 20_000_000, "yealink", "66.86.0.15")
TARGET = Target("yealink", "T46S", FILE.sha256)
OLD = "66.85.0.5"
LED = sorted(f.name for f in families().families if f.upkeep.firmware)


def phones(*versions: str) -> list[Seen]:
    return [Seen(f"00156500000{i}", version) for i, version in enumerate(versions)]


def led_to(target: Target, count: int = 6) -> list[int]:
    shelf = Shelf((FILE,), (target,))
    return [i for i in range(count) if firmware_for(f"00156500000{i}", "yealink", "T46S", shelf)]


@pytest.mark.acceptance("P-12")
def test_a_target_is_given_to_nobody_until_it_is_rolled_out() -> None:
    assert led_to(TARGET) == []
    running = advance(start(TARGET, 2, 600, NOW), FILE, phones(*[OLD] * 5), NOW)
    assert led_to(running) == [0, 1]


@pytest.mark.acceptance("P-12")
def test_the_next_phones_come_when_all_before_them_are_back_with_the_new_version() -> None:
    running = advance(start(TARGET, 2, 600, NOW), FILE, phones(*[OLD] * 5), NOW)
    one_back = advance(running, FILE, phones(FILE.version, OLD, OLD, OLD, OLD), NOW + timedelta(seconds=60))
    assert led_to(one_back) == [0, 1]
    both_back = advance(one_back, FILE, phones(FILE.version, FILE.version, OLD, OLD, OLD), NOW + timedelta(seconds=90))
    assert led_to(both_back) == [0, 1, 2, 3]
    last = advance(both_back, FILE, phones(*[FILE.version] * 4, OLD), NOW + timedelta(seconds=200))
    done = advance(last, FILE, phones(*[FILE.version] * 5), NOW + timedelta(seconds=300))
    assert done.state is RolloutState.DONE
    assert led_to(done) == [0, 1, 2, 3, 4, 5], "a phone that is new in the building gets it too"


@pytest.mark.acceptance("P-12")
def test_it_stops_by_itself_when_one_phone_does_not_come_back() -> None:
    running = advance(start(TARGET, 2, 600, NOW), FILE, phones(*[OLD] * 5), NOW)
    half = phones(FILE.version, OLD, OLD, OLD, OLD)
    assert advance(running, FILE, half, NOW + timedelta(seconds=599)).state is RolloutState.RUNNING
    stopped = advance(running, FILE, half, NOW + timedelta(seconds=601))
    assert (stopped.state, stopped.stopped_by) == (RolloutState.STOPPED, "001565000001")
    assert led_to(stopped) == [0], "whoever did not come back is led to it no more"
    assert advance(stopped, FILE, phones(*[FILE.version] * 5), NOW + timedelta(days=9)) is stopped
    again = advance(start(stopped, 2, 600, NOW + timedelta(hours=2)), FILE, half, NOW + timedelta(hours=2))
    assert (again.state, led_to(again)) == (RolloutState.RUNNING, [0, 1])


def test_phones_that_have_it_already_take_no_turn() -> None:
    running = advance(start(TARGET, 1, 600, NOW), FILE, phones(FILE.version, OLD, OLD), NOW)
    assert led_to(running) == [0, 1]
    assert [g.mac for g in running.given if not g.back_at] == ["001565000001"]


def test_a_phone_that_says_no_version_is_back_when_it_asks_again_after_it_took_the_file() -> None:
    running = replace(start(TARGET, 1, 600, NOW), given=(Given("m", "2026-03-02T15:00:00.000+00:00"),))
    took = Seen("m", "", "2026-03-02T15:01:00.000+00:00", "2026-03-02T15:00:59.000+00:00")
    assert not advance(running, FILE, [took], NOW).given[0].back_at
    asked = replace(took, asked_at="2026-03-02T15:03:00.000+00:00")
    assert advance(running, FILE, [asked], NOW).given[0].back_at


def test_what_a_phone_last_fetched_tells_its_version_and_model() -> None:
    agent = "Yealink SIP-T46S 66.86.0.15 00:15:65:aa:bb:cc"
    fetches = (("3", "yealink/001565aabbcc.cfg", agent, 200), ("2", FILE.path, agent, 206), ("1", FILE.path, "", 404))
    assert seen_of("m", family("yealink"), fetches) == (Seen("m", "66.86.0.15", "2", "3"), "T46S")


def test_only_its_own_address_leads_to_a_file() -> None:
    shelf = Shelf((FILE,))
    folder = FILE.path.rpartition("/")[0]
    assert shelf.asked_for(FILE.path) is FILE
    assert shelf.asked_for(f"{folder}/3111-46135-002.T46S.rom") is FILE, "as Polycoms ask first"
    for path in (f"{folder}/other.rom", "firmware/T46S.rom", f"firmware/{'cd' * 8}/T46S.rom", f"{folder}/../T46S.rom"):
        assert shelf.asked_for(path) is None


@pytest.mark.acceptance("P-12")
@pytest.mark.parametrize("name", LED)
def test_a_phones_own_file_leads_it_to_its_firmware_and_away_again(name: str) -> None:
    of = family(name)
    model = of.models[0]
    one = phone(name, model.name, mac="001565aabbcc")
    file = replace(FILE, family=name)

    def written(*targets: Target) -> dict[str, bytes]:
        site = replace(SITE, orders=Orders(Shelf((file,), targets), families=families(), http=SITE.http))
        return all_files(of, model, one, site=site)

    to_all = Target(name, model.name, file.sha256, RolloutState.DONE)
    led, away = written(to_all), written(Target(name, model.name, ""))
    assert written(to_all) == led
    assert file.path.rpartition("/")[0] in "".join(_values(of, led))
    assert file.path.rpartition("/")[0] not in "".join(_values(of, away))
    assert written() == all_files(of, model, one), "nobody ordered any: firmware is left alone"


def _values(of: Family, files: dict[str, bytes]) -> list[str]:
    return [str(v) for name, data in files.items() for v in dict(parameters(of.format, name, data)).values()]


def test_a_common_file_never_names_firmware() -> None:
    of = family("yealink")
    site = replace(
        SITE, orders=Orders(Shelf((FILE,), (replace(TARGET, state=RolloutState.DONE),)), families=families())
    )
    own: PhoneContext = context(of.model("T46S") or of.models[0], phone(), site=site)
    common = [rule for _, rule in files_for(own, of) if not rule.per_device]
    assert common
    assert all(b"firmware/" not in render(of, rule, own) for rule in common)
