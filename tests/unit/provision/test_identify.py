"""A phone is known by all its signs together, and one that contradicts itself is nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.provision.identify import Evidence, Identification, identify

from .house import AGENTS, MACS, families

POLYCOM_60 = bytes.fromhex("0000363d") + (
    b"\x46\x01\x07Polycom\x02\x15SoundPointIP-SPIP_601\x03\x10" + b"2345-11605-001,2" + b"\x04\x05SIP/T\xff"
)


def seen(**evidence: object) -> Identification:
    return identify(Evidence(**evidence), families())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("agent", "family", "model", "firmware", "mac"),
    [
        ("Yealink SIP-T46S 66.85.0.5 00:15:65:aa:bb:cc", "yealink", "T46S", "66.85.0.5", "001565aabbcc"),
        ("yealink SIP-T20P 9.72.0.80 00:15:65:27:3e:05", "yealink", "T20P", "9.72.0.80", "001565273e05"),
        ("Yealink SIP-T56A  58.80.0.25 001565f429a4", "yealink", "T56A", "58.80.0.25", "001565f429a4"),
        ("Yealink SIP VP-T49G 51.80.0.10 00:15:65:9b:5a:44", "yealink", "T49G", "51.80.0.10", "0015659b5a44"),
        ("Yealink W60B 77.81.0.35 80:5e:c0:09:ab:dc", "yealink", "W60B", "77.81.0.35", "805ec009abdc"),
        ("VP530P 23.70.0.40 00:15:65:31:4b:c0", "yealink", "VP530", "23.70.0.40", "001565314bc0"),
        ("FileTransport PolycomSoundPointIP-SPIP_335-UA/3.2.1.0078", "polycom", "SoundPoint IP 335", "3.2.1.0078", ""),
        (
            "FileTransport PolycomVVX-VVX_400-UA/4.1.4.7430 Type/Updater",
            "polycom",
            "VVX 400",
            "4.1.4.7430",
            "",
        ),
        ("Cisco/SPA501G-7.4.4 (8843E157DDCC)(CBT141100HR)", "cisco_spa", "SPA501G", "7.4.4", "8843e157ddcc"),
        ("Cisco/SPA525G-7.4.7 (CBT141900G7)", "cisco_spa", "SPA525G", "7.4.7", ""),
        (
            "Grandstream Model HW GXV3240 V1.6B SW 1.0.1.27 DevId 000b82632815",
            "grandstream",
            "GXV3240",
            "1.0.1.27",
            "000b82632815",
        ),
        (
            "Grandstream Model HW HT802V2 V1.0A SW 1.0.5.4 DevId ec74d763e419",
            "grandstream",
            "HT802",
            "1.0.5.4",
            "ec74d763e419",
        ),
        ("Linksys/SPA-942-6.1.5(a) (88019FA42805)", "linksys", "SPA942", "6.1.5(a)", "88019fa42805"),
        ("Cisco-CP-7832-3PCC/11.0.1 (00562b043615)", "cisco_mpp", "CP-7832-3PCC", "11.0.1", "00562b043615"),
        ("Cisco/ATA191-MPP-11-1-0-MSR4 (FCH2443D9R4)", "cisco_mpp", "ATA191-MPP", "11-1-0-MSR4", ""),
        ("Mozilla/4.0 (compatible; snom320-SIP 8.4.18 1.1.3-s)", "snom", "320", "8.4.18", ""),
        (
            "Mozilla/4.0 (compatible; snom710-SIP 8.7.5.35 1.1.5-IFX-05.01.12 000413741767)",
            "snom",
            "710",
            "8.7.5.35",
            "000413741767",
        ),
        (
            "Mozilla/4.0 (compatible; snomD785-SIP 10.1.33.33 2010.12-00004-g9ba52f5 000413922D24 SXM:0 UXM:0)",
            "snom",
            "D785",
            "10.1.33.33",
            "000413922d24",
        ),
        ("Fanvil X6U Pro 0.0.10 0c383e2cd782", "fanvil", "X6U-Pro", "0.0.10", "0c383e2cd782"),
        ("Fanvil X5U-V2 2.12.16.17 0c383e557eb1", "fanvil", "X5U-V2", "2.12.16.17", "0c383e557eb1"),
        ("Fanvil i10SV 2.12.10.1 0c383e2397f4", "fanvil", "i10SV", "2.12.10.1", "0c383e2397f4"),
        ("Fanvil H2U-V2 2.12.0 0c383e32342e", "fanvil", "H2U-V2", "2.12.0", "0c383e32342e"),
        ("Htek UC903 2.0.4.2 00:1f:c1:1c:22:a9", "htek", "UC903", "2.0.4.2", "001fc11c22a9"),
    ],
)
def test_a_user_agent_tells_model_firmware_and_mac(
    agent: str, family: str, model: str, firmware: str, mac: str
) -> None:
    who = seen(user_agent=agent)
    assert who.family is not None
    assert who.model is not None
    assert (who.family.name, who.model.name, who.firmware, who.mac) == (family, model, firmware, mac)


@pytest.mark.parametrize(
    ("option60", "family", "model"),
    [
        (b"yealink", "yealink", None),
        (b"Cisco SPA501G", "cisco_spa", "SPA501G"),
        (b"CISCO SPA112\x00", "cisco_spa", "SPA112"),
        (b"Cisco Systems, Inc. IP Phone SPA504G\x00", "cisco_spa", "SPA504G"),
        (POLYCOM_60, "polycom", "SoundPoint IP 601"),
        (b"Polycom-VVX400", "polycom", "VVX 400"),
        (b"LINKSYS SPA-942", "linksys", "SPA942"),
        (b"LINKSYS SPA8000", "linksys", "SPA8000"),
        (b"Cisco Systems, Inc. IP Phone CP-7841-3PCC\x00", "cisco_mpp", "CP-7841-3PCC"),
        (b"CISCO ATA192-MPP", "cisco_mpp", "ATA192-MPP"),
        (b"Cisco Systems, Inc. IP Phone CP-7941G\x00", "cisco_enterprise", "7941G"),
        (b"Cisco Systems, Inc. IP Phone CP-7971G-GE\x00", "cisco_enterprise", "7971G-GE"),
        (b"Cisco Systems, Inc. IP Phone CP-8961\x00", "cisco_enterprise", "8961"),
        (b"Cisco Systems Inc. Wireless Phone 7921", "cisco_enterprise", "7921G"),
        (b"Cisco Systems, Inc.", "cisco_enterprise", None),
        (b"snomD785", "snom", "D785"),
        (b"snom300", "snom", "300"),
        (b"Fanvil X5U-V2", "fanvil", "X5U-V2"),
    ],
)
def test_option_60_is_understood_binary_or_ended_by_nul(option60: bytes, family: str, model: str | None) -> None:
    who = seen(option60=option60)
    assert who.family is not None
    assert who.family.name == family
    assert (who.model.name if who.model else None) == model


def test_a_path_with_the_familys_prefix_votes_for_it_alone_and_without_for_all_it_fits() -> None:
    assert seen(path="yealink/001565aabbcc.cfg").family is not None
    both = seen(path="001565aabbcc.cfg")
    assert both.family is None
    assert set(both.votes[0].families) >= {"polycom", "yealink"}
    assert not both.contradiction


def test_the_maker_of_the_network_chip_settles_a_name_that_two_families_use() -> None:
    who = seen(path="001565aabbcc.cfg", mac_from_lease="001565aabbcc")
    assert who.family is not None
    assert who.family.name == "yealink"
    assert [v.source for v in who.votes] == ["path", "OUI"]


@pytest.mark.acceptance("P-8")
def test_all_signs_together_and_their_weights_are_kept_as_reasons() -> None:
    who = seen(
        option60=b"yealink",
        user_agent=AGENTS["yealink"],
        path="yealink/001565aabbcc.boot",
        mac_from_lease="001565aabbcc",
    )
    assert [v.weight for v in who.votes] == sorted((v.weight for v in who.votes), reverse=True)
    assert len(who.reasons) == 4
    assert any("option 60" in r for r in who.reasons)


@pytest.mark.acceptance("P-8")
@pytest.mark.parametrize(
    "evidence",
    [
        {"user_agent": AGENTS["yealink"], "mac_from_lease": MACS["polycom"]},
        {"user_agent": AGENTS["polycom"], "mac_from_lease": MACS["yealink"]},
        {"option60": b"yealink", "user_agent": AGENTS["polycom"]},
        {"option60": b"Cisco SPA501G", "path": "yealink/001565aabbcc.cfg"},
        {"path": "000000000000.cfg", "mac_from_lease": MACS["grandstream"]},
    ],
)
def test_signs_that_exclude_each_other_are_a_contradiction_and_no_family(evidence: dict[str, object]) -> None:
    who = seen(**evidence)
    assert who.contradiction
    assert who.family is None
    assert who.reasons


@pytest.mark.acceptance("P-8")
def test_two_different_macs_are_a_contradiction_and_both_are_told() -> None:
    who = seen(user_agent=AGENTS["yealink"], mac_from_lease="001565000001")
    assert who.contradiction
    assert "001565aabbcc" in who.reasons[-1]
    assert "001565000001" in who.reasons[-1]


def test_a_model_that_no_descriptor_names_keeps_its_family_and_its_own_word() -> None:
    who = seen(user_agent="Yealink SIP-T99X 99.1.0.1 00:15:65:aa:bb:cc")
    assert who.family is not None
    assert who.model is None
    assert who.model_said == "T99X"


def test_things_that_are_no_phones_get_no_vote() -> None:
    who = seen(option60=b"MSFT 5.0", user_agent="curl/7.88.1", path="robots.txt", mac_from_lease="525400123456")
    assert who.votes == ()
    assert who.family is None
    assert not who.contradiction


@given(st.binary(max_size=260), st.text(max_size=300), st.text(max_size=300))
def test_nothing_that_is_sent_breaks_it(option60: bytes, agent: str, path: str) -> None:
    who = seen(option60=option60, user_agent=agent, path=path)
    assert all(len(r) < 400 for r in who.reasons)
