"""`conserje users`: who may sign in to the building page, from the box itself. The first administrator is made here."""

import getpass
import json
import sys
from dataclasses import asdict

import click

from appliance.ports import SystemChance, SystemClock
from appliance.settings import Settings
from appliance.webui.roles import Role
from appliance.webui.store import open_store
from appliance.webui.users import By, Users

ROLES = click.Choice([r.value for r in Role])
FROM_STDIN = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


def _users(settings: Settings) -> Users:
    return Users(open_store(settings.paths.state_dir), SystemClock(), SystemChance())


def _by() -> By:
    return By(f"cli:{getpass.getuser()}", "local")


def _password(kept: Users, from_stdin: bool) -> tuple[str, bool]:
    """The password, and whether we made it."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n"), False
    return kept.random_password(), True


def _tell(name: str, password: str, made: bool) -> None:
    if made:
        click.echo(f"{name}: {password}")
        click.echo("This password is shown once. / Esta contraseña se muestra una sola vez.", err=True)


@click.group()
def users() -> None:
    """Who may sign in to the building page."""


@users.command("add")
@click.argument("name")
@click.option("--role", type=ROLES, required=True)
@FROM_STDIN
@click.pass_obj
def add(settings: Settings, name: str, role: str, password_stdin: bool) -> None:
    """Add a user; without --password-stdin a random password is made and printed once."""
    kept = _users(settings)
    password, made = _password(kept, password_stdin)
    kept.add(name, Role(role), password, _by())
    _tell(name, password, made)


@users.command("password")
@click.argument("name")
@FROM_STDIN
@click.pass_obj
def password(settings: Settings, name: str, password_stdin: bool) -> None:
    """Set a user's password and end their sessions."""
    kept = _users(settings)
    chosen, made = _password(kept, password_stdin)
    kept.set_password(name, chosen, _by())
    _tell(name, chosen, made)


@users.command("role")
@click.argument("name")
@click.argument("role", type=ROLES)
@click.pass_obj
def role(settings: Settings, name: str, role: str) -> None:
    """Change what a user may do."""
    _users(settings).set_role(name, Role(role), _by())


@users.command("remove")
@click.argument("name")
@click.pass_obj
def remove(settings: Settings, name: str) -> None:
    """Remove a user and end their sessions."""
    _users(settings).remove(name, _by())


@users.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def listing(settings: Settings, as_json: bool) -> None:
    """Names, roles and last log-ins."""
    found = _users(settings).all()
    if as_json:
        click.echo(json.dumps([asdict(u) for u in found], indent=2))
        return
    for u in found:
        click.echo(f"{u.name:<32} {u.role:<14} {u.last_login_at or '-'}")
