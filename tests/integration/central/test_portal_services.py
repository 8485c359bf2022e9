"""The portal's pages of services as an administrator uses them, on SQLite and PostgreSQL."""

import io
import re

import pytest
from sqlalchemy import select

from central.model import TrunkRecord
from central.model.rows import find, of_account
from central.office import Office
from central.operators import add_operator
from tests.integration.central.making import WHO, a_company, a_person, a_site
from tests.integration.central.test_portal import BASE, PASSWORD, Browser, admin, app, browser
from tests.integration.central.test_services import tone
from wire.services import Mailbox, MenuKey, Music, OpenHours, Preferences, Receptionist, RingGroup, Room, Sound

__all__ = ["admin", "app", "browser"]


@pytest.fixture
def acme(office: Office) -> str:
    return a_company(office, "Acme", a_site(office))


@pytest.fixture
def ana(office: Office, acme: str) -> str:
    return a_person(office, acme, "Ana", "101").person.id


@pytest.mark.acceptance("R-4")
def test_a_group_is_made_reordered_and_loses_a_deleted_person_with_a_warning(
    office: Office, admin: Browser, acme: str, ana: str
) -> None:
    beto = a_person(office, acme, "Beto", "102").person.id
    sent = admin.send(
        f"/accounts/{acme}/groups/new", name="Ventas", extension="200", mode="in_turn", ring_s="15",
        member_1=f"person:{ana}", member_3=f"person:{beto}", no_answer=f"person:{beto}",
    )  # fmt: skip
    assert sent.status_code == 302
    with office.reading() as session:
        (group,) = of_account(session, RingGroup, acme)
    shown = admin.read(f"/accounts/{acme}/groups/{group.id}")
    assert re.search(rf'value="person:{ana}" selected', shown)
    wrong = admin.send(
        f"/accounts/{acme}/groups/{group.id}", name="Ventas", extension="200", mode="in_turn", ring_s="4"
    )
    assert wrong.status_code == 422
    assert "5 al 300" in wrong.text
    admin.send(f"/accounts/{acme}/groups/{group.id}", name="Ventas", extension="200", mode="together", ring_s="15",
               member_1=f"person:{ana}")  # fmt: skip
    admin.send(f"/accounts/{acme}/people/{ana}/delete")
    assert "Estos grupos quedaron sin miembros: Ventas" in admin.read(f"/accounts/{acme}/people")
    assert "nadie timbra" in admin.read(f"/accounts/{acme}/services")


@pytest.mark.acceptance("V-6")
def test_a_receptionist_gets_hours_keys_and_is_opened_by_hand(
    office: Office, admin: Browser, acme: str, ana: str
) -> None:
    days = {f"day_{n}": "09:00-14:00 16:00-18:30" for n in range(5)}
    week = admin.send(f"/accounts/{acme}/schedules/new", name="Oficina", holidays="2026-12-25 Navidad", **days)
    assert week.status_code == 302
    wrong = admin.send(f"/accounts/{acme}/schedules/new", name="Otra", day_0="de nueve a seis")
    assert "no es un horario" in wrong.text
    odd = admin.send(f"/accounts/{acme}/schedules/new", name="Otra", day_0="09:07-10:00")
    assert "cuartos de hora" in odd.text
    with office.reading() as session:
        schedule = of_account(session, OpenHours, acme)[0].schedule_id
    made = admin.send(
        f"/accounts/{acme}/receptionists/new", name="Recepción", extension="100", schedule_id=schedule,
        override="auto", direct_dial="1", key_business_1=f"person:{ana}", key_business_9="repeat",
        has_after_hours="1", key_after_hours_0="hang_up",
    )  # fmt: skip
    assert made.status_code == 302
    with office.reading() as session:
        (desk,) = of_account(session, Receptionist, acme)
        assert {(k.digit, k.action) for k in of_account(session, MenuKey, acme)} == {
            ("1", "person"), ("9", "repeat"), ("0", "hang_up")
        }  # fmt: skip
    admin.send(f"/accounts/{acme}/receptionists/{desk.id}/override", override="closed")
    assert "cerrado a mano" in admin.read(f"/accounts/{acme}/services")
    shown = admin.read(f"/accounts/{acme}/schedules/{schedule}")
    assert "09:00-14:00 16:00-18:30" in shown
    assert "2026-12-25 Navidad" in shown


@pytest.mark.acceptance("L-3")
def test_a_mailbox_is_given_a_pin_that_is_shown_once_and_nothing_in_it_can_be_heard(
    office: Office, admin: Browser, acme: str, ana: str
) -> None:
    admin.send(f"/accounts/{acme}/mailboxes/new", person_id=ana, enabled="1", answer_after_s="20", greeting="default",
               email="ana@acme.mx", max_messages="100", max_message_s="300")  # fmt: skip
    first = admin.read(f"/accounts/{acme}/services")
    assert re.search(r"se muestra solo ahora: \d{6}", first)
    assert "se muestra solo ahora" not in admin.read(f"/accounts/{acme}/services")
    with office.reading() as session:
        (box,) = of_account(session, Mailbox, acme)
    admin.send(f"/accounts/{acme}/mailboxes/{box.id}/pin")
    page = admin.read(f"/accounts/{acme}/mailboxes/{box.id}")
    assert re.search(r"se muestra solo ahora: \d{6}", page)
    assert "<audio" not in page


@pytest.mark.acceptance("V-5")
def test_a_sound_is_uploaded_heard_and_becomes_the_music(office: Office, admin: Browser, acme: str) -> None:
    def upload(name: str, content: bytes) -> int:
        token = re.search(r'name="csrf" value="([^"]+)"', admin.read(f"/accounts/{acme}/sounds"))
        assert token
        data = {"csrf": token[1], "name": name, "language": "es-MX", "file": (io.BytesIO(content), "saludo.wav")}
        return admin.client.post(f"/accounts/{acme}/sounds", data=data, base_url=BASE).status_code

    assert upload("Saludo", tone(1.0)) == 302
    assert upload("Nada", b"this is a letter") == 422
    with office.reading() as session:
        (sound,) = of_account(session, Sound, acme)
    heard = admin.get(f"/accounts/{acme}/sounds/{sound.id}/listen")
    assert heard.data[:4] == b"RIFF"
    admin.send(f"/accounts/{acme}/music", hold_sound_id=sound.id, transfer="ringback", transfer_sound_id="")
    with office.reading() as session:
        music = find(session, Music, acme)
    assert music == Music(acme, acme, sound.id, "", "ringback")
    refused = admin.send(f"/accounts/{acme}/sounds/{sound.id}/delete")
    assert "música" in refused.text


def test_what_is_too_large_to_be_a_form_is_refused_before_it_is_read(browser: Browser, acme: str) -> None:
    flood = {"csrf": "x", "name": "x", "file": (io.BytesIO(b"0" * 200_000), "x.wav")}
    assert browser.client.post(f"/accounts/{acme}/sounds", data=flood, base_url=BASE).status_code == 413


@pytest.mark.acceptance("G-1")
def test_forwarding_is_set_in_the_portal_and_a_wrong_number_is_said(
    office: Office, admin: Browser, acme: str, ana: str
) -> None:
    path = f"/accounts/{acme}/people/{ana}/preferences"
    assert admin.send(path, forward_mode="always").status_code == 422
    sent = {"forward_mode": "always", "forward_to": "55 1234 5678", "call_waiting": "1", "hide_caller_id": "1"}
    assert admin.send(path, **sent).status_code == 302
    with office.reading() as session:
        held = find(session, Preferences, ana)
    assert held is not None
    assert (held.forward_mode, held.forward_to, held.call_waiting, held.hide_caller_id) == (
        "always", "5512345678", True, True
    )  # fmt: skip


def test_rooms_and_limits_have_their_forms(office: Office, admin: Browser, acme: str) -> None:
    assert admin.send(f"/accounts/{acme}/conference", name="Conferencias", extension="800").status_code == 302
    made = admin.send(f"/accounts/{acme}/rooms/new", number="8001", name="Junta", pin="4711", max_participants="10")
    assert made.status_code == 302
    with office.reading() as session:
        (room,) = of_account(session, Room, acme)
    assert 'value="4711"' in admin.read(f"/accounts/{acme}/rooms/{room.id}")
    limits = dict.fromkeys(re.findall(r'name="([a-z_]+)" type="number"', admin.read(f"/accounts/{acme}/limits")), "100")
    assert admin.send(f"/accounts/{acme}/limits", prepaid="1", **limits).status_code == 302
    assert admin.send(f"/accounts/{acme}/limits", **limits | {"balance": "-5"}).status_code == 422


PATHS = (
    "services", "groups/new", "receptionists/new", "schedules/new", "mailboxes/new", "conference", "rooms/new",
    "sounds", "limits",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_each_page_is_there_in_both_languages(admin: Browser, acme: str, path: str) -> None:
    spanish = admin.read(f"/accounts/{acme}/{path}")
    admin.send("/language", language="en")
    english = admin.read(f"/accounts/{acme}/{path}")
    assert spanish != english
    assert 'lang="en"' in english


def test_a_company_sees_no_service_of_another(office: Office, browser: Browser, acme: str, ana: str) -> None:
    bravo = a_company(office, "Bravo", a_site(office))
    add_operator(office, "carla", PASSWORD, WHO, bravo)
    browser.log_in("carla")
    for path in (*PATHS, f"people/{ana}/preferences"):
        assert browser.get(f"/accounts/{acme}/{path}").status_code == 404
    assert browser.get(f"/accounts/{bravo}/people/{ana}/preferences").status_code == 404


@pytest.mark.acceptance("S-6")
def test_a_trunk_s_calls_and_hours_are_set_on_its_page(office: Office, admin: Browser) -> None:
    site = a_site(office)
    same = {
        "name": "Carrier", "host": "203.0.113.9", "trunk_kind": "carrier", "port": "5060", "transport": "udp",
        "priority": "10",
    }  # fmt: skip
    admin.send(f"/sites/{site}/trunks", **same)
    with office.reading() as session:
        (trunk_id,) = session.scalars(select(TrunkRecord.id).where(TrunkRecord.site_id == site))
    path = f"/sites/{site}/trunks/{trunk_id}"
    refused = admin.send(path, **same, registers="1")
    assert refused.status_code == 422
    assert "falta usuario y contraseña" in refused.text
    assert admin.send(path, **same, class_international="1", on_0="1", since="09:00", until="18:30").status_code == 302
    shown = admin.read(path)
    assert 'name="since" type="text" value="09:00"' in shown
    assert re.search(r'name="class_international" type="checkbox" value="1" checked', shown)
    assert not re.search(r'name="class_national" type="checkbox" value="1" checked', shown)
