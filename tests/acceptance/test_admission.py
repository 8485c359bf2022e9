"""Who is let in: by digest alone, and whoever knocks learns nothing by being refused."""

import re
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from time import perf_counter

import pytest

from tests.acceptance.conftest import House
from tests.acceptance.crew import ADDRESSES, Knock, laptop
from tests.integration.sip_edge.agent import Message
from tests.lab.sample import sip_secret, sip_user

LAPTOP = ADDRESSES[0]


@pytest.fixture
def knock(house: House) -> Iterator[Knock]:
    """A laptop in a wall socket of the voice network, with user agents that say what they are told."""
    with laptop(house.building) as made:
        yield made


def _without_chance(message: Message, user: str) -> str:
    """A message with what must differ between two calls taken out."""
    text = "\n".join([message.start, *(f"{n}: {v}" for n, v in message.headers), message.body])
    text = re.sub(r"(nonce|tag|branch|rport)=[^;,\s]+", r"\1", text)
    return re.sub(r"reg-\S+", "call-id", text.replace(user, "someone"))


@pytest.mark.acceptance("Q-1", "S-9")
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_the_right_secret_is_let_in_and_any_other_is_not(
    house: House, centre: str, knock: Knock, algorithm: str
) -> None:
    house.phone("elsa").power_off()
    assert knock(sip_user("elsa"), sip_secret("elsa"), algorithm).register(expires=60).status == 200
    assert knock(sip_user("elsa"), "not-her-secret", algorithm).register().status in (401, 403)
    assert knock(sip_user("elsa"), sip_secret("ana"), algorithm).register().status in (401, 403)


@pytest.mark.acceptance("Q-1")
def test_a_known_and_an_unknown_user_are_answered_alike_in_text_and_time(
    house: House, centre: str, knock: Knock
) -> None:
    texts: dict[str, list[str]] = {}
    times: dict[str, list[float]] = {}
    for _ in range(40):
        for user in (sip_user("ana"), "p-nobody-0000"):
            agent = knock(user, "wrong")
            agent.register_request()
            asked = agent.expect(401)
            line = agent.authorization(agent.challenged(asked), "REGISTER", "sip:10.20.0.1:5060")
            started = perf_counter()
            agent.register_request(line, cseq=2)
            refused = agent.expect(401, 403)
            times.setdefault(user, []).append(perf_counter() - started)
            said = (_without_chance(m, user).replace(str(agent.port), "port") for m in (asked, refused))
            texts[user] = [text.replace(agent.address, LAPTOP) for text in said]
    known, unknown = texts.values()
    assert known == unknown
    medians = [median(t) for t in times.values()]
    assert abs(medians[0] - medians[1]) < 0.002


@pytest.mark.acceptance("Q-1")
def test_a_replayed_answer_and_a_foreign_nonce_are_refused(house: House, centre: str, knock: Knock) -> None:
    house.phone("elsa").power_off()
    agent = knock(sip_user("elsa"), sip_secret("elsa"))
    uri = "sip:10.20.0.1:5060"
    agent.register_request()
    challenge = agent.challenged(agent.expect(401))
    line = agent.authorization(challenge, "REGISTER", uri)
    agent.register_request(line, cseq=2, expires=60)
    assert agent.expect(200, 401).status == 200
    agent.register_request(line, cseq=3)
    again = agent.expect(200, 401, 403)
    assert again.status == 401
    assert "stale=true" in again["www-authenticate"].lower()

    made_up = agent.authorization(replace(challenge, nonce="f" * 48), "REGISTER", uri)
    agent.register_request(made_up, cseq=4)
    assert agent.expect(200, 401, 403).status in (401, 403)


@pytest.mark.acceptance("Q-1", "S-9")
def test_a_call_without_digest_goes_nowhere(house: House, centre: str, knock: Knock) -> None:
    beto = house.phone("beto")
    before = beto.called(), len(house.carrier.offered())
    stranger = knock(sip_user("ana"), "")
    # An emergency is asked for proof as well, once; who then has none is let out (test_help.py).
    for dialled in ("102", "5512345678", *(("911",) if centre == "up" else ())):
        assert stranger.outcome(stranger.dial(dialled)).status in (401, 403, 407)
    assert (beto.called(), len(house.carrier.offered())) == before
