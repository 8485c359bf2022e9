"""`make soak`: an hour of callers in menus, mailboxes, rooms and music; then all hang up, and nothing may be left.

`--seconds N` (3600), `--callers N` (12). Every minute what the building and each of its processes hold, also in
build/soak.tsv. Exit code 1 where a leg, a port, a relayed call or a transaction is left when nobody calls any more;
where a process's memory or descriptors, or Kamailio's shared memory, grew by more than a bound an hour in the second
half (growth.py says why so); or for calls that nobody answered.
What a caller leaves in a mailbox is deleted as it goes, so that mailboxes do not fill.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.conftest import house_rows
from tests.lab.building import Building
from tests.lab.lab import Lab
from tests.lab.mailboxes import mailboxes_of
from tests.lab.netns import Namespace, cable, sweep
from tests.lab.sample_voice import voice_rows
from tests.lab.waiting import until
from tests.soak.callers import Callee, Caller, Tally
from tests.soak.counts import Counts, counted
from tests.soak.growth import History

OUT = Path(__file__).resolve().parents[2] / "build" / "soak.tsv"
LOOK_S = 60.0
DRAIN_S = 300.0
"""A call whose phone vanished is ended by voice after three minutes of silence, and may ring somebody before that."""
LOST_SHARE = 0.001
PEOPLE = ("ana", "beto", "elsa")
FIRST_ADDRESS = 20


def main() -> int:
    asked = _arguments()
    sweep()
    tally = Tally()
    with Lab() as lab:
        building = lab.building(enrolled=True, rows=(*house_rows(), *voice_rows()))
        with wall(building, asked.callers + len(PEOPLE)) as place, answering(place, tally):
            print(f"{asked.callers} callers for {asked.seconds:.0f} s", flush=True)
            before, history = counted(building), History()
            churn(building, place, asked.callers, asked.seconds, tally, history)
            after = drained(building)
    _print(before, after, tally, history)
    leaks = [*after.left(before), *history.leaks()]
    for leak in leaks:
        print(f"LEAK: {leak}")
    for words in tally.lost[:20]:
        print(f"lost: {words}")
    too_many = len(tally.lost) > LOST_SHARE * tally.calls
    return 1 if leaks or too_many else 0


@contextmanager
def wall(building: Building, sockets: int) -> Iterator[Namespace]:
    """A switch in the wall with an address for each phone that will be plugged in."""
    assert building.place
    place = Namespace.new("soak")
    cable(building.place, f"s{os.getpid() % 100000}", place, "eth0", near_switch="voice0")
    place.ip(*(f"addr add {_address(n)}/24 dev eth0" for n in range(sockets)))
    try:
        yield place
    finally:
        place.remove()


@contextmanager
def answering(place: Namespace, tally: Tally) -> Iterator[None]:
    """Somebody picks up whatever rings in the house, until the last call is over."""
    people = [Callee(place, _address(n), person, tally) for n, person in enumerate(PEOPLE)]
    for one in people:
        one.start()
    try:
        yield
    finally:
        for one in people:
            one.stop()
        for one in people:
            one.join(10)


def churn(
    building: Building, place: Namespace, callers: int, seconds: float, tally: Tally, history: History
) -> None:
    """So many callers for so long; a line a minute of what the building holds meanwhile."""
    crowd = [Caller(place, _address(len(PEOPLE) + n), PEOPLE[n % len(PEOPLE)], n, tally) for n in range(callers)]
    for one in crowd:
        one.start()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(LOOK_S, left))
        _look(building, tally, history)
        _empty(building)
    for one in crowd:
        one.stop()
    for one in crowd:
        one.join(90)
        assert not one.is_alive(), "a caller does not end"


def drained(building: Building) -> Counts:
    """What is held when nobody calls any more; whatever is left after DRAIN_S counts as leaked."""
    try:
        until(lambda: counted(building).idle, DRAIN_S, "the building is idle")
    except AssertionError as late:
        print(late, flush=True)
    return counted(building)


def _address(n: int) -> str:
    return f"10.20.0.{FIRST_ADDRESS + n}"


def _look(building: Building, tally: Tally, history: History) -> None:
    now = counted(building)
    history.note(time.monotonic(), now)
    descriptors = sum(p.descriptors for p in now.processes.values())
    kib = sum(p.kib for p in now.processes.values())
    voice_kib = sum(p.kib for n, p in now.processes.items() if n.startswith("voice"))
    at = time.strftime("%H:%M:%S")
    OUT.parent.mkdir(exist_ok=True)
    with OUT.open("a") as out:
        out.write(f"{at}\t{tally.calls}\tKamailio shared\t\t{now.shared_kib}\n")
        out.writelines(f"{at}\t{tally.calls}\t{n}\t{p.descriptors}\t{p.kib}\n" for n, p in now.processes.items())
    print(
        f"{at}  calls {tally.calls:>6}  lost {len(tally.lost)}  legs {now.legs:>3}  ports {now.ports:>3}  "
        f"relayed {now.relayed:>3}  descriptors {descriptors}  memory {kib / 1024:.0f} MiB, "
        f"voice {voice_kib / 1024:.1f} MiB",
        flush=True,
    )


def _empty(building: Building) -> None:
    """Every mailbox, so that none is ever full."""
    boxes = mailboxes_of(building.settings)
    for box in ("box-ana", "box-beto", "box-elsa"):
        for message in boxes.messages(box):
            boxes.mark(message.id, "deleted")


def _print(before: Counts, after: Counts, tally: Tally, history: History) -> None:
    print(f"\n{tally.calls} calls, {len(tally.lost)} lost")
    print("services: " + ", ".join(f"{n} {name}" for name, n in tally.services.most_common()))
    print("ends: " + ", ".join(f"{n} {name}" for name, n in tally.ends.most_common()))
    print(f"\n{'':<18}{'descriptors':>20}{'memory KiB':>24}{'an hour, by the second half':>36}")
    rows = [("legs", before.legs, after.legs), ("ports", before.ports, after.ports)]
    rows += [("calls in rtpengine", before.relayed, after.relayed)]
    rows += [("transactions", before.transactions, after.transactions)]
    rows += [("Kamailio shared KiB", before.shared_kib, after.shared_kib)]
    for name, then, now in rows:
        print(f"{name:<20}{then:>9} -> {now:<9}")
    for name, process in after.processes.items():
        was = before.processes.get(name, process)
        print(f"{name:<20}{was.descriptors:>9} -> {process.descriptors:<9}{was.kib:>9} -> {process.kib:<9}"
              f"{history.descriptors_per_hour(name):>+12.1f}{history.kib_per_hour(name):>+12.0f} KiB")  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--callers", type=int, default=12)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
