"""`conserje enrol` and `conserje sync`: what a technician does and sees of the link to the centre."""

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime

import click

from appliance.directory.local import LocalStore
from appliance.directory.reports import STALE_S, SyncReportFile, read_report
from appliance.errors import EnrolmentProblem, Words
from appliance.ports import SystemChance, SystemClock
from appliance.settings import Settings
from appliance.sync.enrolment import enrol as enrol_building
from appliance.sync.identity import Identity


def _language(settings: Settings) -> str:
    return os.environ.get("CONSERJE_LANGUAGE", settings.language)


@click.command()
@click.argument("code", required=False)
@click.option("--url", help="Of the central office, as https://central.example; else central.url of the settings.")
@click.pass_obj
def enrol(settings: Settings, code: str | None, url: str | None) -> None:
    """Enrol this building with the central office by a one-time claim CODE (asked for when not given)."""
    language = _language(settings)
    base = url or settings.central.url
    if not base:
        raise EnrolmentProblem(
            Words("Where the central office is, is not known.", "No se sabe dónde está la central."),
            Words("Give --url https://…", "Indique --url https://…"),
        )
    typed = code or click.prompt(Words("Claim code", "Código de alta").text(language), hide_input=True)
    centre = enrol_building(Identity(settings.paths.identity_dir), base, typed, settings.central.ca_file)
    done = Words(
        f"Enrolled as {centre.site_id} with {centre.url}.", f"Dado de alta como {centre.site_id} en {centre.url}."
    )
    click.echo(done.text(language))


@click.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def sync(settings: Settings, as_json: bool) -> None:
    """The link to the centre, the revision in force, what waits to go up."""
    report = read_report(settings.paths.reports_dir, SyncReportFile)
    waiting = LocalStore(settings.paths.local_db, SystemClock(), SystemChance()).waiting_count()
    if as_json:
        click.echo(json.dumps({"report": asdict(report) if report else None, "journal_waiting": waiting}))
        return
    language = _language(settings)
    if report is None:
        says = Words(
            "The sync process has not said anything yet.", "El proceso de sincronización aún no ha dicho nada."
        )
        click.echo(says.text(language))
        return
    age = (datetime.now(UTC) - datetime.fromisoformat(report.at)).total_seconds()
    lines = [
        Words(
            f"link      {report.link} since {report.link_since or '-'}",
            f"enlace    {report.link} desde {report.link_since or '-'}",
        ),
        Words(
            f"revision  {report.revision}, applied {report.applied_at or '-'}",
            f"revisión  {report.revision}, aplicada {report.applied_at or '-'}",
        ),
        Words(f"journal   {waiting} waiting", f"bitácora  {waiting} por subir"),
    ]
    if report.error_en:
        lines.append(Words(f"problem   {report.error_en}", f"problema  {report.error_es}"))
    if age > STALE_S:
        lines.append(Words(f"(said {age:.0f} s ago: is sync running?)", f"(dicho hace {age:.0f} s: ¿corre sync?)"))
    for line in lines:
        click.echo(line.text(language))
