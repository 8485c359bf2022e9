"""Which trunks a call is offered, in which order, and what the caller hears when none takes it. Pure."""

from collections.abc import Sequence

from appliance.directory.model import Directory, Trunk
from appliance.reasons import Because, Reason, because
from appliance.sip_edge.identity import on_trunk, towards_trunk
from appliance.sip_edge.plan import OnFailure, Reach, Step, ToTrunk
from appliance.sip_edge.said import said
from appliance.vocabulary import Announcement


def by_trunks(
    number: str, shown: str, directory: Directory, reach: Reach, language: str, reasons: list[Reason]
) -> tuple[tuple[Step, ...], OnFailure]:
    """An ordinary call: trunks that are up, by priority. Known to be down are skipped, unless all are."""
    trunks = directory.trunks()
    up = [t for t in trunks if reach.trunk_up(t.id)]
    for trunk in trunks:
        if up and trunk not in up:
            reasons.append(because(Because.TRUNK_DOWN_SKIPPED, trunk=trunk.name))
    steps = _offers(up or trunks, number, shown, reasons, up, insist=False)
    no_way = said(Announcement.NO_WAY_OUT, 503, language)
    if not steps:
        return (no_way,), OnFailure()
    return steps, OnFailure(
        busy=(said(Announcement.BUSY, 486, language),),
        no_answer=(said(Announcement.NO_ANSWER, 480, language),),
        not_found=(said(Announcement.NUMBER_NOT_IN_SERVICE, 404, language),),
        other=(no_way,),
    )


def by_every_trunk(
    code: str, shown: str, directory: Directory, reach: Reach, language: str, reasons: list[Reason]
) -> tuple[tuple[Step, ...], OnFailure]:
    """An emergency: those up first, then those thought to be down; whatever a trunk answers, the next is tried."""
    trunks = directory.trunks()
    up = [t for t in trunks if reach.trunk_up(t.id)]
    steps = _offers([*up, *(t for t in trunks if t not in up)], code, shown, reasons, up, insist=True)
    no_way = (said(Announcement.EMERGENCY_NO_WAY_OUT, 503, language),)
    return (steps, OnFailure(no_way, no_way, no_way, no_way)) if steps else (no_way, OnFailure())


def _offers(
    trunks: Sequence[Trunk], number: str, shown: str, reasons: list[Reason], up: list[Trunk], insist: bool
) -> tuple[Step, ...]:
    if not trunks:
        reasons.append(because(Because.NO_TRUNK))
    steps = []
    for trunk in trunks:
        user = on_trunk(number, trunk)
        code = Because.TRUNK_TRIED if trunk in up else Because.TRUNK_DOWN_LAST_RESORT
        reasons.append(because(code, trunk=trunk.name, user=user))
        steps.append(ToTrunk(trunk.id, user, towards_trunk(shown, trunk), insist=insist))
    return tuple(steps)
