"""Answers at the hatch on what this building's people order: overrides by site, model and device; firmware and its
roll-outs. The stores decide what is good; here is what the page is told of it.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, BinaryIO

from appliance.directory.hatch import (
    Done,
    FirmwareOnShelf,
    FirmwareShelf,
    FirmwareTaken,
    OverrideCheck,
    OverrideEntry,
    OverrideFile,
    OverrideList,
    OverrideText,
    OverrideValue,
    Rollout,
)
from appliance.errors import InputProblem, TemplateProblem, Words
from appliance.provision.families import Families
from appliance.provision.firmware import FirmwareFile, RolloutState, Shelf, Target, start
from appliance.provision.firmware_commands import model_of
from appliance.provision.firmware_store import target_for
from appliance.provision.hatch_phones import Workshop
from appliance.provision.order_book import firmware_store, phones_of, tend
from appliance.provision.orders import STARS
from appliance.provision.override_files import Place, change, places, read_place, read_text, replace_text
from appliance.provision.override_places import place_of, section_of, value_of
from appliance.provision.overrides import VALUES, Layer, is_secret

_SET = re.compile(r"""^(\s*(?P<quote>["']?)(?P<name>[^"'=\[\]]+?)(?P=quote)\s*=\s*)(?P<value>.+?)\s*$""")
_STARRED = f'"{STARS}"'


class OverrideAnswers:
    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    def every(self, asked: Mapping[str, Any], file: BinaryIO | None) -> OverrideList:
        families = self._shop.catalogue.current()
        found, wrong = places(self._folder, families)
        files = tuple(_shown(place, families) for place in found)
        values = tuple(OverrideValue(name, value.form) for name, value in VALUES.items())
        return OverrideList(files, values, tuple(_short(p.says) for p in wrong))

    def text(self, asked: Mapping[str, Any], file: BinaryIO | None) -> OverrideText:
        place, families = self._place(asked)
        text = read_text(place)
        shown, problem, line = masked(text), None, 0
        try:
            if any(secret in shown for secret in _secrets(read_place(place, families))):
                raise InputProblem(
                    Words(
                        f"{place.file.name} has a password where it cannot be hidden.",
                        f"{place.file.name} tiene una contraseña donde no se puede ocultar.",
                    ),
                    Words("Edit it on the appliance.", "Edítelo en el equipo."),
                )
        except TemplateProblem as wrong:
            problem, line = _short(wrong.says), _line(wrong)
        return OverrideText(_where(place), shown, _mark(text), place.file.exists(), problem, line)

    def write(self, asked: Mapping[str, Any], file: BinaryIO | None) -> OverrideCheck:
        place, families = self._place(asked)
        before = read_text(place)
        if asked.get("mark") != _mark(before):
            raise InputProblem(
                Words("Somebody changed this file meanwhile.", "Alguien cambió este archivo mientras tanto."),
                Words(
                    "Your text is below. Open the file anew in another tab and bring both together.",
                    "Su texto está abajo. Abra el archivo de nuevo en otra pestaña y junte los dos.",
                ),
            )
        text = str(asked.get("text", "")).replace("\r\n", "\n")
        if text and not text.endswith("\n"):
            text += "\n"
        try:
            layer = replace_text(place, unmasked(text, before), families)
        except TemplateProblem as wrong:
            return OverrideCheck(_short(wrong.says), _line(wrong))
        return OverrideCheck(warnings=tuple(_short(w) for w in layer.warnings))

    def set(self, asked: Mapping[str, Any], file: BinaryIO | None) -> OverrideCheck:
        raw, name, value = bool(asked.get("raw")), str(asked.get("name")), str(asked.get("value"))
        return self._change(asked, value if raw else value_of(name, value))

    def unset(self, asked: Mapping[str, Any], file: BinaryIO | None) -> OverrideCheck:
        return self._change(asked, None)

    def _change(self, asked: Mapping[str, Any], value: Any) -> OverrideCheck:
        place, families = self._place(asked)
        section = section_of(place, bool(asked.get("raw")), str(asked.get("family", "")))
        try:
            layer = change(place, section, str(asked.get("name")), value, families)
        except TemplateProblem as wrong:
            return OverrideCheck(_short(wrong.says), _line(wrong))
        return OverrideCheck(warnings=tuple(_short(w) for w in layer.warnings))

    @property
    def _folder(self) -> Any:
        return self._shop.settings.paths.overrides_dir

    def _place(self, asked: Mapping[str, Any]) -> tuple[Place, Families]:
        families = self._shop.catalogue.current()
        return place_of(self._folder, families, str(asked.get("where"))), families


def masked(text: str) -> str:
    """An override's file with stars in place of passwords."""

    def line(text: str) -> str:
        found = _SET.match(text)
        return f"{found[1]}{_STARRED}" if found and is_secret(found["name"]) else text

    return "\n".join(map(line, text.split("\n")))


def unmasked(text: str, before: str) -> str:
    """Stars that were left as they are stand for what the file had."""
    had: dict[str, list[str]] = {}
    for line in before.split("\n"):
        found = _SET.match(line)
        if found and is_secret(found["name"]):
            had.setdefault(found["name"], []).append(found["value"])

    def put_back(line: str) -> str:
        found = _SET.match(line)
        kept = had.get(found["name"]) if found and found["value"] == _STARRED else None
        return f"{found[1]}{kept.pop(0)}" if found and kept else line

    return "\n".join(map(put_back, text.split("\n")))


def _secrets(layer: Layer) -> set[str]:
    pairs = [*layer.values.items(), *(p for of in layer.parameters.values() for p in of)]
    return {str(value) for name, value in pairs if is_secret(name)} - {""}


def _shown(place: Place, families: Families) -> OverrideFile:
    try:
        layer = read_place(place, families)
    except TemplateProblem as wrong:
        return OverrideFile(_where(place), place.where, (), _short(wrong.says))
    return OverrideFile(_where(place), place.where, _entries(layer), warnings=tuple(_short(w) for w in layer.warnings))


def _entries(layer: Layer) -> tuple[OverrideEntry, ...]:
    layer = layer.hidden(STARS)
    found = [OverrideEntry(n, _written(v)) for n, v in layer.values.items()]
    for family, pairs in layer.parameters.items():
        found += [OverrideEntry(n, v, family) for n, v in pairs]
    return tuple(found)


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _where(place: Place) -> str:
    if place.where == "site":
        return "site"
    return place.key if place.where == "device" else f"{place.family}/{place.key.removeprefix(place.family + '-')}"


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _line(wrong: TemplateProblem) -> int:
    found = re.search(r", line (\d+): ", wrong.says.en)
    return int(found[1]) if found else 0


def _short(says: Words) -> Words:
    """With the file's name in place of its path: the page is no place for the box's folders."""

    def cut(text: str) -> str:
        return re.sub(r"\S*/overrides/(\S+\.toml)", r"\1", text)

    return Words(cut(says.en), cut(says.es))


class FirmwareAnswers:
    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._store = firmware_store(shop.settings, shop.clock)

    def shelf(self, asked: Mapping[str, Any], file: BinaryIO | None) -> FirmwareShelf:
        shelf = self._tended()
        files = sorted(shelf.files, key=lambda f: (f.family, f.version, f.name))
        rollouts = tuple(self._rollout(t, shelf) for t in shelf.targets if t.sha256)
        most = self._shop.settings.provisioning.firmware_most_mb << 20
        return FirmwareShelf(tuple(_on_shelf(f, shelf) for f in files), rollouts, most)

    def add(self, asked: Mapping[str, Any], file: BinaryIO | None) -> FirmwareTaken:
        families = self._shop.catalogue.current()
        family = families.family(str(asked.get("family")))
        if family is None or family.upkeep.firmware is None:
            raise InputProblem(
                Words("Phones of that family are not led to firmware.", "A esa familia no se le da firmware."),
                Words("Choose one of the list.", "Elija una de la lista."),
            )
        version = str(asked.get("version", "")).strip()
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", version):
            raise InputProblem(
                Words("The version is missing, or is none.", "Falta la versión, o no lo es."),
                Words("Write it as the phones say it, e.g. 66.86.0.15.", "Escríbala como la dicen, p. ej. 66.86.0.15."),
            )
        if file is None:
            raise InputProblem(Words("No file came.", "No llegó ningún archivo."), Words("Choose one.", "Elija uno."))
        kept, warnings = self._store.add(
            file,
            name=str(asked.get("name")),
            family=family.name,
            version=version,
            facts=family.upkeep.firmware,
            by=str(asked.get("by"))[:80],
            sha256=str(asked.get("sha256", "")).strip(),
        )
        return FirmwareTaken(_on_shelf(kept, self._store.shelf()), warnings)

    def order(self, asked: Mapping[str, Any], file: BinaryIO | None) -> Done:
        family, model = model_of(self._shop.catalogue.current(), str(asked.get("family")), str(asked.get("model")))
        deed, digest = str(asked.get("deed")), str(asked.get("sha256"))
        at_a_time = min(max(int(asked.get("at_a_time") or 1), 1), 1000)
        within = int(asked.get("back_within_s") or 0) or self._shop.settings.provisioning.firmware_back_s

        def edit(shelf: Shelf) -> Shelf:
            if deed == "none":
                return shelf.with_target(Target(family.name, model.name, ""))
            if deed == "target":
                return shelf.with_target(target_for(shelf, family.name, model.name, _file(shelf, digest, family.name)))
            found = shelf.target(family.name, model.name)
            if found is None or shelf.file(found.sha256) is None:
                raise InputProblem(
                    Words(f"{family.vendor} {model.name} has no target.", f"{family.vendor} {model.name} sin destino."),
                    Words("Choose its firmware first.", "Elija antes su firmware."),
                )
            if deed == "stop":
                return shelf.with_target(replace(found, state=RolloutState.STOPPED))
            return shelf.with_target(start(found, at_a_time, max(within, 60), self._shop.clock.now()))

        self._store.change(edit)
        self._tended()
        return Done()

    def remove(self, asked: Mapping[str, Any], file: BinaryIO | None) -> Done:
        shelf = self._store.shelf()
        self._store.remove(_file(shelf, str(asked.get("sha256"))))
        return Done()

    def _tended(self) -> Shelf:
        shop = self._shop
        return tend(self._store, shop.local, shop.catalogue.current(), shop.live.current(), shop.clock)

    def _rollout(self, target: Target, shelf: Shelf) -> Rollout:
        shop = self._shop
        family, file = shop.catalogue.current().family(target.family), shelf.file(target.sha256)
        phones = len(tuple(phones_of(target, family, shop.local, shop.live.current()))) if family else 0
        return Rollout(
            target.family,
            target.model,
            target.sha256,
            file.name if file else "",
            file.version if file else "",
            target.state or "",
            target.at_a_time,
            target.back_within_s,
            phones,
            sum(bool(g.back_at) for g in target.given),
            tuple(g.mac for g in target.given if not g.back_at) if target.state is RolloutState.RUNNING else (),
            target.stopped_by,
        )


def _on_shelf(file: FirmwareFile, shelf: Shelf) -> FirmwareOnShelf:
    used = tuple(f"{t.family} {t.model}" for t in shelf.targets if t.sha256 == file.sha256)
    return FirmwareOnShelf(
        *(file.sha256, file.name, file.size, file.family, file.version, file.added_at, file.added_by), used
    )


def _file(shelf: Shelf, digest: str, family: str = "") -> FirmwareFile:
    found = shelf.file(digest)
    if found is None:
        raise InputProblem(
            Words("That firmware is no longer here.", "Ese firmware ya no está aquí."),
            Words("Reload the page and choose again.", "Recargue la página y elija otra vez."),
        )
    if family and found.family != family:
        raise InputProblem(
            Words(f"{found.name} is firmware of {found.family}.", f"{found.name} es firmware de {found.family}."),
            Words("Choose one of this family.", "Elija uno de esta familia."),
        )
    return found
