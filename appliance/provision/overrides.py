"""What this building wants otherwise: for all phones, for a model, for one phone. Read, checked, laid over a phone.

Pure. The device's word goes before the model's, and that before the site's. A file with a fault is refused whole, with
the line; `override_files.py` reads and writes them; docs/overrides.md lists the values.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from appliance.errors import TemplateProblem, Words
from appliance.provision.context import PhoneContext, zone_of
from appliance.provision.families import Families, Family
from appliance.provision.family import CODECS
from appliance.provision.upkeep import ANY_NAME, Upkeep

TEXT_MOST = 200
PARAMETERS_MOST = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
Put = Callable[[PhoneContext, Any], PhoneContext]


def _text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= TEXT_MOST and not _CONTROL.search(value)


def _number(least: int, most: int) -> Callable[[Any], bool]:
    return lambda v: isinstance(v, int) and not isinstance(v, bool) and least <= v <= most


def _sip_uri(value: Any) -> bool:
    return value == "" or (_text(value) and value.startswith(("sip:", "sips:")))


def _zone(value: Any) -> bool:
    try:
        return bool(_text(value) and ZoneInfo(value))
    except (ZoneInfoNotFoundError, ValueError):
        return False


def _codecs(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(v in CODECS for v in value) and len(set(value)) == len(value)


def _own(put: Put) -> Put:
    """A phone's own: a common file, which has no MAC, stays without."""
    return lambda c, v: put(c, v) if c.mac else c


def _label(context: PhoneContext, value: Any) -> PhoneContext:
    """Beside the line's keys too."""
    keys = tuple(replace(k, label=value) if k.label == context.line.label else k for k in context.keys)
    return replace(context, line=replace(context.line, label=value), keys=keys)


@dataclass(frozen=True, slots=True)
class Value:
    """A value that may be overridden. `form` says what is right, for people."""

    right: Callable[[Any], bool]
    form: Words
    put: Put


_TEXT = Words(f"text of up to {TEXT_MOST} characters", f"texto de hasta {TEXT_MOST} caracteres")
_URI = Words('a SIP URI, or ""', 'una URI de SIP, o ""')
_BOOL = Words("true or false", "true o false")

VALUES: Mapping[str, Value] = MappingProxyType(
    {
        "language": Value(
            lambda v: v in ("es-MX", "en"), Words("es-MX or en", "es-MX o en"), lambda c, v: replace(c, language=v)
        ),
        "timezone": Value(
            _zone,
            Words("a zone such as America/Tijuana", "una zona como America/Tijuana"),
            lambda c, v: replace(c, zone=zone_of(v)),
        ),
        "ntp": Value(_text, _TEXT, lambda c, v: replace(c, server=replace(c.server, ntp=v))),
        "register_expires_s": Value(
            _number(60, 86400),
            Words("60 to 86400 seconds", "de 60 a 86400 segundos"),
            lambda c, v: replace(c, server=replace(c.server, expires_s=v)),
        ),
        "codecs": Value(
            _codecs,
            Words(f"some of {', '.join(CODECS)}, best first", f"algunos de {', '.join(CODECS)}, el mejor primero"),
            # A codec that the model does not have stays out; with none left the model keeps its own.
            lambda c, v: replace(c, codecs=tuple(x for x in v if x in c.model.codecs) or c.codecs),
        ),
        "voice_vlan": Value(
            _number(0, 4094),
            Words("0 to 4094", "de 0 a 4094"),
            lambda c, v: replace(c, network=replace(c.network, vlan=v)),
        ),
        "vlan_priority": Value(
            _number(0, 7), Words("0 to 7", "de 0 a 7"), lambda c, v: replace(c, network=replace(c.network, priority=v))
        ),
        "lldp": Value(
            lambda v: isinstance(v, bool), _BOOL, lambda c, v: replace(c, network=replace(c.network, lldp=v))
        ),
        "secure_sip": Value(
            lambda v: isinstance(v, bool),
            _BOOL,
            # Also for a phone that does not check who answers: a person says so. One that cannot stays as it is.
            lambda c, v: replace(c, server=c.server.secured(v and bool(c.model.secure_sip.tls))),
        ),
        "music_uri": Value(_sip_uri, _URI, lambda c, v: replace(c, music_uri=v)),
        "conference_uri": Value(_sip_uri, _URI, lambda c, v: replace(c, conference_uri=v)),
        "admin_password": Value(_text, _TEXT, _own(lambda c, v: replace(c, admin_password=v))),
        "label": Value(_text, _TEXT, _own(_label)),
        "display_name": Value(_text, _TEXT, _own(lambda c, v: replace(c, line=replace(c.line, display_name=v)))),
        "voicemail": Value(_text, _TEXT, _own(lambda c, v: replace(c, line=replace(c.line, voicemail=v)))),
    }
)
_SECRET = re.compile("(?i)pass|pwd|secret|aes_?key")


@dataclass(frozen=True, slots=True)
class Layer:
    """One file. `where`: site, model or device. `parameters`: family -> (name, value) pairs, in their order."""

    where: str
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    parameters: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict, repr=False)
    warnings: tuple[Words, ...] = ()

    def hidden(self, stars: str) -> "Layer":
        """The same with stars for passwords."""
        values = {n: stars if is_secret(n) else v for n, v in self.values.items()}
        pairs = {f: tuple((n, stars if is_secret(n) else v) for n, v in p) for f, p in self.parameters.items()}
        return replace(self, values=values, parameters=pairs)


def is_secret(name: str) -> bool:
    """Whether a value or parameter of this name is never shown."""
    return _SECRET.search(name) is not None


ANY_FAMILY = "*"
"""In a device's layer: parameters are of whatever family the phone is."""


@dataclass(frozen=True, slots=True)
class Laid:
    """What applies to one phone: value or parameter -> (what, layer it is from)."""

    values: Mapping[str, tuple[Any, str]]
    parameters: Mapping[str, tuple[str, str]]

    def over(self, context: PhoneContext) -> PhoneContext:
        """The context with these values in place of its own."""
        for name, (value, _) in self.values.items():
            context = VALUES[name].put(context, value)
        return context


NONE = Laid(MappingProxyType({}), MappingProxyType({}))


@dataclass(frozen=True)
class Overrides:
    """All layers that could be read, and what is wrong with the others. Keys: family-model, and MAC."""

    site: Layer | None = None
    models: Mapping[str, Layer] = field(default_factory=dict)
    devices: Mapping[str, Layer] = field(default_factory=dict)
    problems: tuple[TemplateProblem, ...] = ()

    def hidden(self, stars: str) -> "Overrides":
        """The same with stars for passwords."""
        return replace(
            self,
            site=self.site and self.site.hidden(stars),
            models={k: v.hidden(stars) for k, v in self.models.items()},
            devices={k: v.hidden(stars) for k, v in self.devices.items()},
        )

    def laid(self, mac: str, family: str, model: str) -> Laid:
        """For one phone; with an empty MAC for a common file of this model."""
        layers = [self.site, self.models.get(model_key(family, model)), self.devices.get(mac) if mac else None]
        values: dict[str, tuple[Any, str]] = {}
        parameters: dict[str, tuple[str, str]] = {}
        for layer in layers:
            if layer is None:
                continue
            values |= {n: (v, layer.where) for n, v in layer.values.items()}
            for of in (family, ANY_FAMILY):
                parameters |= {n: (v, layer.where) for n, v in layer.parameters.get(of, ())}
        return Laid(values, parameters) if values or parameters else NONE


def model_key(family: str, model: str) -> str:
    """The name of a model's file, without ending: letters, digits, dots and dashes only."""
    return f"{family}-{re.sub('[^A-Za-z0-9.+_]+', '_', model)}"


class Refused(Exception):
    """`at`: what stands on the line in question."""

    def __init__(self, at: str, says: Words) -> None:
        super().__init__(says.en)
        self.at = at
        self.says = says


def read_layer(text: str, file: str, where: str, family: str, families: Families) -> Layer:
    """A layer from its file's text. `family`: of a model's file; empty for the others.

    Raises TemplateProblem with file and line. Names of parameters that the family is not known to have are warnings.
    """
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as broken:
        found = re.search(r"line (\d+)", str(broken))
        line = int(found[1]) if found else text.count("\n") + 1
        raise problem(file, line, Words(f"not valid TOML: {broken}", f"no es TOML válido: {broken}")) from broken
    try:
        return _layer(said, where, family, families, file, text)
    except Refused as refused:
        raise problem(file, line_of(text, refused.at), refused.says) from refused


def line_of(text: str, at: str) -> int:
    """The first line that sets `at`, or has it."""
    lines = text.splitlines()
    for sought in (rf'^\s*\[?[\'"]?{re.escape(at)}[\'"]?\s*[=\]]', re.escape(at)):
        for number, line in enumerate(lines, 1):
            if at and re.search(sought, line):
                return number
    return 1


def problem(file: str, line: int, says: Words) -> TemplateProblem:
    return TemplateProblem(
        Words(f"{file}, line {line}: {says.en}.", f"{file}, línea {line}: {says.es}."),
        Words(
            "Until it is mended, phones get their files without this override.",
            "Mientras no se corrija, los teléfonos reciben sus archivos sin este ajuste.",
        ),
    )


def _layer(said: Mapping[str, Any], where: str, family: str, families: Families, file: str, text: str) -> Layer:
    for key in said:
        if key not in ("values", "parameters"):
            raise Refused(key, Words(f"there is no section '{key}'", f"no existe la sección '{key}'"))
    values, parameters = said.get("values", {}), said.get("parameters", {})
    for name, section in (("values", values), ("parameters", parameters)):
        if not isinstance(section, dict):
            raise Refused(name, Words(f"'{name}' is a section", f"'{name}' es una sección"))
    for name, value in values.items():
        known = VALUES.get(name)
        if known is None:
            raise Refused(name, Words(f"there is no value '{name}'", f"no existe el valor '{name}'"))
        if not known.right(value):
            raise Refused(name, Words(f"'{name}' is {known.form.en}", f"'{name}' es {known.form.es}"))
    groups = parameters if where == "site" else {family or ANY_FAMILY: parameters}
    checked: dict[str, tuple[tuple[str, str], ...]] = {}
    warnings: list[Words] = []
    for of, pairs in groups.items():
        upkeep = _upkeep(of, families, pairs)
        shape = upkeep.raw.name if upkeep and upkeep.raw else ANY_NAME
        checked[of] = tuple(_parameter(name, value, shape) for name, value in pairs.items())
        for name, _ in checked[of]:
            if upkeep is not None and not upkeep.knows(name):
                line = line_of(text, name)
                warnings.append(unknown_name(f"{file}, {line}", name, of))
    if sum(map(len, checked.values())) > PARAMETERS_MOST:
        raise Refused("parameters", Words(f"more than {PARAMETERS_MOST}", f"más de {PARAMETERS_MOST}"))
    return Layer(where, MappingProxyType(values), MappingProxyType(checked), tuple(warnings))


def unknown_name(place: str, name: str, family: str) -> Words:
    return Words(
        f"{place}: no list of {family}'s parameters has '{name}'; it is written all the same.",
        f"{place}: ninguna lista de parámetros de {family} tiene '{name}'; se escribe de todos modos.",
    )


def _upkeep(of: str, families: Families, pairs: Any) -> Upkeep | None:
    """None for a device's layer, whose family is not known before the phone is."""
    if of == ANY_FAMILY:
        return None
    known: Family | None = families.family(of)
    if known is None:
        raise Refused(of, Words(f"there is no phone family '{of}'", f"no existe la familia '{of}'"))
    if not isinstance(pairs, dict):
        raise Refused(
            of,
            Words(
                "parameters of the site stand under [parameters.<family>]",
                "los parámetros del sitio van bajo [parameters.<familia>]",
            ),
        )
    if pairs and known.upkeep.raw is None:
        raise Refused(of, Words(f"{of} takes no parameters by hand", f"{of} no admite parámetros puestos a mano"))
    return known.upkeep


def _parameter(name: str, value: Any, shape: str) -> tuple[str, str]:
    if not re.fullmatch(shape, name) or len(name) > TEXT_MOST:
        raise Refused(name, Words(f"'{name}' cannot be a parameter's name", f"'{name}' no puede ser un parámetro"))
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Refused(name, Words(f"'{name}' is text or a whole number", f"'{name}' es texto o un número entero"))
    written = str(value)
    if len(written) > TEXT_MOST * 5 or _CONTROL.search(written):
        raise Refused(name, Words(f"'{name}' is text on one line", f"'{name}' es texto en una línea"))
    return name, written


def lint(pairs: Iterable[str], family: Family) -> tuple[Words, ...]:
    """Warnings for a device's parameters, once its family is known."""
    return tuple(unknown_name(family.name, n, family.name) for n in pairs if not family.upkeep.knows(n))
