"""The overview: the building at a glance."""

from flask import Blueprint, render_template

from appliance.webui.app import desk
from appliance.webui.views import view_of

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def overview() -> str:
    view = view_of("overview", {})
    return render_template("overview.html", view=view, **view.values(desk().building))
