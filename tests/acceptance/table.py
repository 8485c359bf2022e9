"""Prints the abilities that tests prove, and writes them to build/acceptance.tsv: id, tests, passed.

An ability of a ‡ row needs passing tests with the centre reachable and with it cut off. Run after the tests:
`make acceptance` does both. With --readme the table is written into the README too, between its two marks.
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
README = ROOT / "README.md"
BEGIN, END = "<!-- acceptance: begin -->", "<!-- acceptance: end -->"


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


def shown_state(proof: Proof) -> str:
    return "up and cut" if proof.both() else ("up" if "up" in proof.states else "")


def write_readme(abilities: dict[str, dict[str, str]], proved: dict[str, Proof]) -> None:
    """Replace what stands between the README's marks."""
    lines = ["| id | ability | tests | passed | centre |", "|---|---|---|---|---|"]
    for key, row in abilities.items():
        if proof := proved.get(key):
            lines.append(f"| {key} | {row['ability']} | {proof.tests} | {proof.passed} | {shown_state(proof)} |")
    without = [key for key in abilities if key not in proved]
    lines.append(f"\nWithout a test yet ({len(without)}): {' '.join(without) or 'none'}.")
    before, rest = README.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    README.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + after, encoding="utf-8")


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
    if "--readme" in sys.argv:
        write_readme(abilities, proved)
    table = Table(title="Abilities that tests prove (docs/acceptance.tsv)")
    for column in ("id", "ability", "tests", "passed", "centre"):
        table.add_column(column, justify="right" if column in ("tests", "passed") else "left")
    for key, proof in sorted(proved.items()):
        row = abilities.get(key, {"ability": "not in the table of abilities", "centre": ""})
        needs_both = row["centre"] == "up and cut"
        colour = "green" if proof.passed == proof.tests and (proof.both() or not needs_both) else "yellow"
        colour = "red" if proof.passed < proof.tests else colour
        table.add_row(key, row["ability"], str(proof.tests), str(proof.passed), shown_state(proof), style=colour)
    Console().print(table)
    missing = [key for key in abilities if key not in proved]
    print(f"{len(proved)} of {len(abilities)} abilities have tests; without: {' '.join(missing) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
