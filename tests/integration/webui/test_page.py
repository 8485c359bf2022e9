"""The building page on real gunicorn, over HTTP: who gets in, who may do what, what is shown and what is not."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from appliance.directory.live import Live
from appliance.vocabulary import LinkState
from tests.integration.webui.house import (
    HOSTILE,
    PASSWORD,
    UNKNOWN,
    Client,
    House,
    call_now,
    house,
    past_call,
    see_unknown_phone,
    trunk,
)
from tests.lab.waiting import until

PAGES = ("/", "/phones", "/phones/001565aa0101", "/calls", "/calls/cdr-1", "/system", "/system/users", "/system/audit")
APIS = ("/api/v1/board", "/api/v1/fragments", "/api/v1/events", "/api/v1/people?q=gael")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("page")) as made:
        made.local.append(past_call(), id="cdr-1")
        made.report(calls=(call_now(),), trunks=(trunk(LinkState.UP),))
        yield made


@pytest.fixture
def own(tmp_path: Path) -> Iterator[House]:
    """A building of one's own, for tests that change it."""
    with house(tmp_path) as made:
        see_unknown_phone(made.local)
        yield made


def actions(h: House) -> list[str]:
    text = h.client("administrator").see("/system/audit")
    return re.findall(r'data-label="What">([^<]+)<', text)


# Signing in


@pytest.mark.acceptance("B-1")
def test_nothing_is_shown_without_signing_in(page: House) -> None:
    stranger = page.client()
    for path in PAGES:
        assert stranger.get(page.url + path, allow_redirects=False, timeout=15).headers["Location"].startswith("/login")
    for path in APIS:
        answer = stranger.get(page.url + path, allow_redirects=False, timeout=15)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "401"


@pytest.mark.acceptance("B-1")
def test_signing_in_leads_to_the_page_that_was_asked_for_and_out_ends_it(page: House, centre: str) -> None:
    client = page.client()
    there = client.get(f"{page.url}/phones?state=lost", timeout=15)
    assert 'name="next" value="/phones?state=lost"' in there.text
    answer = client.submit("/login", {"user": "viewer", "password": PASSWORD, "next": "/phones?state=lost"})
    assert answer.headers["Location"] == "/phones?state=lost"
    client.see("/phones?state=lost")
    stolen = client.cookies.get_dict()
    assert client.submit("/logout", {}).status_code == 302
    client.see("/", status=302)
    thief = Client(page.url)
    thief.cookies.update(stolen)
    thief.see("/", status=302)


def test_an_unknown_user_and_a_wrong_password_are_answered_alike(tmp_path: Path) -> None:
    def answered(client: Client, user: str) -> tuple[int, str]:
        answer = client.sign_in(user, "not the password")
        body = re.sub(r'name="csrf" value="[^"]+"', "", answer.text).replace(user, "USER")
        return answer.status_code, body

    with house(tmp_path) as own:
        assert answered(own.client(), "viewer") == answered(own.client(), "nobody-here")
        assert answered(own.client(), "viewer")[0] == 401


def test_a_guesser_is_made_to_wait_even_with_the_right_password(tmp_path: Path) -> None:
    with house(tmp_path) as own:
        client = own.client()
        codes = [client.sign_in("viewer", "wrong password").status_code for _ in range(7)]
        assert codes == [401] * 6 + [429]
        blocked = client.sign_in("viewer", PASSWORD)
        assert blocked.status_code == 429
        assert "Wait 1 min" in blocked.text
        assert own.client("technician").see("/")
        assert actions(own)[:2] == ["Signed in", "Signed in"]
        assert "Sign-in blocked for a while" in actions(own)


def test_cookies_and_headers_are_strict(page: House) -> None:
    answer = requests.get(f"{page.url}/login", timeout=15)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    tls = requests.get(f"{page.url}/login", headers={"X-Forwarded-Proto": "https"}, timeout=15)
    assert "Secure" in tls.headers["Set-Cookie"]
    assert "Strict-Transport-Security" in tls.headers


@pytest.mark.acceptance("B-1")
def test_no_page_has_inline_script_or_style_or_outside_assets(page: House) -> None:
    client = page.client("administrator")
    for path in PAGES:
        text = client.see(path)
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=\"", text), path
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text), path


def test_a_form_from_elsewhere_is_refused(own: House) -> None:
    client = own.client("administrator")
    forms = (
        f"/phones/{UNKNOWN}/forget",
        f"/phones/{UNKNOWN}/adopt",
        "/system/users",
        "/logout",
        "/language",
        "/account",
    )
    for path in (*forms, "/system/users/viewer/remove", "/system/users/viewer/role", "/system/users/viewer/password"):
        for token in ("", "guessed"):
            assert client.submit(path, {}, token=token).status_code == 403, path
    good = {"csrf": client.token(), "language": "es"}
    foreign = {"Origin": "https://evil.example"}
    assert client.post(f"{own.url}/language", data=good, headers=foreign, timeout=15).status_code == 403
    assert own.local.sightings()


def test_what_is_too_large_or_malformed_is_refused_and_the_page_stays(page: House) -> None:
    client = page.client("technician")
    big = client.post(f"{page.url}/login", data={"csrf": "x" * 100_000}, timeout=15)
    assert big.status_code == 413
    assert client.get(f"{page.url}/{'a' * 5000}", timeout=15).status_code in (400, 414)
    for path in ("/phones?page=99999999999", "/phones?page=²", "/calls?page=-1", "/phones?state=%00", "/calls/../x"):
        assert client.get(page.url + path, timeout=15).status_code in (200, 404)
    client.see("/phones/ffffffffffff", status=404)
    client.see("/api/v1/fragments?view=nothing", status=404)


# Roles


@pytest.mark.acceptance("J-4")
def test_each_role_sees_and_does_what_it_may(own: House) -> None:
    own.local.append(past_call(), id="cdr-1")
    for role, allowed in (("viewer", 4), ("technician", 5), ("administrator", 7)):
        client = own.client(role)
        paths = ("/", "/phones", "/calls", "/system", "/calls/cdr-1", "/system/users", "/system/audit")
        codes = [client.get(own.url + p, timeout=15).status_code for p in paths]
        assert codes == [200] * allowed + [403] * (len(paths) - allowed), role
    viewer = own.client("viewer")
    assert viewer.submit(f"/phones/{UNKNOWN}/adopt", {"person": "104"}).status_code == 403
    assert viewer.submit(f"/phones/{UNKNOWN}/forget", {}).status_code == 403
    viewer.see("/api/v1/people?q=gael", status=403)
    assert own.client("technician").submit("/system/users", {"name": "x", "role": "administrator"}).status_code == 403


def test_an_administrator_keeps_users_and_a_temporary_password_opens_nothing_else(own: House) -> None:
    admin = own.client("administrator")
    made = admin.submit("/system/users", {"name": "tere", "role": "technician"})
    password = re.search(r'class="secret mono">([^<]+)<', made.text)
    assert password
    tere = own.client()
    assert tere.sign_in("tere", password[1]).status_code == 302
    assert tere.get(f"{own.url}/phones", allow_redirects=False, timeout=15).headers["Location"] == "/account"
    wrong = tere.submit("/account", {"now": "x", "new": "otra frase larga", "again": "otra frase larga"})
    assert "The current password is not right." in wrong.text
    changed = {"now": password[1], "new": "otra frase larga", "again": "otra frase larga"}
    assert tere.submit("/account", changed).status_code == 302
    tere.see("/phones")
    assert admin.submit("/system/users/tere/role", {"role": "viewer"}).status_code == 302
    tere.see("/phones", status=302)
    assert "only administrator" in admin.submit("/system/users/administrator/remove", {}).text
    assert admin.submit("/system/users/tere/remove", {}).status_code == 302
    assert own.client().sign_in("tere", "otra frase larga").status_code == 401
    done = actions(own)
    assert {"User added", "Password changed", "Role changed", "User removed"} <= set(done)


# What is shown


@pytest.mark.acceptance("B-1")
def test_at_a_glance_phones_calls_trunks_centre_sync_and_alarms(page: House, centre: str) -> None:
    text = page.client("viewer").see("/")
    assert ("No link to the central office." in text) is (centre == "cut")
    assert "Reforma 222" in text
    assert "of 5 registered" in text
    assert "101 Ana" not in text.split('id="attention-title"')[1].split("</section>")[0]
    assert "+52 •••• 5678" in text
    assert "Carrier" in text
    assert "Central office" in text
    assert "Copy 1" in text
    assert "record waiting" in text
    assert "do not serve" in text


@pytest.mark.acceptance("J-4")
def test_outside_numbers_and_peoples_names_stay_behind(page: House) -> None:
    client = page.client("viewer")
    everything = "".join(client.see(p) for p in ("/", "/phones", "/phones/001565aa0101", "/calls", "/api/v1/board"))
    for private in ("5512345678", "Núñez", "N\\u00fa\\u00f1ez", "example.mx", "+525550000101", "secret-of", "p-ana"):
        assert private not in everything, private
    assert "101 Ana" in everything


@pytest.mark.acceptance("J-4")
def test_a_call_in_full_is_shown_to_a_technician_and_each_look_is_audited(own: House) -> None:
    own.local.append(past_call(), id="cdr-1")
    technician = own.client("technician")
    for _ in range(2):
        text = technician.see("/calls/cdr-1")
    assert "+525512345678" in text
    assert "abc@10.20.0.51" in text
    assert "Núñez" not in text
    assert "The caller is extension 101 ([name withheld]) of Acme, on phone 101 Ana." in text
    assert actions(own).count("Call opened") == 2


@pytest.mark.acceptance("B-1")
def test_a_search_cannot_be_used_to_guess_a_masked_number(page: House) -> None:
    client = page.client("viewer")
    assert "•••• 5678" in client.see("/calls?q=5678").split('id="past-title"')[1]
    assert "No call fits" in client.see("/calls?q=55123")
    assert "No call fits" in client.see("/calls?cause=busy")
    assert "•••• 5678" in client.see("/calls?cause=answered&account=acct-acme").split('id="past-title"')[1]


@pytest.mark.acceptance("B-1")
def test_both_languages(page: House, centre: str) -> None:
    client = page.client("viewer")
    assert '<html lang="en">' in client.see("/")
    assert client.submit("/language", {"language": "es", "next": "/phones"}).headers["Location"] == "/phones"
    text = client.see("/phones")
    assert '<html lang="es-MX">' in text
    assert "Teléfonos" in text


@pytest.mark.acceptance("B-1")
def test_names_that_are_code_are_shown_as_text(tmp_path: Path) -> None:
    from tests.lab.sample import sample_rows
    from wire.rows import Account, Phone, Row, Site, Trunk

    def hostile(row: Row) -> Row:
        from dataclasses import replace

        if isinstance(row, Site | Account | Trunk):
            return replace(row, name=HOSTILE)
        return replace(row, label=HOSTILE) if isinstance(row, Phone) else row

    with house(tmp_path, tuple(hostile(r) for r in sample_rows())) as own:
        see_unknown_phone(own.local, model=HOSTILE, evidence=HOSTILE)
        own.local.append(past_call(destination=HOSTILE, dialled=HOSTILE, cause=HOSTILE, call_id=HOSTILE), id="cdr-1")
        own.report(calls=(call_now(),), trunks=(trunk(LinkState.DOWN),))
        client = own.client("administrator")
        client.sign_in(HOSTILE, "x")
        client = own.client("administrator")
        for path in (*PAGES, f"/phones/{UNKNOWN}", f"/phones?q={HOSTILE}", f"/calls?q={HOSTILE}"):
            text = client.see(path)
            assert "<script>alert" not in text, path
            assert "49" not in re.findall(r"&amp;(\d+)", text)
        fragments = client.get(f"{own.url}/api/v1/fragments?view=overview", timeout=15).json()["fragments"]
        assert not any("<script>alert" in html for html in fragments.values())


def test_a_building_without_a_directory_says_what_to_do(tmp_path: Path) -> None:
    with house(tmp_path) as own:
        (own.settings.paths.live_dir / "current").unlink()
        until(lambda: "This building has no directory yet" in own.client("viewer").see("/"), 5, "the page says so")
        assert "Plug one into the wall" in own.client("viewer").see("/phones")


def test_old_reports_are_shown_as_old(tmp_path: Path) -> None:
    with house(tmp_path) as own:
        file = own.settings.paths.reports_dir / "edge.json"
        data = json.loads(file.read_text())
        file.write_text(json.dumps({**data, "at": "2026-01-01T00:00:00+00:00"}))
        client = own.client("viewer")
        until(lambda: "the process edge stopped reporting" in client.see("/"), 5, "it says so")
        assert "Old data" in client.see("/phones")
        assert client.get(f"{own.url}/api/v1/board", timeout=15).json()["reports"]["edge"] == "stale"


# Adopting


@pytest.mark.acceptance("P-2", "B-1")
def test_an_unknown_phone_is_adopted_by_a_technician(own: House) -> None:
    client = own.client("technician")
    text = client.see(f"/phones/{UNKNOWN}")
    for shown in ("80:5e:c0:a1:b2:c3", "Yealink T42S", "10.20.0.71", "sw5 Gi1/0/14", "OUI 80:5e:c0: yealink"):
        assert shown in text
    offered = client.get(f"{own.url}/api/v1/people?q=gael", timeout=15).json()["people"]
    assert [p["text"] for p in offered] == ["104 · Gael N. · Acme, S.A. de C.V."]
    answer = client.submit(f"/phones/{UNKNOWN}/adopt", {"person_id": offered[0]["id"], "person": offered[0]["text"]})
    assert answer.headers["Location"] == f"/phones/{UNKNOWN}"
    text = client.see(f"/phones/{UNKNOWN}")
    assert "The phone now belongs to 104 · Gael N. · Acme" in text
    assert "Not started" in text
    assert 'id="adopt"' not in text
    phone = Live(own.settings.paths.live_dir).current().phone_by_mac(UNKNOWN)
    assert phone
    assert (phone.person_id, phone.model) == ("person-gael", "T42S")
    fact = own.local.recent("phone_adopted")[0].body
    assert (fact["mac"], fact["by"]) == (UNKNOWN, "technician")
    assert "Phone given to a person" in actions(own)
    for secret in (phone.sip_secret, phone.sip_user):
        assert secret not in text


@pytest.mark.acceptance("P-2")
def test_without_scripts_typed_words_are_enough_and_doubt_is_asked_about(own: House) -> None:
    client = own.client("technician")
    several = client.submit(f"/phones/{UNKNOWN}/adopt", {"person": "acme 10"})
    assert several.status_code == 400
    assert "Several people fit those words." in several.text
    assert 'type="radio" name="person_id" value="person-gael"' in several.text
    nobody = client.submit(f"/phones/{UNKNOWN}/adopt", {"person": "101"})
    assert "Nobody without a phone fits those words." in nobody.text
    assert client.submit(f"/phones/{UNKNOWN}/adopt", {"person": "104 gael"}).status_code == 302
    assert "Phone not given" in actions(own)


@pytest.mark.acceptance("P-2")
def test_a_phone_for_who_has_one_is_refused_in_words(own: House) -> None:
    answer = own.client("technician").submit(f"/phones/{UNKNOWN}/adopt", {"person_id": "person-ana", "person": "x"})
    assert answer.status_code == 400
    assert "already has a phone" in answer.text


def test_an_unknown_phone_can_be_forgotten(own: House) -> None:
    client = own.client("technician")
    assert client.submit(f"/phones/{UNKNOWN}/forget", {}).status_code == 302
    assert own.local.sightings() == ()
    client.see(f"/phones/{UNKNOWN}", status=404)
    assert "Phone forgotten" in actions(own)


# Live


@pytest.mark.acceptance("B-1")
def test_the_stream_tells_of_a_change_within_two_seconds(page: House) -> None:
    client = page.client("viewer")
    page.register("ana")
    with client.get(f"{page.url}/api/v1/events?view=overview", stream=True, timeout=15) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        messages = (
            json.loads(line[6:]) for line in stream.iter_lines(decode_unicode=True) if line.startswith("data: ")
        )
        first = next(messages)
        assert set(first["fragments"]) == {"alarms", "phones_summary", "attention", "calls_now", "ways_out"}
        page.register("ana", "beto")
        second = next(messages)
        assert "phones_summary" in second["fragments"]
        assert ">2</span>" in second["fragments"]["phones_summary"]
        assert "ways_out" not in second["fragments"]


@pytest.mark.acceptance("B-1")
def test_asked_by_turns_nothing_new_is_304(page: House) -> None:
    client = page.client("viewer")
    url = f"{page.url}/api/v1/fragments?view=phones"
    first = client.get(url, timeout=15)
    again = client.get(url, headers={"If-None-Match": first.headers["ETag"]}, timeout=15)
    assert again.status_code == 304
    page.register("ana", "beto", "dario")
    until(lambda: client.get(url, headers={"If-None-Match": first.headers["ETag"]}, timeout=15).ok, 3, "it is new")


def test_streams_are_counted_and_pages_still_answer_when_all_are_taken(page: House) -> None:
    client = page.client("technician")
    url = f"{page.url}/api/v1/events"
    held = [client.get(url, stream=True, timeout=15) for _ in range(4)]
    try:
        assert [h.status_code for h in held] == [200] * 4
        assert client.get(url, timeout=15).status_code == 503
        client.see("/")
    finally:
        for h in held:
            h.close()

    def free_again() -> bool:
        with client.get(url, stream=True, timeout=15) as answer:
            return answer.status_code == 200

    until(free_again, 15, "a place comes back when a browser leaves")


def test_the_board_is_there_for_scripts(page: House) -> None:
    page.register("ana")
    board = until(
        lambda: (
            (b := page.client("viewer").get(f"{page.url}/api/v1/board", timeout=15).json())["phones"]["counts"][
                "registered"
            ]
            == 1
            and b
        ),
        3,
        "one phone is registered",
    )
    assert board["trunks"][0]["state"] == "up"
    assert board["revision"] == 1
    assert board["calls"][0]["destination"] == "+52 •••• 5678"


def test_the_log_has_a_line_a_request_and_no_secrets(own: House) -> None:
    client = own.client("technician")
    client.see("/phones?q=ana")
    log = (own.settings.paths.state_dir.parent / "webui.log").read_text()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert {"event", "remote", "user", "method", "path", "status", "ms"} == set(lines[-1])
    assert any(line["path"] == "/phones" and line["user"] == "technician" for line in lines)
    assert PASSWORD not in log
    assert "q=ana" not in log
    key = own.settings.paths.identity_dir / "webui.key"
    assert oct(key.stat().st_mode & 0o777) == "0o600"
