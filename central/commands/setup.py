"""Commands that set the office up and serve it."""

import os
import sys
from datetime import UTC, datetime

import click

from central import operators, throttle
from central.authority import ensure_server_certificate, load_authority, make_authority
from central.commands.base import Terminal, json_option
from central.database import Database
from central.errors import SetUpProblem, Words
from central.rules import tokens
from central.sealing import make_key_file


@click.command()
@click.option("--admin", default="admin", show_default=True, help="User of the first administrator.")
@json_option
def init(terminal: Terminal, admin: str) -> None:
    """Make CA, server certificate, database and first administrator. Safe to run again: what is there stays."""
    settings, now = terminal.settings, datetime.now(UTC)
    try:
        settings.paths.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not settings.security.sealing_key:
            make_key_file(settings.paths.sealing_key)
        authority = make_authority(settings.paths.ca_dir, now)
        ensure_server_certificate(authority, settings.paths.ca_dir, settings.web.names, now)
    except OSError as refused:
        raise SetUpProblem(
            Words(
                f"{refused.filename} cannot be written: {refused.strerror}.",
                f"No se puede escribir {refused.filename}: {refused.strerror}.",
            ),
            Words(
                "Check who runs this and whether the disk is full.",
                "Revise quién ejecuta esto y si el disco está lleno.",
            ),
        ) from refused
    database = Database(settings.database_url)
    database.upgrade()
    database.close()
    facts = {"ca_fingerprint": authority.fingerprint, "ca_file": str(settings.paths.ca_dir / "ca.pem")}
    known = f"CA (SHA-256): {authority.fingerprint}"
    if operators.has_operators(terminal.office):
        more = Words(
            "There is an administrator already; `conserje-central operator password` sets a new password.",
            "Ya hay un administrador; `conserje-central operator password` pone una contraseña nueva.",
        )
    else:
        password = tokens.password()
        operators.add_operator(terminal.office, admin, password, terminal.actor)
        facts |= {"user": admin, "password": password}
        more = _new_login(admin, password)
    terminal.tell(Words(f"{known}\n{more.en}", f"{known}\n{more.es}"), facts)


@click.command()
@click.pass_obj
def serve(terminal: Terminal) -> None:
    """Serve portal and buildings over HTTPS, in the foreground, until stopped."""
    settings = terminal.settings
    authority = load_authority(settings.paths.ca_dir)
    ensure_server_certificate(authority, settings.paths.ca_dir, settings.web.names, datetime.now(UTC))
    with terminal.office.database.writing() as session:
        throttle.forget_old(session, datetime.now(UTC))
    terminal.office.database.close()
    what = ["--config", "python:central.gunicorn_config", "central.web:application()"]
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *what])  # noqa: S606 - our own interpreter


@click.group()
def operator() -> None:
    """Log-ins of the portal."""


@operator.command("add")
@click.argument("user")
@click.option("--account", default="", help="Only this company (id or name); else the whole office.")
@json_option
def operator_add(terminal: Terminal, user: str, account: str) -> None:
    """Add a log-in with a random password, printed once."""
    password = tokens.password()
    account_id = terminal.account(account) if account else ""
    operators.add_operator(terminal.office, user, password, terminal.actor, account_id)
    terminal.tell(_new_login(user, password), {"user": user, "password": password})


@operator.command("password")
@click.argument("user")
@json_option
def operator_password(terminal: Terminal, user: str) -> None:
    """Give a log-in a new random password, printed once, and log it out everywhere."""
    password = tokens.password()
    operators.set_password(terminal.office, user, password, terminal.actor)
    terminal.tell(_new_login(user, password), {"user": user, "password": password})


def _new_login(user: str, password: str) -> Words:
    return Words(
        f"User: {user}\nPassword, shown only now: {password}",
        f"Usuario: {user}\nContraseña, se muestra solo ahora: {password}",
    )


COMMANDS: tuple[click.Command, ...] = (init, serve, operator)
