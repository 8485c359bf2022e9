"""The `conserje-central` command: set the office up, serve it, and edit what it owns from a terminal or a script.

Edits run the same functions as the portal; `--json` prints one JSON object for scripts.
"""

import json
import os
import sys
from pathlib import Path

import click

from central import settings as settings_module
from central.commands import directory, equipment, fleet, services, setup
from central.commands.base import Terminal, language
from central.errors import InputProblem, InputProblems, Problem


@click.group()
@click.option(
    "--settings", "path", type=click.Path(path_type=Path), help="Settings file; else $CONSERJE_CENTRAL_SETTINGS."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def cli(ctx: click.Context, path: Path | None, as_json: bool) -> None:
    """Conserje's central office: many buildings, one truth."""
    if path is not None:
        os.environ[settings_module.FILE_VARIABLE] = str(path)
    ctx.obj = Terminal(settings_module.load(path), as_json)


for command in (*setup.COMMANDS, *directory.COMMANDS, *equipment.COMMANDS, *services.COMMANDS, *fleet.COMMANDS):
    cli.add_command(command)


def main() -> None:
    """Entry point: a Problem becomes its sentence on standard error and exit code 1, never a traceback."""
    try:
        cli(standalone_mode=True)
    except Problem as problem:
        if "--json" in sys.argv:
            click.echo(
                json.dumps({"error": {"code": problem.code, "says": problem.text(language())}}, ensure_ascii=False)
            )
        for one in problem.problems if isinstance(problem, InputProblems) else (problem,):
            field = f"{one.field}: " if isinstance(one, InputProblem) and one.field else ""
            click.echo(f"conserje-central: {field}{one.text(language())}", err=True)
        sys.exit(1)
