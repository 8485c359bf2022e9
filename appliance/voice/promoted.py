"""A call that voice made and whose far end has become the caller: of who called first and then transferred it (X-2).

Its sound and its offers stay what they were, the Other's; here it is the Line of its Session.
"""

from collections.abc import Callable

from appliance.voice.dialogue import Event, OtherLeft, OtherRefers, Status
from appliance.voice.other import Other, Reporter

GONE = Status(487, "Request Terminated")


class Promoted:
    """`report`: to who was the caller before. `left` and `refers`: the Session's, as of any caller."""

    def __init__(
        self, other: Other, report: Reporter, left: Callable[[], None], refers: Callable[[OtherRefers], bool]
    ) -> None:
        self._other = other
        self._report = report
        self._left = left
        other.becomes_caller(self._happened, refers)

    def _happened(self, event: Event) -> None:
        if isinstance(event, OtherLeft):
            self._report(GONE)
            self._left()

    # Line

    def progress(self, body: str) -> None: ...
    def answer(self, body: str, awaits_answer: bool) -> None: ...
    def refuse(self, status: Status) -> None: ...
    def accept_offer(self, body: str) -> None: ...
    def refuse_offer(self, status: Status) -> None: ...

    def hang_up(self) -> None:
        self._report(GONE)
        self._other.drop()

    def report(self, status: Status) -> None:
        self._report(status)

    def depart(self) -> Reporter:
        return self._other.depart()

    def show(self, asserted: str) -> None:
        self._other.show(asserted)

    def hand_on(self, held: bool) -> None:
        self._other.hand_on(held)
