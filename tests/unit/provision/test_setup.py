"""P-18: what the centre and the site set reaches every phone that can have it; what one cannot have is explained."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.directory import tables
from appliance.directory.live import LiveDirectory
from appliance.directory.model import LineKey, MemoryDirectory, Site
from appliance.provision.digits import DigitPattern, digit_map
from appliance.provision.families import Family, Model
from appliance.provision.keys import FIRST_MINUTE, RESYNC_HOURS, Key, keys_for, resync_at
from tests.lab.formats import parameters
from wire.extensions import EMERGENCY_CODES

from .house import FURNISHED, KEYS, SITE, all_files, families, family, house, phone

PAGE = Path(__file__).parents[3] / "docs" / "phones.md"
EVERY = [(f, m) for f in families().families for m in f.models]
NAMES = [f"{f.name}-{m.name}" for f, m in EVERY]

# Family, model: what its files say of a furnished site with a line, Beto's extension, a taxi and a park key.
SET_UP: dict[tuple[str, str], dict[str, str]] = {
    ("yealink", "T46S"): {
        "linekey.1.type": "15",
        "linekey.2.type": "16",
        "linekey.2.value": "102",
        "linekey.2.extension": "**102",
        "linekey.2.label": "Beto",
        "linekey.3.type": "13",
        "linekey.3.value": "5555123456",
        "linekey.4.type": "10",
        "linekey.4.value": "*85",
        "linekey.5.type": "%NULL%",
        "static.network.vlan.internet_port_enable": "1",
        "static.network.vlan.internet_port_vid": "120",
        "static.network.lldp.enable": "1",
        "static.network.qos.rtptos": "46",
        "account.1.music_server_uri": "sip:music@10.20.0.1",
        "account.1.conf_uri": "sip:room@10.20.0.1",
        "dialplan.dialnow.rule.1": "911",
        "static.security.user_password": "admin:Sesamo-1",
    },
    ("polycom", "VVX 400"): {
        "attendant.resourceList.1.address": "102",
        "attendant.resourceList.1.label": "Beto",
        "attendant.resourceList.2.address": "",
        "device.net.vlanId": "120",
        "device.net.lldpEnabled": "1",
        "qos.ip.rtp.dscp": "46",
        "reg.1.musicOnHold.uri": "sip:music@10.20.0.1",
        "voIpProt.SIP.conference.address": "sip:room@10.20.0.1",
        "dialplan.digitmap": "911|06[01568]|080|[2-9]xxxxxxxxx|*x.T|+x.T|x.T",
        "device.auth.localAdminPassword": "Sesamo-1",
    },
    ("cisco_spa", "SPA504G"): {
        "Extension_1_": "1",
        "Extension_2_": "Disabled",
        "Extended_Function_2_": "fnc=blf+sd+cp;sub=102@$PROXY;ext=102@$PROXY",
        "Short_Name_2_": "Beto",
        "Extended_Function_3_": "fnc=sd;ext=5555123456@$PROXY;nme=Taxi",
        "Enable_VLAN": "Yes",
        "VLAN_ID": "120",
        "Enable_LLDP-MED": "Yes",
        "RTP_TOS_DiffServ_Value_1_": "0xb8",
        "MOH_Server_1_": "music@10.20.0.1",
        "Conference_Bridge_URL_1_": "room@10.20.0.1",
        "Dial_Plan_1_": "(911S0|06[01568]S0|080S0|[2-9]xxxxxxxxxS0|*xx.|+xx.|xx.)",
        "Admin_Passwd": "Sesamo-1",
    },
    ("grandstream", "GXP2135"): {
        "P1365": "11",
        "P1467": "Beto",
        "P1468": "102",
        "P1367": "10",
        "P1470": "5555123456",
        "P1369": "19",
        "P51": "120",
        "P87": "5",
        "P1684": "1",
        "P1559": "46",
        "P2350": "sip:music@10.20.0.1",
        "P2318": "sip:room@10.20.0.1",
        "P290": "{ 911 | 06[01568] | 080 | [2-9]xxxxxxxxx | *x+ | \\+x+ | x+ }",
        "P2": "Sesamo-1",
    },
    ("linksys", "SPA942"): {
        "Extended_Function_2_": "fnc=blf+sd+cp;sub=102@$PROXY;ext=102@$PROXY",
        "Enable_VLAN": "Yes",
        "VLAN_ID": "120",
        "Preferred_Codec_1_": "G711u",
        "Third_Preferred_Codec_1_": "Unspecified",
        "MOH_Server_1_": "music@10.20.0.1",
        "Conference_Bridge_URL_1_": "room@10.20.0.1",
    },
    ("cisco_mpp", "CP-8841-3PCC"): {
        "Extended_Function_2_": "fnc=blf+sd+cp;sub=102@$PROXY;ext=102@$PROXY",
        "Extension_5_": "Disabled",
        "Enable_VLAN": "Yes",
        "VLAN_ID": "120",
        "Enable_LLDP-MED": "Yes",
        "Preferred_Codec_1_": "G722",
        "Conference_Bridge_URL_1_": "room@10.20.0.1",
        "Time_Zone": "GMT-06:00",
        "Admin_Password": "Sesamo-1",
    },
    ("cisco_enterprise", "7965G"): {
        "device/sipProfile/sipLines/line/featureID#1": "9",
        "device/sipProfile/sipLines/line/featureID#2": "21",
        "device/sipProfile/sipLines/line/speedDialNumber#2": "102",
        "device/sipProfile/sipLines/line/featureLabel#2": "Beto",
        "device/sipProfile/sipLines/line/featureID#3": "2",
        "device/sipProfile/sipLines/line/speedDialNumber#4": "*85",
        "device/sipProfile/dscpForAudio": "184",
        "device/dscpForCm2Dvce": "96",
        "device/devicePool/dateTimeSetting/timeZone": "Canada Central Standard Time",
        "device/devicePool/dateTimeSetting/ntps/ntp/name": "10.20.0.1",
        "DIALTEMPLATE/TEMPLATE#1": "911",
        "DIALTEMPLATE/TEMPLATE#2": "060",
        "DIALTEMPLATE/TEMPLATE#8": "2.........",
        "device/commonProfile/phonePassword": "Sesamo-1",
    },
    ("snom", "D785"): {
        "fkey#0": "line",
        "fkey#1": "blf 102|**",
        "fkey#2": "speed 5555123456",
        "fkey#3": "speed *85",
        "fkey#4": "none",
        "vlan_id": "120",
        "vlan_qos": "5",
        "lldp_enable": "on",
        "codec_tos": "184",
        "signaling_tos": "96",
        "user_moh#1": "sip:music@10.20.0.1",
        "codec_priority_list#1": "g722,pcmu,pcma,telephone-event",
        "utc_offset": "-21600",
        "http_pass": "Sesamo-1",
    },
    ("fanvil", "X5U-V2"): {
        "sysConf/dsskey/dssSide/Fkey/Type#1.1": "2",
        "sysConf/dsskey/dssSide/Fkey/Value#1.2": "102@1/ba**102",
        "sysConf/dsskey/dssSide/Fkey/Title#1.2": "Beto",
        "sysConf/dsskey/dssSide/Fkey/Value#1.3": "5555123456@1/f",
        "sysConf/dsskey/dssSide/Fkey/Value#1.4": "*85@1/c",
        "sysConf/dsskey/internal/Fkey/Type#1.1": "0",
        "sysConf/qos/VLANID": "120",
        "sysConf/qos/LLDPTransmit": "1",
        "sysConf/qos/VoiceDSCP": "46",
        "sysConf/sip/line/MohServer#1": "sip:music@10.20.0.1",
        "sysConf/sip/line/SRVMixerUri#1": "sip:room@10.20.0.1",
        "sysConf/sip/line/VoiceCodecMap#1": "G722,PCMU,PCMA",
        "sysConf/phone/date/TimeZone": "-24",
    },
    ("htek", "UC926"): {
        "P41200": "1",
        "P41201": "3",
        "P41301": "102",
        "P41401": "Beto",
        "P41601": "**",
        "P41302": "5555123456",
        "P41203": "8",
        "P20200": "0",
        "P51": "120",
        "P5438": "1",
        "P20008": "sip:room@10.20.0.1",
        "P4200": "{ 911 | 06[01568] | 080 | [2-9]xxxxxxxxx | *x+ | \\+x+ | x+ }",
        "P64": "14",
    },
    ("mitel_aastra", "6867i"): {
        "topsoftkey1 type": "line",
        "topsoftkey2 type": "blf",
        "topsoftkey2 value": "102",
        "topsoftkey2 label": "Beto",
        "topsoftkey3 type": "speeddial",
        "topsoftkey4 value": "*85",
        "topsoftkey5 type": "none",
        "softkey18 type": "none",
        "vlan id": "120",
        "tagging enabled": "1",
        "tos rtp": "46",
        "sip centralized conf": "sip:room@10.20.0.1",
        "sip dial plan": "911|06[01568]|080|[2-9]XXXXXXXXX|X+#|*X+#",
        "admin password": "Sesamo-1",
    },
    ("panasonic", "KX-HDV230"): {
        "FLEX_BUTTON_FACILITY_ACT1": "X_PANASONIC_IPTEL_DN",
        "FLEX_BUTTON_FACILITY_ACT2": "X_PANASONIC_IPTEL_CONTACT",
        "FLEX_BUTTON_FACILITY_ARG2": "102",
        "FLEX_BUTTON_LABEL2": "Beto",
        "FLEX_BUTTON_FACILITY_ACT5": "",
        "VLAN_ENABLE": "Y",
        "VLAN_ID_IP_PHONE": "120",
        "DSCP_RTP_1": "46",
        "CONFERENCE_SERVER_URI_1": "sip:room@10.20.0.1",
        "DIAL_PLAN_1": "911|06[01568]|080|[2-9]XXXXXXXXX",
        "TIME_ZONE": "-360",
        "ADMIN_PASS": "Sesamo-1",
    },
    ("avaya", "J179"): {
        "L2QVLAN": "120",
        "DSCPAUD": "46",
        "CONFERENCE_FACTORY_URI": "sip:room@10.20.0.1",
        "DIALPLAN": "911|06[01568]|080|[2-9]XXXXXXXXX",
        "GMTOFFSET": "-6:00",
        "FORCE_WEB_ADMIN_PASSWORD": "Sesamo-1",
    },
    ("gigaset", "Maxwell 3"): {
        "NET.VLAN.Tagging": "1",
        "NET.VLAN.LAN.Identifier": "120",
        "WebUI.AdminPassword": "Sesamo-1",
    },
    ("gigaset", "N510 IP PRO"): {
        "BS_IP_Data1.uiI_VLAN_ID": "0x78",
        "BS_IP_Data1.ucI_SIP_PREFERRED_VOCODER": "0x05,0x00,0x01",
        "BS_IP_Data1.uiI_TIME_TIMEZONE": "0x9",
    },
    ("obihai", "OBi1062"): {
        "VoiceService.1.Phone.LineKey.2.Function": "Busy Lamp Field",
        "VoiceService.1.Phone.LineKey.2.Number": "102",
        "VoiceService.1.Phone.LineKey.3.Function": "Speed Dial",
        "VoiceService.1.Phone.LineKey.5.Function": "",
        "VoiceService.1.VoiceProfile.1.DigitMap": "(911|06[01568]|080|[2-9]xxxxxxxxx|*xx.|+xx.|xx.)",
        "X_DeviceManagement.WebServer.AdminPassword": "Sesamo-1",
    },
    ("algo", "8301"): {
        "net.vlan.id": "120",
        "net.dscp.rtp": "46",
        "audio.codec.g722": "1",
        "admin.timezone": "America/Mexico_City",
        "admin.pwd": "Sesamo-1",
    },
}


KEEPS_WHAT_IS_MISSING = {
    "yealink",
    "cisco_spa",
    "linksys",
    "cisco_mpp",
    "grandstream",
    "snom",
    "fanvil",
    "htek",
    "algo",
    "avaya",
    "gigaset",
    "mitel_aastra",
    "obihai",
    "panasonic",
}
"""Families whose phones go on with what a former file said where a new one says nothing."""


def written(of: Family, model: Model, directory: MemoryDirectory, furnished: bool = True) -> dict[str, str]:
    files = all_files(of, model, directory=directory, site=FURNISHED if furnished else SITE)
    return {k: v for name, data in files.items() for k, v in parameters(of.format, name, data).items()}


@pytest.mark.acceptance("P-18")
@pytest.mark.parametrize(("name", "model"), sorted(SET_UP))
def test_keys_network_music_and_digit_map_reach_the_phone(name: str, model: str) -> None:
    of = family(name)
    chosen = of.model(model)
    assert chosen is not None
    found = written(of, chosen, house(keys=KEYS))
    wanted = SET_UP[name, model]
    assert {k: found.get(k) for k in wanted} == wanted


@pytest.mark.acceptance("P-18")
@pytest.mark.parametrize(("of", "model"), EVERY, ids=NAMES)
def test_a_site_that_sets_nothing_leaves_no_trace_of_what_another_set(of: Family, model: Model) -> None:
    found = written(of, model, house(), furnished=False)
    for value in found.values():
        for trace in ("music@", "room@", "Sesamo", "5555123456"):
            assert trace not in value
    if of.name in KEEPS_WHAT_IS_MISSING:
        assert found.keys() >= written(of, model, house(keys=KEYS)).keys()


@pytest.mark.acceptance("P-18", "P-20")
@pytest.mark.parametrize(("of", "model"), EVERY, ids=NAMES)
def test_hostile_words_on_keys_leave_the_file_readable(of: Family, model: Model) -> None:
    hostile = "& < > \" ' ]]> % $ # ; = | , {{ 7*7 }} ñ 😀 \n\r\t\x00"
    keys = tuple(
        LineKey(f"k{n}", "acme", "ph1", n, kind, hostile, hostile) for n, kind in enumerate(("blf", "speed", "park"), 2)
    )
    found = written(of, model, house(keys=keys))
    assert "p4f1x7" in found.values()


@pytest.mark.acceptance("P-18")
@pytest.mark.parametrize(
    ("name", "zone", "wanted"),
    [
        ("cisco_mpp", "America/Cancun", {"Time_Zone": "GMT-05:00", "Daylight_Saving_Time_Enable": "No"}),
        (
            "cisco_mpp",
            "America/Tijuana",
            {"Time_Zone": "GMT-08:00", "Daylight_Saving_Time_Rule": "start=3/8/7/2:0:0;end=11/1/7/2:0:0;save=1"},
        ),
        ("linksys", "America/Hermosillo", {"Time_Zone": "GMT-07:00", "Daylight_Saving_Time_Enable": "No"}),
        ("snom", "America/Hermosillo", {"utc_offset": "-25200", "dst": "", "timezone": ""}),
        ("snom", "America/Tijuana", {"utc_offset": "-28800", "dst": "3600 03.02.07 02:00:00 11.01.07 02:00:00"}),
        ("fanvil", "America/Cancun", {"sysConf/phone/date/TimeZone": "-20", "sysConf/phone/date/EnableDST": "0"}),
        ("fanvil", "America/Tijuana", {"sysConf/phone/date/TimeZone": "-32", "sysConf/phone/date/DSTStartMon": "3"}),
        ("htek", "America/Mexico_City", {"P64": "14", "P75": "0"}),
        ("htek", "America/Tijuana", {"P64": "6", "P75": "2"}),
        (
            "cisco_enterprise",
            "America/Tijuana",
            {"device/devicePool/dateTimeSetting/timeZone": "Pacific Standard/Daylight Time"},
        ),
        (
            "cisco_enterprise",
            "America/Cancun",
            {"device/devicePool/dateTimeSetting/timeZone": "SA Pacific Standard Time"},
        ),
    ],
)
def test_mexicos_zones_and_the_summer_time_of_its_border(name: str, zone: str, wanted: dict[str, str]) -> None:
    of = family(name)
    found = written(of, of.models[-1], house(site=Site("s1", "R", timezone=zone)))
    assert {k: found.get(k) for k in wanted} == wanted


def test_a_directory_of_an_older_version_is_given_the_tables_it_lacks() -> None:
    connection = sqlite3.connect(":memory:")
    tables.create(connection)
    connection.execute("DROP TABLE line_key")
    tables.put(connection, phone())
    tables.create(connection)
    tables.put(connection, KEYS[0])
    assert set(tables.rows(connection)) == {phone(), KEYS[0]}


@pytest.mark.acceptance("P-7", "P-18")
@pytest.mark.parametrize("of", families().families, ids=lambda f: f.name)
def test_what_a_family_cannot_do_is_explained_in_a_sentence(of: Family) -> None:
    series = {m.series for m in of.models}
    for kind, abilities in of.lacks.items():
        assert kind == "*" or kind in series
        for ability, why in abilities.items():
            assert ability == ability.lower()
            assert why.endswith(".") and " " in why


def test_the_first_key_is_the_line_where_nothing_else_is_said_and_keys_it_has_not_are_dropped() -> None:
    assert keys_for(2, "101 Ana", ()) == (Key(1, "line", "", "101 Ana"), Key(2))
    said = (
        LineKey("a", "acme", "ph1", 2, "park"),
        LineKey("b", "acme", "ph1", 9, "blf", "102"),
        LineKey("c", "acme", "ph1", 1, "teleport", "102"),
    )
    assert keys_for(2, "101 Ana", said) == (Key(1, "line", "", "101 Ana"), Key(2, "park", "*85", "*85"))
    assert keys_for(1, "x", (LineKey("d", "acme", "ph1", 1, "blf"),)) == (Key(1),)


@pytest.mark.acceptance("P-18")
def test_phones_look_for_changes_at_minutes_of_their_own_spread_over_the_night() -> None:
    minutes = [resync_at(f"001565{n:06x}") for n in range(2000)]
    assert minutes == [resync_at(f"001565{n:06x}") for n in range(2000)]
    assert {RESYNC_HOURS[0] <= m.hour < RESYNC_HOURS[1] for m in minutes} == {True}
    busiest = max(minutes.count(m) for m in set(minutes))
    assert busiest <= 30  # 11 a minute on average
    assert (FIRST_MINUTE.hhmm, FIRST_MINUTE.colon) == ("0100", "01:00")


def test_a_digit_map_is_written_in_each_syntax_from_one_form() -> None:
    new, old = digit_map("mx2020"), digit_map("mx2017")
    assert new.written(once="S0") == "(911S0|06[01568]S0|080S0|[2-9]xxxxxxxxxS0|*xx.|+xx.|xx.)"[1:-1]
    legacy = "01xxxxxxxxxx|04[45]xxxxxxxxxx"
    assert old.written(more="x.", wait="T") == f"911|06[01568]|080|{legacy}|[2-9]xxxxxxxxx|*x.T|+x.T|x.T"
    assert new.written(" ", digit="\\d", star="\\*", plus="\\+", more="\\d+").split()[4:] == [
        "\\*\\d+",
        "\\+\\d+",
        "\\d+",
    ]
    assert DigitPattern("04[45]x").spelled == ("044x", "045x")
    assert len(DigitPattern("[2-9][01]").spelled) == 16


@pytest.mark.acceptance("E-1", "P-18")
def test_phones_send_every_emergency_number_at_its_last_digit_and_nothing_else_of_that_beginning() -> None:
    for profile in ("mx2017", "mx2020"):
        spelled = {one for pattern in digit_map(profile).at_once for one in pattern.spelled}
        assert {one for one in spelled if len(one) == 3} == EMERGENCY_CODES
        longer = [one for one in spelled if len(one) > 3 and one.startswith(("911", *EMERGENCY_CODES))]
        assert not longer


@pytest.mark.acceptance("P-18")
def test_keys_of_a_phone_are_found_in_memory_and_in_the_published_file(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    connection = sqlite3.connect(path)
    tables.create(connection)
    tables.write_meta(connection, {"revision": "1"})
    for key in reversed(KEYS):
        tables.put(connection, key)
    tables.put(connection, replace(KEYS[0], id="other", phone_id="ph2"))
    connection.commit()
    connection.close()
    assert LiveDirectory(path).keys_of("ph1") == KEYS
    assert house(phone(), keys=tuple(reversed(KEYS))).keys_of("ph1") == KEYS
    assert house().keys_of("ph1") == ()


@pytest.mark.acceptance("P-7", "P-18")
@pytest.mark.parametrize("of", families().families, ids=lambda f: f.name)
def test_the_page_tells_engineers_how_many_models_there_are_and_what_they_cannot_do(of: Family) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"| {of.name} | {len(of.models)}: " in page
    for series, abilities in of.lacks.items():
        who = of.name if series == "*" else f"{of.name} ({series})"
        for ability, why in abilities.items():
            assert f"| {who} | `{ability}` | {why} |" in page
