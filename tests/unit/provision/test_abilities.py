"""P-18 by trial: change one thing that a site or a person sets, and see whether the files of a model change with it.

What changes nothing must be explained in the family's `lacks`. So nothing that a family cannot do goes unsaid.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from appliance.provision.context import PhoneContext, common_context, phone_context, zone_of
from appliance.provision.digits import digit_map
from appliance.provision.families import Family, Model
from appliance.provision.keys import ClockTime, Key
from appliance.provision.render import files_for, render

from .house import FURNISHED, families, house, phone

Change = Callable[[PhoneContext], PhoneContext]


def _line(**words: str) -> Change:
    return lambda c: replace(c, line=replace(c.line, **words))


def _server(**words: str | int) -> Change:
    return lambda c: replace(c, server=replace(c.server, **words))  # type: ignore[arg-type]


def _label(c: PhoneContext) -> PhoneContext:
    """Where it stands beside a key, it is that key's."""
    keys = tuple(replace(k, label="999 Otra") if k.kind == "line" else k for k in c.keys)
    return replace(c, line=replace(c.line, label="999 Otra"), keys=keys)


def _second_key(c: PhoneContext) -> PhoneContext:
    return replace(c, keys=tuple(Key(2, "blf", "102", "Beto") if k.position == 2 else k for k in c.keys))


CHANGES: dict[str, Change] = {
    "label": _label,
    "display_name": _line(display_name="Otra Persona"),
    "voicemail": _line(voicemail="*98"),
    "expires": _server(expires_s=600),
    "ntp": _server(ntp="10.20.0.9"),
    "dscp_signalling": _server(dscp_signalling=26),
    "dscp_voice": _server(dscp_voice=34),
    "language": lambda c: replace(c, language="en"),
    "timezone": lambda c: replace(c, zone=zone_of("America/Tijuana")),
    "codecs": lambda c: replace(c, codecs=tuple(reversed(c.codecs))),
    "vlan": lambda c: replace(c, network=replace(c.network, vlan=130)),
    "lldp": lambda c: replace(c, network=replace(c.network, lldp=False)),
    "keys": _second_key,
    "conference": lambda c: replace(c, conference_uri="sip:otra@10.20.0.1"),
    "music": lambda c: replace(c, music_uri="sip:otra@10.20.0.1"),
    "digit_map": lambda c: replace(c, digits=digit_map("mx2017"), dial_profile="mx2017"),
    "admin_password": lambda c: replace(c, admin_password="Otra-Clave-2"),
    "resync_at": lambda c: replace(c, resync_at=ClockTime(3, 59), resync_hours=(2, 5)),
}

KINDS = [
    (of, max((m for m in of.models if m.series == series), key=lambda m: m.keys))
    for of in families().families
    for series in sorted({m.series for m in of.models})
]
IDS = [f"{of.name}-{model.name}".replace(" ", "_") for of, model in KINDS]


def _rendered(of: Family, model: Model, change: Change) -> dict[str, bytes]:
    one = phone(of.name, model.name)
    own = change(phone_context(one, model, house(), FURNISHED))
    common = change(common_context(model, house(), FURNISHED))
    return {name: render(of, rule, own if rule.per_device else common) for name, rule in files_for(own, of)}


@cache
def _unchanged(of: Family, model: Model) -> dict[str, bytes]:
    return _rendered(of, model, lambda c: c)


def _cannot_have(model: Model, ability: str) -> bool:
    """What the model's own counts say already."""
    return (ability == "keys" and model.keys < 2) or (ability == "codecs" and len(model.codecs) < 2)


@pytest.mark.acceptance("P-18")
@pytest.mark.parametrize(("of", "model"), KINDS, ids=IDS)
def test_what_is_set_reaches_a_model_of_each_series_or_the_family_says_why_not(of: Family, model: Model) -> None:
    lacks = of.lacking(model)
    silent = [
        ability
        for ability, change in CHANGES.items()
        if ability not in lacks
        and not _cannot_have(model, ability)
        and _rendered(of, model, change) == _unchanged(of, model)
    ]
    assert silent == []
