"""`conserje status`, `doctor` and `units`: the building as seen from its own command line."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from appliance.errors import Words
from appliance.ports import SystemChance, SystemClock
from appliance.processes import BY_NAME, wanted
from appliance.settings import Settings
from appliance.units import unit_files
from appliance.vocabulary import PhoneState
from appliance.webui.board import Board, ProcessState, ReportState
from appliance.webui.sources import Building
from appliance.webui.words import say, say_alarm, say_counted, say_todo

AS_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


def spoken(settings: Settings) -> str:
    """`es` or `en`: $CONSERJE_LANGUAGE, else the session's, else the building's."""
    asked = os.environ.get("CONSERJE_LANGUAGE") or os.environ.get("LANG", "")
    known = asked if asked[:2] in ("es", "en") else settings.language
    return "es" if known.startswith("es") else "en"


@click.command()
@AS_JSON
@click.pass_obj
def status(settings: Settings, as_json: bool) -> None:
    """The building now: phones, calls, ways out, alarms. Exit code 1 when an alarm is critical."""
    board = Building(settings, SystemClock(), SystemChance()).board()
    language = spoken(settings)
    if as_json:
        click.echo(json.dumps(summary(board, language), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(board, language)))
    sys.exit(1 if any(a.severity == "critical" for a in board.alarms) else 0)


def summary(board: Board, language: str) -> dict[str, Any]:
    """What `conserje status --json` prints."""
    return {
        "at": board.at.isoformat(timespec="seconds"),
        "site": board.site_name,
        "revision": board.revision,
        "phones": {state.value: board.counts.get(state, 0) for state in PhoneState},
        "calls": len(board.calls),
        "trunks": {t.name: t.state.value for t in board.trunks},
        "central": board.link.value if board.central_expected else "none",
        "journal_waiting": board.waiting,
        "processes": {p.name: p.state.value for p in board.processes},
        "reports": {"edge": board.edge_state.value, "sync": board.sync_state.value},
        "alarms": [
            {"code": a.code, "severity": a.severity.value, "since": a.since, "says": say_alarm(a, language)}
            for a in board.alarms
        ],
    }


def _lines(board: Board, language: str) -> list[str]:
    def t(key: str, **params: Any) -> str:
        return say(key, language, **params)

    copy = t("sync.revision", revision=board.revision) if board.revision is not None else t("sync.no_copy")
    phones = ", ".join(
        f"{count} {say_counted(f'states.{state}', count, language)}" for state, count in board.counts.items() if count
    )
    calls = str(len(board.calls)) if board.edge_state is ReportState.FRESH else t("link.unknown")
    central = t(f"link.{board.link}") if board.central_expected else t("central.alone")
    silent = [p.name for p in board.processes if p.state is ProcessState.SILENT]
    serving = f"{len(board.processes) - len(silent)}/{len(board.processes)}"
    rows = [
        (t("nav.overview"), f"{board.site_name or '—'} · {copy}"),
        (t("nav.phones"), phones or t("phones.none")),
        (t("calls.now"), calls),
        *((t("leg.trunk"), f"{trunk.name}: {t(f'link.{trunk.state}')}") for trunk in board.trunks),
        (t("central"), f"{central} · {say_counted('journal', board.waiting, language)}"),
        (t("processes"), serving + (f" · {t('process_state.silent')}: {', '.join(silent)}" if silent else "")),
    ]
    lines = [f"{name:<18} {value}" for name, value in rows]
    if not board.alarms:
        return [*lines, f"{t('alarms.title'):<18} {t('alarms.none')}"]
    lines.append(t("alarms.title"))
    for alarm in board.alarms:
        lines.append(f"  {t(f'severity.{alarm.severity}'):<9} {say_alarm(alarm, language)} {say_todo(alarm, language)}")
    return lines


@click.command()
@AS_JSON
@click.pass_obj
def doctor(settings: Settings, as_json: bool) -> None:
    """Look at everything this building stands on; each line is ok, or a problem with what to do. Exit code 1 on any."""
    # Imported here: it brings every room, and `units --wanted` must answer quickly.
    from appliance.doctor import examine

    language = spoken(settings)
    findings = []
    for finding in examine(settings):
        findings.append(finding)
        if not as_json:
            click.echo(finding.line(language))
    bad = sum(not f.ok for f in findings)
    if as_json:
        listed = [
            {"check": f.check, "ok": f.ok, "says": f.says.text(language), "todo": f.todo.text(language)}
            for f in findings
        ]
        click.echo(json.dumps(listed, indent=2, ensure_ascii=False))
    else:
        end = Words(f"Problems: {bad}.", f"Problemas: {bad}.") if bad else Words("All is well.", "Todo está en orden.")
        click.echo(end.text(language))
    sys.exit(1 if bad else 0)


@click.command()
@click.option("--dir", "directory", type=click.Path(path_type=Path, file_okay=False), help="Where to write the units.")
@click.option("--wanted", "name", type=click.Choice(sorted(BY_NAME)), help="Only say by exit code if it is to run.")
@click.pass_obj
def units(settings: Settings, directory: Path | None, name: str | None) -> None:
    """Write one systemd unit per process, and conserje.target."""
    if name is not None:
        sys.exit(0 if name in {p.name for p in wanted(settings)} else 1)
    if directory is None:
        raise click.UsageError("--dir says where the units go.")
    directory.mkdir(parents=True, exist_ok=True)
    command = Path(sys.prefix) / "bin" / "conserje"
    for file, text in unit_files(command, settings.paths.templates_dir).items():
        (directory / file).write_text(text, encoding="utf-8")
        click.echo(directory / file)
