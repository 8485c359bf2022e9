"""Giving an unknown phone to a person, here in the building, whether or not the centre answers.

The phone gets its identity at once and works at its next boot; the centre learns of it by the journal and makes it so
everywhere. If the centre refuses (the person has a phone already), its word stands and its reason is kept.
"""

import re

from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.publish import publish
from appliance.directory.sealing import open_box
from appliance.errors import InputProblem, Words
from appliance.ports import Chance, Clock, SystemChance, SystemClock
from appliance.settings import Settings
from wire.facts import PhoneAdopted
from wire.rows import Phone

MAC = re.compile(r"[0-9a-f]{12}")
SECRET_BYTES = 24


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
    clock, chance = clock or SystemClock(), chance or SystemChance()
    mac = re.sub(r"[^0-9a-f]", "", mac.lower())
    directory = Live(settings.paths.live_dir).current()
    person = directory.person(person_id)
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
    if directory.phone_by_mac(mac) is not None:
        raise InputProblem(
            Words("That phone is assigned already.", "Ese teléfono ya está asignado."),
            Words("Free it at the central office first.", "Libérelo primero en la central."),
        )
    if directory.phones_of(person_id):
        raise InputProblem(
            Words(f"{person.name} already has a phone.", f"{person.name} ya tiene un teléfono."),
            Words(
                "Each person has one IP phone; free the other first.",
                "Cada persona tiene un teléfono IP; libere primero el otro.",
            ),
        )
    token = re.sub(r"[^a-z0-9]", "", chance.token(24).lower())
    sip_user, secret = f"p{token[:16]}", chance.token(SECRET_BYTES)
    box = open_box(settings.paths.identity_dir)
    sealed = box.seal(secret)
    site_id = directory.site.id
    phone = Phone(
        id=f"ph-{mac}-{token[:6]}",
        account_id=person.account_id,
        site_id=site_id,
        person_id=person_id,
        mac=mac,
        family=family,
        model=model,
        sip_user=sip_user,
        sip_secret=sealed,
    )
    fact = PhoneAdopted(
        phone_id=phone.id,
        account_id=phone.account_id,
        site_id=site_id,
        person_id=person_id,
        mac=mac,
        family=family,
        model=model,
        sip_user=sip_user,
        sip_secret=sealed,
        by=by,
        at=clock.now().isoformat(timespec="milliseconds"),
    )
    local.adopt(phone, fact)
    publish(settings)
    return phone
