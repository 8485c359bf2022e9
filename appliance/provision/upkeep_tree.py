"""A parameter by hand in a file of nested XML: its name is the path of its element (`sysConf/sip/line[2]/MWINum`).

Pure. The rest of the file stays octet for octet; families.py has compiled the template that it came of.
"""

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from appliance.provision.escapes import ESCAPES

STEP = re.compile(r"([A-Za-z_][\w.-]*)(?:\[(\d+)\])?")
INDENT = "  "


@dataclass(slots=True)
class _Places:
    """Where elements begin and end in the text, in octets, by their paths; the first of each name counts."""

    text: bytes
    content: dict[str, tuple[int, int]] = field(default_factory=dict)
    stack: list[tuple[str, int]] = field(default_factory=list)

    def read(self) -> None:
        parser = expat.ParserCreate()

        def begins(name: str, attributes: dict[str, str]) -> None:
            path = "/".join([*(p for p, _ in self.stack[-1:]), name + _index(attributes)])
            self.stack.append((path, self.text.index(b">", parser.CurrentByteIndex) + 1))

        def ends(_: str) -> None:
            path, start = self.stack.pop()
            self.content.setdefault(path, (start, max(start, parser.CurrentByteIndex)))

        parser.StartElementHandler = begins
        parser.EndElementHandler = ends
        parser.Parse(self.text, True)


def _index(attributes: dict[str, str]) -> str:
    return f"[{attributes['index']}]" if "index" in attributes else ""


def write_in_tree(text: str, name: str, value: str) -> str:
    """The file with this element holding the value: replaced where it stands, else added where its path leads.

    A path of another root changes nothing. Raises expat.ExpatError when the file is not XML.
    """
    data, written = text.encode(), ESCAPES["xml"](value).encode()
    places = _Places(data)
    places.read()
    if name in places.content:
        start, end = places.content[name]
        return (data[:start] + written + data[end:]).decode()
    steps = name.split("/")
    known = next((n for n in range(len(steps) - 1, 0, -1) if "/".join(steps[:n]) in places.content), 0)
    if not known:
        return text
    _, end = places.content["/".join(steps[:known])]
    # Before the line of the closing tag, one step further in.
    line = data.rfind(b"\n", 0, end) + 1
    at = line if not data[line:end].strip() else end
    return (data[:at] + _nested(steps[known:], written.decode(), known).encode() + data[at:]).decode()


def _nested(steps: list[str], value: str, depth: int) -> str:
    found = STEP.fullmatch(steps[0])
    assert found, "a form's `name` takes paths only"
    tag, index = found[1], f' index="{found[2]}"' if found[2] else ""
    if len(steps) == 1:
        return f"{INDENT * depth}<{tag}{index}>{value}</{tag}>\n"
    inner = _nested(steps[1:], value, depth + 1)
    return f"{INDENT * depth}<{tag}{index}>\n{inner}{INDENT * depth}</{tag}>\n"
