"""Who is calling: a trunk by its source address, a phone by digest. Nobody else is let in.

What a digest is worth is digest.py's to say; here are the headers, and the memory of nonce counts that all workers
share.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

from appliance.directory.model import Directory, Phone, Trunk
from appliance.sip_edge.digest import Credentials, Guard, Verdict, challenges, parse, same_user
from appliance.sip_edge.identity import may_go_by
from appliance.sip_edge.kamailio.gate import Gate
from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.voices import Voices
from appliance.sip_edge.trunks import is_address, sends

MAX_CREDENTIALS = 4
"""Headers looked at in one request."""


class Door:
    def __init__(self, ksr: Any, knobs: Knobs, gate: Gate, names: "TrunkNames") -> None:
        self._ksr = ksr
        self._gate = gate
        self._guard = Guard(knobs.realm, knobs.nonce_key)
        self._realm = knobs.realm
        self._voices = Voices(ksr, knobs.voice_sip_port, knobs.voice_workers)
        self._names = names

    def is_voice(self) -> bool:
        """Whether our own voice sent this request: from its ports on loopback, where nobody else can send from."""
        ksr = self._ksr
        return bool(ksr.is_UDP()) and ksr.pv.get("$si") == "127.0.0.1" and self._voices.is_one(int(ksr.pv.get("$sp")))

    def trunk(self, directory: Directory) -> Trunk | None:
        """The trunk that this request came from."""
        ksr = self._ksr
        address, port, udp = ksr.pv.get("$si"), int(ksr.pv.get("$sp")), bool(ksr.is_UDP())
        found = (t for t in directory.trunks() if sends(t, self.addresses(t), address, port, udp))
        return next(found, None)

    def addresses(self, trunk: Trunk) -> tuple[str, ...]:
        """A trunk's addresses, the first to be used; none where its name was never resolved."""
        return (trunk.host,) if is_address(trunk.host) else self._names.addresses(trunk.id)

    def phone(self, directory: Directory, method: str) -> Phone | None:
        """The phone that proved itself. None: it was answered, with a challenge or a refusal."""
        ksr = self._ksr
        given = self._given("Authorization" if method == "REGISTER" else "Proxy-Authorization")
        source = ksr.pv.get("$si")
        if given is None:
            self._gate.knock()
            self._challenge(method, stale=False)
            return None
        phone = directory.phone_by_sip_user(given.username)
        secret = (phone.sip_secret or None) if phone else None
        now = int(time.time())
        verdict = self._guard.judge(given, method, secret, now, source)
        if verdict is Verdict.GOOD and ksr.htable.sht_inc("nonce", given.use) != 1:
            verdict = Verdict.STALE
        if verdict is not Verdict.GOOD or phone is None:
            if verdict is Verdict.WRONG:
                ksr.htable.sht_inc("count", "refused")
                if self._guard.fresh(given.nonce, now, source):
                    self._gate.wrong_password()
                else:
                    self._gate.knock()
            self._challenge(method, stale=verdict is Verdict.STALE)
            return None
        # One phone must not speak in another's name, nor use a digest of one call for another (RFC 7616 §3.4.6).
        honest = may_go_by(ksr.pv.get("$fU") or "", phone, directory, method)
        if not honest or (method == "INVITE" and not same_user(given.uri, ksr.pv.get("$ru"))):
            ksr.sl.sl_send_reply(403, "Forbidden")
            return None
        if method == "REGISTER":
            self._gate.proved()
        return phone

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
        self._known: dict[str, tuple[str, ...]] = {}

    def addresses(self, trunk_id: str) -> tuple[str, ...]:
        try:
            changed = os.stat(self._path).st_mtime_ns
            if changed != self._changed:
                read = json.loads(self._path.read_text(encoding="utf-8"))
                self._known = {k: tuple(str(a) for a in v) for k, v in read.items()}
                self._changed = changed
        except (OSError, ValueError, AttributeError, TypeError):
            # Not there yet: as if nothing was resolved. It is replaced whole, so it is never half.
            pass
        return self._known.get(trunk_id, ())
