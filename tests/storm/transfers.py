"""How a phone of a storm fetches: as phoneboot.py does it, with every further try counted and paced as phones do."""

import http.client
import socket
import ssl
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.lab.netns import Namespace

PATIENCE_S = 10.0
"""Of a phone with an HTTP answer."""
TFTP_PATIENCE_S, TFTP_PATIENCE_MOST_S = 2.0, 8.0
"""Doubled at each silence (RFC 1123 §4.2.3.2 asks for adaptive time-outs); the clients of computers wait 5 s."""
TRIES_MOST = 5
BUSY = (429, 500, 502, 503, 504)
FILE_MOST = 4 << 20


@dataclass
class Transfers:
    """One phone's. `retries`: requests and acknowledgements that it sent again."""

    retries: int = 0
    slowest_s: float = 0.0
    trust: ssl.SSLContext | None = field(default=None, repr=False)

    def fetch(self, url: str, user_agent: str, place: Namespace | None, source: str) -> bytes | None:
        """The file; None where the server says that it has none. Raises OSError when the phone gives up."""
        parts = urlsplit(url)
        began = time.monotonic()
        if parts.scheme == "tftp":
            found = self._tftp((parts.hostname or "", parts.port or 69), parts.path.lstrip("/"), source)
        else:
            found = self._http(url, user_agent, source)
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        return found

    def _http(self, url: str, user_agent: str, source: str) -> bytes | None:
        for tries in range(TRIES_MOST):
            self.retries += bool(tries)
            pause = 1.0 + tries
            try:
                status, headers, body = self._asked(url, user_agent, source)
            except (OSError, http.client.HTTPException) as failed:
                last: Exception | str = failed
            else:
                if status not in BUSY:
                    return body if status == 200 else None
                last = f"status {status}"
                pause = float(headers.get("Retry-After", pause))
            # A phone waits before it asks again; this is the phone's own time, not a test's.
            time.sleep(pause)
        raise OSError(f"{url}: given up: {last}")

    def _asked(self, url: str, user_agent: str, source: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        parts = urlsplit(url)
        host = parts.hostname or ""
        bound = (source, 0)
        connection = (
            http.client.HTTPSConnection(
                host, parts.port or 443, timeout=PATIENCE_S, source_address=bound, context=self.trust
            )
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, parts.port or 80, timeout=PATIENCE_S, source_address=bound)
        )
        try:
            connection.request("GET", parts.path, headers={"User-Agent": user_agent})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read(FILE_MOST)
        finally:
            connection.close()

    def _tftp(self, server: tuple[str, int], path: str, source: str) -> bytes | None:
        """RFC 1350 read, octet, 512-octet blocks, as old phones do it."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as us:
            us.bind((source, 0))
            us.settimeout(TFTP_PATIENCE_S)
            said = b"\0\x01" + path.encode() + b"\0octet\0"
            peer, data, block, tries = server, b"", 1, 0
            us.sendto(said, peer)
            while True:
                try:
                    packet, sender = us.recvfrom(2048)
                except TimeoutError:
                    tries += 1
                    if tries > TRIES_MOST:
                        raise
                    self.retries += 1
                    us.settimeout(min(TFTP_PATIENCE_S * 2**tries, TFTP_PATIENCE_MOST_S))
                    us.sendto(said, peer)
                    continue
                if packet[:2] == b"\0\x05":
                    return None
                if packet[:2] != b"\0\x03" or int.from_bytes(packet[2:4], "big") != block & 0xFFFF:
                    continue
                peer, data, tries, block = sender, data + packet[4:], 0, block + 1
                us.settimeout(TFTP_PATIENCE_S)
                said = b"\0\x04" + packet[2:4]
                us.sendto(said, peer)
                if len(packet) < 516:
                    return data
