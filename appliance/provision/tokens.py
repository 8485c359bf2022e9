"""When a phone may have its secrets: claim windows, the two stages, and the tokens in a phone's own URL.

Pure: state and time are passed in. claims.py keeps the state; the desk asks `admit` for every file of a known phone.

Stage one: a phone that the network shows to be in the directory (its MAC by lease or ARP) asks at the plain path, or
anyone asks with a claim token: it gets files without account, that lead to the phone's own URL. Stage two: that URL,
`/t/<token>/...`, gives the account. A family that cannot follow such a link is given its account at the plain path,
within its claim window.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field, replace
from enum import StrEnum

from appliance.provision.family import Secrets

TOKEN_CHARACTERS = 32
"""192 bits."""

KEY_CHARACTERS = 16
"""Of the alphabet that all families take for a key."""

_PREFIX = re.compile(r"t/([A-Za-z0-9_-]{1,64})/(.*)", re.DOTALL)


BY_HTTP_AGAIN_S = 10.0
"""A phone that was led to HTTPS and asks for its first file again after so long has not got there."""


class Trusts(StrEnum):
    """How far a phone that checks certificates has come on its way to HTTPS (docs/provisioning.md, "HTTPS")."""

    UNTOLD = ""
    TOLD = "told"
    """It was given a file with our CA in it, by plain HTTP in its window."""
    LED = "led"
    """In its present boot it was given a link to HTTPS."""
    PROVEN = "proven"
    """In its present boot it came by it."""
    REFUSED = "refused"
    """It was led there and did not come: it keeps to plain HTTP in its window, until `claims open`."""


class Kind(StrEnum):
    CLAIM = "claim"
    """Given to a phone whose MAC the network does not show; good for one boot, and leads to the second."""
    PHONE = "phone"
    """The second: the phone's own, until it is rotated."""


@dataclass(frozen=True, slots=True)
class WindowRule:
    """How long what is open; seconds, from the settings ([provisioning])."""

    fresh_s: float = 900.0
    """A phone that never registered with this identity: this long after it was first given its files."""
    sitting_s: float = 180.0
    """Once per boot means: within this time of the boot's first file, so that a broken transfer can be repeated."""
    quiet_s: float = 600.0
    """Of a phone that was never heard over DHCP, so much silence stands for a boot."""
    overlap_s: float = 86400.0
    """The former token of a phone goes on being good for so long."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is remembered of one phone. Times in seconds since 1970; 0: never. `identity`: of the assignment.

    `boot`: the boot (claims.boot_of) in which it was last given something, `sat_at` when that began, `address` to whom.
    `told`: the serial of the token whose key the phone was last told.
    """

    mac: str
    identity: str
    first_given_at: float = 0.0
    boot: str = ""
    sat_at: float = 0.0
    asked_at: float = 0.0
    address: str = ""
    registered: bool = False
    opened_until: float = 0.0
    serial: int = 1
    rotated_at: float = 0.0
    used: bool = False
    """The second token was used in this boot: the first is over."""
    told: int = 0
    claim: int = 0
    """Serial of the claim token in force; 0: none."""
    claim_until: float = 0.0
    trusts: str = Trusts.UNTOLD
    trusts_at: float = 0.0
    """When that last changed."""


@dataclass(frozen=True, slots=True)
class Window:
    """`reason`: opened | first | boot | quiet | sitting | unregistered; closed: closed | another-address."""

    open: bool
    reason: str


def window(standing: Standing, boot: str, heard: bool, address: str, now: float, rule: WindowRule) -> Window:
    """Whether a phone at this address may have its secrets at the plain path now.

    `boot` names the boot that the phone is in, `heard` that DHCP ever showed us one of its boots. A clock that was set
    back shuts no phone out: a boot is told by its name, not by its time.
    """
    if now < standing.opened_until:
        return Window(True, "opened")
    if not standing.first_given_at:
        return Window(True, "first")
    if boot and boot != standing.boot:
        return Window(True, "boot")
    if not heard and abs(now - standing.asked_at) > rule.quiet_s:
        return Window(True, "quiet")
    if standing.address and standing.address != address:
        return Window(False, "another-address")
    if abs(now - standing.sat_at) <= rule.sitting_s:
        return Window(True, "sitting")
    if not standing.registered and not standing.used and abs(now - standing.first_given_at) <= rule.fresh_s:
        return Window(True, "unregistered")
    return Window(False, "closed")


@dataclass(frozen=True, slots=True)
class Ask:
    """A file of a known phone, as the door sees it. `confirmed`: lease or ARP show the phone's MAC at this address.

    `kind`, `serial`: of the token in the URL, None where there is none.
    """

    secret: bool
    https: bool
    confirmed: bool
    address: str
    boot: str
    heard: bool
    kind: Kind | None = None
    serial: int = 0
    own: bool = False
    """A file of this phone alone, with an account or without."""


@dataclass(frozen=True, slots=True)
class Admission:
    """How the file is given. `refusal` not empty: it is not, and `alert` says that someone should know.

    `link`: links in the file lead to the phone's own URL of this serial; `tell`: the file may say the key of this
    serial; `seal`: it is encrypted with the key of this serial. 0: not so.
    """

    refusal: str = ""
    alert: bool = False
    link: int = 0
    tell: int = 0
    seal: int = 0
    window: str = ""
    https: bool = False
    """Links lead to our HTTPS."""
    trusts: str | None = None
    """What is to be remembered of the phone's trust; None: nothing new."""


def admit(
    ask: Ask,
    standing: Standing,
    policy: Secrets,
    encrypt: bool,
    now: float,
    rule: WindowRule,
    https_links: bool = False,
) -> Admission:
    """Whether and how a known phone is given this file.

    `encrypt`: the site wants files encrypted where phones can; `https_links`: it leads them to HTTPS where they can.
    """
    admission = _admit(ask, standing, policy, encrypt, now, rule)
    if not https_links or not policy.https or admission.refusal:
        return replace(admission, https=ask.https and not admission.refusal)
    if policy.https == "any" or not policy.two_stages:
        return replace(admission, https=policy.https == "any" or ask.https)
    before = Trusts(standing.trusts)
    trusts = _trusts(before, ask, admission, standing, now, rule)
    https = ask.https or trusts in (Trusts.LED, Trusts.PROVEN)
    return replace(admission, https=https, trusts=None if trusts is before else str(trusts))


def _trusts(before: Trusts, ask: Ask, admission: Admission, standing: Standing, now: float, rule: WindowRule) -> Trusts:
    """The way to HTTPS, one step a boot: first the CA by plain HTTP, then the link, then the phone comes or does not.

    A phone that forgot the CA (reset by hand) or does not like it goes on by plain HTTP.
    """
    if ask.kind is Kind.PHONE:
        if ask.https:
            return Trusts.PROVEN
        return Trusts.TOLD if ask.secret and before is Trusts.UNTOLD and not admission.seal else before
    if ask.kind is Kind.CLAIM or not admission.link or ask.secret:
        return before
    boots = admission.window in ("first", "boot", "quiet")
    late = abs(now - standing.trusts_at) > rule.sitting_s
    if boots or (admission.window == "opened" and (ask.boot != standing.boot or late)):
        return _AT_BOOT[before]
    if before is Trusts.LED and abs(now - standing.trusts_at) > BY_HTTP_AGAIN_S:
        return Trusts.REFUSED
    return before


_AT_BOOT = {
    Trusts.UNTOLD: Trusts.UNTOLD,
    Trusts.TOLD: Trusts.LED,
    Trusts.LED: Trusts.REFUSED,
    Trusts.PROVEN: Trusts.LED,
    Trusts.REFUSED: Trusts.REFUSED,
}


def _admit(ask: Ask, standing: Standing, policy: Secrets, encrypt: bool, now: float, rule: WindowRule) -> Admission:
    scheme = encrypt and bool(policy.encryption)
    # A key stands in the link to the phone's file, or in that file.
    tell = standing.serial if scheme and (policy.key == "link" or ask.secret) else 0
    link = standing.serial if policy.two_stages else 0
    if ask.kind is Kind.PHONE:
        return _by_second_token(ask, standing, policy, scheme, now, rule)
    if ask.kind is Kind.CLAIM:
        # A claim token never carries an account: it leads to the URL that does.
        return Admission("claim-without-account") if ask.secret else Admission(link=link, tell=tell, window="claim")
    if not ask.confirmed:
        # Not even a phone's own file without account: that there is one would tell that the MAC exists.
        return Admission("not-confirmed") if ask.secret or ask.own else Admission()
    seen = window(standing, ask.boot, ask.heard, ask.address, now, rule)
    if seen.open:
        return Admission(link=link, tell=tell, window=seen.reason)
    if scheme and policy.key == "file" and standing.told:
        # Useless to anyone without the key, which it was told in a window of its own.
        told = standing.told if ask.secret else 0
        return Admission(tell=told, seal=told, window="encrypted")
    return Admission(f"window-{seen.reason}", alert=seen.reason == "another-address")


def _by_second_token(
    ask: Ask, standing: Standing, policy: Secrets, scheme: bool, now: float, rule: WindowRule
) -> Admission:
    current, by_link = standing.serial, scheme and policy.key == "link"
    seen = window(standing, ask.boot, ask.heard, ask.address, now, rule) if ask.confirmed else Window(False, "closed")
    safe, reason = ask.https or seen.open, "https" if ask.https else seen.reason
    if not ask.secret:
        if by_link and not safe:
            return Admission("window-closed")
        # Whoever shows a token may be told the same again; a newer one only where nobody else can read it.
        return Admission(link=current if safe else ask.serial, tell=current if by_link else 0, window=reason)
    if by_link:
        # Its link named the key: the file is encrypted whatever carries it.
        return Admission(link=current, tell=current, seal=ask.serial, window="token")
    if safe:
        return Admission(link=current, tell=current if scheme else 0, window=reason)
    if scheme and standing.told:
        return Admission(link=current, tell=standing.told, seal=standing.told, window="encrypted")
    return Admission("window-closed")


def after(ask: Ask, admission: Admission, standing: Standing, now: float) -> Standing:
    """What is remembered once the file was given. The same object where nothing changed."""
    if admission.refusal:
        return standing
    changed = standing
    if admission.trusts is not None:
        changed = replace(changed, trusts=admission.trusts, trusts_at=now)
    if ask.kind is Kind.PHONE and ask.secret and (not standing.used or standing.claim):
        changed = replace(changed, used=True, claim=0, claim_until=0.0)
    if ask.secret and admission.tell and admission.tell != standing.told:
        changed = replace(changed, told=admission.tell)
    sits = admission.window in ("opened", "first", "boot", "quiet")
    if sits and (admission.link or ask.secret):
        another = changed.boot != ask.boot or changed.address != ask.address or admission.window == "quiet"
        if another or admission.window != "opened" or not changed.first_given_at:
            changed = replace(
                changed,
                first_given_at=changed.first_given_at or now,
                boot=ask.boot,
                sat_at=now,
                address=ask.address,
                used=ask.kind is Kind.PHONE and ask.secret,
            )
    # To the minute is enough for a silence of ten.
    if sits or (not ask.heard and abs(now - standing.asked_at) > 60):
        changed = replace(changed, asked_at=now)
    return changed


def good(kind: Kind, serial: int, standing: Standing, now: float, rule: WindowRule) -> bool:
    """Whether a token of this serial is good: of two of a phone, the former for the time of the overlap."""
    if kind is Kind.CLAIM:
        return bool(standing.claim) and serial == standing.claim and now < standing.claim_until
    former = serial == standing.serial - 1 and abs(now - standing.rotated_at) < rule.overlap_s
    return serial == standing.serial or former


@dataclass(frozen=True, slots=True)
class Mint:
    """Makes tokens and keys of one secret of the box; the same words make the same token, and nothing need be kept."""

    secret: bytes = field(repr=False)

    def token(self, kind: Kind, standing: Standing, serial: int) -> str:
        """Unguessable, URL-safe, of this phone with this identity."""
        words = f"{kind}|{standing.mac}|{standing.identity}|{serial}".encode()
        return base64.urlsafe_b64encode(hmac.digest(self.secret, words, "sha256")).decode()[:TOKEN_CHARACTERS]

    def key(self, standing: Standing, serial: int) -> str:
        """For encrypted files: made of the phone's second token; letters and digits only."""
        token = self.token(Kind.PHONE, standing, serial)
        made = hashlib.sha512(b"config key " + token.encode()).digest()
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        number, letters = int.from_bytes(made, "big"), []
        for _ in range(KEY_CHARACTERS):
            number, letter = divmod(number, len(alphabet))
            letters.append(alphabet[letter])
        return "".join(letters)


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def split_token(path: str) -> tuple[str, str]:
    """Token and rest of `/t/<token>/<rest>`; no token where the path has none."""
    found = _PREFIX.fullmatch(path.lstrip("/"))
    return (found[1], found[2]) if found else ("", path)


def without_token(path: str) -> str:
    """The path for logs and history: of a token, which opens a phone's files, its first four characters at most."""
    token, rest = split_token(path)
    return f"t/{token[:4]}.../{rest}" if token else path


def identity_of(mac: str, sip_user: str, sip_secret: str) -> str:
    """Of an assignment: with another account, or another secret, it is a new phone."""
    return hashlib.sha256(f"{mac}|{sip_user}|{sip_secret}".encode()).hexdigest()[:32]
