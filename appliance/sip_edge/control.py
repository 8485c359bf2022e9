"""What the edge service asks of the engines: Kamailio by JSON-RPC, rtpengine by its ng protocol, voice by OPTIONS.

All on loopback, all with short time-outs; an engine that does not answer is None or False here, never an exception.
"""

import secrets
import socket
from typing import Any

from appliance.kamailio_rpc import LOOPBACK, Kamailio

__all__ = ["Kamailio", "Rtpengine", "bdecode", "bencode", "voice_answers"]

PING_S = 0.3
MAX_DATAGRAM = 65_535


class Rtpengine:
    """The ng protocol: a cookie, a space, a bencoded dictionary; one datagram each way."""

    def __init__(self, port: int, timeout_s: float = PING_S) -> None:
        self._port = port
        self._timeout_s = timeout_s

    def answers(self) -> bool:
        return self.ask({"command": "ping"}).get("result") == "pong"

    def calls(self, limit: int = 5000) -> frozenset[str] | None:
        """Call-IDs whose media it holds; None where it does not answer."""
        answer = self.ask({"command": "list", "limit": limit})
        found = answer.get("calls")
        return frozenset(str(c) for c in found) if isinstance(found, list) else None

    def drop(self, call_id: str) -> None:
        """Relays nothing of this call any more."""
        self.ask({"command": "delete", "call-id": call_id})

    def ask(self, command: dict[str, Any]) -> dict[str, Any]:
        """Its answer to a command of texts, whole numbers and lists of texts; empty where there is none."""
        cookie = secrets.token_hex(6)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.settimeout(self._timeout_s)
                s.connect((LOOPBACK, self._port))
                s.send(f"{cookie} ".encode() + bencode(command))
                answer = s.recv(MAX_DATAGRAM)
            head, _, body = answer.partition(b" ")
            decoded = bdecode(body) if head == cookie.encode() else {}
        except (OSError, ValueError):
            return {}
        return decoded if isinstance(decoded, dict) else {}


def voice_answers(port: int, timeout_s: float = PING_S) -> bool:
    """Whether voice answers an OPTIONS (RFC 3261 §11), whatever it answers but 503: that it takes no new calls."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout_s)
        try:
            s.connect((LOOPBACK, port))
            here = s.getsockname()[1]
            tag = secrets.token_hex(6)
            s.send(
                (
                    f"OPTIONS sip:{LOOPBACK}:{port} SIP/2.0\r\n"
                    f"Via: SIP/2.0/UDP {LOOPBACK}:{here};branch=z9hG4bK{tag};rport\r\n"
                    f"From: <sip:edge@{LOOPBACK}>;tag={tag}\r\nTo: <sip:{LOOPBACK}:{port}>\r\n"
                    f"Call-ID: {tag}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n"
                ).encode()
            )
            answer = s.recv(MAX_DATAGRAM)
            return answer.startswith(b"SIP/2.0 ") and not answer.startswith(b"SIP/2.0 503")
        except OSError:
            return False


def bencode(value: str | int | list[str] | dict[str, Any]) -> bytes:
    match value:
        case int():
            return f"i{value}e".encode()
        case str():
            raw = value.encode()
            return f"{len(raw)}:".encode() + raw
        case list():
            return b"l" + b"".join(bencode(one) for one in value) + b"e"
        case dict():
            return b"d" + b"".join(bencode(k) + bencode(value[k]) for k in sorted(value)) + b"e"


def bdecode(data: bytes) -> Any:
    """Raises ValueError on what is not one bencoded value."""
    try:
        value, end = _bdecode(data, 0)
    except (IndexError, RecursionError) as short:
        raise ValueError("cut short") from short
    if end != len(data):
        raise ValueError("something follows")
    return value


def _bdecode(data: bytes, at: int) -> tuple[Any, int]:
    match data[at : at + 1]:
        case b"i":
            end = data.index(b"e", at)
            return int(data[at + 1 : end]), end + 1
        case b"l":
            items, at = [], at + 1
            while data[at] != ord("e"):
                item, at = _bdecode(data, at)
                items.append(item)
            return items, at + 1
        case b"d":
            found, at = {}, at + 1
            while data[at] != ord("e"):
                key, at = _bdecode(data, at)
                found[key], at = _bdecode(data, at)
            return found, at + 1
        case _:
            colon = data.index(b":", at)
            start = colon + 1
            end = start + int(data[at:colon])
            if end > len(data) or end < start:
                raise ValueError("cut short")
            return data[start:end].decode("utf-8", "replace"), end
