"""A handshake that ends with the line is no refusal: what was to be sent is sent again as soon as the line is back."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from appliance.sync.client import broke_off


def _answered_by(serve: Callable[[socket.socket], None]) -> requests.exceptions.SSLError:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def once() -> None:
            with listening.accept()[0] as connection:
                serve(connection)

        server = threading.Thread(target=once)
        server.start()
        with pytest.raises(requests.exceptions.SSLError) as wrong:
            requests.get(f"https://127.0.0.1:{listening.getsockname()[1]}/", timeout=5)
        server.join(5)
        return wrong.value


def test_a_line_that_ends_in_the_handshake_is_no_refusal() -> None:
    def hangs_up(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(4096)

    assert broke_off(_answered_by(hangs_up))


def test_a_certificate_of_nobody_we_know_is_one(tmp_path: Path) -> None:
    names = (str(tmp_path / "key.pem"), str(tmp_path / "cert.pem"))
    made = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    subprocess.run(
        [*made, "-keyout", names[0], "-out", names[1], "-subj", "/CN=127.0.0.1"], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(names[1], names[0])

    def impostor(connection: socket.socket) -> None:
        with pytest.raises(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)

    assert not broke_off(_answered_by(impostor))
