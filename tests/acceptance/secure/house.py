"""A building with its settings as a new box has them: files by HTTPS and encrypted, phones over TLS and SRTP.

What waits is shortened: windows that close after two seconds, ten in which a phone has to come over TLS.
"""

from tests.acceptance.conftest import House, house_rows
from tests.lab import phoneboot
from tests.lab.lab import Lab
from tests.lab.phoneboot import BootLog
from tests.lab.phones import Phone
from tests.lab.sample import ACME, SITE
from wire.rows import Extension, Person, Row
from wire.rows import Phone as PhoneRow

SITTING_S, TLS_WAIT_S = 2, 10
KINDS = {
    "snom": "D785",
    "panasonic": "KX-HDV230",
    "cisco_mpp": "8841",
    "linksys": "SPA942",
    "yealink": "T42S",
    "mitel_aastra": "6867i",
    "avaya": "J179",
}
"""Beside the sample's Yealink (ana), Polycom (beto), Cisco SPA (carla) and Grandstream (dario)."""

SETTINGS = {
    "provisioning": {
        "claim_sitting_s": SITTING_S,
        "claim_quiet_s": 3600,
        "claim_fresh_s": 2,
        "secure_sip": True,
        "secure_sip_wait_s": TLS_WAIT_S,
    }
}


def mac_of(family: str) -> str:
    return f"{phoneboot.family(family).oui}5ec001"


def extension_of(family: str) -> str:
    return f"{320 + list(KINDS).index(family)}"


def make(lab: Lab) -> House:
    rows: list[Row] = [*house_rows()]
    for family in KINDS:
        rows += [
            Person(f"person-{family}", ACME, family, "Segura", f"{family}@example.mx"),
            Extension(f"ext-{family}", ACME, extension_of(family), "person", f"person-{family}"),
            PhoneRow(
                f"ph-{family}", ACME, SITE, f"person-{family}", mac_of(family), "", "", f"p-{family}", f"s-{family}-9"
            ),
        ]
    return House(lab, lab.building(enrolled=True, rows=tuple(rows), settings=SETTINGS))


def plugged(house: House, name: str) -> Phone:
    """A person of the sample, or one of KINDS; not switched on where it is new."""
    if name not in house.phones:
        plug = house.building.plug
        if name in KINDS:
            # Pitches that nobody of the sample has.
            hz = 1200 + 100 * list(KINDS).index(name)
            house.phones[name] = plug(mac=mac_of(name), family_name=name, model=KINDS[name], hz=hz)
        else:
            house.phones[name] = plug(name)
    return house.phones[name]


def from_the_factory(house: House, phone: Phone) -> BootLog:
    """Reset, and a technician says so; then switched on."""
    house.building.command("claims", "open", phone.device.mac, "--minutes", "1")
    phone.flash.reset()
    return phone.reboot()
