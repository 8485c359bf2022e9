"""Frozen dataclasses that a worker makes at half the price: their fields are assigned, not set by object.__setattr__.

That nobody changes one is mypy's to see, and the tests', where they stay frozen. A call makes some sixty of them.
"""

import sys
from collections.abc import Iterable
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

OURS = ("appliance.", "wire.")


def thaw_ours() -> None:
    """Every frozen dataclass of ours that is loaded. Once a process, before it makes many of them."""
    for module in [m for name, m in sys.modules.items() if name.startswith(OURS)]:
        for found in list(vars(module).values()):
            if isinstance(found, type) and found.__module__ == module.__name__:
                thaw(found)


def thaw(cls: type) -> bool:
    """Whether it was one, and of the plain kind: all of its fields are positional arguments, and nothing else is."""
    if not is_dataclass(cls) or "__setattr__" not in vars(cls) or not _is_plain(cls, fields(cls)):
        return False
    made = _initialiser([f.name for f in fields(cls)])
    made.__defaults__ = cls.__init__.__defaults__
    cls.__init__ = made  # type: ignore[method-assign]
    del cls.__setattr__, cls.__delattr__
    return True


def _is_plain(cls: type, its: Iterable[Field[Any]]) -> bool:
    odd = hasattr(cls, "__post_init__") or any("__setattr__" in vars(base) for base in cls.__mro__[1:-1])
    return not odd and all(f.init and not f.kw_only and f.default_factory is MISSING for f in its)


def _initialiser(names: list[str]) -> Any:
    place: dict[str, Any] = {}
    body = "\n".join(f"    self.{name} = {name}" for name in names) or "    pass"
    exec(f"def __init__({', '.join(['self', *names])}):\n{body}\n", place)  # noqa: S102 - names of fields of ours
    return place["__init__"]
