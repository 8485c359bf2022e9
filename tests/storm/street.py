"""Who lives in a building of many phones: families in the shares of a Mexican shared office, people, companies, rows.

The same number of phones always makes the same people, so that two storms can be compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.lab.phoneboot import Device, family
from tests.lab.sample import SITE
from wire.rows import Account, Extension, Person, Phone, Presence, Row, Site

SHARES = {
    "yealink": 24,
    "grandstream": 16,
    "polycom": 10,
    "fanvil": 8,
    "cisco_spa": 8,
    "cisco_enterprise": 6,
    "cisco_mpp": 5,
    "panasonic": 4,
    "snom": 4,
    "mitel_aastra": 3,
    "avaya": 3,
    "gigaset": 2,
    "htek": 2,
    "linksys": 2,
    "avaya_1200": 1,
    "obihai": 1,
    "algo": 1,
}
"""Of a hundred phones. Sixteen families; Avaya's two kinds of phone boot in two ways."""
COMPANIES = 20


@dataclass(frozen=True, slots=True)
class Resident:
    """One phone and its line. `number` counts from 0; `sip_user` is what its files must set up."""

    number: int
    device: Device
    sip_user: str
    sip_secret: str

    @property
    def extension(self) -> str:
        return str(2000 + self.number // COMPANIES)

    @property
    def account(self) -> str:
        return f"acct-storm-{self.number % COMPANIES:02d}"


def residents(count: int) -> tuple[Resident, ...]:
    """`count` phones; every hundred of them have the shares, well mixed."""
    return tuple(
        Resident(n, _device(n, name), f"storm-{n:04d}-x7k2", f"secret-{n}-Zq9x")
        for n, name in zip(range(count), _mixed(), strict=False)
    )


def rows(phones: tuple[Resident, ...]) -> tuple[Row, ...]:
    """What the directory knows of them: each by its MAC alone, family and model are for the building to find out."""
    accounts = sorted({p.account for p in phones})
    made: list[Row] = [Site(SITE, "Reforma 222")]
    for account in accounts:
        made += [Account(account, f"Empresa {account[-2:]}"), Presence(f"pr-{account}", account, SITE)]
    for p in phones:
        person = f"person-storm-{p.number}"
        made += [
            Person(person, p.account, f"Persona {p.number}", "Núñez"),
            Extension(f"ext-storm-{p.number}", p.account, p.extension, "person", person),
            Phone(f"phone-{p.number}", p.account, SITE, person, p.device.mac, "", "", p.sip_user, p.sip_secret),
        ]
    return tuple(made)


def _device(number: int, name: str) -> Device:
    made = family(name)
    models = sorted(made.models)
    return Device(made, models[number // 7 % len(models)], f"{made.oui}{0x570000 + number:06x}")


def _mixed() -> Iterator[str]:
    """Family after family, each as often as its share and as evenly as can be, for ever."""
    owed = dict.fromkeys(SHARES, 0)
    while True:
        for name, share in SHARES.items():
            owed[name] += share
        name = max(owed, key=owed.__getitem__)
        owed[name] -= sum(SHARES.values())
        yield name
