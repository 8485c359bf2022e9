"""The order of SRV records (RFC 2782)."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from appliance.sip_edge.srv import Srv, in_order, service_of

ONE, TWO, LAST = Srv(10, 0, "one", 5060), Srv(20, 300, "two", 5070), Srv(20, 100, "last", 5080)


def test_the_lowest_priority_is_asked_first() -> None:
    assert in_order((LAST, TWO, ONE), lambda most: 0)[0] == ONE
    assert in_order((), lambda most: most) == ()


def test_weight_is_a_share_among_equals() -> None:
    chance = Random(7)
    first = Counter(in_order((TWO, LAST), lambda most: chance.randint(0, most))[0].host for _ in range(2000))
    assert 0.7 < first["two"] / 2000 < 0.8
    records = (Srv(1, 0, "a", 1), Srv(1, 0, "b", 1), Srv(1, 9, "c", 1))
    none = Counter(in_order(records, lambda most: chance.randint(0, most))[0].host for _ in range(2000))
    assert none["c"] > 1600 > none["a"] > 0, "without a weight there is a small chance"


@given(
    st.lists(st.builds(Srv, st.integers(0, 3), st.integers(0, 65535), st.sampled_from("abc"), st.integers(1, 9))),
    st.randoms(use_true_random=False),
)
def test_each_record_comes_once_and_priorities_rise(records: list[Srv], chance: Random) -> None:
    found = in_order(records, lambda most: chance.randint(0, most))
    assert sorted(found) == sorted(set(records))
    assert [r.priority for r in found] == sorted(r.priority for r in found)


def test_the_service_is_that_of_the_trunks_transport() -> None:
    names = [service_of("carrier.mx", transport) for transport in ("udp", "tcp", "tls")]
    assert names == ["_sip._udp.carrier.mx", "_sip._tcp.carrier.mx", "_sips._tcp.carrier.mx"]
