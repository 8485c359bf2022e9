"""`conserje dhcp-help`: lines for the building's own DHCP server, to paste."""

import click

from appliance.errors import Words
from appliance.provision.commands import said_in
from appliance.provision.dhcp_help import DIALECTS, NAMES
from appliance.provision.families import load_families
from appliance.settings import Settings


@click.command("dhcp-help")
@click.option("--for", "dialect", type=click.Choice(list(DIALECTS)), help="One server's lines alone, nothing else.")
@click.pass_obj
def dhcp_help(settings: Settings, dialect: str | None) -> None:
    """What to write into the building's own DHCP server, so that phones find their files here."""
    families = load_families(settings.paths.templates_dir)
    if dialect:
        click.echo(DIALECTS[dialect](settings, families), nl=False)
        return
    language = said_in(settings)
    if settings.network.dhcp:
        running = Words(
            "This box serves DHCP itself. Set network.dhcp = false where the building has its own.",
            "Este equipo da DHCP. Ponga network.dhcp = false si el edificio tiene el suyo.",
        )
        click.echo(f"{running.text(language)}\n")
    for name, render in DIALECTS.items():
        click.echo(f"===== {NAMES[name]}\n\n{render(settings, families)}")
