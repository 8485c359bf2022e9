"""Edits of people's own settings and of what calls may cost. Star codes in a building write the same fields (G-1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial

from central.directory.edit import Edit
from central.directory.stamps import changed, moment
from central.errors import InputProblem, Words
from central.model.rows import find
from central.rules.choices import number_between, one_of
from central.rules.faults import Faults
from wire.rows import Account, Person
from wire.services import ForwardMode, Limits, Preferences, Schedule, SiteLimits

DIALLED = re.compile(r"\+?[0-9]{2,20}")
NUMBERS = ("forward_to", "forward_busy_to", "forward_no_answer_to")
SWITCHES = ("forward_confirm", "do_not_disturb", "call_waiting", "hide_caller_id")
MOST_CENTAVOS = 100_000_000
AT_ONCE = ("international_at_once_person", "international_at_once_account")


def preferences_of(edit: Edit, account_id: str, person_id: str) -> Preferences:
    """What the person has set; the defaults where nothing was."""
    edit.get(Person, person_id, account_id)
    return find(edit.session, Preferences, person_id) or Preferences(person_id, account_id)


def set_preferences(
    edit: Edit, account_id: str, person_id: str, values: Mapping[str, str | bool], stamp: str = ""
) -> Preferences:
    """Write these fields. Without a stamp they are written now; with a building's, only where nobody wrote later.

    Raises InputProblem(s) by the fields' names.
    """
    edit.lock_account(account_id)
    held = preferences_of(edit, account_id, person_id)
    known = {f.name for f in fields(Preferences)} - {"id", "account_id", "stamps"}
    if set(values) - known:
        listed = ", ".join(sorted(set(values) - known))
        raise InputProblem("", Words(f"There is no setting {listed}.", f"No existe el ajuste {listed}."))
    faults = Faults()
    checked = {name: faults.keep(partial(_checked_value, name, value), value) for name, value in values.items()}
    faults.settle()
    differing = checked if stamp else {n: v for n, v in checked.items() if getattr(held, n) != v}
    made = changed(held, differing, stamp or moment(edit.now))
    if made.forward_mode != ForwardMode.DISABLED and not made.forward_to:
        raise InputProblem(
            "forward_to",
            Words("Write the number that calls are forwarded to.", "Escriba el número al que se desvían las llamadas."),
        )
    if made != held:
        edit.put(made)
    return made


@dataclass(frozen=True, slots=True)
class LimitsWish:
    """What a company's calls may cost, as a form gives it: centavos and counts as text; 0 means no limit."""

    prepaid: bool = False
    balance: str = "0"
    offline_budget: str = "10000"
    international_per_minute: str = "500"
    premium_per_minute: str = "1500"
    international_at_once_person: str = "2"
    international_at_once_account: str = "5"
    spend_day_person: str = "50000"
    spend_day_account: str = "200000"
    international_schedule_id: str = ""


def limits_of(edit: Edit, account_id: str) -> Limits:
    return find(edit.session, Limits, account_id) or Limits(account_id, account_id)


def set_limits(edit: Edit, account_id: str, wish: LimitsWish) -> Limits:
    """Raises InputProblem(s) by the fields' names."""
    account: Account = edit.lock_account(account_id)
    faults = Faults()
    numbers: dict[str, int] = {}
    for f in fields(LimitsWish):
        if f.name not in ("prepaid", "international_schedule_id"):
            most = 1000 if f.name in AT_ONCE else MOST_CENTAVOS
            text = getattr(wish, f.name)
            numbers[f.name] = faults.keep(partial(number_between, f.name, text, 0, most), 0)
    known = {s.id for s in edit.all(Schedule, account_id)}
    if wish.international_schedule_id and wish.international_schedule_id not in known:
        words = Words("Those hours are not there any more.", "Ese horario ya no existe.")
        faults.add(InputProblem("international_schedule_id", words))
    faults.settle()
    made = Limits(
        account.id,
        account.id,
        prepaid=wish.prepaid,
        international_schedule_id=wish.international_schedule_id,
        **numbers,
    )
    edit.put(made)
    return made


def set_site_limits(edit: Edit, site_id: str, at_once: str, spend_day: str) -> SiteLimits:
    """Toll-fraud limits of a whole building. Raises InputProblem(s)."""
    edit.lock_site(site_id)
    faults = Faults()
    made = SiteLimits(
        site_id,
        site_id,
        faults.keep(lambda: number_between("international_at_once", at_once, 0, 1000), 0),
        faults.keep(lambda: number_between("spend_day", spend_day, 0, MOST_CENTAVOS), 0),
    )
    faults.settle()
    edit.put(made)
    return made


def _checked_value(name: str, value: str | bool) -> str | bool:
    if name in SWITCHES:
        if not isinstance(value, bool):
            raise InputProblem(name, Words("Say on or off.", "Diga encendido o apagado."))
        return value
    text = "".join(str(value).split())
    if name in NUMBERS and text and not DIALLED.fullmatch(text):
        raise InputProblem(
            name,
            Words(f"{text[:20]} cannot be dialled.", f"{text[:20]} no se puede marcar."),
            Words("An extension, or a number as you would dial it.", "Una extensión o un número como lo marcaría."),
        )
    return one_of(name, text, tuple(ForwardMode)) if name == "forward_mode" else text
