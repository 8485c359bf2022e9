"""A plan as it travels with a SIP transaction: text to put into an AVP, and back. Pure.

Only what the next step needs: reasons and names are in the call facts already.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from appliance.sip_edge.plan import (
    Identity,
    OnFailure,
    PickUp,
    Plan,
    Refuse,
    Ring,
    Say,
    Step,
    Target,
    ToTrunk,
    ToVoice,
)
from appliance.vocabulary import Announcement, CallClass
from wire.diversion import Diversion

_NOTHING = OnFailure()


def pack(plan: Plan) -> str:
    """The plan's steps as one line of JSON. `unpack(pack(plan))` equals the plan but for its reasons and names."""
    return orjson.dumps([_pack_steps(plan.steps), *_pack_ways(plan.after)]).decode()


def unpack(text: str) -> Plan:
    """Raises ValueError on what `pack` could not have written."""
    try:
        steps, *ways = orjson.loads(text)
        return Plan(_unpack_steps(steps), CallClass.UNKNOWN, "", "", "", "", _unpack_ways(ways))
    except (KeyError, IndexError, TypeError, RecursionError) as wrong:
        raise ValueError(f"not a packed plan: {wrong}") from wrong


def _pack_steps(steps: Sequence[Step]) -> list[Any]:
    return [_pack_step(s) for s in steps]


def _unpack_steps(packed: list[Any]) -> tuple[Step, ...]:
    return tuple([_unpack_step(s) for s in packed])


def _pack_ways(after: OnFailure) -> list[Any]:
    return [_pack_steps(way) for way in (after.busy, after.no_answer, after.other, after.not_found)]


def _unpack_ways(ways: list[Any]) -> OnFailure:
    busy, no_answer, other, not_found = ways
    return OnFailure(_unpack_steps(busy), _unpack_steps(no_answer), _unpack_steps(other), _unpack_steps(not_found))


def _pack_identity(i: Identity) -> list[Any]:
    return [i.user, i.display, i.asserted, i.private, i.prefix]


def _pack_diverted(diverted: tuple[Diversion, ...]) -> list[Any]:
    return [[d.user, d.reason] for d in diverted]


def _unpack_diverted(packed: list[Any]) -> tuple[Diversion, ...]:
    return tuple([Diversion(*d) for d in packed])


def _pack_step(step: Step) -> list[Any]:
    match step:
        case Ring():
            targets = [
                [t.phone_id, t.sip_user, t.trunk_id, t.user, t.goto] if t.trunk_id else [t.phone_id, t.sip_user]
                for t in step.targets
            ]
            after = [] if step.after is _NOTHING or step.after == _NOTHING else _pack_ways(step.after)
            identity = _pack_identity(step.identity)
            diverted = _pack_diverted(step.diverted)
            how = [step.replaces, step.answers, step.if_idle]
            how = how if any(how) else []
            return ["ring", targets, step.together, step.seconds, identity, after, step.elsewhere, diverted, *how]
        case ToTrunk():
            identity = _pack_identity(step.identity)
            patience = [step.seconds, step.silence_s, step.insist]
            diverted = _pack_diverted(step.diverted)
            where = [step.location, step.goto, step.party]
            return ["trunk", step.trunk_id, step.user, identity, *patience, *where, diverted]
        case Say():
            return ["say", step.announcement.value, step.status, step.reason, step.language]
        case ToVoice():
            return ["voice", step.service, step.language, step.params]
        case Refuse():
            return ["refuse", step.status, step.reason]
        case PickUp():
            return ["pickup", [[t.phone_id, t.sip_user] for t in step.targets], step.key]


def _unpack_step(packed: list[Any]) -> Step:
    kind, *rest = packed
    match kind:
        case "ring":
            targets, together, seconds, identity, after, elsewhere, diverted, *how = rest
            return Ring(
                tuple([Target(*t) for t in targets]),
                together,
                seconds,
                Identity(*identity),
                _unpack_ways(after) if after else _NOTHING,
                elsewhere,
                _unpack_diverted(diverted),
                *how,
            )
        case "trunk":
            trunk_id, user, identity, seconds, silence_s, insist, *where, diverted = rest
            shown, location, goto, party = Identity(*identity), *where
            return ToTrunk(
                trunk_id, user, shown, seconds, silence_s, insist, location, goto, party, _unpack_diverted(diverted)
            )
        case "say":
            announcement, status, reason, language = rest
            return Say(Announcement(announcement), status, reason, language)
        case "voice":
            service, language, params = rest
            return ToVoice(service, language, tuple([(str(name), str(value)) for name, value in params]))
        case "refuse":
            return Refuse(*rest)
        case "pickup":
            return PickUp(tuple([Target(*t) for t in rest[0]]), rest[1])
    raise ValueError(f"not a packed step: {kind!r}")
