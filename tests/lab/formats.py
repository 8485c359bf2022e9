"""Phones' own file formats, read as strictly as a phone of that family would at its worst temper.

The virtual phones boot with these, and the tests of rendering measure by them. Written from the makers' descriptions of
their formats, not from our templates: whatever is not of the format is a FormatError. Each further reader stands in a
module of its own (formats_*.py) and is named in READERS here.
"""

import re
from collections.abc import Callable

from tests.lab import formats_text, formats_tree, formats_xml
from tests.lab.format_words import SRTP, FormatError, PhoneConfig, Values, language, number, one_of, text, xml

__all__ = ["FormatError", "PhoneConfig", "parameters", "parse"]


# Yealink: text, `key = value`, header in the first line.

YEALINK_HEADER = "#!version:1.0.0.1"
NULL = "%NULL%"


def _read_yealink(name: str, data: bytes) -> Values:
    lines = text(data).split("\n")
    if lines[0] != YEALINK_HEADER:
        raise FormatError(f"the first line is not {YEALINK_HEADER}")
    boot = name.endswith(".boot")
    found: Values = {}
    includes = 0
    for n, line in enumerate(lines[1:], 2):
        if not line.strip() or line.startswith("#"):
            continue
        include = re.fullmatch(r'(?:\[[\w, -]+\])?include:config [<"]([^<>"\s]+\.cfg)[>"]', line)
        if include:
            if not boot:
                raise FormatError(f"line {n}: include outside a boot file")
            includes += 1
            found[f"include.{includes}{'.model' if line.startswith('[') else ''}"] = include[1]
            continue
        pair = re.fullmatch(r"([A-Za-z0-9_.\-]+) = (\S(?:.*\S)?)?", line)
        if pair is None:
            raise FormatError(f"line {n}: neither comment nor key = value: {line!r}")
        if boot and pair[1] != "overwrite_mode":
            raise FormatError(f"line {n}: a boot file holds no parameters")
        if pair[1] in found:
            raise FormatError(f"line {n}: {pair[1]} stands there twice")
        if re.search(r"[\x00-\x1f\x7f]", pair[2] or ""):
            raise FormatError(f"line {n}: a control character")
        found[pair[1]] = pair[2] or ""
    return found


def _yealink(values: Values, name: str) -> PhoneConfig:
    def get(key: str) -> str:
        value = values.get(key, "")
        return "" if value == NULL else value

    transports = {"0": "udp", "1": "tcp", "2": "tls", "": ""}
    on = get("account.1.enable") == "1"
    user, _, password = get("static.security.user_password").partition(":")
    return PhoneConfig(
        sip_user=get("account.1.user_name") if on else "",
        sip_secret=get("account.1.password"),
        auth_user=get("account.1.auth_name"),
        server=get("account.1.sip_server.1.address"),
        port=number(get("account.1.sip_server.1.port"), "port"),
        transport=one_of(transports, get("account.1.sip_server.1.transport_type"), "transport"),
        expires=number(get("account.1.sip_server.1.expires"), "expires"),
        display_name=get("account.1.display_name"),
        label=get("account.1.label"),
        language=language(get("lang.gui")),
        voicemail=get("voice_mail.number.1"),
        admin_password=password if user == "admin" else "",
        next_files=tuple(v for k, v in values.items() if re.fullmatch(r"include\.\d+", k)),
        file_key=get("static.auto_provision.aes_key_16.mac") or get("static.auto_provision.aes_key.mac"),
        # The maker's authorities alone (0), or ours (1, 2).
        ca=get("static.trusted_certificates.url") if get("static.security.ca_cert") in ("1", "2") else "",
        srtp=one_of(SRTP, get("account.1.srtp_encryption"), "srtp_encryption"),
        firmware=get("static.firmware.url"),
    )


# Polycom: XML whose parameters are attributes, wherever they stand.


def _read_polycom(name: str, data: bytes) -> Values:
    root = xml(data)
    if root.tag not in ("APPLICATION", "polycomConfig", "PHONE_CONFIG"):
        raise FormatError(f"the root is {root.tag}")
    found: Values = {}
    for element in root.iter():
        if (element.text or "").strip() or (element.tail or "").strip():
            raise FormatError(f"text in {element.tag}")
        for key, value in element.attrib.items():
            if key in found:
                raise FormatError(f"{key} stands there twice")
            if element.tag != "APPLICATION" and not re.fullmatch(r"[A-Za-z][\w.\-]*", key):
                raise FormatError(f"{key} is no parameter")
            found[key] = value
    if root.tag == "APPLICATION" and not {"APP_FILE_PATH", "CONFIG_FILES"} <= found.keys():
        raise FormatError("APPLICATION without APP_FILE_PATH and CONFIG_FILES")
    return found


def _polycom(values: Values, name: str) -> PhoneConfig:
    get = values.get
    transports = {"": "", "UDPOnly": "udp", "TCPOnly": "tcp", "TLS": "tls", "DNSnaptr": "udp", "TCPpreferred": "tcp"}
    files = get("CONFIG_FILES", "")
    return PhoneConfig(
        sip_user=get("reg.1.address", ""),
        sip_secret=get("reg.1.auth.password", ""),
        auth_user=get("reg.1.auth.userId", ""),
        server=get("reg.1.server.1.address", ""),
        port=number(get("reg.1.server.1.port", ""), "port"),
        transport=one_of(transports, get("reg.1.server.1.transport", ""), "transport"),
        expires=number(get("reg.1.server.1.expires", ""), "expires"),
        display_name=get("reg.1.displayName", ""),
        label=get("reg.1.label", ""),
        language=language(get("lcl.ml.lang", "")),
        voicemail=get("msg.mwi.1.callBack", ""),
        admin_password=get("device.auth.localAdminPassword", ""),
        next_files=tuple(f.strip() for f in files.split(",") if f.strip()),
        ca=get("device.sec.TLS.customCaCert1", "") if get("device.sec.TLS.customCaCert1.set") == "1" else "",
        srtp=_polycom_srtp(values),
    )


def _polycom_srtp(values: Values) -> str:
    flags = tuple(values.get(f"sec.srtp.{name}", "0") for name in ("enable", "offer", "require"))
    if set(flags) - {"0", "1"}:
        raise FormatError(f"sec.srtp may not be {flags}")
    return "" if flags[0] == "0" else "mandatory" if flags[2] == "1" else "optional"


# Cisco SPA: <flat-profile>, one element a parameter.


def _read_spa(name: str, data: bytes) -> Values:
    root = xml(data)
    if root.tag != "flat-profile":
        raise FormatError(f"the root is {root.tag}")
    found: Values = {}
    for element in root:
        if len(element):
            raise FormatError(f"an element inside {element.tag}")
        if (element.tail or "").strip() or not re.fullmatch(r"[A-Za-z][\w\-]*", element.tag):
            raise FormatError(f"{element.tag} is no parameter")
        if element.tag in found:
            raise FormatError(f"{element.tag} stands there twice")
        found[element.tag] = element.text or ""
    return found


def _spa(values: Values, name: str) -> PhoneConfig:
    get = values.get
    on = get("Line_Enable_1_", "") == "Yes" and get("Register_1_", "") == "Yes"
    host, _, port = get("Proxy_1_", "").partition(":")
    transport = {"": "", "UDP": "udp", "TCP": "tcp", "TLS": "tls"}
    rule = get("Profile_Rule", "") if get("Provision_Enable", "") == "Yes" else ""
    return PhoneConfig(
        sip_user=get("User_ID_1_", "") if on else "",
        sip_secret=get("Password_1_", ""),
        auth_user=get("Auth_ID_1_", "") if get("Use_Auth_ID_1_") == "Yes" else get("User_ID_1_", ""),
        server=host,
        port=number(port, "port"),
        transport=one_of(transport, get("SIP_Transport_1_", ""), "transport"),
        expires=number(get("Register_Expires_1_", ""), "expires"),
        display_name=get("Display_Name_1_", ""),
        label=get("Short_Name_1_", ""),
        language=language(get("Language_Selection", "")),
        voicemail=get("Voice_Mail_Number", ""),
        admin_password=get("Admin_Passwd", ""),
        next_files=(rule,) if rule else (),
        firmware=get("Upgrade_Rule", "") if get("Upgrade_Enable") == "Yes" else "",
        srtp=one_of({"": "", "No": "", "Yes": "optional"}, get("Secure_Call_Setting", ""), "Secure_Call_Setting"),
    )


# Grandstream: <gs_provision><config version="1"> with P-values.


def _read_grandstream(name: str, data: bytes) -> Values:
    root = xml(data)
    config = root.find("config")
    if root.tag != "gs_provision" or root.get("version") != "1" or config is None or config.get("version") != "1":
        raise FormatError("not <gs_provision version='1'> with <config version='1'>")
    if {e.tag for e in root} - {"mac", "config"}:
        raise FormatError("gs_provision holds more than mac and config")
    mac = root.findtext("mac")
    named = re.fullmatch(r"cfg([0-9a-f]{12})\.xml", name)
    if mac is not None and named and mac != named[1]:
        raise FormatError(f"it is for {mac}, not for {named[1]}")
    found: Values = {}
    for element in config:
        if len(element) or (element.tail or "").strip() or not re.fullmatch(r"P\d+", element.tag):
            raise FormatError(f"{element.tag} is no P-value")
        if element.tag in found:
            raise FormatError(f"{element.tag} stands there twice")
        found[element.tag] = element.text or ""
    return found


def _grandstream(values: Values, name: str) -> PhoneConfig:
    get = values.get
    host, _, port = get("P47", "").partition(":")
    return PhoneConfig(
        sip_user=get("P35", "") if get("P271") == "1" and get("P31") == "1" else "",
        sip_secret=get("P34", ""),
        auth_user=get("P36", ""),
        server=host,
        port=number(port, "port"),
        transport=one_of({"": "", "0": "udp", "1": "tcp", "2": "tls"}, get("P130", ""), "transport"),
        expires=number(get("P32", ""), "expires") * 60,
        display_name=get("P3", ""),
        label=get("P270", ""),
        language=language(get("P1362", "")),
        voicemail=get("P33", ""),
        admin_password=get("P2", ""),
        file_key=get("P1359", ""),
        ca=get("P2386", "") if get("P2367") == "1" else "",
        srtp=one_of(SRTP, get("P183", ""), "P183"),
    )


READERS: dict[str, tuple[Callable[[str, bytes], Values], Callable[[Values, str], PhoneConfig]]] = {
    "yealink": (_read_yealink, _yealink),
    "polycom": (_read_polycom, _polycom),
    "cisco_spa": (_read_spa, _spa),
    "linksys": (_read_spa, _spa),
    "grandstream": (_read_grandstream, _grandstream),
    **formats_text.READERS,
    **formats_tree.READERS,
    **formats_xml.READERS,
}


def parse(format_: str, name: str, data: bytes) -> PhoneConfig:
    """What a phone that reads `format_` makes of the file `name`. Raises FormatError."""
    read, understand = READERS[format_]
    return understand(read(name, data), name)


def parameters(format_: str, name: str, data: bytes) -> Values:
    """Every parameter in the file with its value, by the family's own names."""
    return READERS[format_][0](name, data)
