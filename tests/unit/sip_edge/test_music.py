"""What the music URI of a phone's files leads to. Pure."""

from appliance.reasons import Because
from appliance.sip_edge.plan import CallAttempt, FromTrunk, Plan, Say, ToVoice
from appliance.sip_edge.routing import route
from appliance.vocabulary import Announcement
from tests.lab.sample import ACME, BRAVO
from tests.unit.sip_edge.building import NOON, TRUNK, Reachable, building, codes, dial
from wire.services import Music, Sound

ITS = building(Sound("sound-hold", ACME, "Espera", text="…"), Music(ACME, ACME, "sound-hold", ""))


def played(plan: Plan) -> tuple[str, str, str]:
    step = plan.steps[0]
    assert isinstance(step, ToVoice), step
    return step.service, step.param("account"), step.param("target")


def test_a_phone_fetches_the_music_of_its_own_company() -> None:
    plan = dial("music", directory=ITS)
    assert played(plan) == ("music", ACME, "sound-hold")
    assert codes(plan)[-1] is Because.PLAYS_MUSIC
    assert played(dial("music", who="dario", directory=ITS)) == ("music", BRAVO, ""), "it chose none: the building's"


def test_without_voice_it_is_told_to_try_later() -> None:
    (step,) = dial("music", directory=ITS, reach=Reachable(voice=False)).steps
    assert isinstance(step, Say)
    assert step.announcement is Announcement.TRY_LATER


def test_nobody_outside_fetches_it() -> None:
    plan = route(CallAttempt(FromTrunk(TRUNK, "+525598765432", ""), "music"), ITS, NOON, Reachable())
    assert not any(isinstance(step, ToVoice) and step.service == "music" for step in plan.steps)
