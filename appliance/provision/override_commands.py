"""`conserje phones override`: what this building wants otherwise in its phones' files, shown, set and checked."""

from dataclasses import replace
from typing import Any

import click

from appliance.directory.live import Live
from appliance.errors import Words
from appliance.ports import SystemClock
from appliance.provision.families import Families, load_families
from appliance.provision.order_book import ordered_site
from appliance.provision.orders import STARS
from appliance.provision.override_files import change, load_overrides
from appliance.provision.override_places import place_of, section_of, value_of
from appliance.provision.overrides import Laid, is_secret, lint
from appliance.provision.phone_words import as_json, checked_mac, known_phone, print_json
from appliance.provision.preview import rendered
from appliance.settings import Settings

WHERE = click.argument("where")
"""site | FAMILY/MODEL | MAC"""


@click.group()
def override() -> None:
    """What this building wants otherwise: for all phones (site), a model (yealink/T46S), or one phone (its MAC)."""


@override.command()
@click.argument("mac")
@as_json
@click.pass_obj
def show(settings: Settings, mac: str, as_json: bool) -> None:
    """What applies to a phone, and from where: device before model before site."""
    mac = checked_mac(mac)
    families = load_families(settings.paths.templates_dir)
    phone = known_phone(Live(settings.paths.live_dir).current(), mac)
    laid = load_overrides(settings.paths.overrides_dir, families).laid(mac, phone.family, phone.model)
    rows = [("value", n, v, w) for n, (v, w) in laid.values.items()]
    rows += [("parameter", n, v, w) for n, (v, w) in laid.parameters.items()]
    shown = [(kind, n, STARS if is_secret(n) else v, w) for kind, n, v, w in rows]
    without = _without_effect(settings, families, mac, laid)
    if as_json:
        print_json([{"kind": k, "name": n, "value": v, "from": w, "effect": n not in without} for k, n, v, w in shown])
        return
    for kind, name, value, where in shown:
        click.echo(f"{where:<7} {kind:<10} {name} = {value}")
    for name in without:
        click.echo(_no_effect(name).text(settings.language), err=True)


@override.command("set")
@WHERE
@click.argument("name")
@click.argument("value")
@click.option("--raw", is_flag=True, help="NAME is a parameter of the maker's, not one of the house's values.")
@click.option("--family", default="", help="With --raw and site: whose parameter it is.")
@click.pass_obj
def set_(settings: Settings, where: str, name: str, value: str, raw: bool, family: str) -> None:
    """Set one value, e.g. `set site language en`, or `set yealink/T46S phone_setting.backlight_time 60 --raw`."""
    families = load_families(settings.paths.templates_dir)
    place = place_of(settings.paths.overrides_dir, families, where)
    layer = change(place, section_of(place, raw, family), name, value if raw else value_of(name, value), families)
    for warning in layer.warnings:
        click.echo(warning.text(settings.language), err=True)
    if place.where == "device":
        phone = known_phone(Live(settings.paths.live_dir).current(), place.key)
        known = families.family(phone.family)
        for warning in lint([name], known) if known and raw else ():
            click.echo(warning.text(settings.language), err=True)
        laid = load_overrides(settings.paths.overrides_dir, families).laid(place.key, phone.family, phone.model)
        if name in _without_effect(settings, families, place.key, laid):
            click.echo(_no_effect(name).text(settings.language), err=True)


@override.command()
@WHERE
@click.argument("name")
@click.option("--raw", is_flag=True)
@click.option("--family", default="")
@click.pass_obj
def unset(settings: Settings, where: str, name: str, raw: bool, family: str) -> None:
    """Take one away again."""
    families = load_families(settings.paths.templates_dir)
    place = place_of(settings.paths.overrides_dir, families, where)
    change(place, section_of(place, raw, family), name, None, families)


@override.command()
@as_json
@click.pass_obj
def check(settings: Settings, as_json: bool) -> None:
    """Read every override; say what is refused, and which parameter no list knows. Exit code 1 when one is refused."""
    families = load_families(settings.paths.templates_dir)
    found = load_overrides(settings.paths.overrides_dir, families)
    directory = Live(settings.paths.live_dir).current()
    layers = [layer for layer in (found.site, *found.models.values(), *found.devices.values()) if layer]
    warnings = [w for layer in layers for w in layer.warnings]
    for mac, layer in found.devices.items():
        phone = directory.phone_by_mac(mac)
        family = families.family(phone.family) if phone else None
        if family:
            warnings += lint([n for pairs in layer.parameters.values() for n, _ in pairs], family)
    refused = [p.text(settings.language) for p in found.problems]
    told = [w.text(settings.language) for w in warnings]
    if as_json:
        print_json({"layers": len(layers), "refused": refused, "warnings": told})
    else:
        for line in (*refused, *told):
            click.echo(line)
    if refused:
        raise SystemExit(1)


def _without_effect(settings: Settings, families: Families, mac: str, laid: Laid) -> list[str]:
    """Names that change nothing in this phone's own files."""
    directory = Live(settings.paths.live_dir).current()
    phone = known_phone(directory, mac)
    family = families.family(phone.family)
    if family is None:
        return []
    site = ordered_site(settings, families, SystemClock())
    plain = replace(site, orders=None)
    model = family.model(phone.model) or family.fallback_model
    before = rendered(phone, family, directory, plain)
    idle = []
    for name, (value, where) in (*laid.values.items(), *laid.parameters.items()):
        one = Laid({name: (value, where)}, {}) if name in laid.values else None
        if one is None:
            if family.upkeep.raw is None or not family.upkeep.raw.takes(name):
                idle.append(name)
            continue
        after = rendered(phone, family, directory, replace(plain, orders=_Only(one)))
        if [f.data for f in before] == [f.data for f in after] and model is not None:
            idle.append(name)
    return idle


class _Only:
    """Orders of one value."""

    def __init__(self, laid: Laid) -> None:
        self._laid = laid

    def over(self, context: Any) -> Any:
        return self._laid.over(context) if context.mac else context

    def hidden(self) -> "_Only":
        return self


def _no_effect(name: str) -> Words:
    return Words(
        f"'{name}' changes nothing in this phone's own files: its family has it in a common file, for the site only.",
        f"'{name}' no cambia nada en los archivos propios de este teléfono: va en uno común, del sitio.",
    )
