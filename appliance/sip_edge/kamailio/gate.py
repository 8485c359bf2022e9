"""Who is not even looked at: floods from one address, guessers of passwords, scanners. All workers share its memory.

What credentials are worth is digest.py's to say, who is calling door.py's. A source that could be invented (UDP without
a challenge that reached it) is never banned for a wrong password: nobody can have a phone banned in its name.
"""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from appliance.directory.numbering import is_emergency
from appliance.sip_edge.kamailio.legible import told

KNOCKS_FOR_A_GUESS = 3
"""So many requests without credentials count as one wrong password: a scan is many of them, a phone sends a few."""
OURSELVES = "127.0.0.1"
BANNED, WRONG, KNOCKS, KNOWN, COUNT = "banned", "wrong", "knocks", "known", "count"
"""Names of the tables in kamailio.cfg.j2; `banned` is read by the edge service."""

HELP, HELPED = "help", "helped"
"""Calls for help of this minute, by source; Call-IDs of those that were let in, and how many requests they had."""
CALLS_FOR_HELP = 12
"""INVITEs a minute: a call is two of them, with its challenge, and again where they got lost."""
OF_SUCH_A_CALL = 100
"""Requests: enough for a long one, and no way in for a flood."""
IN_DIALOG = frozenset({"INVITE", "ACK", "CANCEL", "BYE", "PRACK", "UPDATE", "INFO"})


class Gate:
    """`is_trunk` says whether an address is a trunk's: those are never banned nor held to the flood's limit."""

    def __init__(self, ksr: Any, ban_after: int, floods: bool, is_trunk: Callable[[str], bool]) -> None:
        self._ksr = ksr
        self._ban_after = ban_after
        self._floods = floods
        self._is_trunk = is_trunk

    def admits(self) -> bool:
        """Whether to look at this request. Where not, its sender gets no answer at all."""
        ksr = self._ksr
        source = ksr.pv.get("$si")
        if source == OURSELVES:
            return True
        if ksr.htable.sht_get(BANNED, source) is not None:
            if self._is_for_help(source):
                return True
            ksr.htable.sht_inc(COUNT, "from_banned")
            return False
        if self._floods and ksr.pike.pike_check_req() < 0 and not self._is_trunk(source):
            if self._is_for_help(source):
                return True
            if ksr.htable.sht_inc(COUNT, "flooded") == 1:
                ksr.warn(f"event=flood source={source}\n")
            return False
        return True

    def _is_for_help(self, source: str) -> bool:
        """An emergency is ahead of any block (E-1): its INVITE, and what belongs to such a call. Nothing else is."""
        ksr = self._ksr
        method, call_id = ksr.pv.get("$rm"), told(ksr, "ci")
        if method not in IN_DIALOG or not call_id:
            return False
        if method != "INVITE" or ksr.siputils.has_totag() > 0:
            known = bool(ksr.htable.sht_get(HELPED, call_id))
            return known and int(ksr.htable.sht_inc(HELPED, call_id)) <= OF_SUCH_A_CALL
        if not is_emergency(unquote(told(ksr, "rU"))) or ksr.htable.sht_inc(HELP, source) > CALLS_FOR_HELP:
            return False
        ksr.htable.sht_inc(HELPED, call_id)
        return True

    def wrong_password(self) -> None:
        """Credentials that fit a challenge which this very source was sent, with the wrong secret."""
        if self._ban_after and self._ksr.htable.sht_inc(WRONG, self._ksr.pv.get("$si")) >= self._ban_after:
            self._ban("passwords")

    def knock(self) -> None:
        """A request from someone who proved nothing: the first of every exchange, or a scanner's."""
        ksr = self._ksr
        source = ksr.pv.get("$si")
        many = self._ban_after and ksr.htable.sht_inc(KNOCKS, source) >= self._ban_after * KNOCKS_FOR_A_GUESS
        if many and ksr.htable.sht_get(KNOWN, source) is None:
            self._ban("scan")

    def proved(self) -> None:
        """A phone proved itself from this source: its first requests are no scan."""
        ksr = self._ksr
        ksr.htable.sht_seti(KNOWN, ksr.pv.get("$si"), 1)

    def _ban(self, why: str) -> None:
        ksr = self._ksr
        source = ksr.pv.get("$si")
        if source == OURSELVES or self._is_trunk(source):
            return
        ksr.htable.sht_sets(BANNED, source, f"{why} {int(time.time())}")
        ksr.htable.sht_inc(COUNT, "bans")
        ksr.warn(f"event=banned source={source} why={why}\n")
