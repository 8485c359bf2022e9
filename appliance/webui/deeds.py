"""What is done to phones that are there: tell them to read their files or restart, take that back, forget strangers.

For one phone or for those marked in the list. A phone in a call is left alone: its wish waits (provision/resync.py).
"""

from collections.abc import Callable, Iterable
from typing import Any

from flask import abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from appliance.directory.resyncs import Wish
from appliance.errors import InputProblem, Words
from appliance.vocabulary import PhoneState
from appliance.webui import security
from appliance.webui.app import desk, language
from appliance.webui.audit import Action
from appliance.webui.board import PhoneLine, select
from appliance.webui.phones import blueprint
from appliance.webui.roles import Deed, may
from appliance.webui.views import view_of
from appliance.webui.words import say_counted

DEEDS = ("resync", "reboot", "cancel", "forget")
NEEDS = {"resync": Deed.TELL, "reboot": Deed.TELL, "cancel": Deed.TELL, "forget": Deed.FORGET}


@blueprint.post("/phones/do")
def done() -> AnyResponse:
    """`do`: one of DEEDS; `mac`: each phone marked, or `which=all` for all that the list's `q` and `state` show."""
    what = request.form.get("do", "")
    if what not in DEEDS:
        abort(400)
    if not may(security.who().role, NEEDS[what]):
        abort(403)
    phones = _meant()
    if not phones:
        raise InputProblem(
            Words("No phone is marked.", "No hay ningún teléfono marcado."),
            Words("Go back and mark some in the list.", "Regrese y marque algunos en la lista."),
        )
    able = [p for p in phones if _ABLE[what](p)]
    count = _do(what, able)
    spoken = language()
    left_out = len(phones) - count
    if count:
        flash(say_counted(f"done.{what}", count, spoken))
    if left_out:
        flash(say_counted(f"done.{what}.not", left_out, spoken), "notice")
    return redirect(security.local_path(request.form.get("next", "")) if "next" in request.form else _list())


def _do(what: str, phones: Iterable[PhoneLine]) -> int:
    """How many it was done to."""
    d = desk()
    user, count = security.who().user, 0
    for phone in phones:
        if what == "cancel":
            if not d.building.resyncs.cancel(phone.mac):
                continue
            d.note(Action.PHONE_WISH_CANCELLED, phone.mac)
        elif what == "forget":
            d.building.local.forget_sighting(phone.mac)
            before = {"state": phone.state.value, "address": phone.row.address, "model": phone.row.model}
            d.note(Action.PHONE_FORGOTTEN, phone.mac, before)
        else:
            d.building.resyncs.ask(phone.mac, Wish(what), user)
            d.note(Action.PHONE_TOLD, phone.mac, after={"wish": what})
        count += 1
    return count


_ABLE: dict[str, Callable[[PhoneLine], bool]] = {
    "resync": lambda p: bool(p.row.phone_id),
    "reboot": lambda p: bool(p.row.phone_id),
    "cancel": lambda p: bool(p.row.phone_id),
    "forget": lambda p: not p.row.phone_id,
}


def _meant() -> tuple[PhoneLine, ...]:
    board = desk().building.board()
    if request.form.get("which") == "all":
        args = view_of("phones", request.form.to_dict()).args
        return select(board.phones, args.get("q", ""), PhoneState(args["state"]) if "state" in args else None)
    marked = set(request.form.getlist("mac"))
    return tuple(p for p in board.phones if p.mac in marked)


def _list() -> str:
    args: dict[str, Any] = dict(view_of("phones", request.form.to_dict()).args)
    return url_for("phones.every", **args)
