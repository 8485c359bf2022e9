"""Which phone is this? Each kind of evidence votes for the families it fits, with a weight; votes that exclude each
other are a contradiction, and a phone that contradicts itself is given nothing.

Pure. Each strategy is a small function; a vendor's signs are in its descriptor.
"""

from collections.abc import Callable
from dataclasses import dataclass

from appliance.provision.families import Families
from appliance.provision.family import Family, Model, plain_mac

# What the phone says of itself weighs more than the name of a file, and that more than who made its network chip.
WEIGHT_OPTION60 = 5
WEIGHT_USER_AGENT = 5
WEIGHT_PATH = 3
WEIGHT_OUI = 2
SHOWN = 80
"""Characters of a foreign string that are kept in a reason."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What DHCP knows of an address. Options as they came, b"" where the phone sent none."""

    mac: str
    address: str
    option60: bytes = b""
    option55: bytes = b""
    option77: bytes = b""
    option125: bytes = b""
    hostname: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of who asks. MACs as twelve lower-case hex digits, "" where not known.

    `mac_from_lease` also stands for ARP: what the network itself says, which a phone cannot choose freely.
    """

    option60: bytes = b""
    option55: bytes = b""
    option77: bytes = b""
    option125: bytes = b""
    user_agent: str = ""
    path: str = ""
    transport: str = ""
    mac_from_path: str = ""
    mac_from_lease: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Vote:
    """One sign: the families it allows (never none), and what else it tells."""

    source: str
    families: tuple[str, ...]
    weight: int
    reason: str
    model: str = ""
    firmware: str = ""
    mac: str = ""


@dataclass(frozen=True, slots=True)
class Identification:
    """`family` is None when nothing, too little, or too much was said. `reasons` are for people, heaviest first."""

    family: Family | None
    model: Model | None
    firmware: str
    mac: str
    votes: tuple[Vote, ...]
    contradiction: bool
    reasons: tuple[str, ...]
    model_said: str = ""
    """The model as the phone names it, also when no descriptor does."""


Strategy = Callable[[Evidence, Families], Vote | None]


def _shown(text: str) -> str:
    kept = "".join(c if c.isprintable() else "." for c in text)
    return kept if len(kept) <= SHOWN else kept[:SHOWN] + "…"


def by_option60(evidence: Evidence, families: Families) -> Vote | None:
    """The vendor class (RFC 2132 §9.13). The family with the longest fitting prefix; several when they tie."""
    raw = evidence.option60
    if not raw:
        return None
    fits = [(len(o.prefix), f, o) for f in families.families for o in f.option60 if raw.startswith(o.prefix)]
    text = raw.rstrip(b"\0").decode("latin-1")
    # A pattern that finds something is surer than a prefix alone.
    found = [(f, m) for _, f, o in fits if o.pattern and (m := o.pattern.search(text))]
    if found:
        match = found[0][1]
        words = match.groupdict()
        names = tuple(dict.fromkeys(f.name for f, _ in found))
        return Vote(
            "option 60",
            names,
            WEIGHT_OPTION60,
            f'option 60 "{_shown(text)}": {", ".join(names)}',
            words.get("model") or "",
            words.get("version") or "",
            plain_mac(words.get("mac") or ""),
        )
    fits = [one for one in fits if one[2].pattern is None]
    if not fits:
        return None
    longest = max(length for length, _, _ in fits)
    names = tuple(dict.fromkeys(f.name for length, f, _ in fits if length == longest))
    return Vote("option 60", names, WEIGHT_OPTION60, f'option 60 "{_shown(text)}": {", ".join(names)}')


def by_user_agent(evidence: Evidence, families: Families) -> Vote | None:
    if not evidence.user_agent:
        return None
    text = evidence.user_agent
    found = [(f, m) for f in families.families for p in f.user_agents if (m := p.search(text))]
    if not found:
        return None
    words = found[0][1].groupdict()
    names = tuple(dict.fromkeys(f.name for f, _ in found))
    return Vote(
        "User-Agent",
        names,
        WEIGHT_USER_AGENT,
        f'User-Agent "{_shown(text)}": {", ".join(names)}',
        words.get("model") or "",
        words.get("version") or "",
        plain_mac(words.get("mac") or ""),
    )


def by_path(evidence: Evidence, families: Families) -> Vote | None:
    matches = families.match(evidence.path) if evidence.path else ()
    if not matches:
        return None
    names = tuple(m.family.name for m in matches)
    one = matches[0].models if len(matches) == 1 else ()
    model = one[0].name if len(one) == 1 else ""
    return Vote("path", names, WEIGHT_PATH, f'path "{_shown(evidence.path)}": {", ".join(names)}', model)


def by_oui(evidence: Evidence, families: Families) -> Vote | None:
    """The first half of the MAC: who made the device. The network's own word, else the phone's."""
    agent = by_user_agent(evidence, families)
    mac = evidence.mac_from_lease or (agent.mac if agent else "") or evidence.mac_from_path
    names = tuple(f.name for f in families.by_oui(mac)) if mac else ()
    return Vote("OUI", names, WEIGHT_OUI, f"OUI {mac[:6]}: {', '.join(names)}") if names else None


STRATEGIES: tuple[Strategy, ...] = (by_option60, by_user_agent, by_path, by_oui)


def identify(evidence: Evidence, families: Families) -> Identification:
    """Weigh all evidence. Never raises on what a phone sends."""
    votes = tuple(v for s in STRATEGIES if (v := s(evidence, families)))
    votes = tuple(sorted(votes, key=lambda v: -v.weight))
    reasons = [v.reason for v in votes]
    macs = {"lease": evidence.mac_from_lease, "path": evidence.mac_from_path}
    macs |= {v.source: v.mac for v in votes}
    said = {source: mac for source, mac in macs.items() if mac}
    mac = evidence.mac_from_lease or next((v.mac for v in votes if v.mac), "") or evidence.mac_from_path
    contradiction = len(set(said.values())) > 1
    if contradiction:
        reasons.append("MAC: " + ", ".join(f"{source} says {m}" for source, m in said.items()))

    allowed = set[str]().union(*(v.families for v in votes))
    for vote in votes:
        allowed &= set(vote.families)
    if votes and not allowed:
        contradiction = True
        reasons.append("no family fits all of these")
    family = families.family(next(iter(allowed))) if len(allowed) == 1 else None
    if contradiction:
        family = None
    model_said = next((v.model for v in votes if v.model), "")
    firmware = next((v.firmware for v in votes if v.firmware), "")
    model = family.model(model_said) if family else None
    return Identification(family, model, firmware, mac, votes, contradiction, tuple(reasons), model_said)
