"""A laptop in a wall socket of the voice network: user agents that say just what they are told, and what they heard."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from appliance.vocabulary import Announcement
from appliance.voice.prompts import Shelf
from tests.integration.sip_edge.agent import Agent, Call, Message
from tests.lab.audio import HEARD, Pcm, heard, loudest, read_capture, rtp_streams
from tests.lab.building import Building
from tests.lab.carrier import Carrier, Offered
from tests.lab.netns import Namespace, cable
from tests.lab.phoneboot import capture
from tests.lab.sample import sip_secret, sip_user
from tests.lab.waiting import until

ADDRESSES = tuple(f"10.20.0.{n}" for n in range(20, 40))
"""By turns, so that who only looks at the door is not banned for guessing (test_attacks.py looks at that)."""
LANGUAGE = "es-MX"
SENTENCES_S = 90.0
"""They are made at the lowest priority."""
Knock = Callable[..., Agent]


@contextmanager
def laptop(building: Building) -> Iterator[Knock]:
    """Makes agents: knock(user, secret, algorithm)."""
    with _plugged(building) as (_, knock):
        yield knock


@contextmanager
def _plugged(building: Building) -> Iterator[tuple[Namespace, Knock]]:
    assert building.place
    place = Namespace.new("laptop")
    plugged = cable(building.place, f"l{secrets.token_hex(3)}", place, "eth0", near_switch="voice0")
    place.ip(*(f"addr add {address}/24 dev eth0" for address in ADDRESSES))
    # The box knew these addresses with the card of the laptop before.
    building.place.ip("neigh flush dev voice0")
    agents: list[Agent] = []
    turns = cycle(ADDRESSES)

    def make(user: str, secret: str = "", algorithm: str = "MD5") -> Agent:
        with place.inside():
            agent = Agent(user, secret, (building.settings.network.voice_address, 5060), algorithm, next(turns))
        agents.append(agent)
        return agent

    try:
        yield place, make
    finally:
        for agent in agents:
            agent.close()
        # The kernel takes a namespace apart when it has time: till then the old card would answer for the next laptop.
        plugged.remove()
        place.remove()


@dataclass
class Crew:
    """People of the sample (or of coral.py) whose phones are agents of one laptop. What they hear is recorded."""

    building: Building
    knock: Knock
    shelf: Shelf
    registered: list[Agent] = field(default_factory=list)
    talking: list[tuple[Agent, Call]] = field(default_factory=list)

    def phone(self, person: str, expires: int = 600) -> Agent:
        """Another phone of this person's, registered."""
        agent = self.knock(sip_user(person), sip_secret(person))
        answer = agent.register(expires)
        assert answer.status == 200, answer.start
        self.registered.append(agent)
        return agent

    def phones(self, *people: str) -> tuple[Agent, ...]:
        return tuple(self.phone(person) for person in people)

    def engaged(self, person: str) -> Agent:
        """A phone of this person's that talks with somebody outside until the test is over."""
        agent = self.phone(person)
        self.engage(agent)
        return agent

    def engage(self, agent: Agent) -> None:
        call = agent.dial("5512345678")
        assert agent.outcome(call).status == 200
        self.talking.append((agent, call))

    def away(self, agent: Agent) -> None:
        """It takes its contact back; it is no phone any more."""
        self.registered.remove(agent)
        agent.register(expires=0, cseq=60)

    @property
    def file(self) -> Path:
        return self.building.directory / "laptop.pcap"

    def heard(self, agent: Agent, since: float = 0) -> Pcm:
        """The loudest stream that reached this agent since then (time.time())."""
        packets = read_capture(self.file)
        return loudest(rtp_streams(p for p in packets if p.at >= since), agent.rtp.getsockname()).pcm()

    def says(self, agent: Agent, call: Call, sentence: Announcement, *statuses: int) -> Message:
        """Waits for the end of a call that is refused in words: 183 with this sentence, then one of these statuses."""
        assert agent.expect(183).media
        final = agent.outcome(call, 40)
        assert final.status in statuses, final.start
        score = self.score(agent, sentence)
        assert score > HEARD, f"{sentence.value}: {score:.2f}"
        return final

    def score(self, agent: Agent, sentence: str, since: float = 0) -> float:
        """How surely this agent heard a sentence: compare with HEARD."""
        words = self.shelf.words(sentence, LANGUAGE)
        assert words is not None, sentence
        return heard(words, self.heard(agent, since))


@contextmanager
def crew_of(building: Building) -> Iterator[Crew]:
    shelf = Shelf.of(building.settings)
    until(lambda: not shelf.missing(), SENTENCES_S, "voice has made its sentences")
    with _plugged(building) as (place, knock):
        crew = Crew(building, knock, shelf)
        crew.file.unlink(missing_ok=True)
        recorder = capture(place, "eth0", crew.file, "udp")
        try:
            until(lambda: crew.file.exists() and crew.file.stat().st_size, 5, "the laptop records")
            yield crew
            for agent, call in crew.talking:
                agent.request(call, "BYE")
                agent.expect(200)
            for agent in crew.registered:
                agent.register(expires=0, cseq=90)
        finally:
            recorder.terminate()
            recorder.wait()


def offered(carrier: Carrier, caller: Agent, dialled: str, extra: tuple[str, ...] = ()) -> Offered:
    """The one call that the carrier is offered when this is dialled. It is answered, and hung up."""
    before = len(carrier.offered())
    call = caller.dial(dialled, extra=extra)
    assert caller.outcome(call).status == 200, dialled
    new = carrier.offered()[before:]
    assert len(new) == 1, (dialled, new)
    caller.request(call, "BYE")
    caller.expect(200)
    return new[0]


def rings(caller: Agent, dialled: str, phone: Agent) -> Message:
    """Dials; this phone rings, and is shown this INVITE. The call is called off."""
    call = caller.dial(dialled)
    invite = phone.expect("INVITE")
    phone.answer(invite, 180, "Ringing")
    caller.expect(180)
    caller.cancel(call)
    phone.answer(phone.expect("CANCEL"), 200, "OK")
    phone.answer(invite, 487, "Request Terminated")
    phone.expect("ACK")
    assert caller.outcome(call).status == 487
    return invite
