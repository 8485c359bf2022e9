"""The service `three-way`: people who talk already are put together, without a word said (W-2). Pure.

The one who joined them is the host. Whether the others go on when the host leaves is the company's to choose; who is
left alone is hung up on, as when the other party of any call leaves.
"""

from dataclasses import dataclass, replace

from appliance.voice.dialogue import (
    Connected,
    Dialogue,
    Effects,
    Event,
    HangUp,
    Join,
    Joined,
    NotJoined,
    Refers,
    RoomChanged,
    RoomEnded,
)
from appliance.voice.guests import brought_in
from appliance.voice.menu_sentences import Say
from appliance.voice.parts import LastWords
from appliance.voice.questions import MAX_PARTICIPANTS

HOST = "host"


@dataclass(frozen=True, slots=True)
class ThreeWay:
    """One of them. `goes_on`: without the host."""

    room: str
    language: str
    host: bool
    goes_on: bool
    members: int = 0
    hosts: int = 0

    def step(self, event: Event, now: float) -> tuple[Dialogue, Effects]:
        match event:
            case Connected():
                join = Join(self.room, moderator=self.host, alone=None, max_members=MAX_PARTICIPANTS)
                return self, (join,)
            case NotJoined():
                return LastWords((Say.ROOM_FULL, Say.GOODBYE), self.language).begin()
            case Joined(members=members, moderators=hosts):
                return replace(self, members=members, hosts=hosts), ()
            case RoomChanged(members=members, moderators=hosts):
                over = (members == 1 and self.members > 1) or (not self.goes_on and hosts < self.hosts)
                return replace(self, members=members, hosts=hosts), (HangUp(),) if over else ()
            case Refers() if self.members:
                return self, brought_in(event, ThreeWay(self.room, self.language, host=False, goes_on=self.goes_on))
            case RoomEnded():
                return self, (HangUp(),)
            case _:
                return self, ()
