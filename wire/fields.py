"""What a field of a wire row may say of itself."""

from dataclasses import field
from typing import Any


def secret() -> Any:
    """A text that is sealed wherever it touches a disk, and shown in no repr."""
    return field(default="", repr=False, metadata={"secret": True})
