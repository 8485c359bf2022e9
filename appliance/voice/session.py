"""The shell around a Dialogue: one call. Carries effects out on a SIP line and a media leg, and brings events in.

Holds no decision of any service, and knows neither sippy nor sockets: they come as Protocols. Not for threads.
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import Protocol

from appliance.voice import dialogue as d
from appliance.voice import sdp, words
from appliance.voice.floor import Floor
from appliance.voice.other import UNAVAILABLE, Other, Reporter
from appliance.voice.promoted import Promoted
from appliance.voice.side import Side
from appliance.voice.sounds import File
from appliance.voice.words import Address

log = logging.getLogger("conserje.voice.session")

NOT_ACCEPTABLE = d.Status(488, "Not Acceptable Here")
BAD_DESCRIPTION = d.Status(400, "Bad Session Description")
NOT_FOUND = d.Status(404, "Not Found")
LINGER_S = 30.0
"""What a call that is over may still wait for its recording and for the desk."""
_BACKGROUNDS = d.Music | d.Quiet | d.Reflect | d.Join | d.Bridge
"""What the caller hears from now on."""
_RING, _LINGER = "(ring)", "(linger)"


class Line(Protocol):
    """The SIP side of a call. Each may be called whatever became of the call meanwhile."""

    def progress(self, body: str) -> None: ...
    def answer(self, body: str, awaits_answer: bool) -> None:
        """200. `awaits_answer`: our SDP is an offer, its answer comes in the ACK."""

    def refuse(self, status: d.Status) -> None: ...
    def hang_up(self) -> None: ...
    def accept_offer(self, body: str) -> None:
        """200 to a re-INVITE."""

    def refuse_offer(self, status: d.Status) -> None: ...
    def report(self, status: d.Status) -> None:
        """To who transferred the call; nothing where nobody did."""

    def depart(self) -> Reporter:
        """The caller has transferred the call, and is out: hung up on when it has been told how that ended."""

    def show(self, asserted: str) -> None:
        """Who the caller talks to now, as P-Asserted-Identity has it."""

    def hand_on(self, held: bool) -> None:
        """To voice at the far end: whether what we send it now comes from somebody who holds."""


class Timer(Protocol):
    def cancel(self) -> None: ...


class House(Protocol):
    """What a session needs around it."""

    @property
    def floor(self) -> Floor: ...
    def tell(self, word: words.Command) -> bool:
        """To the media engine. False when it is not there."""

    def after(self, seconds: float, then: Callable[[], None]) -> Timer: ...
    def now(self) -> float: ...
    def ask(self, question: object, told: Callable[[object], None]) -> None:
        """To the desk; `told` is called once, later."""

    def new_leg(self, session: "Session") -> int:
        """A number for a second leg; what the engine says of it comes to `session`."""

    def dial(self, other: Other) -> None:
        """Give it a line, and start it."""

    def forget(self, leg: int) -> None:
        """Nothing that the engine says of this leg matters any more."""

    def bring_in(self, wish: d.BringIn, tell: Reporter) -> None:
        """Begin a session that calls somebody; `tell` takes what comes of it."""

    def ended(self, session: "Session") -> None: ...


class Session:
    """One call from INVITE to its end. `leg` names it towards the media engine; `host` is our address in SDP."""

    def __init__(self, leg: int, call_id: str, conversation: d.Dialogue, line: Line, house: House, host: str) -> None:
        self.leg = leg
        self.call_id = call_id
        self._conversation = conversation
        self._line = line
        self._house = house
        self._host = host
        self._port = 0
        self._version = 1
        self._their_offer: sdp.Description | None = None
        self._side = Side()
        self._timers: dict[str, Timer] = {}
        self._token = 0
        self._other_token = 0
        self._recording = 0
        self._asked = 0
        self._room = ""
        self._mute = (False, False)
        self._other: Other | None = None
        self._bridged: Other | None = None
        self._music = False
        self._follows = False
        self._leg_open = False
        self._closed = False
        self._over = False
        self._events: deque[d.Event] = deque()
        self._busy = False

    # From signalling --------------------------------------------------------------------------------------------------

    def arrive(self, offer: str | None) -> None:
        """The INVITE, with its SDP if it brought any."""
        if offer is not None:
            status = self._take_offer(offer)
            if status is not None:
                self._close(lambda: self._line.refuse(status))
                self._end()
                return
        self.step(d.Arrived(early=self._side.agreed is not None))

    def offered_again(self, offer: str) -> None:
        """A re-INVITE with SDP: other terms, hold, resume. The old terms stand where the new ones cannot."""
        before = (self._their_offer, self._side.agreed)
        status = self._take_offer(offer)
        if status is not None:
            self._their_offer, self._side.agreed = before
            self._line.refuse_offer(status)
            return
        self._version += 1
        self._change_leg()  # music may come with our answer: who is told of a hold knows it before
        self._line.accept_offer(self._answer())

    def offer_again(self) -> str:
        """Our SDP for a re-INVITE that brought none; `answered` follows with the ACK."""
        self._version += 1
        return sdp.offer(self._local, self.leg, self._version)

    def answered(self, answer: str | None) -> None:
        """The ACK to an offer of ours. Without an SDP that we can use, the call has no sound: it ends."""
        try:
            agreed = sdp.agree(sdp.parse(answer or ""))
        except sdp.SdpError:
            agreed = None
        if agreed is None:
            log.info("%s: the ACK brought no usable answer", self.call_id)
            self._close(self._line.hang_up)
            self._end_when_idle()
            return
        first, self._side.agreed = self._side.agreed is None, agreed
        self._change_leg()
        if first:
            self.step(d.Connected())

    def pressed(self, key: str) -> None:
        """A key by SIP INFO. The engine knows whether it came in RTP too."""
        self._house.tell(words.KeyByInfo(self.leg, key))

    def far_holds(self, held: bool) -> None:
        """The far end is voice, and hands on the sound of who holds; or no more."""
        self._side.handed_on = held
        self._change_leg()

    def refers(self, asked: d.OtherRefers) -> bool:
        """The caller transfers the call. False: there is nobody whom it could transfer."""
        other = self._other
        party = other.party if other is not None and other.taken else None
        return self._follow(d.Refers(asked.dial, asked.account_id, asked.language, party))

    def _follow(self, event: d.Event) -> bool:
        self._follows = False
        self.step(event)
        return self._follows

    def left(self) -> None:
        """BYE, CANCEL, or the transaction died."""
        self._close()
        self.step(d.Left())
        self._end_when_idle()

    # From the media engine --------------------------------------------------------------------------------------------

    def heard(self, word: words.Happening) -> None:
        if self._over:
            return
        if word.leg != self.leg:
            self._of_other(word)
            return
        match word:
            case words.LegOpened():
                self._port = word.port
                self.step(d.LegReady())
            case words.LegRefused():
                log.warning("%s: no leg: %s", self.call_id, word.reason)
                self._leg_open = False
                self.step(d.LegLost())
            case words.Finished() if word.token == self._token:
                self.step(d.Finished())
            case words.Digit():
                self.step(d.Digit(word.key))
            case words.Recorded():
                if word.token == self._recording:
                    self._recording = 0
                self.step(d.Recorded(word.path, word.seconds, d.Why(word.why), word.key))
            case words.CallerSilent():
                self.step(d.CallerSilent(word.seconds))
            case words.Finished() | words.LegClosed():
                pass
        self._end_when_idle()

    def media_died(self) -> None:
        self._recording = 0
        if self._other is not None:
            self._other.lost()
        if self._leg_open:
            self._leg_open = False
            self.step(d.LegLost())
        self._end_when_idle()

    def _of_other(self, word: words.Happening) -> None:
        if self._other is None or word.leg != self._other.leg:
            return
        match word:
            case words.LegOpened():
                self._other.opened(word.port)
            case words.LegRefused():
                self._other.lost()
            case words.Digit():
                self.step(d.OtherDigit(word.key))
            case words.Finished() if word.token == self._other_token:
                self.step(d.OtherFinished())
            case _:
                pass

    # The shell --------------------------------------------------------------------------------------------------------

    def step(self, event: d.Event) -> None:
        """Move the conversation on and do what it wants. What comes after the end is passed over.

        An event that an effect brings about waits until all effects of the one before it are done.
        """
        self._events.append(event)
        if self._busy:
            return
        self._busy = True
        try:
            while self._events and not self._over:
                self._conversation, effects = self._conversation.step(self._events.popleft(), self._house.now())
                for effect in effects:
                    self._do(effect)
                self._hand_on()
        finally:
            self._busy = False
        self._end_when_idle()

    def _do(self, effect: d.Effect) -> None:
        if isinstance(effect, _BACKGROUNDS):
            self._music = isinstance(effect, d.Music)
        match effect:
            case d.StartTimer():
                self._start_timer(effect.timer, effect.seconds)
            case d.StopTimer():
                self._stop_timer(effect.timer)
            case d.Ask():
                self._ask(effect.question)
            case d.End():
                self._close()
                self._end()
            case _ if self._closed:
                pass  # nobody is there any more to hear or see it
            case d.OpenLeg():
                self._leg_open = self._house.tell(words.OpenLeg(self.leg, self._side.terms))
                if not self._leg_open:
                    self.step(d.LegLost())
            case d.Progress():
                self._line.progress(self._answer())
            case d.Answer():
                self._answer_call()
            case d.Refuse():
                status = effect.status
                self._close(lambda: self._line.refuse(status))
                self._end_when_idle()
            case d.HangUp():
                self._close(self._line.hang_up)
                self._end_when_idle()
            case d.Report():
                self._line.report(effect.status)
            case d.Follow():
                self._follows = True
            case d.BringIn():
                self._house.bring_in(effect, self._line.report)
            case d.Join() | d.LeaveRoom() | d.MuteInRoom() | d.Chime() | d.SendOn():
                self._in_room(effect)
            case d.LockRoom() | d.SilenceRoom() | d.EndRoom():
                self._in_room(effect)
            case d.Dial() | d.Bridge() | d.TellOther() | d.DropOther() | d.TradePlaces() | d.ShowOther():
                self._with_other(effect)
            case _:
                self._sound(effect)

    def _sound(self, effect: d.Effect) -> None:
        match effect:
            case d.Play():
                self._token += 1
                self._house.tell(words.Play(self.leg, self._token, effect.sounds, effect.language))
            case d.PlayFile():
                self._token += 1
                sounds = (File(effect.path, effect.from_s),)
                self._house.tell(words.Play(self.leg, self._token, sounds, "", effect.loop))
            case d.StopPlaying():
                self._token += 1
                self._house.tell(words.StopPlaying(self.leg))
            case d.Music():
                self._leave_room()
                self._house.tell(words.Music(self.leg, effect.track))
            case d.Quiet():
                self._leave_room()
                self._house.tell(words.Quiet(self.leg))
            case d.Reflect():
                self._leave_room()
                self._house.tell(words.Reflect(self.leg))
            case d.Record() as r:
                self._token += 1
                self._recording = self._token
                self._house.tell(
                    words.Record(
                        self.leg, self._token, r.path, r.max_seconds, r.silence_s, r.min_s, r.beep, r.stop_keys
                    )
                )
            case d.StopRecording():
                self._house.tell(words.StopRecording(self.leg))
            case d.SendDigits():
                to = self._other.leg if effect.other and self._other is not None else self.leg
                self._house.tell(words.SendDigits(to, effect.keys))
            case _:
                pass

    def _in_room(self, effect: d.Effect) -> None:
        floor = self._house.floor
        match effect:
            case d.Join():
                self._leave_room()
                joined = floor.join(effect, self)
                if isinstance(joined, d.Shut):
                    self.step(d.NotJoined(effect.room, joined))
                    return
                self._room, self._mute = effect.room, (effect.muted, effect.listen_only)
                self._house.tell(words.Mix(self.leg, effect.room, not any(self._mute), effect.alone))
                self.step(joined)
            case d.MuteInRoom() if self._room:
                self._mute = (effect.muted, self._mute[1])
                self._house.tell(words.Hear(self.leg, not any(self._mute)))
            case d.LockRoom() if self._room:
                floor.lock(self._room, self, effect.locked)
            case d.SilenceRoom() if self._room:
                floor.silence(self._room, self, effect.silenced)
            case d.Chime() if self._room:
                self._house.tell(words.Chime(self._room, effect.cues, effect.language))
            case d.SendOn() if self._room:
                floor.tell_others(self._room, self, d.SentOn(effect.dial, effect.account_id, effect.language))
            case d.LeaveRoom() | d.EndRoom() if self._room:
                if isinstance(effect, d.EndRoom):
                    floor.end(self._room, self)
                self._leave_room()
                self._house.tell(words.Quiet(self.leg))
            case _:
                pass

    def room_ended(self) -> None:
        """From the floor, before RoomEnded: it is out already."""
        self._room = ""
        self._house.tell(words.Quiet(self.leg))

    def _leave_room(self) -> None:
        room, self._room = self._room, ""
        if room:
            self._house.floor.leave(room, self)

    def _with_other(self, effect: d.Effect) -> None:
        match effect:
            case d.Dial() if self._other is None:
                agreed, leg = self._side.agreed, self._house.new_leg(self)
                codec = agreed.codec if agreed else sdp.FIRST
                self._other = Other(
                    leg, effect, codec, self._host, self._house.tell, self._heard_of_other, self._follow, self._hand_on
                )
                self._start_timer(_RING, effect.ring_s)
                self._house.dial(self._other)
            case d.Dial():
                self.step(d.NotTaken(UNAVAILABLE))
            case d.Bridge() if self._other is not None:
                self._leave_room()
                self._house.tell(words.Bridge(self.leg, self._other.leg))
                self._bridged = self._other
            case d.TellOther() if self._other is not None and not effect.sounds:
                self._other_token += 1
                self._house.tell(words.StopPlaying(self._other.leg))
            case d.TellOther() if self._other is not None:
                self._other_token += 1
                self._house.tell(words.Play(self._other.leg, self._other_token, effect.sounds, effect.language))
            case d.DropOther() if self._other is not None:
                self._drop_other()
                self._house.tell(words.Quiet(self.leg))
            case d.ShowOther() if self._other is not None and (shown := self._other.party.shown):
                self._line.show(shown)
            case d.TradePlaces() if self._other is not None and self._other.taken:
                self._trade_places(self._other)
            case _:
                pass

    def _heard_of_other(self, event: d.Event) -> None:
        if isinstance(event, d.NotTaken | d.OtherLeft):
            other, self._other = self._other, None
            if other is not None:
                self._house.forget(other.leg)
        if not isinstance(event, d.Ringing):
            self._stop_timer(_RING)
        self.step(event)

    def _drop_other(self) -> None:
        other, self._other = self._other, None
        if other is not None:
            self._stop_timer(_RING)
            other.drop()
            self._house.forget(other.leg)

    def _trade_places(self, other: Other) -> None:
        """Legs and lines change hands; the far end of `other` notices nothing but that it is quiet."""
        self._other = None
        self._leave_room()
        self._house.tell(words.CloseLeg(self.leg))
        self._house.forget(self.leg)
        self._line = Promoted(other, self._line.depart(), self.left, self.refers)
        self.leg, self._side, self._their_offer = other.leg, other.side, None
        # Of what was played to it nothing is awaited.
        self._token += self._other_token + 1
        self._house.tell(words.StopPlaying(self.leg))
        self._house.tell(words.Quiet(self.leg))

    def _hand_on(self) -> None:
        """An end that is voice as well learns whether what it gets now is a voice; or music, ours or of who holds."""
        if self._closed:
            return
        other = self._other if self._other is self._bridged else None
        if other is not None and other.side.is_news(not self._side.hears):
            other.hand_on(not self._side.hears)
        held = self._music or (other is not None and not other.side.hears)
        if self._side.is_news(held):
            self._line.hand_on(held)

    def _ask(self, question: object) -> None:
        self._asked += 1

        def told(answer: object) -> None:
            self._asked -= 1
            self.step(d.Told(question, answer))
            self._end_when_idle()

        self._house.ask(question, told)

    def _answer_call(self) -> None:
        if self._side.agreed is None:
            self._line.answer(sdp.offer(self._local, self.leg, self._version), awaits_answer=True)
        else:
            self._line.answer(self._answer(), awaits_answer=False)
            self.step(d.Connected())

    def _start_timer(self, name: str, seconds: float) -> None:
        self._stop_timer(name)
        self._timers[name] = self._house.after(seconds, lambda: self._expire(name))

    def _stop_timer(self, name: str) -> None:
        running = self._timers.pop(name, None)
        if running is not None:
            running.cancel()

    def _expire(self, name: str) -> None:
        self._timers.pop(name, None)
        if name != _RING:
            self.step(d.Expired(name))
        elif self._other is not None:
            self._other.rang_long_enough()

    # The end ----------------------------------------------------------------------------------------------------------

    def _close(self, last_word: Callable[[], None] | None = None) -> None:
        """Take the call itself down, once; `last_word` goes to the line. A recording is then finished by the engine."""
        if self._closed:
            return
        self._closed = True
        for name in list(self._timers):
            self._stop_timer(name)
        self._leave_room()
        self._drop_other()
        if self._leg_open:
            self._leg_open = False
            self._house.tell(words.CloseLeg(self.leg))
        if last_word is not None:
            last_word()
        if self._awaits:
            self._timers[_LINGER] = self._house.after(LINGER_S, self._end)

    @property
    def _awaits(self) -> bool:
        return bool(self._recording or self._asked)

    def _end_when_idle(self) -> None:
        if self._closed and not self._awaits and not self._events and not self._busy:
            self._end()

    def _end(self) -> None:
        if self._over:
            return
        self._over = True
        for name in list(self._timers):
            self._stop_timer(name)
        self._house.ended(self)

    # SDP --------------------------------------------------------------------------------------------------------------

    @property
    def _local(self) -> Address:
        return self._host, self._port

    def _take_offer(self, text: str) -> d.Status | None:
        """Agree to an offer, or say with which status it is to be refused."""
        try:
            theirs = sdp.parse(text)
        except sdp.SdpError as wrong:
            log.info("%s: bad SDP: %s", self.call_id, wrong)
            return BAD_DESCRIPTION
        agreed = sdp.agree(theirs)
        if agreed is None:
            return NOT_ACCEPTABLE
        self._their_offer, self._side.agreed = theirs, agreed
        return None

    def _answer(self) -> str:
        assert self._their_offer is not None
        assert self._side.agreed is not None
        return sdp.answer(self._their_offer, self._side.agreed, self._local, self.leg, self._version)

    def _change_leg(self) -> None:
        self._house.tell(words.ChangeLeg(self.leg, self._side.terms))
        self._hand_on()
