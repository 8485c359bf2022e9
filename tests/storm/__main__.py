"""`make storm`: a thousand phones powered on together; the figures to the terminal, the curve and the page to docs/.

`--phones N`, `--spread S` (seconds within which all are powered on), `--enrolled` (with a centre), `--dry` (no files).
"""

import argparse
import os
import platform
import sys
import time

from tests.lab.building import ROOT
from tests.lab.lab import Lab
from tests.lab.netns import sweep
from tests.storm.figures import curve, table
from tests.storm.storm import Storm, storm_building, street
from tests.storm.street import SHARES, residents

DOCS = ROOT / "docs"
PAGE, CURVE = "boot-storm.md", "boot-storm.svg"
MARK = "<!-- figures: written by make storm -->"
NEW, BACK = "New phones, all at once", "The same phones when power comes back"
SECONDS_MOST, RETRIES_MOST = 60, 2


def main() -> int:
    asked = _arguments()
    sweep()
    phones = residents(asked.phones)
    with Lab() as lab:
        building = storm_building(lab, phones, enrolled=asked.enrolled)
        with street(building, phones, asked.spread) as lived_in:
            storms = {NEW: lived_in.power_on(), BACK: lived_in.power_on()}
    figures = "\n\n".join(f"## {name}\n\n{table(storm)}" for name, storm in storms.items())
    print(figures)
    for boot in (b for storm in storms.values() for b in storm.failures[:5]):
        print(f"failed: {boot.family} {boot.number}: {boot.failed}", file=sys.stderr)
    if not asked.dry:
        _write(figures, curve(storms[BACK], f"Power comes back to {asked.phones} phones"), asked)
    good = all(_good(storm) for storm in storms.values())
    print(f"P-14: {'met' if good else 'NOT met'}")
    return 0 if good else 1


def _good(storm: Storm) -> bool:
    return not storm.failures and storm.first_to_last_s <= SECONDS_MOST and storm.most_retries <= RETRIES_MOST


def _arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser(prog="make storm", description=__doc__)
    words.add_argument("--phones", type=int, default=1000)
    words.add_argument("--spread", type=float, default=1.0)
    words.add_argument("--enrolled", action="store_true")
    words.add_argument("--dry", action="store_true")
    return words.parse_args()


def _write(figures: str, drawn: str, asked: argparse.Namespace) -> None:
    (DOCS / CURVE).write_text(drawn, encoding="utf-8")
    page = DOCS / PAGE
    head = page.read_text(encoding="utf-8").partition(MARK)[0]
    when = time.strftime("%Y-%m-%d", time.gmtime())
    shares = ", ".join(f"{name} {share}" for name, share in SHARES.items())
    told = f"{when}, Linux {platform.release()}, {os.cpu_count()} cores, all powered on within {asked.spread:g} s."
    page.write_text(f"{head}{MARK}\n\n{told} Families, of a hundred phones: {shares}.\n\n{figures}\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
