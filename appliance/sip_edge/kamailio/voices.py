"""Which of voice's workers a call goes to: one that is alive, rooms of one company always to the same."""

import zlib
from typing import Any

from appliance.sip_edge.plan import Say, ToVoice

TOGETHER = ("conference", "park", "three-way")
"""Services whose callers meet: all of a company's go to one worker while that one lives."""
STATE = "voice."
"""In the `state` table, with the worker's number: 0 where it does not answer or takes no new calls."""


def chosen(key: str, alive: tuple[int, ...], again: bool) -> int:
    """The worker for this key, of those alive; `again`: the next one after it, where there is one. Needs one."""
    return alive[(zlib.crc32(key.encode()) + again) % len(alive)]


class Voices:
    """As a worker of Kamailio sees them, without waiting for anything."""

    def __init__(self, ksr: Any, first_port: int, workers: int) -> None:
        self._ksr = ksr
        self._first_port = first_port
        self._workers = max(1, workers)

    def port(self, step: Say | ToVoice, call_id: str, again: bool) -> int:
        together = isinstance(step, ToVoice) and step.service in TOGETHER
        key = f"{step.service} {step.param('account')}" if isinstance(step, ToVoice) and together else call_id
        return self.port_for(key, again)

    def port_for(self, key: str, again: bool) -> int:
        everyone = tuple(range(self._workers))
        alive = tuple(n for n in everyone if self._ksr.htable.sht_get("state", f"{STATE}{n}") != 0)
        return self._first_port + chosen(key, alive or everyone, again)

    def is_one(self, port: int) -> bool:
        return self._first_port <= port < self._first_port + self._workers
