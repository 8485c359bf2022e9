"""Pages of buildings: the fleet with its sync state; one with its trunks, companies, enrolment and unknown phones."""

from dataclasses import asdict

from flask import Blueprint, redirect, request, url_for
from sqlalchemy import select

from central import enrolment
from central.directory import sites, trunks
from central.directory.trunk_use import TrunkUseWish, clock, set_use
from central.errors import NotFoundProblem, Words
from central.model import AccountRecord, ClaimCode, PresenceRecord, SeenPhone, SiteRecord, TrunkRecord
from central.model.rows import find, to_row
from central.portal.base import Answer, Desk, page, words
from central.portal.form import Form
from central.portal.receptionists import DAYS
from central.status import site_lines
from wire.services import TRUNK_CLASSES, TrunkUse

CLASSES = {
    "internal": ("to other buildings", "a otros edificios"),
    "national": ("national", "nacionales"),
    "toll_free": ("toll-free (800)", "sin costo (800)"),
    "shared_cost": ("shared cost (300)", "costo compartido (300)"),
    "personal": ("personal numbers (500)", "números personales (500)"),
    "special": ("three-digit services", "servicios de tres dígitos"),
    "international": ("international", "internacionales"),
    "premium": ("premium (900)", "con cargo (900)"),
}
ZONES = (
    "America/Mexico_City",
    "America/Cancun",
    "America/Monterrey",
    "America/Merida",
    "America/Chihuahua",
    "America/Hermosillo",
    "America/Mazatlan",
    "America/Tijuana",
)


def add_pages(pages: Blueprint, desk: Desk) -> None:
    office = desk.office

    @pages.get("/sites", endpoint="sites")
    def all_sites() -> Answer:
        with office.reading() as session:
            lines = site_lines(session, office.clock.now())
        return page("sites.html", lines=lines)

    @pages.route("/sites/new", methods=["GET", "POST"])
    def new_site() -> Answer:
        form = Form(
            {"timezone": "America/Mexico_City", "area_code": "55", "language": "es-MX", "dial_profile": "mx2020"}
        )

        def act() -> None:
            with office.editing(desk.actor) as edit:
                sites.add_site(edit, _wish(form))

        if form.done(act):
            return redirect(url_for("portal.sites"))
        return page("site_form.html", form.status, form=form, site=None, zones=_zones(form))

    @pages.get("/sites/<site_id>")
    def site(site_id: str) -> Answer:
        return _show(site_id, Form({"port": "5060", "transport": "udp", "priority": "10", "plus": "1", "trusted": "1"}))

    @pages.route("/sites/<site_id>/edit", methods=["GET", "POST"])
    def edit_site(site_id: str) -> Answer:
        with office.reading() as session:
            record = session.get(SiteRecord, site_id)
            if record is None:
                raise _no_site()
            held = to_row(record, None)
        form = Form({k: str(v) for k, v in asdict(held).items() if v is not False})

        def act() -> None:
            with office.editing(desk.actor) as edit:
                sites.change_site(edit, site_id, _wish(form))

        if form.done(act):
            return redirect(url_for("portal.site", site_id=site_id))
        return page("site_form.html", form.status, form=form, site=held, zones=_zones(form))

    @pages.post("/sites/<site_id>/trunks")
    def new_trunk(site_id: str) -> Answer:
        form = Form()

        def act() -> None:
            with office.editing(desk.actor) as edit:
                trunks.add_trunk(edit, site_id, _trunk_wish(form))

        if form.done(act):
            return redirect(url_for("portal.site", site_id=site_id))
        return _show(site_id, form)

    @pages.route("/sites/<site_id>/trunks/<trunk_id>", methods=["GET", "POST"])
    def trunk(site_id: str, trunk_id: str) -> Answer:
        with office.reading() as session:
            record = session.get(TrunkRecord, trunk_id)
            site = session.get(SiteRecord, site_id)
        if site is None or record is None or record.site_id != site_id:
            raise NotFoundProblem(Words("There is no such trunk.", "No existe esa troncal."))
        held = to_row(record, None)  # without its secret
        with office.reading() as session:
            use = find(session, TrunkUse, trunk_id) or TrunkUse(trunk_id, site_id)
        start = {k: str(v) for k, v in asdict(held).items() if v is not False} | {"port": str(record.port or "")}
        form = Form(start | _use_start(use))

        def act() -> None:
            with office.editing(desk.actor) as edit:
                trunks.change_trunk(edit, site_id, trunk_id, _trunk_wish(form))
                set_use(edit, site_id, trunk_id, _use_wish(form))

        if form.done(act):
            return redirect(url_for("portal.site", site_id=site_id))
        classes = [(c, words(*CLASSES[c])) for c in TRUNK_CLASSES]
        days = [(str(n), words(text.en, text.es)) for n, text in enumerate(DAYS)]
        return page("trunk_form.html", form.status, form=form, site=site, trunk=record, classes=classes, days=days)

    @pages.post("/sites/<site_id>/trunks/<trunk_id>/delete")
    def delete_trunk(site_id: str, trunk_id: str) -> Answer:
        with office.editing(desk.actor) as edit:
            trunks.delete_trunk(edit, site_id, trunk_id)
        return redirect(url_for("portal.site", site_id=site_id))

    @pages.post("/sites/<site_id>/claim")
    def claim(site_id: str) -> Answer:
        code = enrolment.make_claim(office, desk.authority, site_id, desk.actor)
        return _show(site_id, Form(), code=code)

    @pages.post("/sites/<site_id>/revoke")
    def revoke(site_id: str) -> Answer:
        form = Form()
        form.done(
            lambda: enrolment.revoke(office, site_id, desk.actor), "Certificates revoked.", "Certificados revocados."
        )
        return redirect(url_for("portal.site", site_id=site_id))

    @pages.post("/sites/<site_id>/delete")
    def delete_site(site_id: str) -> Answer:
        form = Form()

        def act() -> None:
            with office.editing(desk.actor) as edit:
                sites.delete_site(edit, site_id)

        if form.done(act, "Building deleted.", "Edificio eliminado."):
            return redirect(url_for("portal.sites"))
        return _show(site_id, form)

    def _show(site_id: str, form: Form, code: str = "") -> Answer:
        now = office.clock.now()
        with office.reading() as session:
            lines = site_lines(session, now, site_id)
            record = session.get(SiteRecord, site_id)
            if record is None or not lines:
                raise _no_site()
            at_site = select(TrunkRecord).where(TrunkRecord.site_id == site_id)
            accounts = (
                select(AccountRecord)
                .join(PresenceRecord, PresenceRecord.account_id == AccountRecord.id)
                .where(PresenceRecord.site_id == site_id)
                .order_by(AccountRecord.name_key)
            )
            unused = select(ClaimCode).where(
                ClaimCode.site_id == site_id, ClaimCode.used_at.is_(None), ClaimCode.expires_at > now
            )
            unknown = select(SeenPhone).where(SeenPhone.site_id == site_id).order_by(SeenPhone.last_seen_at.desc())
            return page(
                "site.html",
                form.status if request.method == "POST" else 200,
                line=lines[0],
                site=record,
                trunks=list(session.scalars(at_site.order_by(TrunkRecord.priority, TrunkRecord.name))),
                accounts=list(session.scalars(accounts)),
                certificates=enrolment.certificates(session, site_id, now),
                unused=session.scalar(unused),
                unknown=list(session.scalars(unknown)),
                form=form,
                code=code,
            )


def _zones(form: Form) -> list[tuple[str, str]]:
    """Mexico's zones, and the one that the site has if it is another."""
    chosen = form.value("timezone")
    return [(z, z) for z in (*ZONES, *(() if chosen in ZONES or not chosen else (chosen,)))]


def _wish(form: Form) -> sites.SiteWish:
    return sites.SiteWish(
        name=form.value("name"),
        timezone=form.value("timezone"),
        area_code=form.value("area_code"),
        dial_profile=form.value("dial_profile"),
        strict_dialling=form.checked("strict_dialling"),
        address=form.value("address"),
        callback_number=form.value("callback_number"),
        language=form.value("language"),
    )


def _trunk_wish(form: Form) -> trunks.TrunkWish:
    return trunks.TrunkWish(
        name=form.value("name"),
        host=form.value("host"),
        trunk_kind=form.value("trunk_kind"),
        port=form.value("port"),
        transport=form.value("transport"),
        priority=form.value("priority"),
        plus=form.checked("plus"),
        username=form.value("username"),
        secret=form.value("secret"),
        trusted=form.checked("trusted"),
    )


def _use_start(use: TrunkUse) -> dict[str, str]:
    """How a trunk is used, as its form begins."""
    start = {f"class_{c}": "1" for c in use.classes.split(",") if c} | {f"on_{d}": "1" for d in use.weekdays}
    if use.from_minute or use.to_minute:
        start |= {"since": clock(use.from_minute), "until": clock(use.to_minute)}
    return start | ({"registers": "1"} if use.registers else {})


def _use_wish(form: Form) -> TrunkUseWish:
    return TrunkUseWish(
        registers=form.checked("registers"),
        classes=tuple(c for c in TRUNK_CLASSES if form.checked(f"class_{c}")),
        weekdays="".join(str(d) for d in range(7) if form.checked(f"on_{d}")),
        since=form.value("since"),
        until=form.value("until"),
    )


def _no_site() -> NotFoundProblem:
    return NotFoundProblem(Words("There is no such building.", "No existe ese edificio."))
