"""Phones and their people out of a CSV file, as spreadsheets write them: read, checked line by line, then adopted.

Reading and checking are pure and know every fault before anything is done. Encodings: UTF-8 (with or without its mark),
UTF-16 with its mark, else Latin-1 as Windows writes it.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from appliance.directory.adoption import AdoptionWish, adopt_all
from appliance.directory.local import LocalStore, SeenPhone
from appliance.directory.model import Account, Directory, Person
from appliance.errors import InputProblem, Words
from appliance.provision.families import Families
from appliance.provision.family import plain_mac
from appliance.settings import Settings

MOST = 2 << 20
LINES_MOST = 5000
COLUMNS = {
    "mac": ("mac", "mac address", "dirección mac", "direccion mac"),
    "model": ("model", "modelo"),
    "family": ("family", "vendor", "familia", "marca"),
    "email": ("email", "e-mail", "mail", "correo", "correo electrónico", "correo electronico"),
    "company": ("company", "account", "empresa", "compañía", "cuenta"),
    "extension": ("extension", "ext", "extensión"),
}
"""What a column may be called in the first line, whatever its case."""

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_HINT = Words(
    "Save it as CSV UTF-8, with the columns mac, model, email (or company and extension).",
    "Guárdelo como CSV UTF-8, con las columnas mac, modelo, correo (o empresa y extensión).",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A line as it was written; `number` from 1, the heading included."""

    number: int
    mac: str = ""
    model: str = ""
    family: str = ""
    email: str = ""
    company: str = ""
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line's verdict. `problem` None: it can be done, or is `done`."""

    row: Row
    mac: str = ""
    family: str = ""
    model: str = ""
    person_id: str = ""
    person_name: str = ""
    problem: Words | None = None
    done: bool = False

    def sentence(self, dry_run: bool = False) -> Words:
        n, mac = self.row.number, self.mac or self.row.mac
        if self.problem:
            return Words(f"line {n}: {mac}: {self.problem.en}", f"línea {n}: {mac}: {self.problem.es}")
        kind = f"{self.family} {self.model}".strip() or "?"
        if self.done:
            return Words(
                f"line {n}: {mac} ({kind}) is {self.person_name}'s now",
                f"línea {n}: {mac} ({kind}) ya es de {self.person_name}",
            )
        return Words(
            f"line {n}: {mac} ({kind}) to {self.person_name}: good",
            f"línea {n}: {mac} ({kind}) para {self.person_name}: bien",
        )


def read_rows(data: bytes) -> tuple[Row, ...]:
    """The lines of a CSV file, with commas, semicolons or tabs. Raises InputProblem for what is no such file."""
    text = _text(data)
    first = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as broken:
        raise InputProblem(
            Words(f"This is not a CSV file: {broken}.", f"Esto no es un archivo CSV: {broken}."), _HINT
        ) from broken
    heading = next((i for i, line in enumerate(lines) if any(c.strip() for c in line)), None)
    if heading is None:
        raise InputProblem(Words("The file is empty.", "El archivo está vacío."), _HINT)
    names = [_column(c) for c in lines[heading]]
    if "mac" not in names or not ({"email", "extension"} & set(names)):
        raise InputProblem(
            Words(
                "The first line must name the columns: mac, and email or company and extension.",
                "La primera línea debe nombrar las columnas: mac, y correo o empresa y extensión.",
            ),
            _HINT,
        )
    if len(lines) > LINES_MOST:
        raise InputProblem(
            Words(f"It has more than {LINES_MOST} lines.", f"Tiene más de {LINES_MOST} líneas."),
            Words("Split it.", "Divídalo."),
        )
    rows = []
    for number, cells in enumerate(lines[heading + 1 :], heading + 2):
        values = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
        if any(values.values()):
            rows.append(Row(number, **values))
    return tuple(rows)


def _text(data: bytes) -> str:
    if len(data) > MOST:
        raise InputProblem(
            Words("The file is larger than 2 MB.", "El archivo mide más de 2 MB."), Words("Split it.", "Divídalo.")
        )
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    try:
        if encoding:
            return data.decode(encoding)
        if b"\0" in data:
            raise UnicodeError("a zero octet")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return data.decode("cp1252")
    except UnicodeError as unknown:
        raise InputProblem(
            Words(
                "The file is in no encoding that is known here; is it a spreadsheet and not a CSV file?",
                "El archivo no está en una codificación conocida; ¿es una hoja de cálculo y no un CSV?",
            ),
            _HINT,
        ) from unknown


def _column(text: str) -> str:
    said = text.strip().lower()
    return next((name for name, words in COLUMNS.items() if said in words), "")


def check(
    rows: Iterable[Row], directory: Directory, families: Families, seen: Mapping[str, SeenPhone]
) -> tuple[Line, ...]:
    """Each line with the person it means, or what is wrong with it. `seen`: phones that asked for something, by MAC."""
    by_mail: dict[str, list[Person]] = {}
    for account in directory.accounts():
        for extension in directory.extensions(account.id):
            person = directory.person(extension.target_id) if extension.target_kind == "person" else None
            if person and person.email and person not in by_mail.setdefault(person.email.lower(), []):
                by_mail[person.email.lower()].append(person)
    macs: set[str] = set()
    people: set[str] = set()
    lines = []
    for row in rows:
        line = _checked(row, directory, families, seen, by_mail)
        if line.problem is None and (line.mac in macs or line.person_id in people):
            line = replace(line, problem=Words("an earlier line has it already", "una línea anterior ya lo tiene"))
        macs.add(line.mac)
        people.add(line.person_id)
        lines.append(line)
    return tuple(lines)


def _checked(
    row: Row,
    directory: Directory,
    families: Families,
    seen: Mapping[str, SeenPhone],
    by_mail: Mapping[str, list[Person]],
) -> Line:
    mac = plain_mac(row.mac)
    line = Line(row, mac)
    if not mac:
        return replace(line, problem=Words(f"'{row.mac}' is no MAC address", f"'{row.mac}' no es una dirección MAC"))
    if directory.phone_by_mac(mac):
        return replace(line, problem=Words("it is assigned already", "ya está asignado"))
    person = _person(row, directory, by_mail)
    if isinstance(person, Words):
        return replace(line, problem=person)
    if directory.phones_of(person.id):
        return replace(line, problem=Words("that person has a phone already", "esa persona ya tiene un teléfono"))
    was = seen.get(mac)
    makers = families.by_oui(mac)
    named = [f for f in families.families if row.family and row.family.lower() in (f.name, f.vendor.lower())]
    of_model = [f for f in makers if row.model and f.model(row.model)]
    if row.family and not named:
        problem = Words(f"'{row.family}' is no known family", f"'{row.family}' no es una familia conocida")
        return replace(line, problem=problem)
    fitting = named or of_model or ([f for f in makers if was and f.name == was.family]) or list(makers)
    family = fitting[0] if len(fitting) == 1 else None
    if row.model and family and family.model(row.model) is None:
        problem = Words(
            f"{family.vendor} has no model '{row.model}'", f"{family.vendor} no tiene el modelo '{row.model}'"
        )
        return replace(line, problem=problem)
    found = family.model(row.model) if family and row.model else None
    model = found.name if found else row.model or (was.model if was else "")
    return replace(
        line, family=family.name if family else "", model=model, person_id=person.id, person_name=person.name
    )


def _person(row: Row, directory: Directory, by_mail: Mapping[str, list[Person]]) -> Person | Words:
    if row.email:
        found = by_mail.get(row.email.lower(), [])
        if len(found) == 1:
            return found[0]
        if not found:
            return Words(f"nobody here has the address {row.email}", f"nadie aquí tiene el correo {row.email}")
        return Words(f"several people have the address {row.email}", f"varias personas tienen el correo {row.email}")
    accounts = [a for a in directory.accounts() if _is(a, row.company)]
    if len(accounts) != 1:
        return Words(f"no company is called '{row.company}'", f"ninguna empresa se llama '{row.company}'")
    extension = directory.extension(accounts[0].id, row.extension)
    person = directory.person(extension.target_id) if extension and extension.target_kind == "person" else None
    return person or Words(
        f"nobody of {accounts[0].name} has extension {row.extension}",
        f"nadie de {accounts[0].name} tiene la extensión {row.extension}",
    )


def _is(account: Account, company: str) -> bool:
    return bool(company) and company.lower() in (account.id.lower(), account.name.lower())


def adopt_rows(settings: Settings, local: LocalStore, lines: Iterable[Line], by: str) -> tuple[Line, ...]:
    """Give the good ones to their people, all or none: raises InputProblem when somebody was faster."""
    kept = tuple(lines)
    good = [AdoptionWish(x.mac, x.family, x.model, x.person_id) for x in kept if x.problem is None]
    if good:
        adopt_all(settings, local, good, by)
    return tuple(replace(x, done=x.problem is None) for x in kept)
