"""A phone's files from its family's templates: Jinja2, sandboxed, nothing undefined, every value escaped.

Pure: same inputs, same bytes. What goes into the files is made by `context.py`; who may have them is `desk.py`'s.
"""

import hashlib
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache, partial
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from appliance.errors import TemplateProblem, Words
from appliance.provision.context import PhoneContext
from appliance.provision.escapes import ESCAPES, carries
from appliance.provision.family import Family, FileRule
from appliance.provision.upkeep import by_hand

LINE_ENDS = {"lf": "\n", "crlf": "\r\n"}
DIGESTS: dict[str, Callable[[bytes], "hashlib._Hash"]] = {"md5": partial(hashlib.md5, usedforsecurity=False)}
RENDERED_KEPT = 4096
"""Rendered files kept in memory of a process: a context that has not changed is not rendered again."""


def render(family: Family, rule: FileRule, context: PhoneContext) -> bytes:
    """The file, in UTF-8. Raises TemplateProblem: naming the template's file and line, or the phone whose password such
    a file cannot hold."""
    if rule.secret and rule.per_device and not carries(rule.escape, context.line.sip_secret):
        raise TemplateProblem(
            Words(
                f"The SIP password of {context.mac} has a character that files of {family.vendor} cannot hold.",
                f"La contraseña SIP de {context.mac} tiene un carácter que los archivos de {family.vendor} no admiten.",
            ),
            Words("Give it another password.", "Asígnele otra contraseña."),
        )
    return _rendered(family, rule, context)


def files_for(context: PhoneContext, family: Family) -> tuple[tuple[str, FileRule], ...]:
    """(name, rule) of every file that this phone is given, common ones first, in the descriptor's order."""
    named = ((rule.name_for(context.mac, context.model), rule) for rule in family.files if rule.template)
    return tuple((name, rule) for name, rule in named if name)


@lru_cache(maxsize=RENDERED_KEPT)
def _rendered(family: Family, rule: FileRule, context: PhoneContext) -> bytes:
    name = family.template_for(rule, context.model)
    given = {f.name: getattr(context, f.name) for f in fields(context)}
    if not rule.per_device:
        # A common file is served to anyone: its template cannot even name a phone's own facts.
        for own in PhoneContext.OWN:
            given.pop(own)
    try:
        text = (
            _environment(family, rule.escape)
            .get_template(name)
            .render(given, tables=family.tables, models=family.models)
        )
    except Exception as broken:  # a template can fail in any way that Python can; all are the template's
        raise _problem(family, name, broken) from broken
    if rule.per_device:
        text = by_hand(family.upkeep, rule.template, rule.escape, text, context.firmware_url, context.parameters)
    data = text.replace("\n", LINE_ENDS[rule.line_end]).encode("utf-8")
    return DIGESTS[rule.digest](data).hexdigest().encode() if rule.digest else data


@lru_cache(maxsize=256)
def _environment(family: Family, escape: str) -> ImmutableSandboxedEnvironment:
    def source(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        found = family.templates.get(name)
        return (*found, lambda: True) if found else None

    write = ESCAPES[escape]

    def final(value: Any) -> Any:
        if isinstance(value, Markup):  # what a block or macro has already written
            return value
        if isinstance(value, bool) or not isinstance(value, str | int):
            return value if isinstance(value, StrictUndefined) else _refuse(value)
        return Markup(write(str(value)))  # noqa: S704 - escaped for this format on this very line

    # autoescape keeps blocks and macros as Markup; the escaping itself is `final`'s.
    environment = ImmutableSandboxedEnvironment(
        loader=FunctionLoader(source),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=final,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        cache_size=-1,
    )
    environment.globals.clear()
    environment.globals["range"] = range
    return environment


def _refuse(value: object) -> None:
    raise TypeError(f"a value is {type(value).__name__}; write text or a whole number")


def compile_check(family: Family) -> None:
    """Compile every template of a family, so that no phone waits for it. Raises TemplateProblem."""
    for environment in [_environment(family, escape) for escape in sorted({r.escape for r in family.files})]:
        for name in family.templates:
            try:
                environment.get_template(name)
            except TemplateError as broken:
                raise _problem(family, name, broken) from broken


def _problem(family: Family, name: str, broken: Exception) -> TemplateProblem:
    file, line = family.templates[name][1], 1
    if isinstance(broken, TemplateSyntaxError):
        file, line = broken.filename or file, broken.lineno
    else:
        files = {f for _, f in family.templates.values()}
        trace = broken.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename in files:
                file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
            trace = trace.tb_next
    return TemplateProblem(
        Words(f"{file}, line {line}: {broken}.", f"{file}, línea {line}: {broken}."),
        Words(
            "Mend that line; phones of other families are unharmed.",
            "Corrija esa línea; los teléfonos de las demás familias no se ven afectados.",
        ),
    )


def clear() -> None:
    """Forget what was rendered: for measuring a cold render."""
    _rendered.cache_clear()
