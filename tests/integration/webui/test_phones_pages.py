"""The pages of a phone's life on real gunicorn: who may do what, what is refused in words, what stays in the audit."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from appliance.directory.live import Live
from appliance.directory.local import Fetch
from appliance.directory.resyncs import Outcome, Resyncs, Wish
from appliance.ports import SystemClock
from tests.integration.webui.house import UNKNOWN, Client, House, house, see_unknown_phone
from tests.lab.waiting import until

ANA, BETO = "001565aa0101", "0004f2aa0102"
PAGES = (
    *("/phones", f"/phones/{ANA}", f"/phones/{ANA}/files/{ANA}.cfg", f"/phones/{ANA}/swap", "/phones/import"),
    *("/phones/overrides", "/phones/overrides/edit?where=site", "/phones/firmware", "/phones/dhcp"),
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("life")) as made:
        yield made


@pytest.fixture
def own(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made:
        see_unknown_phone(made.local)
        yield made


def said(html: str) -> str:
    found = re.findall(r'<p class="(?:error|done|notice)[^"]*"[^>]*>(.*?)</p>', html, re.S)
    return " | ".join(re.sub(r"<[^>]+>|\s+", " ", f).strip() for f in found)


def actions(h: House) -> list[str]:
    return re.findall(r'data-label="What">([^<]+)<', h.client("administrator").see("/system/audit"))


def does(client: Client, path: str, data: Mapping[str, object]) -> str:
    answer = client.submit(path, data)  # type: ignore[arg-type]
    assert answer.status_code == 302, said(answer.text)
    return client.see(answer.headers["Location"])


def test_each_role_sees_and_does_what_it_may(shared: House) -> None:
    files, swap, bulk, edit = PAGES[2], PAGES[3], PAGES[4], PAGES[6]
    closed = {"viewer": {files, swap, bulk, edit}, "technician": {edit}, "administrator": set()}
    for role, shut in closed.items():
        client = shared.client(role)
        for path in PAGES:
            client.see(path, status=403 if path in shut else 200)
    forms = (
        ("/phones/do", {"do": "resync", "mac": ANA}, "technician"),
        ("/phones/do", {"do": "forget", "mac": ANA}, "technician"),
        (f"/phones/{ANA}/swap", {"mac": "x"}, "technician"),
        (f"/phones/{ANA}/assign", {"person": "x"}, "technician"),
        ("/phones/import", {"how": "check"}, "technician"),
        ("/phones/overrides", {"name": "language", "value": "en"}, "administrator"),
        ("/phones/overrides/unset", {"where": "site", "name": "x"}, "administrator"),
        ("/phones/overrides/edit", {"where": "site"}, "administrator"),
        ("/phones/firmware", {"family": "yealink"}, "administrator"),
        ("/phones/firmware/order", {"do": "stop"}, "administrator"),
        ("/phones/firmware/remove", {"sha256": "x"}, "administrator"),
    )
    viewer, technician = shared.client("viewer"), shared.client("technician")
    for path, data, least in forms:
        assert viewer.submit(path, data).status_code == 403, path
        assert (technician.submit(path, data).status_code == 403) is (least == "administrator"), path
        assert shared.client("administrator").submit(path, data, token="").status_code == 403, path


def test_a_viewer_sees_a_phones_life_without_names(shared: House) -> None:
    text = shared.client("viewer").see(f"/phones/{ANA}")
    for shown in ("Its files", f"{ANA}.cfg", "Settings in force", "History", "Never given"):
        assert shown in text
    for hidden in ("Núñez", 'id="tell"', 'id="swap"', "/files/"):
        assert hidden not in text


@pytest.mark.acceptance("B-2")
def test_several_phones_are_told_at_once_and_strangers_left_out(own: House) -> None:
    client = own.client("technician")
    page = does(client, "/phones/do", {"do": "resync", "mac": [ANA, BETO, UNKNOWN], "q": "a", "state": ""})
    assert "2 phones are told to read their files." in said(page)
    assert "1 is nobody&#39;s and was left out." in said(page)
    queue = Resyncs(own.settings.paths.local_db, SystemClock())
    assert {r.mac: r.wish for r in queue.waiting()} == {ANA: Wish.RESYNC, BETO: Wish.RESYNC}
    does(client, "/phones/do", {"do": "reboot", "which": "all", "q": "acme"})
    assert {r.wish for r in queue.waiting()} == {Wish.REBOOT}
    assert len(queue.waiting()) == 3
    does(client, "/phones/do", {"do": "cancel", "mac": ANA})
    assert (found := queue.of(ANA)) and found.outcome is Outcome.CANCELLED
    assert "taken back" in client.see(f"/phones/{ANA}")
    assert client.submit("/phones/do", {"do": "resync"}).status_code == 400
    assert client.submit("/phones/do", {"do": "explode", "mac": ANA}).status_code == 400
    done = actions(own)
    assert (done.count("Phone told"), done.count("Wish taken back")) == (5, 1)


def test_a_wish_that_waits_says_why_and_is_live(own: House) -> None:
    queue = Resyncs(own.settings.paths.local_db, SystemClock())
    queue.ask(ANA, Wish.RESYNC, "technician")
    waiting = queue.of(ANA)
    assert waiting
    queue.hold([(waiting, "in-a-call")])
    client = own.client("technician")
    fragments = client.get(f"{own.url}/api/v1/fragments?view=phone&mac={ANA}", timeout=15).json()["fragments"]
    assert "Resync: waiting, it is in a call" in fragments["phone_wish"]
    assert 'value="cancel"' in fragments["phone_wish"]
    assert "csrf" not in "".join(fragments.values())


@pytest.mark.acceptance("B-2")
def test_a_broken_phone_is_swapped_for_a_device_that_was_seen_and_back(own: House) -> None:
    client = own.client("technician")
    assert f'name="seen" value="{UNKNOWN}"' in client.see(f"/phones/{ANA}/swap")
    page = does(client, f"/phones/{ANA}/swap", {"seen": UNKNOWN})
    assert "is in the place of 00:15:65:aa:01:01" in said(page)
    swapped = Live(own.settings.paths.live_dir).current().phone_by_mac(UNKNOWN)
    assert swapped and (swapped.id, swapped.model) == ("phone-ana", "T42S")
    does(client, f"/phones/{UNKNOWN}/swap", {"mac": "00-15-65-AA-01-01"})
    back = Live(own.settings.paths.live_dir).current().phone_by_mac(ANA)
    assert back and back.id == "phone-ana"
    for typed, why in (("nonsense", "is not a MAC"), (BETO, "assigned already"), ("020000000001", "What kind")):
        refused = client.submit(f"/phones/{ANA}/swap", {"mac": typed})
        assert refused.status_code == 400
        assert why in said(refused.text)
        assert f'value="{typed}"' in refused.text, "what was typed is kept"
    done = actions(own)
    assert (done.count("Phone swapped"), done.count("Swap refused")) == (2, 3)


@pytest.mark.acceptance("B-2")
def test_a_phone_is_given_to_another_person_of_its_company_and_back(own: House) -> None:
    client = own.client("technician")

    def holder() -> str:
        phone = Live(own.settings.paths.live_dir).current().phone_by_mac(ANA)
        return phone.person_id if phone else ""

    offered = client.get(f"{own.url}/api/v1/phones/{ANA}/people?q=10", timeout=15).json()["people"]
    assert {p["id"] for p in offered} == {"person-gael", "person-evil"}, "of its company, and without a phone"
    page = does(client, f"/phones/{ANA}/assign", {"person": "gael"})
    assert "It is for 104 · Gael" in said(page)
    assert holder() == "person-gael"
    does(client, f"/phones/{ANA}/assign", {"person_id": "person-ana"})
    assert holder() == "person-ana"
    for sent, why in (
        ({"person": "carla"}, "Nobody without a phone fits"),
        ({"person_id": "person-carla"}, "of another company"),
        ({"person_id": "person-beto"}, "already has a phone"),
        ({"person_id": "person-ana"}, "already"),
        ({"person": ""}, "Nobody without a phone"),
    ):
        refused = client.submit(f"/phones/{ANA}/assign", sent)
        assert refused.status_code == 400
        assert why in said(refused.text)
    assert holder() == "person-ana"
    done = actions(own)
    assert (done.count("Phone given to another person"), done.count("Assignment refused")) == (2, 5)


@pytest.mark.acceptance("B-2")
def test_an_import_is_checked_first_and_then_done(own: House) -> None:
    client = own.client("technician")
    data = 'mac,empresa,extension\n805ec0a1b2c3,"Acme, S.A. de C.V.",104\n'

    def post(how: str, data: bytes, name: str = "altas.csv") -> tuple[int, str]:
        sent = {"csrf": client.token(), "how": how}
        answer = client.post(
            f"{own.url}/phones/import", data=sent, files={"file": (name, data)}, timeout=15, allow_redirects=False
        )
        return answer.status_code, answer.text

    status, text = post("check", data.encode())
    assert (status, "104 · Acme, S.A. de C.V." in text, "Give this 1 phone" in text) == (200, True, True)
    assert "Gael" not in text, "an import is no address book"
    kept = re.search(r'name="data" value="([^"]+)"', text)
    assert kept
    page = does(client, "/phones/import", {"how": "all", "data": kept[1], "name": "altas.csv"})
    assert "1 phone was given." in said(page)
    assert Live(own.settings.paths.live_dir).current().phone_by_mac(UNKNOWN)
    for wrong, why in (
        (b"", "The file is empty"),
        (b"a,b\n1,2\n", "first line must name"),
        (b"\xd0\xcf\x11\xe0\0", "encoding"),
        (b"m" * ((2 << 20) + 5), "2 MB"),
    ):
        status, text = post("check", wrong)
        assert (status, why in said(text)) == (400, True), why
    status, _ = post("check", b"m" * (9 << 20))
    assert status == 413
    status, text = post("all", data.encode())
    assert status == 400
    assert "it is assigned already" in text
    assert "Phones imported" in actions(own)


@pytest.mark.acceptance("P-19")
def test_overrides_are_set_edited_refused_with_their_line_and_removed(own: House) -> None:
    client = own.client("administrator")
    page = does(client, "/phones/overrides", {"kind": "site", "name": "language", "value": "en"})
    assert "language is set for All phones of the site" in said(page)
    raw = {"kind": "model", "model": "yealink/T46S", "raw": "phone_setting.backlight_time", "value": "60"}
    assert "phone_setting.backlight_time" in does(client, "/phones/overrides", raw)
    wrong = client.submit("/phones/overrides", {"kind": "device", "device": ANA, "name": "voice_vlan", "value": "9999"})
    assert wrong.status_code == 400
    assert "&#39;voice_vlan&#39; is 0 to 4094" in said(wrong.text)
    assert 'value="9999"' in wrong.text
    does(client, "/phones/overrides", {"kind": "device", "device": ANA, "name": "admin_password", "value": "palabra"})
    editor = client.see(f"/phones/overrides/edit?where={ANA}")
    assert "palabra" not in editor
    mark = re.search(r'name="mark" value="([^"]+)"', editor)
    assert mark
    form = {"where": ANA, "mark": mark[1], "text": '[values]\nadmin_password = "********"\nlldp = "quizá"\n'}
    refused = client.submit("/phones/overrides/edit", form)
    assert refused.status_code == 400
    assert f"{ANA}.toml, line 3" in said(refused.text)
    assert "quizá" in refused.text
    does(client, "/phones/overrides/edit", {**form, "text": '[values]\nadmin_password = "********"\nlldp = false\n'})
    kept = (own.settings.paths.overrides_dir / "device" / f"{ANA}.toml").read_text()
    assert kept == '[values]\nadmin_password = "palabra"\nlldp = false\n'
    late = client.submit("/phones/overrides/edit", form)
    assert "Somebody changed this file meanwhile." in said(late.text)
    does(client, "/phones/overrides/unset", {"where": "site", "name": "language", "family": "", "value": "en"})
    assert not (own.settings.paths.overrides_dir / "site.toml").exists()
    assert "lldp" in own.client("viewer").see("/phones/overrides")
    text = client.see("/system/audit")
    assert "palabra" not in text
    assert {"Override changed", "Override refused"} <= set(actions(own))


@pytest.mark.acceptance("P-12")
def test_firmware_is_checked_kept_and_deleted_only_when_unused(own: House) -> None:
    client = own.client("administrator")

    def post(data: bytes, **more: str) -> tuple[int, str]:
        sent = {"csrf": client.token(), "family": "yealink", "version": "66.86.0.15", **more}
        files = {"file": ("T46S (1).rom", data)}
        answer = client.post(f"{own.url}/phones/firmware", data=sent, files=files, timeout=30, allow_redirects=False)
        return answer.status_code, answer.text

    for data, more, why in (
        (b"<html>", {}, "web page"),
        (b"", {}, "empty"),
        (b"x" * 5000, {"sha256": "0" * 64}, "SHA-256"),
        (b"x" * 5000, {"version": ""}, "version"),
    ):
        status, text = post(data, **more)
        assert (status, why in said(text)) == (400, True), why
    status, _ = post(b"\x02firmware" * 300_000)
    assert status == 302
    assert not list(own.settings.paths.firmware_dir.glob("*.part"))
    page = client.see("/phones/firmware")
    assert "T46S_1_.rom" in page
    digest = re.search(r'<option value="([0-9a-f]{64})"', page)
    assert digest
    own.local.record_fetch(
        Fetch(ANA, f"/yealink/{ANA}.cfg", "http", 200, 9, "a" * 64, "10.20.0.51", "Yealink SIP-T46S")
    )
    order = {"model": "yealink/T46S", "sha256": digest[1], "at_a_time": "3", "hours": "2", "do": "rollout"}
    assert "is running" in said(does(client, "/phones/firmware/order", order))
    assert "0 of 1 have it" in client.see("/phones/firmware")
    assert "Paused" in does(client, "/phones/firmware/order", {**order, "do": "stop"})
    assert "Rolling out" in does(client, "/phones/firmware/order", {**order, "do": "start"})
    assert client.submit("/phones/firmware/remove", {"sha256": digest[1]}).status_code == 400
    assert client.submit("/phones/firmware/order", {**order, "model": "polycom/VVX400"}).status_code == 400
    does(client, "/phones/firmware/order", {**order, "do": "none"})
    assert "The file is gone." in said(does(client, "/phones/firmware/remove", {"sha256": digest[1]}))
    assert "Firmware refused" in actions(own)


@pytest.mark.acceptance("P-16")
def test_the_lines_for_a_foreign_dhcp_server_are_there_and_linked_where_ours_is_off(shared: House) -> None:
    viewer = shared.client("viewer")
    assert 'id="dhcp-lines" href="/phones/dhcp"' in viewer.see("/system")
    page = viewer.see("/phones/dhcp")
    assert re.findall(r'data-copy="text-(\w+)"', page) == ["kea", "isc", "dnsmasq", "routeros", "ios", "windows"]
    assert "DHCP of this box is off." in said(page)


def test_while_provisioning_is_silent_the_rest_of_the_page_goes_on(own: House) -> None:
    (own.settings.paths.run_dir / "hatch.sock").unlink()
    client = own.client("administrator")
    text = client.see(f"/phones/{ANA}")
    assert "Its files cannot be shown just now" in text
    assert 'id="resync"' in text
    for path in ("/phones/overrides", "/phones/firmware", "/phones", f"/phones/{ANA}/swap"):
        client.see(path)
    client.see("/phones/dhcp", status=503)
    does(client, "/phones/do", {"do": "resync", "mac": ANA})


def test_both_languages_on_every_page(shared: House) -> None:
    client = shared.client("administrator")
    client.submit("/language", {"language": "es", "next": "/phones"})
    for path in PAGES:
        assert '<html lang="es-MX">' in client.see(path), path
    until(lambda: "Ajustes vigentes" in client.see(f"/phones/{ANA}"), 3, "in Spanish")
