"""The shell around a Dialogue: one call. Carries effects out on a SIP line and a media leg, and brings events in.

Holds no decision of any service, and knows neither sippy nor sockets: they come as Protocols. Not for threads.
"""

import logging
from collections.abc import Callable
from typing import Protocol

from appliance.voice import dialogue as d
from appliance.voice import sdp, words
from appliance.voice.words import Address

log = logging.getLogger("conserje.voice.session")

NOT_ACCEPTABLE = d.Status(488, "Not Acceptable Here")
BAD_DESCRIPTION = d.Status(400, "Bad Session Description")
NOT_FOUND = d.Status(404, "Not Found")


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


class Timer(Protocol):
    def cancel(self) -> None: ...


class House(Protocol):
    """What a session needs around it."""

    def tell(self, word: words.Command) -> bool:
        """To the media engine. False when it is not there."""

    def after(self, seconds: float, then: Callable[[], None]) -> Timer: ...
    def now(self) -> float: ...
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
        self._agreed: sdp.Agreement | None = None
        self._timers: dict[str, Timer] = {}
        self._token = 0
        self._leg_open = False
        self._over = False

    # From signalling --------------------------------------------------------------------------------------------------

    def arrive(self, offer: str | None) -> None:
        """The INVITE, with its SDP if it brought any."""
        if offer is not None:
            status = self._take_offer(offer)
            if status is not None:
                self._end(lambda: self._line.refuse(status))
                return
        self.step(d.Arrived(early=self._agreed is not None))

    def offered_again(self, offer: str) -> None:
        """A re-INVITE with SDP: other terms, hold, resume. The old terms stand where the new ones cannot."""
        before = (self._their_offer, self._agreed)
        status = self._take_offer(offer)
        if status is not None:
            self._their_offer, self._agreed = before
            self._line.refuse_offer(status)
            return
        self._version += 1
        self._change_leg()
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
            self._end(self._line.hang_up)
            return
        first, self._agreed = self._agreed is None, agreed
        self._change_leg()
        if first:
            self.step(d.Connected())

    def left(self) -> None:
        """BYE, CANCEL, or the transaction died."""
        self.step(d.Left())
        self._end()

    # From the media engine --------------------------------------------------------------------------------------------

    def heard(self, word: words.Happening) -> None:
        if self._over:
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
            case words.Finished() | words.LegClosed():
                pass

    def media_died(self) -> None:
        if self._leg_open:
            self._leg_open = False
            self.step(d.LegLost())

    # The shell --------------------------------------------------------------------------------------------------------

    def step(self, event: d.Event) -> None:
        """Move the conversation on and do what it wants. What comes after the end is passed over."""
        if self._over:
            return
        self._conversation, effects = self._conversation.step(event, self._house.now())
        for effect in effects:
            self._do(effect)

    def _do(self, effect: d.Effect) -> None:
        match effect:
            case d.OpenLeg():
                self._leg_open = self._house.tell(words.OpenLeg(self.leg, self._terms()))
                if not self._leg_open:
                    self.step(d.LegLost())
            case d.Progress():
                self._line.progress(self._answer())
            case d.Answer():
                self._answer_call()
            case d.Play():
                self._token += 1
                self._house.tell(words.Play(self.leg, self._token, effect.cues, effect.language))
            case d.Reflect():
                self._house.tell(words.Reflect(self.leg))
            case d.StartTimer():
                self._start_timer(effect.timer, effect.seconds)
            case d.Refuse():
                status = effect.status
                self._end(lambda: self._line.refuse(status))
            case d.HangUp():
                self._end(self._line.hang_up)
            case d.End():
                self._end()

    def _answer_call(self) -> None:
        if self._agreed is None:
            self._line.answer(sdp.offer(self._local, self.leg, self._version), awaits_answer=True)
        else:
            self._line.answer(self._answer(), awaits_answer=False)
            self.step(d.Connected())

    def _start_timer(self, name: str, seconds: float) -> None:
        running = self._timers.pop(name, None)
        if running is not None:
            running.cancel()
        self._timers[name] = self._house.after(seconds, lambda: self._expire(name))

    def _expire(self, name: str) -> None:
        self._timers.pop(name, None)
        self.step(d.Expired(name))

    def _end(self, last_word: Callable[[], None] | None = None) -> None:
        """Free everything, once; `last_word` goes to the line first."""
        if self._over:
            return
        self._over = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._leg_open:
            self._house.tell(words.CloseLeg(self.leg))
        if last_word is not None:
            last_word()
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
        self._their_offer, self._agreed = theirs, agreed
        return None

    def _answer(self) -> str:
        assert self._their_offer is not None
        assert self._agreed is not None
        return sdp.answer(self._their_offer, self._agreed, self._local, self.leg, self._version)

    def _terms(self) -> words.Terms:
        """Before an answer to our own offer: a leg that sends nowhere and takes nothing."""
        a = self._agreed
        if a is None:
            return words.Terms("PCMA", sdp.SPOKEN["PCMA"], sdp.TELEPHONE_EVENT_TYPE, None, "", sends=False)
        return words.Terms(a.codec, a.payload_type, a.event_type, a.remote, a.source, a.sends)

    def _change_leg(self) -> None:
        self._house.tell(words.ChangeLeg(self.leg, self._terms()))
