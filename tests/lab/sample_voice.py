"""Acme's voice services in the sample building: receptionists, mailboxes and conference rooms."""

from tests.lab.sample import ACME
from wire.pins import hashed
from wire.rows import Extension, Mapping, Number, Row
from wire.services import (
    ConferenceServer,
    Holiday,
    Mailbox,
    Menu,
    MenuKey,
    MenuMode,
    Preferences,
    Receptionist,
    Room,
    Schedule,
    Sound,
)

RECEPTION = "+525550000170"
PIN = "8024"
ROOM, ROOM_PIN, MODERATOR_PIN = "5001", "4711", "9932"
OPEN_ROOM = "5002"


def voice_rows() -> tuple[Row, ...]:
    """170 is a receptionist by day (1 Ana, 2 Elsa's mailbox, 8 names, 9 goodbye; its number RECEPTION), 171 one whose
    week has no hours (1 Beto), 172 one on holiday (1 Elsa). Elsa's and Beto's mailboxes have PIN; Ana's has none.
    160: conferences. Fina's calls go to a mobile, where they must be accepted (she is in acceptance's house_rows).
    """
    return (
        Sound("sound-day", ACME, "Bienvenida", text="Gracias por llamar a Acme. Para hablar con Ana, marque uno."),
        Schedule("sched-never", ACME, "Nunca"),
        Schedule("sched-feast", ACME, "Fiesta"),
        Holiday("feast", ACME, "sched-feast", "Siempre", "2000-01-01", "2999-12-31"),
        Mailbox("box-elsa", ACME, "Elsa Ruiz", "person-elsa", answer_after_s=4, pin_hash=hashed(PIN, b"s" * 16)),
        Mailbox("box-beto", ACME, "Beto Díaz", "person-beto", pin_hash=hashed(PIN, b"t" * 16)),
        Preferences("person-fina", ACME, forward_mode="always", forward_to="5512345678", forward_confirm=True),
        Mailbox("box-ana", ACME, "Ana Núñez", "person-ana", answer_after_s=4),
        Receptionist("rec-day", ACME, "Recepción", default_kind="person", default_target_id="person-beto"),
        Receptionist("rec-night", ACME, "Noche", schedule_id="sched-never"),
        Receptionist("rec-feast", ACME, "Fiesta", schedule_id="sched-feast"),
        *_menu("rec-day", MenuMode.BUSINESS, {"1": ("person", "person-ana"), "2": ("mailbox", "box-elsa"),
                                              "8": ("dial_by_name", ""), "9": ("hang_up", "")}, "sound-day"),
        *_menu("rec-night", MenuMode.BUSINESS, {"1": ("person", "person-ana")}),
        *_menu("rec-night", MenuMode.AFTER_HOURS, {"1": ("person", "person-beto")}),
        *_menu("rec-feast", MenuMode.AFTER_HOURS, {"1": ("person", "person-ana")}),
        *_menu("rec-feast", MenuMode.HOLIDAY, {"1": ("person", "person-elsa")}),
        ConferenceServer("conf-acme", ACME, "Conferencias"),
        Room("room-board", ACME, ROOM, "Consejo", ROOM_PIN, MODERATOR_PIN),
        Room("room-open", ACME, OPEN_ROOM, "Abierta", internal_without_pin=True),
        *(
            Extension(f"ext-{digits}", ACME, digits, kind, target)
            for digits, kind, target in (
                ("160", "conference", "conf-acme"),
                ("170", "receptionist", "rec-day"),
                ("171", "receptionist", "rec-night"),
                ("172", "receptionist", "rec-feast"),
            )
        ),
        Number("num-reception", ACME, RECEPTION),
        Mapping("num-reception", ACME, "receptionist", "rec-day"),
    )  # fmt: skip


def _menu(receptionist: str, mode: str, keys: dict[str, tuple[str, str]], sound: str = "") -> tuple[Row, ...]:
    menu = Menu(f"{receptionist}-{mode}", ACME, receptionist, mode, sound)
    pressed = (MenuKey(f"{menu.id}-{digit}", ACME, menu.id, digit, *does) for digit, does in keys.items())
    return (menu, *pressed)
