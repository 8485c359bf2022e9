"""Where a call stands, as text that travels with its transaction. Pure."""

from dataclasses import dataclass

from appliance.sip_edge.callfacts import LegName

STANDING = "$avp(call)"
"""Where it travels."""


@dataclass(frozen=True, slots=True)
class At:
    """Where a plan stands: the step's position, and the target's of a Ring in turn. `tried`: the trunk's log-in was.

    `hops`: names of the trunk's addresses that this call was sent to, the last one now (trunks.Hop).
    """

    step: int
    turn: int = 0
    tried: int = 0
    hops: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """A call as it travels with its transaction: a line for where it stands, one for the plan, one for each branch."""

    at: At
    side: str
    plan: str
    legs: tuple[str, ...] = ()
    """`kind:to`, by branch index."""

    def text(self) -> str:
        at = self.at
        return "\n".join((f"{at.step} {at.turn} {at.tried} {self.side} {','.join(at.hops)}", self.plan, *self.legs))

    @classmethod
    def of(cls, text: str) -> "Standing":
        first, plan, *legs = text.split("\n")
        step, turn, tried, side, hops = first.split(" ")
        at = At(int(step), int(turn), int(tried), tuple(hops.split(",")) if hops else ())
        return cls(at, side, plan, tuple(legs))


def leg_of(text: str, branch: int) -> LegName:
    """Whose branch of a Standing's text this is, the plan unread; nameless where it is not of its own step's."""
    legs = text.split("\n")[2:]
    if not 0 <= branch < len(legs):
        return LegName("", "")
    kind, _, to = legs[branch].partition(":")
    return LegName(kind, to)
