"""Runs the exchange: Kamailio as a child, and the book kept forward beside it. When one dies, both end."""

import os
import secrets
import signal
import subprocess
import sysconfig
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from central.errors import SetUpProblem, Words
from central.exchange.book import Book
from central.exchange.export import bring_forward, keep_forward
from central.office import Office

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
    configuration.touch(mode=0o600)
    configuration.write_text(render(wanted.address, wanted.port, wanted.workers), encoding="utf-8")
    child = _start(configuration, folder, path)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        keep_forward(office, path, lambda: child.poll() is None)
    finally:
        child.terminate()
    return child.wait(STOP_S)


def render(address: str, port: int, workers: int) -> str:
    """The text of kamailio.cfg. The secret of its nonces is new at each start: older ones are stale."""
    environment = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701 - no HTML
    return environment.get_template("kamailio.cfg.j2").render(
        address=address,
        port=port,
        workers=workers,
        nonce_secret=secrets.token_hex(16),
        requests_per_2_s=4000,
        kemi_path=HERE / "kemi.py",
    )


def _start(configuration: Path, folder: Path, book: Path) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT), sysconfig.get_path("purelib"))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CONSERJE_EXCHANGE_BOOK": str(book),
    }
    argv = ["kamailio", "-f", str(configuration), "-m", str(SHARED_MB), "-M", str(PRIVATE_MB), "-Y", str(folder)]
    try:
        return subprocess.Popen([*argv, "-DD", "-E"], env=environment, start_new_session=False)
    except FileNotFoundError as absent:
        raise SetUpProblem(
            Words("Kamailio is not installed.", "Kamailio no está instalado."),
            Words("Install kamailio and its Python module.", "Instale kamailio y su módulo de Python."),
        ) from absent
