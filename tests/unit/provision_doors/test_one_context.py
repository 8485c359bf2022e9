"""The HTTPS door makes its TLS context once, and anew where its certificate is another one."""

import os
import ssl
from pathlib import Path
from types import SimpleNamespace

from appliance.provision.http_worker import OneContext


def test_one_context_serves_every_connection_until_the_certificate_changes(tmp_path: Path) -> None:
    certificate = tmp_path / "phones.pem"
    certificate.write_text("one")
    made: list[ssl.SSLContext] = []

    def read() -> ssl.SSLContext:
        made.append(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        return made[-1]

    context = OneContext()
    asked = SimpleNamespace(certfile=str(certificate))
    assert context(asked, read) is context(asked, read) is made[0]

    os.utime(certificate, ns=(1, 1))
    assert context(asked, read) is made[1]
    assert len(made) == 2
