"""The words of a phone family: its models, the files it asks for, how it gives itself away, what DHCP tells it.

All of it comes from `templates/phones/<family>/`; nothing here knows a vendor. Pure: `families.py` reads the files.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from appliance.provision.upkeep import Upkeep

MAC_TEXT = re.compile(r"(?i)([0-9a-f]{2}[:-]?){5}[0-9a-f]{2}")
PLACEHOLDER = re.compile(r"\{(\w+)\}")
CODECS = ("g722", "pcmu", "pcma")
"""All that the house speaks, best first; a model may have fewer."""
EMPTY: Mapping[str, Any] = MappingProxyType({})
ALL_MODELS = "*"


def plain_mac(text: str) -> str:
    """Twelve lower-case hex digits of a MAC in any usual notation; empty when it is none."""
    found = MAC_TEXT.fullmatch(text.strip())
    return re.sub("[:-]", "", found[0]).lower() if found else ""


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


@dataclass(frozen=True, slots=True)
class SecureSip:
    """Whether a model can register over TLS and speak by SRTP, by its files (docs/phones.md, "TLS and SRTP").

    `tls`: "checked": its files give it the site's authority, and it checks us by it; "unchecked": it can, but nothing
    in its files makes it check, so it does only where a person says so; "": it cannot. `why`: of all but "checked".
    """

    tls: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """One model. `names` are what its files call it (a model code, a product number), for `{code}` in a file's name.

    `series` names a folder of templates that extend the family's; `traits` are what templates ask of a model.
    `codecs` are those it knows, whatever their order; `quirks` what is its own, for people.
    """

    name: str
    lines: int
    keys: int = 0
    aliases: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    series: str = ""
    traits: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    codecs: tuple[str, ...] = CODECS
    quirks: tuple[str, ...] = ()
    secure_sip: SecureSip = SecureSip()

    def file_name(self, word: str) -> str:
        """What `{word}` stands for in this model's file names; `{model}` is its name in lower case, unless said."""
        return self.names.get(word, self.name.lower() if word == "model" else "")


@dataclass(frozen=True, slots=True)
class DhcpOption:
    """A DHCPv4 option for this family, or a part of one. In `value`, `{http}` is host[:port] of our HTTP, `{http_port}`
    its port, `{tftp}` our address.

    `form`: "text" as it stands, "address" an IPv4 address or several with commas, "hex" octets, "parts" the `parts` one
    after the other, each with its code and length before it (RFC 2132 §8.4).
    """

    code: int
    value: str = ""
    form: str = "text"
    parts: tuple["DhcpOption", ...] = ()

    def filled(self, http: str, tftp: str) -> str:
        port = http.partition(":")[2] or "80"
        return self.value.replace("{http}", http).replace("{http_port}", port).replace("{tftp}", tftp)


@dataclass(frozen=True, slots=True)
class Option60:
    """How this family's vendor class looks: begins with `prefix` (bytes: some are binary or end in NUL).

    `pattern` may find `model` and `version` in it, read as Latin-1 with NULs at the end taken off.
    """

    prefix: bytes
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a family can do for its secrets (docs/provisioning.md, "Secrets")."""

    two_stages: bool = False
    """It follows a link in its first file to a URL of its own."""
    encryption: str = ""
    """A name of cipher.SCHEMES that it decrypts."""
    key: str = "file"
    """How it learns the key. "link": in the link to its file, which is then always encrypted; "file": in a file."""
    https: str = ""
    """"any": fetches over TLS without checking who we are; "site-ca": checks, once it was given our CA."""
    one_stage: str = ""
    """Why it cannot follow such a link, of a family without two stages."""
    no_encryption: str = ""
    """Why its files are not encrypted, of a family without."""
    no_https: str = ""
    """Why it is not led to HTTPS, of a family without."""


@dataclass(frozen=True, slots=True, eq=False)
class FileRule:
    """A file that phones of the family ask for. In `path`: {mac} {MAC}, and the models' own names such as {code}.

    No `template`: it is known to be asked for and there is none (the phone goes on without). `escape`: how values are
    written into it (render.ESCAPES). `secret`: it holds credentials.
    """

    path: str
    template: str = ""
    content_type: str = "text/plain; charset=utf-8"
    escape: str = "line"
    secret: bool = False
    upload: bool = False
    """The phone sends it to us (a log); it is accepted and dropped."""
    line_end: str = "lf"
    """lf | crlf"""
    digest: str = ""
    """md5: not the file itself but its digest, in lower-case hex, for phones that check what they were given."""
    series: tuple[str, ...] = ()
    """Only models of these series have this file; none named: all have it."""
    pattern: re.Pattern[str] = field(default=re.compile(""), repr=False)

    @property
    def per_device(self) -> bool:
        return "{mac}" in self.path or "{MAC}" in self.path

    @property
    def tells_model(self) -> bool:
        return bool(set(PLACEHOLDER.findall(self.path)) - {"mac", "MAC"})

    def name_for(self, mac: str, model: Model) -> str:
        """This file's name for one phone; empty when the model has no such file."""
        if self.series and model.series not in self.series:
            return ""
        words = {"mac": mac, "MAC": mac.upper()}
        missing = False

        def fill(found: re.Match[str]) -> str:
            nonlocal missing
            value = words.get(found[1]) or model.file_name(found[1])
            missing = missing or not value
            return value

        name = PLACEHOLDER.sub(fill, self.path)
        return "" if missing else name


def path_pattern(path: str) -> re.Pattern[str]:
    """The expression of a rule's path: MACs in either case, model names as they may be written."""
    parts = []
    for i, part in enumerate(PLACEHOLDER.split(path)):
        if i % 2 == 0:
            parts.append(re.escape(part))
        elif part in ("mac", "MAC"):
            # Twelve zeros are nobody's MAC, and the name of some families' common file.
            parts.append("(?P<mac>(?!0{12})[0-9A-Fa-f]{12})")
        else:
            parts.append(rf"(?P<{part}>[A-Za-z0-9_+-]+)")
    return re.compile("".join(parts))


@dataclass(frozen=True)
class PathMatch:
    """A path fits a rule of a family. `models`: those it can be of; empty when the name says nothing of the model."""

    family: "Family"
    rule: FileRule
    mac: str = ""
    models: tuple[Model, ...] = ()


@dataclass(frozen=True, eq=False)
class Family:
    """A family as its descriptor says. Compared by identity: one is made once and shared."""

    name: str
    vendor: str
    models: tuple[Model, ...]
    ouis: frozenset[str]
    """First six hex digits of a MAC, lower case. Families may share one."""
    option60: tuple[Option60, ...]
    user_agents: tuple[re.Pattern[str], ...]
    """Named groups model, version, mac, each optional."""
    files: tuple[FileRule, ...]
    dhcp_options: tuple[DhcpOption, ...]
    notify: Mapping[str, str]
    """Event header to send: `resync` (take changes), `reboot`."""
    format: str
    """What tests/lab/formats.py reads it with."""
    prefix: str
    """First part of the path in URLs that we hand out; requests come with and without it."""
    default_model: str = ""
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: EMPTY)
    """Tables that templates look in: time zones, languages."""
    quirks: tuple[str, ...] = ()
    lacks: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: EMPTY)
    """What cannot be set on its phones: series (or ALL_MODELS) -> ability -> why."""
    secrets: Secrets = Secrets()
    upkeep: Upkeep = field(default_factory=Upkeep)
    """Parameters set by hand, and firmware."""
    templates: Mapping[str, tuple[str, str]] = field(default_factory=lambda: EMPTY, repr=False)
    """Template name -> (text, file it came from)."""

    @cached_property
    def _by_bare_name(self) -> dict[str, Model]:
        return {_bare(n): m for m in reversed(self.models) for n in (*m.aliases, m.name)}

    def model(self, name: str) -> Model | None:
        """The model of this name or alias, whatever its dashes and case."""
        return self._by_bare_name.get(_bare(name)) if name else None

    @cached_property
    def fallback_model(self) -> Model:
        """For a phone whose model nobody knows: the descriptor's default, which has the fewest lines."""
        return self.model(self.default_model) or min(self.models, key=lambda m: m.lines)

    def match(self, path: str) -> PathMatch | None:
        """The first rule that this path (without prefix) fits."""
        for rule in self.files:
            found = rule.pattern.fullmatch(path)
            if found is None:
                continue
            words = found.groupdict()
            mac = (words.pop("mac", None) or "").lower()
            models = tuple(
                m for m in self.models if words and all(m.file_name(w).lower() == v.lower() for w, v in words.items())
            )
            if words and not models and rule.path.startswith("{"):
                # A name that is nothing but a model's could be any file's: only a known model's is ours.
                continue
            return PathMatch(self, rule, mac, models)
        return None

    def lacking(self, model: Model) -> Mapping[str, str]:
        """Ability -> why this model does not have it, or why we cannot set it."""
        return {**self.lacks.get(ALL_MODELS, EMPTY), **(self.lacks.get(model.series, EMPTY) if model.series else EMPTY)}

    def template_for(self, rule: FileRule, model: Model) -> str:
        """The model's series may bring its own template of that name; else the family's."""
        own = f"{model.series}/{rule.template}"
        return own if model.series and own in self.templates else rule.template
