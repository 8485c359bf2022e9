"""Commands about the boxes in the buildings: enrol, revoke, see what each runs."""

import sys

import click
from rich.console import Console
from rich.table import Table

from central import enrolment
from central.clock import iso
from central.commands.base import SAVED, Terminal, json_option, language
from central.errors import NOTHING, Words
from central.exchange.connect import connect, disconnect
from central.exchange.run import run as run_exchange
from central.status import RolledBack, SyncState, site_lines

_SILENT = Words("no contact", "sin contacto")
_BACK = Words(
    "{why} (rolled back: revision {revision}, {when})", "{why} (se volvió a la anterior: revisión {revision}, {when})"
)
_STATES = {
    SyncState.APPLIED: Words("applied", "aplicado"),
    SyncState.PENDING: Words("modified", "modificado"),
    SyncState.ERROR: Words("error", "error"),
    SyncState.NEVER: Words("never connected", "nunca conectado"),
}


@click.command()
@click.argument("site")
@json_option
def claim(terminal: Terminal, site: str) -> None:
    """Make a one-time claim code for a building; it is shown only now."""
    code = enrolment.make_claim(terminal.office, terminal.authority, terminal.site(site), terminal.actor)
    hours = terminal.settings.security.claim_valid_h
    words = Words(
        f"Claim code, good once and for {hours} h: {code}", f"Código de alta, sirve una vez y por {hours} h: {code}"
    )
    terminal.tell(words, {"claim_code": code})


@click.command()
@click.argument("site")
@json_option
def revoke(terminal: Terminal, site: str) -> None:
    """Refuse the building's certificates from now on, until it is enrolled again."""
    count = enrolment.revoke(terminal.office, terminal.site(site), terminal.actor)
    terminal.tell(Words(f"Revoked: {count}.", f"Revocados: {count}."), {"revoked": count})


@click.command()
@json_option
def status(terminal: Terminal) -> None:
    """Every building with the revision it runs."""
    with terminal.office.reading() as session:
        lines = site_lines(session, terminal.office.clock.now())
    if terminal.as_json:
        facts = [
            {
                "site_id": line.id,
                "name": line.name,
                "state": line.state.value,
                "revision": line.revision,
                "applied_revision": line.applied_revision,
                "error": line.error_en,
                "modified_at": iso(line.modified_at) if line.modified_at else "",
                "rolled_back": _rolled_back(line.rolled_back),
                "reported_at": iso(line.received_at) if line.received_at else "",
                "contact_at": iso(line.contact_at) if line.contact_at else "",
                "silent": line.silent,
                "version": line.version,
            }
            for line in lines
        ]
        terminal.tell(NOTHING, {"sites": facts})
        return
    spoken = language()
    heads = Words("Building|State|Revision|Reported|Version|Error", "Edificio|Estado|Revisión|Reportado|Versión|Error")
    table = Table(*heads.text(spoken).split("|"), box=None)
    for line in lines:
        state = _STATES[line.state].text(spoken)
        state += f" ({_SILENT.text(spoken)})" if line.silent else ""
        at = iso(line.received_at) if line.received_at else ""
        error = Words(line.error_en, line.error_es).text(spoken)
        back = line.rolled_back
        if back is not None:
            when = iso(back.at) if back.at else "?"
            why = Words(back.en, back.es).text(spoken)
            error = _BACK.text(spoken).format(revision=back.revision, when=when, why=error or why)
        table.add_row(line.name, state, f"{line.applied_revision}/{line.revision}", at, line.version, error)
    Console().print(table)


def _rolled_back(back: RolledBack | None) -> dict[str, object] | None:
    if back is None:
        return None
    return {"revision": back.revision, "at": iso(back.at) if back.at else "", "reason": back.en}


@click.group()
def exchange() -> None:
    """Calls between buildings."""


@exchange.command("run")
@click.pass_obj
def exchange_run(terminal: Terminal) -> None:
    """Run the exchange in the foreground, until stopped."""
    sys.exit(run_exchange(terminal.office))


@exchange.command("connect")
@click.argument("site")
@click.option("--host", default="", help="Where buildings reach the exchange; else exchange.address.")
@json_option
def exchange_connect(terminal: Terminal, site: str, host: str) -> None:
    """Connect a building: it registers at the exchange from then on."""
    wanted = terminal.settings.exchange
    with terminal.office.editing(terminal.actor) as edit:
        trunk = connect(edit, terminal.site(site), host or wanted.address, wanted.port)
    terminal.tell(SAVED, {"trunk_id": trunk.id, "username": trunk.username})


@exchange.command("disconnect")
@click.argument("site")
@json_option
def exchange_disconnect(terminal: Terminal, site: str) -> None:
    """Take a building off the exchange."""
    with terminal.office.editing(terminal.actor) as edit:
        disconnect(edit, terminal.site(site))
    terminal.tell(SAVED, {})


COMMANDS: tuple[click.Command, ...] = (claim, revoke, status, exchange)
