"""`conserje explain` and `conserje calls`: which way a call goes and why, and which calls there are."""

import json
import os
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.model import DestinationKind, Directory, Phone, Trunk
from appliance.directory.reports import CallNow, EdgeReport, SyncReportFile, read_report
from appliance.errors import InputProblem, Words
from appliance.kamailio_rpc import Kamailio
from appliance.ports import SystemChance, SystemClock
from appliance.settings import Settings
from appliance.sip_edge.explained import afterwards, as_data, class_text, direction_text, step_text, told
from appliance.sip_edge.plan import CallAttempt, FromPhone, FromTrunk, Plan
from appliance.sip_edge.reported import ReportedReach, TablesNow
from appliance.sip_edge.routing import route
from appliance.vocabulary import LinkState

SHOWN_CALLS = 20


@click.command()
@click.option("--from", "caller", default="", help="Extension, MAC or SIP user; with --from-trunk the caller's number.")
@click.option("--to", "dialled", required=True, help="What is dialled, as it is dialled.")
@click.option("--account", default="", help="Id or name of the company, where an extension exists in several.")
@click.option("--from-trunk", "trunk", default="", help="Id or name of the trunk that the call comes in by.")
@click.option("--at", "when", default="", help="Date and time, ISO 8601; the site's time zone where it names none.")
@click.option("--language", default="", help="es or en; else the settings'.")
@click.option("--json", "machine", is_flag=True, help="One JSON document.")
@click.pass_obj
def explain(
    settings: Settings, caller: str, dialled: str, account: str, trunk: str, when: str, language: str, machine: bool
) -> None:
    """Which way a call goes now, and why, by the function that routes it."""
    language = language or _language(settings)
    directory = Live(settings.paths.live_dir).current()
    now = _moment(when, directory)
    sync = read_report(settings.paths.reports_dir, SyncReportFile)
    edge = read_report(settings.paths.reports_dir, EdgeReport)
    link = sync.link if sync else LinkState.UNKNOWN
    tables = TablesNow(Kamailio(settings.sip.control_port))
    reach = ReportedReach(edge, datetime.now(UTC), link, directory, tables)
    source: FromPhone | FromTrunk
    if trunk:
        source = FromTrunk(_trunk(directory, trunk).id, caller)
    else:
        source = FromPhone(calling_phone(directory, reach, caller, account).id)
    plan = route(CallAttempt(source, dialled), directory, now, reach, settings.sip.ring_s)
    doubt = reach.doubt()
    if machine:
        found: dict[str, Any] = as_data(plan, directory, language)
        found["at"] = now.isoformat()
        found["revision"] = directory.revision
        found["doubt"] = doubt.text(language) if doubt else ""
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        _print_plan(plan, directory, dialled, language, doubt)


def calling_phone(directory: Directory, reach: ReportedReach, caller: str, account: str) -> Phone:
    """The phone that `caller` names. Raises InputProblem; where several companies have the extension, it says which."""
    plain = caller.strip().lower().replace(":", "").replace("-", "")
    named = directory.phone_by_sip_user(caller) or directory.phone_by_mac(plain) or directory.phone(caller)
    if named is not None:
        return named
    accounts = [a for a in directory.accounts() if _names(account, a.id, a.name)]
    if not accounts:
        raise InputProblem(
            Words(f"No company here is called {account}.", f"Aquí no hay ninguna empresa llamada {account}."),
            Words(f"Here are: {_all(directory)}.", f"Aquí están: {_all(directory)}."),
        )
    found = [(a, e) for a in accounts if (e := directory.extension(a.id, caller)) is not None]
    if not found:
        where = accounts[0].name if len(accounts) == 1 else ""
        raise InputProblem(
            Words(
                f"There is no extension {caller} in {where or 'any company of this building'}.",
                f"No existe la extensión {caller} en {where or 'ninguna empresa de este edificio'}.",
            ),
            Words(
                "--from takes an extension, a MAC or a SIP user.",
                "--from acepta una extensión, una MAC o un usuario SIP.",
            ),
        )
    if len(found) > 1:
        names = ", ".join(f"{a.name} ({a.id})" for a, _ in found)
        raise InputProblem(
            Words(f"Extension {caller} exists in {names}.", f"La extensión {caller} existe en {names}."),
            Words("Say which with --account.", "Diga cuál con --account."),
        )
    _, extension = found[0]
    person_id = extension.target_id if extension.target_kind == DestinationKind.PERSON else ""
    phones = directory.phones_of(person_id) if person_id else ()
    if not phones:
        raise InputProblem(
            Words(
                f"Extension {caller} has no phone to call from.",
                f"La extensión {caller} no tiene teléfono para llamar.",
            ),
            Words("Assign one first.", "Asígnele uno primero."),
        )
    return next((p for p in phones if reach.registered(p.sip_user)), phones[0])


@click.command()
@click.option("--last", default=SHOWN_CALLS, show_default=True, help="How many past calls.")
@click.option("--language", default="", help="es or en; else the settings'.")
@click.option("--json", "machine", is_flag=True, help="One JSON document.")
@click.pass_obj
def calls(settings: Settings, last: int, language: str, machine: bool) -> None:
    """Calls now, and the last ones that this building recorded."""
    language = language or _language(settings)
    report = read_report(settings.paths.reports_dir, EdgeReport)
    local = LocalStore(settings.paths.local_db, SystemClock(), SystemChance())
    past = [dict(envelope.body) for envelope in local.recent("cdr", max(0, last))]
    if machine:
        now = [{f: getattr(c, f) for f in CallNow.__slots__} for c in (report.calls if report else ())]
        click.echo(json.dumps({"now": now, "past": past}, ensure_ascii=False, indent=2))
        return
    console = _console()
    heads = Words("Began|From|To|Class|State", "Inicio|De|A|Clase|Estado").text(language).split("|")
    table = Table(*heads, title=Words("Calls now", "Llamadas ahora").text(language), box=None)
    for call in report.calls if report else ():
        table.add_row(*map(Text, (call.started_at, call.caller, call.destination, call.call_class, call.state)))
    console.print(table)
    heads = Words("Began|From|To|Class|Result|Talk", "Inicio|De|A|Clase|Resultado|Duración").text(language).split("|")
    table = Table(*heads, title=Words("Past calls", "Llamadas pasadas").text(language), box=None)
    for cdr in past:
        talk = f"{int(cdr['talk_ms']) // 1000} s"
        cells = (cdr["started_at"], cdr["caller"], cdr["destination"], cdr["call_class"], cdr["cause"], talk)
        table.add_row(*(Text(str(cell)) for cell in cells))
    console.print(table)


def _print_plan(plan: Plan, directory: Directory, dialled: str, language: str, doubt: Words | None) -> None:
    table = Table.grid(padding=(0, 2))
    arrow = f"{dialled} → {plan.destination}" if plan.destination not in ("", dialled) else dialled
    kind = f"{class_text(plan.call_class, language)}, {direction_text(plan.direction, language)}"
    table.add_row(Words("From", "De").text(language), Text(plan.caller or "-"))
    table.add_row(Words("To", "A").text(language), Text(f"{arrow} ({kind})"))
    for number, step in enumerate(plan.steps, 1):
        title = Words("Step", "Paso").text(language)
        table.add_row(f"{title} {number}", Text(step_text(step, directory, language)))
    for when, what in afterwards(plan, directory, language):
        table.add_row(when, Text(what))
    for line in told(plan, language):
        table.add_row(Words("At once", "De inmediato").text(language), Text(line))
    for number, reason in enumerate(plan.reasons):
        table.add_row(Words("Why", "Por qué").text(language) if not number else "", Text(reason.text(language)))
    if doubt is not None:
        table.add_row(Words("Note", "Nota").text(language), Text(doubt.text(language)))
    _console().print(table)


def _console() -> Console:
    """Wide where the output is no terminal, so that a script can read lines."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=200)


def _language(settings: Settings) -> str:
    return os.environ.get("CONSERJE_LANGUAGE", settings.language)


def _moment(when: str, directory: Directory) -> datetime:
    if not when:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(when)
    except ValueError as wrong:
        raise InputProblem(
            Words(f"{when} is not a date and time.", f"{when} no es una fecha y hora."),
            Words("Write it like 2026-11-22T18:30.", "Escríbala como 2026-11-22T18:30."),
        ) from wrong
    if moment.tzinfo is None:
        try:
            moment = moment.replace(tzinfo=ZoneInfo(directory.site.timezone))
        except (ZoneInfoNotFoundError, ValueError):
            moment = moment.replace(tzinfo=UTC)
    return moment


def _trunk(directory: Directory, name: str) -> Trunk:
    found = next((t for t in directory.trunks() if name in (t.id, t.name)), None)
    if found is None:
        names = ", ".join(f"{t.name} ({t.id})" for t in directory.trunks()) or "-"
        raise InputProblem(
            Words(f"There is no trunk {name}.", f"No existe la troncal {name}."),
            Words(f"There are: {names}.", f"Existen: {names}."),
        )
    return found


def _names(wanted: str, account_id: str, name: str) -> bool:
    return not wanted or wanted.lower() in account_id.lower() or wanted.lower() in name.lower()


def _all(directory: Directory) -> str:
    return ", ".join(f"{a.name} ({a.id})" for a in directory.accounts()) or "-"
