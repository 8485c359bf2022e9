"""`conserje phones swap|assign|import`: whose phone is which device."""

from dataclasses import asdict
from pathlib import Path

import click

from appliance.directory.assignment import assign as assign_phone
from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.swapping import swap_device
from appliance.errors import InputProblem, Words
from appliance.ports import SystemChance, SystemClock
from appliance.provision.commands import said_in
from appliance.provision.families import Families, load_families
from appliance.provision.phone_commands import phones
from appliance.provision.phone_words import as_json, by_whom, checked_mac, known_phone, print_json
from appliance.provision.phoneimport import adopt_rows, check, read_rows
from appliance.settings import Settings

__all__ = ["phones"]


def _store(settings: Settings) -> LocalStore:
    return LocalStore(settings.paths.local_db, SystemClock(), SystemChance())


@phones.command()
@click.argument("old")
@click.argument("new")
@click.option("--family", default="", help="Of the new device; as seen, or by its MAC, unless given.")
@click.option("--model", default="", help="Of the new device; as seen unless given.")
@click.option("--keep-secret", is_flag=True, help="The old device goes on knowing the password.")
@as_json
@click.pass_obj
def swap(settings: Settings, old: str, new: str, family: str, model: str, keep_secret: bool, as_json: bool) -> None:
    """Put the device NEW in the place of the broken phone OLD: same person, same number, same keys."""
    old_mac, new_mac = checked_mac(old), checked_mac(new)
    before = known_phone(Live(settings.paths.live_dir).current(), old_mac)
    local, families = _store(settings), load_families(settings.paths.templates_dir)
    seen = next((s for s in local.sightings() if s.mac == new_mac), None)
    makers = [f.name for f in families.by_oui(new_mac)]
    chosen = family or (seen.family if seen else "")
    if not chosen:
        chosen = before.family if before.family in makers else makers[0] if len(makers) == 1 else ""
    _checked_family(families, chosen)
    known = families.family(chosen)
    of_old = before.model if chosen == before.family else ""
    phone = swap_device(
        settings,
        local,
        old_mac=old_mac,
        new_mac=new_mac,
        family=chosen,
        model=model or (seen.model if seen else "") or of_old,
        keep_secret=keep_secret,
        by=by_whom(),
        clock=SystemClock(),
        chance=SystemChance(),
    )
    if as_json:
        print_json({"phone_id": phone.id, "mac": phone.mac, "sip_user": phone.sip_user, "family": phone.family})
        return
    vendor = f" ({known.vendor})" if known else ""
    done = Words(
        f"{new_mac}{vendor} is in the place of {old_mac} now. Plug it in, or restart it.",
        f"{new_mac}{vendor} está ahora en lugar de {old_mac}. Conéctelo o reinícielo.",
    )
    click.echo(done.text(said_in(settings)))


@phones.command()
@click.argument("mac")
@click.option("--person", "person_id", default="", help="Id of the person it is given to.")
@click.option("--extension", "digits", default="", help="In place of --person: the person's extension in the company.")
@as_json
@click.pass_obj
def assign(settings: Settings, mac: str, person_id: str, digits: str, as_json: bool) -> None:
    """Give a phone that is somebody's to another person of the same company, who has none."""
    directory = Live(settings.paths.live_dir).current()
    phone = known_phone(directory, checked_mac(mac))
    if not person_id:
        extension = directory.extension(phone.account_id, digits) if digits else None
        person_id = extension.target_id if extension and extension.target_kind == "person" else ""
    if not person_id:
        raise InputProblem(
            Words(
                "Whose phone it is to be is not said, or nobody of its company has that extension.",
                "No se dijo de quién será el teléfono, o nadie de su empresa tiene esa extensión.",
            ),
            Words("Give --person, or --extension.", "Indique --person o --extension."),
        )
    given = assign_phone(
        settings, _store(settings), mac=phone.mac, person_id=person_id, by=by_whom(), clock=SystemClock()
    )
    if as_json:
        print_json({"phone_id": given.id, "mac": given.mac, "person_id": given.person_id})
        return
    done = Words(f"{given.mac} is theirs now; it is told by itself.", f"{given.mac} ya es suyo; se le avisa solo.")
    click.echo(done.text(said_in(settings)))


def _checked_family(families: Families, name: str) -> None:
    if name and families.family(name) is None:
        listed = ", ".join(f.name for f in families.families)
        raise InputProblem(
            Words(f"There is no phone family '{name}'.", f"No existe la familia de teléfonos '{name}'."),
            Words(f"Known are: {listed}.", f"Se conocen: {listed}."),
        )


@phones.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--each", is_flag=True, help="Do the lines that are good; else all are done, or none.")
@as_json
@click.pass_obj
def import_(settings: Settings, file: Path, dry_run: bool, each: bool, as_json: bool) -> None:
    """Give phones to people from a CSV file: mac, and person's e-mail, or company and extension; model if you like."""
    rows = read_rows(file.read_bytes())
    families = load_families(settings.paths.templates_dir)
    local = _store(settings)
    seen = {s.mac: s for s in local.sightings()}
    lines = check(rows, Live(settings.paths.live_dir).current(), families, seen)
    bad = [line for line in lines if line.problem is not None]
    act = not dry_run and (each or not bad)
    if act:
        lines = adopt_rows(settings, local, lines, by_whom())
        bad = [line for line in lines if line.problem is not None]
    said = said_in(settings)
    if as_json:
        shown = [asdict(line) | {"problem": line.problem.text(said) if line.problem else ""} for line in lines]
        print_json({"done": sum(line.done for line in lines), "refused": len(bad), "lines": shown})
    else:
        for line in lines:
            click.echo(line.sentence(dry_run).text(said))
        done, left = sum(line.done for line in lines), len(bad)
        good = len(lines) - left
        if act:
            total = Words(f"Given: {done}. Refused: {left}.", f"Asignados: {done}. Rechazados: {left}.")
        else:
            total = Words(
                f"Nothing was done. Good: {good}. Bad: {left}.", f"No se hizo nada. Bien: {good}. Mal: {left}."
            )
        click.echo(total.text(said))
    if bad:
        raise SystemExit(1)
