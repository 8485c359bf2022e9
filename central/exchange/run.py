"""Runs the exchange: Kamailio and rtpengine as children, the book kept forward beside them. When one dies, all end."""

import os
import secrets
import signal
import subprocess
import sysconfig
from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from central.errors import SetUpProblem, Words
from central.exchange.book import Book
from central.exchange.export import bring_forward, keep_forward
from central.exchange.inbound import ADDRESS, BOOK, CARRIERS, NOTES
from central.exchange.keeper import Keeper
from central.office import Office
from central.settings import Exchange

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
STOP_S = 5.0
SHARED_MB, PRIVATE_MB = 64, 8


def run(office: Office) -> int:
    """Until stopped; returns Kamailio's exit status. Raises SetUpProblem where it is not installed or not set up."""
    wanted = office.settings.exchange
    if not wanted.address:
        raise SetUpProblem(
            Words("The exchange has no address.", "La central de llamadas no tiene dirección."),
            Words("Set exchange.address in central.toml.", "Ponga exchange.address en central.toml."),
        )
    folder = office.settings.paths.state_dir / "exchange"
    folder.mkdir(mode=0o700, exist_ok=True)
    path, configuration = folder / "book.db", folder / "kamailio.cfg"
    book = Book(path, readonly=False)
    bring_forward(office, book)
    book.close()
    keeper = Keeper(office, path.with_name(NOTES))
    configuration.touch(mode=0o600)
    configuration.write_text(render(wanted), encoding="utf-8")
    told = {BOOK: str(path), CARRIERS: " ".join(carriers(wanted)), ADDRESS: f"{wanted.address}:{wanted.port}"}
    children = [_start(_relay(wanted)), _start(_kamailio(configuration, folder), told)]
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stopping.append(number))
    try:
        keep_forward(office, path, lambda: not stopping and all(c.poll() is None for c in children), keeper.turn)
    finally:
        for child in children:
            child.terminate()
    ended = [child.wait(STOP_S) for child in children]
    return 0 if stopping else max(map(abs, ended), default=1)


def carriers(wanted: Exchange) -> tuple[str, ...]:
    """Addresses with their ports. Raises SetUpProblem on a name: calls are known by where they come from."""
    found = []
    for word in wanted.carriers.split():
        host, _, port = word.partition(":")
        try:
            found.append(f"{IPv4Address(host)}:{int(port or '5060')}")
        except ValueError as wrong:
            raise SetUpProblem(
                Words(f"{word[:60]} is not a carrier's address.", f"{word[:60]} no es la dirección de un operador."),
                Words("Write host:port, the host as an IPv4 address.", "Escriba host:puerto, con una dirección IPv4."),
            ) from wrong
    return tuple(found)


def render(wanted: Exchange) -> str:
    """The text of kamailio.cfg. The secret of its nonces is new at each start: older ones are stale."""
    environment = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701 - no HTML
    return environment.get_template("kamailio.cfg.j2").render(
        address=wanted.address,
        port=wanted.port,
        workers=wanted.workers,
        ng_port=wanted.ng_port,
        nonce_secret=secrets.token_hex(16),
        requests_per_2_s=4000,
        kemi_path=HERE / "kemi.py",
    )


def _kamailio(configuration: Path, folder: Path) -> list[str]:
    memory = ["-m", str(SHARED_MB), "-M", str(PRIVATE_MB)]
    return ["kamailio", "-f", str(configuration), *memory, "-Y", str(folder), "-DD", "-E"]


def _relay(wanted: Exchange) -> list[str]:
    first, _, last = wanted.relay_ports.partition("-")
    return [
        "rtpengine",
        # Not Debian's /etc/rtpengine/rtpengine.conf, which it would read besides.
        "--config-file=none",
        "--foreground",
        "--log-stderr",
        "--log-level=4",
        "--table=-1",
        f"--interface={wanted.address}",
        f"--listen-ng=127.0.0.1:{wanted.ng_port}",
        f"--port-min={first}",
        f"--port-max={last}",
        "--timeout=60",
        "--silent-timeout=3600",
    ]


def _start(argv: list[str], more: Mapping[str, str] | None = None) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT), sysconfig.get_path("purelib"))),
        "PYTHONDONTWRITEBYTECODE": "1",
        **(more or {}),
    }
    try:
        return subprocess.Popen(argv, env=environment)
    except FileNotFoundError as absent:
        raise SetUpProblem(
            Words(f"{argv[0]} is not installed.", f"{argv[0]} no está instalado."),
            Words(
                "Install kamailio with its Python module, and rtpengine.",
                "Instale kamailio con su módulo de Python, y rtpengine.",
            ),
        ) from absent
