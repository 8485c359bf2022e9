"""The lamp of waiting messages, through a real Kamailio: after a deposit, after reading, at the start of a phone."""

import time
import wave
from collections.abc import Iterator

import pytest

from appliance.directory.local import LocalStore
from appliance.directory.mailboxes import Cipher, Mailboxes
from appliance.ports import SystemChance, SystemClock
from tests.integration.sip_edge.building import Building, building
from tests.integration.sip_edge.conftest import MakePhone
from tests.integration.sip_edge.watching import Watch
from tests.lab.sample import ACME, sample_rows
from wire.rows import Extension
from wire.services import Mailbox

BETO = Mailbox("box-beto", ACME, "Beto", "person-beto")
ELSA = Mailbox("box-elsa", ACME, "Elsa", "person-elsa")
SHARED = Mailbox("box-sales", ACME, "Ventas")


@pytest.fixture(scope="module")
def lit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Building]:
    rows = (*sample_rows("127.0.0.1", 9), BETO, ELSA, SHARED, Extension("ext-sales", ACME, "180", "mailbox", SHARED.id))
    with building(tmp_path_factory.mktemp("mail"), rows) as b:
        b.start("kamailio", "lamps")
        yield b


@pytest.fixture
def mail(lit: Building) -> Mailboxes:
    paths, clock = lit.settings.paths, SystemClock()
    return Mailboxes(paths.mailboxes_dir, LocalStore(paths.local_db, clock, SystemChance()), Cipher(str, str), clock)


def deposit(mail: Mailboxes, box: Mailbox) -> str:
    message = mail.reserve(box, "103", "Elsa")
    assert message
    with wave.open(str(message.path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * 16_000)
    assert mail.keep(message.id, 2.0)
    return message.id


def waiting(watch: Watch, wanted: str) -> float:
    """Seconds until the phone is told `wanted`, such as `yes 1/0`."""
    began = time.monotonic()
    for _ in range(5):
        lines = dict(line.split(": ", 1) for line in watch.told(4).body.splitlines() if ": " in line)
        if f"{lines['Messages-Waiting']} {lines['Voice-Message'].split(' ')[0]}" == wanted:
            return time.monotonic() - began
    raise AssertionError(f"never {wanted}")


@pytest.mark.acceptance("K-2")
def test_a_phone_knows_of_a_message_within_two_seconds(lit: Building, mail: Mailboxes, phone: MakePhone) -> None:
    beto = Watch(phone(lit, "beto"), "102", "message-summary")
    assert beto.subscribe().status == 200
    waiting(beto, "no 0/0")
    message = deposit(mail, BETO)
    assert waiting(beto, "yes 1/0") < 2
    mail.mark(message, "old")
    assert waiting(beto, "no 0/1") < 2
    mail.mark(message, "deleted")
    assert waiting(beto, "no 0/0") < 2


def test_shared_mailboxes_are_watched_by_colleagues_and_others_mailboxes_by_nobody_else(
    lit: Building, mail: Mailboxes, phone: MakePhone
) -> None:
    ana = Watch(phone(lit, "ana"), "180", "message-summary")
    assert ana.subscribe().status == 200
    waiting(ana, "no 0/0")
    deposit(mail, SHARED)
    assert waiting(ana, "yes 1/0") < 2
    assert Watch(phone(lit, "ana"), "102", "message-summary").subscribe().status == 404
    assert Watch(phone(lit, "dario"), "180", "message-summary").subscribe().status == 404


@pytest.mark.acceptance("K-2")
def test_a_phone_that_never_subscribes_is_told_when_it_registers(
    lit: Building, mail: Mailboxes, phone: MakePhone
) -> None:
    deposit(mail, ELSA)
    elsa = phone(lit, "elsa")
    assert elsa.register().status == 200
    notify = elsa.expect("NOTIFY", seconds=6)
    elsa.answer(notify, 200)
    assert "Messages-Waiting: yes" in notify.body
    assert notify["event"] == "message-summary"
