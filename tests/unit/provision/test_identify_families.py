"""What phones of six families were heard to say of themselves, and what is understood of it."""

import pytest

from appliance.provision.identify import Evidence, identify

from .house import families


@pytest.mark.acceptance("P-7", "P-8")
@pytest.mark.parametrize(
    ("agent", "family", "model", "firmware", "mac"),
    [
        (
            "Gigaset N720 DM PRO/70.089.00.000.000;7C2F80CA21E4",
            "gigaset",
            "N720 DM PRO",
            "70.089.00.000.000",
            "7c2f80ca21e4",
        ),
        ("N510 IP PRO/42.258.00.000.000;7C2F806257D7", "gigaset", "N510 IP PRO", "42.258.00.000.000", "7c2f806257d7"),
        (
            "Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F80E0D605;Handset=12",
            "gigaset",
            "N870 IP PRO",
            "83.V2.11.0",
            "7c2f80e0d605",
        ),
        ("Panasonic_KX-UT113/01.133 (0080f0c8c381)", "panasonic", "KX-UT113", "01.133", "0080f0c8c381"),
        ("Aastra6731i MAC:00-08-5D-23-74-29 V:3.2.0.70-SIP", "mitel_aastra", "6731i", "3.2.0.70", "00085d237429"),
        ("Aastra57i MAC:00-08-5D-23-74-2A V:2.6.0.2019-SIP", "mitel_aastra", "6757i", "2.6.0.2019", "00085d23742a"),
        ("Mitel6940 MAC:14-00-E9-1B-45-24 V:6.4.0.140-SIP", "mitel_aastra", "6940", "6.4.0.140", "1400e91b4524"),
        (
            "Mozilla/4.0 (compatible; MSIE 6.0) AVAYA/J179-4.1.3.0.6 (MAC:c81fea83e85a)",
            "avaya",
            "J179",
            "4.1.3.0.6",
            "c81fea83e85a",
        ),
        ("AVAYA/SIP12x0\x17/04.00.04.00", "avaya", None, "04.00.04.00", ""),
        ("OBIHAI/OBi110-1.3.0.2824", "obihai", "OBi110", "1.3.0.2824", ""),
    ],
)
def test_a_user_agent_tells_family_model_firmware_and_mac(
    agent: str, family: str, model: str | None, firmware: str, mac: str
) -> None:
    who = identify(Evidence(user_agent=agent), families())
    assert who.family is not None
    assert (who.family.name, who.model.name if who.model else None) == (family, model)
    assert (who.firmware, who.mac) == (firmware, mac)


@pytest.mark.acceptance("P-7", "P-8")
@pytest.mark.parametrize(
    ("option60", "family", "model"),
    [
        (b"Gigaset_N720_DM_PRO", "gigaset", "N720 DM PRO"),
        (b"N510_IP_PRO", "gigaset", "N510 IP PRO"),
        (b"C470_IP", "gigaset", None),
        (b"Panasonic", "panasonic", None),
        (b"AastraIPPhone6867i", "mitel_aastra", "6867i"),
        (b"AastraIPPhone53i", "mitel_aastra", "6753i"),
        (b"MitelIPPhone", "mitel_aastra", None),
        (b"Nortel-SIP-Phone-A", "avaya", None),
    ],
)
def test_a_vendor_class_tells_the_family_and_often_the_model(option60: bytes, family: str, model: str | None) -> None:
    who = identify(Evidence(option60=option60), families())
    assert who.family is not None
    assert (who.family.name, who.model.name if who.model else None) == (family, model)


@pytest.mark.acceptance("P-7", "P-8")
@pytest.mark.parametrize(
    ("path", "family", "model"),
    [
        ("algop8301.conf", "algo", "8301"),
        ("algom0022EEAABBCC.md5", "algo", None),
        ("KX-HDV230.cfg", "panasonic", "KX-HDV230"),
        ("Config0080F0AABBCC.cfg", "panasonic", None),
        ("6867i.cfg", "mitel_aastra", "6867i"),
        ("startup.cfg", "mitel_aastra", None),
        ("J100Supgrade.txt", "avaya", None),
        ("1230SIP.cfg", "avaya", "1230"),
        ("42/2/master.bin", "gigaset", None),
    ],
)
def test_a_files_name_without_a_folder_tells_the_family(path: str, family: str, model: str | None) -> None:
    who = identify(Evidence(path=path), families())
    assert who.family is not None
    assert (who.family.name, who.model.name if who.model else None) == (family, model)
