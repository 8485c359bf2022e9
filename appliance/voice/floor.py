"""Who is in which room, for all calls of one signalling process. Sound is the engine's.

A room is there from its first member to its last. Everything it has to say goes to members as events.
"""

from dataclasses import dataclass, field, replace
from typing import Protocol

from appliance.voice.dialogue import Event, Join, Joined, RoomChanged, RoomEnded, Shut


class Member(Protocol):
    """A call in a room."""

    def step(self, event: Event) -> None: ...
    def room_ended(self) -> None:
        """It is out of its room; RoomEnded follows."""


@dataclass(slots=True)
class _Room:
    company: str = ""
    members: list[Member] = field(default_factory=list)
    moderators: list[Member] = field(default_factory=list)
    locked: bool = False
    silenced: bool = False


class Floor:
    """Rooms by their ids. A member is in one room at most, which is the caller's to see to."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}

    def __len__(self) -> int:
        return len(self._rooms)

    def join(self, wish: Join, member: Member) -> Joined | Shut:
        """How the room is now, or why it stays shut. The others hear of it."""
        room = self._rooms.get(wish.room)
        if room is None:
            if wish.company and self._rooms_of(wish.company) >= wish.max_rooms:
                return Shut.NO_ROOMS
            room = self._rooms[wish.room] = _Room(wish.company)
        elif room.locked and not wish.moderator:
            return Shut.LOCKED
        elif len(room.members) >= wish.max_members:
            return Shut.FULL
        room.members.append(member)
        if wish.moderator:
            room.moderators.append(member)
        self._tell(wish.room, member)
        return Joined(wish.room, len(room.members), len(room.moderators), room.locked, room.silenced)

    def _rooms_of(self, company: str) -> int:
        """All rooms of a company are at one worker (sip_edge/kamailio/voices.py): here is all there is to count."""
        return sum(room.company == company for room in self._rooms.values())

    def leave(self, name: str, member: Member) -> None:
        """Nothing happens where it was not in."""
        room = self._rooms.get(name)
        if room is None or member not in room.members:
            return
        room.members.remove(member)
        if member in room.moderators:
            room.moderators.remove(member)
            # Without a moderator nobody could give members their voices back.
            room.silenced = room.silenced and bool(room.moderators)
        if room.members:
            self._tell(name, member)
        else:
            del self._rooms[name]

    def lock(self, name: str, member: Member, locked: bool) -> None:
        room = self._rooms.get(name)
        if room is not None and room.locked is not locked:
            room.locked = locked
            self._tell(name, member)

    def silence(self, name: str, member: Member, silenced: bool) -> None:
        room = self._rooms.get(name)
        if room is not None and room.silenced is not silenced:
            room.silenced = silenced
            self._tell(name, member)

    def end(self, name: str, member: Member) -> None:
        """The room is no more; each of its members but this one hears RoomEnded."""
        room = self._rooms.pop(name, None)
        for one in room.members if room else ():
            if one is not member:
                one.room_ended()
                one.step(RoomEnded(name))

    def tell_others(self, name: str, member: Member, event: Event) -> None:
        room = self._rooms.get(name)
        for one in tuple(room.members) if room else ():
            if one is not member:
                one.step(event)

    def _tell(self, name: str, doer: Member) -> None:
        room = self._rooms[name]
        change = RoomChanged(name, len(room.members), len(room.moderators), room.locked, silenced=room.silenced)
        eldest = room.members[0]
        for one in tuple(room.members):
            if one is not doer:
                one.step(replace(change, eldest=one is eldest))
