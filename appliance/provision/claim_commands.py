"""`conserje claims`: let a phone have its files again, give it a new URL, or lead one here from beyond a router."""

import click

from appliance.directory.live import Live
from appliance.directory.model import Phone
from appliance.directory.sipways import SipWays
from appliance.errors import InputProblem, Words
from appliance.ports import SystemChance, SystemClock
from appliance.provision.claims import Claims
from appliance.provision.commands import said_in
from appliance.provision.doorway import own_folder
from appliance.provision.families import load_families
from appliance.provision.family import plain_mac
from appliance.settings import Settings


def _phone(settings: Settings, mac: str) -> Phone:
    found = Live(settings.paths.live_dir).current().phone_by_mac(plain_mac(mac) or "-")
    if found is None:
        raise InputProblem(
            Words(f"No phone {mac} is in the directory.", f"No hay ningún teléfono {mac} en el directorio."),
            Words("conserje phones list shows them all.", "conserje phones list los muestra todos."),
        )
    return found


def _claims(settings: Settings) -> Claims:
    return Claims(settings, SystemClock(), SystemChance())


@click.group()
def claims() -> None:
    """When phones may have their secrets, and their own URLs (docs/provisioning.md, "Secrets")."""


@claims.command("open")
@click.argument("mac")
@click.option("--minutes", type=click.IntRange(1, 1440), help="Else provisioning.claim_opened_s.")
@click.pass_obj
def open_(settings: Settings, mac: str, minutes: int | None) -> None:
    """Let a phone have its files for a time, whether or not it restarts, as if it came from its factory."""
    seconds = minutes * 60 if minutes else settings.provisioning.claim_opened_s
    phone = _phone(settings, mac)
    _claims(settings).open(phone, seconds, anew=True)
    # It is asked to come over TLS again, too.
    SipWays(settings.paths.local_db).change((), (phone.mac,))
    done = Words(
        f"It may fetch its files for {seconds // 60} minutes.", f"Puede pedir sus archivos durante {seconds // 60} min."
    )
    click.echo(done.text(said_in(settings)))


@claims.command()
@click.argument("mac")
@click.pass_obj
def rotate(settings: Settings, mac: str) -> None:
    """Give a phone a new URL and a new key; the former go on for provisioning.token_overlap_s."""
    _claims(settings).rotate(_phone(settings, mac))
    done = Words(
        "It learns its new URL with its next files.", "Conocerá su nueva dirección con sus siguientes archivos."
    )
    click.echo(done.text(said_in(settings)))


@claims.command()
@click.argument("mac")
@click.option("--family", help="As the directory says, unless given.")
@click.pass_obj
def url(settings: Settings, mac: str, family: str | None) -> None:
    """A URL to type into a phone beyond a router: good for once, and for provisioning.claim_opened_s."""
    phone = _phone(settings, mac)
    known = load_families(settings.paths.templates_dir).family(family or phone.family)
    if known is None:
        raise InputProblem(
            Words("The phone's family is not known.", "No se conoce la familia del teléfono."),
            Words("Give --family.", "Indique --family."),
        )
    if not known.secrets.two_stages:
        raise InputProblem(
            Words(
                f"A {known.vendor} cannot follow a link to a URL of its own.",
                f"Un {known.vendor} no puede seguir un enlace a una dirección propia.",
            ),
            Words(
                "Put it on the voice network: its MAC is seen there.",
                "Conéctelo a la red de voz: ahí se ve su MAC.",
            ),
        )
    token = _claims(settings).claim(phone, settings.provisioning.claim_opened_s)
    # Beyond a router nothing but TLS, or its own encryption, carries an account.
    click.echo(own_folder(settings, known, token, https=bool(known.secrets.https)))
