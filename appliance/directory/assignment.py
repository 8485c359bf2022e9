"""Giving a phone of a company to another of its people, here in the building, whether or not the centre answers.

The device keeps its SIP user, its secret and its keys. Extension, mailbox and what its screen says are the new person's
from its next files on.
"""

from appliance.directory.adoption import refuse_second_phone
from appliance.directory.assigned import Assignment, Assignments
from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.model import Directory, Person, Phone
from appliance.directory.moves import is_elsewhere
from appliance.directory.publish import publish
from appliance.errors import InputProblem, Words
from appliance.ports import Clock
from appliance.settings import Settings
from wire.facts import PhoneAssigned


def assign(settings: Settings, local: LocalStore, *, mac: str, person_id: str, by: str, clock: Clock) -> Phone:
    """The phone as it now stands. `mac` of twelve lower-case digits. Raises InputProblem in the user's words.

    It is taken back by giving the phone to who had it.
    """
    directory = Live(settings.paths.live_dir).current()
    phone, person = checked(directory, mac, person_id)
    Assignments(settings.paths.local_db).keep(Assignment(phone.id, phone.person_id, person.id))
    local.append(
        PhoneAssigned(
            phone_id=phone.id,
            account_id=phone.account_id,
            site_id=phone.site_id,
            person_before=phone.person_id,
            person_id=person.id,
            by=by,
            at=clock.now().isoformat(timespec="milliseconds"),
        )
    )
    publish(settings)
    given = Live(settings.paths.live_dir).current().phone(phone.id)
    assert given is not None
    return given


def checked(directory: Directory, mac: str, person_id: str) -> tuple[Phone, Person]:
    """Pure. Raises InputProblem where the phone cannot be this person's."""
    phone, person = directory.phone_by_mac(mac), directory.person(person_id)
    if phone is None:
        raise InputProblem(
            Words(f"The phone {mac} is in no directory.", f"El teléfono {mac} no está en el directorio."),
            Words("Adopt it instead.", "Adóptelo primero."),
        )
    if is_elsewhere(phone, directory):
        raise InputProblem(
            Words("That phone belongs to another building.", "Ese teléfono es de otro edificio."),
            Words("Ask the central office to move it here.", "Pida a la central que lo mueva aquí."),
        )
    if person is None:
        raise InputProblem(
            Words(
                "That person is not in this building's directory.", "Esa persona no está en el directorio del edificio."
            ),
            Words("Choose one from the list.", "Elija una de la lista."),
        )
    if person.account_id != phone.account_id:
        raise InputProblem(
            Words("That person is of another company.", "Esa persona es de otra empresa."),
            Words(
                "A phone changes its company at the central office only.",
                "Un teléfono cambia de empresa solo en la central.",
            ),
        )
    if person.id == phone.person_id:
        raise InputProblem(
            Words(f"It is {person.name}'s already.", f"Ya es de {person.name}."),
            Words("Choose another person.", "Elija otra persona."),
        )
    refuse_second_phone(directory, person)
    return phone, person
