"""Where the building keeps its own DHCP server: the exact lines for it, to copy."""

from flask import render_template

from appliance.errors import Problem
from appliance.webui.app import desk, language
from appliance.webui.phones import blueprint


@blueprint.get("/phones/dhcp")
def dhcp() -> str | tuple[str, int]:
    network = desk().settings.network
    try:
        texts, error = desk().building.hatch.dhcp_help(), ""
    except Problem as problem:
        texts, error = (), problem.text(language())
    page = render_template("dhcp.html", texts=texts, error=error, network=network)
    return page if texts else (page, 503)
