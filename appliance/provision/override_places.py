"""Which file an override is in, and what a person who typed its value meant. For the command line and the page."""

import tomllib
from pathlib import Path
from typing import Any

from appliance.errors import InputProblem, Words
from appliance.provision.families import Families
from appliance.provision.family import plain_mac
from appliance.provision.firmware_commands import model_of
from appliance.provision.override_files import Place, device_place, model_place, site_place
from appliance.provision.overrides import VALUES


def place_of(folder: Path, families: Families, where: str) -> Place:
    """The file that `where` means. Raises InputProblem."""
    if where == "site":
        return site_place(folder)
    if mac := plain_mac(where):
        return device_place(folder, mac)
    family, slash, model = where.partition("/")
    if not slash:
        raise InputProblem(
            Words(
                f"{where} is neither site, nor FAMILY/MODEL, nor a MAC.", f"{where} no es site, FAMILIA/MODELO ni MAC."
            ),
            Words("Say which, e.g. yealink/T46S.", "Diga cuál, p. ej. yealink/T46S."),
        )
    known, chosen = model_of(families, family, model)
    return model_place(folder, known.name, chosen.name)


def section_of(place: Place, raw: bool, family: str) -> tuple[str, ...]:
    """The table of the file that a value, or with `raw` a maker's parameter, stands in. Raises InputProblem."""
    if not raw:
        return ("values",)
    if place.where != "site":
        return ("parameters",)
    if not family:
        raise InputProblem(
            Words("Whose parameter it is is not said.", "No se dijo de qué familia es el parámetro."),
            Words("Give --family.", "Indique --family."),
        )
    return ("parameters", family)


def value_of(name: str, text: str) -> Any:
    """A number, truth or list as TOML writes it; else the text itself. A codec alone is a list of one."""
    if name == "codecs" and not text.startswith("["):
        return [word.strip() for word in text.split(",")]
    known = VALUES.get(name)
    if known and known.right(text):
        return text
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        return text
