"""The page without reload: a stream of fragments as they change (Server-Sent Events), the same by polling, and the
board as JSON for scripts. A stream holds a thread, so they are counted; a page that gets none polls.
"""

import hashlib
import json
import select
import time
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, abort, request, session, stream_with_context

from appliance.webui import security
from appliance.webui.app import desk, language
from appliance.webui.board import Board
from appliance.webui.roles import Deed
from appliance.webui.sources import Building
from appliance.webui.views import View, view_of
from appliance.webui.wishes import WishLine
from appliance.webui.words import say, say_alarm, say_counted

blueprint = Blueprint("live", __name__, url_prefix="/api/v1")

LOOK_EVERY_S = 0.25
BEAT_EVERY_S = 10.0
"""A comment this often, so that nothing on the way takes the stream for dead."""
SESSION_EVERY_S = 5.0
"""How soon an ended session is noticed."""
LONGEST_STREAM_S = 600.0
RETRY_MS = 2000


@blueprint.get("/events")
def events() -> Response:
    """`event: board` with {"fragments": {name: html}, "announce": text, "now": time} for each change.

    `event: bye` when the session has ended. 503 when every place for a stream is taken.
    """
    view = _view()
    user = security.who().user
    d = desk()
    if not d.streams.take(user):
        return Response(status=503, headers={"Retry-After": "5"})
    response = Response(stream_with_context(_stream(view, user)), mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    # Closed also when the body was never begun: the place must come back whatever happens.
    response.call_on_close(lambda: d.streams.give_back(user))
    return response


@blueprint.get("/fragments")
def fragments() -> Response:
    """What the stream would say, once; 304 when nothing has changed since the ETag given."""
    view = _view()
    message = _message(view, desk().building)
    response = Response(json.dumps({**message, "now": _now()}), mimetype="application/json")
    response.set_etag(_digest(message))
    response.make_conditional(request)
    return response


@blueprint.get("/board")
@security.needs(Deed.LOOK)
def board() -> dict[str, Any]:
    """The building in plain values, for scripts. Field names do not change within v1."""
    b = desk().building.board()
    spoken = language()
    return {
        "at": b.at.isoformat(timespec="milliseconds"),
        "site": b.site_name,
        "revision": b.revision,
        "phones": {
            "counts": {s.value: n for s, n in b.counts.items()},
            "list": [
                {
                    "mac": p.mac,
                    "name": p.name,
                    "state": p.state.value,
                    "account": p.row.account_name,
                    "extension": p.row.extension,
                    "family": p.row.family,
                    "model": p.row.model,
                    "address": p.row.address,
                    "last_fetch_at": p.row.last_fetch_at,
                    "registered_until": p.row.registered_until,
                    "evidence": list(p.row.evidence),
                    "wish": _wish(p.wish),
                }
                for p in b.phones
            ],
        },
        "calls": [
            {
                "account": c.account_name,
                "direction": c.direction,
                "caller": c.caller,
                "destination": c.destination,
                "class": c.call_class,
                "state": c.state,
                "started_at": c.started_at,
                "answered_at": c.answered_at,
            }
            for c in b.calls
        ],
        "trunks": [
            {"id": t.id, "name": t.name, "state": t.state.value, "since": t.since, "latency_ms": t.latency_ms}
            for t in b.trunks
        ],
        "central": {
            "state": b.link.value,
            "since": b.sync.link_since if b.sync else "",
            "applied_at": b.sync.applied_at if b.sync else "",
            "enrolled": bool(b.sync and b.sync.enrolled),
        },
        "journal_waiting": b.waiting,
        "reports": {"edge": b.edge_state.value, "sync": b.sync_state.value},
        "processes": {p.name: p.state.value for p in b.processes},
        "alarms": [
            {"code": a.code, "severity": a.severity.value, "since": a.since, "says": say_alarm(a, spoken)}
            for a in b.alarms
        ],
    }


def _wish(line: WishLine | None) -> dict[str, Any] | None:
    """What became of the last wish that it read its files or restart; null when there is no news of it."""
    if line is None:
        return None
    return {
        "wish": line.wish.value,
        "state": line.state.value,
        "held_by": line.held_by,
        "asked_at": line.asked_at,
        "told_at": line.told_at,
        "back_at": line.back_at,
    }


def _view() -> View:
    args = request.args.to_dict()
    try:
        return view_of(args.pop("view", "overview"), args)
    except KeyError:
        abort(404)


def _stream(view: View, user: str) -> Iterator[str]:
    d = desk()
    token = str(session.get("token", ""))
    began = beat = asked = time.monotonic()
    seen: object = None
    sent: dict[str, str] = {}
    announced: str | None = None
    yield f"retry: {RETRY_MS}\n\n"
    while not d.streams.stopping.is_set() and time.monotonic() - began < LONGEST_STREAM_S:
        fingerprint = d.building.fingerprint()
        if fingerprint != seen:
            seen = fingerprint
            message = _message(view, d.building)
            changed = {k: v for k, v in message["fragments"].items() if sent.get(k) != v}
            if changed or message["announce"] != announced:
                sent, announced = message["fragments"], message["announce"]
                news = {"fragments": changed, "announce": announced, "now": _now()}
                yield f"event: board\ndata: {json.dumps(news)}\n\n"
        now = time.monotonic()
        if now - asked > SESSION_EVERY_S:
            asked = now
            if d.sessions.find(token, d.clock.now().timestamp(), use=False) is None:
                yield "event: bye\ndata: {}\n\n"
                return
        if now - beat > BEAT_EVERY_S:
            beat = now
            yield ":\n\n"
        if _left():
            return
        d.streams.stopping.wait(LOOK_EVERY_S)


def _left() -> bool:
    """The browser has closed the connection: its place is wanted by the next page, sooner than a write would tell."""
    connection = request.environ.get("gunicorn.socket")
    if connection is None:
        return False
    looked = select.poll()
    looked.register(connection, select.POLLRDHUP)
    return bool(looked.poll(0))


def _message(view: View, building: Building) -> dict[str, Any]:
    return {"fragments": view.draw(building), "announce": announcement(building.board(), language())}


def announcement(board: Board, spoken: str) -> str:
    """One line for those who listen to the page: the alarms, said again only when they change."""
    if not board.alarms:
        return say("announce.none", spoken)
    said = " ".join(say_alarm(a, spoken) for a in board.alarms[:3])
    return f"{say_counted('announce.alarms', len(board.alarms), spoken)} {said}"


def _now() -> str:
    """For the browser to run its clocks by, whatever its own says."""
    return desk().clock.now().isoformat(timespec="milliseconds")


def _digest(message: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(message, sort_keys=True).encode()).hexdigest()[:24]
