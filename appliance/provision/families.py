"""Phone families read from `templates/phones/<family>/`: `family.toml` and Jinja2 templates. Validated when read.

A broken one is a TemplateProblem that names file and line, and the other families go on working.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import dacite

from appliance.errors import TemplateProblem, Words
from appliance.provision.cipher import SCHEMES
from appliance.provision.escapes import ESCAPES
from appliance.provision.family import (
    ALL_MODELS,
    CODECS,
    DhcpOption,
    Family,
    FileRule,
    Model,
    Option60,
    PathMatch,
    Secrets,
    SecureSip,
    path_pattern,
)
from appliance.provision.render import DIGESTS, LINE_ENDS, compile_check
from appliance.provision.upkeep import load_upkeep

__all__ = ["DhcpOption", "Families", "Family", "FileRule", "Model", "Option60", "PathMatch", "load_families"]

DESCRIPTOR = "family.toml"
GROUPS = {"model", "version", "mac"}
DHCP_FORMS = ("text", "address", "hex", "parts")


@dataclass(frozen=True)
class Families:
    """All families that could be read, and what is wrong with the others."""

    families: tuple[Family, ...]
    problems: tuple[TemplateProblem, ...] = ()

    @cached_property
    def _by_name(self) -> dict[str, Family]:
        return {f.name: f for f in self.families}

    @cached_property
    def _by_prefix(self) -> dict[str, Family]:
        return {f.prefix: f for f in self.families}

    @cached_property
    def _by_oui(self) -> dict[str, tuple[Family, ...]]:
        ouis = {o for f in self.families for o in f.ouis}
        return {o: tuple(f for f in self.families if o in f.ouis) for o in ouis}

    def family(self, name: str) -> Family | None:
        return self._by_name.get(name)

    def by_oui(self, mac: str) -> tuple[Family, ...]:
        """Families whose makers own this MAC's first half; several where they share it."""
        return self._by_oui.get(mac[:6].lower(), ())

    def match(self, path: str) -> tuple[PathMatch, ...]:
        """Every family that a path can be of: one, where it begins with a family's prefix."""
        path = path.lstrip("/")
        head, slash, rest = path.partition("/")
        if slash and head in self._by_prefix:
            found = self._by_prefix[head].match(rest)
            return (found,) if found else ()
        matches = tuple(m for m in (f.match(path) for f in self.families) if m)
        # A name that tells the model is the file of the family that has that model, not of one whose names look alike.
        known = tuple(m for m in matches if m.models or not m.rule.tells_model)
        return known or matches


def _problem(path: Path, line: int, en: str, es: str) -> TemplateProblem:
    return TemplateProblem(
        Words(f"{path}, line {line}: {en}.", f"{path}, línea {line}: {es}."),
        Words(
            "Mend that line; the other families go on working.",
            "Corrija esa línea; las demás familias siguen trabajando.",
        ),
    )


@dataclass(frozen=True)
class _Option60Text:
    prefix: str = ""
    prefix_hex: str = ""
    pattern: str = ""


@dataclass(frozen=True)
class _FileText:
    path: str
    template: str = ""
    content_type: str = ""
    escape: str = ""
    secret: bool = False
    upload: bool = False
    line_end: str = "lf"
    digest: str = ""
    series: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _DhcpText:
    code: int
    value: str = ""
    form: str = "text"
    parts: list["_DhcpText"] = field(default_factory=list)


@dataclass(frozen=True)
class _ModelText:
    name: str
    lines: int
    keys: int = 0
    aliases: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    series: str = ""
    traits: dict[str, Any] = field(default_factory=dict)
    codecs: list[str] = field(default_factory=list)
    quirks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _SecretsText:
    two_stages: bool = False
    encryption: str = ""
    key: str = "file"
    https: str = ""
    one_stage: str = ""
    no_encryption: str = ""
    no_https: str = ""


@dataclass(frozen=True)
class _SecureText:
    tls: str = ""
    why: str = ""


@dataclass(frozen=True)
class _Descriptor:
    """family.toml, key for key; docs/phones.md explains each."""

    vendor: str
    format: str
    escape: str
    content_type: str
    models: list[_ModelText]
    files: list[_FileText]
    ouis: list[str] = field(default_factory=list)
    option60: list[_Option60Text] = field(default_factory=list)
    user_agents: list[str] = field(default_factory=list)
    dhcp_options: list[_DhcpText] = field(default_factory=list)
    notify: dict[str, str] = field(default_factory=dict)
    prefix: str = ""
    default_model: str = ""
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    quirks: list[str] = field(default_factory=list)
    codecs: list[str] = field(default_factory=list)
    lacks: dict[str, dict[str, str]] = field(default_factory=dict)
    secrets: _SecretsText = _SecretsText()
    secure_sip: dict[str, _SecureText] = field(default_factory=dict)


def load_families(templates_dir: Path, compiled: bool = True) -> Families:
    """Read every folder that has a family.toml. A broken family is left out and told in `problems`.

    Not `compiled`: for those who never render a file, in a fifth of the time; a broken template then goes unnoticed.
    """
    families: list[Family] = []
    problems: list[TemplateProblem] = []
    for descriptor in sorted(templates_dir.glob(f"*/{DESCRIPTOR}")):
        try:
            families.append(load_family(descriptor.parent, compiled))
        except TemplateProblem as problem:
            problems.append(problem)
    return Families(tuple(families), tuple(problems))


def load_family(folder: Path, compiled: bool = True) -> Family:
    """One family. Raises TemplateProblem with file and line."""
    path = folder / DESCRIPTOR
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as broken:
        line = re.search(r"line (\d+)", str(broken))
        raise _problem(
            path,
            int(line[1]) if line else text.count("\n") + 1,
            f"not valid TOML: {broken}",
            f"no es TOML válido: {broken}",
        ) from broken
    except (OSError, UnicodeDecodeError) as unreadable:
        raise _problem(path, 1, f"cannot be read: {unreadable}", f"no se puede leer: {unreadable}") from unreadable
    read = _Reader(path, text)
    family = replace(read.family(folder.name, values, _templates(folder)), upkeep=load_upkeep(folder))
    if compiled:
        compile_check(family)
    return family


def _templates(folder: Path) -> Mapping[str, tuple[str, str]]:
    found = {}
    for file in sorted(folder.rglob("*.j2")):
        try:
            found[file.relative_to(folder).as_posix()] = (file.read_text(encoding="utf-8"), str(file))
        except (OSError, UnicodeDecodeError) as unreadable:
            raise _problem(file, 1, f"cannot be read: {unreadable}", f"no se puede leer: {unreadable}") from unreadable
    return MappingProxyType(found)


class _Reader:
    """Turns a descriptor's values into a Family, and knows on which line a value stands."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()

    def wrong(self, where: str, en: str, es: str) -> TemplateProblem:
        """A problem at the first line that holds `where`."""
        return _problem(self._path, next((i for i, t in enumerate(self._lines, 1) if where and where in t), 1), en, es)

    def family(self, name: str, values: Mapping[str, Any], templates: Mapping[str, tuple[str, str]]) -> Family:
        try:
            said = dacite.from_dict(_Descriptor, dict(values), dacite.Config(strict=True))
        except dacite.UnexpectedDataError as unknown:
            key = sorted(str(k) for k in unknown.keys)[0]
            raise self.wrong(key, f"there is no key '{key}'", f"no existe la clave '{key}'") from unknown
        except dacite.DaciteFieldError as bad:
            key = (bad.field_path or "").rpartition(".")[2]
            raise self.wrong(
                key,
                f"'{bad.field_path}' is missing or of the wrong kind",
                f"'{bad.field_path}' falta o es del tipo equivocado",
            ) from bad
        if not said.models:
            raise self.wrong("models", "a family needs at least one model", "una familia necesita al menos un modelo")
        family = Family(
            name=name,
            vendor=said.vendor,
            models=tuple(
                Model(
                    m.name,
                    m.lines,
                    m.keys,
                    tuple(m.aliases),
                    MappingProxyType(m.names),
                    m.series,
                    MappingProxyType(m.traits),
                    self._codecs(m.codecs) or self._codecs(said.codecs) or CODECS,
                    tuple(m.quirks),
                    self._secure_sip(said.secure_sip, m.series),
                )
                for m in said.models
            ),
            ouis=frozenset(self._oui(o) for o in said.ouis),
            option60=tuple(self._option60(o) for o in said.option60),
            user_agents=tuple(self._expression(u) for u in said.user_agents),
            files=tuple(self._file(f, said, templates) for f in said.files),
            dhcp_options=tuple(self._dhcp(o) for o in said.dhcp_options),
            notify=MappingProxyType(said.notify),
            format=said.format,
            prefix=said.prefix or name,
            default_model=said.default_model,
            tables=MappingProxyType(said.tables),
            quirks=tuple(said.quirks),
            lacks=MappingProxyType(said.lacks),
            templates=templates,
            secrets=self._secrets(said.secrets),
        )
        if said.default_model and family.model(said.default_model) is None:
            raise self.wrong(
                "default_model",
                f"no model is called '{said.default_model}'",
                f"ningún modelo se llama '{said.default_model}'",
            )
        return family

    def _oui(self, text: str) -> str:
        plain = re.sub(r"[:-]", "", text).lower()
        if not re.fullmatch(r"[0-9a-f]{6}", plain):
            raise self.wrong(
                text, f"'{text}' is not the first half of a MAC", f"'{text}' no es la primera mitad de una MAC"
            )
        return plain

    def _expression(self, text: str) -> re.Pattern[str]:
        try:
            found = re.compile(text)
        except re.error as bad:
            raise self.wrong(
                text, f"'{text}' is not a regular expression: {bad}", f"'{text}' no es una expresión regular: {bad}"
            ) from bad
        if set(found.groupindex) - GROUPS:
            raise self.wrong(
                text,
                "groups may be called model, version or mac only",
                "los grupos solo pueden llamarse model, version o mac",
            )
        return found

    def _option60(self, said: _Option60Text) -> Option60:
        try:
            prefix = bytes.fromhex(said.prefix_hex) if said.prefix_hex else said.prefix.encode("latin-1")
        except ValueError as bad:
            raise self.wrong(
                said.prefix_hex or said.prefix,
                "the prefix is neither hex nor Latin-1",
                "el prefijo no es hexadecimal ni Latin-1",
            ) from bad
        if not prefix:
            raise self.wrong("option60", "an option60 needs a prefix", "option60 necesita un prefijo")
        return Option60(prefix, self._expression(said.pattern) if said.pattern else None)

    def _codecs(self, said: list[str]) -> tuple[str, ...]:
        """In the house's order."""
        for name in said:
            if name not in CODECS:
                raise self.wrong(
                    f'"{name}"', f"'{name}' is none of {', '.join(CODECS)}", f"'{name}' no es de {', '.join(CODECS)}"
                )
        return tuple(c for c in CODECS if c in said)

    def _secrets(self, said: _SecretsText) -> Secrets:
        if (
            said.encryption not in ("", *SCHEMES)
            or said.key not in ("file", "link")
            or said.https not in ("", "any", "site-ca")
        ):
            raise self.wrong(
                "[secrets]",
                f"encryption is one of {', '.join(SCHEMES)}, key is file or link, https is any or site-ca",
                f"encryption es una de {', '.join(SCHEMES)}, key es file o link, https es any o site-ca",
            )
        return Secrets(
            said.two_stages, said.encryption, said.key, said.https, said.one_stage, said.no_encryption, said.no_https
        )

    def _secure_sip(self, said: Mapping[str, _SecureText], series: str) -> SecureSip:
        """Of this series, else of all."""
        found = said.get(series) or said.get(ALL_MODELS)
        if found is None:
            return SecureSip("", "Its descriptor says nothing of it.")
        if found.tls not in ("", "checked", "unchecked") or (found.tls == "checked") == bool(found.why):
            raise self.wrong(
                "[secure_sip",
                "tls is checked, or it is unchecked or empty and why says the reason",
                "tls es checked, o es unchecked o vacío y why dice la razón",
            )
        return SecureSip(found.tls, found.why)

    def _file(self, said: _FileText, all_: _Descriptor, templates: Iterable[str]) -> FileRule:
        escape = said.escape or all_.escape
        if escape not in ESCAPES:
            raise self.wrong(
                escape, f"'{escape}' is none of {', '.join(ESCAPES)}", f"'{escape}' no es de {', '.join(ESCAPES)}"
            )
        if said.template and said.template not in templates:
            raise self.wrong(
                said.template, f"there is no template '{said.template}'", f"no existe la plantilla '{said.template}'"
            )
        if said.line_end not in LINE_ENDS or said.digest not in ("", *DIGESTS):
            raise self.wrong(
                said.path,
                "line_end is lf or crlf, and digest is md5",
                "line_end es lf o crlf, y digest es md5",
            )
        return FileRule(
            said.path,
            said.template,
            said.content_type or all_.content_type,
            escape,
            said.secret,
            said.upload,
            said.line_end,
            said.digest,
            tuple(said.series),
            path_pattern(said.path),
        )

    def _dhcp(self, said: _DhcpText) -> DhcpOption:
        if not 1 <= said.code <= 254 or said.form not in DHCP_FORMS or bool(said.parts) != (said.form == "parts"):
            raise self.wrong(
                f"code = {said.code}",
                f"an option has a code of 1 to 254 and a form of {', '.join(DHCP_FORMS)}; parts go with the form parts",
                f"una opción lleva un código de 1 a 254 y una forma de {', '.join(DHCP_FORMS)}; parts va con parts",
            )
        return DhcpOption(said.code, said.value, said.form, tuple(self._dhcp(p) for p in said.parts))
