"""The journal's envelopes and facts out of JSON: everything checked before anything is stored. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dacite

from central.clock import from_iso
from central.errors import WireInputProblem, Words
from wire.facts import FACT_TYPES, Fact

MAX_ID = 64
MAX_TEXT = 1000
MAX_ITEMS = 64
LARGEST = 2**53
NO_KIND = "?"
"""What stands for a kind that is not even a name: such a fact is refused."""
ID = re.compile(r"[A-Za-z0-9._:@-]{1,64}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A wire FactEnvelope whose id is sound; the body is not looked at yet."""

    id: str
    fact: str
    hlc: str
    body: Mapping[str, Any]


def envelope_of(data: Any) -> Envelope:
    """Raises WireInputProblem for what has no usable id: it cannot be answered by one."""
    if not isinstance(data, Mapping) or not isinstance(data.get("id"), str) or not ID.fullmatch(data["id"]):
        raise WireInputProblem(
            Words("A fact in the journal has no valid id.", "Un hecho de la bitácora no tiene un id válido.")
        )
    fact, hlc, body = data.get("fact"), data.get("hlc"), data.get("body")
    return Envelope(
        data["id"],
        fact if isinstance(fact, str) and ID.fullmatch(fact) else NO_KIND,
        hlc if isinstance(hlc, str) and ID.fullmatch(hlc) else "",
        body if isinstance(body, Mapping) else {},
    )


def fact_of(envelope: Envelope) -> Fact:
    """The fact in an envelope. Raises WireInputProblem that says what is wrong with it."""
    fact_type = FACT_TYPES.get(envelope.fact)
    if fact_type is None:
        raise _malformed("its kind is not known in this version", "su tipo no se conoce en esta versión")
    _check(envelope.body)
    try:
        fact = dacite.from_dict(fact_type, dict(envelope.body), dacite.Config(strict=True, cast=[tuple]))
        for name in ("started_at", "answered_at", "ended_at", "first_seen_at", "last_seen_at", "at", "until"):
            moment = getattr(fact, name, "")
            if moment:
                from_iso(moment)
    except (dacite.DaciteError, ValueError, OverflowError, TypeError) as wrong:
        raise _malformed(str(wrong), str(wrong)) from wrong
    return fact


def _check(value: Any, depth: int = 0) -> None:
    """Only what both databases can keep: bounded, no NUL, no half of a surrogate pair."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT or "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
            raise _malformed("a text is too long or not clean", "un texto es demasiado largo o no es válido")
    elif isinstance(value, bool | None):
        pass
    elif isinstance(value, int | float):
        if not 0 <= value < LARGEST:
            raise _malformed("a number is out of bounds", "un número está fuera de rango")
    elif isinstance(value, list | Mapping):
        if depth > 3 or len(value) > MAX_ITEMS:
            raise _malformed("it is too large", "es demasiado grande")
        for item in value.values() if isinstance(value, Mapping) else value:
            _check(item, depth + 1)


def _malformed(en: str, es: str) -> WireInputProblem:
    return WireInputProblem(
        Words(f"The fact does not fit the schema: {en[:300]}.", f"El hecho no cumple el esquema: {es[:300]}.")
    )
