"""The server's side of TLS: buildings show a certificate of our CA, browsers none; nobody holds a thread for long."""

import ssl
from pathlib import Path

REQUEST_S = 20.0
"""How long one read or write of a connection may take: a peer that says half a word is sent away."""


class PatientSocket(ssl.SSLSocket):
    """Blocking, but never without end: gunicorn's threads take no time limit of their own."""

    def do_handshake(self, block: bool = False) -> None:
        self.settimeout(REQUEST_S)
        super().do_handshake(block)

    def setblocking(self, flag: bool) -> None:
        self.settimeout(REQUEST_S if flag else 0.0)


def server_context(certificate: Path, ca: Path) -> ssl.SSLContext:
    """TLS 1.2 and later; a client's certificate is asked for, and when one is shown it must be of our CA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate)
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.sslsocket_class = PatientSocket
    return context
