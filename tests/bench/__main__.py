"""`make bench`: runs every tests/bench/bench_*.py, prints the table, writes build/bench.tsv.

python -m tests.bench [WORD ...]      only the modules whose name holds a word

Each benchmark is a process of its own, so that what one leaves behind weighs on no other. One that breaks is run once
more; the file is written after each, so that a long run that is cut short has left something.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.results import NO_GOAL, Result

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "build" / "bench.tsv"
ONE = "--one"
TRIES = 2
LONGEST_S = 600
"""Of one benchmark."""


def modules(words: Sequence[str]) -> list[str]:
    names = sorted(p.stem for p in HERE.glob("bench_*.py"))
    return [n for n in names if not words or any(w in n for w in words)]


def main(words: Sequence[str]) -> int:
    """Exit code 1 when a goal is missed, or a benchmark broke each time."""
    console = Console()
    results: list[Result] = []
    broken: list[str] = []
    for name in modules(words):
        began = time.monotonic()
        found = next((f for _ in range(TRIES) if (f := measured(name)) is not None), None)
        console.print(f"{name}: {time.monotonic() - began:.0f} s")
        if found is None:
            broken.append(name)
        results += found or []
        write(results)
    console.print(table(results))
    for name in broken:
        console.print(f"[bold red]{name} broke {TRIES} times; its figures are missing.[/bold red]")
    return 0 if not broken and all(r.met for r in results) else 1


def measured(name: str) -> list[Result] | None:
    """A benchmark's results, from a process of its own; None when it broke (it has said why)."""
    argv = [sys.executable, "-m", "tests.bench", ONE, name]
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, timeout=LONGEST_S, check=False)
        *said, last = done.stdout.splitlines() or [""]
        sys.stdout.write("".join(f"{line}\n" for line in said if line))
        return [Result(**r) for r in json.loads(last)] if done.returncode == 0 else None
    except subprocess.TimeoutExpired:
        sys.stderr.write(f"{name}: not over within {LONGEST_S} s\n")
        return None


def one(name: str) -> int:
    """In the benchmark's own process: its results are the last line of what it says."""
    found: list[Result] = import_module(f"tests.bench.{name}").measure()
    sys.stdout.write("\n" + json.dumps([asdict(r) for r in found]) + "\n")
    return 0


def write(results: Sequence[Result]) -> None:
    OUT.parent.mkdir(exist_ok=True)
    lines = ["name\tours\treference\tratio\tgoal\tunit\treference_is\tverdict"]
    lines += [
        f"{r.name}\t{r.ours:.3f}\t{r.reference:.3f}\t{r.ratio:.3f}\t{r.goal:.2f}\t{r.unit}\t{r.reference_is}\t{verdict(r)}"
        for r in results
    ]
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")


def verdict(r: Result) -> str:
    return ("met" if r.met else "missed") if r.goal != NO_GOAL else ""


def table(results: Sequence[Result]) -> Table:
    made = Table(title="Ratios against a reference in the same run")
    for heading in ("name", "ours", "reference", "ratio", "goal", ""):
        made.add_column(heading, justify="left" if heading in ("name", "") else "right")
    for r in results:
        made.add_row(
            r.name,
            f"{r.ours:,.1f} {r.unit}",
            f"{r.reference:,.1f} {r.unit} ({r.reference_is})",
            f"{r.ratio:.2f}",
            f"≥ {r.goal:.2f}" if r.goal != NO_GOAL else "",
            "[bold red]missed[/bold red]" if verdict(r) == "missed" else verdict(r),
        )
    return made


if __name__ == "__main__":
    sys.exit(one(sys.argv[2]) if sys.argv[1:2] == [ONE] else main(sys.argv[1:]))
