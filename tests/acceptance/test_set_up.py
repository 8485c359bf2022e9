"""What a phone has been told once it has booted: keys, language, time, codecs, quality, voicemail, digit map, password.

Read from what the real doors served it, as it reads it itself. Every model: tests/unit/provision/test_setup.py.
"""

import pytest

from tests.acceptance.conftest import House
from tests.lab.formats import parameters
from tests.lab.phones import Phone

DIGITS = "911|06[01568]|080|[2-9]xxxxxxxxx|*x.T|+x.T|x.T"
SET_UP = {
    "ana": {
        "lang.gui": "Spanish",
        "local_time.ntp_server1": "10.20.0.1",
        "local_time.time_zone": "-6",
        "account.1.display_name": "Ana Núñez",
        "account.1.codec.g722.priority": "1",
        "account.1.codec.pcmu.priority": "2",
        "static.network.qos.rtptos": "46",
        "static.network.lldp.enable": "1",
        "voice_mail.number.1": "*97",
        "dialplan.dialnow.rule.1": "911",
        "linekey.1.label": "101 Ana",
        "linekey.2.type": "16",
        "linekey.2.value": "102",
        "linekey.2.label": "Colega",
        "linekey.3.value": "5555123456",
        "linekey.4.value": "*85",
        "linekey.5.type": "%NULL%",
    },
    "beto": {
        "lcl.ml.lang": "Spanish_Spain",
        "tcpIpApp.sntp.address": "10.20.0.1",
        "tcpIpApp.sntp.gmtOffset": "-21600",
        "reg.1.displayName": "Beto Díaz",
        "voice.codecPref.G722": "1",
        "voice.codecPref.G711_Mu": "2",
        "qos.ip.rtp.dscp": "46",
        "device.net.lldpEnabled": "1",
        "msg.mwi.1.callBack": "*97",
        "dialplan.digitmap": DIGITS,
        "attendant.resourceList.1.address": "101",
        "attendant.resourceList.1.label": "Colega",
    },
    "carla": {
        "Language_Selection": "Spanish",
        "Primary_NTP_Server": "10.20.0.1",
        "Time_Zone": "GMT-06:00",
        "Display_Name_1_": "Carla O'Hara & Söns",
        "Preferred_Codec_1_": "G722",
        "RTP_TOS_DiffServ_Value_1_": "0xb8",
        "Enable_LLDP-MED": "Yes",
        "Voice_Mail_Number": "*97",
        "Dial_Plan_1_": "(911S0|06[01568]S0|080S0|[2-9]xxxxxxxxxS0|*xx.|+xx.|xx.)",
        "Extended_Function_2_": "fnc=blf+sd+cp;sub=102@$PROXY;ext=102@$PROXY",
        "Extended_Function_3_": "fnc=sd;ext=5555123456@$PROXY;nme=Taxi",
    },
    "dario": {
        "P1362": "es",
        "P30": "10.20.0.1",
        "P246": "MTZ+6",
        "P3": "Darío Peña",
        "P57": "9",
        "P1559": "46",
        "P1684": "1",
        "P33": "*97",
        "P290": "{ 911 | 06[01568] | 080 | [2-9]xxxxxxxxx | *x+ | \\+x+ | x+ }",
        "P1365": "11",
        "P1467": "Colega",
        "P1468": "101",
        "P1470": "5555123456",
    },
}


def told(phone: Phone) -> dict[str, str]:
    """Every parameter of the files of its last boot, decrypted where it had to decrypt them."""
    boot = phone.boots[-1]
    return {
        name: value
        for url, data in {**boot.files, **boot.opened}.items()
        for name, value in parameters(phone.device.family.format, url.rsplit("/", 1)[-1], data).items()
    }


@pytest.mark.acceptance("P-18")
@pytest.mark.parametrize("person", sorted(SET_UP))
def test_a_phone_that_booted_is_set_up_in_its_own_words(house: House, centre: str, person: str) -> None:
    phone = house.phone(person)
    assert phone.reboot().registered
    found = told(phone)
    assert {name: found.get(name) for name in SET_UP[person]} == SET_UP[person]
    assert phone.boots[-1].config.admin_password not in ("", "admin", "1234", "0000")
