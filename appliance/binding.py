"""Is our address here and our port free? Asked before an engine starts, so that the answer is a sentence."""

import errno
import socket
import time

from appliance.errors import EngineProblem, Words

PATIENCE_S = 1.0
"""A process that was killed a moment ago may still hold its port."""


def require_port(kind: socket.SocketKind, address: str, port: int, what: str, patience_s: float = PATIENCE_S) -> None:
    """Raises EngineProblem, in words, when `port` of `address` cannot be bound now."""
    end = time.monotonic() + patience_s
    while True:
        refused = _refusal(kind, address, port)
        if refused is None:
            return
        if refused.errno != errno.EADDRINUSE or time.monotonic() >= end:
            raise _problem(refused, address, port, what) from refused
        time.sleep(0.05)


def require_interface(interface: str) -> int:
    """The interface's index. Raises EngineProblem when it is not there."""
    try:
        return socket.if_nametoindex(interface)
    except OSError as missing:
        there = ", ".join(sorted(name for _, name in socket.if_nameindex() if name != "lo")) or "-"
        raise EngineProblem(
            Words(
                f"The voice interface {interface} does not exist. This machine has: {there}.",
                f"La interfaz de voz {interface} no existe. Este equipo tiene: {there}.",
            ),
            Words(
                "Set network.voice_interface in the settings to the one that the phones are on.",
                "Ponga en network.voice_interface de los ajustes la interfaz donde están los teléfonos.",
            ),
        ) from missing


def _refusal(kind: socket.SocketKind, address: str, port: int) -> OSError | None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as trial:
        if kind == socket.SOCK_STREAM:
            # As servers do it: connections that are just ending do not hold the port.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
        except OSError as refused:
            return refused
    return None


def _problem(refused: OSError, address: str, port: int, what: str) -> EngineProblem:
    if refused.errno == errno.EADDRINUSE:
        return EngineProblem(
            Words(
                f"Port {port} of {address} is taken by another program; {what} cannot start.",
                f"Otro programa ocupa el puerto {port} de {address}; {what} no puede iniciar.",
            ),
            Words(
                f"`ss -lnptu 'sport = :{port}'` names it; stop it, or change the setting.",
                f"`ss -lnptu 'sport = :{port}'` dice cuál es; deténgalo, o cambie el ajuste.",
            ),
        )
    if refused.errno == errno.EADDRNOTAVAIL:
        return EngineProblem(
            Words(f"This machine does not have the address {address}.", f"Este equipo no tiene la IP {address}."),
            Words(
                "Give it to its interface, or correct [network] in the settings.",
                "Asígnela a su interfaz, o corrija [network] en los ajustes.",
            ),
        )
    return EngineProblem(
        Words(
            f"Port {port} of {address} cannot be opened for {what}: {refused.strerror}.",
            f"No se puede abrir el puerto {port} de {address} para {what}: {refused.strerror}.",
        ),
        Words(
            "A port below 1024 takes the right CAP_NET_BIND_SERVICE; the service's unit gives it.",
            "Un puerto menor que 1024 requiere CAP_NET_BIND_SERVICE; la unidad del servicio lo otorga.",
        ),
    )
