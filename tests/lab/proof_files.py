"""What three families' phones were served in two boots: each file with digest, size, transport and status.

Part of `make proof`; also `python -m tests.lab.proof_files`. Writes build/proof/files.txt as a table for docs/.
"""

import hashlib
import re
import sys
from functools import partial
from pathlib import Path

from tests.lab.building import Building
from tests.lab.lab import Lab
from tests.lab.phoneboot import BootLog
from tests.lab.waiting import until

OUT = Path(__file__).resolve().parents[2] / "build" / "proof"
PEOPLE = ("ana", "beto", "carla")
"""At a Yealink T46S, a Polycom VVX 400 and a Cisco SPA504G."""
HEAD = "| phone | boot | file | transport | status | octets | SHA-256 |\n|---|---|---|---|---|---|---|\n"


def main() -> int:
    with Lab() as lab:
        text = served(lab.building(settings={"provisioning": {"secure_sip": True}}))
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "files.txt").write_text(text, encoding="utf-8")
    print(text, end="")
    return 0


def served(building: Building) -> str:
    """The table: what each phone asked for in two boots, from its own side; the box's history must agree."""
    rows = []
    for person in PEOPLE:
        (phone,) = building.boot(person)
        for number, log in enumerate((phone.boots[-1], phone.reboot()), 1):
            rows += table(f"{phone.device.family.name} {phone.device.model}", number, log)
            until(partial(recorded, building, phone.device.mac, log), 10, "the box's history has each")
    return HEAD + "".join(rows)


def table(phone: str, boot: int, log: BootLog) -> list[str]:
    """A row for each file that it asked for, in that order; of a token its first four characters."""
    rows = []
    for step in (s for s in log.steps if s.what == "get"):
        scheme, _, rest = step.detail.partition("://")
        path = re.sub(r"^t/([\w-]{4})[\w-]*/", r"t/\1.../", rest.partition("/")[2])
        data = log.files.get(step.detail)
        digest = f"`{hashlib.sha256(data).hexdigest()}`" if data is not None else ""
        sealed = ", encrypted" if step.detail in log.opened else ""
        size = str(len(data)) if data is not None else ""
        status = "200" if data is not None else "404"
        rows.append(f"| {phone} | {boot} | `{path}` | {scheme}{sealed} | {status} | {size} | {digest} |\n")
    return rows


def recorded(building: Building, mac: str, log: BootLog) -> bool:
    """Whether the box's own history has every file that the phone was given, with the same digest."""
    kept = {f.sha256 for f in building.local().fetches(mac) if f.status == 200}
    return {hashlib.sha256(data).hexdigest() for data in log.files.values()} <= kept


if __name__ == "__main__":
    sys.exit(main())
