"""Edits of a company's weeks: business hours with holidays, to which receptionists and limits refer (V-1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from central.directory.edit import Edit
from central.errors import InputProblem, Words
from central.rules import names, tokens
from central.rules.faults import Faults
from wire.services import Holiday, Limits, OpenHours, Receptionist, Schedule

QUARTER_MIN = 15
DAY_MIN = 24 * 60
MOST_RANGES = 70
MOST_HOLIDAYS = 200
Range = tuple[int, int, int]
"""Weekday from Monday 0, first minute, minute after the last."""


@dataclass(frozen=True, slots=True)
class HolidayWish:
    """ISO dates; `last_day` empty: one day."""

    name: str
    first_day: str
    last_day: str = ""


@dataclass(frozen=True, slots=True)
class ScheduleWish:
    name: str
    ranges: Sequence[Range] = ()
    holidays: Sequence[HolidayWish] = ()


def add_schedule(edit: Edit, account_id: str, wish: ScheduleWish) -> Schedule:
    """A new week. Raises InputProblem(s); fields name, hours, holidays."""
    return _write(edit, account_id, tokens.new_id("schedule"), wish)


def change_schedule(edit: Edit, account_id: str, schedule_id: str, wish: ScheduleWish) -> Schedule:
    edit.get(Schedule, schedule_id, account_id)
    return _write(edit, account_id, schedule_id, wish)


def delete_schedule(edit: Edit, account_id: str, schedule_id: str) -> None:
    """Raises InputProblem while something keeps these hours: without them it would be open all week, unasked."""
    edit.lock_account(account_id)
    schedule = edit.get(Schedule, schedule_id, account_id)
    users = [r.name for r in edit.all(Receptionist, account_id) if r.schedule_id == schedule_id]
    if any(limits.international_schedule_id == schedule_id for limits in edit.all(Limits, account_id)):
        users.append("international")
    if users:
        listed = ", ".join(users)
        raise InputProblem("", Words(f"These hours are in use: {listed}.", f"Este horario está en uso: {listed}."))
    rows: list[OpenHours | Holiday] = [*hours_of(edit, schedule), *holidays_of(edit, schedule)]
    for row in rows:
        edit.delete(row)
    edit.delete(schedule)


def hours_of(edit: Edit, schedule: Schedule) -> list[OpenHours]:
    mine = (h for h in edit.all(OpenHours, schedule.account_id) if h.schedule_id == schedule.id)
    return sorted(mine, key=lambda h: (h.weekday, h.from_minute))


def holidays_of(edit: Edit, schedule: Schedule) -> list[Holiday]:
    mine = (h for h in edit.all(Holiday, schedule.account_id) if h.schedule_id == schedule.id)
    return sorted(mine, key=lambda h: (h.first_day, h.id))


def _write(edit: Edit, account_id: str, schedule_id: str, wish: ScheduleWish) -> Schedule:
    edit.lock_account(account_id)
    faults = Faults()
    words = Words("a name for these hours", "un nombre para este horario")
    name = faults.keep(lambda: names.required_name("name", wish.name, words), "")
    ranges: tuple[Range, ...] = faults.keep(lambda: joined(wish.ranges), ())
    holidays: tuple[HolidayWish, ...] = faults.keep(lambda: _checked_holidays(wish.holidays), ())
    faults.settle()
    schedule = Schedule(schedule_id, account_id, name)
    edit.put(schedule)
    held = hours_of(edit, schedule)
    kept = {(h.weekday, h.from_minute, h.to_minute) for h in held} & set(ranges)
    for hours in held:
        if (hours.weekday, hours.from_minute, hours.to_minute) not in kept:
            edit.delete(hours)
    for one in ranges:
        if one not in kept:
            edit.put(OpenHours(tokens.new_id("hours"), account_id, schedule_id, *one))
    for former in holidays_of(edit, schedule):
        edit.delete(former)
    for holiday in holidays:
        first, last = holiday.first_day, holiday.last_day
        edit.put(Holiday(tokens.new_id("holiday"), account_id, schedule_id, holiday.name, first, last))
    return schedule


def joined(ranges: Sequence[Range]) -> tuple[Range, ...]:
    """The ranges in order, those that touch or overlap made one. Raises InputProblem on field `hours`."""
    if len(ranges) > MOST_RANGES:
        raise InputProblem("hours", Words("That is too many ranges.", "Son demasiados intervalos."))
    result: list[Range] = []
    for weekday, first, last in sorted(ranges):
        if not (0 <= weekday <= 6 and 0 <= first < last <= DAY_MIN) or first % QUARTER_MIN or last % QUARTER_MIN:
            raise InputProblem(
                "hours",
                Words(
                    "Hours begin and end on a quarter of an hour, the end after the beginning.",
                    "El horario empieza y termina en cuartos de hora, y el final va después del inicio.",
                ),
                Words("For example 09:00 to 18:00.", "Por ejemplo de 09:00 a 18:00."),
            )
        if result and result[-1][0] == weekday and first <= result[-1][2]:
            result[-1] = (weekday, result[-1][1], max(last, result[-1][2]))
        else:
            result.append((weekday, first, last))
    return tuple(result)


def _checked_holidays(wishes: Sequence[HolidayWish]) -> tuple[HolidayWish, ...]:
    if len(wishes) > MOST_HOLIDAYS:
        raise InputProblem("holidays", Words("That is too many holidays.", "Son demasiados días festivos."))
    return tuple(_checked_holiday(w) for w in wishes)


def _checked_holiday(wish: HolidayWish) -> HolidayWish:
    try:
        first = date.fromisoformat(wish.first_day.strip())
        last = date.fromisoformat(wish.last_day.strip()) if wish.last_day.strip() else first
    except ValueError as wrong:
        said = f"{wish.first_day} {wish.last_day}".strip()[:40]
        raise InputProblem(
            "holidays",
            Words(f"“{said}” is not a date.", f"«{said}» no es una fecha."),
            Words("For example 2026-12-25.", "Por ejemplo 2026-12-25."),
        ) from wrong
    if last < first:
        raise InputProblem(
            "holidays",
            Words(
                f"The holiday from {first} ends before it begins.", f"El festivo del {first} termina antes de empezar."
            ),
        )
    return HolidayWish(names.short("holidays", wish.name, names.MAX_NAME), first.isoformat(), last.isoformat())
