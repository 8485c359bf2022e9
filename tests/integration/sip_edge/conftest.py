"""Fixtures: a building's SIP engines for each test file, and agents that are closed after each test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.sip_edge.agent import Agent
from tests.integration.sip_edge.building import Building, building
from tests.lab.sample import sip_secret, sip_user

MakePhone = Callable[..., Agent]


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    """A building with its Kamailio alone: media goes direct, voice is not there."""
    directory: Path = tmp_path_factory.mktemp("edge")
    with building(directory) as b:
        b.start("kamailio")
        yield b


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    """A building with all its SIP engines and the edge service."""
    with building(tmp_path_factory.mktemp("whole")) as b:
        b.start("redis", "rtpengine", "kamailio", "edge")
        yield b


@pytest.fixture
def agents() -> Iterator[list[Agent]]:
    made: list[Agent] = []
    yield made
    for agent in made:
        agent.close()


@pytest.fixture
def phone(agents: list[Agent]) -> MakePhone:
    """Makes the phone of a sample person: phone(building, "ana")."""

    def make(b: Building, person: str, algorithm: str = "MD5", secret: str = "", port: int = 0) -> Agent:
        agent = Agent(sip_user(person), secret or sip_secret(person), b.sip, algorithm, port=port)
        agents.append(agent)
        return agent

    return make


@pytest.fixture
def carrier(agents: list[Agent]) -> Callable[[Building], Agent]:
    """The far end of the sample's trunk: an agent without a name."""

    def make(b: Building) -> Agent:
        agent = Agent("carrier", "", b.sip, port=b.carrier_port)
        agents.append(agent)
        return agent

    return make
