"""Pages of virtual receptionists and of the business hours that they keep."""

import re

from flask import Blueprint, redirect, request, url_for

from central.directory import receptionists as edits
from central.directory import schedules
from central.directory.destinations import destinations, split_value
from central.errors import InputProblem, NotFoundProblem, Words
from central.model.rows import find, of_account
from central.portal.base import Answer, Desk, page, words
from central.portal.form import Form
from central.portal.lookup import account_of, extension_digits, numbers_to
from central.rules.extension import next_free
from wire.rows import DestinationKind, Extension
from wire.services import Holiday, KeyAction, Menu, MenuKey, MenuMode, OpenHours, Receptionist, Schedule, Sound

MODES: dict[MenuMode, Words] = {
    MenuMode.BUSINESS: Words("Business hours", "Horario laboral"),
    MenuMode.AFTER_HOURS: Words("After hours", "Fuera de horario"),
    MenuMode.HOLIDAY: Words("Holidays", "Días festivos"),
}
ACTIONS: dict[KeyAction, Words] = {
    KeyAction.REPEAT: Words("Repeat the greeting", "Repetir el saludo"),
    KeyAction.DIAL_BY_NAME: Words("Dial by name", "Marcar por nombre"),
    KeyAction.HANG_UP: Words("Hang up", "Colgar"),
}
DAYS = (
    Words("Monday", "lunes"), Words("Tuesday", "martes"), Words("Wednesday", "miércoles"), Words("Thursday", "jueves"),
    Words("Friday", "viernes"), Words("Saturday", "sábado"), Words("Sunday", "domingo"),
)  # fmt: skip
RANGE = re.compile(r"(\d{1,2})(?::(\d\d))?\s*(?:-|–|a|to)\s*(\d{1,2})(?::(\d\d))?", re.IGNORECASE)
TICKED = "1"


def add_pages(pages: Blueprint, desk: Desk) -> None:
    _receptionist_pages(pages, desk)
    _schedule_pages(pages, desk)


def _receptionist_pages(pages: Blueprint, desk: Desk) -> None:
    office = desk.office

    @pages.route("/accounts/<account_id>/receptionists/new", methods=["GET", "POST"])
    def new_receptionist(account_id: str) -> Answer:
        return _receptionist(account_id, "")

    @pages.route("/accounts/<account_id>/receptionists/<receptionist_id>", methods=["GET", "POST"])
    def receptionist(account_id: str, receptionist_id: str) -> Answer:
        return _receptionist(account_id, receptionist_id)

    @pages.post("/accounts/<account_id>/receptionists/<receptionist_id>/override")
    def override_receptionist(account_id: str, receptionist_id: str) -> Answer:
        with office.editing(desk.actor) as edit:
            edits.set_override(edit, account_id, receptionist_id, request.form.get("override", ""))
        return redirect(url_for("portal.services", account_id=account_id))

    @pages.post("/accounts/<account_id>/receptionists/<receptionist_id>/delete")
    def delete_receptionist(account_id: str, receptionist_id: str) -> Answer:
        with office.editing(desk.actor) as edit:
            edits.delete_receptionist(edit, account_id, receptionist_id)
        return redirect(url_for("portal.services", account_id=account_id))

    def _receptionist(account_id: str, receptionist_id: str) -> Answer:
        with office.reading() as session:
            account = account_of(session, account_id)
            held = find(session, Receptionist, receptionist_id) if receptionist_id else None
            if receptionist_id and (held is None or held.account_id != account_id):
                raise NotFoundProblem(Words("There is no such receptionist.", "No existe esa recepcionista."))
            digits = extension_digits(session, account_id)
            used = frozenset(e.digits for e in of_account(session, Extension, account_id))
            weeks = of_account(session, Schedule, account_id)
            sounds = of_account(session, Sound, account_id)
            choices = destinations(session, account_id)
            menus = [m for m in of_account(session, Menu, account_id) if m.receptionist_id == receptionist_id]
            keys = of_account(session, MenuKey, account_id)
            numbers = numbers_to(session, account_id, DestinationKind.RECEPTIONIST, receptionist_id)
        start = {"extension": next_free(used), "direct_dial": TICKED, "has_business": TICKED, "override": "auto"}
        if held is not None:
            start = _start(held, digits.get((DestinationKind.RECEPTIONIST, held.id), ""), menus, keys)
        form = Form(start)

        def act() -> None:
            with office.editing(desk.actor) as edit:
                if receptionist_id:
                    edits.change_receptionist(edit, account_id, receptionist_id, _wish(form))
                else:
                    edits.add_receptionist(edit, account_id, _wish(form))

        if form.done(act):
            return redirect(url_for("portal.services", account_id=account_id))
        led = [(action.value, words(text.en, text.es)) for action, text in ACTIONS.items()]
        led += [(c.value, c.label) for c in choices if c.value != f"receptionist:{receptionist_id}"]
        return page(
            "receptionist.html",
            form.status,
            account=account,
            receptionist=held,
            form=form,
            weeks=weeks,
            sounds=sounds,
            choices=[c for c in choices if c.value != f"receptionist:{receptionist_id}"],
            actions=led,
            modes=[(mode.value, words(text.en, text.es)) for mode, text in MODES.items()],
            digits=edits.DIGITS,
            numbers=numbers,
        )


def _start(held: Receptionist, extension: str, menus: list[Menu], keys: list[MenuKey]) -> dict[str, str]:
    texts = ("name", "timezone", "schedule_id", "override", "language")
    start = {n: str(getattr(held, n)) for n in texts} | {"extension": extension}
    if held.direct_dial:
        start["direct_dial"] = TICKED
    if held.default_kind:
        start["default"] = f"{held.default_kind}:{held.default_target_id}"
    for menu in menus:
        start |= {f"has_{menu.mode}": TICKED, f"greeting_{menu.mode}": menu.greeting_sound_id}
        for key in keys:
            if key.menu_id == menu.id:
                value = f"{key.action}:{key.target_id}" if key.target_id else key.action
                start[f"key_{menu.mode}_{key.digit}"] = value
    return start


def _wish(form: Form) -> edits.ReceptionistWish:
    kind, target = split_value("default", form.value("default"))
    menus = {}
    for mode in MODES:
        if mode is MenuMode.BUSINESS or form.checked(f"has_{mode}"):
            pressed = [(d, form.value(f"key_{mode}_{d}")) for d in edits.DIGITS]
            keys = [edits.KeyWish(d, *_led(value)) for d, value in pressed if value]
            menus[mode.value] = edits.MenuWish(form.value(f"greeting_{mode}"), keys)
    return edits.ReceptionistWish(
        name=form.value("name"),
        extension=form.value("extension"),
        timezone=form.value("timezone"),
        schedule_id=form.value("schedule_id"),
        direct_dial=form.checked("direct_dial"),
        override=form.value("override"),
        default_kind=kind,
        default_target_id=target,
        language=form.value("language"),
        menus=menus,
    )


def _led(value: str) -> tuple[str, str]:
    return (value, "") if value in tuple(KeyAction) else split_value("keys", value)


def _schedule_pages(pages: Blueprint, desk: Desk) -> None:
    office = desk.office

    @pages.route("/accounts/<account_id>/schedules/new", methods=["GET", "POST"])
    def new_schedule(account_id: str) -> Answer:
        return _schedule(account_id, "")

    @pages.route("/accounts/<account_id>/schedules/<schedule_id>", methods=["GET", "POST"])
    def schedule(account_id: str, schedule_id: str) -> Answer:
        return _schedule(account_id, schedule_id)

    @pages.post("/accounts/<account_id>/schedules/<schedule_id>/delete")
    def delete_schedule(account_id: str, schedule_id: str) -> Answer:
        with office.editing(desk.actor) as edit:
            schedules.delete_schedule(edit, account_id, schedule_id)
        return redirect(url_for("portal.services", account_id=account_id))

    def _schedule(account_id: str, schedule_id: str) -> Answer:
        with office.reading() as session:
            account = account_of(session, account_id)
            held = find(session, Schedule, schedule_id) if schedule_id else None
            if schedule_id and (held is None or held.account_id != account_id):
                raise NotFoundProblem(Words("There are no such hours.", "No existe ese horario."))
            hours = [h for h in of_account(session, OpenHours, account_id) if h.schedule_id == schedule_id]
            days_off = [h for h in of_account(session, Holiday, account_id) if h.schedule_id == schedule_id]
        start = {f"day_{n}": "09:00-18:00" for n in range(5)} if held is None else {"name": held.name}
        for one in sorted(hours, key=lambda h: (h.weekday, h.from_minute)):
            text = f"{_clock(one.from_minute)}-{_clock(one.to_minute)}"
            start[f"day_{one.weekday}"] = f"{start.get(f'day_{one.weekday}', '')} {text}".strip()
        start["holidays"] = "\n".join(_line(h) for h in sorted(days_off, key=lambda h: h.first_day))
        form = Form(start)

        def act() -> None:
            ranges = [r for n in range(7) for r in ranges_of(n, form.value(f"day_{n}"))]
            wish = schedules.ScheduleWish(form.value("name"), ranges, holidays_of(form.value("holidays")))
            with office.editing(desk.actor) as edit:
                if schedule_id:
                    schedules.change_schedule(edit, account_id, schedule_id, wish)
                else:
                    schedules.add_schedule(edit, account_id, wish)

        if form.done(act):
            return redirect(url_for("portal.services", account_id=account_id))
        days = [(n, words(text.en, text.es)) for n, text in enumerate(DAYS)]
        return page("schedule.html", form.status, account=account, schedule=held, form=form, days=days)


def ranges_of(weekday: int, text: str) -> list[schedules.Range]:
    """`09:00-14:00 16:00-18:30` as ranges of a weekday; 24 closes a day. Raises InputProblem on field `day_N`."""
    found: list[schedules.Range] = []
    rest = text
    for match in RANGE.finditer(text):
        first, last = (int(match[i]) * 60 + int(match[i + 1] or 0) for i in (1, 3))
        found.append((weekday, first, last))
        rest = rest.replace(match[0], "", 1)
    if rest.replace(",", " ").replace(";", " ").strip():
        raise InputProblem(
            f"day_{weekday}",
            Words(f"“{text.strip()[:40]}” is not a range of hours.", f"«{text.strip()[:40]}» no es un horario."),
            Words("For example 09:00-14:00 16:00-18:30.", "Por ejemplo 09:00-14:00 16:00-18:30."),
        )
    try:
        return list(schedules.joined(found))
    except InputProblem as wrong:
        raise InputProblem(f"day_{weekday}", wrong.says, wrong.todo) from wrong


def holidays_of(text: str) -> list[schedules.HolidayWish]:
    """A line a holiday: a date, or two with `/` between, and a name."""
    wishes = []
    for line in text.splitlines():
        dates, _, name = line.strip().partition(" ")
        if dates:
            first, _, last = dates.partition("/")
            wishes.append(schedules.HolidayWish(name, first, last))
    return wishes


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _line(holiday: Holiday) -> str:
    dates = holiday.first_day
    if holiday.last_day != holiday.first_day:
        dates += f"/{holiday.last_day}"
    return f"{dates} {holiday.name}".strip()
