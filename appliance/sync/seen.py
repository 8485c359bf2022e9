"""Phones that ask here and are nobody's, or another building's, told to the centre: who is to be given what (P-2, J-3).

A stranger can make up phones; so few are told at a time, and each no oftener than once a day while it stays as it is.
"""

from collections.abc import Iterable
from uuid import UUID, uuid5

from appliance.directory.local import LocalStore, SeenPhone
from appliance.vocabulary import PhoneState
from wire.facts import PhoneSeen

SEEN_IDS = UUID("0f1b7c4e-5d0a-4f6e-9a53-6f2a0c6a8d11")
LOOK_EVERY_S = 3.0
MOST_AT_ONCE = 20


class SeenPhones:
    """`tell` journals what the centre was not told yet."""

    def __init__(self, local: LocalStore) -> None:
        self._local = local
        self._told: set[str] = set()
        self._due = 0.0

    def tell(self, now: float) -> None:
        if now < self._due:
            return
        self._due = now + LOOK_EVERY_S
        found = facts_of(self._local.sightings())
        new = [(id_, fact) for id_, fact in found if id_ not in self._told][:MOST_AT_ONCE]
        if new:
            self._local.append_all(new)
        # What is no sighting any more is forgotten; the journal takes the same id once.
        self._told = {id_ for id_, _ in found} & (self._told | {id_ for id_, _ in new})


def facts_of(sightings: Iterable[SeenPhone]) -> list[tuple[str, PhoneSeen]]:
    """Of phones that wait for somebody's word; one in quarantine is for the building to look at."""
    return [
        (
            _id(s),
            PhoneSeen(
                mac=s.mac,
                family=s.family,
                model=s.model,
                firmware=s.firmware,
                address=s.address,
                evidence=s.evidence,
                first_seen_at=s.first_seen_at,
                last_seen_at=s.last_seen_at,
                switch_port=s.switch_port,
            ),
        )
        for s in sightings
        if s.state is PhoneState.UNKNOWN
    ]


def _id(s: SeenPhone) -> str:
    day = s.last_seen_at[:10]
    return str(uuid5(SEEN_IDS, "\n".join((s.mac, s.family, s.model, s.firmware, s.address, s.first_seen_at, day))))
