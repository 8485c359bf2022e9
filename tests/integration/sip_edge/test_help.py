"""Emergencies from whom the door is closed to: banned, flooding, with an old password, or no phone of ours at all."""

import time
import wave
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from appliance.sip_edge.control import Rtpengine
from appliance.vocabulary import Announcement
from tests.integration.sip_edge.agent import Agent, Call, Message
from tests.integration.sip_edge.building import Building, building
from tests.lab.sample import sip_secret, sip_user
from tests.lab.waiting import until

CALLBACK = "+525550000100"
BAN_AFTER, FLOOD_PER_S = 3, 30
ANSWERED = range(400, 700)
At = Callable[..., Agent]


@pytest.fixture(scope="module")
def b(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    strict = {"ban_after": BAN_AFTER, "flood_per_s": FLOOD_PER_S}
    with building(tmp_path_factory.mktemp("help"), sip=strict) as made:
        made.start("redis", "rtpengine", "kamailio")
        yield made


@pytest.fixture
def at(b: Building, agents: list[Agent]) -> Iterator[At]:
    """A phone at an address of its own: loopback's first is never banned."""

    def make(last: int, user: str = sip_user("ana"), secret: str = sip_secret("ana")) -> Agent:
        agents.append(Agent(user, secret, b.sip, address=f"127.0.0.{last}"))
        return agents[-1]

    yield make
    for table in ("banned", "wrong", "knocks", "known", "help", "helped"):
        b.kamailio.call("htable.flush", table)


@pytest.fixture
def far(b: Building, agents: list[Agent]) -> Agent:
    agents.append(Agent("carrier", "", b.sip, port=b.carrier_port))
    return agents[-1]


def banned(b: Building, agent: Agent) -> None:
    right, agent.secret = agent.secret, "a-guess"
    for n in range(BAN_AFTER):
        agent.register(cseq=1 + 2 * n)
    agent.secret = right
    assert b.kamailio.call("htable.get", "banned", agent.address)
    agent.register_request(cseq=90)
    assert agent.nothing(0.3)


def helped(agent: Agent, call: Call, far: Agent, whole: bool = True) -> tuple[Message, Call]:
    """The call reaches the carrier as 911; answered, talked about and hung up by who called."""
    invite = far.expect("INVITE")
    assert invite.uri.startswith("sip:911@")
    assert CALLBACK in invite["from"]
    assert "geolocation" in dict(invite.headers)
    leg = far.take(invite)
    assert agent.outcome(call).status == 200
    far.expect("ACK")
    if whole:
        agent.request(call, "BYE")
        far.answer(far.expect("BYE"), 200)
        agent.expect(200)
    return invite, leg


def alerts(b: Building, call: Call) -> list[dict[str, str]]:
    found = [f for f in b.facts() if f["event"] == "alerted" and f["call_id"] == call.call_id]
    return [dict(f["params"]) for f in found]


@pytest.mark.acceptance("E-1")
def test_a_phone_at_a_banned_address_calls_for_help_and_nobody_else(b: Building, at: At, far: Agent) -> None:
    ana = at(61)
    banned(b, ana)
    call = ana.dial("911")
    helped(ana, call, far)
    assert alerts(b, call)[0]["extension"] == "101"
    elsewhere = f"sip:102@{b.sip[0]}:{b.sip[1]}"
    ana.invite_again(Call("to-102", f"<{elsewhere}>;tag=1", f"<{elsewhere}>", elsewhere))
    # What it asks for in the name of such a call, and is not of it, is not looked at either.
    for method in ("REGISTER", "OPTIONS"):
        ana.request(call, method)
    assert ana.nothing(0.3)
    # So many a minute and source: no way in for a flood.
    target = f"sip:911@{b.sip[0]}:{b.sip[1]}"
    for n in range(25):
        ana.invite_again(Call(f"{n}-{ana.port}", f"<sip:x{n}@y>;tag={n}", f"<{target}>", target))
    answered = 0
    while ana.receive(0.3):
        answered += 1
    assert 0 < answered <= 10


@pytest.mark.acceptance("E-1")
def test_a_phone_in_the_midst_of_a_flood_from_its_address_calls_for_help(b: Building, at: At, far: Agent) -> None:
    ana, flooder = at(62), at(62, "flooder", "")
    for n in range(FLOOD_PER_S * 4):
        flooder.register_request(cseq=n + 1)
    ana.register_request()
    assert ana.nothing(0.3), "the flood is dropped, and all that comes from there"
    helped(ana, ana.dial("066"), far)


@pytest.mark.acceptance("E-1")
@pytest.mark.parametrize("user", [sip_user("ana"), "p-nobody-0000"])
def test_who_has_an_old_password_or_is_not_known_gets_help_as_a_phone_of_this_building(
    b: Building, at: At, far: Agent, user: str
) -> None:
    for ban in (False, True):
        agent = at(63 + ban, user, "an-old-secret")
        if ban:
            banned(b, agent)
        call = agent.dial("911")
        invite, _ = helped(agent, call, far)
        assert "101" not in invite["from"]
        (alert,) = alerts(b, call)
        assert (alert["extension"], alert["person"], alert["callback"]) == (agent.address, "", CALLBACK)
        assert "Reforma" in alert["location"]
    fresh = at(66, user, "an-old-secret")
    refused = fresh.dial("102")
    assert fresh.outcome(refused).status == 407


@pytest.mark.acceptance("E-1")
def test_who_cannot_answer_a_challenge_gets_help_when_it_calls_again_a_few_at_once(
    b: Building, at: At, far: Agent
) -> None:
    up: list[tuple[Agent, Call, Call]] = []
    for n in range(3):
        blank = at(70 + n, "blank", "")
        first = blank.dial("911")
        assert blank.outcome(first).status == 407
        # The same again is a copy that got lost on its way, no second call.
        blank.invite_again(first)
        assert blank.expect(*ANSWERED).status == 407
        call = blank.dial("911")
        _, leg = helped(blank, call, far, whole=False)
        up.append((blank, call, leg))
    fourth = at(74, "blank", "wrong")
    assert fourth.outcome(fourth.dial("911")).status == 407, "no more at once"
    # Who proves itself is not counted among them, whatever it did just now.
    helped(ana := at(75), ana.dial("911"), far)
    for blank, call, _ in up:
        blank.request(call, "BYE")
        far.answer(far.expect("BYE"), 200)
        blank.expect(200)
    until(lambda: not b.kamailio.call("htable.dump", "call"), 2, "all are over")
    fifth = at(76, "blank", "wrong")
    helped(fifth, fifth.dial("911"), far)


@pytest.mark.acceptance("E-2")
def test_with_voice_dead_and_no_way_out_the_caller_hears_to_use_a_mobile(b: Building, at: At, far: Agent) -> None:
    """rtpengine plays the file that voice had made; here it is a tone."""
    sentences = b.settings.paths.state_dir / "voice" / "sentences"
    sentences.mkdir(parents=True, exist_ok=True)
    for sentence in (Announcement.EMERGENCY_NO_WAY_OUT, Announcement.TRY_LATER):
        with wave.open(str(sentences / f"{sentence.value}.es-MX.0123.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes((8000 * np.sin(np.arange(8000) * 2 * np.pi * 440 / 8000)).astype("<i2").tobytes())
    b.kamailio.call("htable.seti", "state", "voice", 0)
    ana = at(81)
    call = ana.dial("911")
    for _ in range(2):
        # With the place, and once more without.
        far.answer(far.expect("INVITE"), 503, "No Circuit")
    early, began = ana.expect(183), time.monotonic()
    heard = [ana.rtp.recv(2048) for _ in range(60)]
    assert {packet[1] & 0x7F for packet in heard} == {0}, "PCMU"
    assert len({packet[12:] for packet in heard}) > 3, "no silence"
    assert early.media
    assert ana.outcome(call).status == 503
    assert 2 < time.monotonic() - began < 4, "as long as it takes twice"
    far.expect("ACK")
    b.kamailio.call("htable.seti", "state", "voice", 0)
    # Who hangs up in the middle gets its 487 when the sentence would be over: nobody is there to be cancelled.
    again = ana.dial("911")
    for _ in range(2):
        far.answer(far.expect("INVITE"), 503, "No Circuit")
    ana.expect(183)
    ana.cancel(again)
    assert ana.outcome(again).status == 487
    # What only voice could answer is not refused in silence either.
    b.kamailio.call("htable.seti", "state", "voice", 0)
    echo = ana.dial("*9196")
    assert ana.expect(183).media
    ana.cancel(echo)
    assert ana.outcome(echo).status == 487
    until(lambda: not b.kamailio.call("htable.dump", "call"), 3, "the board knows of no call")
    until(lambda: not Rtpengine(b.settings.media.ng_port).calls(), 3, "rtpengine holds nothing of it")


def test_who_comes_from_the_uplink_is_challenged_for_ever(tmp_path_factory: pytest.TempPathFactory) -> None:
    sides = {"voice_address": "127.0.0.1", "uplink_address": "127.0.0.2"}
    with building(tmp_path_factory.mktemp("sides"), network=sides) as b:
        b.start("kamailio")
        outside = Agent("p-nobody-0000", "wrong", ("127.0.0.2", b.sip[1]), address="127.0.0.90")
        for _ in range(2):
            assert outside.outcome(outside.dial("911")).status == 407
        outside.close()
