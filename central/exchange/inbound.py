"""A carrier's calls at the exchange: to the building that has the number, or as dark.way_of says, while that is dark.

A building is dark when it is not registered, or when an INVITE to it had no reply at all; it is tried again once it has
shown itself twice since (REGISTER, OPTIONS), so that a flapping link does not cost each caller the wait. Pure Python,
nothing that blocks: this runs inside Kamailio.
"""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from central.exchange.book import REALM, Book
from central.exchange.dark import CUT_OFF, Refused, Step, ToBuildings, way_of
from central.exchange.records import Note
from wire.diversion import counted, headers

BOOK, CARRIERS, ADDRESS = "CONSERJE_EXCHANGE_BOOK", "CONSERJE_EXCHANGE_CARRIERS", "CONSERJE_EXCHANGE_ADDRESS"
"""What the environment says to Kamailio's workers."""
NOTES = "calls.jsonl"
"""Beside the book."""
SILENT = "silent"
SIGNS = 2
SILENCE_MS, RING_MS, OUTSIDE_SILENCE_MS = 3000, 120_000, 4000
NUMBER, SITES, LINES, TAKEN = "$avp(number)", "$avp(sites)", "$avp(lines)", "$avp(taken)"
MOST_HEADERS = 20
OURS = "^[Xx]-[Cc][Oo][Nn][Ss][Ee][Rr][Jj][Ee]-"


class Inbound:
    """`carriers`: addresses (host:port) whose calls are taken, and by which forwards leave; none: no carrier's."""

    def __init__(self, ksr: Any, carriers: Iterable[str], notes: Path, address: str) -> None:
        self._ksr = ksr
        self._carriers = tuple(carriers)
        self._notes = notes
        self._address = address
        self._file = -1

    def is_carrier(self, source: str) -> bool:
        return source in self._carriers

    def invited(self, book: Book) -> None:
        ksr = self._ksr
        # Buildings believe what the exchange says so; a carrier says no such thing.
        ksr.textops.remove_hf_re(OURS)
        number = canonical(ksr.pv.get("$rU") or "")
        ksr.pv.sets(NUMBER, number)
        self._carry_out(way_of(number, book, lambda site: self._dark(book, site), self._diversions()), book)

    def failed(self, book: Book) -> None:
        """A leg of a carrier's call came to nothing. A building that said nothing at all is dark from now on."""
        ksr = self._ksr
        number = ksr.pv.get(NUMBER) or ""
        sites = (ksr.pv.get(SITES) or "").split()
        if ksr.tm.t_is_canceled() > 0:
            self.over(487)
        elif sites and ksr.tm.t_branch_timeout() > 0 and ksr.tm.t_branch_replied() < 0:
            for site in sites:
                ksr.htable.sht_seti(SILENT, site, SIGNS)
            step = way_of(number, book, lambda site: self._dark(book, site), self._diversions())
            self._carry_out(step, book, failed=True)
        else:
            self.over(int(ksr.tm.t_get_status_code()))

    def sign_of_life(self, site: str) -> None:
        left = int(self._ksr.htable.sht_get(SILENT, site) or 0)
        if left > 1:
            self._ksr.htable.sht_seti(SILENT, site, left - 1)
        elif left:
            self._ksr.htable.sht_rm(SILENT, site)

    def answered(self) -> None:
        if self._ksr.pv.get(TAKEN):
            self._note(Note("answered", self._ksr.pv.get("$ci"), _now_ms()))

    def over(self, status: int) -> None:
        self._note(Note("ended", self._ksr.pv.get("$ci"), _now_ms(), status=status))

    def lines(self) -> str:
        """What the leg that is being sent says besides."""
        return self._ksr.pv.get(LINES) or ""

    # Within

    def _dark(self, book: Book, site: str) -> bool:
        ksr = self._ksr
        if int(ksr.htable.sht_get(SILENT, site) or 0):
            return True
        return all(ksr.registrar.registered_uri("location", f"sip:{u}@{REALM}") < 0 for u in book.users_in(site))

    def _diversions(self) -> int:
        return counted(self._values("History-Info"), self._values("Diversion"))

    def _values(self, header: str) -> Iterator[str]:
        for index in range(MOST_HEADERS):
            value = self._ksr.hdr.get_idx(header, index)
            if value is None:
                return
            yield value

    def _carry_out(self, step: Step, book: Book, failed: bool = False) -> None:
        ksr = self._ksr
        asked, sites = ksr.pv.get(NUMBER) or "", ""
        if isinstance(step, Refused):
            self._refuse(step, book, failed)
            return
        if isinstance(step, ToBuildings):
            sites = " ".join(step.sites)
            more = f"X-Conserje-Goto: person:{step.person}\r\n" if step.person else ""
            if not self._aim(u for site in step.sites for u in book.users_in(site)):
                self._refuse(CUT_OFF, book, failed)
                return
            ksr.tm.t_set_fr(RING_MS, SILENCE_MS)
            to = step.person
        else:
            carrier = self._carriers[0]
            asked = to = step.number
            ksr.pv.sets("$ru", f"sip:{step.number}@{carrier}")
            ksr.pv.sets("$du", f"sip:{carrier}")
            ksr.tm.t_set_fr(RING_MS, OUTSIDE_SILENCE_MS)
            more = f"P-Asserted-Identity: <sip:{step.asserted}@{self._address}>\r\n" if step.asserted else ""
        if step.diverted:
            self._take(book, to)
        ksr.pv.sets(LINES, more + headers(step.diverted, asked, self._address))
        ksr.pv.sets(SITES, sites)
        ksr.pv.sets("$avp(asked)", asked)
        if not failed:
            ksr.rr.record_route()
        ksr.tm.t_on_branch("ksr_branch")
        ksr.tm.t_on_failure("ksr_failure")
        if ksr.tm.t_relay() < 0:
            self._refuse(CUT_OFF, book, failed)

    def _aim(self, users: Iterable[str]) -> bool:
        branches = 0
        for user in users:
            look_up = self._ksr.registrar.lookup_to_dset if branches else self._ksr.registrar.lookup_uri
            branches += look_up("location", f"sip:{user}@{REALM}") > 0
        return bool(branches)

    def _refuse(self, step: Refused, book: Book, failed: bool) -> None:
        """At once, and saying why (RFC 3326): a caller who waits in silence dials again."""
        ksr = self._ksr
        ksr.hdr.append_to_reply(f'Reason: SIP;cause={step.status};text="{step.why}"\r\n')
        if not ksr.pv.get(TAKEN):
            self._take(book, "")
        self.over(step.status)
        (ksr.tm.t_reply if failed else ksr.sl.sl_send_reply)(step.status, step.reason)

    def _take(self, book: Book, to: str) -> None:
        ksr = self._ksr
        number = ksr.pv.get(NUMBER) or ""
        called = book.called(number)
        if called is None:
            return
        ksr.pv.sets(TAKEN, "1")
        caller = canonical(ksr.pv.get("$fU") or "")
        site = next(iter(called.sites), "")
        self._note(Note("taken", ksr.pv.get("$ci"), _now_ms(), called.account, site, caller, number, to))

    def _note(self, note: Note) -> None:
        try:
            if self._file < 0:
                self._file = os.open(self._notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.write(self._file, note.line())
        except OSError as full:
            # A full disk costs a record, never a call.
            self._ksr.err(f"a note of a call cannot be written: {full}\n")


def canonical(user: str) -> str:
    """A number as carriers of Mexico write it, in E.164; what is none comes back as its digits."""
    digits = "".join(c for c in user.partition(";")[0] if c.isdigit())[:40]
    for prefix, length in (("521", 13), ("52", 12), ("", 10)):
        if digits.startswith(prefix) and len(digits) == length:
            return f"+52{digits[len(prefix) :]}"
    return f"+{digits}" if user.startswith("+") else digits


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
