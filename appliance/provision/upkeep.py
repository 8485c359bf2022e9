"""What a family's `upkeep.toml` says: how one parameter is written into its files by hand, and what its firmware is.

Beside `family.toml` in templates/phones/<family>/; docs/overrides.md and docs/firmware.md explain each key. Writing a
parameter is pure.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import dacite

from appliance.errors import TemplateProblem, Words
from appliance.provision.escapes import ESCAPES
from appliance.provision.upkeep_tree import write_in_tree

FILE = "upkeep.toml"
NAMES = "names.txt"
ANY_NAME = r"[A-Za-z0-9_.:/\[\]-]+( [A-Za-z0-9_.:/\[\]-]+)*"
_BRACED = re.compile(r"\{\w+\}")
WORDS = ("url", "address", "folder")
"""What a firmware parameter's value may have in braces: the URL, it without its scheme, that without the name."""


@dataclass(frozen=True, slots=True)
class RawForm:
    """How a parameter stands in a file: `found` (an expression), `write` in its place, else `add` before `before`.

    In all three `{name}` is the parameter's name, `{parent}` and `{leaf}` what stands before and after its last point;
    in `write` and `add` `{value}` is its value, in `write` `{kept}` the first group of what was found.
    `before` empty: at the end; a file that does not hold `before` takes no new parameter. `tree`: the name is a path of
    elements (upkeep_tree.py), and the rest does not count.
    """

    template: str = ""
    found: str = ""
    write: str = ""
    add: str = ""
    before: str = ""
    name: str = ANY_NAME
    """An expression that every parameter's name fits."""
    tree: bool = False

    def takes(self, name: str) -> bool:
        return re.fullmatch(self.name, name) is not None


@dataclass(frozen=True, slots=True)
class Magic:
    """How a firmware file of the family begins: these octets at this offset."""

    what: str
    hex: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class FirmwareFacts:
    """`set` are the parameters that lead a phone to a file, `unset` those that leave it as it is."""

    form: RawForm = RawForm()
    set: Mapping[str, str] = field(default_factory=dict)
    unset: Mapping[str, str] = field(default_factory=dict)
    magic: tuple[Magic, ...] = ()


@dataclass(frozen=True)
class Upkeep:
    """`raw` None: the family takes no parameters by hand. `firmware` None: nothing of ours can lead it to firmware."""

    raw: RawForm | None = None
    firmware: FirmwareFacts | None = None
    names: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def _known(self) -> tuple[frozenset[str], re.Pattern[str]]:
        indexed = [r"\d+".join(re.escape(p) for p in n.split("{n}")) for n in self.names if "{n}" in n]
        return frozenset(self.names), re.compile("|".join(indexed) or r"(?!)")

    def knows(self, name: str) -> bool:
        """Whether the family's phones are known to have such a parameter; of a family without a list, any."""
        plain, indexed = self._known
        return not self.names or name in plain or indexed.fullmatch(name) is not None


@dataclass(frozen=True)
class _RawText:
    template: str
    found: str = ""
    write: str = ""
    add: str = ""
    before: str = ""
    name: str = ANY_NAME
    tree: bool = False


@dataclass(frozen=True)
class _MagicText:
    what: str
    hex: str
    offset: int = 0


@dataclass(frozen=True)
class _FirmwareText:
    set: dict[str, str]
    unset: dict[str, str] = field(default_factory=dict)
    magic: list[_MagicText] = field(default_factory=list)
    form: _RawText | None = None


@dataclass(frozen=True)
class _File:
    raw: _RawText | None = None
    firmware: _FirmwareText | None = None


def load_upkeep(folder: Path) -> Upkeep:
    """Of one family; an empty one where there is no such file. Raises TemplateProblem with file and line."""
    path = folder / FILE
    names = folder / NAMES
    try:
        text = path.read_text(encoding="utf-8")
        listed = tuple(n for n in names.read_text(encoding="utf-8").split("\n") if n) if names.exists() else ()
    except FileNotFoundError:
        return Upkeep()
    except (OSError, UnicodeDecodeError) as unreadable:
        raise _problem(path, 1, str(unreadable)) from unreadable
    try:
        said = dacite.from_dict(_File, tomllib.loads(text), dacite.Config(strict=True))
        raw = _form(said.raw) if said.raw else None
        firmware = _firmware(said.firmware, raw) if said.firmware else None
    except tomllib.TOMLDecodeError as broken:
        line = re.search(r"line (\d+)", str(broken))
        raise _problem(path, int(line[1]) if line else 1, str(broken)) from broken
    except dacite.DaciteError as wrong:
        raise _problem(path, 1, str(wrong)) from wrong
    except _Wrong as wrong:
        at = next((i for i, t in enumerate(text.splitlines(), 1) if wrong.where in t), 1)
        raise _problem(path, at, str(wrong)) from wrong
    return Upkeep(raw, firmware, listed)


def by_hand(
    upkeep: Upkeep, template: str, escape: str, text: str, url: str | None, parameters: tuple[tuple[str, str], ...]
) -> str:
    """A file as its template made it, with its firmware and what people set: their word goes before the roll-out's."""
    facts, raw = upkeep.firmware, upkeep.raw
    if facts and url is not None and facts.form.template == template:
        text = write_parameters(text, facts.form, escape, firmware_parameters(facts, url))
    if raw and parameters and raw.template == template:
        text = write_parameters(text, raw, escape, parameters)
    return text


def write_parameters(text: str, form: RawForm, escape: str, parameters: Iterable[tuple[str, str]]) -> str:
    """The file with these parameters: each in the place where it stands, else added. `escape` as in escapes.ESCAPES."""
    for name, value in parameters:
        if form.tree:
            text = write_in_tree(text, name, value)
            continue
        words = {"value": ESCAPES[escape](value), **_names(name)}

        def written(found: re.Match[str], words: Mapping[str, str] = words) -> str:
            return _filled(form.write, {**words, "kept": found[1] if found.re.groups else ""})

        text, times = re.subn(_found(form, name), written, text)
        if times:
            continue
        added = _filled(form.add, words) if form.add else f"{_filled(form.write, words)}\n"
        at = text.rfind(form.before) if form.before else len(text)
        if at < 0:
            continue
        if form.before:
            # The whole line before which it goes, with its indentation.
            at = text.rfind("\n", 0, at) + 1
        elif text and not text.endswith("\n"):
            added = "\n" + added
        text = text[:at] + added + text[at:]
    return text


def firmware_parameters(facts: FirmwareFacts, url: str) -> tuple[tuple[str, str], ...]:
    """What is written to lead a phone to this URL; with an empty one, to nothing."""
    address = url.partition("://")[2]
    words = {"url": url, "address": address, "folder": address.rpartition("/")[0]}
    return tuple((n, _filled(v, words)) for n, v in (facts.set if url else facts.unset).items())


def _found(form: RawForm, name: str) -> str:
    return re.sub(r"\{(name|parent|leaf)\}", lambda m: re.escape(_names(name)[m[1]]), form.found)


def _names(name: str) -> dict[str, str]:
    parent, _, leaf = name.rpartition(".")
    return {"name": name, "parent": parent, "leaf": leaf}


def _filled(text: str, words: Mapping[str, str]) -> str:
    """In one pass: a brace in a value stays what it is."""
    return re.sub(r"\{(\w+)\}", lambda m: words.get(m[1], m[0]), text)


class _Wrong(Exception):
    def __init__(self, where: str, what: str) -> None:
        super().__init__(what)
        self.where = where


def _form(said: _RawText) -> RawForm:
    try:
        re.compile(re.sub(r"\{(name|parent|leaf)\}", "x", said.found))
        re.compile(said.name)
    except re.error as bad:
        raise _Wrong("found", f"found or name is not a regular expression: {bad}") from bad
    if not said.tree:
        if not {"{name}", "{leaf}"} & set(_BRACED.findall(said.found)):
            raise _Wrong("found", "{name} is missing")
        if "{value}" not in said.write or not {"{name}", "{kept}"} & set(_BRACED.findall(said.write)):
            raise _Wrong("write", "{name} and {value} are missing")
    return RawForm(said.template, said.found, said.write, said.add, said.before, said.name, said.tree)


def _firmware(said: _FirmwareText, raw: RawForm | None) -> FirmwareFacts:
    form = _form(said.form) if said.form else raw
    if form is None:
        raise _Wrong("[firmware]", "firmware needs [raw] or a form of its own")
    for value in said.set.values():
        for word in re.findall(r"\{(\w+)\}", value):
            if word not in WORDS:
                raise _Wrong(value, f"{{{word}}} is none of {', '.join(WORDS)}")
    try:
        for m in said.magic:
            bytes.fromhex(m.hex)
    except ValueError as bad:
        raise _Wrong("hex", "a magic is written in hex") from bad
    magic = tuple(Magic(m.what, m.hex, m.offset) for m in said.magic)
    return FirmwareFacts(form, MappingProxyType(said.set), MappingProxyType(said.unset), magic)


def _problem(path: Path, line: int, what: Any) -> TemplateProblem:
    return TemplateProblem(
        Words(f"{path}, line {line}: {what}.", f"{path}, línea {line}: {what}."),
        Words(
            "Mend that line; the other families go on working.",
            "Corrija esa línea; las demás familias siguen trabajando.",
        ),
    )
