"""Where a carrier's call goes: to the building that has its number, else where its person has sent calls (G-1). Pure.

A building that is cut off forwards nobody's calls; the centre does it in its place, by the same rules: what is set at
the centre counts, three diversions are the most, nothing leads back to where it came from. Mailboxes and menus of such
a building are not played here. What the book says of a number and a person is book.py's, who is dark kemi.py's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from wire.diversion import MOST_DIVERSIONS, Diversion

PERSON = "person"


@dataclass(frozen=True, slots=True)
class Called:
    """What a number leads to, and the buildings in which that stands. `kind`: a DestinationKind; empty: to nothing."""

    account: str
    kind: str
    target: str
    sites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Onward:
    """A forward of a person that may be followed. `to`: E.164 with its plus, or the id of a person of the company."""

    reason: str
    to: str

    @property
    def outside(self) -> bool:
        return self.to.startswith("+")


@dataclass(frozen=True, slots=True)
class Standing:
    """A person: the number shown for them outside, where their calls go when no phone can ring, and their buildings."""

    shown: str
    onward: tuple[Onward, ...] = ()
    sites: tuple[str, ...] = ()


class Pages(Protocol):
    def called(self, e164: str) -> Called | None: ...

    def standing(self, person: str) -> Standing | None: ...


@dataclass(frozen=True, slots=True)
class ToBuildings:
    """Offered to these. `person` empty: by the number itself, as the carrier asked for it."""

    sites: tuple[str, ...]
    person: str = ""
    diverted: tuple[Diversion, ...] = ()


@dataclass(frozen=True, slots=True)
class Out:
    """To a number outside; the caller is shown, `asserted` is the number of who forwards."""

    number: str
    asserted: str
    diverted: tuple[Diversion, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    status: int
    reason: str
    why: str


Step = ToBuildings | Out | Refused
UNKNOWN = Refused(404, "Not Found", "number not in service")
CUT_OFF = Refused(480, "Temporarily Unavailable", "building cannot be reached")
TOO_DEEP = Refused(480, "Temporarily Unavailable", "diverted too often")


def way_of(e164: str, pages: Pages, dark: Callable[[str], bool], diversions: int = 0) -> Step:
    """Total: whatever the book says, an answer. `diversions`: how many the call has behind it."""
    called = pages.called(e164)
    if called is None:
        return UNKNOWN
    lit = _lit(called.sites, dark)
    if lit:
        # One building answers for a number; it knows the company's others.
        return ToBuildings(lit[:1])
    if called.kind != PERSON:
        return CUT_OFF
    return _forwarded(called.target, pages, dark, diversions)


def _forwarded(person: str, pages: Pages, dark: Callable[[str], bool], diversions: int) -> Step:
    been, diverted = {person}, ()  # type: set[str], tuple[Diversion, ...]
    while (standing := pages.standing(person)) is not None:
        onward = next((w for w in standing.onward if w.to not in been), None)
        if onward is None:
            break
        if diversions + len(diverted) >= MOST_DIVERSIONS:
            return TOO_DEEP
        diverted = (*diverted, Diversion(standing.shown, onward.reason))
        if onward.outside:
            return Out(onward.to, standing.shown, diverted)
        person = onward.to
        been.add(person)
        colleague = pages.standing(person)
        lit = _lit(colleague.sites, dark) if colleague else ()
        if lit:
            return ToBuildings(lit, person, diverted)
    return CUT_OFF


def _lit(sites: tuple[str, ...], dark: Callable[[str], bool]) -> tuple[str, ...]:
    return tuple(s for s in sites if not dark(s))
