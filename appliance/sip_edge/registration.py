"""This building as a client of a carrier's registrar: RFC 3261 §10.2, with digest, refresh and 423. Pure.

Sending is trunk_tender.py's. A secret is in nothing that is kept or shown here.
"""

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum

from appliance.sip_edge.digest import ALGORITHMS, Credentials, response

WANTED_S, LONGEST_S = 600, 7200
REFRESH_AT = 0.8
"""Part of a registration's life after which it is renewed."""
BACK_OFF_S = (5.0, 15.0, 30.0, 60.0, 300.0)
REFUSED_WAIT_S = 120.0
"""Where the registrar says no to name or secret: asking again at once would have us banned."""
SILENCE = 0

_PARAMETER = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


class Standing(StrEnum):
    """Where we stand with a registrar; what a page shows."""

    TRYING = "trying"
    REGISTERED = "registered"
    REFUSED = "refused"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Reply:
    """A final reply, or SILENCE. `headers`: names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()

    def first(self, name: str) -> str:
        return next((v for n, v in self.headers if n == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(v for n, v in self.headers if n == name)


@dataclass(frozen=True, slots=True)
class Challenge:
    realm: str
    nonce: str
    algorithm: str
    qop: str
    opaque: str
    proxy: bool


@dataclass(frozen=True, slots=True)
class Registration:
    """`due_at`: a monotonic clock's seconds when the next REGISTER is to be sent."""

    call_id: str
    standing: Standing = Standing.TRYING
    due_at: float = 0.0
    cseq: int = 0
    expires_s: int = WANTED_S
    challenge: Challenge | None = field(default=None, repr=False)
    answered: bool = False
    """The challenge was answered once: the same answer refused is a refusal."""
    failures: int = 0
    status: int = 0
    until: float = 0.0
    """When what was granted runs out."""


def sent(registration: Registration) -> Registration:
    """As the next REGISTER goes out."""
    return replace(registration, cseq=registration.cseq + 1, answered=registration.challenge is not None)


def received(registration: Registration, reply: Reply, contact: str, now: float) -> Registration:
    """After the reply to a REGISTER. `contact`: the URI that we registered."""
    r = replace(registration, status=reply.status)
    if 200 <= reply.status < 300:
        granted = min(max(_granted(reply, contact, r.expires_s), 1), LONGEST_S)
        # A nonce may be good for the refresh too; where it is not, the registrar asks anew.
        return replace(
            r,
            standing=Standing.REGISTERED,
            due_at=now + granted * REFRESH_AT,
            until=now + granted,
            failures=0,
            challenge=None,
        )
    if reply.status in (401, 407):
        found = challenge_of(reply)
        stale = any("stale=true" in v.lower().replace('"', "") for v in _asked(reply))
        if found is not None and (not r.answered or stale):
            return replace(r, challenge=found, due_at=now)
        return _refused(r, reply, now)
    if reply.status == 423:
        least = _number(reply.first("min-expires"))
        if r.expires_s < least <= LONGEST_S:
            return replace(r, expires_s=least, due_at=now, challenge=None)
        return _refused(r, reply, now)
    if reply.status == SILENCE or reply.status == 408 or reply.status >= 500:
        standing = Standing.SILENT if reply.status in (SILENCE, 408) else Standing.REFUSED
        if r.standing is Standing.REGISTERED and now < r.until:
            standing = Standing.REGISTERED
        wait = max(BACK_OFF_S[min(r.failures, len(BACK_OFF_S) - 1)], float(_number(reply.first("retry-after"))))
        return replace(r, standing=standing, due_at=now + wait, failures=r.failures + 1, challenge=None)
    return _refused(r, reply, now)


def _refused(r: Registration, reply: Reply, now: float) -> Registration:
    wait = max(REFUSED_WAIT_S, float(_number(reply.first("retry-after"))))
    return replace(r, standing=Standing.REFUSED, due_at=now + wait, failures=r.failures + 1, challenge=None)


def challenge_of(reply: Reply) -> Challenge | None:
    """The strongest challenge that we can answer (RFC 8760 §2.4); None: there is none."""
    found = []
    for value in _asked(reply):
        if value[:7].lower() != "digest ":
            continue
        words = {n.lower(): q or t for n, q, t in _PARAMETER.findall(value[7:])}
        algorithm = words.get("algorithm", "MD5").upper()
        qop = "auth" if "auth" in [q.strip() for q in words.get("qop", "").split(",")] else ""
        if algorithm in ALGORITHMS and words.get("nonce") and (qop or not words.get("qop")):
            proxy = reply.status == 407
            found.append(
                Challenge(words.get("realm", ""), words["nonce"], algorithm, qop, words.get("opaque", ""), proxy)
            )
    return min(found, key=lambda c: ALGORITHMS.index(c.algorithm), default=None)


def authorization(challenge: Challenge, user: str, secret: str, uri: str, cnonce: str) -> str:
    """The header line that answers a challenge to a REGISTER, without its line end."""
    c = Credentials(
        user, challenge.realm, challenge.nonce, uri, "", challenge.algorithm, challenge.qop, "00000001", cnonce
    )
    proof = response(c, "REGISTER", secret)
    line = (
        f'Digest username="{user}", realm="{c.realm}", nonce="{c.nonce}", uri="{uri}", '
        f'response="{proof}", algorithm={c.algorithm}'
    )
    if c.qop:
        line += f', qop=auth, nc={c.nc}, cnonce="{c.cnonce}"'
    if challenge.opaque:
        line += f', opaque="{challenge.opaque}"'
    return f"{'Proxy-Authorization' if challenge.proxy else 'Authorization'}: {line}"


def _asked(reply: Reply) -> tuple[str, ...]:
    return reply.all("proxy-authenticate" if reply.status == 407 else "www-authenticate")


def _granted(reply: Reply, contact: str, wanted: int) -> int:
    """RFC 3261 §10.2.4: the expires of our own contact, else of the header, else what we asked for."""
    for value in reply.all("contact"):
        for one in value.split(","):
            found = re.search(r";\s*expires\s*=\s*\"?(\d{1,9})", one, re.I)
            if contact in one and found:
                return int(found.group(1))
    return _number(reply.first("expires")) or wanted


def _number(text: str) -> int:
    found = re.match(r"\s*(\d{1,9})", text)
    return int(found.group(1)) if found else 0
