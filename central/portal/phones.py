"""Pages of phones: a company's, and those that nobody owns yet ("sin asignar", P-2)."""

from flask import Blueprint, redirect, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from central.directory import keys as key_edits
from central.directory import phones as edits
from central.errors import InputProblem, NotFoundProblem, Words
from central.model import AccountRecord, PhoneRecord, PresenceRecord, SeenPhone, SiteRecord
from central.model.rows import of_account
from central.portal.base import Answer, Desk, page, words
from central.portal.form import Form
from central.portal.lookup import account_of, person_lines, sites_of
from central.rules.phones import families, key_count
from wire.rows import KeyKind, LineKey, Phone

_KINDS = {
    KeyKind.LINE: ("line", "línea"),
    KeyKind.BLF: ("watch an extension", "vigilar una extensión"),
    KeyKind.SPEED: ("speed dial", "marcado rápido"),
    KeyKind.PARK: ("park", "estacionar"),
}
MOVED = (
    "The phone stands there now. Restart it, and it works.",
    "El teléfono ya está ahí. Reinícielo y funciona.",
)
SPARE_KEYS = 4
"""Empty rows offered below the last key of a model whose keys are not known."""


def add_pages(pages: Blueprint, desk: Desk) -> None:
    office = desk.office

    @pages.route("/accounts/<account_id>/phones", methods=["GET", "POST"])
    def phones(account_id: str) -> Answer:
        form = Form()
        wish = edits.PhoneWish(
            form.value("mac"), form.value("site_id"), form.value("model"), form.value("family"), form.value("person_id")
        )

        def act() -> None:
            with office.editing(desk.actor) as edit:
                edits.add_phone(edit, account_id, wish)

        if form.done(act):
            return redirect(url_for("portal.phones", account_id=account_id))
        with office.reading() as session:
            account = account_of(session, account_id)
            held = sorted(of_account(session, Phone, account_id), key=lambda p: p.mac)
            people = person_lines(session, account_id)
            places = sites_of(session, account_id)
        return page(
            "phones.html",
            form.status,
            account=account,
            phones=held,
            people=people,
            names={line.person.id: f"{line.extension} {line.person.name}" for line in people},
            places=places,
            families=families(),
            form=form,
        )

    @pages.route("/accounts/<account_id>/phones/<phone_id>", methods=["GET", "POST"])
    def phone(account_id: str, phone_id: str) -> Answer:
        form = Form()

        def act() -> None:
            with office.editing(desk.actor) as edit:
                edits.assign_phone(edit, account_id, phone_id, form.value("person_id"))

        if form.done(act):
            return redirect(url_for("portal.phones", account_id=account_id))
        return _show(account_id, phone_id, assign=form if form.sent else None)

    @pages.post("/accounts/<account_id>/phones/<phone_id>/keys")
    def phone_keys(account_id: str, phone_id: str) -> Answer:
        form = Form()

        def act() -> None:
            with office.editing(desk.actor) as edit:
                key_edits.set_keys(edit, account_id, phone_id, _key_wishes(form))

        if form.done(act, "The phone gets its keys.", "El teléfono recibe sus teclas."):
            return redirect(url_for("portal.phone", account_id=account_id, phone_id=phone_id))
        return _show(account_id, phone_id, keys=form)

    @pages.post("/accounts/<account_id>/phones/<phone_id>/move")
    def move_phone(account_id: str, phone_id: str) -> Answer:
        form = Form()

        def act() -> None:
            with office.editing(desk.actor) as edit:
                edits.move_phone(edit, account_id, phone_id, form.value("site_id"))

        if form.done(act, *MOVED):
            return redirect(url_for("portal.phone", account_id=account_id, phone_id=phone_id))
        return _show(account_id, phone_id, move=form)

    def _show(
        account_id: str,
        phone_id: str,
        assign: Form | None = None,
        keys: Form | None = None,
        move: Form | None = None,
    ) -> Answer:
        """The phone's page. A form that was refused stands there as it was sent."""
        with office.reading() as session:
            account = account_of(session, account_id)
            held = next((p for p in of_account(session, Phone, account_id) if p.id == phone_id), None)
            people = person_lines(session, account_id)
            held_keys = [k for k in of_account(session, LineKey, account_id) if k.phone_id == phone_id]
            places = sites_of(session, account_id)
            seen = _seen_at(session, held.mac, [s.id for s in places]) if held else []
        if held is None:
            raise NotFoundProblem(Words("There is no such phone.", "No existe ese teléfono."))
        start: dict[str, str] = {}
        for key in held_keys:
            start |= {f"kind_{key.position}": key.key_kind, f"value_{key.position}": key.value}
            start |= {f"label_{key.position}": key.label}
        refused = assign or keys or move
        return page(
            "phone.html",
            refused.status if refused else 200,
            account=account,
            phone=held,
            people=[line for line in people if line.phone is None or line.phone.id == phone_id],
            everybody=people,
            form=assign or Form({"person_id": held.person_id}, sent=False),
            move=move or Form({"site_id": held.site_id}, sent=False),
            places=places,
            seen=seen,
            keys=keys or Form(start, sent=False),
            positions=_positions(held, held_keys),
            kinds=[(kind.value, words(*_KINDS[kind])) for kind in KeyKind],
        )

    @pages.post("/accounts/<account_id>/phones/<phone_id>/delete")
    def delete_phone(account_id: str, phone_id: str) -> Answer:
        with office.editing(desk.actor) as edit:
            edits.delete_phone(edit, account_id, phone_id)
        return redirect(url_for("portal.phones", account_id=account_id))

    @pages.get("/phones/unassigned")
    def unassigned() -> Answer:
        with office.reading() as session:
            rows = session.execute(
                select(SeenPhone, SiteRecord, PhoneRecord)
                .join(SiteRecord, SiteRecord.id == SeenPhone.site_id)
                .outerjoin(PhoneRecord, PhoneRecord.mac == SeenPhone.mac)
                .order_by(SiteRecord.name_key, SeenPhone.last_seen_at.desc())
            )
            names = {s.id: s.name for s in session.scalars(select(SiteRecord))}
            return page("unassigned.html", rows=list(rows), sites=names)

    @pages.route("/sites/<site_id>/unassigned/<mac>", methods=["GET", "POST"])
    def assign(site_id: str, mac: str) -> Answer:
        form = Form()
        with office.reading() as session:
            known = session.scalar(select(PhoneRecord).where(PhoneRecord.mac == mac))
            if known is not None:
                return redirect(
                    url_for("portal.phone", account_id=known.account_id, phone_id=known.id, _anchor="move")
                )
            seen = session.get(SeenPhone, (site_id, mac))
            site = session.get(SiteRecord, site_id)
            if seen is None or site is None:
                raise NotFoundProblem(
                    Words("That phone is not waiting any more.", "Ese teléfono ya no está en espera.")
                )
            people = [
                (account, line)
                for account in session.scalars(
                    select(AccountRecord)
                    .join(PresenceRecord, PresenceRecord.account_id == AccountRecord.id)
                    .where(PresenceRecord.site_id == site_id)
                    .order_by(AccountRecord.name_key)
                )
                for line in person_lines(session, account.id)
                if line.phone is None
            ]
        if not form.sent:
            form = Form({"model": seen.model, "family": seen.family})

        def act() -> None:
            account_id, colon, person_id = form.value("person").partition(":")
            if not colon:
                raise InputProblem("person", Words("Choose a person.", "Elija una persona."))
            wish = edits.PhoneWish(mac, site_id, form.value("model"), form.value("family"), person_id)
            with office.editing(desk.actor) as edit:
                edits.add_phone(edit, account_id, wish)

        if form.done(act, "The phone is being set up.", "El teléfono se está configurando."):
            return redirect(url_for("portal.unassigned"))
        return page("assign.html", form.status, seen=seen, site=site, people=people, families=families(), form=form)


def _seen_at(session: Session, mac: str, site_ids: list[str]) -> list[tuple[SeenPhone, SiteRecord]]:
    """Where the phone asks for its files and is not known to stand, of the company's own buildings."""
    query = (
        select(SeenPhone, SiteRecord)
        .join(SiteRecord, SiteRecord.id == SeenPhone.site_id)
        .where(SeenPhone.mac == mac, SeenPhone.site_id.in_(site_ids))
        .order_by(SeenPhone.last_seen_at.desc())
    )
    return [(seen, site) for seen, site in session.execute(query)]


def _positions(phone: Phone, held: list[LineKey]) -> range:
    """The keys to offer: all of the model's, else those that are set and some more."""
    count = key_count(phone.family, phone.model)
    last = max((k.position for k in held), default=0)
    if count is None:
        return range(1, min(last + SPARE_KEYS, key_edits.MOST_KEYS) + 1)
    return range(1, max(count, last) + 1)


def _key_wishes(form: Form) -> list[key_edits.KeyWish]:
    """The keys that were sent; a row without a kind but with something in it is refused, not dropped."""
    wishes = []
    for position in range(1, key_edits.MOST_KEYS + 1):
        kind, value, label = (form.value(f"{name}_{position}") for name in ("kind", "value", "label"))
        if kind or value.strip() or label.strip():
            wishes.append(key_edits.KeyWish(position, kind, value, label))
    return wishes
