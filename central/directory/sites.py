"""Edits of buildings: the site itself, its trunks, and which companies are in it."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update

from central.directory.edit import Edit
from central.directory.phones import delete_phone
from central.errors import InputProblem, Words
from central.model import (
    BuildingStatus,
    CertificateRecord,
    ClaimCode,
    FeedRevision,
    PastPresence,
    PresenceRecord,
    SeenPhone,
    SiteRecord,
    SiteState,
    TrunkRecord,
)
from central.model.rows import to_row
from central.rules import names, numbers, tokens
from central.rules.faults import Faults
from central.rules.languages import language
from central.rules.timezones import timezone
from wire.feed import format_digest
from wire.rows import DialProfile, Phone, Presence, Site


@dataclass(frozen=True, slots=True)
class SiteWish:
    """A building as a form or a command gives it; all text."""

    name: str
    timezone: str = "America/Mexico_City"
    area_code: str = "55"
    dial_profile: str = DialProfile.MX2020
    strict_dialling: bool = False
    address: str = ""
    callback_number: str = ""
    language: str = "es-MX"


def _checked(edit: Edit, site_id: str, wish: SiteWish) -> Site:
    faults = Faults()
    site = Site(
        id=site_id,
        name=faults.keep(
            lambda: names.required_name("name", wish.name, Words("the building's name", "el nombre del edificio")), ""
        ),
        timezone=faults.keep(lambda: timezone("timezone", wish.timezone), ""),
        area_code=faults.keep(lambda: numbers.area_code("area_code", wish.area_code), ""),
        dial_profile=faults.keep(lambda: _profile(wish.dial_profile), ""),
        strict_dialling=wish.strict_dialling,
        address=faults.keep(lambda: names.short("address", wish.address), ""),
        callback_number=faults.keep(lambda: numbers.optional_e164("callback_number", wish.callback_number), ""),
        language=faults.keep(lambda: language("language", wish.language), ""),
    )
    same = select(SiteRecord.id).where(SiteRecord.name_key == names.name_key(site.name), SiteRecord.id != site_id)
    if site.name and edit.session.scalar(same):
        faults.add(
            InputProblem(
                "name", Words("There is already a building with that name.", "Ya existe un edificio con ese nombre.")
            )
        )
    faults.settle()
    return site


def add_site(edit: Edit, wish: SiteWish, site_id: str = "") -> Site:
    """A new building, with a feed of its own. Raises InputProblem(s)."""
    site = _checked(edit, site_id or tokens.new_id("site"), wish)
    edit.put(site)
    edit.session.add(SiteState(site_id=site.id, revision=0, digest=format_digest(0)))
    edit.session.flush()
    return site


def change_site(edit: Edit, site_id: str, wish: SiteWish) -> Site:
    edit.lock_site(site_id)
    site = _checked(edit, site_id, wish)
    edit.put(site)
    return site


def delete_site(edit: Edit, site_id: str) -> None:
    """The building, its trunks, feed and certificates. Refused while companies are in it."""
    site = edit.lock_site(site_id)
    if edit.session.scalar(select(PresenceRecord.id).where(PresenceRecord.site_id == site_id).limit(1)):
        raise InputProblem(
            "",
            Words("There are still companies in this building.", "Todavía hay empresas en este edificio."),
            Words("Take them out first.", "Sáquelas primero."),
        )
    for record in edit.session.scalars(select(TrunkRecord).where(TrunkRecord.site_id == site_id)):
        edit.delete(to_row(record, edit.sealer))
    for table in (FeedRevision, BuildingStatus, SeenPhone, ClaimCode, SiteState):
        edit.session.execute(delete(table).where(table.site_id == site_id))
    edit.session.execute(
        update(CertificateRecord)
        .where(CertificateRecord.site_id == site_id, CertificateRecord.revoked_at.is_(None))
        .values(revoked_at=edit.now, revoked_why="site deleted")
    )
    edit.delete(site)


def add_presence(edit: Edit, account_id: str, site_id: str) -> Presence:
    """The company comes to the building: all of its rows go into the building's feed."""
    edit.lock_account(account_id)
    if edit.session.get(SiteRecord, site_id) is None:
        raise InputProblem("site_id", Words("There is no such building.", "No existe ese edificio."))
    if any(p.site_id == site_id for p in edit.all(Presence, account_id)):
        raise InputProblem(
            "site_id",
            Words("The company is already in that building.", "La empresa ya está en ese edificio."),
        )
    presence = Presence(tokens.new_id("presence"), account_id, site_id)
    edit.put(presence)
    return presence


def remove_presence(edit: Edit, account_id: str, site_id: str) -> None:
    """The company leaves: its phones in that building are deleted, and all of its rows leave the building's feed."""
    edit.lock_account(account_id)
    for phone in edit.all(Phone, account_id):
        if phone.site_id == site_id:
            delete_phone(edit, account_id, phone.id)
    for presence in edit.all(Presence, account_id):
        if presence.site_id == site_id:
            edit.delete(presence)
            edit.session.merge(PastPresence(account_id=account_id, site_id=site_id, until=edit.now))


def _profile(name: str) -> str:
    if name not in tuple(DialProfile):
        raise InputProblem(
            "dial_profile",
            Words(
                f"{name[:40]} is not a dialling profile: mx2020 or mx2017.",
                f"{name[:40]} no es un perfil de marcación: mx2020 o mx2017.",
            ),
        )
    return name
