"""SIPp beside a building's engines: flows written down in scenarios/, message by message."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.sip_edge.building import ADDRESS, Building

SCENARIOS = Path(__file__).parent / "scenarios"


def sipp(b: Building, *arguments: str) -> "subprocess.Popen[bytes]":
    """It ends with 0 when each message of the scenario came, and no other."""
    return subprocess.Popen(
        ["sipp", "-i", ADDRESS, "-nostdin", "-timeout", "40", *arguments],
        cwd=b.directory,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TERM": "dumb"},
    )


@contextmanager
def from_carrier(b: Building, scenario: str, number: str) -> Iterator[None]:
    """One call of the sample's trunk to this number, as this file of scenarios/ has it; the phone acts inside.

    AssertionError with what SIPp did not expect.
    """
    said = b.directory / f"{scenario}.err"
    program = sipp(
        b,
        *("-sf", str(SCENARIOS / f"{scenario}.xml"), "-s", number, "-p", str(b.carrier_port), "-m", "1"),
        *("-nr", "-timeout_error", "-trace_err", "-error_file", said.name, f"{ADDRESS}:{b.settings.sip.port}"),
    )
    try:
        yield
        status = program.wait(15)
    finally:
        program.kill()
        program.wait()
    assert status == 0, said.read_text(errors="replace")[-3000:] if said.exists() else f"{scenario}: {status}"
