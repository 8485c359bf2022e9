"""Writes the settings files of a lab; what it writes is read back before it counts."""

import json
import tomllib
from collections.abc import Mapping
from typing import Any


def as_toml(values: Mapping[str, Any]) -> str:
    """TOML of plain values and one level of sections. Raises AssertionError for what it cannot write."""
    lines = [f"{k} = {_value(v)}" for k, v in values.items() if not isinstance(v, Mapping)]
    for section, content in values.items():
        if isinstance(content, Mapping):
            lines += ["", f"[{section}]", *(f"{k} = {_value(v)}" for k, v in content.items())]
    text = "\n".join(lines) + "\n"
    assert tomllib.loads(text) == dict(values), "these settings cannot be written as TOML"
    return text


def _value(value: Any) -> str:
    # JSON's strings, numbers, booleans and lists of them are TOML's too.
    return json.dumps(value, ensure_ascii=False)
