"""What comes after a step that failed: pure, so that kemi.py's failure route only asks and obeys.

A plan is a tree: its steps, its `after`, and each Ring's own `after`. A position counts all its steps, each before what
is its own: the plan's steps from 0, then its `after`: busy, no answer, not found, other. It is `callfacts.Began.step`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.sip_edge.plan import OnFailure, Plan, Ring, Say, Step, ToTrunk, ToVoice

BUSY = frozenset({486, 600, 603})
NOT_FOUND = frozenset({404, 410, 484, 604})
CANCELLED = 487
SAYING_MS, VOICE_ANSWER_MS = 60_000, 20_000
TAKEN_MS = 300_000
"""A forward that its target must take with a key: how long it rings there the routing says, how often it is asked voice
(voice/accept.py). This is for a voice that forgot the call."""
WAYS = ("busy", "no_answer", "not_found", "other")


@dataclass(frozen=True, slots=True)
class Place:
    """A step, and the positions that may follow it: by how it failed, whatever way it failed, past other trunks."""

    step: Step
    ways: dict[str, int]
    following: int | None
    past_trunks: int | None


_NONE = OnFailure()


def all_steps(plan: Plan) -> tuple[Step, ...]:
    """Every step of a plan, by position."""
    return tuple(place.step for place in _places(plan))


def step_at(plan: Plan, position: int) -> Step:
    """The step at a position. The first one stands there: most calls get no further, so the tree is not laid out."""
    return plan.steps[0] if position == 0 and plan.steps else _places(plan)[position].step


def following(plan: Plan, position: int, status: int, rang: bool = True) -> int | None:
    """The position of the step to run after the one at `position` failed with `status`; None: pass `status` on.

    `rang`: a provisional reply above 100 had come. A trunk that never rang and ran out of time (408) has failed itself;
    one that rang was not answered.
    """
    if status == CANCELLED:
        return None
    places = _places(plan)
    if not 0 <= position < len(places):
        return None
    place = places[position]
    if isinstance(place.step, Say):
        return None
    way = _way(place.step, status, rang)
    if isinstance(place.step, ToTrunk):
        if _tries_next_trunk(place.step, status, rang):
            return place.following if place.following is not None else place.ways.get(way)
        return place.past_trunks if place.past_trunks is not None else place.ways.get(way)
    if isinstance(place.step, Ring) and way in place.ways:
        return place.ways[way]
    return place.following if place.following is not None else place.ways.get(way)


def tries_next_address(step: Step, status: int, rang: bool) -> bool:
    """Whether a trunk's next address is tried before the next trunk: this one said nothing, or that it is out of
    service (RFC 3263 §4.3). What it says of the call is the whole trunk's word.
    """
    return isinstance(step, ToTrunk) and status in (408, 503) and not rang


def _tries_next_trunk(step: ToTrunk, status: int, rang: bool) -> bool:
    """What the far end says is the last word, but not what a trunk says of itself.

    Another building of ours that has not the phone is no last word: a third one may.
    """
    if step.insist:
        return True
    if step.goto and status in NOT_FOUND:
        return True
    return not (status in BUSY or status in NOT_FOUND or status >= 600 or _unanswered(status, rang))


def _unanswered(status: int, rang: bool) -> bool:
    return status == 480 or (status == 408 and rang)


def _way(step: Step, status: int, rang: bool) -> str:
    if status in BUSY:
        return "busy"
    if _unanswered(status, rang) or (status == 408 and not isinstance(step, ToTrunk)):
        return "no_answer"
    return "not_found" if status in NOT_FOUND else "other"


def _places(plan: Plan) -> list[Place]:
    """The plan as a list by position."""
    places: list[Place] = []
    _lay(places, plan.steps, plan.after, None, {})
    return places


def _lay(
    places: list[Place], steps: Sequence[Step], after: OnFailure, ending: int | None, ends: dict[str, int]
) -> None:
    """Lay a sequence from here on. When it has failed: `after`, else `ending`, or what `ends` says of the failure."""
    starts, at = [], len(places)
    for step in steps:
        starts.append(at)
        at += 1 + _size((), _own(step))
    ends = ends | _starts(after, at)
    for index, step in enumerate(steps):
        own, later = _own(step), range(index + 1, len(steps))
        follows = starts[index + 1] if later else ending
        past = next((starts[i] for i in later if not _stands_for(steps[i], step)), ending)
        ways = _starts(own, starts[index] + 1)
        places.append(Place(step, ways if past is not None else ends | ways, follows, past))
        for branch in _branches(own):
            _lay(places, branch, _NONE, follows, ends if follows is None else {})
    for branch in _branches(after):
        _lay(places, branch, _NONE, ending, {})


def _own(step: Step) -> OnFailure:
    return step.after if isinstance(step, Ring) else _NONE


def _stands_for(step: Step, other: Step) -> bool:
    return isinstance(step, ToTrunk) and isinstance(other, ToTrunk) and step.party == other.party


def _size(steps: Sequence[Step], after: OnFailure) -> int:
    inside = sum(1 + _size((), _own(s)) for s in steps)
    return inside + sum(_size(branch, _NONE) for branch in _branches(after))


def _branches(after: OnFailure) -> tuple[tuple[Step, ...], ...]:
    return tuple(w for w in (after.busy, after.no_answer, after.not_found, after.other) if w)


def _starts(after: OnFailure, at: int) -> dict[str, int]:
    """The position of each way's first step, the first of them at `at`. Without its own, `not_found` is `other`."""
    starts: dict[str, int] = {}
    for way in WAYS:
        branch = getattr(after, way)
        if branch:
            starts[way] = at
            at += _size(branch, _NONE)
    if "other" in starts:
        starts.setdefault("not_found", starts["other"])
    return starts


def answers_within_ms(step: Say | ToVoice) -> int:
    """How long voice may take until it answers for good."""
    if isinstance(step, Say):
        return SAYING_MS
    return TAKEN_MS if step.service == "accept" else VOICE_ANSWER_MS
