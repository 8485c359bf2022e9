"""SIPp beside a building's engines: flows written down in scenarios/, message by message."""

import os
import subprocess
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


def from_carrier(b: Building, scenario: str, number: str) -> "subprocess.Popen[bytes]":
    """One call of the sample's trunk to this number, as this file of scenarios/ has it."""
    return sipp(
        b,
        *("-sf", str(SCENARIOS / f"{scenario}.xml"), "-s", number, "-p", str(b.carrier_port), "-m", "1"),
        *("-nr", "-timeout_error", "-trace_err", "-error_file", f"{scenario}.err", f"{ADDRESS}:{b.settings.sip.port}"),
    )


def ended_well(b: Building, program: "subprocess.Popen[bytes]", scenario: str) -> None:
    """Waits for its end. AssertionError with what SIPp did not expect."""
    said = b.directory / f"{scenario}.err"
    try:
        status = program.wait(15)
    finally:
        program.kill()
        program.wait()
    assert status == 0, said.read_text(errors="replace")[-3000:] if said.exists() else f"{scenario}: {status}"
