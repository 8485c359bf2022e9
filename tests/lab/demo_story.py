"""The demonstration as it runs in the background: starts everything, makes the calls, stays until it is told to end.

It writes what happens as JSON lines, which demo.py shows. Nothing here prints.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from tests.lab.building import Building
from tests.lab.carrier import CARRIER_HZ
from tests.lab.demo_files import MARK, PROGRESS, STATE, Access, Happened, State
from tests.lab.lab import Lab
from tests.lab.netns import Namespace, born, refusal
from tests.lab.phones import Phone, PhoneCall
from tests.lab.sample import PEOPLE

HOST_ADDRESSES = {"cjdemo-b": "198.18.40.254/24", "cjdemo-c": "198.18.41.254/24"}
"""This machine's own ends of the cables to the management sides of the building and the centre."""
COMPANIES = {"acct-acme": "Acme", "acct-bravo": "Bravo"}
OUTSIDE_NUMBER = "5512345678"
STEPS = 10
"""centre, building, five phones, two calls, the end."""


@dataclass
class Story:
    lab: Lab
    book: TextIO
    started: float
    done: int = 0

    def tell(self, what: str, detail: str = "", step: bool = False) -> None:
        self.done += step
        happened = Happened(round(time.monotonic() - self.started, 2), what, detail, self.done, STEPS)
        self.book.write(json.dumps(asdict(happened)) + "\n")

    def run(self) -> Access:
        """The whole of it; how to look at what now runs."""
        lab = self.lab
        if lab.loopback:
            self.tell("Network namespaces are refused here", f"{refusal()}: everything runs on loopback, without DHCP")
        self.tell("Starting the central office", "database, its own certificate authority, HTTPS")
        centre = lab.centre
        self.tell("The central office serves", centre.url, step=True)
        self.tell("Starting a building", "enrolled by a one-time claim code; two companies, one carrier trunk")
        v3_auth, v3_privacy, community = (secrets.token_urlsafe(12) for _ in range(3))
        snmp = {"community": community, "v3_user": "conserje", "v3_auth_key": v3_auth, "v3_privacy_key": v3_privacy}
        building = lab.building(enrolled=True, settings={"snmp": snmp}, start=False)
        took = building.start()
        slowest = max(took, key=lambda name: took[name])
        ready = f"{len(took)} processes in {took[slowest]:.1f} s: {', '.join(took)}"
        self.tell("The building serves", ready, step=True)
        password = secrets.token_urlsafe(9)
        building.command("users", "add", "admin", "--role", "administrator", "--password-stdin", input=f"{password}\n")
        if not lab.loopback:
            self._cable_to_this_machine(building)
        phones = {person[1]: self._plug(building, person[1]) for person in PEOPLE}
        self._inside(phones["ana"], phones["beto"])
        self._outside(phones["carla"])
        settings = building.settings
        access = Access(
            building_page=f"http://{settings.network.management_address}:{settings.web.port}",
            building_user="admin",
            building_password=password,
            portal=f"https://{centre.addresses[-1]}:{centre.port}",
            portal_user=centre.admin,
            portal_password=centre.password,
            snmp=f"{settings.network.management_address}:{settings.snmp.port}",
            snmp_community=community,
            snmp_v3_user="conserje",
            snmp_v3_auth=v3_auth,
            snmp_v3_privacy=v3_privacy,
            settings_file=str(building.settings_file),
            namespace=building.place.name if building.place else "",
            logs=str(building.processes.directory),
        )
        self.tell("Everything is up and stays up", "make down ends it", step=True)
        return access

    def _plug(self, building: Building, person: str) -> Phone:
        account, _, first, last, digits, _, mac, family, model = next(p for p in PEOPLE if p[1] == person)
        phone = building.plug(person)
        who = f"{first} {last}, {COMPANIES[account]} {digits}"
        self.tell(f"Plugging in a {family.replace('_', ' ')} {model}", f"{mac}, for {who}")
        boot = phone.boot()
        for step in boot.steps:
            self.tell(f"  {step.seconds:6.3f} s  {step.what}", f"{step.detail}: {step.result}")
        self.tell(f"Registered {boot.seconds:.2f} s after link-up", f"its screen says “{phone.screen}”", step=True)
        return phone

    def _inside(self, caller: Phone, callee: Phone) -> None:
        self.tell("Ana (Acme 101) dials 102", "Bravo has a 102 and a 101 too: they must not ring")
        call = caller.call("102").established()
        answered = callee.incoming()
        detail = f"answered after {call.setup_s() * 1000:.0f} ms; Beto's phone shows {answered.peer}"
        self.tell("Beto answers", detail)
        self._heard(call, callee.hz, "Ana hears Beto")
        self._heard(answered, caller.hz, "Beto hears Ana")
        call.hang_up()
        answered.ended()
        self.tell("They hang up", step=True)

    def _outside(self, caller: Phone) -> None:
        self.tell(f"Carla (Bravo 101) dials {OUTSIDE_NUMBER}", "out through the carrier stand-in")
        call = caller.call(OUTSIDE_NUMBER).established()
        offer = self.lab.carrier.offered()[-1]
        self.tell("The carrier was sent", f"{offer.uri}, from {offer.caller.partition(';tag')[0]}")
        self._heard(call, CARRIER_HZ, "Carla hears the far end")
        call.hang_up()
        call.ended()
        self.tell("She hangs up", step=True)

    def _heard(self, call: PhoneCall, hz: int, who: str) -> None:
        if not call.phone.capture_file.exists():
            self.tell(who, "not checked: packets may not be captured here")
            return
        call.hears(hz)
        self.tell(who, f"{hz} Hz, found in the recorded RTP")

    def _cable_to_this_machine(self, building: Building) -> None:
        """So that a browser here reaches the pages. Goes away with the namespaces."""
        centre = self.lab.centre.place
        assert building.place
        assert centre
        ends: tuple[tuple[str, Namespace], ...] = (("cjdemo-b", building.place), ("cjdemo-c", centre))
        for name, place in ends:
            commands = (
                f"link add {name} type veth peer name to-host netns {place.name}",
                f"addr add {HOST_ADDRESSES[name]} dev {name}",
                f"link set {name} up",
            )
            subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, check=True, capture_output=True)
            place.ip("link set to-host master mgmt0 up")


def main(directory: Path) -> int:
    """Runs until SIGTERM. Whatever happens, nothing of it is left running."""
    ended = False

    def end(signum: int, frame: FrameType | None) -> None:
        nonlocal ended
        ended = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    _unplug_this_machine()
    # Every process of ours inherits this: it is how `make down` knows them when we were killed.
    os.environ[MARK] = str(directory)
    started = time.monotonic()
    _write_state(directory, {})
    with (directory / PROGRESS).open("w", encoding="utf-8", buffering=1) as book:
        lab = Lab(keep=True, directory=directory / "lab", loopback=bool(refusal()))
        story = Story(lab, book, started)
        try:
            access = story.run()
            _write_state(directory, asdict(access))
            book.write(json.dumps({"ready": True}) + "\n")
            while not ended:
                signal.pause()
        except KeyboardInterrupt:
            pass
        except Exception as failed:  # noqa: BLE001 - whatever went wrong is told to the person who waits, and all is ended
            book.write(json.dumps({"failed": f"{type(failed).__name__}: {failed}", "logs": str(lab.directory)}) + "\n")
        finally:
            with suppress(FileNotFoundError):
                (directory / STATE).unlink()
            lab.close()
            _unplug_this_machine()
    return 0


def _unplug_this_machine() -> None:
    """The cables go with their namespaces; a dying TCP connection can keep those for minutes."""
    for name in HOST_ADDRESSES:
        subprocess.run(["ip", "link", "del", name], check=False, capture_output=True)


def _write_state(directory: Path, access: dict[str, Any]) -> None:
    file = directory / STATE
    file.touch(mode=0o600)
    file.write_text(json.dumps(asdict(State(os.getpid(), born(os.getpid()), access))))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
