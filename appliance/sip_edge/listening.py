"""Whether the addresses and ports that an engine is about to listen on can be had, in words where they cannot."""

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.errors import EngineProblem, Words


@dataclass(frozen=True, slots=True)
class Listener:
    """`workers`: processes that share it; 0: the engine's own choice."""

    transport: str
    address: str
    port: int
    workers: int = 0


def check_free(listeners: Iterable[Listener], engine: str) -> None:
    """Raises EngineProblem for the first that is taken, or whose address this box does not have."""
    for listener in listeners:
        kind = socket.SOCK_DGRAM if listener.transport == "udp" else socket.SOCK_STREAM
        family = socket.AF_INET6 if ":" in listener.address else socket.AF_INET
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                # Connections of the process before may still be closing; a listener there still refuses.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((listener.address, listener.port))
            except OSError as refused:
                raise _why(listener, engine, refused) from refused


def _why(listener: Listener, engine: str, refused: OSError) -> EngineProblem:
    where = f"{listener.transport}:{listener.address}:{listener.port}"
    if refused.errno == errno.EADDRINUSE:
        return EngineProblem(
            Words(f"{engine} cannot start: {where} is taken.", f"{engine} no puede iniciar: {where} está ocupado."),
            Words(
                f"End the program that holds it (`ss -lnp | grep {listener.port}`), or choose another port.",
                f"Cierre el programa que lo ocupa (`ss -lnp | grep {listener.port}`) o elija otro puerto.",
            ),
        )
    if refused.errno == errno.EADDRNOTAVAIL:
        return EngineProblem(
            Words(
                f"{engine} cannot start: this box does not have the address {listener.address}.",
                f"{engine} no puede iniciar: este equipo no tiene la dirección {listener.address}.",
            ),
            Words(
                "Check the addresses in [network] and the network cables.",
                "Revise las direcciones en [network] y los cables de red.",
            ),
        )
    return EngineProblem(
        Words(f"{engine} cannot listen on {where}: {refused}.", f"{engine} no puede escuchar en {where}: {refused}."),
        Words("Check who may open this port.", "Revise quién puede abrir este puerto."),
    )
