"""The image as a machine in QEMU, under software emulation: started, asked from outside, and stopped.

The disk is copied first; a seed on its boot partition gives it settings, as a technician would.
"""

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

IMAGE = Path(__file__).parents[2] / "build" / "image" / "conserje.raw"
BOOT_OFFSET = "1M"
MEMORY_MIB = 2048
INSIDE = "10.0.2.15"
"""What QEMU's user network gives its only guest."""


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Machine:
    """`ports` maps (protocol, port inside) to the port on 127.0.0.1."""

    process: subprocess.Popen[bytes]
    console: Path
    ports: Mapping[tuple[str, int], int]
    started: float = field(default_factory=time.monotonic)

    def address(self, protocol: str, inside: int) -> tuple[str, int]:
        return "127.0.0.1", self.ports[(protocol, inside)]

    def seconds(self) -> float:
        """Since power."""
        return time.monotonic() - self.started


@contextmanager
def booted(directory: Path, seed: str, inside: tuple[tuple[str, int], ...]) -> Iterator[Machine]:
    """A running machine with the settings `seed`; `inside` are the (protocol, port) to reach it by."""
    disk = directory / "disk.raw"
    subprocess.run(["cp", "--sparse=always", str(IMAGE), str(disk)], check=True)
    (directory / "seed.toml").write_text(seed, encoding="utf-8")
    subprocess.run(
        ["mcopy", "-o", "-i", f"{disk}@@{BOOT_OFFSET}", str(directory / "seed.toml"), "::/conserje-seed.toml"],
        check=True,
    )
    kinds = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
    ports = {(protocol, port): free_port(kinds[protocol]) for protocol, port in inside}
    forwards = "".join(f",hostfwd={pr}:127.0.0.1:{outside}-:{port}" for (pr, port), outside in ports.items())
    console = directory / "console.log"
    process = subprocess.Popen(
        [
            "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", str(MEMORY_MIB),
            "-drive", f"file={disk},format=raw,if=virtio",
            "-netdev", f"user,id=n0{forwards}", "-device", "virtio-net-pci,netdev=n0",
            "-display", "none", "-serial", f"file:{console}", "-no-reboot",
        ],
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield Machine(process, console, ports)
    finally:
        process.terminate()
        process.wait(10)
