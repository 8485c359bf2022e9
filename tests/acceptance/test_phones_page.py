"""A technician does with a building's page all that a phone needs in its life, with the centre and without it."""

import re
from collections.abc import Iterator

import pytest

from appliance.directory.reports import EdgeReport
from tests.acceptance.conftest import House, house_rows
from tests.lab.lab import Lab
from tests.lab.pageclient import PageClient, told
from tests.lab.phoneboot import BootFailed
from tests.lab.phones import image
from tests.lab.sample import ACME
from tests.lab.waiting import until
from wire.rows import Extension, Person

SPARE = "001565cc0801"
BULK = "001565cc0802"


@pytest.fixture(scope="module")
def page_house() -> Iterator[House]:
    with Lab() as lab:
        gil = (
            Person("person-gil", ACME, "Gil", "Ochoa", "gil@example.mx"),
            Extension("ext-gil", ACME, "105", "person", "person-gil"),
        )
        yield House(lab, lab.building(enrolled=True, rows=(*house_rows(), *gil)))


@pytest.fixture(scope="module", params=["up", "cut"])
def centre(request: pytest.FixtureRequest, page_house: House) -> Iterator[str]:
    if request.param == "cut":
        page_house.building.cut_centre()
    yield str(request.param)
    page_house.building.mend_centre()


@pytest.fixture(scope="module")
def technician(page_house: House) -> PageClient:
    return PageClient(page_house.building, "technician")


@pytest.fixture(scope="module")
def administrator(page_house: House) -> PageClient:
    return PageClient(page_house.building, "administrator")


def wish(page: PageClient, mac: str) -> dict[str, str]:
    """What the page says of a phone's last wish."""
    phones = page.json("/api/v1/board")["phones"]["list"]
    found = next(p["wish"] for p in phones if p["mac"] == mac)
    return found or {}


def in_calls(house: House) -> set[str]:
    said = house.building.report(EdgeReport)
    return {i for c in said.calls for i in c.phone_ids} if said else set()


@pytest.mark.acceptance("B-2", "P-11")
def test_a_phone_is_found_told_and_shown_to_have_come_back(
    page_house: House, technician: PageClient, centre: str
) -> None:
    carla = page_house.phone("carla")
    until(lambda: f'id="ph-{carla.device.mac}"' in technician.see("/phones?state=registered"), 10, "it is registered")
    for words in ("carla", carla.device.mac_colons, "SPA504G", "Bravo 101"):
        listed = technician.see(f"/phones?q={words}&state=registered")
        assert f'id="ph-{carla.device.mac}"' in listed, words
        assert listed.count('id="ph-') == 1, words
    boots, events = len(carla.boots), len(carla.notified)
    seen = technician.does("/phones/do", {"do": "resync", "mac": carla.device.mac, "next": "/phones"})
    assert "1 phone is told to read its files." in told(seen)
    until(lambda: len(carla.boots) > boots, 45, "it read its files")
    assert [e for _, e in carla.notified[events:]] == ["check-sync"]
    until(lambda: wish(technician, carla.device.mac).get("state") == "back", 10, "the page shows that it came")
    fragment = technician.fragment(f"phone&mac={carla.device.mac}", "phone_wish")
    assert re.search(r'id="back-at"><time', fragment)
    assert "Resync: came back" in fragment


@pytest.mark.acceptance("B-2", "P-11")
def test_a_restart_waits_for_the_calls_end_and_can_be_taken_back(
    page_house: House, technician: PageClient, centre: str
) -> None:
    ana, beto = page_house.people("ana", "beto")
    call = ana.call("102").established()
    until(lambda: {"phone-ana", "phone-beto"} <= in_calls(page_house), 10, "the edge reports the call")
    told_before = len(ana.notified), len(beto.notified)
    seen = technician.does("/phones/do", {"do": "reboot", "mac": [ana.device.mac, beto.device.mac]})
    assert "2 phones are told to restart." in told(seen)
    until(
        lambda: "Restart: waiting, it is in a call" in technician.fragment("phones", "phone_list"),
        20,
        "the list says that it waits",
    )
    technician.does("/phones/do", {"do": "cancel", "mac": beto.device.mac})
    assert wish(technician, beto.device.mac) == {}
    call.hears(beto.hz)
    assert (len(ana.notified), len(beto.notified)) == told_before
    boots = len(ana.boots)
    call.hang_up()
    until(lambda: len(ana.boots) > boots and ana.registered(), 60, "it restarts after the call")
    assert len(beto.notified) == told_before[1]
    until(lambda: wish(technician, ana.device.mac).get("state") == "back", 10, "and is shown to have come back")


@pytest.mark.acceptance("B-2", "P-17")
def test_what_a_phone_would_get_got_and_asked_for_is_shown(
    page_house: House, technician: PageClient, administrator: PageClient, centre: str
) -> None:
    dario = page_house.phone("dario")
    dario.heeds = False
    mac = dario.device.mac
    try:
        until(lambda: "Has it" in technician.see(f"/phones/{mac}"), 10, "its files are what it was given")
        value = f"Mesa {centre}"
        administrator.does("/phones/overrides", {"kind": "device", "device": mac, "name": "label", "value": value})
        until(lambda: "Changed since" in technician.see(f"/phones/{mac}"), 10, "the change is marked")
        page = technician.see(f"/phones/{mac}/files/cfg{mac}.xml")
        preview, diff = page.split('id="file-text"')[1], page.split('id="preview-title"')[0]
        assert value in preview
        assert "secret-of-" not in page
        assert re.search(rf'class="come">.*{value}', diff)
        history = technician.see(f"/phones/{mac}").split('id="files-title"')[1]
        for shown in (f"cfg{mac}.xml", "HTTP 200", dario.address):
            assert shown in history
        assert re.search(r'title="[0-9a-f]{64}"', history)
        assert PageClient(page_house.building, "viewer").see(f"/phones/{mac}/files/cfg{mac}.xml", 403)
    finally:
        dario.heeds = True
        administrator.send("/phones/overrides/unset", {"where": mac, "name": "label"})


@pytest.mark.acceptance("B-2")
def test_a_stranger_is_adopted_a_broken_phone_swapped_and_swapped_back(
    page_house: House, technician: PageClient, centre: str
) -> None:
    building = page_house.building
    elsa = page_house.phone("elsa")
    old = elsa.device.mac
    elsa.unplug()
    spare = building.plug(
        mac=SPARE[:-1] + ("1" if centre == "up" else "3"), family_name="yealink", model="T42S", hz=650
    )
    mac = spare.device.mac
    try:
        with pytest.raises(BootFailed):
            spare.boot(seconds=10)
        until(lambda: f'value="{mac}"' in technician.see(f"/phones/{old}/swap"), 15, "it is offered")
        assert "OUI" in technician.see(f"/phones/{mac}"), "with its evidence"
        page = technician.does(f"/phones/{old}/swap", {"seen": mac})
        assert "is in the place of" in told(page)
        assert spare.boot().registered
        assert spare.screen == "103 Elsa"
        spare.unplug()
        technician.does(f"/phones/{mac}/swap", {"mac": old})
        assert elsa.boot().registered
    finally:
        spare.power_off()


@pytest.mark.acceptance("B-2")
def test_many_phones_come_from_a_file_line_by_line(page_house: House, technician: PageClient, centre: str) -> None:
    mac = BULK[:-1] + ("2" if centre == "up" else "4")
    person = "fina" if centre == "up" else "gil"
    lines = f"mac;modelo;correo\n{mac};T46S;{person}@example.mx\n00:11;T46S;nobody@example.mx\n"
    checked = technician.send("/phones/import", {"how": "check"}, {"file": ("altas.csv", lines.encode("utf-16"))})
    assert "1 good" in checked.text and "1 with a problem" in checked.text
    assert "is no MAC address" in checked.text
    assert page_house.building.directory_in_force().phone_by_mac(mac) is None, "a dry run does nothing"
    good = "\n".join(lines.splitlines()[:2])
    page = technician.does("/phones/import", {"how": "all"}, {"file": ("altas.csv", good.encode())})
    assert "1 phone was given." in told(page)
    phone = page_house.building.directory_in_force().phone_by_mac(mac)
    assert phone
    assert phone.person_id == f"person-{person}"
    again = technician.send("/phones/import", {"how": "check"}, {"file": ("a.xls", b"\xd0\xcf\x11\xe0\0\0")})
    assert again.status_code == 400
    assert "encoding" in told(again.text)


@pytest.mark.acceptance("P-16")
def test_the_page_prints_the_lines_for_the_buildings_own_dhcp_server(page_house: House, technician: PageClient) -> None:
    page = technician.see("/phones/dhcp")
    for server in ("Kea", "ISC dhcpd", "dnsmasq", "MikroTik RouterOS", "Cisco IOS", "Windows Server"):
        assert server in page
    for server in ("isc", "dnsmasq", "routeros", "ios", "windows"):
        lines = page_house.building.command("dhcp-help", "--for", server).stdout
        text = page.split(f'id="text-{server}"')[1].split("</pre>")[0]
        assert lines.count("\n") == text.split(">", 1)[1].count("\n"), server
        assert "10.20.0.1" in text
    assert "gives out addresses itself" in told(page)


@pytest.mark.acceptance("P-19")
def test_an_override_is_set_at_the_page_reaches_the_phone_and_a_broken_one_is_refused(
    page_house: House, administrator: PageClient
) -> None:
    beto = page_house.phone("beto")
    mac = beto.device.mac
    administrator.does("/phones/overrides", {"kind": "device", "device": mac, "name": "label", "value": "Recepción"})
    until(lambda: beto.screen == "Recepción", 60, "the phone shows it")
    editor = administrator.see(f"/phones/overrides/edit?where={mac}")
    mark = re.search(r'name="mark" value="([^"]+)"', editor)
    assert mark
    broken = '[values]\nlabel = "Recepción"\nvoice_vlan = 5000\n'
    refused = administrator.send("/phones/overrides/edit", {"where": mac, "mark": mark[1], "text": broken})
    assert refused.status_code == 400
    assert f"{mac}.toml, line 3" in told(refused.text)
    assert "voice_vlan = 5000" in refused.text, "nothing typed is lost"
    assert beto.screen == "Recepción"
    administrator.does("/phones/overrides/unset", {"where": mac, "name": "label"})
    until(lambda: beto.screen == "102 Beto", 60, "it is as before")


@pytest.mark.acceptance("P-12")
def test_a_roll_out_is_started_and_followed_at_the_page(
    page_house: House, administrator: PageClient, centre: str
) -> None:
    ana = page_house.phone("ana")
    version = f"66.86.0.{70 if centre == 'up' else 80}"
    said = {"family": "yealink", "version": version}
    seen = administrator.does("/phones/firmware", said, {"file": ("T46S.rom", image(version, 300_000))})
    digest = re.search(rf'<option value="([0-9a-f]{{64}})">Yealink {version}', seen)
    assert digest
    order = {"model": "yealink/T46S", "sha256": digest[1], "at_a_time": "1", "do": "rollout"}
    assert "is running" in told(administrator.does("/phones/firmware/order", order))
    assert ana.device.mac in administrator.fragment("firmware", "rollouts")
    until(lambda: ana.device.firmware == version, 90, "the phone took it")
    until(lambda: "1 of 1 have it" in administrator.fragment("firmware", "rollouts"), 30, "the page shows it is back")
    until(lambda: ana.on and ana.registered(), 30, "it is registered again")


@pytest.mark.acceptance("P-12")
def test_what_is_no_firmware_is_refused_and_what_is_not_used_deleted(
    page_house: House, administrator: PageClient
) -> None:
    said = {"family": "yealink", "version": "66.86.0.99"}
    page = administrator.send("/phones/firmware", said, {"file": ("T46S.rom", b"<!DOCTYPE html><title>Login")})
    assert "This is a web page, not firmware." in told(page.text)
    seen = administrator.does("/phones/firmware", said, {"file": ("T46S.rom", b"\x01image" * 5000)})
    assert "T46S.rom (66.86.0.99) is kept." in told(seen)
    digest = re.search(r'<option value="([0-9a-f]{64})">Yealink 66.86.0.99', seen)
    assert digest
    order = {"model": "yealink/T48S", "sha256": digest[1]}
    assert "is set" in told(administrator.does("/phones/firmware/order", {**order, "do": "target"}))
    assert "is the target of" in told(administrator.send("/phones/firmware/remove", {"sha256": digest[1]}).text)
    administrator.does("/phones/firmware/order", {**order, "do": "none"})
    assert "The file is gone." in told(administrator.does("/phones/firmware/remove", {"sha256": digest[1]}))
    technician = PageClient(page_house.building, "technician")
    assert technician.send("/phones/firmware", said, {"file": ("a.rom", b"x" * 100_000)}).status_code == 403
