"""A company's extensions as callers at a receptionist dial and spell them. Pure."""

import unicodedata

from appliance.directory.model import Directory
from appliance.voice.questions import Book, Listed
from wire.rows import DestinationKind, Extension

_KEYS = {
    letter: key
    for key, letters in {
        "2": "abc", "3": "def", "4": "ghi", "5": "jkl", "6": "mno", "7": "pqrs", "8": "tuv", "9": "wxyz",
    }.items()
    for letter in letters
}  # fmt: skip


def book_of(directory: Directory, account_id: str) -> Book:
    """All of a company's extensions. Persons among them can be spelled by each of their names."""
    listed = tuple(_listed(directory, one) for one in directory.extensions(account_id))
    spelled = tuple((keys, index) for index, one in enumerate(listed) for keys in spellings(one.name))
    prefixes = frozenset(one.digits[:n] for one in listed for n in range(1, len(one.digits)))
    return Book(listed, {one.digits: one for one in listed}, prefixes, spelled)


def spellings(name: str) -> tuple[str, ...]:
    """The keys for a name from each of its words on: `Ana Paz` is 262729, and 729 on its own."""
    words = ["".join(_KEYS.get(c, c if c.isdigit() else "") for c in _plain(word)) for word in name.split()]
    return tuple("".join(words[n:]) for n in range(len(words)) if words[n])


def _plain(word: str) -> str:
    """Without accents, in small letters: ñ is on the key of n."""
    return "".join(c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c))


def _listed(directory: Directory, extension: Extension) -> Listed:
    person = directory.person(extension.target_id) if extension.target_kind == DestinationKind.PERSON else None
    return Listed(extension.digits, extension.target_kind, extension.target_id, person.name if person else "")
