"""What every test run has: what killed runs left is swept away, abilities proved are written down, leaks fail the run.

`build/acceptance-results.tsv` gets one line for each test of an acceptance row; table.py makes the table of it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import leaks, netns
from tests.lab.lab import Lab
from tests.lab.redact import redact

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "acceptance-results.tsv"
CENTRE_PARAMETER = "centre"
"""A test of a ‡ row is parametrised by this name: "up" and "cut"."""
NOT_EVERYWHERE = ("no network namespaces here", "mounts a small disk")
"""The only reasons for which a test may be passed over in CI: what a machine refuses, and nobody can install."""
results_key = pytest.StashKey[list[tuple[str, str, str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[results_key] = []
    netns.sweep()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[assignment]  # pluggy sends the report in
    if report.skipped and os.environ.get("CI") and not _may_be_skipped(report):
        # What `make test` installs is there: a test that says otherwise hides a fault of the set-up.
        report.outcome = "failed"
    if report.when == "call" or report.outcome != "passed":
        _write_down(item, report)
    if report.when == "call" and report.failed:
        for lab in _labs_of(item):
            report.sections.append(("engines' logs", redact(lab.logs())))
    return report  # type: ignore[return-value]


def _may_be_skipped(report: pytest.TestReport) -> bool:
    return any(reason in str(report.longrepr) for reason in NOT_EVERYWHERE)


def pytest_sessionfinish(session: pytest.Session) -> None:
    rows = session.config.stash[results_key]
    if rows:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        lines = ["id\ttest\tcentre\toutcome", *("\t".join(row) for row in rows)]
        RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    left = leaks.found()
    if left:
        session.config.stash[leaks_key] = left
        session.exitstatus = max(int(session.exitstatus), pytest.ExitCode.TESTS_FAILED)


leaks_key = pytest.StashKey[tuple[str, ...]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for leak in config.stash.get(leaks_key, ()):
        terminalreporter.write_line(f"left behind by the tests: {leak}", red=True)


def _write_down(item: pytest.Item, report: pytest.TestReport) -> None:
    callspec = getattr(item, "callspec", None)
    centre = str(callspec.params.get(CENTRE_PARAMETER, "")) if callspec else ""
    rows = item.config.stash[results_key]
    for marker in item.iter_markers("acceptance"):
        for ability in marker.args:
            row = (str(ability), item.nodeid, centre)
            rows[:] = [r for r in rows if r[:3] != row]
            rows.append((*row, report.outcome))


def _labs_of(item: pytest.Item) -> tuple[Lab, ...]:
    values = getattr(item, "funcargs", {}).values()
    labs = [v for v in values if isinstance(v, Lab)] + [v.lab for v in values if hasattr(v, "lab")]
    return tuple({id(lab): lab for lab in labs if isinstance(lab, Lab)}.values())
