"""`conserje firmware`: files of firmware, which model is to have which, and how a roll-out stands."""

import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.errors import InputProblem, Words
from appliance.ports import SystemChance, SystemClock
from appliance.provision.families import Families, Family, load_families
from appliance.provision.family import Model
from appliance.provision.firmware import FirmwareFile, RolloutState, Shelf, Target, start
from appliance.provision.firmware_store import FirmwareStore, target_for
from appliance.provision.order_book import firmware_store, tend
from appliance.provision.phone_words import as_json, by_whom, print_json
from appliance.settings import Settings

STATES = {
    None: Words("nobody is led to it yet", "aún no se da a nadie"),
    RolloutState.RUNNING: Words("rolling out", "en despliegue"),
    RolloutState.STOPPED: Words("stopped", "detenido"),
    RolloutState.DONE: Words("all have it or get it", "todos lo tienen o lo reciben"),
}


@click.group()
def firmware() -> None:
    """Firmware of phones: kept here, given a few phones at a time."""


@firmware.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True))
@click.option("--family", required=True)
@click.option("--version", required=True, help="As its phones say it in their User-Agent.")
@click.option("--name", default="", help="File name that phones ask for; that of FILE, unless given.")
@click.option("--sha256", default="", help="What the maker says it is; nothing else is kept.")
@click.option("--size", type=int, help="Octets that are to come, where FILE is - (standard input).")
@as_json
@click.pass_obj
def add(
    settings: Settings, file: Path, family: str, version: str, name: str, sha256: str, size: int | None, as_json: bool
) -> None:
    """Take a firmware file in. Its digest says which it is from now on."""
    known = _family(load_families(settings.paths.templates_dir), family)
    if known.upkeep.firmware is None:
        raise InputProblem(
            Words(f"Phones of {known.vendor} are not led to firmware.", f"A {known.vendor} no se le da firmware."),
            Words("docs/firmware.md lists those that are.", "docs/firmware.md lista los que sí."),
        )
    store = firmware_store(settings, SystemClock())
    stdin = str(file) == "-"

    def take(source: BinaryIO) -> tuple[FirmwareFile, tuple[Words, ...]]:
        assert known.upkeep.firmware is not None
        return store.add(
            source,
            name=name or file.name,
            family=known.name,
            version=version,
            facts=known.upkeep.firmware,
            by=by_whom(),
            sha256=sha256,
            size=size,
        )

    if stdin:
        kept, warnings = take(sys.stdin.buffer)
    else:
        with file.open("rb") as source:
            kept, warnings = take(source)
    if as_json:
        print_json(asdict(kept) | {"warnings": [w.text(settings.language) for w in warnings]})
        return
    click.echo(f"{kept.sha256}  {kept.name}  {kept.size}")
    for warning in warnings:
        click.echo(warning.text(settings.language), err=True)


@firmware.command("list")
@as_json
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """Files, targets, and where each roll-out stands."""
    shelf = _tended(settings, firmware_store(settings, SystemClock()))
    if as_json:
        print_json(asdict(shelf))
        return
    for f in sorted(shelf.files, key=lambda f: (f.family, f.version)):
        click.echo(f"{f.sha256[:16]}  {f.family:<12}  {f.version:<16}  {f.name}  {f.size}")
    for t in shelf.targets:
        back = sum(bool(g.back_at) for g in t.given)
        count = f"{back}/{len(t.given)}" if t.state else ""
        said = f"{t.family} {t.model}  {t.sha256[:16] or '-'}  {STATES[t.state].text(settings.language)} {count}"
        click.echo(f"{said} {t.stopped_by}".rstrip())


@firmware.command()
@click.argument("family")
@click.argument("model")
@click.argument("digest", required=False)
@click.option("--none", "away", is_flag=True, help="No firmware of ours for this model any more.")
@click.pass_obj
def target(settings: Settings, family: str, model: str, digest: str | None, away: bool) -> None:
    """Say which file a model is to have. Nobody is led to it before `rollout`."""
    known, chosen = model_of(load_families(settings.paths.templates_dir), family, model)
    store = firmware_store(settings, SystemClock())

    def edit(shelf: Shelf) -> Shelf:
        if away:
            return shelf.with_target(Target(known.name, chosen.name, ""))
        file = _file(shelf, digest or "")
        if file.family != known.name:
            raise InputProblem(
                Words(f"{file.name} is firmware of {file.family}.", f"{file.name} es firmware de {file.family}."),
                Words("Choose one of this family.", "Elija uno de esta familia."),
            )
        return shelf.with_target(target_for(shelf, known.name, chosen.name, file))

    store.change(edit)


@firmware.command()
@click.argument("family")
@click.argument("model")
@click.option("--at-a-time", type=click.IntRange(1), default=1, show_default=True, help="Phones at a time.")
@click.option("--within", type=click.IntRange(60), help="Seconds that a phone has to come back with it.")
@click.option("--stop", is_flag=True, help="No further phone; those that did not come back are not led to it.")
@as_json
@click.pass_obj
def rollout(
    settings: Settings, family: str, model: str, at_a_time: int, within: int | None, stop: bool, as_json: bool
) -> None:
    """Give a model's target to its phones, so many at a time; or go on after a stop."""
    known, chosen = model_of(load_families(settings.paths.templates_dir), family, model)
    store = firmware_store(settings, SystemClock())

    def edit(shelf: Shelf) -> Shelf:
        found = shelf.target(known.name, chosen.name)
        if found is None or shelf.file(found.sha256) is None:
            raise InputProblem(
                Words(f"{known.name} {chosen.name} has no target.", f"{known.name} {chosen.name} no tiene destino."),
                Words("Set it first: conserje firmware target.", "Póngalo antes: conserje firmware target."),
            )
        if stop:
            return shelf.with_target(replace(found, state=RolloutState.STOPPED))
        seconds = within or settings.provisioning.firmware_back_s
        return shelf.with_target(start(found, at_a_time, seconds, datetime.now(UTC)))

    store.change(edit)
    shelf = _tended(settings, store)
    now = shelf.target(known.name, chosen.name)
    assert now is not None
    if as_json:
        print_json(asdict(now))
        return
    waiting = " ".join(g.mac for g in now.given if not g.back_at)
    click.echo(f"{STATES[now.state].text(settings.language)} {waiting}".rstrip())


@firmware.command()
@click.argument("digest")
@click.pass_obj
def remove(settings: Settings, digest: str) -> None:
    """Take a file out of the store."""
    store = firmware_store(settings, SystemClock())
    store.remove(_file(store.shelf(), digest))


def _tended(settings: Settings, store: FirmwareStore) -> Shelf:
    local = LocalStore(settings.paths.local_db, SystemClock(), SystemChance())
    families = load_families(settings.paths.templates_dir)
    return tend(store, local, families, Live(settings.paths.live_dir).current(), SystemClock())


def _file(shelf: Shelf, digest: str) -> FirmwareFile:
    found = shelf.file(digest)
    if found is None:
        raise InputProblem(
            Words(
                f"No firmware file, or more than one, begins with '{digest}'.", f"Ningún archivo único con '{digest}'."
            ),
            Words("conserje firmware list shows them.", "conserje firmware list los muestra."),
        )
    return found


def _family(families: Families, name: str) -> Family:
    found = families.family(name)
    if found is None:
        raise InputProblem(
            Words(f"There is no phone family '{name}'.", f"No existe la familia de teléfonos '{name}'."),
            Words(
                f"Known are: {', '.join(f.name for f in families.families)}.",
                f"Se conocen: {', '.join(f.name for f in families.families)}.",
            ),
        )
    return found


def model_of(families: Families, family: str, model: str) -> tuple[Family, Model]:
    known = _family(families, family)
    found = known.model(model)
    if found is None:
        raise InputProblem(
            Words(f"{known.vendor} has no model '{model}'.", f"{known.vendor} no tiene el modelo '{model}'."),
            Words(
                f"Known are: {', '.join(m.name for m in known.models)}.",
                f"Se conocen: {', '.join(m.name for m in known.models)}.",
            ),
        )
    return known, found
