"""`conserje phones resync|reboot|diff|history`: what a technician does about a phone's files, and sees of it."""

from dataclasses import asdict

import click

from appliance.directory.live import Live
from appliance.directory.local import FETCHES_KEPT, LocalStore
from appliance.directory.resyncs import Outcome, Resync, Resyncs, Wish, came_back
from appliance.directory.served import GivenFiles
from appliance.errors import InputProblem, Words
from appliance.ports import SystemChance, SystemClock
from appliance.provision.changes import differences
from appliance.provision.commands import phones, said_in
from appliance.provision.families import load_families
from appliance.provision.order_book import ordered_site
from appliance.provision.override_commands import override
from appliance.provision.phone_words import HELD, OUTCOMES, as_json, by_whom, checked_mac, known_phone, print_json
from appliance.settings import Settings

__all__ = ["phones"]


@phones.command()
@click.argument("macs", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every phone of the building.")
@click.option("--show", is_flag=True, help="Ask for nothing; show what became of what was asked.")
@as_json
@click.pass_obj
def resync(settings: Settings, macs: tuple[str, ...], every: bool, show: bool, as_json: bool) -> None:
    """Have phones read their files again: at once, or as soon as their call is over."""
    _wish(settings, macs, every, show, as_json, Wish.RESYNC)


@phones.command()
@click.argument("macs", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every phone of the building.")
@click.option("--show", is_flag=True, help="Ask for nothing; show what became of what was asked.")
@as_json
@click.pass_obj
def reboot(settings: Settings, macs: tuple[str, ...], every: bool, show: bool, as_json: bool) -> None:
    """Have phones restart: at once, or as soon as their call is over."""
    _wish(settings, macs, every, show, as_json, Wish.REBOOT)


def _wish(settings: Settings, macs: tuple[str, ...], every: bool, show: bool, as_json: bool, wish: Wish) -> None:
    directory = Live(settings.paths.live_dir).current()
    if bool(macs) == every:
        raise InputProblem(
            Words("It is not said which phones.", "No se dijo cuáles teléfonos."),
            Words("Give their MAC addresses, or --all.", "Indique sus direcciones MAC, o --all."),
        )
    known = directory.phones() if every else tuple(known_phone(directory, checked_mac(m)) for m in macs)
    queue = Resyncs(settings.paths.local_db, SystemClock())
    if not show:
        for phone in known:
            queue.ask(phone.mac, wish, by_whom())
    fetched = LocalStore(settings.paths.local_db, SystemClock(), SystemChance()).last_fetch_at()
    rows = [(p.mac, queue.of(p.mac)) for p in known]
    if as_json:
        told = [_told(mac, row, fetched.get(mac, "")) for mac, row in rows]
        print_json(told[0] if len(macs) == 1 else told)
        return
    for mac, row in rows:
        click.echo(f"{mac}  {_sentence(row, fetched.get(mac, '')).text(said_in(settings))}")


def _told(mac: str, row: Resync | None, last_fetch_at: str) -> dict[str, object]:
    if row is None:
        return {"mac": mac, "outcome": "none", "came_back_at": ""}
    return asdict(row) | {"came_back_at": came_back(row, last_fetch_at)}


def _sentence(row: Resync | None, last_fetch_at: str) -> Words:
    if row is None:
        return Words("never told", "nunca se le avisó")
    said = OUTCOMES[row.outcome]
    back = came_back(row, last_fetch_at)
    if back:
        return Words(f"{said.en}; came for its files at {back[:19]}", f"{said.es}; vino por sus archivos {back[:19]}")
    if row.outcome in (Outcome.WAITING, Outcome.GIVEN_UP) and row.held_by:
        why = HELD.get(row.held_by, Words(row.held_by, row.held_by))
        return Words(f"{said.en}: {why.en}", f"{said.es}: {why.es}")
    return said


@phones.command()
@click.argument("mac")
@click.option("--secrets", is_flag=True, help="With its passwords; they are hidden otherwise.")
@as_json
@click.pass_obj
def diff(settings: Settings, mac: str, secrets: bool, as_json: bool) -> None:
    """How a phone's files differ now from what it was last given."""
    directory = Live(settings.paths.live_dir).current()
    phone = known_phone(directory, checked_mac(mac))
    given = GivenFiles(settings.paths.local_db, settings.paths.identity_dir, SystemClock()).of(phone.mac)
    families = load_families(settings.paths.templates_dir)
    site = ordered_site(settings, families, SystemClock())
    found = tuple(differences(phone, given, families, directory, site, secrets))
    if as_json:
        print_json([asdict(d) for d in found])
        return
    said = said_in(settings)
    if not found:
        click.echo(Words("It was given nothing yet.", "Todavía no se le ha dado nada.").text(said))
    for one in found:
        if not one.differs:
            click.echo(Words(f"{one.name}: the same", f"{one.name}: igual").text(said))
        elif one.lines:
            click.echo("\n".join(one.lines))
        elif one.kept:
            only = Words(f"{one.name}: only a password differs", f"{one.name}: solo cambia una contraseña")
            click.echo(only.text(said))
        else:
            click.echo(Words(f"{one.name}: differs", f"{one.name}: cambió").text(said))


@phones.command()
@click.argument("mac")
@click.option("--limit", type=click.IntRange(1, FETCHES_KEPT), default=FETCHES_KEPT)
@as_json
@click.pass_obj
def history(settings: Settings, mac: str, limit: int, as_json: bool) -> None:
    """What a phone asked for, newest first: when, which file, what it was answered, from where."""
    found = LocalStore(settings.paths.local_db, SystemClock(), SystemChance()).fetches(checked_mac(mac), limit)
    if as_json:
        print_json([asdict(f) for f in found])
        return
    for f in found:
        click.echo(f"{f.at[:19]}  {f.status} {f.transport:5} {f.sha256[:16]:16}  {f.address:15}  {f.path}")


phones.add_command(override)
