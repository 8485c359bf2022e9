"""Firmware of phones: files on the shelf, which model is to have which, and roll-outs of a few phones at a time."""

import re
from dataclasses import replace

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from appliance.directory.hatch import FirmwareSaid, RolloutOrder
from appliance.errors import InputProblem, Problem, Words
from appliance.webui import security
from appliance.webui.app import desk, language
from appliance.webui.audit import Action
from appliance.webui.phones import blueprint
from appliance.webui.roles import Deed
from appliance.webui.views import view_of
from appliance.webui.words import say

AT_A_TIME_MOST = 500
HOURS_MOST = 24 * 14
ORDERS = {
    "target": ("target",),
    "rollout": ("target", "start"),
    "none": ("none",),
    "start": ("start",),
    "stop": ("stop",),
}
"""What each button of the page does, in order."""


@blueprint.get("/phones/firmware")
def firmware() -> str:
    return _page()


@blueprint.post("/phones/firmware")
@security.needs(Deed.KEEP_FIRMWARE)
def firmware_added() -> AnyResponse | tuple[str, int]:
    """An upload, which is on the disk of the state by now and nowhere else: provisioning is given its descriptor."""
    d = desk()
    form = {k: v.strip()[:100] for k, v in request.form.items()}
    sent = request.files.get("file")
    name = re.sub(r"[^A-Za-z0-9._+-]+", "_", (sent.filename or "") if sent else "")[-100:].lstrip("._+-")
    said = FirmwareSaid(
        name, form.get("family", ""), form.get("version", ""), form.get("sha256", ""), security.who().user
    )
    try:
        if sent is None or not name:
            raise InputProblem(
                Words("No file was chosen.", "No se eligió archivo."),
                Words("Choose the maker's file.", "Elija el archivo del fabricante."),
            )
        sent.stream.flush()
        sent.stream.seek(0)
        taken = d.building.hatch.add_firmware(said, sent.stream.fileno())
    except Problem as problem:
        d.note(Action.FIRMWARE_REFUSED, name, after={"family": said.family, "why": problem.says.en})
        return _page(problem.text(language()), form), 400
    file = taken.file
    after = {"family": file.family, "version": file.version, "sha256": file.sha256, "bytes": str(file.size)}
    d.note(Action.FIRMWARE_ADDED, file.name, after=after)
    flash(say("firmware.added", language(), name=file.name, version=file.version))
    for warning in taken.warnings:
        flash(warning.text(language()), "notice")
    return redirect(url_for("phones.firmware"))


@blueprint.post("/phones/firmware/order")
@security.needs(Deed.KEEP_FIRMWARE)
def firmware_ordered() -> AnyResponse | tuple[str, int]:
    """`do`: one of ORDERS for `model` (FAMILY/MODEL)."""
    d = desk()
    deed = request.form.get("do", "")
    family, _, model = request.form.get("model", "")[:100].partition("/")
    order = RolloutOrder(
        family,
        model,
        "",
        request.form.get("sha256", "")[:64],
        _number("at_a_time", 1, AT_A_TIME_MOST),
        _number("hours", 0, HOURS_MOST) * 3600,
    )
    try:
        if deed not in ORDERS or not model:
            raise InputProblem(
                Words("It is not said what is to be done, or to which model.", "No se dijo qué hacer, o a qué modelo."),
                Words("Choose model and firmware.", "Elija modelo y firmware."),
            )
        for step in ORDERS[deed]:
            d.building.hatch.order_rollout(replace(order, deed=step))
    except Problem as problem:
        return _page(problem.text(language())), 400
    action = Action.FIRMWARE_TARGET if deed in ("target", "none") else Action.FIRMWARE_ROLLOUT
    after = {"do": deed}
    if "target" in ORDERS[deed]:
        after["sha256"] = order.sha256[:16]
    if "start" in ORDERS[deed]:
        after["at_a_time"] = str(order.at_a_time)
    d.note(action, f"{family} {model}", after=after)
    flash(say(f"firmware.did.{ORDERS[deed][-1]}", language(), model=model))
    return redirect(url_for("phones.firmware"))


@blueprint.post("/phones/firmware/remove")
@security.needs(Deed.KEEP_FIRMWARE)
def firmware_removed() -> AnyResponse | tuple[str, int]:
    d = desk()
    digest = request.form.get("sha256", "")[:64]
    try:
        d.building.hatch.remove_firmware(digest)
    except Problem as problem:
        return _page(problem.text(language())), 400
    d.note(Action.FIRMWARE_REMOVED, request.form.get("name", "")[:100], before={"sha256": digest})
    flash(say("firmware.removed", language()))
    return redirect(url_for("phones.firmware"))


def _number(name: str, least: int, most: int) -> int:
    text = request.form.get(name, "")
    return min(max(int(text), least), most) if text.isascii() and text.isdigit() and len(text) < 6 else least


def _page(error: str = "", typed: dict[str, str] | None = None) -> str:
    d = desk()
    view = view_of("firmware", {})
    values = view.values(d.building)
    try:
        families = tuple(f for f in d.building.hatch.families() if f.firmware)
    except Problem:
        families = ()
    return render_template(
        "firmware.html",
        view=view,
        families=families,
        error=error,
        typed=typed or {},
        most_bytes=d.settings.provisioning.firmware_most_mb << 20,
        back_hours=round(d.settings.provisioning.firmware_back_s / 3600),
        **values,
    )
