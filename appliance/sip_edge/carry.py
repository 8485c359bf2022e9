"""A plan as it travels with a SIP transaction: text to put into an AVP, and back. Pure.

Only what the next step needs: reasons and names are in the call facts already.
"""

import json
from typing import Any

from appliance.sip_edge.plan import Identity, OnFailure, Plan, Refuse, Ring, Say, Step, Target, ToTrunk, ToVoice
from appliance.vocabulary import Announcement, CallClass

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def pack(plan: Plan) -> str:
    """The plan's steps as one line of JSON. `unpack(pack(plan))` equals the plan but for its reasons and names."""
    after = plan.after
    ways = (plan.steps, after.busy, after.no_answer, after.other, after.not_found)
    return _encode([[_pack_step(s) for s in steps] for steps in ways])


def unpack(text: str) -> Plan:
    """Raises ValueError on what `pack` could not have written."""
    try:
        ways = [tuple(_unpack_step(s) for s in steps) for steps in json.loads(text)]
        return Plan(ways[0], CallClass.UNKNOWN, "", "", "", "", OnFailure(*ways[1:5]))
    except (KeyError, IndexError, TypeError) as wrong:
        raise ValueError(f"not a packed plan: {wrong}") from wrong


def _pack_identity(i: Identity) -> list[Any]:
    return [i.user, i.display, i.asserted, i.private]


def _pack_step(step: Step) -> list[Any]:
    match step:
        case Ring():
            targets = [[t.phone_id, t.sip_user] for t in step.targets]
            return ["ring", targets, step.together, step.seconds, _pack_identity(step.identity)]
        case ToTrunk():
            identity = _pack_identity(step.identity)
            return ["trunk", step.trunk_id, step.user, identity, step.seconds, step.silence_s, step.insist]
        case Say():
            return ["say", step.announcement.value, step.status, step.reason, step.language]
        case ToVoice():
            return ["voice", step.service, step.language]
        case Refuse():
            return ["refuse", step.status, step.reason]


def _unpack_step(packed: list[Any]) -> Step:
    kind, *rest = packed
    match kind:
        case "ring":
            targets, together, seconds, identity = rest
            return Ring(tuple(Target(*t) for t in targets), together, seconds, Identity(*identity))
        case "trunk":
            trunk_id, user, identity, seconds, silence_s, insist = rest
            return ToTrunk(trunk_id, user, Identity(*identity), seconds, silence_s, insist)
        case "say":
            announcement, status, reason, language = rest
            return Say(Announcement(announcement), status, reason, language)
        case "voice":
            return ToVoice(*rest)
        case "refuse":
            return Refuse(*rest)
    raise ValueError(f"not a packed step: {kind!r}")
