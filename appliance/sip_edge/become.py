"""How `conserje run <engine>` becomes its engine, and the sentences for an engine that will not have its configuration.

Which engines there are, and what they are told, is engines.py's and front.py's.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from appliance.errors import EngineProblem, Words


@dataclass(frozen=True, slots=True)
class Command:
    """An engine ready to run."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]


def become(command: Command) -> NoReturn:
    """Replace this process by the engine. Raises EngineProblem where it is not installed."""
    try:
        os.execvpe(command.argv[0], list(command.argv), {**os.environ, **command.environment})  # noqa: S606
    except FileNotFoundError as absent:
        raise missing(command.argv[0]) from absent


def refused(engine: str, why: str) -> EngineProblem:
    return EngineProblem(
        Words(f"{engine} refuses its configuration: {why}.", f"{engine} rechaza su configuración: {why}."),
        Words(
            "Check what was changed in the settings or in the template.",
            "Revise lo que se cambió en los ajustes o en la plantilla.",
        ),
    )


def missing(program: str) -> EngineProblem:
    return EngineProblem(
        Words(f"The program {program} is not installed.", f"El programa {program} no está instalado."),
        Words("Run the installer again.", "Ejecute de nuevo el instalador."),
    )
