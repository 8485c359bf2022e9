"""A private PostgreSQL 15 on a unix socket for one run of tests; nothing of it stays."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import psycopg

BINARIES = Path("/usr/lib/postgresql/15/bin")
PORT = "5432"  # names the socket file only: nothing listens on TCP


@dataclass(frozen=True, slots=True)
class Cluster:
    socket_dir: Path

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self.socket_dir))}&port={PORT}"

    def create(self, template: str = "template0") -> str:
        """The name of a new database that looks like `template`."""
        name = f"cj{uuid4().hex[:12]}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with psycopg.connect(
            host=str(self.socket_dir), port=PORT, user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())


@contextmanager
def private_cluster() -> Iterator[Cluster]:
    """Started as the user postgres when we are root, since PostgreSQL refuses to run as root."""
    place = Path(tempfile.mkdtemp(prefix="cjpg"))
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    try:
        if as_postgres:
            shutil.chown(place, "postgres", "postgres")
        place.chmod(0o755)
        data = place / "data"
        control = [*as_postgres, str(BINARIES / "pg_ctl"), "-D", str(data), "-s", "-w"]
        make = [str(BINARIES / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*as_postgres, *make, "--locale=C.UTF-8"], check=True, stdout=subprocess.DEVNULL, cwd=place)
        options = f"-k {place} -p {PORT} -c listen_addresses= -c fsync=off -c max_connections=80 -c shared_buffers=32MB"
        subprocess.run([*control, "-l", str(place / "log"), "-o", options, "start"], check=True, cwd=place)
        try:
            yield Cluster(place)
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=False, cwd=place)
    finally:
        shutil.rmtree(place, ignore_errors=True)
