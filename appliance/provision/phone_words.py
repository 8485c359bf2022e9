"""What the commands on phones' files share: how a MAC is read, whose deed it is, the words for what became of it."""

import getpass
import json

import click

from appliance.directory.model import Directory, Phone
from appliance.directory.resyncs import Outcome
from appliance.errors import InputProblem, Words
from appliance.provision.family import plain_mac

as_json = click.option("--json", "as_json", is_flag=True, help="For programs.")

OUTCOMES = {
    Outcome.WAITING: Words("waiting", "en espera"),
    Outcome.SENT: Words("told", "avisado"),
    Outcome.ANSWERED: Words("told, and it answered", "avisado, y contestó"),
    Outcome.SILENT: Words("told, and it did not answer", "avisado, y no contestó"),
    Outcome.UNNEEDED: Words("not needed: it came by itself", "no hizo falta: vino por sí mismo"),
    Outcome.GIVEN_UP: Words("given up", "abandonado"),
    Outcome.CANCELLED: Words("taken back", "cancelado"),
}
HELD = {
    "in-a-call": Words("it is in a call", "está en una llamada"),
    "not-registered": Words("it is not registered", "no está registrado"),
    "edge-silent": Words("the building cannot tell who is in a call", "el edificio no sabe quién está en llamada"),
    "no-answer": Words("it did not answer; it is told again", "no contestó; se le avisará otra vez"),
    "no-event": Words("phones of its kind cannot be told", "a los teléfonos de su tipo no se les puede avisar"),
    "not-in-directory": Words("it is in no directory", "no está en el directorio"),
}


def checked_mac(text: str) -> str:
    """Raises InputProblem."""
    mac = plain_mac(text)
    if not mac:
        raise InputProblem(
            Words(f"{text} is not a MAC address.", f"{text} no es una dirección MAC."),
            Words("It has twelve hexadecimal digits.", "Tiene doce dígitos hexadecimales."),
        )
    return mac


def known_phone(directory: Directory, mac: str) -> Phone:
    """Raises InputProblem for a phone of no directory."""
    phone = directory.phone_by_mac(mac)
    if phone is None:
        raise InputProblem(
            Words(f"The phone {mac} is nobody's.", f"El teléfono {mac} no es de nadie."),
            Words("Give it to someone first: conserje phones adopt.", "Asígnelo primero: conserje phones adopt."),
        )
    return phone


def by_whom() -> str:
    return f"cli:{getpass.getuser()}"


def print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
