"""Calls that the centre took in a dark building's place, noted by the exchange's workers, made records of. Pure.

One JSON line a note, appended whole; run.py's keeper reads them and writes the records where buildings' records stand.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

RECORD_IDS = UUID("b0f2f5d8-8d2c-5b83-9c0e-1f6a4f0f9a52")
"""Name space of these records' ids: the same call, the same record."""
BY_CENTRE = "central"


@dataclass(frozen=True, slots=True)
class Note:
    """`event`: taken | answered | ended. Of a call taken: whose it is, and where it was led (empty: nowhere)."""

    event: str
    call_id: str
    at_ms: int
    account: str = ""
    site: str = ""
    caller: str = ""
    number: str = ""
    to: str = ""
    status: int = 0

    def line(self) -> bytes:
        return json.dumps({n: getattr(self, n) for n in self.__slots__}).encode() + b"\n"

    @classmethod
    def of(cls, line: bytes) -> "Note":
        """Raises ValueError or TypeError on what `line` never made: torn by a power cut."""
        return cls(**json.loads(line))


class Taken:
    """Calls that the centre took and that are not over."""

    def __init__(self) -> None:
        self._open: dict[str, list[Note]] = {}

    def note(self, notes: Iterable[Note]) -> list[dict[str, Any]]:
        """Columns of the records of calls that are over by now."""
        over = []
        for note in notes:
            if note.event == "taken":
                # Led on again: the first says when it came, the last where it went.
                self._open.setdefault(note.call_id, []).append(note)
            elif note.call_id in self._open:
                self._open[note.call_id].append(note)
                if note.event == "ended":
                    over.append(_record(self._open.pop(note.call_id)))
        return over


def _record(notes: list[Note]) -> dict[str, Any]:
    led = [n for n in notes if n.event == "taken"]
    first, last, end = led[0], led[-1], notes[-1]
    answered = next((n for n in notes if n.event == "answered"), None)
    status = 200 if answered else end.status
    leg = {"kind": "trunk", "to": last.to, "started_at": _iso(last), "ended_at": _iso(end), "status": status}
    return {
        "id": str(uuid5(RECORD_IDS, f"{first.call_id}\n{first.at_ms}")),
        "site_id": first.site,
        "account_id": first.account,
        "call_id": first.call_id,
        "direction": "inbound",
        "caller": first.caller,
        "caller_phone_id": "",
        "dialled": first.number,
        "destination": first.number,
        "call_class": "national",
        "started_at": _moment(first),
        "answered_at": _moment(answered) if answered else None,
        "ended_at": _moment(end),
        "talk_ms": max(0, end.at_ms - answered.at_ms) if answered else 0,
        "cause": _cause(answered is not None, end.status),
        "sip_status": status,
        "answered_by": BY_CENTRE if answered else "",
        "trunk_id": "",
        "legs": [leg] if last.to else [],
        "reasons": [],
    }


def _cause(answered: bool, status: int) -> str:
    if answered:
        return "answered"
    found = {487: "cancelled", 486: "busy", 600: "busy", 408: "no-answer", 480: "no-answer"}
    return found.get(status, "refused" if 400 <= status < 500 else "failed")


def _moment(note: Note) -> datetime:
    return datetime.fromtimestamp(note.at_ms / 1000, UTC)


def _iso(note: Note) -> str:
    return _moment(note).isoformat(timespec="milliseconds")
