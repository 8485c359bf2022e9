"""A real central office for tests: `conserje-central init` and `serve` as processes, and a building's client."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from central.settings import FILE_VARIABLE
from tests.integration.central.building import Copy
from tests.lab import until
from wire.claim import parse
from wire.feed import FeedAnswer, answer_from_wire


@dataclass(frozen=True)
class Served:
    """A running office. `password` is the administrator's."""

    place: Path
    port: int
    password: str
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def ca(self) -> Path:
        return self.place / "state" / "ca" / "ca.pem"

    def cli(self, *words: str) -> dict[str, Any]:
        """Run a command; its JSON."""
        return run_cli(self.place, *words)


class Refused(Exception):
    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.code = body["error"]["code"]
        self.says = body["error"]["says_es"]


class Building:
    """A building's end: key, certificate, requests. As small as the contract allows."""

    def __init__(self, served: Served, place: Path) -> None:
        self.served = served
        self.place = place
        place.mkdir(exist_ok=True)
        self.site_id = ""
        self.session = requests.Session()
        self.session.trust_env = False  # else REQUESTS_CA_BUNDLE overrules `verify`
        self.session.verify = str(served.ca)

    def request(self) -> tuple[bytes, str]:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "anything")])
        asked = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return pem, asked.public_bytes(Encoding.PEM).decode()

    def enrol(self, code: str) -> "Building":
        """Check the centre's CA by the code, then spend it."""
        shown = requests.get(f"{self.served.url}/building/v1/ca", verify=False, timeout=10).json()["ca_pem"]
        assert parse(code).vouches_for(x509.load_pem_x509_certificate(shown.encode()).public_bytes(Encoding.DER))
        key, asked = self.request()
        answer = self.post("enrol", {"claim_code": code, "csr_pem": asked})
        self.site_id = answer["site_id"]
        self.keep(key, answer["certificate_pem"])
        return self

    def keep(self, key: bytes, certificate_pem: str) -> None:
        path = self.place / f"{len(list(self.place.iterdir()))}.pem"
        path.write_bytes(key + certificate_pem.encode())
        self.session.close()
        self.session.cert = str(path)

    def rotate(self) -> None:
        key, asked = self.request()
        self.keep(key, self.post("certificate", {"csr_pem": asked})["certificate_pem"])

    def feed(self, after: int, wait: float = 0) -> FeedAnswer:
        return answer_from_wire(self.get(f"feed?after={after}&wait={wait}"))

    def follow(self, copy: Copy) -> None:
        while True:
            answer = self.feed(copy.revision)
            copy.take(answer)
            if answer.snapshot is None and not answer.revisions:
                return

    def get(self, path: str) -> dict[str, Any]:
        return read(self.session.get(f"{self.served.url}/building/v1/{path}", timeout=40))

    def post(self, path: str, body: Any) -> dict[str, Any]:
        return read(self.session.post(f"{self.served.url}/building/v1/{path}", json=body, timeout=20))


def read(answer: requests.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    if answer.status_code >= 400:
        raise Refused(answer.status_code, body)
    return body


def run_cli(place: Path, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "central", *words, "--json"],
        env={**os.environ, FILE_VARIABLE: str(place / "central.toml")},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(place: Path, database_url: str, workers: int = 2) -> Iterator[Served]:
    """Set an office up in `place` and serve it."""
    port = free_port()
    (place / "central.toml").write_text(
        f"""
[paths]
state_dir = "{place}/state"
[database]
url = "{database_url}"
[web]
bind = "127.0.0.1:{port}"
workers = {workers}
threads = 24
"""
    )
    password = run_cli(place, "init")["password"]
    log = (place / "server.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "central", "serve"],
        env={**os.environ, FILE_VARIABLE: str(place / "central.toml")},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    served = Served(place, port, password, process)
    try:
        until(lambda: answers(served) or process.poll() is not None, 60, "the office answers")
        assert process.poll() is None, (place / "server.log").read_text()
        yield served
    finally:
        process.terminate()
        process.wait(timeout=40)
        log.close()


def answers(served: Served) -> bool:
    try:
        return requests.get(f"{served.url}/building/v1/ca", verify=str(served.ca), timeout=5).ok
    except requests.RequestException:
        return False
