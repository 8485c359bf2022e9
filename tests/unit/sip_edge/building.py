"""What routing tests stand in: the sample building, what can be reached in it, and one line to place a call."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from appliance.directory.model import Directory, MemoryDirectory, Row
from appliance.reasons import Because
from appliance.sip_edge.plan import CallAttempt, FromPhone, FromTrunk, Plan, Ring, Say, Talk
from appliance.sip_edge.routing import route
from appliance.vocabulary import Announcement
from tests.lab.sample import sample_rows

NOON = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
TRUNK = "trunk-carrier"


@dataclass(frozen=True, slots=True)
class Reachable:
    """Everything can be reached but what is named."""

    unregistered: frozenset[str] = frozenset()
    trunks_down: frozenset[str] = frozenset()
    voice: bool = True
    link: bool = True
    in_calls: Mapping[str, int] = field(default_factory=dict)
    """sip_user -> calls."""
    apart: frozenset[str] = frozenset()
    """sip_users that make a call beside which they want no other."""
    class_counts: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    spent: Mapping[tuple[str, str], int] = field(default_factory=dict)
    dialled: Mapping[str, str] = field(default_factory=dict)
    callers: Mapping[str, str] = field(default_factory=dict)
    talks: Mapping[str, Talk] = field(default_factory=dict)
    referrals: Mapping[tuple[str, str], str] = field(default_factory=dict)
    rooms: Mapping[str, str] = field(default_factory=dict)

    def registered(self, sip_user: str) -> bool:
        return sip_user not in self.unregistered

    def trunk_up(self, trunk_id: str) -> bool:
        return trunk_id not in self.trunks_down

    def voice_up(self) -> bool:
        return self.voice

    def link_up(self) -> bool:
        return self.link

    def calls_of(self, sip_user: str) -> int:
        return self.in_calls.get(sip_user, 0)

    def alone(self, sip_user: str) -> bool:
        return sip_user in self.apart

    def class_calls(self, scope: str, id: str, call_class: str) -> int:
        return self.class_counts.get((scope, id, call_class), 0)

    def spent_today(self, scope: str, id: str) -> int:
        return self.spent.get((scope, id), 0)

    def last_dialled(self, phone_id: str) -> str:
        return self.dialled.get(phone_id, "")

    def last_caller(self, phone_id: str) -> str:
        return self.callers.get(phone_id, "")

    def talk(self, key: str) -> Talk | None:
        return self.talks.get(key)

    def sent_by(self, sip_user: str, where: str) -> str:
        return self.referrals.get((sip_user, where), "")

    def room_of(self, sip_user: str) -> str:
        return self.rooms.get(sip_user, "")


ALL = Reachable()


def building(*more: Row, without: Iterable[str] = ()) -> MemoryDirectory:
    """The sample building, with rows added or, where kind and id are the same, replaced; less the ids named."""
    rows = {(r.kind, r.id): r for r in (*sample_rows(), *more) if r.id not in set(without)}
    return MemoryDirectory(tuple(rows.values()))


def dial(dialled: str, who: str = "ana", directory: Directory | None = None, reach: Reachable = ALL) -> Plan:
    attempt = CallAttempt(FromPhone(f"phone-{who}"), dialled)
    return route(attempt, directory or building(), NOON, reach)


def arrive(
    called: str, caller: str = "+525598765432", directory: Directory | None = None, reach: Reachable = ALL
) -> Plan:
    return route(CallAttempt(FromTrunk(TRUNK, caller, "Caller"), called), directory or building(), NOON, reach)


def codes(plan: Plan) -> list[Because]:
    return [r.code for r in plan.reasons]


def rung(plan: Plan) -> list[str]:
    """SIP identities that the first step rings."""
    step = plan.steps[0]
    assert isinstance(step, Ring)
    return [t.sip_user for t in step.targets]


def words(plan: Plan) -> tuple[Announcement, int]:
    """What the caller hears first, and the status that ends it."""
    step = plan.steps[0]
    assert isinstance(step, Say)
    return step.announcement, step.status
