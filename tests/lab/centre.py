"""The central office as a lab has it: the real one, under its own supervisor, in a namespace of its own."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.netns import Namespace
from wire.rows import Row


@dataclass
class Centre:
    address: str
    directory: Path
    place: Namespace | None = None
    port: int = 8443
    _started: bool = field(default=False)

    @property
    def url(self) -> str:
        return f"https://{self.address}:{self.port}"

    def start(self) -> None:
        raise RuntimeError("the central office is not there yet")

    def stop(self) -> None: ...

    def load(self, rows: Iterable[Row]) -> str:
        raise RuntimeError("the central office is not there yet")

    def log(self) -> str:
        return ""
