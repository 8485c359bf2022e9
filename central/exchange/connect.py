"""Connects a building to the exchange: a trunk of kind central with a log-in of its own (J-2)."""

from dataclasses import replace

from sqlalchemy import select

from central.directory.edit import Edit
from central.directory.trunks import TrunkWish, add_trunk, delete_trunk
from central.errors import InputProblem, Words
from central.model import TrunkRecord
from central.rules import tokens
from wire.rows import Trunk, TrunkKind
from wire.services import TrunkUse

NAME = "Central"
PRIORITY = "50"


def connect(edit: Edit, site_id: str, host: str, port: int) -> Trunk:
    """Give the building its way to the exchange, in place of one that it had. Raises InputProblem(s)."""
    site = edit.lock_site(site_id)
    if not host:
        raise InputProblem(
            "host",
            Words("Say where buildings reach the exchange.", "Diga dónde alcanzan los edificios a la central."),
            Words("Set exchange.address, or give --host.", "Ponga exchange.address o dé --host."),
        )
    disconnect(edit, site_id)
    user = f"b{tokens.sip_user()}"
    wish = TrunkWish(
        NAME, host, TrunkKind.CENTRAL, str(port), priority=PRIORITY, username=user, secret=tokens.sip_secret()
    )
    trunk = add_trunk(edit, site.id, wish)
    edit.put(TrunkUse(trunk.id, site.id, registers=True, classes="internal"))
    return replace(trunk, secret="")


def disconnect(edit: Edit, site_id: str) -> None:
    """Take the building's way to the exchange away."""
    edit.lock_site(site_id)
    query = select(TrunkRecord.id).where(
        TrunkRecord.site_id == site_id, TrunkRecord.trunk_kind == TrunkKind.CENTRAL.value
    )
    for trunk_id in list(edit.session.scalars(query)):
        delete_trunk(edit, site_id, trunk_id)
