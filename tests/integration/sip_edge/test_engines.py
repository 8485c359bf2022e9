"""Starting the engines: what is wrong is said in a sentence, and what was good goes on."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.errors import EngineProblem
from appliance.sip_edge import engines
from appliance.sip_edge.control import Kamailio
from appliance.sip_edge.keys import edge_dir
from appliance.sip_edge.listening import Listener, check_free
from tests.integration.sip_edge.building import ADDRESS, Building, building
from tests.integration.sip_edge.conftest import MakePhone
from tests.lab.waiting import until


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[Building]:
    with building(tmp_path) as b:
        yield b


def test_a_taken_port_is_named_in_both_languages(quiet: Building) -> None:
    port = quiet.settings.sip.port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((ADDRESS, port))
        with pytest.raises(EngineProblem) as refused:
            check_free(engines.listeners(quiet.settings), "Kamailio")
        assert f"Port {port} of 127.0.0.1 is taken" in refused.value.text("en")
        assert "ocupa el puerto" in refused.value.text("es-MX")
        said = subprocess.run(
            [sys.executable, "-m", "appliance.cli", "--settings", str(quiet.settings_file), "run", "kamailio"],
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert said.returncode == 1
        assert f"Port {port} of 127.0.0.1" in said.stderr
        assert "Traceback" not in said.stderr


def test_an_address_that_this_box_does_not_have_is_named() -> None:
    with pytest.raises(EngineProblem, match=r"does not have the address 192\.0\.2\.77"):
        check_free([Listener("udp", "192.0.2.77", 5060)], "Kamailio")


def test_a_configuration_that_kamailio_refuses_is_said_and_never_run(
    quiet: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = engines.render_kamailio(quiet.settings)
    broken = good.replace('loadmodule "rr.so"', 'loadmodule "no-such-module.so"')
    monkeypatch.setattr(engines, "render_kamailio", lambda _: broken)
    with pytest.raises(EngineProblem, match="no-such-module"):
        engines.kamailio_command(quiet.settings)


def test_the_last_good_configuration_runs_when_a_new_one_is_refused(
    quiet: Building, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = engines.kamailio_command(quiet.settings)
    good = quiet.settings.paths.engines_dir / "kamailio" / "kamailio.cfg"
    text = good.read_text()
    monkeypatch.setattr(engines, "render_kamailio", lambda _: text + '\nmodparam("tm", "no_such_thing", 1)\n')
    assert engines.kamailio_command(quiet.settings).argv == before.argv
    assert good.read_text() == text
    assert "no_such_thing" in good.with_name("kamailio.cfg.refused").read_text()
    said = capsys.readouterr().err
    assert "no_such_thing" in said
    assert "last good" in said


def test_a_template_that_names_what_is_not_there_is_said(quiet: Building, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "TEMPLATE", "nowhere.cfg.j2")
    with pytest.raises(EngineProblem, match=r"nowhere\.cfg\.j2"):
        engines.kamailio_command(quiet.settings)


def test_contacts_that_cannot_be_read_are_set_aside_and_phones_register_anew(quiet: Building, phone: MakePhone) -> None:
    database = engines.contacts_db(quiet.settings)
    database.parent.mkdir(parents=True, exist_ok=True)
    database.write_bytes(b"this is no database" * 400)
    quiet.start("kamailio")
    assert database.with_suffix(".broken").exists()
    assert phone(quiet, "ana").register().status == 200
    with sqlite3.connect(database) as db:
        assert db.execute("SELECT count(*) FROM location").fetchone() == (1,)


@pytest.mark.acceptance("S-7")
def test_a_killed_kamailio_takes_its_workers_along_and_is_back_in_three_seconds(quiet: Building) -> None:
    quiet.start("kamailio")
    main = quiet.running["kamailio"].pid
    workers = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    assert len(workers) > 5
    quiet.kill("kamailio")
    until(lambda: not any(Path(f"/proc/{w}").exists() for w in workers), 2, "the workers are gone")
    start = time.monotonic()
    quiet.start("kamailio")
    assert time.monotonic() - start < 3


@pytest.mark.acceptance("S-7")
def test_a_worker_that_dies_ends_kamailio_so_that_it_is_started_anew(quiet: Building) -> None:
    quiet.start("kamailio")
    main = quiet.running["kamailio"]
    worker = Path(f"/proc/{main.pid}/task/{main.pid}/children").read_text().split()[0]
    os.kill(int(worker), signal.SIGKILL)
    main.wait(5)
    quiet.start("kamailio")


def test_no_secret_is_in_a_command_line_or_a_configuration_and_keys_are_private(quiet: Building) -> None:
    quiet.start("redis", "rtpengine", "kamailio")
    knobs = edge_dir(quiet.settings) / "knobs.json"
    assert knobs.stat().st_mode & 0o077 == 0
    key = (quiet.settings.paths.engines_dir / "kamailio" / "dialog.key").read_bytes().hex()
    said = engines.render_kamailio(quiet.settings) + "".join(
        Path(f"/proc/{p.pid}/cmdline").read_text() for p in quiet.running.values()
    )
    assert key not in said
    assert "secret-of" not in said


def test_the_engines_listen_on_loopback_and_on_our_addresses_alone(quiet: Building) -> None:
    quiet.start("redis", "rtpengine", "kamailio")
    for process in quiet.running.values():
        found = subprocess.run(["ss", "-Hlnptu"], capture_output=True, text=True, check=True).stdout
        ours = [line.split()[4] for line in found.splitlines() if f"pid={process.pid}," in line]
        assert ours
        assert all(local.startswith("127.0.0.1:") for local in ours)


def test_two_sides_give_each_its_own_listeners(quiet: Building) -> None:
    two = replace(
        quiet.settings,
        network=replace(quiet.settings.network, voice_address="10.20.0.1", uplink_address="10.30.0.1"),
    )
    said = {(x.transport, x.address, x.port) for x in engines.listeners(two)}
    port = two.sip.port
    assert said == {
        ("udp", "10.20.0.1", port),
        ("tcp", "10.20.0.1", port),
        ("udp", "10.30.0.1", port),
        ("tcp", "10.30.0.1", port),
        ("udp", "127.0.0.1", port),
        ("tcp", "127.0.0.1", two.sip.control_port),
    }
    argv = engines.rtpengine_command(two).argv
    assert {"--interface=voice/10.20.0.1", "--interface=uplink/10.30.0.1"} <= set(argv)


def test_a_control_port_without_kamailio_is_silence() -> None:
    assert Kamailio(9, 0.2).call("core.uptime") is None
