"""Which of voice's workers gets a call."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.places import Places
from appliance.sip_edge.kamailio.voices import Voices, chosen
from appliance.sip_edge.plan import ToVoice


@dataclass
class PaperState:
    """Kamailio's `state` table."""

    dead: set[str] = field(default_factory=set)

    def sht_get(self, table: str, key: str) -> int | None:
        assert table == "state"
        return 0 if key in self.dead else None


def voices(*dead: str) -> Voices:
    return Voices(SimpleNamespace(htable=PaperState(set(dead))), 5070, 2)


def room(account: str) -> ToVoice:
    return ToVoice("conference", "es-MX", (("account", account),))


def test_calls_are_spread_and_the_second_try_is_at_another_worker() -> None:
    echo = ToVoice("echo", "es-MX")
    ports = [voices().port(echo, f"call-{n}", again=False) for n in range(100)]
    assert 30 < ports.count(5070) < 70
    for n, port in enumerate(ports):
        assert voices().port(echo, f"call-{n}", again=True) == 5070 + 5071 - port


def test_rooms_of_one_company_are_at_one_worker() -> None:
    assert len({voices().port(room("acme"), f"call-{n}", again=False) for n in range(50)}) == 1
    assert len({voices().port(room(f"company {n}"), "call", again=False) for n in range(50)}) == 2


def test_a_dead_worker_gets_nothing_and_where_all_seem_dead_one_is_tried() -> None:
    for n in range(20):
        assert voices("voice.0").port(room(str(n)), "call", again=False) == 5071
    assert voices("voice.0", "voice.1").port(room("acme"), "call", again=False) in (5070, 5071)
    assert chosen("a", (1,), again=True) == 1


def test_requests_of_each_worker_are_known_by_their_port() -> None:
    assert [voices().is_one(port) for port in (5069, 5070, 5071, 5072)] == [False, True, True, False]


def test_voice_is_known_by_its_contact_with_and_without_a_user_part() -> None:
    """sippy's own has none; a room's has one."""
    knobs = SimpleNamespace(voice_sip_port=5070, voice_workers=2, behind_port=0)
    places = Places(SimpleNamespace(), cast(Knobs, knobs))
    for ours in ("sip:127.0.0.1:5071", "sip:three-way@127.0.0.1:5070;transport=udp"):
        assert places.is_voice(ours)
    for other in ("sip:127.0.0.1:5072", "sip:p-ana@10.20.0.50:5070", "sip:127.0.0.1", "", "sip:x@h?a=@127.0.0.1:5070"):
        assert not places.is_voice(other)
