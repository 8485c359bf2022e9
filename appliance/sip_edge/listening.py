"""What an engine is about to listen on."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.binding import require_port


@dataclass(frozen=True, slots=True)
class Listener:
    """`workers`: processes that share it; 0: the engine's own choice."""

    transport: str
    address: str
    port: int
    workers: int = 0
    advertised: str = ""
    """Address and port that it names to the far end, where they are not its own."""


def check_free(listeners: Iterable[Listener], engine: str) -> None:
    """Raises EngineProblem for the first that is taken, or whose address this box does not have."""
    for listener in listeners:
        kind = socket.SOCK_DGRAM if listener.transport == "udp" else socket.SOCK_STREAM
        require_port(kind, listener.address, listener.port, engine)
