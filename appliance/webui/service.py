"""Serves the building page with gunicorn: `conserje run webui`. Worker threads carry the live streams."""

import logging
import sys
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from appliance.settings import Settings
from appliance.webui.app import create_app
from appliance.webui.security import secret_key
from appliance.webui.streams import THREADS

REQUEST_LINE_BYTES = 2048
HEADER_FIELDS = 50
HEADER_BYTES = 4096
GRACE_S = 2
"""Less than the process table's stop_s: open streams end themselves, the rest may finish."""


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        for key, value in gunicorn_settings(self._settings).items():
            self.cfg.set(key, value)

    def load(self) -> Flask:
        return create_app(self._settings)


def gunicorn_settings(settings: Settings) -> dict[str, Any]:
    """What gunicorn is told. X-Forwarded-Proto is believed from loopback only, where a proxy of ours would stand."""
    run_dir = settings.paths.run_dir
    run_dir.mkdir(parents=True, exist_ok=True)
    tls = {"certfile": settings.web.certificate_file, "keyfile": settings.web.key_file}
    return {
        "bind": f"{settings.network.management_address}:{settings.web.port}",
        "workers": settings.web.workers,
        "worker_class": "gthread",
        "threads": THREADS,
        "worker_tmp_dir": str(run_dir),
        "proc_name": "conserje-webui",
        "timeout": 30,
        "graceful_timeout": GRACE_S,
        "keepalive": 5,
        "limit_request_line": REQUEST_LINE_BYTES,
        "limit_request_fields": HEADER_FIELDS,
        "limit_request_field_size": HEADER_BYTES,
        "forwarded_allow_ips": "127.0.0.1,::1",
        "errorlog": "-",
        "control_socket_disable": True,
        "worker_int": _stop_streams,
        "worker_exit": lambda server, worker: _stop_streams(worker),
        "post_worker_init": _remember_to_stop,
        **({k: v for k, v in tls.items() if v}),
    }


def run(settings: Settings) -> None:
    """Serve until told to end. Access lines are JSON on standard output; what goes wrong is on standard error."""
    log_to_standard_streams()
    secret_key(settings.paths.identity_dir)
    _Server(settings).run()


def log_to_standard_streams() -> None:
    lines = logging.StreamHandler(sys.stdout)
    lines.setFormatter(logging.Formatter("%(message)s"))
    access = logging.getLogger("conserje.web.access")
    access.handlers, access.propagate = [lines], False
    access.setLevel(logging.INFO)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def _remember_to_stop(worker: Any) -> None:
    """End the worker's streams as soon as it is told to go: they would hold it for the whole grace."""
    handle_exit = worker.handle_exit

    def handle(signal: int, frame: Any) -> None:
        _stop_streams(worker)
        handle_exit(signal, frame)

    import signal

    signal.signal(signal.SIGTERM, handle)


def _stop_streams(worker: Any) -> None:
    app = getattr(worker, "wsgi", None)
    if isinstance(app, Flask):
        app.extensions["conserje"].streams.stopping.set()
