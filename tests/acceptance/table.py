"""Prints the abilities that tests prove, and writes them to build/acceptance.tsv: id, tests, passed.

An ability of a ‡ row needs passing tests with the centre reachable and with it cut off. Run after the tests:
`make acceptance` does both.
"""

import csv
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
ABILITIES = ROOT / "docs" / "acceptance.tsv"
RESULTS = ROOT / "build" / "acceptance-results.tsv"
OUT = ROOT / "build" / "acceptance.tsv"


@dataclass
class Proof:
    """Tests of one ability by state of the centre ("up", "cut" or "" where it plays no part) and outcome."""

    tests: int = 0
    passed: int = 0
    states: set[str] = field(default_factory=set)

    def both(self) -> bool:
        return {"up", "cut"} <= self.states


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def proofs(results: list[dict[str, str]]) -> dict[str, Proof]:
    found: dict[str, Proof] = defaultdict(Proof)
    for row in results:
        proof = found[row["id"]]
        proof.tests += 1
        if row["outcome"] == "passed":
            proof.passed += 1
            proof.states.add(row["centre"])
    return dict(found)


def main() -> int:
    if not RESULTS.exists():
        print("No test of an ability has run: run `make acceptance`.", file=sys.stderr)
        return 1
    abilities = {row["id"]: row for row in read(ABILITIES)}
    proved = proofs(read(RESULTS))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    with OUT.open("w", encoding="utf-8") as out:
        out.write("id\ttests\tpassed\n")
        for key, proof in sorted(proved.items()):
            out.write(f"{key}\t{proof.tests}\t{proof.passed}\n")
    table = Table(title="Abilities that tests prove (docs/acceptance.tsv)")
    for column in ("id", "ability", "tests", "passed", "centre"):
        table.add_column(column, justify="right" if column in ("tests", "passed") else "left")
    for key, proof in sorted(proved.items()):
        row = abilities.get(key, {"ability": "not in the table of abilities", "centre": ""})
        needs_both = row["centre"] == "up and cut"
        shown = "up and cut" if proof.both() else ("up only" if "up" in proof.states else "")
        colour = "green" if proof.passed == proof.tests and (proof.both() or not needs_both) else "yellow"
        colour = "red" if proof.passed < proof.tests else colour
        table.add_row(key, row["ability"], str(proof.tests), str(proof.passed), shown, style=colour)
    Console().print(table)
    missing = [key for key in abilities if key not in proved]
    print(f"{len(proved)} of {len(abilities)} abilities have tests; without: {' '.join(missing) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
