"""The agent as network monitoring meets it: net-snmp's own tools, v2c and v3, against `conserje run snmp`."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.directory.local import LocalStore, Sighting
from appliance.directory.reports import (
    CallNow,
    Contact,
    EdgeReport,
    SyncReportFile,
    TrunkReport,
    write_report,
)
from appliance.errors import EngineProblem, SettingsProblem
from appliance.ports import SystemChance, SystemClock
from appliance.settings import Network, Paths, Settings, Snmp
from appliance.snmp.facts import Facts, TrunkFact
from appliance.snmp.objects import CONSERJE, objects
from appliance.snmp.service import check, listener
from appliance.vocabulary import LinkState, PhoneState
from tests.lab.directory import publish_rows
from tests.lab.sample import sample_rows, sip_user
from tests.lab.waiting import until
from tests.unit.sip_edge.test_cdr import ANSWERED_CALL, record
from wire.rows import Trunk

ROOT = Path(__file__).resolve().parents[3]
MIB = ROOT / "appliance" / "snmp" / "CONSERJE-MIB.txt"
SMI = Path(__file__).parent / "smi"
COMMUNITY, AUTH, PRIVACY = "reads-only", "authenticates-well", "encrypts-very-well"
V2 = f"defVersion 2c\ndefCommunity {COMMUNITY}\n"
V3 = (
    "defVersion 3\ndefSecurityName monitor\ndefAuthType SHA-256\ndefPrivType AES\n"
    f"defAuthPassphrase {AUTH}\ndefPrivPassphrase {PRIVACY}\n"
)
SYS_DESCR = ".1.3.6.1.2.1.1.1.0"
SYS_NAME = ".1.3.6.1.2.1.1.5.0"


def oid(*numbers: int) -> str:
    """An object of ours."""
    return "." + ".".join(map(str, (*CONSERJE, 1, *numbers)))


PHONES_UNKNOWN, PHONES_PENDING, PHONES_REGISTERED, REGISTRATIONS = (
    oid(2, 2, 0),
    oid(2, 3, 0),
    oid(2, 5, 0),
    oid(2, 8, 0),
)
CALLS_ACTIVE, CALLS_TALKING, CALLS_TOTAL, CALLS_ANSWERED = (oid(3, n, 0) for n in (1, 2, 3, 4))
KAMAILIO_UP, UNCAUGHT = oid(4, 1, 0), oid(4, 4, 0)
TRUNK_STATE = oid(5, 1, 1, 3, *b"trunk-carrier")
TRUNK_SINCE = oid(5, 1, 1, 4, *b"trunk-carrier")
TRUNKS_DOWN = oid(5, 2, 0)
CENTRAL_STATE, SYNC_REVISION, SYNC_ERROR, JOURNAL_WAITING = (oid(6, n, 0) for n in (1, 3, 5, 6))


@dataclass
class Agent:
    """A running agent, and net-snmp's tools to ask it. Keys are in a file: they are never in a process's arguments."""

    settings: Settings
    home: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.home / "agent.log"

    def start(self) -> None:
        snmp = self.settings.snmp
        file = self.home / "conserje.toml"
        file.write_text(
            f'[paths]\nstate_dir = "{self.settings.paths.state_dir}"\nrun_dir = "{self.settings.paths.run_dir}"\n'
            f'[network]\nmanagement_address = "127.0.0.1"\n[snmp]\nport = {snmp.port}\ncommunity = "{snmp.community}"\n'
            f'v3_user = "{snmp.v3_user}"\nv3_auth_key = "{snmp.v3_auth_key}"\n'
            f'v3_privacy_key = "{snmp.v3_privacy_key}"\n'
        )
        code = "import sys; from appliance.cli import main; sys.argv[1:] = ['run', 'snmp']; main()"
        command = [sys.executable, "-c", code]
        environment = {**os.environ, "CONSERJE_SETTINGS": str(file)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=log)
        until(lambda: self.get(V2, SYS_DESCR), 15, "the agent answers")

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def ask(self, tool: str, configuration: str, *words: str) -> subprocess.CompletedProcess[str]:
        folder = self.home / "client"
        folder.mkdir(exist_ok=True)
        (folder / "snmp.conf").write_text(configuration)
        environment = {"PATH": os.environ["PATH"], "SNMPCONFPATH": str(folder), "MIBS": ""}
        where = f"127.0.0.1:{self.settings.snmp.port}"
        options = ("-On", "-Oq", "-Ot", "-r1", "-t1")
        command = [tool, *options, where, *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)

    def get(self, configuration: str, *oids: str) -> dict[str, str]:
        found = self.ask("snmpget", configuration, *oids)
        return dict(line.split(" ", 1) for line in found.stdout.splitlines() if line.startswith("."))

    def walk(self, configuration: str, root: str, tool: str = "snmpwalk") -> dict[str, str]:
        found = self.ask(tool, configuration, root).stdout.splitlines()
        return dict(line.split(" ", 1) for line in found if line.startswith(".") and " " in line)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings_in(folder: Path) -> Settings:
    return Settings(
        paths=Paths(state_dir=folder / "state", run_dir=folder / "run"),
        network=Network(management_address="127.0.0.1"),
        snmp=Snmp(free_port(), COMMUNITY, "monitor", AUTH, PRIVACY),
    )


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    folder = tmp_path_factory.mktemp("snmp")
    settings = settings_in(folder)
    publish_rows(settings, sample_rows())
    running = Agent(settings, folder)
    running.start()
    yield running
    running.stop()


def now(seconds: int = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def edge_report(trunk: LinkState = LinkState.UP, age_s: int = 0) -> EdgeReport:
    since = "2026-11-22T18:30:05.500+00:00"
    call = CallNow("c1", "acct-acme", "internal", "101", "102", "internal", now(), "", "ringing")
    return EdgeReport(
        at=now(-age_s),
        contacts=tuple(Contact(sip_user(p), "10.20.0.9:5060", "test", now(60)) for p in ("ana", "beto", "carla")),
        trunks=(TrunkReport("trunk-carrier", trunk, since, 12.4),),
        calls=(call, replace(call, call_id="c2", answered_at=now(), state="talking")),
        kamailio_up=True,
        media_up=True,
        voice_up=True,
        uncaught=0,
        calls_total=2**32 + 70,
        calls_answered=41,
    )


def test_v2c_and_v3_read_the_same(agent: Agent) -> None:
    for configuration in (V2, V3 + "defSecurityLevel authPriv\n"):
        found = agent.get(configuration, SYS_DESCR, SYS_NAME)
        assert found[SYS_DESCR].startswith('"Conserje ')
        assert found[SYS_NAME] == '"Reforma 222"'
    both = [
        agent.walk(c, ".1.3.6.1.3", tool)
        for c, tool in ((V2, "snmpwalk"), (V3 + "defSecurityLevel authPriv\n", "snmpbulkwalk"))
    ]
    assert both[0].keys() == both[1].keys()


@pytest.mark.acceptance("O-1")
def test_the_building_is_seen_phones_calls_trunks_and_all(agent: Agent) -> None:
    settings = agent.settings
    local = LocalStore(settings.paths.local_db, SystemClock(), SystemChance())
    local.append(record(ANSWERED_CALL), id="one")
    local.record_sighting(
        Sighting("001565ffffff", "yealink", "T46S", "66", "10.20.0.77", PhoneState.UNKNOWN, ("dhcp",))
    )
    write_report(settings.paths.reports_dir, edge_report())
    write_report(
        settings.paths.reports_dir,
        SyncReportFile(now(), LinkState.DOWN, now(-60), 1, now(-90), "A hole in the feed.", "Un hueco.", 1, True),
    )
    expected = {
        PHONES_UNKNOWN: "1",
        PHONES_PENDING: "2",
        PHONES_REGISTERED: "3",
        REGISTRATIONS: "3",
        CALLS_ACTIVE: "2",
        CALLS_TALKING: "1",
        CALLS_TOTAL: "70",
        CALLS_ANSWERED: "41",
        KAMAILIO_UP: "1",
        UNCAUGHT: "0",
        TRUNK_STATE: "1",
        TRUNK_SINCE: '"07 EA 0B 16 12 1E 05 05 2B 00 00 "',
        TRUNKS_DOWN: "0",
        CENTRAL_STATE: "2",
        SYNC_REVISION: "1",
        SYNC_ERROR: '"A hole in the feed."',
        JOURNAL_WAITING: "1",
    }
    until(lambda: agent.get(V2, *expected) == expected, 3, "values no older than a second")


@pytest.mark.acceptance("O-1")
def test_a_trunk_that_goes_down_is_seen_and_a_stale_report_is_not_believed(agent: Agent) -> None:
    reports = agent.settings.paths.reports_dir
    write_report(reports, edge_report(LinkState.DOWN))
    until(lambda: agent.get(V2, TRUNK_STATE, TRUNKS_DOWN) == {TRUNK_STATE: "2", TRUNKS_DOWN: "1"}, 3, "down")
    write_report(reports, edge_report(LinkState.DOWN, age_s=60))
    until(lambda: agent.get(V2, TRUNK_STATE)[TRUNK_STATE] == "3", 3, "unknown")
    assert agent.get(V2, KAMAILIO_UP, CALLS_ACTIVE) == {KAMAILIO_UP: "2", CALLS_ACTIVE: "0"}


@pytest.mark.acceptance("O-1")
def test_nothing_can_be_written_by_anyone(agent: Agent) -> None:
    for configuration in (V2, V3 + "defSecurityLevel authPriv\n"):
        refused = agent.ask("snmpset", configuration, SYS_NAME, "s", "Mine")
        assert "notWritable" in refused.stderr
    assert agent.get(V2, SYS_NAME)[SYS_NAME] == '"Reforma 222"'


@pytest.mark.acceptance("O-1")
@pytest.mark.parametrize(
    "configuration",
    [
        V2.replace(COMMUNITY, "public"),
        V2.replace("2c", "1"),
        V3.replace(AUTH, "something-else") + "defSecurityLevel authPriv\n",
        V3.replace(PRIVACY, "something-else") + "defSecurityLevel authPriv\n",
        V3.replace("monitor", "nobody") + "defSecurityLevel authPriv\n",
        V3 + "defSecurityLevel authNoPriv\n",
        V3 + "defSecurityLevel noAuthNoPriv\n",
    ],
)
def test_without_the_right_key_and_level_nothing_is_read(agent: Agent, configuration: str) -> None:
    asked = agent.ask("snmpget", configuration, SYS_DESCR)
    assert "Conserje" not in asked.stdout
    assert asked.returncode != 0


def test_keys_of_the_agent_itself_are_not_among_its_objects(agent: Agent) -> None:
    everything = agent.walk(V3 + "defSecurityLevel authPriv\n", ".1")
    assert all(o.startswith((".1.3.6.1.2.1.1.", ".1.3.6.1.3.9196.1.")) for o in everything)
    assert not any(secret in value for value in everything.values() for secret in (AUTH, PRIVACY, COMMUNITY))


def test_v3_goes_on_after_a_restart_since_starts_are_counted(agent: Agent) -> None:
    boots = next((agent.settings.paths.state_dir / "snmp").rglob("boots"))
    before = int(boots.read_text())
    assert agent.stop() == 0
    agent.start()
    assert int(boots.read_text()) > before
    assert agent.get(V3 + "defSecurityLevel authPriv\n", SYS_NAME)


def test_a_missing_object_and_a_missing_instance_are_told_apart(agent: Agent) -> None:
    found = agent.get(V2, oid(2, 1, 7), oid(99, 0))
    assert found[oid(2, 1, 7)].startswith("No Such Instance")
    assert found[oid(99, 0)].startswith("No Such Object")


def test_garbage_does_not_stop_the_agent(agent: Agent) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        # The library's decoder ends on the first, with an error that is none of its own.
        torn = (b"\xb0O", b"", b"\x30", b"\x30\x82\xff\xff", b"\x30\x03\x02\x01\x63", bytes(1400))
        for garbage in (*torn, os.urandom(200)):
            sender.sendto(garbage, ("127.0.0.1", agent.settings.snmp.port))
    assert agent.get(V2, SYS_NAME)
    log = agent.log.read_text()
    assert "event=request_dropped" in log
    assert "Traceback" not in log
    assert not any(secret in log for secret in (AUTH, PRIVACY, COMMUNITY))


def test_a_taken_port_and_short_keys_are_refused_in_words(agent: Agent) -> None:
    with pytest.raises(EngineProblem, match="taken"):
        listener(agent.settings)
    with pytest.raises(SettingsProblem, match="at least 8"):
        check(Snmp(v3_user="monitor", v3_auth_key="short", v3_privacy_key=PRIVACY))


@pytest.mark.acceptance("O-1")
def test_smilint_has_nothing_to_say_at_level_6() -> None:
    environment = {"PATH": os.environ["PATH"], "SMIPATH": str(SMI)}
    lint = subprocess.run(
        ["smilint", "-l", "6", "-s", str(MIB)], env=environment, capture_output=True, text=True, check=False
    )
    assert (lint.stdout, lint.stderr) == ("", "")


@pytest.mark.acceptance("O-1")
def test_the_agent_answers_exactly_the_objects_of_the_mib() -> None:
    environment = {"PATH": os.environ["PATH"], "SMIPATH": str(SMI)}
    command = ["smidump", "-f", "identifiers", str(MIB)]
    dump = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    kinds = {"scalar", "column"}
    described = {
        tuple(map(int, w[3].split("."))) for line in dump.splitlines() if len(w := line.split()) == 4 and w[2] in kinds
    }
    facts = Facts(trunks=(TrunkFact("t", "T", LinkState.UP, "", 0.0),))
    answered = {o[:-1] for o, _ in objects(facts, "1", 0.0) if o[: len(CONSERJE)] == CONSERJE}
    not_accessible = (*CONSERJE, 1, 5, 1, 1, 1)
    assert answered == described - {not_accessible}


def test_long_and_odd_names_are_cut_at_a_character() -> None:
    trunk = Trunk("t" * 200, "s", "Ñ" * 200, "carrier", "h")
    facts = Facts(trunks=(TrunkFact(trunk.id, trunk.name, LinkState.UP, "not a time", -5.0),))
    values = dict(objects(facts, "1", 1e9))
    name = next(bytes(v) for o, v in values.items() if o[: len(CONSERJE) + 5] == (*CONSERJE, 1, 5, 1, 1, 2))
    assert name.decode() == "Ñ" * 127
    assert max(map(len, values)) < 128
