"""What Kea tells phones of families that look elsewhere than in option 66, octet for octet on the wire."""

import pytest

from .conftest import Door

GIGASET, PANASONIC, MITEL = (f"http://10.20.0.1/{name}".encode() for name in ("gigaset", "panasonic", "mitel_aastra"))
SUB_OPTIONS = bytes([2, len(MITEL)]) + MITEL + bytes([3, 1, 0])
SSON = b"HTTPSRVR=10.20.0.1,HTTPPORT=80,HTTPDIR=/avaya"


@pytest.mark.acceptance("P-7")
@pytest.mark.parametrize(
    ("mac", "option60", "told"),
    [
        ("7c2f80aa0301", "N510_IP_PRO", {114: GIGASET, 66: GIGASET}),
        ("02aaaa000302", "Gigaset_N720_DM_PRO", {114: GIGASET}),
        ("0080f0aa0303", "Panasonic", {160: PANASONIC, 159: PANASONIC, 66: PANASONIC + b"/"}),
        ("00085daa0304", "AastraIPPhone6867i", {43: SUB_OPTIONS, 66: MITEL}),
        ("1400e9aa0305", "MitelIPPhone", {43: SUB_OPTIONS}),
        ("c81feaaa0306", "", {242: SSON}),
        ("001ecaaa0307", "Nortel-SIP-Phone-A", {66: b"http://10.20.0.1/avaya"}),
        ("9cadefaa0308", "", {66: b"http://10.20.0.1/obihai/$MAC.xml", 160: b"http://10.20.0.1/obihai/$MAC.xml"}),
        ("0022eeaa0309", "", {66: b"http://10.20.0.1/algo", 160: b"http://10.20.0.1/algo"}),
    ],
)
def test_each_family_is_told_in_the_options_that_it_reads(
    door: Door, mac: str, option60: str, told: dict[int, bytes]
) -> None:
    options = door.plug_in(mac).dhcp("-V", option60).options
    assert {code: options.get(code) for code in told} == told
