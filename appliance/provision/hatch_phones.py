"""Answers at the hatch on phones: their files now and before, settings in force, firmware; and a CSV of many.

What is rendered is kept for as long as its inputs are the same: a page that stands open asks again and again.
"""

import base64
import binascii
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from threading import Lock
from typing import Any, BinaryIO

from appliance.directory.hatch import (
    DhcpText,
    DhcpTexts,
    FamilyFacts,
    FamilyList,
    FileNow,
    FileText,
    FirmwareOfPhone,
    ImportLine,
    ImportReport,
    KeyNow,
    SettingInForce,
    Sheet,
)
from appliance.directory.live import Live, LiveDirectory
from appliance.directory.local import LocalStore
from appliance.directory.model import Phone
from appliance.directory.served import GivenFile, GivenFiles
from appliance.errors import InputProblem, TemplateProblem, Words
from appliance.ports import Chance, Clock
from appliance.provision.catalogue import Catalogue
from appliance.provision.changes import STARS, differences, present_file
from appliance.provision.context import PhoneContext, SiteContext, common_context, phone_context, site_context
from appliance.provision.dhcp_help import DIALECTS, NAMES
from appliance.provision.families import Families
from appliance.provision.family import Family, Model
from appliance.provision.firmware import firmware_for
from appliance.provision.order_book import OrderBook
from appliance.provision.orders import Orders, seen_of
from appliance.provision.overrides import VALUES, is_secret
from appliance.provision.phone_words import checked_mac, known_phone
from appliance.provision.phoneimport import adopt_rows, check, read_rows
from appliance.provision.preview import hidden
from appliance.provision.render import files_for, render
from appliance.settings import Settings

SHEETS_KEPT = 64


@dataclass
class Workshop:
    """What the answers are made with. Safe to share between threads."""

    settings: Settings
    clock: Clock
    chance: Chance
    live: Live
    catalogue: Catalogue
    orders: OrderBook
    local: LocalStore
    given: GivenFiles

    def site(self, families: Families, directory: LiveDirectory) -> SiteContext:
        return replace(site_context(self.settings), orders=self.orders.current(families, directory))


def workshop(settings: Settings, clock: Clock, chance: Chance, catalogue: Catalogue | None = None) -> Workshop:
    local = LocalStore(settings.paths.local_db, clock, chance)
    return Workshop(
        settings,
        clock,
        chance,
        Live(settings.paths.live_dir),
        catalogue or Catalogue(settings.paths.templates_dir, clock),
        OrderBook(settings, clock, local),
        local,
        GivenFiles(settings.paths.local_db, settings.paths.identity_dir, clock),
    )


class PhoneAnswers:
    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._sheets: OrderedDict[tuple[object, ...], Sheet] = OrderedDict()
        self._made_of: tuple[object, ...] = ()
        self._lock = Lock()

    def families(self, asked: Mapping[str, Any], file: BinaryIO | None) -> FamilyList:
        made = (
            FamilyFacts(
                f.name,
                f.vendor,
                tuple(sorted(f.ouis)),
                tuple(m.name for m in f.models),
                tuple(sorted(f.notify)),
                f.upkeep.firmware is not None,
                f.upkeep.raw is not None,
            )
            for f in self._shop.catalogue.current().families
        )
        return FamilyList(tuple(sorted(made, key=lambda f: f.name)))

    def sheet(self, asked: Mapping[str, Any], file: BinaryIO | None) -> Sheet:
        shop = self._shop
        families, directory = shop.catalogue.current(), shop.live.current()
        phone = known_phone(directory, checked_mac(str(asked.get("mac"))))
        site = shop.site(families, directory)
        fetches = tuple((f.at, f.path, f.user_agent, f.status) for f in shop.local.fetches(phone.mac))
        given = shop.given.of(phone.mac)
        made_of, key = (directory, families, site.orders), (phone, fetches, tuple(head for head, _ in given))
        with self._lock:
            if any(a is not b for a, b in zip_longest(made_of, self._made_of)):
                self._sheets.clear()
                self._made_of = made_of
            found = self._sheets.get(key)
        if found is None:
            found = self._made(phone, families, directory, site, fetches, tuple((h.name, h) for h, _ in given))
            with self._lock:
                if self._made_of is made_of or self._made_of == made_of:
                    self._sheets[key] = found
                while len(self._sheets) > SHEETS_KEPT:
                    self._sheets.popitem(last=False)
        return found

    def _made(
        self,
        phone: Phone,
        families: Families,
        directory: LiveDirectory,
        site: SiteContext,
        fetches: tuple[tuple[str, str, str, int], ...],
        given: tuple[tuple[str, Any], ...],
    ) -> Sheet:
        family, model = _kind(phone, families, given[0][1].family if given else "", given[0][1].model if given else "")
        own, common = phone_context(phone, model, directory, site), common_context(model, directory, site)
        heads = dict(given)
        problems: list[Words] = []
        files = []
        for name, rule in files_for(own, family):
            head = heads.pop(name, None)
            given_sha256, given_at = (head.sha256, head.at) if head else ("", "")
            try:
                now = (
                    present_file(phone, head, families, directory, site)
                    if head
                    else GivenFile(
                        *(phone.mac, name, family.name, model.name),
                        data=render(family, rule, own if rule.per_device else common),
                    )
                )
            except TemplateProblem as broken:
                problems.append(broken.says)
                now = None
            digest, size = (now.sha256, len(now.data)) if now else ("", 0)
            differs = bool(head and now and head.sha256 != digest)
            files.append(FileNow(name, size, digest, rule.secret, given_sha256, given_at, differs))
        orders = site.orders
        assert isinstance(orders, Orders)
        problems += [p.says for p in orders.overrides.problems if _applies(p.says.en, phone, family, model)]
        return Sheet(
            family.name,
            model.name,
            tuple(files),
            in_force(own, orders, family),
            tuple(KeyNow(k.position, k.kind, k.value, k.label) for k in own.keys if k.kind != "none"),
            _firmware(phone, family, model, orders, fetches),
            tuple(sorted(family.notify)),
            tuple(problems),
        )

    def file(self, asked: Mapping[str, Any], file: BinaryIO | None) -> FileText:
        shop = self._shop
        families, directory = shop.catalogue.current(), shop.live.current()
        phone = known_phone(directory, checked_mac(str(asked.get("mac"))))
        site, name = shop.site(families, directory), str(asked.get("name"))
        given = [(h, f) for h, f in shop.given.of(phone.mac) if h.name == name]
        head = given[0][0] if given else None
        family, model = _kind(phone, families, head.family if head else "", head.model if head else "")
        own = phone_context(phone, model, directory, site)
        rule = next((r for n, r in files_for(own, family) if n == name), None)
        if rule is None:
            raise InputProblem(
                Words(f"This phone has no file {name}.", f"Este teléfono no tiene el archivo {name}."),
                Words("Its page lists those that it has.", "Su página lista los que tiene."),
            )
        context = own if rule.per_device else common_context(model, directory, site)
        starred_phone, starred_site = hidden(phone, site)
        starred = (
            phone_context(starred_phone, model, directory, starred_site)
            if rule.per_device
            else common_context(model, directory, starred_site)
        )
        now = render(family, rule, context)
        data = GivenFile(phone.mac, name, family.name, model.name, now)
        diff = next(iter(differences(phone, given, families, directory, site)), None) if given else None
        return FileText(
            name,
            render(family, rule, starred).decode("utf-8", "replace"),
            diff.lines if diff else (),
            bool(diff and diff.differs),
            diff.was_at if diff else "",
            diff.kept if diff else True,
            data.sha256,
            rule.content_type,
        )

    def import_phones(self, asked: Mapping[str, Any], file: BinaryIO | None) -> ImportReport:
        shop = self._shop
        try:
            data = base64.b64decode(str(asked.get("data")), validate=True)
        except binascii.Error as broken:
            raise InputProblem(
                Words("The file did not arrive whole.", "El archivo no llegó completo."),
                Words("Send it again.", "Envíelo otra vez."),
            ) from broken
        how = asked.get("how")
        rows = read_rows(data)
        seen = {s.mac: s for s in shop.local.sightings()}
        directory = shop.live.current()
        lines = check(rows, directory, shop.catalogue.current(), seen)
        bad = any(line.problem for line in lines)
        if how == "each" or (how == "all" and not bad):
            lines = adopt_rows(shop.settings, shop.local, lines, str(asked.get("by"))[:80])
        return ImportReport(
            tuple(
                ImportLine(
                    line.row.number,
                    line.mac or line.row.mac[:40],
                    f"{line.family} {line.model}".strip(),
                    _number(line.person_id, directory),
                    line.problem,
                    line.done,
                )
                for line in lines
            )
        )

    def dhcp_help(self, asked: Mapping[str, Any], file: BinaryIO | None) -> DhcpTexts:
        families = self._shop.catalogue.current()
        made = (DhcpText(name, NAMES[name], write(self._shop.settings, families)) for name, write in DIALECTS.items())
        return DhcpTexts(tuple(made))


def in_force(own: PhoneContext, orders: Orders, family: Family) -> tuple[SettingInForce, ...]:
    """The house's words as this phone has them and where each is from, then the maker's parameters set by hand."""
    laid = orders.laid(own.mac, family.name, own.model.name)
    found = []
    for name in VALUES:
        value = _READ[name](own)
        source = laid.values[name][1] if name in laid.values else "house"
        found.append(SettingInForce(name, STARS if is_secret(name) else _written(value), source))
    for name, (value, source) in laid.parameters.items():
        found.append(SettingInForce(name, STARS if is_secret(name) else value, source, True))
    return tuple(found)


_READ: Mapping[str, Any] = {
    "language": lambda c: c.language,
    "timezone": lambda c: c.zone.name,
    "ntp": lambda c: c.server.ntp,
    "register_expires_s": lambda c: c.server.expires_s,
    "codecs": lambda c: ", ".join(c.codecs),
    "voice_vlan": lambda c: c.network.vlan,
    "vlan_priority": lambda c: c.network.priority,
    "lldp": lambda c: c.network.lldp,
    "secure_sip": lambda c: c.server.secure,
    "music_uri": lambda c: c.music_uri,
    "conference_uri": lambda c: c.conference_uri,
    "admin_password": lambda c: c.admin_password,
    "label": lambda c: c.line.label,
    "display_name": lambda c: c.line.display_name,
    "voicemail": lambda c: c.line.voicemail,
}
"""Where each of overrides.VALUES stands in a phone's context."""


def _number(person_id: str, directory: LiveDirectory) -> str:
    """A person as the page names one (J-4): extension and company."""
    extension = directory.extension_of("person", person_id) if person_id else None
    account = directory.account(extension.account_id) if extension else None
    return f"{extension.digits} · {account.name}" if extension and account else ""


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(phone: Phone, families: Families, family: str, model: str) -> tuple[Family, Model]:
    """What it is: as the directory has it, else as it was last served. Raises InputProblem when neither says."""
    found = families.family(phone.family or family)
    if found is None:
        for problem in families.problems:
            raise problem
        raise InputProblem(
            Words("What kind of phone this is is not known yet.", "Aún no se sabe qué tipo de teléfono es."),
            Words("Its files appear here once it has asked.", "Sus archivos aparecen aquí cuando los pida."),
        )
    served = found.model(model) if found.name == family else None
    return found, served or found.model(phone.model) or found.fallback_model


def _applies(problem: str, phone: Phone, family: Family, model: Model) -> bool:
    """Whether a refused override file would be this phone's."""
    file = re.match(r"(.*\.toml), line ", problem)
    name = file[1].rpartition("/")[2].removesuffix(".toml") if file else ""
    return name in ("site", phone.mac) or name.startswith(f"{family.name}-{model.name}")


def _firmware(
    phone: Phone, family: Family, model: Model, orders: Orders, fetches: tuple[tuple[str, str, str, int], ...]
) -> FirmwareOfPhone:
    seen, said = seen_of(phone.mac, family, fetches)
    name = said or model.name
    target = orders.shelf.target(family.name, name)
    file = orders.shelf.file(target.sha256) if target else None
    if file is None:
        return FirmwareOfPhone(seen.version)
    led = firmware_for(phone.mac, family.name, name, orders.shelf) is not None
    return FirmwareOfPhone(seen.version, file.version, file.name, led, file.is_on(seen.version))
