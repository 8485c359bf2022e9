"""The words of a conversation with a caller: what happens to it (events) and what it wants done (effects). Pure.

A service is one frozen dataclass with a `step`; session.py is the one shell that carries effects out. A service knows
nothing of SIP messages, SDP, codecs or sockets, and time comes to it as events: a 32-second wait is tested at once.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from appliance.voice.sounds import Sound


@dataclass(frozen=True, slots=True)
class Status:
    """A final SIP status, as it goes to the caller."""

    code: int
    reason: str


# Events ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arrived:
    """The call is here, unanswered. `early` says whether the caller can hear before an answer (it sent its address)."""

    early: bool


@dataclass(frozen=True, slots=True)
class LegReady:
    """Its leg is open: progress or an answer can be sent now."""


@dataclass(frozen=True, slots=True)
class Connected:
    """Answered, and the caller's address is known: what is played now is heard."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The last Play came to its end."""


@dataclass(frozen=True, slots=True)
class Digit:
    """A key that the caller pressed, once, however it was sent: RFC 4733, SIP INFO, tones."""

    key: str


@dataclass(frozen=True, slots=True)
class Expired:
    timer: str


@dataclass(frozen=True, slots=True)
class Left:
    """The caller hung up or cancelled; nothing can be said any more.

    A recording that ran then is finished: its Recorded (why LEFT) comes after this, and may still ask (Ask) and be
    answered. The session ends with End, or when nothing is awaited any more.
    """


@dataclass(frozen=True, slots=True)
class LegLost:
    """No leg could be opened, or the media engine died with it."""


class Why(StrEnum):
    """Why a recording ended."""

    SILENCE = "silence"
    LIMIT = "limit"
    DIGIT = "digit"
    STOPPED = "stopped"
    LEFT = "left"
    DISK = "disk"
    """The disk is full or refuses. What had been taken before is kept, when `path` is not empty."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A Record is over. The file at `path` is whole, named and on the disk (fsync) before this is said.

    `path` is empty where nothing was kept: less than `min_s` of it, or no room for any of it. `key` is the one that
    ended it (DIGIT). `seconds` is the length of the file, the silence that ended it cut off.
    """

    path: str
    seconds: float
    why: Why
    key: str = ""


@dataclass(frozen=True, slots=True)
class CallerSilent:
    """Not one packet has come from the caller for `seconds`: a line to nobody; the call ends."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Told:
    """What the desk says to an Ask. `question` is the one asked; `answer` None where the desk could not say."""

    question: object
    answer: object


# Of rooms. The shell keeps who is in which; a room is there while somebody is in it.


class Shut(StrEnum):
    """Why a room was not entered."""

    FULL = "full"
    NO_ROOMS = "no-rooms"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Joined:
    """In the room now, heard and hearing. `members` and `moderators` count this one."""

    room: str
    members: int
    moderators: int = 0
    locked: bool = False
    silenced: bool = False
    """A moderator has silenced all who are none."""


@dataclass(frozen=True, slots=True)
class NotJoined:
    room: str
    why: Shut


@dataclass(frozen=True, slots=True)
class RoomChanged:
    """To every member but the one whose doing it was: somebody came or went, the lock turned, or members were silenced.

    `eldest`: of those who are in the room this one came first; what one member is to do for all is for this one.
    """

    room: str
    members: int
    moderators: int
    locked: bool
    eldest: bool = False
    silenced: bool = False


@dataclass(frozen=True, slots=True)
class RoomEnded:
    """A moderator ended the room; this member is out of it already."""

    room: str


# Of the other party: the second leg of a back-to-back call, begun by Dial.


@dataclass(frozen=True, slots=True)
class Ringing:
    """The other party rings (180, 183)."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The other party answered. Its sound goes nowhere until Bridge."""


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The other party's final refusal, or 408 at the end of `ring_s`, or 503 where no leg or no way was there."""

    status: Status


@dataclass(frozen=True, slots=True)
class OtherLeft:
    """The other party, once taken, hung up."""


@dataclass(frozen=True, slots=True)
class OtherFinished:
    """The last TellOther came to its end."""


@dataclass(frozen=True, slots=True)
class OtherDigit:
    """A key that the other party pressed."""

    key: str


@dataclass(frozen=True, slots=True)
class OtherRefers:
    """The other party, one of our phones, transfers the call: `dial` is the leg that is to take its place."""

    dial: "Dial"
    account_id: str
    language: str


@dataclass(frozen=True, slots=True)
class Party:
    """Who a leg leads to, as our own routing said when it answered. Empty `number`: nobody said."""

    number: str = ""
    name: str = ""
    shown: str = ""
    """As P-Asserted-Identity has it."""


@dataclass(frozen=True, slots=True)
class Refers:
    """The caller, one of our phones, transfers the call: `dial` is the leg to the target, as from that phone.

    `party`: the other party, where one is taken; None: there is none. Who has no use for it leaves it unanswered by
    Follow, and the REFER is refused.
    """

    dial: "Dial"
    account_id: str
    language: str
    party: Party | None = None


@dataclass(frozen=True, slots=True)
class SentOn:
    """Another one in the room, alone with this caller, transfers it: `dial` is the leg to the target."""

    dial: "Dial"
    account_id: str
    language: str


Event = (
    Arrived | LegReady | Connected | Finished | Digit | Expired | Left | LegLost | Recorded | CallerSilent | Told
    | Joined | NotJoined | RoomChanged | RoomEnded | Ringing | Taken | NotTaken | OtherLeft
    | OtherFinished | OtherDigit | OtherRefers | Refers | SentOn
)  # fmt: skip


# Effects --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenLeg:
    """Get a leg; LegReady or LegLost follows."""


@dataclass(frozen=True, slots=True)
class Progress:
    """183 with SDP: the caller hears us, unanswered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """200; Connected follows."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The final answer of a call that was never answered. The session ends."""

    status: Status


@dataclass(frozen=True, slots=True)
class HangUp:
    """BYE. The session ends."""


# What the caller hears has two layers. The background lasts: comfort noise at first, then what Music, Join, Bridge or
# Reflect last said. A Play sounds instead of it, and gives way to it when it ends, is stopped or is replaced.


@dataclass(frozen=True, slots=True)
class Play:
    """These sounds, one after the other without a gap, instead of what sounds now. Finished follows, unless replaced.

    Barging in is the dialogue's: at a Digit it says StopPlaying or the next Play.
    """

    sounds: tuple[Sound, ...]
    language: str


@dataclass(frozen=True, slots=True)
class PlayFile:
    """A WAV file (mono, 16 bit, 8 kHz) from `from_s` on, over and over when `loop`. Finished follows when not."""

    path: str
    loop: bool = False
    from_s: float = 0.0


@dataclass(frozen=True, slots=True)
class StopPlaying:
    """End the Play that sounds, at once. No Finished comes of it."""


@dataclass(frozen=True, slots=True)
class Music:
    """Background: this WAV file (mono, 16 bit, 8 kHz) endlessly, without a gap where it begins anew.

    Empty: Debian's default track. Another track takes over between two 20 ms frames. All callers of a track hear one
    stream of it, each from where it is now.
    """

    track: str = ""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Background: comfort noise again, instead of music, room, bridge or reflection; leaves what it was part of."""


@dataclass(frozen=True, slots=True)
class Reflect:
    """Background: the caller's own sound."""


@dataclass(frozen=True, slots=True)
class Record:
    """Write what the caller says to a WAV file at `path` (mono, 16 bit, 8 kHz). Recorded follows, whatever happens.

    `path`: absolute, in a folder that is there; until the end a hidden file stands beside it. Ends after `max_seconds`,
    after `silence_s` without sound (0: never), or at one of `stop_keys` (then in Recorded.key, not as Digit). Less
    than `min_s` is not kept. With `beep` a tone sounds first and the recording starts after it. What the media engine
    was recording when it died (LegLost) is lost, and no Recorded comes.
    """

    path: str
    max_seconds: float = 180.0
    silence_s: float = 5.0
    min_s: float = 1.0
    beep: bool = True
    stop_keys: str = "#"


@dataclass(frozen=True, slots=True)
class StopRecording:
    """Recorded follows (why STOPPED)."""


@dataclass(frozen=True, slots=True)
class SendDigits:
    """Towards the caller, or with `other` towards the other party: RFC 4733 where agreed, tones where not."""

    keys: str
    other: bool = False


# Rooms ---


@dataclass(frozen=True, slots=True)
class Join:
    """Into this room, which begins with its first member: Joined or NotJoined follows.

    Background: all others of the room, or the music of `alone` while there is no other ("" is the default track, None:
    nothing). A member that is `muted` hears and is not heard; so is one that came to listen only, whom MuteInRoom does
    not open. At most `max_members` in this room (NotJoined FULL), at most `max_rooms` of this `company` at once
    (NO_ROOMS); a room of no company is not counted. A moderator enters a locked room, others do not (LOCKED).
    """

    room: str
    moderator: bool = False
    muted: bool = False
    listen_only: bool = False
    alone: str | None = ""
    max_members: int = 10
    max_rooms: int = 10
    company: str = ""


@dataclass(frozen=True, slots=True)
class LeaveRoom:
    """Out of its room; the background is quiet then."""


@dataclass(frozen=True, slots=True)
class MuteInRoom:
    muted: bool


@dataclass(frozen=True, slots=True)
class LockRoom:
    locked: bool


@dataclass(frozen=True, slots=True)
class SilenceRoom:
    """Whether members who are no moderators are silenced: RoomChanged tells them, as long as a moderator is there."""

    silenced: bool


@dataclass(frozen=True, slots=True)
class EndRoom:
    """All out: RoomEnded to every other member. For the one who says it, the same as LeaveRoom."""


@dataclass(frozen=True, slots=True)
class Chime:
    """These cues to all who are in the room, this one too, mixed with what they say."""

    cues: tuple[str, ...]
    language: str


# The other party ---


@dataclass(frozen=True, slots=True)
class Dial:
    """A second leg, through Kamailio, to `user`: Ringing perhaps, then Taken or NotTaken. One at a time.

    `headers` go into its INVITE as they are (names in any case); its From shows `name` and `number`.
    """

    user: str
    number: str = ""
    name: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    ring_s: float = 30.0
    dialog: str = ""
    """A call that is up already, to be gone on with in the place of its other end (appliance.held.Held)."""
    shown: str = ""
    """Who is at that call's other end, as P-Asserted-Identity has it."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """Caller and other party hear each other: packets passed on undecoded where their codecs are the same.

    Background of both. Keys of the caller still come as Digit, and go through as well.
    """


@dataclass(frozen=True, slots=True)
class TellOther:
    """Play these to the other party, once it is taken, instead of what it hears; no sounds: stop what plays there.

    OtherFinished follows, unless replaced or stopped.
    """

    sounds: tuple[Sound, ...]
    language: str


@dataclass(frozen=True, slots=True)
class DropOther:
    """CANCEL or BYE to the other party; no event follows. The caller's background is quiet then."""


@dataclass(frozen=True, slots=True)
class Report:
    """Tell who transferred this call how that stands (NOTIFY, RFC 3515); a final status lets them go. Once final."""

    status: Status


# Transfers ---


@dataclass(frozen=True, slots=True)
class Follow:
    """The Refers that came is being followed (202). At once, within that very step, or it is refused."""


@dataclass(frozen=True, slots=True)
class TradePlaces:
    """The other party, taken, is the caller from now on; who was it is out, and hears from Report how that ends.

    Its background is quiet then. There is no other party any more.
    """


@dataclass(frozen=True, slots=True)
class BringIn:
    """Call somebody into a conversation of its own; the caller of this one is told (NOTIFY) what comes of it.

    `conversation` begins with Arrived; its Answer is what sends the INVITE, and Connected that it was taken.
    """

    dial: Dial
    conversation: "Dialogue"


@dataclass(frozen=True, slots=True)
class ShowOther:
    """Tell the caller's phone who the other party is, where that is known (RFC 3325 in an UPDATE or a re-INVITE)."""


@dataclass(frozen=True, slots=True)
class SendOn:
    """SentOn to all others in the room."""

    dial: Dial
    account_id: str
    language: str


# Beyond the call ---


@dataclass(frozen=True, slots=True)
class Ask:
    """Put a question to the desk (desk.py): a row, a mailbox, a note in the journal. Told follows, once.

    The desk works beside the calls and may take its time; a call that ends meanwhile does not take back what it asked.
    """

    question: object


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Expired follows in `seconds`, unless it is started anew. A session's end ends its timers."""

    timer: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StopTimer:
    """No Expired of it comes any more."""

    timer: str


@dataclass(frozen=True, slots=True)
class End:
    """Nothing is left to do; the session ends without a word."""


Effect = (
    OpenLeg | Progress | Answer | Refuse | HangUp | Play | PlayFile | StopPlaying | Music | Quiet | Reflect | Record
    | StopRecording | SendDigits | Join | LeaveRoom | MuteInRoom | LockRoom | SilenceRoom | EndRoom | Chime | Dial
    | Bridge
    | TellOther | DropOther | Follow | TradePlaces | BringIn | SendOn | ShowOther | Report | Ask | StartTimer
    | StopTimer | End
)  # fmt: skip
Effects = tuple[Effect, ...]


class Dialogue(Protocol):
    """One conversation at one moment. Immutable; `step` never raises, whatever the event and whenever it comes.

    An event that it has no use for leaves it as it is, without effects: `case _: return self, ()` at the end.
    """

    def step(self, event: Event, now: float) -> "tuple[Dialogue, Effects]":
        """The conversation after `event`, and what is to be done. `now` is monotonic seconds."""
