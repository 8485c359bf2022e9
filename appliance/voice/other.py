"""The other party of a back-to-back call: a leg of its own, and an INVITE of ours through Kamailio.

Says what becomes of it in events of the dialogue; what to do about them, and whom it hears, is for its Session.
"""

import logging
import re
from collections.abc import Callable
from typing import Protocol
from urllib.parse import unquote

from appliance.voice import dialogue as d
from appliance.voice import sdp, words
from appliance.voice.side import Side

log = logging.getLogger("conserje.voice.other")

UNAVAILABLE = d.Status(503, "Service Unavailable")
NOT_ACCEPTABLE = d.Status(488, "Not Acceptable Here")
NO_ANSWER = d.Status(408, "Request Timeout")
Reporter = Callable[[d.Status], None]
"""Tells who transferred a call how that stands; a final status lets them go."""
_SHOWN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*?))\s*<sips?:([^@>]+)@[^>]*>')


class OtherLine(Protocol):
    """The SIP side of a call that we make. Each may be called whatever became of the call meanwhile."""

    def invite(self, wish: d.Dial, body: str) -> None: ...
    def drop(self) -> None:
        """CANCEL before an answer, BYE after; nothing where it is over."""

    def accept_offer(self, body: str) -> None: ...
    def refuse_offer(self, status: d.Status) -> None: ...
    def depart(self) -> Reporter:
        """It has transferred the call, and is out of it: hung up on when it has been told how that ended."""

    def show(self, asserted: str) -> None:
        """Who it talks to now, as P-Asserted-Identity has it."""

    def hand_on(self, held: bool) -> None:
        """To voice at the far end: whether what we send it now comes from somebody who holds."""


class Other:
    """From Dial to its end. `say` takes its events; after NotTaken, OtherLeft or `drop` it says nothing more.

    `refer` takes its wish to transfer the call, and says whether it is followed; `changed` is called whenever its terms
    have changed.
    """

    def __init__(
        self, leg: int, wish: d.Dial, codec: str, host: str, tell: Callable[[words.Command], bool],
        say: Callable[[d.Event], None], refer: Callable[[d.OtherRefers], bool], changed: Callable[[], None],
    ) -> None:  # fmt: skip
        self.leg = leg
        self._wish = wish
        self._codec = codec
        self._host = host
        self._tell = tell
        self._say = say
        self._refer = refer
        self._changed = changed
        self.side = Side()
        self._shown = wish.shown
        self._line: OtherLine | None = None
        self._port = 0
        self._version = 1
        self._taken = False
        self._over = False
        self._invited = False

    def start(self, line: OtherLine) -> None:
        """Ask for a leg; the INVITE goes when it is there."""
        self._line = line
        if not self._tell(words.OpenLeg(self.leg, sdp.undecided(self._codec))):
            self._finish(d.NotTaken(UNAVAILABLE))

    @property
    def wish(self) -> d.Dial:
        return self._wish

    @property
    def taken(self) -> bool:
        return self._taken and not self._over

    @property
    def party(self) -> d.Party:
        """Who it is, as far as anybody said."""
        found = _SHOWN.match(self._shown)
        if found is not None:
            return d.Party(unquote(found[3]), (found[1] or found[2] or "").strip(), self._shown)
        digits = self._wish.user if self._wish.user.strip("+*#").isdigit() else ""
        return d.Party(digits)

    # From the media engine

    def opened(self, port: int) -> None:
        if self._over or self._line is None:
            return
        self._port, self._invited = port, True
        self._line.invite(self._wish, sdp.offer((self._host, port), self.leg, self._version, self._codec))

    def lost(self) -> None:
        """No leg, or no media engine any more."""
        self._end_line()
        self._finish(d.OtherLeft() if self._taken else d.NotTaken(UNAVAILABLE), leg_open=False)

    # From signalling

    def shown(self, asserted: str) -> None:
        """Who rings or answers, in P-Asserted-Identity; before `rings` and `answered`."""
        self._shown = asserted or self._shown

    def rings(self, answer: str | None) -> None:
        """A provisional response over 100; with SDP it may be heard already (RFC 3960 §3)."""
        if self._over or self._taken:
            return
        if answer:
            self._agree(answer)
        self._say(d.Ringing())

    def answered(self, answer: str | None) -> None:
        if self._over or self._taken:
            return
        if not self._agree(answer or ""):
            self._end_line()
            self._finish(d.NotTaken(NOT_ACCEPTABLE))
            return
        self._taken = True
        self._say(d.Taken())

    def refused(self, status: d.Status) -> None:
        self._finish(d.NotTaken(status))

    def left(self) -> None:
        self._finish(d.OtherLeft() if self._taken else d.NotTaken(UNAVAILABLE))

    def offered_again(self, offer: str) -> None:
        """Its re-INVITE: hold, resume, another address."""
        assert self._line is not None
        try:
            theirs = sdp.parse(offer)
        except sdp.SdpError:
            self._line.refuse_offer(d.Status(400, "Bad Session Description"))
            return
        agreed = sdp.agree(theirs)
        if agreed is None:
            self._line.refuse_offer(NOT_ACCEPTABLE)
            return
        self._version += 1
        self._settle(agreed)
        self._line.accept_offer(sdp.answer(theirs, agreed, (self._host, self._port), self.leg, self._version))

    def answered_again(self, answer: str) -> None:
        """The answer to our own SDP, sent once more to refresh the session."""
        if self.taken:
            self._agree(answer)

    def offer_again(self) -> str:
        """Our SDP for its re-INVITE that brought none."""
        self._version += 1
        return sdp.offer((self._host, self._port), self.leg, self._version, self._codec)

    def far_holds(self, held: bool) -> None:
        """Its far end is voice, and hands on the sound of who holds; or no more."""
        self.side.handed_on = held
        self._change_leg()

    def refers(self, event: d.OtherRefers) -> bool:
        """It transfers the call. False: it is not in one, or there is nobody to transfer."""
        return self.taken and self._refer(event)

    # From the session

    def rang_long_enough(self) -> None:
        if not self._taken:
            self._end_line()
            self._finish(d.NotTaken(NO_ANSWER))

    def drop(self) -> None:
        if not self._over:
            self._over = True
            self._tell(words.CloseLeg(self.leg))
            self._end_line()

    def becomes_caller(self, say: Callable[[d.Event], None], refer: Callable[[d.OtherRefers], bool]) -> None:
        """Its session's caller from now on: who takes its events."""
        self._say, self._refer = say, refer

    def depart(self) -> Reporter:
        """Out of the call that it transferred; its leg is closed already."""
        assert self._line is not None
        self._over = True
        return self._line.depart()

    def show(self, asserted: str) -> None:
        if self.taken and self._line is not None:
            self._line.show(asserted)

    def hand_on(self, held: bool) -> None:
        if self.taken and self._line is not None:
            self._line.hand_on(held)

    def _agree(self, answer: str) -> bool:
        try:
            agreed = sdp.agree(sdp.parse(answer))
        except sdp.SdpError as wrong:
            log.info("leg %d: bad SDP: %s", self.leg, wrong)
            return False
        if agreed is None:
            return False
        self._settle(agreed)
        return True

    def _settle(self, agreed: sdp.Agreement) -> None:
        self.side.agreed = agreed
        self._change_leg()

    def _change_leg(self) -> None:
        self._tell(words.ChangeLeg(self.leg, self.side.terms))
        self._changed()

    def _end_line(self) -> None:
        if self._line is not None and self._invited:
            self._line.drop()

    def _finish(self, event: d.Event, leg_open: bool = True) -> None:
        if self._over:
            return
        self._over = True
        if leg_open:
            self._tell(words.CloseLeg(self.leg))
        self._say(event)
