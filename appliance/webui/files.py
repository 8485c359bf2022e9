"""One file of a phone: as it would be given now, passwords hidden; against what was given; and when it was asked."""

from flask import render_template
from werkzeug.exceptions import NotFound

from appliance.directory.local import FETCHES_KEPT
from appliance.errors import InputProblem, Problem
from appliance.webui import security
from appliance.webui.app import desk, language
from appliance.webui.phones import blueprint, line_of
from appliance.webui.roles import Deed


@blueprint.get("/phones/<mac>/files/<path:name>")
@security.needs(Deed.OPEN_FILES)
def file(mac: str, name: str) -> str | tuple[str, int]:
    line = line_of(mac)
    try:
        text, problem = desk().building.hatch.file(line.mac, name[:200]), None
    except InputProblem as none:
        raise NotFound from none
    except Problem as broken:
        text, problem = None, broken
    fetches = [f for f in desk().building.local.fetches(line.mac, FETCHES_KEPT) if f.path.endswith(f"/{name}")]
    page = render_template(
        "phone_file.html",
        phone=line,
        name=name,
        file=text,
        problem=problem.text(language()) if problem else "",
        fetches=fetches,
    )
    return page if text else (page, 503)
