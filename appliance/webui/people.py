"""Finding the person that a phone is for, while giving away no address book (J-4). Pure.

A technician who knows whom the phone is for finds them by extension, name or company; nobody can leaf through a
company: a word of at least two letters must match an extension or a name, and few are shown, as on a phone's label.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.directory.model import Directory
from appliance.webui.plain import words_of

SHOWN = 8
SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Suggestion:
    person_id: str
    name: str
    """First name and initial: `Ana N.`"""
    extension: str
    account_name: str

    @property
    def text(self) -> str:
        return f"{self.extension} · {self.name} · {self.account_name}"


def suggest(directory: Directory, text: str, account_id: str = "") -> tuple[Suggestion, ...]:
    """People with an extension and without a phone that match every word of `text`; at most SHOWN.

    `account_id`: of this company alone.
    """
    words = words_of(text)
    if not any(len(w) >= SHORTEST for w in words):
        return ()
    found = []
    for suggestion, own, company in _people(directory, account_id):
        matched = [any(p.startswith(w) for p in own) for w in words]
        both = [m or any(p.startswith(w) for p in company) for m, w in zip(matched, words, strict=True)]
        telling = any(m and len(w) >= SHORTEST for m, w in zip(matched, words, strict=True))
        if all(both) and telling and not directory.phones_of(suggestion.person_id):
            found.append(suggestion)
    return tuple(sorted(found, key=lambda s: (s.extension, s.account_name, s.name))[:SHOWN])


def find(directory: Directory, person_id: str) -> Suggestion | None:
    """The person of an id, in the same few words."""
    person = directory.person(person_id)
    if person is None:
        return None
    extension = directory.extension_of("person", person_id)
    account = directory.account(person.account_id)
    return Suggestion(
        person_id,
        _short(person.first_name, person.last_name),
        extension.digits if extension else "",
        account.name if account else "",
    )


def _people(directory: Directory, account_id: str = "") -> Iterator[tuple[Suggestion, list[str], list[str]]]:
    for account in directory.accounts():
        if account_id and account.id != account_id:
            continue
        company = words_of(account.name)
        for extension in directory.extensions(account.id):
            if extension.target_kind != "person":
                continue
            person = directory.person(extension.target_id)
            if person is None:
                continue
            own = [extension.digits, *words_of(person.name)]
            short = _short(person.first_name, person.last_name)
            yield Suggestion(person.id, short, extension.digits, account.name), own, company


def _short(first_name: str, last_name: str) -> str:
    return f"{first_name} {last_name[:1]}." if last_name else first_name
