"""A flood while the building's directory cannot be read: dropped as any, and no exception gets out of the worker."""

from pathlib import Path
from typing import Any

from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.worker import Worker


class Flooded:
    """What Kamailio answers where pike has counted too many requests of one address."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.warnings: list[str] = []
        self.pv = self.htable = self.pike = self.siputils = self

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the worker asked for more: {name}")

    def get(self, name: str) -> str | None:
        return {"$si": "10.20.0.66", "$rm": "OPTIONS", "$ci": "c", "$ft": "t"}.get(name)

    def sht_get(self, _table: str, _name: str) -> None:
        return None

    def sht_inc(self, _table: str, name: str) -> int:
        self.counts[name] = self.counts.get(name, 0) + 1
        return self.counts[name]

    def pike_check_req(self) -> int:
        return -2

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def test_a_flood_is_dropped_where_no_directory_says_who_is_a_trunk(tmp_path: Path) -> None:
    places = (str(tmp_path), str(tmp_path), str(tmp_path))
    knobs = Knobs("r", 5060, 5062, "10.0.0.1", "10.1.0.1", 5070, 30, *places, 5061, 5063, 10, 30, b"k" * 32, b"d" * 32)
    kamailio = Flooded()
    Worker(kamailio, knobs).ksr_request_route(None)
    assert kamailio.counts == {"flooded": 1}
    assert kamailio.warnings == ["event=flood source=10.20.0.66\n"]
