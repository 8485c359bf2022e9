"""Giving an unknown phone to a person, here in the building, whether or not the centre answers.

The phone gets its identity at once and works at its next boot; the centre learns of it by the journal and makes it so
everywhere. If the centre refuses (the person has a phone already), its word stands and its reason is kept.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.model import Directory, Person
from appliance.directory.moves import is_elsewhere
from appliance.directory.publish import publish
from appliance.directory.sealing import open_box
from appliance.errors import InputProblem, Words
from appliance.ports import Chance, Clock, SystemChance, SystemClock
from appliance.settings import Settings
from wire.facts import PhoneAdopted
from wire.rows import Phone

MAC = re.compile(r"[0-9a-f]{12}")
SECRET_BYTES = 24


@dataclass(frozen=True, slots=True)
class AdoptionWish:
    """`mac` in any usual notation; `family` and `model` empty where they are not known."""

    mac: str
    family: str
    model: str
    person_id: str


def adopt(
    settings: Settings,
    local: LocalStore,
    *,
    mac: str,
    family: str,
    model: str,
    person_id: str,
    by: str,
    clock: Clock | None = None,
    chance: Chance | None = None,
) -> Phone:
    """The phone as it now stands. `mac` in any usual notation. Raises InputProblem in the user's words."""
    return adopt_all(settings, local, [AdoptionWish(mac, family, model, person_id)], by, clock, chance)[0]


def adopt_all(
    settings: Settings,
    local: LocalStore,
    wishes: Iterable[AdoptionWish],
    by: str,
    clock: Clock | None = None,
    chance: Chance | None = None,
) -> tuple[Phone, ...]:
    """All of them, or none: raises the InputProblem of the first that cannot be. No MAC and no person twice."""
    clock, chance = clock or SystemClock(), chance or SystemChance()
    directory = Live(settings.paths.live_dir).current()
    box = open_box(settings.paths.identity_dir)
    made = []
    for wish in wishes:
        mac, person = _checked(directory, wish)
        token = re.sub(r"[^a-z0-9]", "", chance.token(24).lower())
        phone = Phone(
            id=f"ph-{mac}-{token[:6]}",
            account_id=person.account_id,
            site_id=directory.site.id,
            person_id=person.id,
            mac=mac,
            family=wish.family,
            model=wish.model,
            sip_user=f"p{token[:16]}",
            sip_secret=box.seal(chance.token(SECRET_BYTES)),
        )
        fact = PhoneAdopted(
            phone_id=phone.id,
            account_id=phone.account_id,
            site_id=phone.site_id,
            person_id=phone.person_id,
            mac=mac,
            family=phone.family,
            model=phone.model,
            sip_user=phone.sip_user,
            sip_secret=phone.sip_secret,
            by=by,
            at=clock.now().isoformat(timespec="milliseconds"),
        )
        made.append((phone, fact))
    local.adopt_all(made)
    publish(settings)
    return tuple(phone for phone, _ in made)


def _checked(directory: Directory, wish: AdoptionWish) -> tuple[str, Person]:
    mac = re.sub(r"[^0-9a-f]", "", wish.mac.lower())
    person = directory.person(wish.person_id)
    if not MAC.fullmatch(mac):
        raise InputProblem(
            Words("That is not a MAC address.", "Eso no es una dirección MAC."),
            Words(
                "It has twelve hexadecimal digits; it is on the phone's label.",
                "Tiene doce dígitos hexadecimales; está en la etiqueta del teléfono.",
            ),
        )
    if person is None:
        raise InputProblem(
            Words(
                "That person is not in this building's directory.", "Esa persona no está en el directorio del edificio."
            ),
            Words("Choose one from the list.", "Elija una de la lista."),
        )
    known = directory.phone_by_mac(mac)
    if known is not None and is_elsewhere(known, directory):
        raise InputProblem(
            Words("That phone belongs to another building.", "Ese teléfono es de otro edificio."),
            Words(
                "Ask the central office to move it here; it keeps its extension.",
                "Pida a la central que lo mueva aquí; conserva su extensión.",
            ),
        )
    if known is not None:
        raise InputProblem(
            Words("That phone is assigned already.", "Ese teléfono ya está asignado."),
            Words("Free it at the central office first.", "Libérelo primero en la central."),
        )
    refuse_second_phone(directory, person)
    return mac, person


def refuse_second_phone(directory: Directory, person: Person) -> None:
    """Raises InputProblem for who has a phone already: each person has one (U-4)."""
    if directory.phones_of(person.id):
        raise InputProblem(
            Words(f"{person.name} already has a phone.", f"{person.name} ya tiene un teléfono."),
            Words(
                "Each person has one IP phone; free the other first.",
                "Cada persona tiene un teléfono IP; libere primero el otro.",
            ),
        )
