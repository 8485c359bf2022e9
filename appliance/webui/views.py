"""The parts of a page that change by themselves: which fragments a view has, and the values they are drawn from.

A page draws its fragments when it is asked for; live.py draws the same ones again when the building has changed. They
hold no forms and no tokens, so all who may see a view may share what was drawn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import render_template

from appliance.directory.hatch import Sheet
from appliance.directory.local import FETCHES_KEPT
from appliance.errors import Problem
from appliance.vocabulary import PhoneState
from appliance.webui.board import ATTENTION, STATE_ORDER, Board, ReportState, select
from appliance.webui.sources import Building
from appliance.webui.wishes import wish_line

ATTENTION_SHOWN = 8
PAGE_SIZE = 50
CALLS_SHOWN = 100
LONGEST_SEARCH = 80
SERVED = (200, 304)

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """`args` are the page's own query arguments that shape its fragments, cleaned."""

    name: str
    fragments: tuple[str, ...]
    args: Mapping[str, str]
    values_of: Callable[[Board, Mapping[str, str]], Values]
    more_of: Callable[[Building, Mapping[str, str]], Values] | None = None
    """What is not of the board: one phone's history, what provisioning says."""

    def values(self, building: Building) -> Values:
        more = self.more_of(building, self.args) if self.more_of else {}
        return {**self.values_of(building.board(), self.args), **more}

    def draw(self, building: Building) -> dict[str, str]:
        """Fragment -> HTML. Within a request."""
        values = self.values(building)
        return {f: render_template(f"fragments/{f}.html", **values) for f in self.fragments}

    @property
    def query(self) -> str:
        """As an address's query: what the live stream of this view is asked with."""
        return urlencode({"view": self.name, **self.args})


def view_of(name: str, args: Mapping[str, str]) -> View:
    """The view of a name with the arguments of a request. Raises KeyError on a name that is none."""
    fragments, clean, values_of = _VIEWS[name]
    return View(name, ("alarms", *fragments), clean(args), values_of, _MORE.get(name))


def _no_args(args: Mapping[str, str]) -> dict[str, str]:
    return {}


def _overview(board: Board, args: Mapping[str, str]) -> Values:
    attention = [p for p in board.phones if p.state in ATTENTION]
    order = {state: i for i, state in enumerate(STATE_ORDER)}
    attention.sort(key=lambda p: order[p.state])
    return {
        "states": [(s, board.counts[s]) for s in reversed(STATE_ORDER)],
        "bar": _bar(board),
        "attention": attention[:ATTENTION_SHOWN],
        "attention_total": len(attention),
        "calls": board.calls[:10],
        "calls_total": len(board.calls),
    }


def _bar(board: Board) -> list[tuple[PhoneState, float, float]]:
    """State, left edge and width in percent, of the bar that shows how the phones are."""
    total, left, parts = sum(board.counts.values()), 0.0, []
    for state in reversed(STATE_ORDER):
        width = 100.0 * board.counts[state] / total if total else 0.0
        if width:
            parts.append((state, round(left, 2), round(width, 2)))
        left += width
    return parts


def _phone_args(args: Mapping[str, str]) -> dict[str, str]:
    clean = {}
    text = args.get("q", "").strip()[:LONGEST_SEARCH]
    if text:
        clean["q"] = text
    if args.get("state") in list(PhoneState):
        clean["state"] = args["state"]
    page = args.get("page", "")[:6]
    if page.isascii() and page.isdigit() and int(page) > 1:
        clean["page"] = page
    return clean


def _phones(board: Board, args: Mapping[str, str]) -> Values:
    found = select(board.phones, args.get("q", ""), PhoneState(args["state"]) if "state" in args else None)
    pages = max(1, -(-len(found) // PAGE_SIZE))
    page = min(int(args.get("page", "1")), pages)
    return {
        "states": [(s, board.counts[s]) for s in reversed(STATE_ORDER)],
        "args": args,
        "found": found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
        "found_total": len(found),
        "page": page,
        "pages": pages,
    }


def _mac_arg(args: Mapping[str, str]) -> dict[str, str]:
    return {"mac": args.get("mac", "")[:17]}


def _phone(board: Board, args: Mapping[str, str]) -> Values:
    return {"phone": board.phone(args["mac"])}


def _of_phone(building: Building, args: Mapping[str, str]) -> Values:
    mac = args["mac"]
    fetches = building.local.fetches(mac, FETCHES_KEPT)
    resync = building.resyncs.of(mac)
    assigned = any(p.mac == mac and p.row.phone_id for p in building.board().phones)
    sheet = building.sheet(mac) if assigned else None
    return {
        "fetches": fetches,
        "wish": wish_line(resync, (f.at for f in fetches if f.status in SERVED)) if resync else None,
        "sheet": sheet if isinstance(sheet, Sheet) else None,
        "sheet_problem": sheet if isinstance(sheet, Problem) else None,
        "assigned": assigned,
    }


def _firmware(building: Building, args: Mapping[str, str]) -> Values:
    try:
        return {"shelf": building.hatch.firmware(), "shelf_problem": None}
    except Problem as problem:
        return {"shelf": None, "shelf_problem": problem}


def _nothing(board: Board, args: Mapping[str, str]) -> Values:
    return {}


def _calls(board: Board, args: Mapping[str, str]) -> Values:
    return {"calls": board.calls[:CALLS_SHOWN], "calls_total": len(board.calls)}


def _system(board: Board, args: Mapping[str, str]) -> Values:
    return {"stale": board.edge_state is not ReportState.FRESH}


_VIEWS: dict[
    str,
    tuple[
        tuple[str, ...],
        Callable[[Mapping[str, str]], dict[str, str]],
        Callable[[Board, Mapping[str, str]], Values],
    ],
] = {
    "overview": (("phones_summary", "attention", "calls_now", "ways_out"), _no_args, _overview),
    "phones": (("phone_filters", "phone_list"), _phone_args, _phones),
    "phone": (("phone_state", "phone_wish", "phone_files", "phone_settings", "phone_history"), _mac_arg, _phone),
    "firmware": (("rollouts", "firmware_files"), _no_args, _nothing),
    "calls": (("calls_now",), _no_args, _calls),
    "system": (("processes", "sync_state"), _no_args, _system),
}
_MORE: dict[str, Callable[[Building, Mapping[str, str]], Values]] = {"phone": _of_phone, "firmware": _firmware}
