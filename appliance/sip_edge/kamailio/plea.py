"""Help that is called for by a phone that cannot prove itself (E-1): it gets out, as an unknown phone of this building.

It may be one whose password is old, or one that nobody set up yet. Whoever means ill gets no further by it than to the
emergency service, with an alert in this building and its number shown; a few at a time, and never from the uplink.
"""

from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote

from appliance.directory.numbering import is_emergency
from appliance.sip_edge.dialogs import key_of
from appliance.sip_edge.kamailio.board import Board
from appliance.sip_edge.kamailio.gate import HELP, HELPED
from appliance.sip_edge.kamailio.knobs import Knobs

AT_ONCE = 3
A_MINUTE = 10
"""For the whole building: phones that prove themselves are not counted."""
_CALLS, _LATELY = "of strangers", "strangers lately"


class Pleas:
    def __init__(self, ksr: Any, knobs: Knobs, board: Board) -> None:
        self._ksr = ksr
        self._knobs = knobs
        self._board = board
        self._front = frozenset((knobs.behind_port, knobs.behind_port + 1)) if knobs.behind_port else frozenset()

    def is_one(self) -> bool:
        """Whether this INVITE is for an emergency number of ours."""
        ksr = self._ksr
        return is_emergency(unquote(ksr.pv.get("$rU") or "")) and bool(ksr.is_myself_ruri())

    def proved(self) -> None:
        """Who asked has proved itself: it needs no plea, nor does it when it calls again."""
        self._ksr.htable.sht_rm(HELP, self._asker())

    def heard(self, answered: bool) -> bool:
        """Let out an emergency whose caller was challenged. `answered`: with what is no proof; else it gave no answer.

        Of those who never answer it is the next INVITE after the challenge: nobody is let out before being asked.
        """
        if not self._from_phones_side() or not (answered or self._asked_before()):
            return False
        return self._takes_one_more()

    def _asker(self) -> str:
        pv = self._ksr.pv
        return f"asked {pv.get('$si')} {pv.get('$fU')}"

    def _asked_before(self) -> bool:
        pv, htable = self._ksr.pv, self._ksr.htable
        now = f"{pv.get('$ci')} {pv.get('$cs')}"
        before = htable.sht_get(HELP, self._asker())
        if before and before != now:
            return True
        htable.sht_sets(HELP, self._asker(), now)
        return False

    def _from_phones_side(self) -> bool:
        """Where both sides are one address, a caller from the Internet is told by not being of a private network."""
        pv, knobs = self._ksr.pv, self._knobs
        if int(pv.get("$Rp")) in self._front:
            return True
        if knobs.several_sides:
            return bool(pv.get("$Ri") == knobs.voice_address)
        return ip_address(str(pv.get("$si")).strip("[]")).is_private

    def _takes_one_more(self) -> bool:
        ksr = self._ksr
        htable, key = ksr.htable, key_of(ksr.pv.get("$ci"), ksr.pv.get("$ft"))
        htable.sht_lock(HELPED, _CALLS)
        try:
            known = (htable.sht_get(HELPED, _CALLS) or "").split("\n")
            up = [k for k in known if k and k != key and self._board.is_up(k)]
            if len(up) >= AT_ONCE or htable.sht_inc(HELP, _LATELY) > A_MINUTE:
                return False
            htable.sht_sets(HELPED, _CALLS, "\n".join((*up, key)))
            return True
        finally:
            htable.sht_unlock(HELPED, _CALLS)
