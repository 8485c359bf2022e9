"""Calls: those of now, those past from the journal, and one call in full. Outside numbers are masked in lists; a look
at one call shows them and is audited (J-4). Recordings and mailboxes are not reachable from here at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import dacite
from flask import Blueprint, abort, render_template, request

from appliance.directory.model import Directory
from appliance.errors import Words
from appliance.reasons import Reason
from appliance.webui import security
from appliance.webui.app import desk, language
from appliance.webui.audit import Action
from appliance.webui.masking import masked
from appliance.webui.plain import plain
from appliance.webui.roles import Deed
from appliance.webui.views import LONGEST_SEARCH, view_of
from wire.facts import Cdr

blueprint = Blueprint("calls", __name__)
LOOKED_THROUGH = 2000
PAGE_SIZE = 50
CAUSES = ("answered", "busy", "no-answer", "cancelled", "refused", "failed")
WITHHELD = Words("[name withheld]", "[nombre reservado]")
HIDDEN_PARAMS = {"person": WITHHELD, "target": WITHHELD}
"""Parameters of a routing reason that would name a person of a company, and what is read in their place (J-4)."""


@dataclass(frozen=True, slots=True)
class PastCall:
    cdr: Cdr
    account_name: str

    @property
    def caller(self) -> str:
        return masked(self.cdr.caller)

    @property
    def destination(self) -> str:
        return masked(self.cdr.destination)


@blueprint.get("/calls")
def every() -> str:
    text = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    cause = request.args.get("cause", "")
    account = request.args.get("account", "")[:LONGEST_SEARCH]
    directory = desk().building.directory()
    found = [
        c
        for c in _past(directory)
        if (cause not in CAUSES or c.cdr.cause == cause)
        and (not account or c.cdr.account_id == account)
        and _fits(c, text)
    ]
    pages = max(1, -(-len(found) // PAGE_SIZE))
    asked = request.args.get("page", "1")
    page = min(int(asked[:6]), pages) if asked.isascii() and asked.isdigit() and int(asked[:6]) else 1
    view = view_of("calls", {})
    return render_template(
        "calls.html",
        view=view,
        past=found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
        past_total=len(found),
        page=page,
        pages=pages,
        args={k: v for k, v in (("q", text), ("cause", cause), ("account", account)) if v},
        causes=CAUSES,
        accounts=directory.accounts() if directory else (),
        **view.values(desk().building),
    )


@blueprint.get("/calls/<call_id>")
@security.needs(Deed.CALL_DETAIL)
def one(call_id: str) -> str:
    directory = desk().building.directory()
    found = next((c for c in _past(directory) if c.cdr.id == call_id), None)
    if found is None:
        abort(404)
    desk().note(Action.CALL_SEEN, call_id, after={"account": found.account_name, "started_at": found.cdr.started_at})
    return render_template(
        "call.html",
        call=found,
        steps=tuple(why(r, language()) for r in found.cdr.reasons),
        leg_names=_legs(found, directory),
    )


def _past(directory: Directory | None) -> Iterator[PastCall]:
    for envelope in desk().building.local.recent("cdr", LOOKED_THROUGH):
        try:
            cdr = dacite.from_dict(Cdr, dict(envelope.body), dacite.Config(cast=[tuple]))
        except dacite.DaciteError:
            continue  # Written by another version; the centre still gets it as it is.
        account = directory.account(cdr.account_id) if directory else None
        yield PastCall(cdr, account.name if account else cdr.account_id)


def _fits(call: PastCall, text: str) -> bool:
    """By what the list shows, so that a search cannot be used to guess a masked number."""
    hay = plain(f"{call.account_name} {call.caller} {call.destination} {call.cdr.call_class}")
    return all(w in hay for w in plain(text).split())


def why(reason: str, spoken: str) -> str:
    """One reason of the routing, as a CDR keeps it, in a sentence without people's names.

    A reason that this version does not know, written by a later one, is its code alone: what it says may be a name.
    """
    try:
        return Reason.decode(reason).text(spoken, HIDDEN_PARAMS)
    except ValueError:
        return reason.partition(" ")[0]


def _legs(call: PastCall, directory: Directory | None) -> dict[str, str]:
    """What a leg leads to -> what people call it: a phone by its label, a trunk by its name."""
    names: dict[str, str] = {}
    for leg in call.cdr.legs:
        phone = directory.phone_by_sip_user(leg.to) if directory and leg.kind == "phone" else None
        trunk = directory.trunk(leg.to) if directory and leg.kind == "trunk" else None
        names[leg.to] = (phone.label if phone else "") or (trunk.name if trunk else "") or leg.to
    return names
