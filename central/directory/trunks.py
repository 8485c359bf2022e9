"""Edits of a building's trunks: the ways out, tried in order of priority."""

import ipaddress
import re
from dataclasses import dataclass, field, replace

from sqlalchemy import select

from central.directory.edit import Edit
from central.errors import InputProblem, NotFoundProblem, Words
from central.model import TrunkRecord
from central.model.rows import find
from central.rules import names, tokens
from central.rules.choices import number_between, one_of
from central.rules.faults import Faults
from wire.rows import Trunk, TrunkKind
from wire.services import TrunkUse

HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
TRANSPORTS = ("udp", "tcp", "tls")
MAX_PRIORITY = 100
SIP_PORT, TLS_PORT = 5060, 5061
USERNAME = re.compile(r"[A-Za-z0-9._+@-]{0,64}")


@dataclass(frozen=True, slots=True)
class TrunkWish:
    """A way out as a form or a command gives it. Changing one, an empty `secret` leaves the password as it is.

    `port` empty or 0: a name is looked for by its SRV records (RFC 3263), an address has its transport's port.
    """

    name: str
    host: str
    trunk_kind: str = TrunkKind.CARRIER
    port: str = "5060"
    transport: str = "udp"
    priority: str = "10"
    plus: bool = True
    username: str = ""
    secret: str = field(default="", repr=False)
    trusted: bool = True


def add_trunk(edit: Edit, site_id: str, wish: TrunkWish) -> Trunk:
    """A new way out of the building. Raises InputProblem(s)."""
    edit.lock_site(site_id)
    trunk = _checked(edit, tokens.new_id("trunk"), site_id, wish)
    edit.put(trunk)
    return trunk


def change_trunk(edit: Edit, site_id: str, trunk_id: str, wish: TrunkWish) -> Trunk:
    """Change a way out. Its password stays unless another is given; without a user there is none."""
    edit.lock_site(site_id)
    former = trunk_of(edit, site_id, trunk_id)
    trunk = _checked(edit, trunk_id, site_id, wish)
    if not trunk.secret and trunk.username:
        trunk = replace(trunk, secret=former.secret)
    elif not trunk.username:
        trunk = replace(trunk, secret="")
    edit.put(trunk)
    return trunk


def trunk_of(edit: Edit, site_id: str, trunk_id: str) -> Trunk:
    """A trunk of this building. Raises NotFoundProblem for any other's."""
    trunk = find(edit.session, Trunk, trunk_id, edit.sealer)
    if trunk is None or trunk.site_id != site_id:
        raise NotFoundProblem(Words("There is no such trunk.", "No existe esa troncal."))
    return trunk


def _checked(edit: Edit, trunk_id: str, site_id: str, wish: TrunkWish) -> Trunk:
    faults = Faults()
    trunk = Trunk(
        id=trunk_id,
        site_id=site_id,
        name=faults.keep(
            lambda: names.required_name("name", wish.name, Words("the trunk's name", "el nombre de la troncal")), ""
        ),
        trunk_kind=faults.keep(lambda: one_of("trunk_kind", wish.trunk_kind, tuple(TrunkKind)), ""),
        host=faults.keep(lambda: _host(wish.host), ""),
        port=faults.keep(lambda: _port(wish), 0),
        transport=faults.keep(lambda: one_of("transport", wish.transport, TRANSPORTS), ""),
        priority=faults.keep(lambda: number_between("priority", wish.priority, 0, MAX_PRIORITY), 0),
        plus=wish.plus,
        username=faults.keep(lambda: _username(wish.username), ""),
        secret=faults.keep(lambda: names.short("secret", wish.secret), ""),
        trusted=wish.trusted,
    )
    same = select(TrunkRecord.id).where(
        TrunkRecord.site_id == site_id, TrunkRecord.name == trunk.name, TrunkRecord.id != trunk_id
    )
    if trunk.name and edit.session.scalar(same):
        faults.add(
            InputProblem(
                "name",
                Words("This building already has that trunk.", "Este edificio ya tiene una troncal con ese nombre."),
            )
        )
    faults.settle()
    return trunk


def delete_trunk(edit: Edit, site_id: str, trunk_id: str) -> None:
    edit.lock_site(site_id)
    trunk = trunk_of(edit, site_id, trunk_id)
    use = find(edit.session, TrunkUse, trunk_id)
    if use is not None:
        edit.delete(use)
    edit.delete(trunk)


def _host(text: str) -> str:
    host = text.strip()
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        if len(host) <= 253 and HOST.fullmatch(host) and not host.replace(".", "").isdigit():
            return host.lower()
    raise InputProblem(
        "host",
        Words(f"{host[:60]} is not an address or a host name.", f"{host[:60]} no es una dirección ni un nombre."),
        Words("For example 203.0.113.10 or sip.carrier.mx.", "Por ejemplo 203.0.113.10 o sip.carrier.mx."),
    )


def _port(wish: TrunkWish) -> int:
    text = wish.port.strip()
    if text not in ("", "0"):
        return number_between("port", text, 1, 65535)
    try:
        ipaddress.ip_address(wish.host.strip())
    except ValueError:
        return 0
    return TLS_PORT if wish.transport == "tls" else SIP_PORT


def _username(text: str) -> str:
    if not USERNAME.fullmatch(text.strip()):
        raise InputProblem(
            "username",
            Words(
                "A user has letters, digits and . _ + @ - only.", "Un usuario solo lleva letras, dígitos y . _ + @ -."
            ),
        )
    return text.strip()
