"""What a technician is told of a phone that was told something; and what kind of device takes a broken one's place."""

from datetime import UTC, datetime, timedelta

import pytest

from appliance.directory.hatch import FamilyFacts
from appliance.directory.phoneboard import PhoneRow
from appliance.directory.resyncs import Cause, Outcome, Resync, Wish
from appliance.errors import InputProblem
from appliance.vocabulary import PhoneState
from appliance.webui.board import PhoneLine
from appliance.webui.swaps import kind_of, plain_mac
from appliance.webui.wishes import HELD, NEWS_S, WishState, is_news, wish_line
from appliance.webui.words import CATALOGUE

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
MAC = "001565aa0101"


def at(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def told(outcome: Outcome, **more: object) -> Resync:
    return Resync(MAC, Wish.RESYNC, Cause.ASKED, "ana", at(-60), outcome, sent_at=at(-50), **more)  # type: ignore[arg-type]


def test_a_phone_came_back_when_it_first_fetched_after_it_was_told() -> None:
    line = wish_line(told(Outcome.ANSWERED, status=200), (at(-5), at(-40), at(-55), at(-300)))
    assert (line.state, line.back_at, line.status) == (WishState.BACK, at(-40), 200)


def test_a_phone_that_answered_and_did_not_come_has_only_been_told() -> None:
    assert wish_line(told(Outcome.ANSWERED, status=200), (at(-55),)).state is WishState.TOLD


def test_what_waits_has_not_come_back_whatever_it_fetches() -> None:
    line = wish_line(told(Outcome.WAITING, held_by="in-a-call"), (at(-5),))
    assert (line.state, line.held_by, line.back_at) == (WishState.WAITING, "in-a-call", "")


def test_the_list_shows_what_is_under_way_or_went_wrong_and_forgets_what_went_well() -> None:
    later = NOW + timedelta(seconds=NEWS_S + 60)
    assert is_news(wish_line(told(Outcome.SENT), ()), later)
    assert is_news(wish_line(told(Outcome.SILENT), ()), later)
    back = wish_line(told(Outcome.ANSWERED), (at(-1),))
    assert is_news(back, NOW)
    assert not is_news(back, later)
    assert not is_news(wish_line(told(Outcome.CANCELLED), ()), NOW)


def test_every_state_and_reason_has_its_words() -> None:
    wanted = {f"wish_state.{s}" for s in WishState} | {f"wish_state.{s}.means" for s in WishState}
    wanted |= {f"held.{h}" for h in HELD} | {f"short.{w}" for w in Wish} | {f"wish.{w}" for w in Wish}
    wanted |= {
        f"done.{d}{n}.{c}"
        for d in ("resync", "reboot", "cancel", "forget")
        for n in ("", ".not")
        for c in ("one", "many")
    }
    wanted |= {f"source.{s}" for s in ("house", "site", "model", "device")}
    wanted |= {f"rollout.{s}" for s in ("", "running", "stopped", "done")}
    wanted |= {f"firmware.did.{d}" for d in ("target", "none", "start", "stop")}
    assert wanted - set(CATALOGUE) == set()


YEALINK = FamilyFacts("yealink", "Yealink", ("001565", "805ec0"), ("T46S",), ("resync",), True, True)
HTEK = FamilyFacts("htek", "Htek", ("001fc1",), ("UC926",), ("resync",), False, False)
TWIN = FamilyFacts("linksys", "Linksys", ("000e08",), (), (), True, True)
OTHER_TWIN = FamilyFacts("cisco_spa", "Cisco", ("000e08",), (), (), True, True)
FAMILIES = (YEALINK, HTEK, TWIN, OTHER_TWIN)
OLD = PhoneLine(PhoneRow(MAC, PhoneState.LOST, "yealink", "T46S", phone_id="ph"), "101")


def test_a_device_of_the_same_maker_is_taken_for_the_same_model() -> None:
    assert kind_of("805ec0000001", None, OLD, FAMILIES) == ("yealink", "T46S")


def test_a_device_is_what_it_was_seen_to_be() -> None:
    seen = PhoneLine(PhoneRow("805ec0000001", PhoneState.UNKNOWN, "yealink", "T54W"), "x")
    assert kind_of("805ec0000001", seen, OLD, FAMILIES) == ("yealink", "T54W")


def test_a_device_of_another_maker_is_known_by_its_mac_and_says_its_model_itself() -> None:
    assert kind_of("001fc1000001", None, OLD, FAMILIES) == ("htek", "")


def test_a_mac_of_two_families_or_of_none_must_be_told() -> None:
    for mac in ("000e08000001", "020000000001"):
        with pytest.raises(InputProblem):
            kind_of(mac, None, OLD, FAMILIES)
        assert kind_of(mac, None, OLD, FAMILIES, "linksys") == ("linksys", "")


@pytest.mark.parametrize("text", ["00:15:65:AA:01:01", "00-15-65-aa-01-01", "001565aa0101", " 0015.65aa.0101 "])
def test_macs_are_read_in_any_usual_notation(text: str) -> None:
    assert plain_mac(text) == MAC


@pytest.mark.parametrize("text", ["", "001565aa01", "001565aa0101ff", "zz:15:65:aa:01:01"])
def test_what_is_no_mac_is_none(text: str) -> None:
    assert plain_mac(text) == ""
