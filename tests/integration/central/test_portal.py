"""The portal as an administrator uses it, on SQLite and PostgreSQL."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from central.authority import make_authority
from central.directory import numbers, trunks
from central.model import AuditEntry, CdrRecord, SeenPhone
from central.model.rows import find, of_account
from central.office import Office
from central.operators import add_operator, set_password
from central.web import make_app
from tests.integration.central.conftest import SettableClock
from tests.integration.central.making import WHO, a_company, a_person, a_site
from wire.rows import Phone
from wire.services import ThreeWay

BASE = "https://central.example.mx"
PASSWORD = "correct-horse-battery"


class Browser:
    """A browser that keeps its cookies and sends each form with the token of its page."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, base_url=BASE)

    def read(self, path: str, status: int = 200) -> str:
        answer = self.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def send(self, path: str, page: str = "", **values: str) -> TestResponse:
        token = re.search(r'name="csrf" value="([^"]+)"', self.get(page or "/audit").text)
        assert token
        return self.client.post(path, data={"csrf": token[1], **values}, base_url=BASE)

    def log_in(self, user: str = "admin", password: str = PASSWORD) -> TestResponse:
        return self.send("/log-in", "/log-in", user=user, password=password)


@pytest.fixture
def app(office: Office, tmp_path: Path, clock: SettableClock):  # type: ignore[no-untyped-def]
    add_operator(office, "admin", PASSWORD, WHO)
    return make_app(office, make_authority(tmp_path / "ca", clock.now()))


@pytest.fixture
def browser(app) -> Browser:  # type: ignore[no-untyped-def]
    return Browser(app.test_client())


@pytest.fixture
def admin(browser: Browser) -> Browser:
    assert browser.log_in().status_code == 302
    return browser


def test_nothing_is_shown_without_a_log_in(browser: Browser) -> None:
    for path in ("/", "/sites", "/accounts", "/audit", "/phones/unassigned", "/accounts/x/people"):
        answer = browser.get(path)
        assert (answer.status_code, answer.location) == (302, "/log-in")


def test_a_form_without_its_token_is_refused(admin: Browser, office: Office) -> None:
    answer = admin.client.post("/sites/new", data={"name": "Torre"}, base_url=BASE)
    assert answer.status_code == 400
    assert "Torre" not in admin.read("/sites")


def test_wrong_passwords_are_throttled_and_do_not_tell_who_exists(browser: Browser, clock: SettableClock) -> None:
    known, unknown = browser.log_in(password="wrong-password"), browser.log_in(user="nobody", password="wrong")
    assert known.status_code == unknown.status_code == 422
    assert "no es correcta" in known.text
    for _ in range(4):
        browser.log_in(password="wrong-password")
    assert browser.log_in().status_code == 429
    clock.forward(minutes=16)
    assert browser.log_in().status_code == 302


def test_a_session_ends_when_unused_when_old_and_when_the_password_changes(
    admin: Browser, office: Office, clock: SettableClock
) -> None:
    for _ in range(23):
        clock.forward(minutes=29)
        admin.read("/sites")
    clock.forward(hours=1)
    assert admin.get("/sites").location == "/log-in"
    assert "sesión terminó" in admin.read("/log-in")
    admin.log_in()
    clock.forward(minutes=31)
    assert admin.get("/sites").location == "/log-in"
    admin.log_in()
    set_password(office, "admin", "another-password-1", WHO)
    assert admin.get("/sites").location == "/log-in"


def test_logging_out_ends_the_session_also_for_a_stolen_cookie(admin: Browser) -> None:
    stolen = admin.client.get_cookie("__Host-conserje", domain="central.example.mx")
    assert stolen is not None
    assert stolen.secure
    assert stolen.http_only
    admin.send("/log-out")
    admin.client.set_cookie("__Host-conserje", stolen.value, domain="central.example.mx", secure=True)
    assert admin.get("/sites").location == "/log-in"


@pytest.mark.parametrize(("language", "says"), [("es-MX", "Edificios"), ("en", "Buildings")])
def test_every_page_opens_in_both_languages(admin: Browser, office: Office, language: str, says: str) -> None:
    site = a_site(office)
    acme = a_company(office, "Acme", site)
    ana = a_person(office, acme, "Ana", "101", number="5512345678", mac="001565000001", model="T46S", site_id=site)
    with office.editing(WHO) as edit:
        number = numbers.add_number(edit, acme, "5512345679")
        wish = trunks.TrunkWish("Telmex", "203.0.113.9", username="u", secret="hush-hush")
        trunk = trunks.add_trunk(edit, site, wish)
        edit.session.add(a_waiting_phone(office, site))
        edit.session.add(a_stored_call(office, site, acme))
    assert ana.phone is not None
    admin.send("/language", language=language, back="/sites")
    pages = [
        "/sites", "/sites/new", f"/sites/{site}", f"/sites/{site}/trunks/{trunk.id}", f"/sites/{site}/edit",
        "/accounts", "/accounts/new",
        f"/accounts/{acme}/people", f"/accounts/{acme}/people/new", f"/accounts/{acme}/people/{ana.person.id}",
        f"/accounts/{acme}/numbers", f"/accounts/{acme}/numbers/{number.id}", f"/accounts/{acme}/phones",
        f"/accounts/{acme}/phones/{ana.phone.id}", f"/accounts/{acme}/calls", f"/accounts/{acme}/settings",
        "/phones/unassigned", f"/sites/{site}/unassigned/0015650000ff", "/audit",
    ]  # fmt: skip
    for path in pages:
        text = admin.read(path)
        assert f'lang="{language}"' in text
        assert says in text
        assert ana.phone.sip_secret not in text
        assert "hush-hush" not in text


def test_an_administrator_builds_a_company_from_nothing(admin: Browser, office: Office) -> None:
    assert admin.send("/sites/new", name="Torre Norte", timezone="America/Tijuana", area_code="664",
                      dial_profile="mx2020", language="es-MX").status_code == 302  # fmt: skip
    site = re.search(r'/sites/(site-\w+)"', admin.read("/sites"))
    assert site
    made = admin.send("/accounts/new", name="Café Ñandú", language="es-MX", site_id=site[1])
    account = made.location.split("/")[2]
    form = admin.read(f"/accounts/{account}/people/new")
    assert 'value="101"' in form
    saved = admin.send(
        f"/accounts/{account}/people/new", first_name="Íñigo", last_name="O'Hara <b>", extension="101",
        number="664 123 4567", mac="00:0B:82:AA:BB:CC", model="GXP2130", site_id=site[1],
    )  # fmt: skip
    assert saved.status_code == 302, saved.text
    people = admin.read(f"/accounts/{account}/people")
    assert "Íñigo O&#39;Hara &lt;b&gt;" in people
    assert "00:0B:82:AA:BB:CC" in people
    assert "664 123 4567" in people
    assert 'value="102"' in admin.read(f"/accounts/{account}/people/new")
    settings = admin.read(f"/accounts/{account}/settings")
    ana = re.search(r'value="(person:[^"]+)"', settings)
    assert ana
    said = {"name": "Café Ñandú", "language": "es-MX", "default": ana[1]}
    for ticked, goes_on in ({}, None), ({"three_way_goes_on": "1"}, True), ({}, False):
        assert admin.send(f"/accounts/{account}/settings", **said, **ticked).status_code == 302
        with office.reading() as session:
            held = find(session, ThreeWay, account)
        assert (held.goes_on if held else None) is goes_on, "W-2: who hangs up last in a call of three"
        ticks = re.findall(r'<input id="three_way_goes_on"[^>]*>', admin.read(f"/accounts/{account}/settings"))
        assert ["checked" in tick for tick in ticks] == [bool(goes_on)]
    admin.send(f"/accounts/{account}/numbers", number="6641234568")
    assert "el destino general: 101 Íñigo" in admin.read(f"/accounts/{account}/numbers")
    with office.reading() as session:
        assert {e.who for e in session.scalars(select(AuditEntry).where(AuditEntry.account_id == account))} == {"admin"}


@pytest.mark.acceptance("U-2")
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(admin: Browser, office: Office) -> None:
    acme = a_company(office, "Acme", a_site(office))
    a_person(office, acme, "Ana", "101")
    answer = admin.send(
        f"/accounts/{acme}/people/new", first_name="Ana", last_name="Pérez", extension="911", number="12", mac="zz:1",
        model="T46S",
    )  # fmt: skip
    assert answer.status_code == 422
    for said in ("Ya existe una persona", "número de emergencia 911", "no es un número telefónico", "dirección MAC"):
        assert said in answer.text
    for typed in ('value="Ana"', 'value="911"', 'value="zz:1"', 'value="T46S"'):
        assert typed in answer.text
    assert answer.text.count('aria-invalid="true"') >= 4
    assert admin.read(f"/accounts/{acme}/people").count("data-sure") == 1


@pytest.mark.acceptance("U-3")
def test_a_person_is_renumbered_and_an_extension_in_use_is_not_offered(admin: Browser, office: Office) -> None:
    acme = a_company(office, "Acme", a_site(office))
    ana = a_person(office, acme, "Ana", "101", number="5512345678").person
    a_person(office, acme, "Beto", "103")
    page = f"/accounts/{acme}/people/{ana.id}"
    offered = re.findall(r'<option value="(\d+)"></option>', admin.read(page).split('id="offered"')[1])
    assert offered[:2] == ["102", "104"]
    assert "103" not in offered
    values = {"first_name": "Ana", "last_name": "Pérez", "number": "55 1234 5670", "caller_id": "+525512345678"}
    assert admin.send(page, page, extension="103", **values).status_code == 422
    assert admin.send(page, page, extension="104", international="1", area_code="664", **values).status_code == 302
    shown = admin.read(page)
    assert 'value="104"' in shown
    assert 'value="55 1234 5670"' in shown
    assert '<option value="+525512345678" selected>' in shown
    assert 'name="international" type="checkbox" value="1" checked' in shown
    refused = admin.send(page, page, extension="104", **{**values, "caller_id": "5587654321"})
    assert refused.status_code == 422
    assert "La empresa no tiene el número +525587654321" in refused.text


def test_a_trunk_is_changed_and_its_password_is_never_shown(admin: Browser, office: Office) -> None:
    site = a_site(office)
    with office.editing(WHO) as edit:
        wish = trunks.TrunkWish("Telmex", "203.0.113.9", username="u", secret="hush-hush", trusted=False)
        trunk = trunks.add_trunk(edit, site, wish)
    page = f"/sites/{site}/trunks/{trunk.id}"
    shown = admin.read(page)
    assert 'value="203.0.113.9"' in shown
    assert "hush-hush" not in shown
    values = {"name": "Telmex", "trunk_kind": "carrier", "transport": "udp", "priority": "10", "username": "u"}
    refused = admin.send(page, page, host="203.0.113", port="5060", **values)
    assert refused.status_code == 422
    saved = admin.send(page, page, host="sip.telmex.mx", port="5070", **values)
    assert saved.location == f"/sites/{site}"
    assert "udp:sip.telmex.mx:5070" in admin.read(f"/sites/{site}")
    assert "el DNS del operador dice" in shown
    admin.send(page, page, host="sip.telmex.mx", port="", **values)
    assert "udp:sip.telmex.mx:SRV" in admin.read(f"/sites/{site}")
    assert '<input id="port" name="port" type="text" value=""' in admin.read(page)
    with office.editing(WHO) as edit:
        edit.lock_site(site)
        assert trunks.trunk_of(edit, site, trunk.id).secret == "hush-hush"
    assert admin.get(f"/sites/{a_site(office)}/trunks/{trunk.id}").status_code == 404


@pytest.mark.acceptance("N-3")
def test_a_number_is_led_to_a_person_and_away_again(admin: Browser, office: Office) -> None:
    acme = a_company(office, "Acme", a_site(office))
    ana = a_person(office, acme, "Ana", "101").person
    with office.editing(WHO) as edit:
        number = numbers.add_number(edit, acme, "5512345678")
    page = f"/accounts/{acme}/numbers/{number.id}"
    picker = admin.read(page)
    assert "data-filter" in picker
    assert ">101 Ana Pérez<" in picker
    assert admin.send(page, destination=f"person:{ana.id}").status_code == 302
    assert "101 Ana" in admin.read(f"/accounts/{acme}/numbers")
    assert admin.send(page, destination="person:nobody").status_code == 422
    assert admin.send(page, destination="").status_code == 302
    assert "a ninguna parte" in admin.read(f"/accounts/{acme}/numbers")


def test_an_unassigned_phone_is_given_to_a_person(admin: Browser, office: Office) -> None:
    site = a_site(office)
    acme = a_company(office, "Acme", site)
    ana = a_person(office, acme, "Ana", "101").person
    with office.editing(WHO) as edit:
        edit.session.add(a_waiting_phone(office, site))
    assert "00:15:65:00:00:FF" in admin.read("/phones/unassigned")
    page = f"/sites/{site}/unassigned/0015650000ff"
    assert admin.send(page, person="", model="T46S", family="yealink").status_code == 422
    assert admin.send(page, person=f"{acme}:{ana.id}", model="T46S", family="yealink").status_code == 302
    assert "00:15:65:00:00:FF" not in admin.read("/phones/unassigned")
    assert "00:15:65:00:00:FF" in admin.read(f"/accounts/{acme}/people")


@pytest.mark.acceptance("J-3")
def test_a_phone_that_asks_in_another_building_is_moved_by_one_click_and_only_by_its_own_company(
    admin: Browser, office: Office
) -> None:
    here, there, foreign = a_site(office), a_site(office), a_site(office)
    acme, other = a_company(office, "Acme", here, there), a_company(office, "Borrego", here)
    phone = a_person(office, acme, "Ana", "101", mac="0015650000ff", model="T41S", site_id=here).phone
    assert phone is not None
    with office.editing(WHO) as edit:
        edit.session.add(a_waiting_phone(office, there))
    assert f"/accounts/{acme}/phones/{phone.id}#move" in admin.read("/phones/unassigned")
    page = f"/accounts/{acme}/phones/{phone.id}"
    assert admin.get(f"/sites/{there}/unassigned/0015650000ff").location.endswith(f"{page}#move")
    assert "No ha demostrado quién es" in admin.read(page)
    assert admin.send(f"{page}/move", site_id=foreign).status_code == 422
    assert admin.send(f"/accounts/{other}/phones/{phone.id}/move", site_id=here).status_code == 404
    assert admin.send(f"{page}/move", site_id=there).status_code == 302
    with office.reading() as session:
        (moved,) = of_account(session, Phone, acme)
    assert (moved.site_id, moved.sip_user) == (there, phone.sip_user)
    assert "00:15:65:00:00:FF" not in admin.read("/phones/unassigned")
    settings = f"/accounts/{acme}/settings"
    assert admin.send(settings, name="Acme", language="es-MX", default="", asks="1").status_code == 302
    assert re.search(r'name="asks"[^>]*checked', admin.read(settings))


@pytest.mark.acceptance("P-18")
def test_a_phones_keys_are_set_on_its_page(admin: Browser, office: Office) -> None:
    site = a_site(office)
    acme = a_company(office, "Acme", site)
    phone = a_person(office, acme, "Ana", "101", mac="001565000001", model="T41S", site_id=site).phone
    a_person(office, acme, "Beto", "102")
    assert phone is not None
    page = f"/accounts/{acme}/phones/{phone.id}"
    shown = admin.read(page)
    assert shown.count('aria-label="Tecla 15: tipo"') == 1
    assert 'name="kind_16"' not in shown
    saved = admin.send(f"{page}/keys", page, kind_2="blf", value_2="102", label_2="Beto <b>", kind_3="", value_3=" ")
    assert saved.location == page
    shown = admin.read(page)
    assert 'name="value_2" value="102"' in shown
    assert 'value="Beto &lt;b&gt;"' in shown
    refused = admin.send(f"{page}/keys", page, kind_2="blf", value_2="999", label_2="Beto")
    assert refused.status_code == 422
    assert "no tiene la extensión 999" in refused.text
    assert 'value="999"' in refused.text
    assert 'aria-describedby="value_2-note"' in refused.text
    assert ">101 Ana Pérez</option>" in refused.text
    assert 'selected>101 Ana' in refused.text
    assert 'name="value_2" value="102"' in admin.read(page)


def test_a_claim_code_is_shown_once(admin: Browser, office: Office) -> None:
    site = a_site(office)
    shown = admin.send(f"/sites/{site}/claim")
    code = re.search(r'class="code">([^<]+)<', shown.text)
    assert code
    assert code[1] not in admin.read(f"/sites/{site}")


@pytest.mark.acceptance("Z-6")
def test_a_log_in_of_one_company_reaches_nothing_of_another(app, office: Office) -> None:  # type: ignore[no-untyped-def]
    site = a_site(office)
    acme, bravo = a_company(office, "Acme", site), a_company(office, "Bravo", site)
    theirs = a_person(office, bravo, "Bea", "101", number="5587654321", mac="001565000009", model="T46S", site_id=site)
    mine = a_person(office, acme, "Ana", "101", mac="001565000008", model="T46S", site_id=site)
    assert theirs.phone is not None
    add_operator(office, "jefa", PASSWORD, WHO, acme)
    jefa = Browser(app.test_client())
    assert jefa.log_in("jefa").status_code == 302
    own = f"/accounts/{acme}/people"
    assert jefa.get("/").location == own
    assert "Ana" in jefa.read(own)
    values = {
        "site_id": site, "account_id": bravo, "person_id": theirs.person.id, "phone_id": theirs.phone.id,
        "number_id": "any", "trunk_id": "any", "mac": "001565000009", "filename": "portal.css",
    }  # fmt: skip
    open_to_all = {"log_in", "log_out", "home", "static", "set_language", "password"}
    tried = 0
    for rule in app.url_map.iter_rules():
        endpoint = rule.endpoint.removeprefix("portal.")
        if rule.endpoint == endpoint or endpoint in open_to_all:
            continue
        path = rule.rule
        for name, value in values.items():
            path = path.replace(f"<{name}>", value)
        if "GET" in rule.methods:
            assert jefa.get(path).status_code == 404, path
        if "POST" in rule.methods:
            assert jefa.send(path, own).status_code == 404, path
        tried += 1
    assert tried > 25
    for path, sent in (
        (f"/accounts/{acme}/people/{theirs.person.id}/delete", {}),
        (f"/accounts/{acme}/phones/{theirs.phone.id}/delete", {}),
        (f"/accounts/{acme}/phones/{mine.phone.id if mine.phone else ''}", {"person_id": theirs.person.id}),
        (f"/accounts/{acme}/phones/{theirs.phone.id}/keys", {"kind_2": "park"}),
        (f"/accounts/{acme}/people/{mine.person.id}",
         {"first_name": "Ana", "extension": "101", "number": "5587654321"}),
        (f"/accounts/{acme}/people/{mine.person.id}",
         {"first_name": "Ana", "extension": "101", "number": "", "caller_id": "5587654321"}),
        (f"/accounts/{acme}/people/{mine.person.id}",
         {"first_name": "Ana", "extension": "101", "number": "5511112222"}),
        (f"/accounts/{acme}/people/new", {"first_name": "Zoe", "extension": "102", "number": "5587654321"}),
        (f"/accounts/{acme}/numbers", {"number": "5511112222"}),
        (f"/accounts/{acme}/settings", {"name": "Acme", "language": "en", "default": f"person:{theirs.person.id}"}),
        (f"/accounts/{acme}/delete", {}),
    ):
        assert jefa.send(path, own, **sent).status_code in (404, 422), path


def a_waiting_phone(office: Office, site: str) -> SeenPhone:
    now = office.clock.now()
    return SeenPhone(
        site_id=site, mac="0015650000ff", family="yealink", model="T46S", firmware="66", address="10.20.0.77",
        evidence=["dhcp: yealink"], switch_port="", first_seen_at=now, last_seen_at=now,
    )  # fmt: skip


def a_stored_call(office: Office, site: str, account: str) -> CdrRecord:
    return CdrRecord(
        id="call-1", site_id=site, account_id=account, call_id="x@y", direction="outbound", caller="101",
        caller_phone_id="", dialled="5511112222", destination="+525511112222", call_class="national",
        started_at=office.clock.now(), answered_at=None, ended_at=None, talk_ms=61000, cause="answered",
        sip_status=200, answered_by="", trunk_id="", legs=[], reasons=[],
    )  # fmt: skip
