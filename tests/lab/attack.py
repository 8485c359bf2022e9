"""`make attack`: ten thousand guessed MACs at the real doors of a building, and what they got (build/proof/attack.txt).

Half come from one phone's place, half from fifty addresses that the guesser takes beside its own. Exit code 1 when a
guess got anything, when nobody was told, or when the disk grew beyond its bound.
"""

import http.client
import random
import select
import socket
import sys
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from appliance.directory.local import MAX_SIGHTINGS
from appliance.vocabulary import PhoneState
from tests.lab.building import VOICE_ADDRESS, Building
from tests.lab.lab import Lab
from tests.lab.phoneboot import BootFailed
from tests.lab.sample import PEOPLE, sip_secret
from tests.lab.waiting import until

GUESSES = 10_000
ADDRESSES = tuple(f"10.20.0.{n}" for n in range(2, 50))
"""Beside the pool of DHCP, for the guesser's second half."""
GUESSER = "02a77ac00001"
OUIS = ("001565", "0004f2", "8843e1", "000b82")
NAMES = ("yealink/{}.cfg", "{}.cfg", "polycom/{}-registration.cfg", "cisco_spa/{}.xml", "cfg{}.xml", "yealink/{}.boot")
DISK_MOST = 24 << 20
TFTP_AT_ONCE = 25
TFTP_WAIT_S = 0.15
"""After the last answer: a door that says nothing says nothing."""
OUT = Path(__file__).resolve().parents[2] / "build" / "proof"


@dataclass
class Loot:
    """What the guesses got."""

    answers: Counter[str] = field(default_factory=Counter)
    secrets: int = 0
    files: list[str] = field(default_factory=list)

    def add(self, door: str, path: str, answer: str, data: bytes = b"") -> None:
        self.answers[f"{door} {answer}"] += 1
        self.secrets += any(word in data for word in wanted())
        if data and answer == "200":
            self.files.append(path)


def wanted() -> tuple[bytes, ...]:
    """What a guesser is after: SIP passwords and users, links to a phone's own files, keys."""
    people = [sip_secret(person[1]).encode() for person in PEOPLE]
    return (*people, b"x7k2", b"/t/", b"[--key", b"<P1359>")


def main() -> int:
    with Lab() as lab:
        text, harmless = attack(lab.building())
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "attack.txt").write_text(text, encoding="utf-8")
    print(text, end="")
    return 0 if harmless else 1


def guesses(count: int = GUESSES) -> list[str]:
    """Paths with MACs of known makers, the building's own phones fifty times among them; always the same."""
    chance = random.Random(26)
    made = [f"{chance.choice(OUIS)}{chance.randrange(1 << 24):06x}" for _ in range(count - 50 * len(PEOPLE))]
    made += [person[6] for person in PEOPLE] * 50
    chance.shuffle(made)
    return [chance.choice(NAMES).format(mac) for mac in made]


def attack(building: Building, count: int = GUESSES) -> tuple[str, bool]:
    """The figures as text, and whether they show no harm. The building has the sample's directory."""
    (ana,) = building.boot("ana")
    guesser = building.plug(mac=GUESSER, family_name="yealink", model="T46S")
    with suppress(BootFailed):
        guesser.boot(seconds=10)
    assert guesser.place, "needs a namespace of its own"
    for address in ADDRESSES:
        guesser.place.run(["ip", "address", "add", f"{address}/24", "dev", "eth0"])
    state = building.settings.paths.state_dir
    disk, log, began = on_disk(state), on_disk(building.directory / "log"), time.monotonic()
    loot, paths = Loot(), guesses(count)
    by_http, by_tftp = paths[::2], paths[1::2]
    with guesser.place.inside():
        # A source that one door bans is turned away by all: each door has its own.
        guess_http(by_http[::2], (guesser.address,), loot)
        guess_http(by_http[1::2], ADDRESSES[::2], loot)
        guess_tftp(by_tftp[::2], ADDRESSES[1:2], loot)
        guess_tftp(by_tftp[1::2], ADDRESSES[3::2], loot)
    took = time.monotonic() - began
    told = until(lambda: alerts(building), 10, "the guesser stands in the list, with why")
    beside = ana.reboot().registered
    grown, logged = on_disk(state) - disk, on_disk(building.directory / "log") - log
    sightings = len(building.local().sightings())
    lines = [
        f"{count} guessed MACs in {took:.0f} s: {len(by_http)} by HTTP, {len(by_tftp)} by TFTP; half of each from",
        f"one place, half from {len(ADDRESSES) // 2} addresses; {50 * len(PEOPLE)} MACs were of its own phones.",
        "",
        *(f"{n:7d}  {what}" for what, n in sorted(loot.answers.items())),
        "",
        f"passwords, users, keys, links to a phone's own files got: {loot.secrets}",
        f"files got, none of these in them: {len(loot.files) - loot.secrets} {' '.join(loot.files)}".rstrip(),
        f"shown as quarantined: {told}",
        f"phones listed after it: {sightings} (at most {MAX_SIGHTINGS})",
        f"state on disk grew by {grown / 1024:.0f} KiB (bound {DISK_MOST >> 20} MiB), logs by {logged / 1024:.0f} KiB",
        f"a phone beside it restarted during its ban and registered: {'yes' if beside else 'no'}",
    ]
    harmless = not loot.secrets and beside and grown < DISK_MOST and sightings <= MAX_SIGHTINGS
    return "\n".join(lines) + "\n", harmless


def guess_http(paths: list[str], sources: tuple[str, ...], loot: Loot) -> None:
    for n, source in enumerate(sources):
        connection = http.client.HTTPConnection(VOICE_ADDRESS, 80, timeout=5, source_address=(source, 0))
        for path in paths[n :: len(sources)]:
            try:
                connection.request("GET", f"/{path}")
                answer = connection.getresponse()
                loot.add("HTTP", path, str(answer.status), answer.read())
            except (OSError, http.client.HTTPException) as cut:
                loot.add("HTTP", path, f"cut off ({type(cut).__name__})")
                connection.close()
        connection.close()


def guess_tftp(paths: list[str], sources: tuple[str, ...], loot: Loot) -> None:
    for n, source in enumerate(sources):
        mine = paths[n :: len(sources)]
        for first in range(0, len(mine), TFTP_AT_ONCE):
            _guess_tftp_together(mine[first : first + TFTP_AT_ONCE], source, loot)


def _guess_tftp_together(paths: list[str], source: str, loot: Loot) -> None:
    with ExitStack() as stack:
        waiting: dict[socket.socket, str] = {}
        for path in paths:
            us = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            us.bind((source, 0))
            us.sendto(b"\0\1" + path.encode() + b"\0octet\0", (VOICE_ADDRESS, 69))
            waiting[us] = path
        while waiting:
            heard, _, _ = select.select(list(waiting), [], [], TFTP_WAIT_S)
            for us in heard:
                packet = us.recv(2048)
                kind = {3: "200", 5: f"error {packet[3]}"}.get(packet[1], f"packet {packet[1]}")
                loot.add("TFTP", waiting.pop(us), kind, packet[4:])
            if not heard:
                break
        for path in waiting.values():
            loot.add("TFTP", path, "silence")


def alerts(building: Building) -> str:
    """What the page shows of the guesser."""
    seen = [s for s in building.local().sightings() if s.mac == GUESSER and s.state is PhoneState.QUARANTINED]
    return f"{GUESSER}, {seen[0].evidence[-1]}" if seen else ""


def on_disk(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


if __name__ == "__main__":
    sys.exit(main())
