"""The survivability matrix: what is lost, for how long, when something dies. Measured on a building of the lab.

`make proof` writes it to build/proof/survivability.md; with `--docs`, into docs/survivability.md as well.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from os import getloadavg
from pathlib import Path

from appliance.directory.reports import EdgeReport, SyncReportFile
from appliance.processes import wanted
from appliance.vocabulary import LinkState
from tests.lab.audio import spacing
from tests.lab.building import Building
from tests.lab.lab import Lab
from tests.lab.phones import Phone, PhoneCall
from tests.lab.waiting import NotInTime, until

ROOT = Path(__file__).resolve().parents[2]
DOCS, OUT = ROOT / "docs" / "survivability.md", ROOT / "build" / "proof" / "survivability.md"
PATIENCE_S = 20.0
COLUMNS = ("back, or shown", "sound missing in a call", "next call inside", "next call outside", "contacts kept")


@dataclass(frozen=True, slots=True)
class Line:
    """One event. Seconds; negative: it did not come within PATIENCE_S."""

    event: str
    back_s: float
    silence_s: float
    inside_s: float
    outside_s: float
    contacts: str

    def row(self) -> str:
        figures = (_shown(v) for v in (self.back_s, self.silence_s, self.inside_s, self.outside_s))
        return f"| {self.event} | {' | '.join(figures)} | {self.contacts} |"


@dataclass
class House:
    """Four phones: Ana talks to Beto throughout, Carla calls Dario, Elsa calls outside."""

    lab: Lab
    building: Building
    phones: dict[str, Phone]

    def line(self, event: str, happen: Callable[[], float]) -> Line:
        """`happen` makes it happen, and returns the seconds until it is mended, or shown."""
        before = self._contacts()
        call = self.phones["ana"].call("102").established(PATIENCE_S)
        other = self.phones["beto"].incoming(after=self.phones["beto"].called() - 1)
        other.hears(self.phones["ana"].hz)
        back = happen()
        inside = self._until_call("carla", "102")
        outside = self._until_call("elsa", "5512345678")
        call.hears(self.phones["beto"].hz, PATIENCE_S)
        silence = max(_longest(call), _longest(other)) / 1000
        call.hang_up()
        other.ended()
        kept = len(before & self._contacts())
        return Line(event, back, silence, inside, outside, f"{kept} of {len(before)}")

    def _until_call(self, caller: str, number: str) -> float:
        """Seconds from now until a call is answered, dialled again as a person would who heard nothing."""
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE_S:
            call = self.phones[caller].call(number)
            try:
                call.established(PATIENCE_S / 2)
                took = time.monotonic() - began
                call.hang_up()
                call.ended()
                return took
            except (RuntimeError, NotInTime, AssertionError):
                self.phones[caller].hang_up_all()
        return -1.0

    def _contacts(self) -> set[tuple[str, str]]:
        said = self.building.report(EdgeReport)
        return {(c.sip_user, c.address) for c in said.contacts} if said else set()


def matrix() -> list[Line]:
    with Lab() as lab:
        building = lab.building(enrolled=True)
        people = ("ana", "beto", "carla", "dario", "elsa")
        house = House(lab, building, dict(zip(people, building.boot(*people), strict=True)))
        until(lambda: len(house._contacts()) >= len(people), 15, "every phone is reported")
        kill = building.processes.kill_and_time
        lines = [house.line(f"kill -9 of {p.name}", partial(kill, p.name)) for p in wanted(building.settings)]
        down, up = LinkState.DOWN, LinkState.UP
        lines.append(house.line("link to the centre cut", partial(_link, building, building.cut_centre, down)))
        lines.append(house.line("link to the centre mended", partial(_link, building, building.mend_centre, up)))
        lines.append(house.line("link to the centre flaps for 10 s", partial(_flap, building)))
        lines.append(house.line("the only carrier's answers stop", partial(_at_once, lab.carrier.dies)))
        lab.carrier.lives()
        return lines


def _link(building: Building, do: Callable[[], None], state: LinkState) -> float:
    do()
    began = time.monotonic()

    def shown() -> bool:
        said = building.report(SyncReportFile)
        return said is not None and said.link is state

    until(shown, 140, f"the link is shown {state}")
    return time.monotonic() - began


def _flap(building: Building) -> float:
    end, cut = time.monotonic() + 10, False
    while time.monotonic() < end:
        cut = not cut
        (building.cut_centre if cut else building.mend_centre)()
        due = time.monotonic() + 1
        until(partial(_is_past, due), 2, "a second is over")
    building.mend_centre()
    return 0.0


def _is_past(due: float) -> bool:
    return time.monotonic() >= due


def _at_once(do: Callable[[], None]) -> float:
    do()
    return 0.0


def _longest(call: PhoneCall) -> float:
    streams = [s for s in call.streams() if len(s.packets) > 10]
    return max((spacing(s).longest for s in streams), default=0.0)


def _shown(seconds: float) -> str:
    return f"not in {PATIENCE_S:g} s" if seconds < 0 else f"{seconds:.2f} s"


def text(lines: list[Line]) -> str:
    head = (
        "# What survives what\n\n"
        "Written by `python -m tests.lab.survivability --docs` (part of `make proof`), not by hand. A lab's building\n"
        "with five phones: two talk throughout, another calls inside, another outside, each as soon as the event is\n"
        "over (a caller who hears nothing dials again). Sound missing is the longest gap between two RTP packets that\n"
        "reached either phone of the call that was up.\n\n"
        f"Measured {datetime.now(UTC):%Y-%m-%d} on a machine of two cores whose load was {getloadavg()[0]:.0f}.\n\n"
        f"| event | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}\n"
    )
    return head + "\n".join(line.row() for line in lines) + "\n"


def main() -> int:
    page = text(matrix())
    OUT.parent.mkdir(parents=True, exist_ok=True)
    for path in (OUT, *((DOCS,) if "--docs" in sys.argv else ())):
        path.write_text(page, encoding="utf-8")
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
