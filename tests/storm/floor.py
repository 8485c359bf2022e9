"""One floor of the building: many phones in one process behind one cable, each a thread that boots as its family does.

Reads its orders as JSON from standard input and says "ready". For each line that follows, a moment, it powers all
phones on then, and writes what became of each as JSON. Files are asked for and read by tests/lab/phoneboot.py, so that
what it learns of phones counts here too.
"""

import json
import ssl
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from tests.lab.decrypts import Flash
from tests.lab.formats import FormatError
from tests.lab.phoneboot import BootFailed, BootLog, Device, Lease, boot_files, family, server_url
from tests.storm.addresses import Addresses
from tests.storm.dhcp import DhcpPort, NoLease
from tests.storm.registering import NotRegistered, Registration
from tests.storm.transfers import Transfers

INTERFACE = "eth0"
BOOTS_MOST = 3
STACK = 512 * 1024
SWITCH_S = 0.001
"""The clock of the storm is CLOCK_MONOTONIC, which all processes of a machine share."""


@dataclass
class Boot:
    """What became of a phone. Seconds since power-on; 0: it did not come so far. `retries` by stage."""

    number: int
    family: str
    powered_s: float = 0.0
    leased_s: float = 0.0
    filed_s: float = 0.0
    registered_s: float = 0.0
    retries: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    secure: int = 0
    """Of the files read, those that came by HTTPS."""
    octets: int = 0
    slowest_s: float = 0.0
    sip_user: str = ""
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Phone:
    """`flash`: what it keeps when its power goes: its key, and whom it trusts."""

    number: int
    device: Device
    flash: Flash = field(default_factory=Flash)


@dataclass(frozen=True, slots=True)
class Jack:
    """What the phones of a floor share."""

    dhcp: DhcpPort
    addresses: Addresses
    trust: ssl.SSLContext
    power_on: float


def boot(phone: Phone, jack: Jack) -> Boot:
    """From power-on to registered; never raises for what the building does to it."""
    device = phone.device
    done = Boot(phone.number, device.family.name)
    transfers = Transfers(trust=jack.trust)
    registration: Registration | None = None

    def now() -> float:
        return time.monotonic() - jack.power_on

    done.powered_s = now()
    try:
        lease, done.retries["dhcp"] = jack.dhcp.lease(device)
        jack.addresses.add(lease.address)
        done.leased_s = now()
        log = _files(phone, lease, transfers)
        done.filed_s = now()
        done.requests = sum(step.what == "get" for step in log.steps)
        done.secure = sum(url.startswith("https:") for url in log.files)
        done.octets = sum(map(len, log.files.values()))
        assert log.account
        done.sip_user = log.account.user
        agent = device.filled(device.family.user_agent)
        registration = Registration(log.account, lease.address, agent, trust=jack.trust)
        registration.register()
        done.registered_s = now()
    except (NoLease, BootFailed, FormatError, NotRegistered, OSError) as failed:
        done.failed = f"{type(failed).__name__}: {str(failed)[:400]}"
    done.retries["files"] = transfers.retries
    done.retries["sip"] = registration.retries if registration else 0
    done.slowest_s = transfers.slowest_s
    return done


def _files(phone: Phone, lease: Lease, transfers: Transfers) -> BootLog:
    """Reads the family's files; from the first one again where the building did not answer. That is a try, too."""
    for tries in range(BOOTS_MOST):
        log = BootLog(lease=lease)
        try:
            base = server_url(phone.device, lease)
            boot_files(phone.device, base, None, log, lease.address, transfers.fetch, phone.flash)
        except OSError:
            if tries + 1 == BOOTS_MOST:
                raise
            transfers.retries += 1
        else:
            break
    return log


def main() -> None:
    orders = json.loads(sys.stdin.readline())
    threading.stack_size(STACK)
    sys.setswitchinterval(SWITCH_S)
    dhcp, addresses = DhcpPort(INTERFACE), Addresses(INTERFACE, orders["prefix"])
    trust = ssl.create_default_context(cadata=orders["ca"] or None)
    phones = [Phone(n, Device(family(name), model, mac)) for n, name, model, mac in orders["phones"]]
    print("ready", flush=True)
    for line in sys.stdin:
        jack = Jack(dhcp, addresses, trust, float(line))
        print(json.dumps([asdict(b) for b in storm_over(phones, jack, orders["spread_s"])]), flush=True)


def storm_over(phones: Sequence[Phone], jack: Jack, spread_s: float) -> list[Boot]:
    """All of them, powered on evenly within `spread_s` of the jack's moment."""
    boots: list[Boot] = []

    def live(phone: Phone, delay_s: float) -> None:
        # Power is not there yet; this is no test's waiting.
        time.sleep(max(0.0, jack.power_on + delay_s - time.monotonic()))
        boots.append(boot(phone, jack))

    threads = [
        threading.Thread(target=live, args=(phone, spread_s * n / len(phones)), daemon=True)
        for n, phone in enumerate(phones)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return boots


if __name__ == "__main__":
    main()
