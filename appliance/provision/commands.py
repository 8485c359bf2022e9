"""`conserje phones`: what a technician sees and does of the building's phones, without a browser."""

import getpass
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import click

from appliance.directory.adoption import adopt as adopt_phone
from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.model import Directory, Phone
from appliance.directory.phoneboard import PhoneRow, phone_board
from appliance.directory.reports import EdgeReport, read_report
from appliance.errors import InputProblem, Words
from appliance.ports import SystemChance, SystemClock
from appliance.provision.families import Families, Family, load_families
from appliance.provision.family import plain_mac
from appliance.provision.order_book import ordered_site
from appliance.provision.preview import Rendered, hidden, rendered
from appliance.provision.sip_words import sip_of
from appliance.settings import Settings
from appliance.vocabulary import PhoneState

AS_JSON = click.option("--json", "as_json", is_flag=True)
STATES = {
    PhoneState.UNKNOWN: Words("unassigned", "sin asignar"),
    PhoneState.PENDING: Words("waiting for it", "en espera"),
    PhoneState.PROVISIONED: Words("has its files", "configurado"),
    PhoneState.REGISTERED: Words("registered", "registrado"),
    PhoneState.LOST: Words("lost", "perdido"),
    PhoneState.QUARANTINED: Words("quarantined", "en cuarentena"),
}


def said_in(settings: Settings) -> str:
    return os.environ.get("CONSERJE_LANGUAGE", settings.language)


def _store(settings: Settings) -> LocalStore:
    return LocalStore(settings.paths.local_db, SystemClock(), SystemChance())


def _rows(settings: Settings) -> tuple[PhoneRow, ...]:
    local = _store(settings)
    report = read_report(settings.paths.reports_dir, EdgeReport)
    directory = Live(settings.paths.live_dir).current()
    contacts = report.contacts if report else ()
    return phone_board(directory, local.sightings(), local.last_fetch_at(), contacts, datetime.now(UTC))


def _mac(text: str) -> str:
    mac = plain_mac(text)
    if not mac:
        raise InputProblem(
            Words(f"{text} is not a MAC address.", f"{text} no es una dirección MAC."),
            Words("It has twelve hexadecimal digits.", "Tiene doce dígitos hexadecimales."),
        )
    return mac


def _row(settings: Settings, mac: str) -> PhoneRow:
    found = next((r for r in _rows(settings) if r.mac == mac), None)
    if found is None:
        raise InputProblem(
            Words(f"No phone {mac} is known here.", f"Aquí no se conoce ningún teléfono {mac}."),
            Words("conserje phones list shows them all.", "conserje phones list los muestra todos."),
        )
    return found


def _known(directory: Directory, mac: str) -> Phone:
    phone = directory.phone_by_mac(mac)
    if phone is None:
        raise InputProblem(
            Words(
                f"The phone {mac} is nobody's: it has no files.",
                f"El teléfono {mac} no es de nadie: no tiene archivos.",
            ),
            Words("Give it to someone first: conserje phones adopt.", "Asígnelo primero: conserje phones adopt."),
        )
    return phone


def _files(settings: Settings, mac: str, secrets: bool) -> tuple[Rendered, ...]:
    directory = Live(settings.paths.live_dir).current()
    families = load_families(settings.paths.templates_dir)
    phone, site = _known(directory, mac), ordered_site(settings, families, SystemClock())
    family = _family(families, phone.family or _row(settings, mac).family)
    if not secrets:
        phone, site = hidden(phone, site)
    return rendered(phone, family, directory, site)


def _family(families: Families, name: str) -> Family:
    found = families.family(name)
    if found is None:
        for problem in families.problems:
            raise problem
        raise InputProblem(
            Words(f"There is no phone family '{name}'.", f"No existe la familia de teléfonos '{name}'."),
            Words(
                "Known are: " + ", ".join(f.name for f in families.families) + ".",
                "Se conocen: " + ", ".join(f.name for f in families.families) + ".",
            ),
        )
    return found


def _json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    every = [tuple(heads), *(tuple(r) for r in rows)]
    widths = [max(len(r[i]) for r in every) for i in range(len(heads))]
    for row in every:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@click.group()
def phones() -> None:
    """Phones of this building: seen, assigned, given their files, registered."""


@phones.command("list")
@click.option("--state", type=click.Choice([s.value for s in PhoneState]), help="Only those.")
@AS_JSON
@click.pass_obj
def list_(settings: Settings, state: str | None, as_json: bool) -> None:
    """All phones; first those that want looking at."""
    rows = [r for r in _rows(settings) if state is None or r.state == state]
    if as_json:
        _json([asdict(r) for r in rows])
        return
    said = said_in(settings)
    heads = [
        w.text(said)
        for w in (
            Words("MAC", "MAC"),
            Words("STATE", "ESTADO"),
            Words("MODEL", "MODELO"),
            Words("COMPANY", "EMPRESA"),
            Words("EXT", "EXT"),
            Words("PERSON", "PERSONA"),
            Words("ADDRESS", "DIRECCIÓN"),
            Words("LAST FILE", "ÚLTIMO ARCHIVO"),
        )
    ]
    _table(
        heads,
        (
            (
                r.mac,
                STATES[r.state].text(said),
                f"{r.family} {r.model}".strip(),
                r.account_name,
                r.extension,
                r.person_name,
                r.address,
                r.last_fetch_at[:19],
            )
            for r in rows
        ),
    )


@phones.command()
@click.argument("mac")
@AS_JSON
@click.pass_obj
def show(settings: Settings, mac: str, as_json: bool) -> None:
    """One phone: all that is known of it, why it is taken for what it is, what it fetched."""
    row = _row(settings, _mac(mac))
    fetched = _store(settings).fetches(row.mac, 10)
    speaks = sip_of(settings, row.mac, row.family, row.model)
    sip = speaks.text(said_in(settings)) if speaks else ""
    if as_json:
        _json(asdict(row) | {"sip": sip, "fetches": [asdict(f) for f in fetched]})
        return
    for name, value in asdict(row).items():
        if value and name != "evidence":
            click.echo(f"{name:>18}  {STATES[row.state].text(said_in(settings)) if name == 'state' else value}")
    if sip:
        click.echo(f"{'sip':>18}  {sip}")
    for reason in row.evidence:
        click.echo(f"{'evidence':>18}  {reason}")
    for f in fetched:
        click.echo(f"{f.at[:19]:>20}  {f.transport} {f.status} {f.path} {f.bytes}")


@phones.command()
@click.argument("mac")
@click.option("--person", "person_id", help="Id of the person it is given to.")
@click.option("--account", "account_id", help="With --extension, in place of --person: the company's id.")
@click.option("--extension", "digits", help="The person's extension in that company.")
@click.option("--family", help="As seen, unless given.")
@click.option("--model", help="As seen, unless given.")
@AS_JSON
@click.pass_obj
def adopt(
    settings: Settings,
    mac: str,
    person_id: str | None,
    account_id: str | None,
    digits: str | None,
    family: str | None,
    model: str | None,
    as_json: bool,
) -> None:
    """Give a phone to a person; it works from its next start on, also while the central office is out of reach."""
    mac = _mac(mac)
    directory = Live(settings.paths.live_dir).current()
    if person_id is None and account_id and digits:
        extension = directory.extension(account_id, digits)
        person_id = extension.target_id if extension and extension.target_kind == "person" else None
    if person_id is None:
        raise InputProblem(
            Words(
                "Whose phone it is to be is not said, or nobody has that extension.",
                "No se dijo de quién será el teléfono, o nadie tiene esa extensión.",
            ),
            Words("Give --person, or --account and --extension.", "Indique --person, o --account y --extension."),
        )
    seen = next((s for s in _store(settings).sightings() if s.mac == mac), None)
    families = load_families(settings.paths.templates_dir)
    makers = families.by_oui(mac)
    chosen = family or (seen.family if seen else "") or (makers[0].name if len(makers) == 1 else "")
    known = _family(families, chosen) if chosen else None
    phone = adopt_phone(
        settings,
        _store(settings),
        mac=mac,
        family=known.name if known else "",
        model=model or (seen.model if seen else ""),
        person_id=person_id,
        by=f"cli:{getpass.getuser()}",
    )
    if as_json:
        _json({"phone_id": phone.id, "mac": phone.mac, "sip_user": phone.sip_user, "family": phone.family})
        return
    done = Words(f"{mac} is theirs now. Restart it.", f"{mac} ya es suyo. Reinícielo.")
    click.echo(done.text(said_in(settings)))


@phones.command()
@click.argument("mac")
@click.argument("name", required=False)
@click.option("--secrets", is_flag=True, help="With its passwords; they are hidden otherwise.")
@AS_JSON
@click.pass_obj
def preview(settings: Settings, mac: str, name: str | None, secrets: bool, as_json: bool) -> None:
    """The files of a phone as it would get them now, or the file NAME alone."""
    files = [f for f in _files(settings, _mac(mac), secrets) if name in (None, f.name)]
    if not files:
        raise InputProblem(
            Words(f"It has no file {name}.", f"No tiene el archivo {name}."),
            Words("conserje phones files shows them.", "conserje phones files los muestra."),
        )
    if as_json:
        _json([{"name": f.name, "content": f.data.decode()} for f in files])
        return
    for file in files:
        if len(files) > 1:
            click.echo(f"===== {file.name}")
        click.echo(file.data.decode(), nl=False)


@phones.command()
@click.argument("mac")
@AS_JSON
@click.pass_obj
def files(settings: Settings, mac: str, as_json: bool) -> None:
    """Names, sizes and digests of a phone's files."""
    found = _files(settings, _mac(mac), secrets=True)
    if as_json:
        _json([{"name": f.name, "bytes": len(f.data), "sha256": f.sha256, "secret": f.secret} for f in found])
        return
    said = said_in(settings)
    secret = Words("secret", "secreto").text(said)
    _table(
        [
            w.text(said)
            for w in (Words("FILE", "ARCHIVO"), Words("BYTES", "BYTES"), Words("SHA-256", "SHA-256"), Words("", ""))
        ],
        ((f.name, str(len(f.data)), f.sha256[:16], secret if f.secret else "") for f in found),
    )


@phones.command()
@click.argument("mac")
@click.pass_obj
def forget(settings: Settings, mac: str) -> None:
    """Take a phone that was seen off the list; it comes back when it asks again."""
    mac = _mac(mac)
    _store(settings).forget_sighting(mac)
    click.echo(Words(f"{mac} is forgotten.", f"{mac} quedó olvidado.").text(said_in(settings)))
