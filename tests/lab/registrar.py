"""The carrier stand-in's registrar: it asks for digest, may find an interval too brief, and may say no.

RFC 3261 §10.3; what is registered is not called, the building is known by its address.
"""

import secrets
from dataclasses import dataclass, field

from appliance.sip_edge.digest import parse, response
from tests.lab.siptext import Message

REALM = "carrier.example"
Headers = list[tuple[str, str]]


@dataclass
class Registrar:
    """`least_s`: shorter is answered 423. `refuses`: a status for everyone whose password is right."""

    user: str
    secret: str = field(repr=False)
    least_s: int = 0
    granted_s: int = 0
    """0: what was asked for."""
    refuses: int = 0
    algorithm: str = "MD5"
    _nonces: set[str] = field(default_factory=set)

    def answer(self, request: Message) -> tuple[int, str, Headers]:
        credentials = parse(request.get("authorization"))
        if credentials is None or credentials.nonce not in self._nonces:
            nonce = secrets.token_hex(16)
            self._nonces.add(nonce)
            asked = f'Digest realm="{REALM}", nonce="{nonce}", algorithm={self.algorithm}, qop="auth"'
            return 401, "Unauthorized", [("WWW-Authenticate", asked)]
        right = credentials.username == self.user and credentials.response == response(
            credentials, "REGISTER", self.secret
        )
        if not right:
            return 403, "Forbidden", []
        if self.refuses:
            return self.refuses, "Refused", []
        wanted = int(request.get("expires") or 3600)
        if wanted < self.least_s:
            return 423, "Interval Too Brief", [("Min-Expires", str(self.least_s))]
        granted = self.granted_s or wanted
        return 200, "OK", [("Contact", f"{request.get('contact')};expires={granted}")]
