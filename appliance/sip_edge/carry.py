"""A plan as it travels with a SIP transaction: text to put into an AVP, and back. Pure.

Only what the next step needs: reasons and names are in the call facts already. It is written for each call and read
where a step fails, so writing is one look through the dataclasses in C; which step it was is known by its fields.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
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

_STEP_OF: dict[tuple[str, ...], type[Step]] = {
    tuple(f.name for f in fields(step)): step for step in (Ring, ToTrunk, Say, ToVoice, Refuse, PickUp)
}


def pack(plan: Plan) -> str:
    """The plan's steps as one line of JSON. `unpack(pack(plan))` equals the plan but for its reasons and names."""
    return orjson.dumps((plan.steps, plan.after)).decode()


def unpack(text: str) -> Plan:
    """Raises ValueError on what `pack` could not have written."""
    try:
        steps, after = orjson.loads(text)
        return Plan(_steps(steps), CallClass.UNKNOWN, "", "", "", "", _ways(after))
    except (KeyError, IndexError, TypeError, AttributeError, RecursionError) as wrong:
        raise ValueError(f"not a packed plan: {wrong}") from wrong


def _steps(packed: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    return tuple([_step(one) for one in packed])


def _step(packed: Mapping[str, Any]) -> Step:
    made = {name: _READ[name](value) if name in _READ else value for name, value in packed.items()}
    return _STEP_OF[tuple(packed)](**made)


def _ways(packed: Mapping[str, Any]) -> OnFailure:
    return OnFailure(**{name: _steps(way) for name, way in packed.items()})


_READ: dict[str, Callable[[Any], Any]] = {
    "targets": lambda packed: tuple([Target(**one) for one in packed]),
    "identity": lambda packed: Identity(**packed),
    "after": _ways,
    "diverted": lambda packed: tuple([Diversion(**one) for one in packed]),
    "announcement": Announcement,
    "params": lambda packed: tuple([(str(name), str(value)) for name, value in packed]),
}
"""Fields of steps that are more than a word, a number or a yes."""
