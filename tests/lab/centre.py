"""The central office as a lab has it: the real one with its TLS, under a supervisor, in a namespace of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.listening import Port
from central.directory.edit import Edit
from central.model import SiteState
from central.office import Office, open_office
from central.settings import load
from tests.lab.letterbox import Letterbox
from tests.lab.netns import Namespace
from tests.lab.supervise import Command, Supervisor
from tests.lab.toml import as_toml
from wire.feed import format_digest
from wire.rows import ROW_TYPES, Account, Row, Site

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
NAME = "central"
READY_S = 30


@dataclass
class Centre:
    """`addresses`: every address by which it is reached, the buildings' first; its certificate is made for them."""

    addresses: tuple[str, ...]
    directory: Path
    place: Namespace | None = None
    port: int = 8443
    admin: str = ""
    password: str = field(default="", repr=False)
    _supervisor: Supervisor | None = None
    _exchange: Supervisor | None = None

    @property
    def url(self) -> str:
        return f"https://{self.addresses[0]}:{self.port}"

    @property
    def settings_file(self) -> Path:
        return self.directory / "central.toml"

    @property
    def ca_file(self) -> Path:
        return self.directory / "state" / "ca" / "ca.pem"

    def start(self) -> None:
        """Sets it up when it is new, and serves."""
        self.directory.mkdir(parents=True, exist_ok=True)
        bind = f"{self.addresses[0] if self.place is None else '0.0.0.0'}:{self.port}"
        names = ["localhost", "127.0.0.1", *self.addresses]
        values = {"paths": {"state_dir": str(self.directory / "state")}, "web": {"bind": bind, "names": names}}
        self.settings_file.write_text(as_toml(values))
        made = self.command("init")
        self.admin, self.password = made.get("user", self.admin), made.get("password", self.password)
        command = Command(NAME, (str(BIN / "conserje-central"), "serve"), (Port("tcp", self.port),))
        self._supervisor = Supervisor(self.place, self.directory / "log", (command,), self.environment)
        self._supervisor.start()
        self._supervisor.wait_ready(READY_S)

    def start_mail(self) -> Letterbox:
        """A mail server beside it, which it sends its letters to from its next start on; it is started anew."""
        box = Letterbox(self.place).start()
        with self.settings_file.open("a") as out:
            out.write(f'\n[mail]\nhost = "127.0.0.1"\nport = {box.port}\nsecurity = "none"\nsender = "c@example.mx"\n')
        self.processes.stop(NAME)
        self.processes.start_one(NAME)
        self.processes.wait_ready(READY_S)
        return box

    def start_exchange(self, port: int = 5060, carriers: str = "") -> None:
        """Its exchange of calls, by which buildings reach each other, and carriers buildings."""
        with self.settings_file.open("a") as out:
            out.write(f'\n[exchange]\naddress = "{self.addresses[0]}"\nport = {port}\n')
            out.write(f'carriers = "{carriers}"\n')
        argv = (str(BIN / "conserje-central"), "exchange", "run")
        command = Command("exchange", argv, (Port("udp", port),))
        self._exchange = Supervisor(self.place, self.directory / "log-exchange", (command,), self.environment)
        self._exchange.start()
        self._exchange.wait_ready(READY_S)

    def stop(self) -> None:
        for supervisor in (self._exchange, self._supervisor):
            if supervisor:
                supervisor.shut_down()

    def power_off(self) -> None:
        """Everything of it dies at once."""
        for supervisor in (self._exchange, self._supervisor):
            if supervisor:
                supervisor.power_off()

    @property
    def processes(self) -> Supervisor:
        assert self._supervisor, "the centre has not been started"
        return self._supervisor

    @property
    def environment(self) -> dict[str, str]:
        return {"CONSERJE_CENTRAL_SETTINGS": str(self.settings_file)}

    def command(self, *words: str) -> dict[str, Any]:
        """`conserje-central <words> --json`, as an operator would type it."""
        argv = [str(BIN / "conserje-central"), *words, "--json"]
        environment = {**os.environ, **self.environment}
        done = subprocess.run(argv, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=60)
        assert done.returncode == 0, f"conserje-central {' '.join(words)}: {done.stdout}{done.stderr}"
        answer = json.loads(done.stdout)
        assert isinstance(answer, dict)
        return answer

    @contextmanager
    def office(self) -> Iterator[Office]:
        """Its database, for looking and for edits that a test wants to make without a page."""
        opened = open_office(load(self.settings_file, {}))
        try:
            yield opened
        finally:
            opened.database.close()

    def load(self, rows: Iterable[Row]) -> str:
        """A new building with these rows; the claim code with which it enrols."""
        kept = sorted(rows, key=lambda r: ROW_TYPES.index(type(r)))
        site = next(r for r in kept if isinstance(r, Site))
        own = {r.id for r in kept if isinstance(r, Account)}
        known = {str(getattr(r, "account_id", "")) for r in kept} - own - {""}
        with self.office() as office, office.editing("lab") as edit:
            for account in sorted(known):
                # A company of another building comes to this one.
                edit.lock_account(account)
            for row in kept:
                edit.put(row)
                if row is site:
                    edit.session.add(SiteState(site_id=site.id, revision=0, digest=format_digest(0)))
                    edit.session.flush()
        return self.claim(site.id)

    def claim(self, site_id: str) -> str:
        return str(self.command("claim", site_id)["claim_code"])

    @contextmanager
    def editing(self, account_id: str = "", site_id: str = "") -> Iterator[Edit]:
        """One edit, as the portal makes it; the account or the site is locked."""
        with self.office() as office, office.editing("lab") as edit:
            if account_id:
                edit.lock_account(account_id)
            if site_id:
                edit.lock_site(site_id)
            yield edit

    def put(self, *rows: Row) -> None:
        """Edits rows of accounts, in one revision."""
        accounts = {r.id if isinstance(r, Account) else str(getattr(r, "account_id")) for r in rows}  # noqa: B009
        with self.office() as office, office.editing("lab") as edit:
            for account in sorted(accounts):
                edit.lock_account(account)
            for row in rows:
                edit.put(row)

    def log(self) -> str:
        said = self._supervisor.log(NAME) if self._supervisor else ""
        return said + (self._exchange.log("exchange") if self._exchange else "")
