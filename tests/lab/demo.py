"""`make up` and `make down`: a centre, a building with two companies, five phones of four families, their first calls.

What happens is demo_story.py's, in a process of its own that stays; this shows it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.lab import netns
from tests.lab.demo_files import LOG, MARK, PROGRESS, STATE, Access, State
from tests.lab.waiting import NotInTime, until

ROOT = Path(__file__).resolve().parents[2]
DIRECTORY = Path(os.environ.get("CONSERJE_DEMO_DIR", ROOT / "var" / "demo"))
PATIENCE_S = 180
CONSOLE = Console(highlight=False)


@click.group()
def demo() -> None:
    """The demonstration."""


@demo.command()
def up() -> None:
    """Start it, show what happens, leave it running."""
    running = _running()
    if running and not running.access:
        CONSOLE.print("It is being started already; [bold]make down[/] ends it.")
        return
    if running:
        CONSOLE.print("It is up already; [bold]make down[/] ends it.")
        _show(Access(**running.access))
        return
    netns.sweep()
    _end_strays()
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    DIRECTORY.mkdir(parents=True)
    with (DIRECTORY / LOG).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.lab.demo_story", str(DIRECTORY)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    failed = _watch(process)
    if failed:
        CONSOLE.print(f"[bold red]It did not come up:[/] {escape(failed)}")
        CONSOLE.print(f"Logs: {DIRECTORY}")
        sys.exit(1)
    state = _running()
    assert state
    _show(Access(**state.access))


@demo.command()
def down() -> None:
    """End it, and whatever an earlier one left."""
    state = _running()
    if state:
        os.kill(state.pid, signal.SIGTERM)
        with CONSOLE.status("Ending the demonstration"):
            until(lambda: netns.born(state.pid) != state.born, 60, "the demonstration has ended")
    left = [*netns.sweep(), *_end_strays()]
    CONSOLE.print("It is down." if state or left else "Nothing was up.")


def _end_strays() -> list[int]:
    """Ends what a demonstration left that was killed itself; known by its environment."""
    mark = f"{MARK}={DIRECTORY}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)
                found.append(int(process.name))
    return found


def _running() -> State | None:
    try:
        state = State(**json.loads((DIRECTORY / STATE).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return state if netns.born(state.pid) == state.born else None


def _watch(process: "subprocess.Popen[bytes]") -> str:
    """Shows the story until it is told; what went wrong, or nothing."""
    bar = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*bar, console=CONSOLE, transient=True) as progress:
        task = progress.add_task("Starting", total=None)
        for line in _lines(process):
            if "failed" in line:
                return str(line["failed"])
            if "ready" in line:
                return ""
            detail = f"  [dim]{escape(line['detail'])}[/]" if line["detail"] else ""
            progress.console.print(f"[dim]{line['at']:6.2f} s[/]  {escape(line['what'])}{detail}")
            description = line["what"] if not line["what"].startswith(" ") else None
            progress.update(task, completed=line["done"], total=line["steps"], description=description)
    return f"it ended by itself; see {DIRECTORY / LOG}"


def _lines(process: "subprocess.Popen[bytes]") -> Iterator[dict[str, Any]]:
    """What the story tells, as it comes, until it ends or says nothing for too long."""
    file = DIRECTORY / PROGRESS
    file.touch()
    rest = ""
    with file.open(encoding="utf-8") as book:
        while True:
            try:
                ended, text = until(lambda: _news(book, process), PATIENCE_S, "news")
            except NotInTime:
                yield {"failed": f"nothing new within {PATIENCE_S} s"}
                return
            *whole, rest = (rest + text).split("\n")
            yield from map(json.loads, whole)
            if ended and not text:
                return


def _news(book: TextIO, process: "subprocess.Popen[bytes]") -> tuple[bool, str] | None:
    """Whether the story has ended, and what it has said since; None while there is nothing to say."""
    ended = process.poll() is not None
    text = book.read()
    return (ended, text) if ended or text else None


def _show(access: Access) -> None:
    table = Table(title="Where to look", show_header=True, title_justify="left")
    for column in ("what", "address", "log-in"):
        table.add_column(column, overflow="fold")
    table.add_row("building page", access.building_page, f"{access.building_user} / {access.building_password}")
    table.add_row("central portal", access.portal, f"{access.portal_user} / {access.portal_password}")
    table.add_row("SNMP v2c", access.snmp, f"community {access.snmp_community}")
    v3 = f"{access.snmp_v3_user}, authentication {access.snmp_v3_auth}, privacy {access.snmp_v3_privacy}"
    table.add_row("SNMP v3", access.snmp, v3)
    table.caption = "Under 1.3.6.1.3.9196; the MIB is appliance/snmp/CONSERJE-MIB.txt"
    table.caption_justify = "left"
    CONSOLE.print(table)
    inside = f"ip netns exec {access.namespace} " if access.namespace else ""
    command = f"{inside}.venv/bin/conserje --settings {Path(access.settings_file)} status"
    CONSOLE.print(f"The portal's certificate is its own authority's. Logs: {access.logs}")
    CONSOLE.print(f"On the building's own command line: {command}", soft_wrap=True)


if __name__ == "__main__":
    demo()
