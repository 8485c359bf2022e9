"""A small building: two companies that both have an extension 101, phones of four families, one carrier trunk."""

from dataclasses import replace

from wire.rows import Account, Extension, Mapping, Number, Person, Phone, Presence, Row, Site, Trunk
from wire.services import Limits, Mailbox, Member, RingGroup

SITE = "site-reforma"
ACME = "acct-acme"
BRAVO = "acct-bravo"

# (account, person, extension, number, mac, family, model)
PEOPLE = (
    (ACME, "ana", "Ana", "Núñez", "101", "+525550000101", "001565aa0101", "yealink", "T46S"),
    (ACME, "beto", "Beto", "Díaz", "102", "+525550000102", "0004f2aa0102", "polycom", "VVX400"),
    (BRAVO, "carla", "Carla", "O'Hara & Söns", "101", "+525550000201", "8843e1aa0201", "cisco_spa", "SPA504G"),
    (BRAVO, "dario", "Darío", "Peña", "102", "+525550000202", "000b82aa0202", "grandstream", "GXP2135"),
    (ACME, "elsa", "Elsa", "Ruiz", "103", "+525550000103", "001565aa0103", "yealink", "T42S"),
)

UNMAPPED = "+525550000999"


def sip_user(person: str) -> str:
    """The SIP identity of a sample person's phone."""
    return f"p-{person}-x7k2"


def sip_secret(person: str) -> str:
    return f"secret-of-{person}-Zq9&<x"


def sample_rows(carrier_host: str = "10.30.0.2", carrier_port: int = 5060, phones: bool = True) -> tuple[Row, ...]:
    """Rows of the sample building. `UNMAPPED` is a number of Acme's that nobody mapped; Acme's default is Ana."""
    rows: list[Row] = [
        Site(
            SITE,
            "Reforma 222",
            address="Paseo de la Reforma 222, piso 5, Juárez, 06600 CDMX",
            callback_number="+525550000100",
        ),
        Account(ACME, "Acme, S.A. de C.V.", default_kind="person", default_target_id="person-ana"),
        Account(BRAVO, "Bravo y Asociados"),
        Presence("pr-acme", ACME, SITE),
        Presence("pr-bravo", BRAVO, SITE),
        Number("num-unmapped", ACME, UNMAPPED),
        Trunk("trunk-carrier", SITE, "Carrier", "carrier", carrier_host, carrier_port),
    ]
    for account, name, first, last, digits, e164, mac, family, model in PEOPLE:
        person = f"person-{name}"
        rows += [
            Person(person, account, first, last, f"{name}@example.mx"),
            Extension(f"ext-{name}", account, digits, "person", person),
            Number(f"num-{name}", account, e164),
            Mapping(f"num-{name}", account, "person", person),
        ]
        if phones:
            rows.append(
                Phone(
                    f"phone-{name}",
                    account,
                    SITE,
                    person,
                    mac,
                    family,
                    model,
                    sip_user(name),
                    sip_secret(name),
                    label=f"{digits} {first}",
                )
            )
    return tuple(rows)


def feature_rows() -> tuple[Row, ...]:
    """Acme's groups, a mailbox and limits: 150 rings Beto and Elsa together, 151 one after the other, 5 s each.

    Nobody answers 150: Beto's mailbox. Ana may call abroad, one call at a time; hours of calls abroad: never for Beto.
    """
    ana = next(r for r in sample_rows() if isinstance(r, Person) and r.id == "person-ana")
    return (
        replace(ana, international=True),
        Mailbox("box-beto", ACME, "Beto Díaz", "person-beto", answer_after_s=4),
        RingGroup("group-sales", ACME, "Ventas", "together", 5, "mailbox", "box-beto"),
        RingGroup("group-help", ACME, "Soporte", "in_turn", 5),
        Extension("ext-sales", ACME, "150", "ring_group", "group-sales"),
        Extension("ext-help", ACME, "151", "ring_group", "group-help"),
        *(
            Member(f"member-{group}-{position}", ACME, f"group-{group}", position, kind, target)
            for group in ("sales", "help")
            for position, kind, target in ((1, "person", "person-beto"), (2, "phone", "phone-elsa"))
        ),
        Limits(ACME, ACME, international_at_once_person=1),
    )
