"""What comes after a step that failed: pure, so that kemi.py's failure route only asks and obeys.

A position counts a plan's steps from 0, then those of its `after`: busy, no answer, not found, other. It is the `step`
of `callfacts.Began`.
"""

from appliance.sip_edge.plan import Plan, Step, ToTrunk

BUSY = frozenset({486, 600, 603})
NOT_FOUND = frozenset({404, 410, 484, 604})
CANCELLED = 487


def all_steps(plan: Plan) -> tuple[Step, ...]:
    """Every step of a plan, by position."""
    after = plan.after
    return (*plan.steps, *after.busy, *after.no_answer, *after.not_found, *after.other)


def following(plan: Plan, position: int, status: int, rang: bool = True) -> int | None:
    """The position of the step to run after the one at `position` failed with `status`; None: pass `status` on.

    `rang`: a provisional reply above 100 had come. A trunk that never rang and ran out of time (408) has failed itself;
    one that rang was not answered.
    """
    if status == CANCELLED:
        return None
    last = len(plan.steps)
    if position < last:
        if position + 1 < last and _tries_next(plan.steps[position], status, rang):
            return position + 1
        return _after(plan, status, rang, plan.steps[position])
    for first, count in _ranges(plan).values():
        if first <= position < first + count:
            return position + 1 if position + 1 < first + count else None
    return None


def _tries_next(step: Step, status: int, rang: bool) -> bool:
    """RFC 3261 §16.7: a 6xx is the last word. So is what the far end says, but not what a trunk says of itself."""
    if not isinstance(step, ToTrunk):
        return status < 600
    if step.insist:
        return True
    return not (status in BUSY or status in NOT_FOUND or status >= 600 or _unanswered(status, rang))


def _unanswered(status: int, rang: bool) -> bool:
    return status == 480 or (status == 408 and rang)


def _ranges(plan: Plan) -> dict[str, tuple[int, int]]:
    """Name of each way on, with the position of its first step and how many it has."""
    after, first = plan.after, len(plan.steps)
    ranges: dict[str, tuple[int, int]] = {}
    ways = (
        ("busy", after.busy),
        ("no_answer", after.no_answer),
        ("not_found", after.not_found),
        ("other", after.other),
    )
    for name, steps in ways:
        ranges[name] = (first, len(steps))
        first += len(steps)
    return ranges


def _after(plan: Plan, status: int, rang: bool, step: Step) -> int | None:
    ranges = _ranges(plan)
    way = "other"
    if status in BUSY:
        way = "busy"
    elif _unanswered(status, rang) or (status == 408 and not isinstance(step, ToTrunk)):
        way = "no_answer"
    elif status in NOT_FOUND and ranges["not_found"][1]:
        way = "not_found"
    first, count = ranges[way]
    return first if count else None
