"""Many phones from a CSV file: what each line would do, then its doing. The file itself travels with the page between
the two, so nothing of it stays here.
"""

import base64
import binascii

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from appliance.directory.hatch import ImportReport
from appliance.errors import InputProblem, Problem, Words
from appliance.webui import security
from appliance.webui.app import desk, language
from appliance.webui.audit import Action
from appliance.webui.phones import blueprint
from appliance.webui.roles import Deed
from appliance.webui.words import say_counted

SHOWN = 500
"""Lines of a report on the page; those that are bad come first."""


@blueprint.get("/phones/import")
@security.needs(Deed.IMPORT)
def import_() -> str:
    return _page()


@blueprint.post("/phones/import")
@security.needs(Deed.IMPORT)
def imported() -> AnyResponse | tuple[str, int] | str:
    """`how`: check, all or each; the file as an upload, or as it came back with the report (`data`, base64)."""
    d = desk()
    how = request.form.get("how", "check")
    how = how if how in ("check", "all", "each") else "check"
    user = security.who().user
    name, data = "", b""
    try:
        name, data = _file()
        report = d.building.hatch.import_phones(data, user, how)
    except Problem as problem:
        return _page(error=problem.text(language()), name=name), 400
    done = sum(line.done for line in report.lines)
    if how == "check":
        return _page(report, name, data)
    after = {"file": name[:80], "given": str(done), "refused": str(report.bad)}
    d.note(Action.PHONES_IMPORTED, after=after)
    for line in report.lines:
        if line.done:
            d.note(Action.PHONE_ADOPTED, line.mac, after={"file": name[:80], "line": str(line.number)})
    if not done or report.bad:
        return _page(report, name, data, acted=True), 200 if done else 400
    flash(say_counted("import.done", done, language()))
    return redirect(url_for("phones.every"))


def _file() -> tuple[str, bytes]:
    """Name and octets. Raises InputProblem when there is none."""
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        return sent.filename[:120], sent.read()
    try:
        data = base64.b64decode(request.form.get("data", ""), validate=True)
    except binascii.Error:
        data = b""
    if not data:
        raise InputProblem(
            Words("No file was chosen, or it is empty.", "No se eligió archivo, o está vacío."),
            Words("Choose a CSV file.", "Elija un archivo CSV."),
        )
    return request.form.get("name", "")[:120], data


def _page(
    report: ImportReport | None = None, name: str = "", data: bytes = b"", error: str = "", acted: bool = False
) -> str:
    lines = sorted(report.lines, key=lambda line: (line.problem is None, line.number)) if report else []
    return render_template(
        "import.html",
        report=report,
        lines=lines[:SHOWN],
        left_out=max(0, len(lines) - SHOWN),
        name=name,
        data=base64.b64encode(data).decode(),
        error=error,
        acted=acted,
        done=sum(line.done for line in lines),
    )
