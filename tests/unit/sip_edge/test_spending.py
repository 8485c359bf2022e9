"""Money and calls at once, told to Kamailio's workers: who pays for a forward, and what a restart forgot."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.ports import SystemChance, SystemClock
from appliance.settings import Paths, Settings
from appliance.sip_edge.bulletin import Spending
from appliance.sip_edge.callfacts import Answered, Began, CallFact, Ended, LegName, invite
from appliance.sip_edge.cdr import CallKey, OpenCall, fold
from appliance.sip_edge.control import Kamailio
from appliance.sip_edge.plan import CallAttempt, FromTrunk
from appliance.sip_edge.routing import route
from appliance.vocabulary import CallClass
from tests.lab.directory import publish_rows
from tests.lab.sample import ACME, SITE
from tests.unit.sip_edge.building import ALL, NOON, TRUNK, building
from wire.facts import Cdr
from wire.rows import Person
from wire.services import Preferences

ABROAD = "0014155552671"
BETO = Person("person-beto", ACME, "Beto", "Díaz", "beto@example.mx", international=True)
ROWS = building(BETO, Preferences("person-beto", ACME, forward_mode="always", forward_to=ABROAD))


class Tables:
    """An engine with nothing but Kamailio's tables, spoken to as Kamailio is; `uptime` is what it says of itself."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], Any] = {}
        self.uptime = 100
        tables = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = tables.answer(asked["method"], asked.get("params", []))
                body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": answer}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, method: str, params: list[Any]) -> Any:
        if method == "core.uptime":
            return {"uptime": self.uptime}
        if method in ("htable.seti", "htable.sets"):
            self.held[params[0], params[1]] = params[2]
        if method == "htable.get" and tuple(params) in self.held:
            return {"item": {"name": params[1], "value": self.held[tuple(params)]}}
        return {}


@pytest.fixture
def tables() -> Iterator[Tables]:
    made = Tables()
    yield made
    made.server.shutdown()
    made.server.server_close()


def forwarded(at: datetime, ends: bool) -> tuple[OpenCall | Cdr, int]:
    """A call from outside to Beto, who forwards abroad; with the time that it began."""
    attempt = CallAttempt(FromTrunk(TRUNK, "+525598765432", ""), "+525550000102", call_id="call")
    plan = route(attempt, ROWS, NOON, ALL)
    assert (plan.call_class, plan.person_id) == (CallClass.INTERNATIONAL, "person-beto")
    began = int(at.timestamp() * 1000)
    facts: list[CallFact] = [
        invite(attempt, plan, "tag", began),
        Began("call", "tag", began, 0, (LegName("trunk", TRUNK),)),
        Answered("call", "tag", began + 1, "trunk", TRUNK),
        *([Ended("call", "tag", began + 30_001, "caller")] if ends else []),
    ]
    return fold(CallKey("call", "tag"), facts, SITE), began


def test_who_forwards_abroad_is_charged_for_it_while_it_lasts_and_after(tmp_path: Path, tables: Tables) -> None:
    settings = Settings(paths=Paths(state_dir=tmp_path / "state", run_dir=tmp_path / "run"))
    publish_rows(settings, ROWS.rows)
    directory = Live(settings.paths.live_dir).current()
    spending = Spending(settings, Kamailio(tables.server.server_port))
    now = datetime.now(UTC)
    running, _ = forwarded(now - timedelta(seconds=5), ends=False)
    assert isinstance(running, OpenCall)
    spending.tell(directory, [running], anew=False)
    assert tables.held["spent", "person:person-beto"] == 500, "a minute has begun"

    over, _ = forwarded(now, ends=True)
    assert isinstance(over, Cdr) and over.payer_id == "person-beto"
    store = LocalStore(settings.paths.local_db, SystemClock(), SystemChance())
    store.append_all([("", over), ("", replace(over, id="refused", talk_ms=0, answered_by=""))])
    assert [body["id"] for _, body in store.costing()] == [over.id], "what nobody talked in is not looked at all day"
    spending.tell(directory, [], anew=False)
    assert tables.held["spent", "person:person-beto"] == 500
    assert tables.held["spent", f"account:{ACME}"] == 500


def test_a_kamailio_that_began_anew_is_told_what_is_spent_and_which_calls_cost(tmp_path: Path, tables: Tables) -> None:
    settings = Settings(paths=Paths(state_dir=tmp_path / "state", run_dir=tmp_path / "run"))
    publish_rows(settings, ROWS.rows)
    directory = Live(settings.paths.live_dir).current()
    spending = Spending(settings, Kamailio(tables.server.server_port))
    running, began = forwarded(datetime.now(UTC) - timedelta(seconds=5), ends=False)
    assert isinstance(running, OpenCall)
    spending.tell(directory, [running], anew=False)
    tables.uptime += 1
    tables.held.clear()
    spending.tell(directory, [running], anew=False)
    assert ("spent", "person:person-beto") not in tables.held, "it is told of changes alone"

    tables.uptime = 0
    spending.tell(directory, [running], anew=False)
    assert tables.held["spent", "person:person-beto"] == 500
    (entry,) = [v for (table, k), v in tables.held.items() if table == "meter" and k == "person:person-beto"]
    assert entry.endswith(f" {began // 1000}")
    spending.tell(directory, [running], anew=True)
    assert tables.held["meter", "person:person-beto"] == entry, "told twice, counted once"
