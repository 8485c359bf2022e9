"""The storm's own arithmetic: shares of families, quantiles, frames of DHCP and the curve."""

from collections import Counter
from xml.etree import ElementTree

from appliance.provision.bootp import said
from tests.storm.dhcp import DISCOVER, checksum, frame, read_options
from tests.storm.figures import curve, quantile, table
from tests.storm.floor import Boot
from tests.storm.storm import Storm
from tests.storm.street import SHARES, residents


def test_a_hundred_phones_have_the_shares_and_no_mac_twice() -> None:
    phones = residents(1000)
    assert Counter(p.device.family.name for p in phones[:100]) == SHARES
    assert len({p.device.mac for p in phones}) == len({p.sip_user for p in phones}) == 1000
    assert len({(p.account, p.extension) for p in phones}) == 1000
    assert residents(1000) == phones


def test_a_discover_is_what_the_building_understands() -> None:
    device = next(p.device for p in residents(100) if p.device.family.name == "snom")
    packet = frame(device, 0x1234, DISCOVER, b"")[14:]
    assert checksum(packet[:20]) == 0
    heard = said(packet)
    assert heard
    assert (heard.mac, heard.starting) == (device.mac, True)
    assert heard.vendor_class == f"snom{device.model}".encode()
    assert heard.parameters == bytes(device.family.request)


def test_options_that_come_in_parts_are_put_together() -> None:
    assert read_options(b"\x35\x01\x05\x00\x42\x03htt\x42\x01p\xff\x99") == {53: b"\x05", 66: b"http"}


def test_a_quantile_is_one_of_the_values() -> None:
    assert [quantile([3.0, 1.0, 2.0, 4.0], p) for p in (0.25, 0.5, 0.99, 1.0)] == [1.0, 2.0, 4.0, 4.0]


def test_figures_and_curve_show_phones_that_failed_too() -> None:
    good = Boot(0, "snom", 0.0, 0.5, 1.0, 1.5, {"dhcp": 1, "files": 0, "sip": 0}, 3, 0, 900, 0.2, "a")
    bad = Boot(1, "algo", 0.0, 0.7, 0.0, 0.0, {"dhcp": 0, "files": 2, "sip": 0}, 1, 0, 0, 10.0, "", "BootFailed: why")
    storm = Storm((good, bad), 0.5, {"dhcp": 1.0, "snmp": 0.0})
    assert (storm.seconds, storm.first_to_last_s, storm.most_retries) == (1.5, 0.0, 2)
    assert storm.failures == (bad,)
    said_of_it = table(storm)
    assert "registered 1, failed 1" in said_of_it
    assert "dhcp 1, files 2, sip 0" in said_of_it
    drawn = ElementTree.fromstring(curve(storm, "A & B"))
    assert drawn.tag.endswith("svg")
