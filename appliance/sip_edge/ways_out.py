"""Which trunks a call is offered, in which order, and what the caller hears when none takes it. Pure.

Which of them a class of call may use, and when, is trunk_order.py's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from appliance.directory.model import Trunk, TrunkKind
from appliance.reasons import Because
from appliance.sip_edge.decision import Decision, Way
from appliance.sip_edge.identity import on_trunk, towards_trunk
from appliance.sip_edge.plan import Identity, OnFailure, Step, ToTrunk
from appliance.sip_edge.said import said
from appliance.sip_edge.trunk_order import trunks_for
from appliance.vocabulary import Announcement, CallClass
from wire.diversion import Diversion

RING_OUTSIDE_S = 60
SILENCE_S, EMERGENCY_SILENCE_S = 3, 2
"""A trunk that says nothing at all for so long is dead; who calls for help waits less."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What trunks are offered: a number or a public code, and who is shown, in E.164."""

    number: str
    shown: Identity
    call_class: CallClass
    seconds: int = RING_OUTSIDE_S
    diverted: tuple[Diversion, ...] = ()
    party: str = ""
    """Who is called, where that is not the number; trunks offered the same party stand for one another."""


def by_trunks(d: Decision, offer: Offer) -> Way:
    """An ordinary call: trunks that are up, in their order. Known to be down are skipped, unless all are."""
    steps = offers(d, offer)
    no_way = said(Announcement.NO_WAY_OUT, 503, d.language)
    if not steps:
        return (no_way,), OnFailure()
    return steps, OnFailure(
        busy=(said(Announcement.BUSY, 486, d.language),),
        no_answer=(said(Announcement.NO_ANSWER, 480, d.language),),
        not_found=(said(Announcement.NUMBER_NOT_IN_SERVICE, 404, d.language),),
        other=(no_way,),
    )


def offers(d: Decision, offer: Offer) -> tuple[Step, ...]:
    """The trunks for a number, without what is said when none takes it."""
    trunks = trunks_for(d.directory, offer.call_class, d.now)
    up = [t for t in trunks if d.reach.trunk_up(t.id)]
    for trunk in trunks:
        if up and trunk not in up:
            d.note(Because.TRUNK_DOWN_SKIPPED, trunk=trunk.name)
    return _offered(d, offer, up or trunks, up)


def by_every_trunk(d: Decision, offer: Offer, location: str) -> Way:
    """An emergency: those up first, then those thought to be down; whatever a trunk answers, the next is tried.

    Those up are tried once more without the location: a carrier that chokes on it must not cost a life.
    """
    trunks = trunks_for(d.directory, CallClass.EMERGENCY, d.now)
    up = [t for t in trunks if d.reach.trunk_up(t.id)]
    steps: tuple[Step, ...] = ()
    if location and trunks:
        d.note(Because.LOCATION_SENT, location=location)
    if up:
        steps = _offered(d, offer, up, up, insist=True, location=location)
        steps += tuple(replace(s, location="") for s in steps if isinstance(s, ToTrunk) and location)
    down = [t for t in trunks if t not in up]
    if down or not up:
        steps += _offered(d, offer, down, up, insist=True, location="" if up else location)
    no_way = (said(Announcement.EMERGENCY_NO_WAY_OUT, 503, d.language),)
    return (steps, OnFailure(no_way, no_way, no_way, no_way)) if steps else (no_way, OnFailure())


def to_other_buildings(d: Decision, offer: Offer, goto: str) -> tuple[Step, ...]:
    """To a phone of this company in another building of ours: by the trunks of kind central, while the link is up."""
    if not d.reach.link_up():
        d.note(Because.LINK_DOWN)
        return ()
    trunks = central_trunks(d)
    for trunk in trunks:
        d.note(Because.BY_OTHER_BUILDING, trunk=trunk.name)
    return tuple(
        ToTrunk(
            t.id, on_trunk(offer.number, t), offer.shown, offer.seconds, goto=goto, party=offer.party,
            diverted=offer.diverted,
        )
        for t in trunks
    )  # fmt: skip


def central_trunks(d: Decision) -> tuple[Trunk, ...]:
    """The trunks to other buildings that are up."""
    trunks = trunks_for(d.directory, CallClass.INTERNAL, d.now)
    return tuple(t for t in trunks if t.trunk_kind == TrunkKind.CENTRAL and d.reach.trunk_up(t.id))


def _offered(
    d: Decision, offer: Offer, trunks: Sequence[Trunk], up: list[Trunk], insist: bool = False, location: str = ""
) -> tuple[Step, ...]:
    if not trunks:
        d.note(Because.NO_TRUNK if not d.directory.trunks() else Because.NO_TRUNK_FOR, kind=offer.call_class.value)
    steps = []
    for trunk in trunks:
        user = on_trunk(offer.number, trunk)
        d.note(Because.TRUNK_TRIED if trunk in up else Because.TRUNK_DOWN_LAST_RESORT, trunk=trunk.name, user=user)
        diverted = tuple(Diversion(on_trunk(v.user, trunk), v.reason) for v in offer.diverted)
        steps.append(
            ToTrunk(
                trunk.id,
                user,
                towards_trunk(offer.shown, trunk),
                offer.seconds,
                EMERGENCY_SILENCE_S if insist else SILENCE_S,
                insist=insist,
                location=location,
                party=offer.party or offer.number,
                diverted=diverted,
            )
        )
    return tuple(steps)
