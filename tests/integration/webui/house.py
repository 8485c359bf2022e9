"""A building page on real gunicorn over a sample building, and a browser's manners in `requests`."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from appliance.directory.local import Fetch, LocalStore, Sighting
from appliance.directory.publish import publish
from appliance.directory.reports import (
    CallNow,
    Contact,
    EdgeReport,
    SyncReportFile,
    TrunkReport,
    write_report,
)
from appliance.ports import SystemChance, SystemClock
from appliance.provision.hatch import hatch
from appliance.settings import Network, Paths, Settings, Web
from appliance.vocabulary import LinkState, PhoneState
from appliance.webui.roles import Role
from appliance.webui.store import open_store
from appliance.webui.users import By, Users
from tests.lab.directory import publish_rows
from tests.lab.sample import ACME, SITE, sample_rows, sip_user
from tests.lab.waiting import until
from wire.facts import Cdr, Leg
from wire.rows import Extension, Person, Row

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "una frase bastante larga"
UNKNOWN = "805ec0a1b2c3"
HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}"


def iso(seconds: float = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


SINCE = iso(-600)


@dataclass
class House:
    """`users` by role name: viewer, technician, administrator; all with PASSWORD."""

    settings: Settings
    local: LocalStore
    link: LinkState = LinkState.UP
    """To the centre, as sync reports it. The page itself never talks to the centre."""
    edge: EdgeReport = field(default_factory=lambda: EdgeReport(iso(), kamailio_up=True, media_up=True, voice_up=True))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.web.port}"

    def report(self, **changes: object) -> None:
        """Write the edge's report anew, changed; and a fresh one of sync."""
        self.edge = replace(self.edge, at=iso(), **changes)  # type: ignore[arg-type]
        write_report(self.settings.paths.reports_dir, self.edge)
        sync = SyncReportFile(iso(), self.link, SINCE, 1, SINCE, "", "", 0, True)
        write_report(self.settings.paths.reports_dir, sync)

    def register(self, *people: str) -> None:
        self.report(contacts=tuple(Contact(sip_user(p), "10.20.0.51:5060", "Yealink", iso(300)) for p in people))

    def take_back(self, mac: str) -> None:
        """Undo an adoption of this building: the phone is nobody's again."""
        self.local.forget_adoption(mac)
        publish(self.settings)

    def client(self, role: str = "") -> "Client":
        made = Client(self.url)
        if role:
            answer = made.sign_in(role, PASSWORD)
            assert answer.status_code == 302, answer.text
        return made


class Client(requests.Session):
    """A browser without scripts: keeps cookies, sends the CSRF token of the page it last saw."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.headers["Accept-Language"] = "en"

    def see(self, path: str, status: int = 200) -> str:
        answer = self.get(self.url + path, timeout=10, allow_redirects=False)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
        return answer.text

    def token(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.get(f"{self.url}/login", timeout=10).text)
        assert found
        return found[1]

    def submit(self, path: str, data: dict[str, str], token: str | None = None) -> requests.Response:
        sent = {"csrf": self.token() if token is None else token, **data}
        return self.post(self.url + path, data=sent, timeout=10, allow_redirects=False)

    def sign_in(self, user: str, password: str) -> requests.Response:
        return self.submit("/login", {"user": user, "password": password})


def rows_with_free_people() -> tuple[Row, ...]:
    free = (
        Person("person-gael", ACME, "Gael", "Nava"),
        Extension("ext-gael", ACME, "104", "person", "person-gael"),
        Person("person-evil", ACME, HOSTILE, "X"),
        Extension("ext-evil", ACME, "105", "person", "person-evil"),
    )
    return (*sample_rows(), *free)


def see_unknown_phone(local: LocalStore, model: str = "T42S", evidence: str = "OUI 80:5e:c0: yealink") -> None:
    local.record_sighting(
        Sighting(UNKNOWN, "yealink", model, "66.85.0.5", "10.20.0.71", PhoneState.UNKNOWN, (evidence,), "sw5 Gi1/0/14")
    )
    local.record_fetch(Fetch(UNKNOWN, f"/{UNKNOWN}.cfg", "http", 404, 0, "", "10.20.0.71", f"Yealink {HOSTILE}"))


def past_call(**changes: str) -> Cdr:
    cdr = Cdr(
        id="cdr-1",
        site_id=SITE,
        account_id=ACME,
        call_id="abc@10.20.0.51",
        direction="outbound",
        caller="101",
        caller_phone_id="phone-ana",
        dialled="5512345678",
        destination="+525512345678",
        call_class="national",
        started_at=iso(-300),
        answered_at=iso(-290),
        ended_at=iso(-200),
        talk_ms=90_000,
        cause="answered",
        sip_status=200,
        answered_by="trunk-carrier",
        trunk_id="trunk-carrier",
        legs=(Leg("trunk", "trunk-carrier", iso(-299), iso(-200), 200),),
        reasons=("from-phone extension=101&person=Ana+N%C3%BA%C3%B1ez&account=Acme&phone=101+Ana",),
    )
    return replace(cdr, **changes)  # type: ignore[arg-type]


def call_now(call_id: str = "c1") -> CallNow:
    return CallNow(call_id, ACME, "outbound", "101", "+525512345678", "national", iso(-20), iso(-10), "talking")


def trunk(state: LinkState) -> TrunkReport:
    return TrunkReport("trunk-carrier", state, iso(-40), 12.0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def house(folder: Path, rows: tuple[Row, ...] | None = None, workers: int = 1) -> Iterator[House]:
    """The page is up and the building published; ends with the block."""
    paths = Paths(state_dir=folder / "state", run_dir=folder / "run", log_dir=folder / "log")
    network = Network(management_address="127.0.0.1", dhcp=False)
    settings = Settings(paths=paths, network=network, web=Web(port=free_port(), workers=workers))
    publish_rows(settings, rows_with_free_people() if rows is None else rows)
    local = LocalStore(paths.local_db, SystemClock(), SystemChance())
    users = Users(open_store(paths.state_dir), SystemClock(), SystemChance())
    for role in Role:
        users.add(role.value, role, PASSWORD, By("test", "local"))
    made = House(settings, local)
    provisioning = hatch(settings, SystemClock(), SystemChance())
    provisioning.start()
    made.register("ana")
    file = folder / "conserje.toml"
    file.write_text(
        f'[paths]\nstate_dir = "{paths.state_dir}"\nrun_dir = "{paths.run_dir}"\nlog_dir = "{paths.log_dir}"\n'
        f'[network]\nmanagement_address = "127.0.0.1"\ndhcp = false\n[web]\nport = {settings.web.port}\n'
        f"workers = {workers}\n"
    )
    command = shutil.which("conserje", path=str(Path(sys.executable).parent))
    assert command
    with (folder / "webui.log").open("wb") as log:
        process = subprocess.Popen(
            [command, "--settings", str(file), "run", "webui"],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if not k.startswith("CONSERJE_")},
        )
        try:
            until(lambda: _answers(made.url), 20, "the page answers")
            yield made
        finally:
            provisioning.stop()
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(6)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=2).ok
    except requests.ConnectionError:
        return False
