"""The `conserje` command. Each room brings its commands, imported only when called so that it starts fast."""

import json
import os
import sys
from importlib import import_module
from pathlib import Path

import click

from appliance import settings as settings_module
from appliance.directory.publish import ensure_published
from appliance.errors import Problem
from appliance.processes import BY_NAME

# Command -> "module:click command". A room's commands live in its commands.py.
COMMANDS = {
    "explain": "appliance.sip_edge.commands:explain",
    "calls": "appliance.sip_edge.commands:calls",
    "phones": "appliance.provision.estate_commands:phones",
    "dhcp-help": "appliance.provision.dhcp_help_commands:dhcp_help",
    "claims": "appliance.provision.claim_commands:claims",
    "firmware": "appliance.provision.firmware_commands:firmware",
    "sync": "appliance.sync.commands:sync",
    "enrol": "appliance.sync.commands:enrol",
    "say": "appliance.voice.commands:say",
    "users": "appliance.webui.commands:users",
    "status": "appliance.commands:status",
    "doctor": "appliance.commands:doctor",
    "units": "appliance.commands:units",
}


class LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*COMMANDS, *super().list_commands(ctx)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module, name = COMMANDS[cmd_name].split(":")
            command = getattr(import_module(module), name)
            assert isinstance(command, click.Command)
            return command
        return super().get_command(ctx, cmd_name)


@click.group(cls=LazyGroup)
@click.option("--settings", "path", type=click.Path(path_type=Path), help="Settings file; else $CONSERJE_SETTINGS.")
@click.pass_context
def cli(ctx: click.Context, path: Path | None) -> None:
    """Conserje: the phone system of a shared office building."""
    if path is not None:
        os.environ["CONSERJE_SETTINGS"] = str(path)
    ctx.obj = settings_module.load(path)


@cli.command()
@click.argument("name", type=click.Choice(sorted(BY_NAME)))
@click.pass_obj
def run(settings: settings_module.Settings, name: str) -> None:
    """Run one process of the building in the foreground. The first after a boot publishes the directory."""
    ensure_published(settings)
    BY_NAME[name].load()(settings)


def main() -> None:
    """Entry point: a Problem becomes its sentence on standard error and exit code 1, never a traceback."""
    try:
        cli(standalone_mode=True)
    except Problem as problem:
        language = os.environ.get("CONSERJE_LANGUAGE") or os.environ.get("LANG", "en")
        if "--json" in sys.argv:
            click.echo(json.dumps({"error": {"code": problem.code, "says": problem.text(language)}}))
        click.echo(f"conserje: {problem.text(language)}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
