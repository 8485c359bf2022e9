"""`conserje doctor`: looks at everything that this building stands on, and says what is wrong and what to do.

Engines' configurations are rendered and checked in a directory that is thrown away: nothing that runs is touched.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from appliance.directory.live import Live
from appliance.directory.model import Directory
from appliance.errors import DirectoryProblem, Problem, Words
from appliance.listening import held_ports, ports_of
from appliance.processes import wanted
from appliance.provision.dhcp import kea_config
from appliance.provision.families import load_families
from appliance.provision.kea import Kea
from appliance.settings import Settings
from appliance.sip_edge.engines import kamailio_command
from appliance.voice.prompts import check as missing_prompts
from appliance.webui.alarms import CERTIFICATE_SOON_DAYS, DISK_LOW_PERCENT
from appliance.webui.sources import certificates_of, disk_of
from appliance.webui.store import FILE_NAME, open_store

PROGRAMS = {
    "kamailio": "kamailio",
    "rtpengine": "rtpengine-daemon",
    "redis": "redis-server",
    "haproxy": "haproxy",
    "dhcp": "kea-dhcp4-server",
}
BINARIES = {
    "kamailio": "kamailio",
    "rtpengine": "rtpengine",
    "redis": "redis-server",
    "haproxy": "haproxy",
    "dhcp": "kea-dhcp4",
}
SOUNDS_NAMED = 2
SBIN = "/usr/sbin:/sbin"


NOTHING_TO_DO = Words("", "")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `says`: what was found; `todo`: what to do, empty when all is well."""

    check: str
    ok: bool
    says: Words
    todo: Words = NOTHING_TO_DO

    def line(self, language: str) -> str:
        mark = "ok" if self.ok else ("problema" if language.startswith("es") else "problem")
        return f"{mark:<9} {self.check:<12} {self.says.text(language)} {self.todo.text(language)}".rstrip()


Check = Callable[[Settings], Iterable[Finding]]


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, in the order in which things depend on each other. Never raises on what it finds."""
    for name, check in CHECKS:
        try:
            yield from check(settings)
        except Problem as problem:
            yield Finding(name, False, problem.says, problem.todo)
        except OSError as refused:
            yield Finding(
                name,
                False,
                Words(f"Cannot be looked at: {refused}.", f"No se puede revisar: {refused}."),
                Words("Run it as root or as the user conserje.", "Ejecútelo como root o como el usuario conserje."),
            )


def _settings(settings: Settings) -> Iterator[Finding]:
    yield Finding("settings", True, Words("The settings can be read.", "Los ajustes se pueden leer."))


def _engines(settings: Settings) -> Iterator[Finding]:
    for p in wanted(settings):
        if p.name not in PROGRAMS:
            continue
        binary = BINARIES[p.name]
        found = shutil.which(binary) or shutil.which(binary, path=SBIN)
        if found:
            yield Finding("engine", True, Words(f"{binary} is installed.", f"{binary} está instalado."))
        else:
            package = PROGRAMS[p.name]
            yield Finding(
                "engine",
                False,
                Words(f"{binary} is not installed.", f"{binary} no está instalado."),
                Words(f"apt-get install {package}", f"apt-get install {package}"),
            )


def _directory(settings: Settings) -> Iterator[Finding]:
    directory = Live(settings.paths.live_dir).current()
    phones = len(directory.phones())
    yield Finding(
        "directory",
        True,
        Words(
            f"Copy {directory.revision} of {directory.site.name} is in force; phones: {phones}.",
            f"Rige la copia {directory.revision} de {directory.site.name}; teléfonos: {phones}.",
        ),
    )


def _ports(settings: Settings) -> Iterator[Finding]:
    held = held_ports()
    for name, ports in ports_of(settings).items():
        missing = [p for p in ports if p not in held]
        where = ", ".join(map(str, missing or ports))
        if missing:
            yield Finding(
                "port",
                False,
                Words(f"{name} does not hold {where}.", f"{name} no ocupa {where}."),
                Words(
                    f"Start it, or see why it ends: journalctl -u conserje-{name}",
                    f"Inícielo, o vea por qué termina: journalctl -u conserje-{name}",
                ),
            )
        elif ports:
            yield Finding("port", True, Words(f"{where} is held, for {name}.", f"{where} está ocupado, para {name}."))


def _certificates(settings: Settings) -> Iterator[Finding]:
    found = certificates_of(settings)
    if not found and settings.central.url:
        yield Finding(
            "certificate",
            False,
            Words("This building has no certificate.", "Este edificio no tiene certificado."),
            Words("Enrol it: conserje enrol", "Dé de alta el edificio: conserje enrol"),
        )
    now = datetime.now(UTC)
    for c in found:
        days = int((c.not_after - now).total_seconds() // 86400)
        good = days >= CERTIFICATE_SOON_DAYS
        yield Finding(
            "certificate",
            good,
            Words(f"{c.name} lasts {days} more days.", f"{c.name} dura {days} días más."),
            NOTHING_TO_DO
            if good
            else Words(
                "It renews by itself with the link up; if it has expired, enrol again.",
                "Se renueva solo con enlace; si ya venció, dé de alta el edificio otra vez.",
            ),
        )


def _disk(settings: Settings) -> Iterator[Finding]:
    disk = disk_of(settings.paths.state_dir)
    if disk is None:
        yield Finding(
            "disk",
            False,
            Words(f"{settings.paths.state_dir} is not there.", f"{settings.paths.state_dir} no existe."),
            Words("Create it for the user conserje.", "Créelo para el usuario conserje."),
        )
        return
    good = disk.free_percent >= DISK_LOW_PERCENT
    yield Finding(
        "disk",
        good,
        Words(f"{disk.free_percent:.0f} % is free.", f"{disk.free_percent:.0f} % está libre."),
        NOTHING_TO_DO if good else Words("Remove old logs and backups.", "Quite bitácoras y respaldos viejos."),
    )


def _sounds(settings: Settings) -> Iterator[Finding]:
    missing = missing_prompts(settings)
    for problem in missing[:SOUNDS_NAMED]:
        yield Finding("sounds", False, problem.says, problem.todo)
    more = len(missing) - SOUNDS_NAMED
    if more > 0:
        yield Finding("sounds", False, Words(f"So are {more} more.", f"Lo mismo con {more} más."))
    if not missing:
        yield Finding("sounds", True, Words("Every announcement can be spoken.", "Todos los anuncios se pueden decir."))


def _templates(settings: Settings) -> Iterator[Finding]:
    families = load_families(settings.paths.templates_dir)
    for problem in families.problems:
        yield Finding("templates", False, problem.says, problem.todo)
    names = ", ".join(f.name for f in families.families)
    if names:
        yield Finding("templates", True, Words(f"Phone families: {names}.", f"Familias de teléfonos: {names}."))
    else:
        place = settings.paths.templates_dir
        yield Finding(
            "templates",
            False,
            Words(f"There are no phone families in {place}.", f"No hay familias de teléfonos en {place}."),
            Words("Set paths.templates_dir.", "Ajuste paths.templates_dir."),
        )


def _kamailio(settings: Settings) -> Iterator[Finding]:
    with _apart(settings) as apart:
        kamailio_command(apart)
    yield Finding("kamailio", True, Words("It accepts its configuration.", "Acepta su configuración."))


def _kea(settings: Settings) -> Iterator[Finding]:
    if not settings.network.dhcp:
        return
    with _apart(settings) as apart:
        file = apart.paths.run_dir / "kea.json"
        config = kea_config(apart, _current(settings), load_families(settings.paths.templates_dir))
        file.write_text(json.dumps(config), encoding="utf-8")
        Kea(apart).check(file)
    yield Finding("kea", True, Words("It accepts its configuration.", "Acepta su configuración."))


def _users(settings: Settings) -> Iterator[Finding]:
    path = settings.paths.state_dir / FILE_NAME
    there = path.exists() and open_store(settings.paths.state_dir).connection.execute("SELECT 1 FROM user").fetchone()
    if there:
        yield Finding("users", True, Words("The building page has users.", "La página del edificio tiene usuarios."))
    else:
        yield Finding(
            "users",
            False,
            Words("Nobody can sign in to the building page.", "Nadie puede entrar a la página del edificio."),
            Words("conserje users add NAME --role administrator", "conserje users add NOMBRE --role administrator"),
        )


def _current(settings: Settings) -> Directory | None:
    try:
        return Live(settings.paths.live_dir).current()
    except DirectoryProblem:
        return None


@contextmanager
def _apart(settings: Settings) -> Iterator[Settings]:
    """The same settings with directories of their own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="conserje-doctor-") as folder:
        root = Path(folder)
        (root / "run").mkdir()
        yield replace(settings, paths=replace(settings.paths, state_dir=root, run_dir=root / "run"))


CHECKS: tuple[tuple[str, Check], ...] = (
    ("settings", _settings),
    ("engine", _engines),
    ("directory", _directory),
    ("templates", _templates),
    ("sounds", _sounds),
    ("kamailio", _kamailio),
    ("kea", _kea),
    ("port", _ports),
    ("certificate", _certificates),
    ("disk", _disk),
    ("users", _users),
)
