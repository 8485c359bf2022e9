"""The change feed and the journal as they cross the link: canonical JSON, digests, envelopes.

All requests are HTTPS with the building's client certificate, except enrolment (a one-time claim code):

    GET  /building/v1/ca                                         -> {"ca_pem"}, to be checked against the claim code
    POST /building/v1/enrol        {"claim_code", "csr_pem"}     -> {"site_id", "certificate_pem", "ca_pem"}
    POST /building/v1/certificate  {"csr_pem"}                   -> {"certificate_pem", "ca_pem"}
    GET  /building/v1/feed?after=N&wait=S                        -> FeedAnswer
    POST /building/v1/journal      {"facts": [FactEnvelope]}     -> {"accepted": [id], "refused": [{"id", "why"}]}
    POST /building/v1/status       SyncReport                    -> {}
    PUT  /building/v1/messages/ID/audio   audio/wav              -> {}, after the journal told of the message
    GET  /building/v1/sounds/SHA256                              -> audio/wav, 16-bit mono: a Sound's octets

`after=0`, or an N too old for the centre to have every revision since, is answered with a snapshot.
An error is {"error": {"code", "says_en", "says_es"}} with its HTTP status.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from wire.rows import BY_KIND, Row

DIGEST_MODULUS = 1 << 256


class WireProblem(ValueError):
    """What came over the wire does not fit the schema; the message says where."""


@dataclass(frozen=True, slots=True)
class Put:
    row: Row


@dataclass(frozen=True, slots=True)
class Delete:
    kind: str
    id: str


Change = Put | Delete


@dataclass(frozen=True, slots=True)
class Revision:
    """Changes that are applied together, or not at all. `digest` is the digest of the whole state afterwards."""

    number: int
    digest: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole state of a building at a revision."""

    number: int
    digest: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class FeedAnswer:
    """Either one snapshot, or the revisions after the one asked for, oldest first and without a hole."""

    site_id: str
    snapshot: Snapshot | None = None
    revisions: tuple[Revision, ...] = ()


@dataclass(frozen=True, slots=True)
class FactEnvelope:
    """`hlc` is a hybrid logical clock, `<milliseconds:013>-<counter:04>-<node>`: it sorts by time, then by order."""

    id: str
    fact: str
    hlc: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a building says of the revision it runs (S-5)."""

    revision: int
    digest: str
    state: str
    """applied | error"""
    error_en: str
    error_es: str
    at: str
    version: str
    rolled_back_from: int = 0
    """The last revision that the building could not take or keep: it went back to the one before. 0: none known."""
    rolled_back_at: str = ""
    rolled_back_en: str = ""
    """Why."""
    rolled_back_es: str = ""


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces, UTF-8: the same bytes for the same value, on both sides."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def row_to_wire(row: Row) -> dict[str, Any]:
    return {"kind": row.kind, **asdict(row)}


def row_from_wire(data: Mapping[str, Any]) -> Row:
    """Raises WireProblem on an unknown kind or field, a missing field or a value of the wrong type."""
    kind = data.get("kind")
    row_type = BY_KIND.get(str(kind))
    if row_type is None:
        raise WireProblem(f"unknown kind {kind!r}")
    values: dict[str, Any] = {}
    unknown = set(data) - {f.name for f in fields(row_type)} - {"kind"}
    if unknown:
        raise WireProblem(f"{kind} has fields that this version does not know: {', '.join(sorted(unknown))}")
    for f in fields(row_type):
        if f.name not in data:
            continue
        value = data[f.name]
        if f.type in (str, "str") and not isinstance(value, str):
            raise WireProblem(f"{kind}.{f.name} must be text")
        if f.type in (bool, "bool") and not isinstance(value, bool):
            raise WireProblem(f"{kind}.{f.name} must be true or false")
        if f.type in (int, "int") and (not isinstance(value, int) or isinstance(value, bool)):
            raise WireProblem(f"{kind}.{f.name} must be a whole number")
        values[f.name] = value
    try:
        return row_type(**values)
    except TypeError as missing:
        raise WireProblem(f"{kind}: {missing}") from missing


def row_digest(data: Mapping[str, Any]) -> int:
    """Digest of one row in wire form, as a number to add to or take from a state's digest."""
    return int.from_bytes(hashlib.sha256(canonical(data)).digest(), "big")


def digest_of_wire(rows: Iterable[Mapping[str, Any]]) -> str:
    """Digest of a whole state: the sum of its rows' digests modulo 2**256, in hex.

    The order of rows does not matter, and a change costs one subtraction and one addition, not a walk of the state.
    """
    return format_digest(sum(row_digest(r) for r in rows))


def format_digest(total: int) -> str:
    return f"{total % DIGEST_MODULUS:064x}"


def change_to_wire(change: Change) -> dict[str, Any]:
    if isinstance(change, Put):
        return {"op": "put", "row": row_to_wire(change.row)}
    return {"op": "delete", "kind": change.kind, "id": change.id}


def change_from_wire(data: Mapping[str, Any]) -> Change:
    op = data.get("op")
    if op == "put" and isinstance(data.get("row"), Mapping):
        return Put(row_from_wire(data["row"]))
    if op == "delete" and data.get("kind") in BY_KIND and isinstance(data.get("id"), str):
        return Delete(str(data["kind"]), str(data["id"]))
    raise WireProblem(f"a change must be a put with a row or a delete with a kind and an id, not {op!r}")


def answer_to_wire(answer: FeedAnswer) -> dict[str, Any]:
    out: dict[str, Any] = {"site_id": answer.site_id}
    if answer.snapshot is not None:
        s = answer.snapshot
        out["snapshot"] = {"number": s.number, "digest": s.digest, "rows": [row_to_wire(r) for r in s.rows]}
    else:
        out["revisions"] = [
            {"number": r.number, "digest": r.digest, "changes": [change_to_wire(c) for c in r.changes]}
            for r in answer.revisions
        ]
    return out


def answer_from_wire(data: Mapping[str, Any]) -> FeedAnswer:
    """Raises WireProblem where the answer does not fit the schema."""
    try:
        site_id = str(data["site_id"])
        if "snapshot" in data:
            s = data["snapshot"]
            rows = tuple(row_from_wire(r) for r in s["rows"])
            return FeedAnswer(site_id, Snapshot(int(s["number"]), str(s["digest"]), rows))
        return FeedAnswer(
            site_id,
            None,
            tuple(
                Revision(int(r["number"]), str(r["digest"]), tuple(change_from_wire(c) for c in r["changes"]))
                for r in data["revisions"]
            ),
        )
    except (KeyError, TypeError, ValueError) as wrong:
        raise WireProblem(f"the feed's answer does not fit its schema: {wrong}") from wrong
