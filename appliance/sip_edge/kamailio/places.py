"""What is needed to go on in a call in the place of one of its phones, noted when it is answered.

A worker keeps no dialog: it would have nothing to say in it. But who consults a second party and then transfers (RFC
5589 §7) names that call in the first one, where nothing of it can be seen. One entry a call, in shared memory; and the
last CSeq of each end, as requests within the call pass. A restart of Kamailio forgets them: such a transfer is refused.
"""

import re
import time
from dataclasses import dataclass
from typing import Any

from appliance.held import LAST_SEQUENCE, Held
from appliance.sip_edge.dialogs import key_of
from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.voices import Voices

PLACES = "places"
MOST_ROUTES = 10
_CLOCK = 0x3FFF_FFFF
"""What a table keeps of a number, in milliseconds twelve days: enough to tell moments from each other."""
_ROUTE = re.compile(r"<[^<>]*>[^,<]*")
_URI = re.compile(r"<([^<>]*)>")
_END = re.compile("[;?]")
_TAG = re.compile(r";\s*tag=([^;>,\s]+)", re.IGNORECASE)


def _clock_ms() -> int:
    """The same in all workers."""
    return time.monotonic_ns() // 1_000_000 & _CLOCK


def uri_in(header: str) -> str:
    found = _URI.search(header)
    return found.group(1) if found else header.partition(";")[0].strip()


def routes_in(values: list[str]) -> tuple[str, ...]:
    """Route or Record-Route values one by one, however many a header line has."""
    return tuple(one.strip() for value in values for one in _ROUTE.findall(value))[:MOST_ROUTES]


def _unfolded(value: str) -> str:
    """On one line, as it means the same (RFC 3261 §7.3.1)."""
    return " ".join(value.split()) if "\n" in value else value


@dataclass(frozen=True, slots=True)
class Noted:
    """An answered call: From and To as its caller sent them and as the callee saw them, how each end is reached."""

    call_id: str
    sent_from: str
    sent_to: str
    seen_from: str
    seen_to: str
    caller: str
    callee: str
    routes: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Noted":
        call_id, sent_from, sent_to, seen_from, seen_to, caller, callee, *routes = text.split("\n")
        return cls(call_id, sent_from, sent_to, seen_from, seen_to, caller, callee, routes_in(routes))


class Places:
    def __init__(self, ksr: Any, knobs: Knobs) -> None:
        self._ksr = ksr
        self._voices = Voices(ksr, knobs.voice_sip_port, knobs.voice_workers)
        self._front = frozenset((knobs.behind_port, knobs.behind_port + 1)) if knobs.behind_port else frozenset()
        self._tls_port = knobs.behind_port

    def answered(self, call_id: str, from_tag: str) -> bool:
        """In the reply route: the 200 to an initial INVITE. The reply is as the callee wrote it.

        False: somebody else has answered this call, and stays noted.
        """
        ksr = self._ksr
        pv = ksr.pv
        to_tag = pv.get("$tt") or ""
        # In the order of Noted, as text: what it means is read when somebody transfers.
        noted = (
            call_id,
            pv.get("$T_req($hdr(From))") or "",
            f"{pv.get('$T_req($hdr(To))') or ''};tag={to_tag}",
            pv.get("$hdr(From)") or "",
            pv.get("$hdr(To)") or "",
            self._reached(pv.get("$T_req($ct)"), "$T_req($Rp)", "$T_req($si)", "$T_req($sp)"),
            self._reached(pv.get("$ct"), "$Rp", "$si", "$sp"),
            *self.values("Record-Route"),
        )
        key = key_of(call_id, from_tag)
        # Two answers at once are two workers'.
        ksr.htable.sht_lock(PLACES, key)
        try:
            if self.strays(call_id, from_tag, to_tag):
                return False
            ksr.htable.sht_sets(PLACES, key, "\n".join(map(_unfolded, noted)))
        finally:
            ksr.htable.sht_unlock(PLACES, key)
        return True

    def told(self, call_id: str, from_tag: str) -> None:
        """The first answer is ready to go to who called, at the end of its reply route. Whoever ended the call already
        leaves this behind, until it expires.
        """
        htable, key = self._ksr.htable, key_of(call_id, from_tag)
        htable.sht_seti(PLACES, f"{key}:o", int(self._ksr.pv.get("$cs") or 1))
        htable.sht_seti(PLACES, f"{key}:t", _clock_ms())

    def told_ms_ago(self, call_id: str, from_tag: str) -> int | None:
        """None: it is not."""
        told = self._ksr.htable.sht_get(PLACES, f"{key_of(call_id, from_tag)}:t")
        return None if told is None else (_clock_ms() - int(told)) & _CLOCK

    def strays(self, call_id: str, from_tag: str, to_tag: str) -> bool:
        """Whether this is the dialog of one who answered after the first did: no part of the call's own course.

        RFC 3261 §13.2.2.4: who called ends it, and it has this call's name and our signature.
        """
        text = self._ksr.htable.sht_get(PLACES, key_of(call_id, from_tag))
        return bool(text) and not text.split("\n", 3)[2].endswith(f";tag={to_tag}")

    def passes(self, call_id: str, from_tag: str, downstream: bool) -> None:
        """A request within a call, other than ACK."""
        key = key_of(call_id, from_tag)
        name = f"{key}:{'o' if downstream else 'i'}"
        self._ksr.htable.sht_seti(PLACES, name, int(self._ksr.pv.get("$cs") or 1))
        if not self.known(key):
            # Another worker had its BYE at the same time.
            self._ksr.htable.sht_rm(PLACES, name)

    def ends(self, call_id: str, from_tag: str) -> None:
        key = key_of(call_id, from_tag)
        for name in (key, f"{key}:o", f"{key}:i", f"{key}:t"):
            self._ksr.htable.sht_rm(PLACES, name)

    def sequence(self, key: str, of_caller: bool) -> int:
        """The last CSeq of an end; 0: it has sent none that we know of."""
        return int(self._ksr.htable.sht_get(PLACES, f"{key}:{'o' if of_caller else 'i'}") or 0)

    def known(self, key: str) -> bool:
        return bool(self._ksr.htable.sht_get(PLACES, key))

    def by_voice(self, key: str, of_caller: bool) -> bool:
        """Whether the end opposite to this one is voice."""
        noted = self._noted(key)
        return noted is not None and self.is_voice(noted.callee if of_caller else noted.caller)

    def is_voice(self, uri: str) -> bool:
        # voice's Contacts have no user part.
        host, _, port = _END.split(uri.partition(":")[2], 1)[0].rpartition("@")[2].partition(":")
        return host == "127.0.0.1" and port.isdigit() and self._voices.is_one(int(port))

    def held(self, key: str, of_caller: bool) -> Held | None:
        """A call as its caller, or who answered it, holds it."""
        noted = self._noted(key)
        if noted is None:
            return None
        mine, far = ("o", "i") if of_caller else ("i", "o")
        local, remote, target = (
            (noted.sent_from, noted.sent_to, noted.callee)
            if of_caller
            else (noted.seen_to, noted.seen_from, noted.caller)
        )
        return Held(
            noted.call_id,
            local,
            remote,
            target,
            tuple(reversed(noted.routes)) if of_caller else noted.routes,
            # An end that has sent nothing yet may begin where it likes.
            self.sequence(key, mine == "o") or 1,
            self.sequence(key, far == "o") or LAST_SEQUENCE,
        )

    def values(self, header: str) -> list[str]:
        values: list[str] = []
        for n in range(MOST_ROUTES):
            value = self._ksr.hdr.get_idx(header, n)
            if value is None:
                break
            if value:
                values.append(value)
        return values

    def _noted(self, key: str) -> Noted | None:
        text = self._ksr.htable.sht_get(PLACES, key)
        return Noted.of(text) if text else None

    def _reached(self, contact: str | None, port: str, address: str, source: str) -> str:
        """A Contact's URI; of a phone behind HAProxy with the connection that it opened, as secure.py writes it."""
        uri = uri_in(contact or "")
        at = int(self._ksr.pv.get(port) or 0)
        if at not in self._front or ";alias=" in uri:
            return uri
        return f"{uri};alias={self._ksr.pv.get(address)}~{self._ksr.pv.get(source)}~2"
