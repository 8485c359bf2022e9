"""How a value is written into each kind of file. A template cannot forget it: every `{{ value }}` passes through one.

The escape belongs to the format, never to a vendor; a descriptor names it.
"""

import re
from collections.abc import Callable
from xml.sax.saxutils import escape as _xml_escape

# What would end a line or a value somewhere, and all that XML 1.0 §2.2 does not allow.
_BREAKS = re.compile("[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]+")


def line(value: str) -> str:
    """For `key = value` to the end of the line: what could end or split the line becomes a space."""
    return _BREAKS.sub(" ", value).strip()


def xml(value: str) -> str:
    """For XML content and attributes in either quote, on one line."""
    return _xml_escape(line(value), {'"': "&quot;", "'": "&apos;"})


def quoted(value: str) -> str:
    """For `name="value"` without an escape for the quote: a typographic quote takes its place."""
    return line(value).replace('"', "\u201d")


ESCAPES: dict[str, Callable[[str], str]] = {"line": line, "xml": xml, "quoted": quoted}


def carries(escape: str, value: str) -> bool:
    """Whether the phone reads back just this value: a password that it would read otherwise must not be written."""
    return ESCAPES[escape](value) == value if escape == "quoted" else line(value) == value
