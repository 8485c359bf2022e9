"""A broken phone's place taken by another device: chosen among those seen and nobody's, or by its MAC."""

import re
from collections.abc import Iterable

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from appliance.directory.hatch import FamilyFacts
from appliance.directory.swapping import swap_device
from appliance.errors import InputProblem, Problem, Words
from appliance.ports import SystemChance
from appliance.vocabulary import PhoneState
from appliance.webui import security
from appliance.webui.app import desk, language
from appliance.webui.audit import Action
from appliance.webui.board import Board, PhoneLine
from appliance.webui.phones import LONGEST_FIELD, blueprint, line_of
from appliance.webui.roles import Deed
from appliance.webui.words import say

MAC = re.compile(r"(?i)([0-9a-f]{2}[: -]?){5}[0-9a-f]{2}|([0-9a-f]{4}\.){2}[0-9a-f]{4}")
OFFERED = 30


@blueprint.get("/phones/<mac>/swap")
@security.needs(Deed.SWAP)
def swap(mac: str) -> str:
    return _page(line_of(mac))


@blueprint.post("/phones/<mac>/swap")
@security.needs(Deed.SWAP)
def swapped(mac: str) -> AnyResponse | tuple[str, int]:
    d = desk()
    old = line_of(mac)
    typed = request.form.get("mac", "").strip()[:LONGEST_FIELD]
    picked = request.form.get("seen", "")
    new_mac = plain_mac(typed) or plain_mac(picked)
    try:
        if not new_mac or (typed and not plain_mac(typed)):
            raise InputProblem(
                Words(f"{typed or '—'} is not a MAC address.", f"{typed or '—'} no es una dirección MAC."),
                Words(
                    "Choose a device of the list, or type the twelve digits of its label.",
                    "Elija un aparato de la lista, o escriba los doce dígitos de su etiqueta.",
                ),
            )
        seen = next((p for p in strangers(d.building.board()) if p.mac == new_mac), None)
        family, model = kind_of(new_mac, seen, old, _families(), request.form.get("family", ""))
        phone = swap_device(
            d.settings,
            d.building.local,
            old_mac=old.mac,
            new_mac=new_mac,
            family=family,
            model=model,
            keep_secret=False,
            by=security.who().user,
            clock=d.clock,
            chance=SystemChance(),
        )
    except Problem as problem:
        d.note(Action.PHONE_SWAP_REFUSED, old.mac, after={"new": typed or picked[:20], "why": problem.says.en})
        return _page(old, problem.text(language()), typed, picked), 400
    before = {"mac": old.mac, "family": old.row.family, "model": old.row.model}
    after = {"mac": phone.mac, "family": phone.family, "model": phone.model, "phone_id": phone.id}
    d.note(Action.PHONE_SWAPPED, phone.mac, before, after)
    flash(say("swap.done", language(), new=_pairs(phone.mac), old=_pairs(old.mac)))
    return redirect(url_for("phones.one", mac=phone.mac))


def strangers(board: Board) -> tuple[PhoneLine, ...]:
    """Devices that were seen and are nobody's, the newest first."""
    found = [p for p in board.phones if p.state is PhoneState.UNKNOWN and not p.row.phone_id]
    return tuple(sorted(found, key=lambda p: p.row.last_seen_at, reverse=True))


def kind_of(
    mac: str, seen: PhoneLine | None, old: PhoneLine, families: Iterable[FamilyFacts], chosen: str = ""
) -> tuple[str, str]:
    """Family and model of a device: as chosen, as it was seen, as the old one where the maker is the same, else the
    only maker of its MAC. Raises InputProblem when that leaves nothing.
    """
    known = {f.name: f for f in families}
    makers = [f.name for f in known.values() if mac[:6] in f.ouis]
    family = chosen if chosen in known else (seen.row.family if seen else "")
    if not family:
        family = old.row.family if old.row.family in makers else makers[0] if len(makers) == 1 else ""
    if not family:
        raise InputProblem(
            Words("What kind of phone that is is not known.", "No se sabe qué tipo de teléfono es ese."),
            Words("Choose its family.", "Elija su familia."),
        )
    same = family == old.row.family
    return family, (seen.row.model if seen else "") or (old.row.model if same else "")


def plain_mac(text: str) -> str:
    """Twelve lower-case digits of a MAC in any usual notation; empty when it is none."""
    return re.sub(r"[^0-9a-f]", "", text.lower()) if MAC.fullmatch(text.strip()) else ""


def _families() -> tuple[FamilyFacts, ...]:
    return desk().building.hatch.families()


def _pairs(mac: str) -> str:
    return ":".join(mac[i : i + 2] for i in range(0, len(mac), 2))


def _page(old: PhoneLine, error: str = "", typed: str = "", picked: str = "") -> str:
    try:
        families = _families()
    except Problem:
        families = ()
    found = strangers(desk().building.board())
    like = [p for p in found if p.row.family == old.row.family]
    ordered = (*like, *(p for p in found if p not in like))
    return render_template(
        "swap.html",
        phone=old,
        strangers=ordered[:OFFERED],
        families=families,
        error=error,
        typed=typed,
        picked=picked,
    )
