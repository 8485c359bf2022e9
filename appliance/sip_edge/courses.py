"""Ways of a call put together: what is tried, and what is left when nothing of it was answered. Pure."""

from dataclasses import dataclass, replace

from appliance.sip_edge.decision import Way
from appliance.sip_edge.plan import OnFailure, Ring, Step

BUSY, NO_ANSWER, OTHER = "busy", "no_answer", "other"


@dataclass(frozen=True, slots=True)
class Course:
    """Steps, and what follows the last of them by how it failed. Without steps: `left`, how it has failed already."""

    steps: tuple[Step, ...] = ()
    after: OnFailure = OnFailure()  # noqa: RUF009 - frozen
    left: str = OTHER


def sequence(course: Course) -> tuple[Step, ...]:
    """A course as steps of another, which goes on after them: what follows its last Ring becomes that Ring's own."""
    if not course.steps:
        return ()
    *before, last = course.steps
    return (*before, replace(last, after=course.after)) if isinstance(last, Ring) else course.steps


def ended(course: Course, endings: OnFailure) -> Way:
    """A course with its last words."""
    if not course.steps:
        return getattr(endings, course.left) or endings.other, OnFailure()
    after = course.after
    return course.steps, OnFailure(
        (*after.busy, *endings.busy),
        (*after.no_answer, *endings.no_answer),
        (*after.other, *endings.other),
        (*after.not_found, *endings.not_found),
    )


def then(first: Course, second: Course) -> Course:
    """The second after the first, however that failed."""
    if not first.steps:
        return second
    return Course((*sequence(first), *second.steps), second.after, second.left)
