"""The survivability matrix: what is lost, for how long, when something dies. Measured on buildings of the lab.

`make proof` writes it to build/proof/survivability.md and docs/survivability.md. By itself: `--docs` writes the page in
docs/ too, `--no-crowd` leaves the thousand phones out.
"""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
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
from tests.storm.homecoming import figures

ROOT = Path(__file__).resolve().parents[2]
DOCS, OUT = ROOT / "docs" / "survivability.md", ROOT / "build" / "proof" / "survivability.md"
PATIENCE_S = 20.0
START_S = 180.0
NOT_MEASURED = "not measured"
LOST_S = 5.0
"""Without sound for so long after its event, a call is lost."""
COLUMNS = ("back, or shown", "sound missing in a call", "next call inside", "next call outside", "contacts kept")


@dataclass(frozen=True, slots=True)
class Line:
    """One event. Seconds; negative: it did not come within PATIENCE_S, the call without sound is lost."""

    event: str
    back_s: float
    silence_s: float
    inside_s: float
    outside_s: float
    contacts: str

    def row(self) -> str:
        if self.contacts == NOT_MEASURED:
            return f"| {self.event} | {NOT_MEASURED} | | | | |"
        silence = "the call is lost" if self.silence_s < 0 else _shown(self.silence_s)
        cells = (_shown(self.back_s), silence, _shown(self.inside_s), _shown(self.outside_s))
        return f"| {self.event} | {' | '.join(cells)} | {self.contacts} |"


@dataclass
class House:
    """Four phones: Ana talks to Beto throughout, Carla calls Dario, Elsa calls outside."""

    lab: Lab
    building: Building
    phones: dict[str, Phone]

    def line(self, event: str, happen: Callable[[], float]) -> Line:
        """`happen` makes it happen, and returns the seconds until it is mended, or shown.

        What cannot be measured (a machine that is too busy) costs its line, not the table.
        """
        try:
            return self._measured(event, happen)
        except (AssertionError, RuntimeError) as late:
            print(f"{event}: {late}", file=sys.stderr)
            for phone in self.phones.values():
                with suppress(AssertionError):
                    phone.hang_up_all()
            return Line(event, -1.0, -1.0, -1.0, -1.0, NOT_MEASURED)

    def _measured(self, event: str, happen: Callable[[], float]) -> Line:
        before = self._contacts()
        call = self.phones["ana"].call("102").established(PATIENCE_S)
        other = self.phones["beto"].incoming(after=self.phones["beto"].called() - 1)
        other.hears(self.phones["ana"].hz)
        back = happen()
        inside = self._until_call("carla", "102")
        outside = self._until_call("elsa", "5512345678")
        silence = self._silence_s(call, other)
        for name in ("ana", "beto"):
            self.phones[name].hang_up_all()
        kept = len(before & self._contacts())
        return Line(event, back, silence, inside, outside, f"{kept} of {len(before)}")

    @staticmethod
    def _silence_s(call: PhoneCall, other: PhoneCall) -> float:
        """The longest that either of them heard nothing; -1: one still hears nothing."""
        try:
            call.hears(other.phone.hz, LOST_S)
            other.hears(call.phone.hz, LOST_S)
        except NotInTime:
            return -1.0
        return max(_longest(call), _longest(other)) / 1000

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
        until(lambda: house._until_call("elsa", "5512345678") >= 0, 60, "the carrier is known to live")
        lines.append(house.line("the newest revision rots, centre up", partial(_rots, house)))
        lines.append(house.line("the newest revision rots, and power is cut", partial(_rots_and_starts, house)))
        lines.append(house.line("power cut: everything at once", partial(_power_cut, building)))
        building.jump_clock(timedelta(0), moves=True)
        lines.append(house.line("the clock is set an hour ahead", partial(_clock_set, building)))
        return lines


def _rots(house: House) -> float:
    """Bytes of the file turn while everything runs: seconds until it is whole again, and in force."""
    building = house.building
    number, folder = _edited(house), building.settings.paths.revisions_dir
    _rot(building, number)
    began = time.monotonic()
    until(lambda: list(folder.glob(f"rev-*{number}-*.bad")), 60, "it is set aside")
    until(lambda: list(folder.glob(f"rev-*{number}-*.db")), 60, "it is fetched anew")
    until(lambda: building.directory_in_force().revision == number, 10, "it is in force")
    return time.monotonic() - began


def _rots_and_starts(house: House) -> float:
    """The same, and it starts cut off from the centre: seconds until it serves, with the revision before."""
    building = house.building
    number = _edited(house)
    building.cut_centre()
    building.power_off()
    _rot(building, number)
    began = time.monotonic()
    building.start(START_S)
    took = time.monotonic() - began
    fell_back = building.directory_in_force().revision == number - 1
    building.mend_centre()
    assert fell_back, "the revision before is in force"
    return took


def _power_cut(building: Building) -> float:
    """kill -9 of everything, the files in memory gone; the phones have power. Seconds from power to serving."""
    building.power_off()
    began = time.monotonic()
    building.start(START_S)
    return time.monotonic() - began


def _clock_set(building: Building) -> float:
    """Seconds until Kamailio, which had every contact run out, has begun anew."""
    before, began = building.processes.pid_of("kamailio"), time.monotonic()
    building.set_clock(timedelta(hours=1))

    def back() -> bool:
        return building.processes.pid_of("kamailio") not in (0, before) and building.processes.serves("kamailio")

    until(back, PATIENCE_S, "Kamailio begins anew")
    return time.monotonic() - began


def _edited(house: House) -> int:
    """The centre renames somebody; the number of that revision, once it is in force."""
    in_force = house.building.directory_in_force
    before = in_force()
    person = before.person("person-dario")
    assert person
    house.lab.centre.put(replace(person, last_name=f"Peña {before.revision}"))
    until(lambda: in_force().revision > before.revision, 30, "the edit is in force")
    return in_force().revision


def _rot(building: Building, number: int) -> None:
    (newest,) = building.settings.paths.revisions_dir.glob(f"rev-*{number}-*.db")
    damaged = bytearray(newest.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    newest.write_bytes(damaged)


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


def text(lines: list[Line], crowd: str = "") -> str:
    head = (
        "# What survives what\n\n"
        "Written by `make proof` (or `python -m tests.lab.survivability --docs`), not by hand. A lab's building with\n"
        "five phones: two talk throughout, another calls inside, another outside, each as soon as the event is\n"
        "over (a caller who hears nothing dials again). Sound missing is the longest gap between two RTP packets that\n"
        "reached either phone of the call that was up. After a power cut contacts are those that are known at once:\n"
        "the phones themselves had power, and none has registered anew.\n\n"
        f"Measured {datetime.now(UTC):%Y-%m-%d} on a machine of two cores whose load was {getloadavg()[0]:.0f}.\n\n"
        f"| event | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}\n"
    )
    return head + "\n".join(line.row() for line in lines) + "\n" + crowd


def write(lines: list[Line], crowd: str, docs: bool) -> str:
    page = text(lines, crowd)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    for path in (OUT, *((DOCS,) if docs else ())):
        path.write_text(page, encoding="utf-8")
    return page


def main() -> int:
    print(write(matrix(), "" if "--no-crowd" in sys.argv else figures(), "--docs" in sys.argv))
    return 0


if __name__ == "__main__":
    sys.exit(main())
