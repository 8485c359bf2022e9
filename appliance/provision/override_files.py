"""Overrides on disk: `state_dir/overrides/site.toml`, `model/<family>-<model>.toml`, `device/<mac>.toml`.

They are not of the program, so a new one with new templates leaves them as they are. A file is changed line by line, so
that what a person wrote around it stays.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from appliance.errors import InputProblem, TemplateProblem, Words
from appliance.provision.families import Families
from appliance.provision.family import plain_mac
from appliance.provision.overrides import Layer, Overrides, model_key, problem, read_layer

SITE = "site.toml"
FILES_MOST = 5000
BYTES_MOST = 256 << 10


@dataclass(frozen=True, slots=True)
class Place:
    """One layer's file. `where`: site, model or device; `family` of a model's."""

    file: Path
    where: str
    family: str = ""
    key: str = ""


def site_place(folder: Path) -> Place:
    return Place(folder / SITE, "site")


def model_place(folder: Path, family: str, model: str) -> Place:
    key = model_key(family, model)
    return Place(folder / "model" / f"{key}.toml", "model", family, key)


def device_place(folder: Path, mac: str) -> Place:
    return Place(folder / "device" / f"{mac}.toml", "device", "", mac)


def places(folder: Path, families: Families) -> tuple[list[Place], list[TemplateProblem]]:
    """Every file that is there, and what is wrong with the names of others."""
    found, wrong = [], []
    if (folder / SITE).exists():
        found.append(site_place(folder))
    models = {model_key(f.name, m.name): (f.name, m.name) for f in families.families for m in f.models}
    for file in sorted((folder / "model").glob("*.toml"))[:FILES_MOST]:
        if file.stem in models:
            found.append(model_place(folder, *models[file.stem]))
        else:
            says = Words("no family has a model of this name", "ninguna familia tiene un modelo de este nombre")
            wrong.append(problem(str(file), 1, says))
    for file in sorted((folder / "device").glob("*.toml"))[:FILES_MOST]:
        if plain_mac(file.stem) == file.stem:
            found.append(device_place(folder, file.stem))
        else:
            says = Words(
                "the name is not a MAC of twelve lower-case digits",
                "el nombre no es una MAC de doce dígitos minúsculos",
            )
            wrong.append(problem(str(file), 1, says))
    return found, wrong


def load_overrides(folder: Path, families: Families) -> Overrides:
    """All layers. One with a fault is left out and told in `problems`."""
    found, problems = places(folder, families)
    layers: dict[str, dict[str, Layer]] = {"site": {}, "model": {}, "device": {}}
    for place in found:
        try:
            layers[place.where][place.key] = read_place(place, families)
        except TemplateProblem as wrong:
            problems.append(wrong)
    return Overrides(
        layers["site"].get(""),
        MappingProxyType(layers["model"]),
        MappingProxyType(layers["device"]),
        tuple(problems),
    )


def read_place(place: Place, families: Families) -> Layer:
    """Raises TemplateProblem with file and line."""
    return read_layer(read_text(place), str(place.file), place.where, place.family, families)


def read_text(place: Place) -> str:
    """Its text; empty when there is no such file. Raises TemplateProblem."""
    try:
        if place.file.stat().st_size > BYTES_MOST:
            raise problem(str(place.file), 1, Words("larger than 256 kB", "pasa de 256 kB"))
        return place.file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as unreadable:
        says = Words(f"cannot be read: {unreadable}", f"no se puede leer: {unreadable}")
        raise problem(str(place.file), 1, says) from unreadable


def change(place: Place, section: tuple[str, ...], name: str, value: Any, families: Families) -> Layer:
    """Set one value, or with None take it away. Raises TemplateProblem or InputProblem; the file is then as it was."""
    text = read_text(place)
    read_layer(text, str(place.file), place.where, place.family, families)
    after = _edited(text, section, name, value)
    wanted = tomllib.loads(text)
    _put(wanted, section, name, value)
    try:
        is_it = _without_empty(tomllib.loads(after)) == _without_empty(wanted)
    except tomllib.TOMLDecodeError:
        is_it = False
    if not is_it:
        raise InputProblem(
            Words(
                f"{place.file} is laid out so that only a person can edit it.", f"{place.file} se edita solo a mano."
            ),
            Words("Change it there.", "Cámbielo ahí."),
        )
    layer = read_layer(after, str(place.file), place.where, place.family, families)
    _put_in_place(place, after if _without_empty(wanted) else "")
    return layer


def replace_text(place: Place, text: str, families: Families) -> Layer:
    """Put a whole text in the file's place; an empty one takes it away. Raises TemplateProblem with file and line, or
    InputProblem; the file is then as it was.
    """
    if len(text.encode()) > BYTES_MOST:
        raise problem(str(place.file), 1, Words("larger than 256 kB", "pasa de 256 kB"))
    layer = read_layer(text, str(place.file), place.where, place.family, families)
    _put_in_place(place, text)
    return layer


def _put_in_place(place: Place, text: str) -> None:
    try:
        if text.strip():
            place.file.parent.mkdir(parents=True, exist_ok=True)
            part = place.file.with_suffix(".part")
            part.write_text(text, encoding="utf-8")
            os.replace(part, place.file)
        else:
            place.file.unlink(missing_ok=True)
    except OSError as failed:
        raise InputProblem(
            Words(f"{place.file} cannot be written: {failed}.", f"No se puede escribir {place.file}: {failed}."),
            Words("It is as it was.", "Quedó como estaba."),
        ) from failed


def _edited(text: str, section: tuple[str, ...], name: str, value: Any) -> str:
    lines = text.splitlines()
    head = "[" + ".".join(section) + "]"
    key = name if re.fullmatch("[A-Za-z0-9_-]+", name) else json.dumps(name)
    written = None if value is None else f"{key} = {_toml(value)}"
    start = next((i for i, line in enumerate(lines) if re.sub(r"\s|#.*", "", line) == head), None)
    if start is None:
        return text if written is None else "\n".join([*lines, *([""] if lines else []), head, written, ""])
    end = next((i for i in range(start + 1, len(lines)) if lines[i].lstrip().startswith("[")), len(lines))
    plain = re.compile(rf"\s*(?:{re.escape(key)}|\"{re.escape(name)}\"|'{re.escape(name)}')\s*=")
    at = next((i for i in range(start + 1, end) if plain.match(lines[i])), None)
    if at is not None:
        lines[at : at + 1] = [] if written is None else [written]
    elif written is not None:
        lines.insert(start + 1, written)
    return "\n".join(lines) + "\n"


def _put(values: dict[str, Any], section: tuple[str, ...], name: str, value: Any) -> None:
    for part in section:
        values = values.setdefault(part, {})
    if value is None:
        values.pop(name, None)
    else:
        values[name] = value


def _without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    found = {k: _without_empty(v) if isinstance(v, dict) else v for k, v in values.items()}
    return {k: v for k, v in found.items() if v != {}}


def _toml(value: Any) -> str:
    """A string, number, truth or list of strings: JSON's way of writing these is TOML's too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
