"""`make bench`: runs every tests/bench/bench_*.py, prints the table, writes build/bench.tsv.

python -m tests.bench [WORD ...]      only the modules whose name holds a word
"""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from rich.console import Console
from rich.table import Table

from tests.bench.results import NO_GOAL, Result

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "build" / "bench.tsv"


def modules(words: list[str]) -> list[str]:
    names = sorted(p.stem for p in HERE.glob("bench_*.py"))
    return [n for n in names if not words or any(w in n for w in words)]


def main() -> int:
    """Exit code 1 when a goal is missed."""
    console = Console()
    results: list[Result] = []
    for name in modules(sys.argv[1:]):
        console.print(f"[dim]{name} …[/dim]")
        measure = cast(Callable[[], list[Result]], import_module(f"tests.bench.{name}").measure)
        results += measure()
    table = Table(title="Ratios against a reference in the same run")
    for heading in ("name", "ours", "reference", "ratio", "goal", ""):
        table.add_column(heading, justify="left" if heading in ("name", "") else "right")
    for r in results:
        promised = r.goal != NO_GOAL
        verdict = ("met" if r.met else "[bold red]missed[/bold red]") if promised else ""
        reference = f"{r.reference:,.1f} {r.unit} ({r.reference_is})"
        table.add_row(
            r.name,
            f"{r.ours:,.1f} {r.unit}",
            reference,
            f"{r.ratio:.2f}",
            f"≥ {r.goal:.2f}" if promised else "",
            verdict,
        )
    console.print(table)
    OUT.parent.mkdir(exist_ok=True)
    lines = ["name\tours\treference\tratio\tgoal\tunit\treference_is"]
    lines += [
        f"{r.name}\t{r.ours:.3f}\t{r.reference:.3f}\t{r.ratio:.3f}\t{r.goal:.2f}\t{r.unit}\t{r.reference_is}"
        for r in results
    ]
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0 if all(r.met for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
