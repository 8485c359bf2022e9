"""What the database's own rules refuse, in the user's words: the last line behind the checks of the edit functions."""

from central.errors import InputProblem, Words
from wire.rows import Row

# A part of the constraint as PostgreSQL (its name) or SQLite (its columns) reports it -> field and words.
_WORDS: tuple[tuple[tuple[str, ...], str, Words], ...] = (
    (
        ("uq_extension_account_id_digits", "extension.digits"),
        "extension",
        Words("That extension is already in use.", "Esa extensión ya está en uso."),
    ),
    (
        ("uq_number_e164", "number.e164"),
        "number",
        Words("That number already belongs to a company.", "Ese número ya es de una empresa."),
    ),
    (
        ("pk_mapping", "mapping.id"),
        "number",
        Words("That number already leads somewhere.", "Ese número ya tiene un destino."),
    ),
    (
        ("uq_person_account_id_name_key", "person.name_key"),
        "first_name",
        Words(
            "There is already a person with that first and last name; each extension must have a unique name.",
            "Ya existe una persona con ese nombre y apellido; cada extensión debe tener un nombre único.",
        ),
    ),
    (
        ("uq_phone_mac", "phone.mac"),
        "mac",
        Words("A phone with that MAC address already exists.", "Ya existe un teléfono con esa dirección MAC."),
    ),
    (
        ("uq_phone_person_id", "phone.person_id"),
        "mac",
        Words(
            "That person already has an IP phone; one each.", "Esa persona ya tiene un teléfono IP; es uno por persona."
        ),
    ),
    (
        ("uq_account_name_key", "account.name_key"),
        "name",
        Words("There is already a company with that name.", "Ya existe una empresa con ese nombre."),
    ),
    (
        ("uq_site_name_key", "site.name_key"),
        "name",
        Words("There is already a building with that name.", "Ya existe un edificio con ese nombre."),
    ),
    (
        ("uq_trunk_site_id_name", "trunk.name"),
        "name",
        Words("This building already has that trunk.", "Este edificio ya tiene una troncal con ese nombre."),
    ),
    (
        ("uq_presence_account_id_site_id", "presence.site_id"),
        "site_id",
        Words("The company is already in that building.", "La empresa ya está en ese edificio."),
    ),
    (
        ("uq_line_key_phone_id_position", "line_key.position"),
        "",
        Words("A key of the phone is given twice.", "Una tecla del teléfono está dos veces."),
    ),
    (
        ("fk_phone_account_id_site_id",),
        "site_id",
        Words("The company is not in that building.", "La empresa no está en ese edificio."),
    ),
)


def taken(row: Row, said: str) -> InputProblem:
    """The problem for a constraint's violation, as the database said it."""
    for parts, field, words in _WORDS:
        if any(part in said for part in parts):
            return InputProblem(field, words)
    return InputProblem(
        "",
        Words(
            f"The database refused this {row.kind}: something else depends on it or it exists already.",
            "La base de datos rechazó el cambio: algo más depende de esto o ya existe.",
        ),
    )
