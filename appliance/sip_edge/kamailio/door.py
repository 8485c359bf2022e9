"""Who is calling: a trunk by its source address, a phone by digest. Nobody else is let in.

What a digest is worth is digest.py's to say; here are the headers, and the memory of nonce counts that all workers
share.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.directory.model import Directory, Phone, Trunk
from appliance.sip_edge.digest import Credentials, Guard, Verdict, challenges, parse, same_user
from appliance.sip_edge.identity import may_go_by
from appliance.sip_edge.kamailio.board import Board
from appliance.sip_edge.kamailio.gate import OURSELVES, Gate
from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.plea import Pleas
from appliance.sip_edge.kamailio.voices import Voices
from appliance.sip_edge.trunks import Hop, hops_of, own_hop, sends

MAX_CREDENTIALS = 4
"""Headers looked at in one request."""


@dataclass(frozen=True, slots=True)
class Unproved:
    """Who is no phone of ours, as far as can be seen. `answered`: a challenge that this very address was sent."""

    answered: bool
    stale: bool = False


class Door:
    def __init__(self, ksr: Any, knobs: Knobs, gate: Gate, names: "TrunkNames") -> None:
        self._ksr = ksr
        self._gate = gate
        self._guard = Guard(knobs.realm, knobs.nonce_key)
        self._realm = knobs.realm
        self._voices = Voices(ksr, knobs.voice_sip_port, knobs.voice_workers)
        self._names = names
        self._pleas = Pleas(ksr, knobs, Board(ksr))

    def is_voice(self) -> bool:
        """Whether our own voice sent this request: from its ports on loopback, where nobody else can send from."""
        ksr = self._ksr
        return ksr.pv.get("$si") == OURSELVES and bool(ksr.is_UDP()) and self._voices.is_one(int(ksr.pv.get("$sp")))

    def trunk(self, directory: Directory) -> Trunk | None:
        """The trunk that this request came from."""
        ksr = self._ksr
        address = ksr.pv.get("$si")
        near = [t for t in directory.trunks() if any(hop.address == address for hop in self.hops(t))]
        if not near:
            return None
        port, udp = int(ksr.pv.get("$sp")), bool(ksr.is_UDP())
        return next((t for t in near if sends(t, self.hops(t), address, port, udp)), None)

    def hops(self, trunk: Trunk) -> tuple[Hop, ...]:
        """A trunk's addresses in their order; none where its name was never resolved."""
        own = own_hop(trunk)
        return self._names.hops(trunk.id) if own is None else (own,)

    def phone(self, directory: Directory, method: str) -> Phone | None:
        """The phone that proved itself. None: it was answered, with a challenge or a refusal."""
        given = self._given("Authorization" if method == "REGISTER" else "Proxy-Authorization")
        found = self._judged(given, directory, method)
        if isinstance(found, Unproved):
            self._challenge(method, found.stale)
            return None
        return found if self._may(found, given, directory, method) else None

    def caller(self, directory: Directory) -> "Phone | Unproved | None":
        """Who sends an INVITE: as `phone`, but an emergency may come from who proved nothing (plea.py)."""
        given = self._given("Proxy-Authorization")
        found, for_help = self._judged(given, directory, "INVITE"), self._pleas.is_one()
        if isinstance(found, Unproved):
            if for_help and not found.stale and self._pleas.heard(found.answered):
                return found
            self._challenge("INVITE", found.stale)
            return None
        if for_help:
            self._pleas.proved()
            return found
        return found if self._may(found, given, directory, "INVITE") else None

    def _judged(self, given: Credentials | None, directory: Directory, method: str) -> "Phone | Unproved":
        ksr = self._ksr
        source = ksr.pv.get("$si")
        if given is None:
            self._gate.knock()
            return Unproved(answered=False)
        phone = directory.phone_by_sip_user(given.username)
        secret = (phone.sip_secret or None) if phone else None
        now = int(time.time())
        verdict = self._guard.judge(given, method, secret, now, source)
        if verdict is Verdict.GOOD and ksr.htable.sht_inc("nonce", given.use) != 1:
            verdict = Verdict.STALE
        if verdict is Verdict.GOOD and phone is not None:
            self._gate.proved()
            return phone
        fresh = verdict is Verdict.WRONG and self._guard.fresh(given.nonce, now, source)
        if verdict is Verdict.WRONG:
            ksr.htable.sht_inc("count", "refused")
            if fresh:
                self._gate.wrong_password()
            else:
                self._gate.knock()
        return Unproved(answered=fresh, stale=verdict is Verdict.STALE)

    def _may(self, phone: Phone, given: Credentials | None, directory: Directory, method: str) -> bool:
        """Whether it speaks in its own name, by a digest for this very call (RFC 7616 §3.4.6); else it was refused."""
        ksr = self._ksr
        honest = may_go_by(ksr.pv.get("$fU") or "", phone, directory, method)
        uri = given.uri if given is not None else ""
        if not honest or (method == "INVITE" and not same_user(uri, ksr.pv.get("$ru"))):
            ksr.sl.sl_send_reply(403, "Forbidden")
            return False
        return True

    def _given(self, header: str) -> Credentials | None:
        for index in range(MAX_CREDENTIALS):
            value = self._ksr.hdr.get_idx(header, index)
            if value is None:
                return None
            credentials = parse(value.strip())
            if credentials is not None and credentials.realm == self._realm:
                return credentials
        return None

    def _challenge(self, method: str, stale: bool) -> None:
        ksr = self._ksr
        status, reason, header = 407, "Proxy Authentication Required", "Proxy-Authenticate"
        if method == "REGISTER":
            status, reason, header = 401, "Unauthorized", "WWW-Authenticate"
        nonce = self._guard.nonce(int(time.time()), os.urandom(8), ksr.pv.get("$si"))
        asked = challenges(self._realm, nonce, stale, ksr.pv.get("$ua") or "")
        ksr.hdr.append_to_reply("".join(f"{header}: {value}\r\n" for value in asked))
        ksr.sl.sl_send_reply(status, reason)


class TrunkNames:
    """Addresses of trunks that the directory knows by name, as the edge service resolved them: a worker never waits."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = -1
        self._known: dict[str, tuple[Hop, ...]] = {}

    def hops(self, trunk_id: str) -> tuple[Hop, ...]:
        try:
            changed = os.stat(self._path).st_mtime_ns
            if changed != self._changed:
                self._known = hops_of(self._path.read_text(encoding="utf-8"))
                self._changed = changed
        except (OSError, ValueError, AttributeError, TypeError):
            # Not there yet: as if nothing was resolved. It is replaced whole, so it is never half.
            pass
        return self._known.get(trunk_id, ())
