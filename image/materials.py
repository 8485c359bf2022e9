"""Bill of materials of an image, as CycloneDX 1.5 JSON on standard output: Debian packages, Python packages, licences.

    materials.py ROOT        ROOT: the folder that becomes the image
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from typing import Any


def debian(root: Path) -> Iterator[dict[str, Any]]:
    """One component a Debian package. Licences are the short names of its copyright file (DEP-5)."""
    listed = subprocess.run(
        ["dpkg-query", f"--admindir={root / 'var/lib/dpkg'}", "-W", "-f", "${Package}\t${Version}\t${Architecture}\n"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for line in sorted(listed.splitlines()):
        name, version, architecture = line.split("\t")
        copyright_file = root / "usr/share/doc" / name / "copyright"
        yield component(name, version, f"pkg:deb/debian/{name}@{version}?arch={architecture}", licences(copyright_file))


def licences(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return sorted({found.strip() for found in re.findall(r"^License:[ \t]*(\S[^\n]*)$", text, re.MULTILINE)})


def python(root: Path) -> Iterator[dict[str, Any]]:
    """One component a Python package of the appliance's environment."""
    for path in sorted(root.glob("opt/conserje/venv/lib/python3*/site-packages/*.dist-info/METADATA")):
        headers = HeaderParser().parsestr(path.read_text(encoding="utf-8", errors="replace"))
        name, version = str(headers["Name"]), str(headers["Version"])
        stated = headers["License-Expression"] or headers["License"] or ""
        classified = [c.rsplit(" :: ", 1)[1] for c in headers.get_all("Classifier", []) if c.startswith("License ::")]
        first_line = str(stated).strip().splitlines()[:1]
        yield component(name, version, f"pkg:pypi/{name.lower()}@{version}", first_line or classified)


def component(name: str, version: str, purl: str, names: list[str]) -> dict[str, Any]:
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": purl,
        "licenses": [{"license": {"name": n}} for n in names],
    }


def main(root: Path) -> None:
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "operating-system", "name": "conserje"}},
        "components": [*debian(root), *python(root)],
    }
    json.dump(document, sys.stdout, indent=1, sort_keys=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
