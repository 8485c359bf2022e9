"""The page of a company's services at a glance, and those of ring groups and of the conference line with its rooms."""

from flask import Blueprint, redirect, url_for

from central.directory import groups, rooms
from central.directory.destinations import destinations, split_value
from central.errors import NotFoundProblem, Words
from central.model.rows import find, of_account
from central.portal.base import Answer, Desk, page
from central.portal.form import Form
from central.portal.lookup import account_of, extension_digits, numbers_to, person_lines
from central.rules.extension import next_free
from wire.rows import DestinationKind, Extension, Phone
from wire.services import ConferenceServer, Mailbox, Member, Receptionist, RingGroup, Room, Schedule, Sound

SPARE_MEMBERS = 3
NO_ANSWER = (DestinationKind.PERSON, DestinationKind.MAILBOX)


def add_pages(pages: Blueprint, desk: Desk) -> None:
    _overview(pages, desk)
    _group_pages(pages, desk)
    _conference_pages(pages, desk)


def _overview(pages: Blueprint, desk: Desk) -> None:
    @pages.get("/accounts/<account_id>/services")
    def services(account_id: str) -> Answer:
        with desk.office.reading() as session:
            account = account_of(session, account_id)
            members: dict[str, int] = {}
            for member in of_account(session, Member, account_id):
                members[member.ring_group_id] = members.get(member.ring_group_id, 0) + 1
            return page(
                "services.html",
                account=account,
                digits=extension_digits(session, account_id),
                members=members,
                groups=of_account(session, RingGroup, account_id),
                receptionists=of_account(session, Receptionist, account_id),
                schedules=of_account(session, Schedule, account_id),
                mailboxes=of_account(session, Mailbox, account_id),
                server=next(iter(of_account(session, ConferenceServer, account_id)), None),
                rooms=of_account(session, Room, account_id),
                sounds=of_account(session, Sound, account_id),
            )


def _group_pages(pages: Blueprint, desk: Desk) -> None:
    office = desk.office

    @pages.route("/accounts/<account_id>/groups/new", methods=["GET", "POST"])
    def new_group(account_id: str) -> Answer:
        return _group(account_id, "")

    @pages.route("/accounts/<account_id>/groups/<group_id>", methods=["GET", "POST"])
    def group(account_id: str, group_id: str) -> Answer:
        return _group(account_id, group_id)

    @pages.post("/accounts/<account_id>/groups/<group_id>/delete")
    def delete_group(account_id: str, group_id: str) -> Answer:
        with office.editing(desk.actor) as edit:
            groups.delete_group(edit, account_id, group_id)
        return redirect(url_for("portal.services", account_id=account_id))

    def _group(account_id: str, group_id: str) -> Answer:
        with office.reading() as session:
            account = account_of(session, account_id)
            held = find(session, RingGroup, group_id) if group_id else None
            if group_id and (held is None or held.account_id != account_id):
                raise NotFoundProblem(Words("There is no such group.", "No existe ese grupo."))
            digits = extension_digits(session, account_id)
            members = [m for m in of_account(session, Member, account_id) if m.ring_group_id == group_id]
            choices = destinations(session, account_id)
            choosable = [(c.value, c.label) for c in choices if c.kind == DestinationKind.PERSON]
            choosable += [
                (f"phone:{p.id}", f"{p.label or p.model} {p.mac}") for p in of_account(session, Phone, account_id)
            ]
            used = frozenset(e.digits for e in of_account(session, Extension, account_id))
            numbers = numbers_to(session, account_id, DestinationKind.RING_GROUP, group_id)
        start = {"extension": next_free(used), "mode": "together", "ring_s": "20"}
        if held is not None:
            own = digits.get((DestinationKind.RING_GROUP, group_id), "")
            no_answer = f"{held.no_answer_kind}:{held.no_answer_target_id}" if held.no_answer_kind else ""
            start = {"name": held.name, "extension": own, "mode": held.mode, "ring_s": str(held.ring_s)}
            start["no_answer"] = no_answer
        ordered = sorted(members, key=lambda m: (m.position, m.id))
        start |= {f"member_{n}": f"{m.target_kind}:{m.target_id}" for n, m in enumerate(ordered, start=1)}
        form = Form(start)

        def act() -> None:
            kind, target = split_value("no_answer", form.value("no_answer"))
            sent = [form.value(f"member_{n}") for n in range(1, groups.MOST_MEMBERS + 1)]
            wish = groups.GroupWish(
                form.value("name"),
                form.value("extension"),
                form.value("mode"),
                form.value("ring_s"),
                kind,
                target,
                [split_value("members", value) for value in sent if value],
            )
            with office.editing(desk.actor) as edit:
                if group_id:
                    groups.change_group(edit, account_id, group_id, wish)
                else:
                    groups.add_group(edit, account_id, wish)

        if form.done(act):
            return redirect(url_for("portal.services", account_id=account_id))
        shown = max([len(ordered), *(n for n in range(1, groups.MOST_MEMBERS + 1) if form.value(f"member_{n}"))])
        return page(
            "group.html",
            form.status,
            account=account,
            group=held,
            form=form,
            choosable=choosable,
            places=range(1, min(shown + SPARE_MEMBERS, groups.MOST_MEMBERS) + 1),
            choices=[c for c in choices if c.kind in NO_ANSWER],
            numbers=numbers,
        )


def _conference_pages(pages: Blueprint, desk: Desk) -> None:
    office = desk.office

    @pages.route("/accounts/<account_id>/conference", methods=["GET", "POST"])
    def conference(account_id: str) -> Answer:
        with office.reading() as session:
            account = account_of(session, account_id)
            held = next(iter(of_account(session, ConferenceServer, account_id)), None)
            digits = extension_digits(session, account_id)
            used = frozenset(e.digits for e in of_account(session, Extension, account_id))
        start = {"name": "Conferencias", "extension": next_free(used)}
        if held is not None:
            start = {"name": held.name, "extension": digits.get((DestinationKind.CONFERENCE, held.id), "")}
        form = Form(start)

        def act() -> None:
            with office.editing(desk.actor) as edit:
                rooms.set_server(edit, account_id, form.value("name"), form.value("extension"))

        if form.done(act):
            return redirect(url_for("portal.services", account_id=account_id))
        return page("conference.html", form.status, account=account, server=held, form=form)

    @pages.post("/accounts/<account_id>/conference/delete")
    def delete_conference(account_id: str) -> Answer:
        with office.editing(desk.actor) as edit:
            rooms.delete_server(edit, account_id)
        return redirect(url_for("portal.services", account_id=account_id))

    @pages.route("/accounts/<account_id>/rooms/new", methods=["GET", "POST"])
    def new_room(account_id: str) -> Answer:
        return _room(account_id, "")

    @pages.route("/accounts/<account_id>/rooms/<room_id>", methods=["GET", "POST"])
    def room(account_id: str, room_id: str) -> Answer:
        return _room(account_id, room_id)

    @pages.post("/accounts/<account_id>/rooms/<room_id>/delete")
    def delete_room(account_id: str, room_id: str) -> Answer:
        with office.editing(desk.actor) as edit:
            rooms.delete_room(edit, account_id, room_id)
        return redirect(url_for("portal.services", account_id=account_id))

    def _room(account_id: str, room_id: str) -> Answer:
        with office.reading() as session:
            account = account_of(session, account_id)
            held = find(session, Room, room_id, office.sealer) if room_id else None
            if room_id and (held is None or held.account_id != account_id):
                raise NotFoundProblem(Words("There is no such room.", "No existe esa sala."))
            people = person_lines(session, account_id)
        start = {"max_participants": str(rooms.MOST_PARTICIPANTS)}
        if held is not None:
            start = {n: str(getattr(held, n)) for n in ("number", "name", "pin", "moderator_pin", "person_id")}
            start["max_participants"] = str(held.max_participants)
            start |= {n: "1" for n in _ROOM_TICKS if getattr(held, n)}
        form = Form(start)

        def act() -> None:
            wish = rooms.RoomWish(
                number=form.value("number"),
                name=form.value("name"),
                pin=form.value("pin"),
                moderator_pin=form.value("moderator_pin"),
                internal_without_pin=form.checked("internal_without_pin"),
                wait_for_moderator=form.checked("wait_for_moderator"),
                max_participants=form.value("max_participants"),
                host_leaves_ends=form.checked("host_leaves_ends"),
                person_id=form.value("person_id"),
            )
            with office.editing(desk.actor) as edit:
                if room_id:
                    rooms.change_room(edit, account_id, room_id, wish)
                else:
                    rooms.add_room(edit, account_id, wish)

        if form.done(act):
            return redirect(url_for("portal.services", account_id=account_id))
        return page("room.html", form.status, account=account, room=held, form=form, people=people)


_ROOM_TICKS = ("internal_without_pin", "wait_for_moderator", "host_leaves_ends")
