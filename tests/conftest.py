"""What every test run has: what killed runs left is swept away, abilities proved are written down, leaks fail the run.

`build/acceptance-results.tsv` gets one line for each test of an acceptance row; table.py makes the table of it.
`make test` runs three workers beside each other (xdist), then what wants the machine for itself (marked `alone`).
"""

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.lab import leaks, netns
from tests.lab.lab import Lab
from tests.lab.redact import redact
from tests.order import seconds

# How long one example takes is the machine's affair, which others may share; `make bench` measures.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "acceptance-results.tsv"
CENTRE_PARAMETER = "centre"
"""A test of a ‡ row is parametrised by this name: "up" and "cut"."""
NOT_EVERYWHERE = ("no network namespaces here", "mounts a small disk")
"""The only reasons for which a test may be passed over in CI: what a machine refuses, and nobody can install."""
results_key = pytest.StashKey[dict[tuple[str, str, str], str]]()
leaks_key = pytest.StashKey[list[str]]()
PROVES = "proves"
"""A report's property: what its test proves, as it travels from a worker to whoever counts."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[results_key] = {}
    config.stash[leaks_key] = []
    if not _is_worker(config):
        netns.sweep()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: -seconds(item.path))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[assignment]  # pluggy sends the report in
    if report.skipped and os.environ.get("CI") and not _may_be_skipped(report):
        # What `make test` installs is there: a test that says otherwise hides a fault of the set-up.
        report.outcome = "failed"
    callspec = getattr(item, "callspec", None)
    centre = str(callspec.params.get(CENTRE_PARAMETER, "")) if callspec else ""
    abilities = [str(ability) for marker in item.iter_markers("acceptance") for ability in marker.args]
    report.user_properties.append((PROVES, [centre, *abilities]))
    if report.when == "call" and report.failed:
        for lab in _labs_of(item):
            report.sections.append(("engines' logs", redact(lab.logs())))
    return report  # type: ignore[return-value]


def _may_be_skipped(report: pytest.TestReport) -> bool:
    return any(reason in str(report.longrepr) for reason in NOT_EVERYWHERE)


class Counting:
    """Writes down what was proved, and fails a run that leaves something behind. In the process that prints."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.outcome == "passed":
            return
        for name, value in report.user_properties:
            if name == PROVES and isinstance(value, list):
                centre, *abilities = value
                for ability in abilities:
                    self._config.stash[results_key][ability, report.nodeid, centre] = report.outcome

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """A worker of pytest-xdist is done."""
        self._config.stash[leaks_key] += getattr(node, "workeroutput", {}).get("leaks", [])


def pytest_sessionstart(session: pytest.Session) -> None:
    if not _is_worker(session.config):
        session.config.pluginmanager.register(Counting(session.config))


def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if _is_worker(config):
        config.workeroutput["leaks"] = list(leaks.found())  # type: ignore[attr-defined]  # pytest-xdist's
        return
    _write_down(config.stash[results_key])
    if not config.getoption("numprocesses", None):
        # Whose workers are still about to end has children that are none of a test's.
        config.stash[leaks_key] += leaks.found()
    if config.stash[leaks_key]:
        session.exitstatus = max(int(session.exitstatus), pytest.ExitCode.TESTS_FAILED)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for leak in config.stash.get(leaks_key, []):
        terminalreporter.write_line(f"left behind by the tests: {leak}", red=True)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _write_down(proved: dict[tuple[str, str, str], str]) -> None:
    """Tests that ran replace what an earlier run wrote of them; what it wrote of others stays."""
    if not proved:
        return
    ran = {test for _, test, _ in proved}
    rows = [(*key, outcome) for key, outcome in proved.items()]
    if RESULTS.exists():
        with RESULTS.open(encoding="utf-8", newline="") as file:
            before = [(r["id"], r["test"], r["centre"], r["outcome"]) for r in csv.DictReader(file, delimiter="\t")]
        rows = [*(r for r in before if r[1] not in ran), *rows]
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    lines = ["id\ttest\tcentre\toutcome", *("\t".join(row) for row in rows)]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _labs_of(item: pytest.Item) -> tuple[Lab, ...]:
    values = getattr(item, "funcargs", {}).values()
    labs = [v for v in values if isinstance(v, Lab)] + [v.lab for v in values if hasattr(v, "lab")]
    return tuple({id(lab): lab for lab in labs if isinstance(lab, Lab)}.values())
