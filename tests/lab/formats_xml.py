"""Strict readers of the XML formats of Cisco (multiplatform and enterprise), Snom, Fanvil and Htek phones.

From the makers' guides: Cisco IP Phone 8800 multiplatform (XML open format), Snom (settings in XML), Fanvil (sysConf),
Htek (P-values with their names), and what is publicly known of SEP files.
"""

import re
from collections.abc import Callable
from xml.etree import ElementTree

from tests.lab.format_words import SRTP, FormatError, PhoneConfig, Values, language, number, one_of, xml


def _leaf(found: Values, name: str, element: ElementTree.Element) -> None:
    """A parameter: text and no element in it, said once."""
    if len(element):
        raise FormatError(f"an element inside {name}")
    if name in found:
        raise FormatError(f"{name} stands there twice")
    found[name] = element.text or ""


def _no_text(element: ElementTree.Element) -> None:
    if (element.text or "").strip() or any((e.tail or "").strip() for e in element):
        raise FormatError(f"text in {element.tag}")


# Cisco multiplatform: <flat-profile>, alone or in <device>.


def read_mpp(name: str, data: bytes) -> Values:
    root = xml(data)
    profile = root.find("flat-profile") if root.tag == "device" else root
    if profile is None or profile.tag != "flat-profile":
        raise FormatError(f"the root is {root.tag}")
    _no_text(profile)
    found: Values = {}
    for element in profile:
        if not re.fullmatch(r"[A-Za-z][\w.\-]*", element.tag):
            raise FormatError(f"{element.tag} is no parameter")
        _leaf(found, element.tag, element)
    return found


def understand_mpp(values: Values, name: str) -> PhoneConfig:
    get = values.get
    on = get("Line_Enable_1_", "") == "Yes" and get("Register_1_", "") == "Yes"
    host, _, port = get("Proxy_1_", "").partition(":")
    rule = get("Profile_Rule", "") if get("Provision_Enable", "") == "Yes" else ""
    return PhoneConfig(
        sip_user=get("User_ID_1_", "") if on else "",
        sip_secret=get("Password_1_", ""),
        auth_user=get("Auth_ID_1_", "") or get("User_ID_1_", ""),
        server=host,
        port=number(port, "port"),
        transport=one_of({"": "", "UDP": "udp", "TCP": "tcp", "TLS": "tls"}, get("SIP_Transport_1_", ""), "transport"),
        srtp=one_of({"": "", "No": "", "Yes": "optional"}, get("Secure_Call_Setting", ""), "Secure_Call_Setting"),
        expires=number(get("Register_Expires_1_", ""), "expires"),
        display_name=get("Display_Name_1_", ""),
        label=get("Short_Name_1_", ""),
        language=language(get("Language_Selection", "")),
        voicemail=get("Voice_Mail_Number", ""),
        admin_password=get("Admin_Password", ""),
        next_files=(rule,) if rule else (),
    )


# Snom: <settings> with <phone-settings>, <functionKeys>; the line of a setting is its idx.

SNOM_LANGUAGES = {"": "", "Espanol": "es", "English": "en"}
SNOM_PERMISSIONS = {"", "R", "RW", "$", None}


def read_snom(name: str, data: bytes) -> Values:
    root = xml(data)
    if root.tag == "setting-files":
        if any(e.tag != "file" or not e.get("url") or len(e) for e in root):
            raise FormatError("setting-files holds more than file with a url")
        return {f"file.{n}": e.get("url", "") for n, e in enumerate(root, 1)}
    if root.tag == "firmware-settings":
        if [e.tag for e in root] != ["firmware"]:
            raise FormatError("firmware-settings holds more than firmware")
        return {"firmware": root[0].text or ""}
    if root.tag != "settings":
        raise FormatError(f"the root is {root.tag}")
    found: Values = {}
    for part in root:
        if part.tag not in ("phone-settings", "functionKeys", "certificates"):
            raise FormatError(f"{part.tag} is no part of settings")
        _no_text(part)
        if part.tag == "certificates":
            for element in part:
                if element.tag != "certificate" or element.get("type") != "base64":
                    raise FormatError("certificates holds more than certificate of base64")
                _leaf(found, "certificate", element)
            continue
        for element in part:
            index = element.get("idx")
            if (part.tag == "functionKeys") != (element.tag == "fkey"):
                raise FormatError(f"{element.tag} in {part.tag}")
            if element.get("perm") not in SNOM_PERMISSIONS or not re.fullmatch(r"[a-z][a-z0-9_]*", element.tag):
                raise FormatError(f"{element.tag} is no setting")
            if index is not None and not re.fullmatch(r"\d+", index):
                raise FormatError(f"{element.tag}: idx {index!r}")
            _leaf(found, element.tag + (f"#{index}" if index is not None else ""), element)
    return found


def understand_snom(values: Values, name: str) -> PhoneConfig:
    get = values.get
    where = re.fullmatch(r"([^:;]+):(\d+);transport=(\w+)", get("user_outbound#1", ""))
    if get("user_outbound#1") and where is None:
        raise FormatError(f"user_outbound: {get('user_outbound#1')!r}")
    host, port, transport = where.groups() if where else ("", "", "")
    return PhoneConfig(
        sip_user=get("user_name#1", "") if get("user_active#1") == "on" else "",
        sip_secret=get("user_pass#1", ""),
        auth_user=get("user_pname#1", ""),
        server=host,
        port=number(port, "port"),
        transport=one_of({"": "", "udp": "udp", "tcp": "tcp", "tls": "tls"}, transport, "transport"),
        expires=number(get("user_expiry#1", ""), "user_expiry"),
        display_name=get("user_realname#1", ""),
        label=get("user_idle_text#1", ""),
        language=one_of(SNOM_LANGUAGES, get("language", ""), "language"),
        voicemail=get("user_mailbox#1", ""),
        admin_password=get("admin_mode_password", ""),
        ca=get("certificate", ""),
        srtp=one_of(
            {"off": "", "optional": "optional", "mandatory": "mandatory"},
            get("user_savp#1", "mandatory") if get("user_srtp#1") == "on" else "off",
            "user_savp",
        ),
        firmware=get("firmware", ""),
        next_files=(
            *(v for k, v in values.items() if k.startswith("file.")),
            *([values["firmware_status"]] if values.get("firmware_status") else ()),
        ),
    )


# Fanvil: <sysConf>, elements in elements; lists by their index.


def read_fanvil(name: str, data: bytes) -> Values:
    root = xml(data)
    if root.tag != "sysConf" or not re.fullmatch(r"2\.\d+", root.findtext("Version") or ""):
        raise FormatError("not <sysConf> with a Version of 2")
    found: Values = {}

    def walk(element: ElementTree.Element, path: str, indexes: tuple[str, ...]) -> None:
        _no_text(element)
        for child in element:
            index = child.get("index")
            if index is not None and not re.fullmatch(r"\d+", index):
                raise FormatError(f"{path}/{child.tag}: index {index!r}")
            places = (*indexes, *((index,) if index else ()))
            if len(child):
                walk(child, f"{path}/{child.tag}", places)
            else:
                _leaf(found, f"{path}/{child.tag}" + (f"#{'.'.join(places)}" if places else ""), child)

    walk(root, "sysConf", ())
    return found


def understand_fanvil(values: Values, name: str) -> PhoneConfig:
    def line(key: str) -> str:
        return values.get(f"sysConf/sip/line/{key}#1", "")

    admin = values.get("sysConf/web/account/Name#1") == "admin"
    return PhoneConfig(
        sip_user=line("PhoneNumber") if line("EnableReg") == "1" else "",
        sip_secret=line("RegisterPswd"),
        auth_user=line("RegisterUser"),
        server=line("RegisterAddr"),
        port=number(line("RegisterPort"), "RegisterPort"),
        transport=one_of({"": "", "0": "udp", "1": "tcp", "3": "tls"}, line("Transport"), "Transport"),
        expires=number(line("RegisterTTL"), "RegisterTTL"),
        display_name=line("DisplayName"),
        label=values.get("sysConf/phone/display/LCDTitle", ""),
        language=one_of(
            {"": "", "es": "es", "en": "en"}, values.get("sysConf/phone/display/DefaultLanguage", ""), "language"
        ),
        voicemail=line("MWINum"),
        srtp=one_of(SRTP, line("MediaCrypto"), "MediaCrypto"),
        admin_password=values.get("sysConf/web/account/Password#1", "") if admin else "",
    )


# Htek: <hl_provision><config> with P-values, each with its name.


def read_htek(name: str, data: bytes) -> Values:
    root = xml(data)
    config = root.find("config")
    if root.tag != "hl_provision" or root.get("version") != "1" or config is None or config.get("version") != "1":
        raise FormatError("not <hl_provision version='1'> with <config version='1'>")
    _no_text(config)
    found: Values = {}
    for element in config:
        if not re.fullmatch(r"P\d+", element.tag) or set(element.attrib) - {"para"}:
            raise FormatError(f"{element.tag} is no P-value")
        _leaf(found, element.tag, element)
    return found


def understand_htek(values: Values, name: str) -> PhoneConfig:
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
        label=get("P20000", ""),
        voicemail=get("P33", ""),
        srtp=one_of(SRTP, get("P183", ""), "P183"),
        admin_password=get("P2", ""),
    )


# Cisco enterprise: <device>, elements in elements, a line by its button; dialplan.xml is a <DIALTEMPLATE>.


def read_enterprise(name: str, data: bytes) -> Values:
    root = xml(data)
    found: Values = {}
    if root.tag == "DIALTEMPLATE":
        for n, template in enumerate(root, 1):
            if template.tag != "TEMPLATE" or set(template.attrib) != {"MATCH", "TIMEOUT"}:
                raise FormatError(f"{template.tag} is no TEMPLATE with MATCH and TIMEOUT")
            number(template.attrib["TIMEOUT"], "TIMEOUT")
            found[f"DIALTEMPLATE/TEMPLATE#{n}"] = template.attrib["MATCH"]
        return found
    if root.tag != "device":
        raise FormatError(f"the root is {root.tag}")

    def walk(element: ElementTree.Element, path: str, index: str) -> None:
        _no_text(element)
        for child in element:
            button = child.get("button", index)
            if set(child.attrib) - {"button", "lineIndex", "priority"}:
                raise FormatError(f"{path}/{child.tag}: an attribute that is not known")
            if len(child):
                walk(child, f"{path}/{child.tag}", button)
            else:
                _leaf(found, f"{path}/{child.tag}" + (f"#{button}" if button else ""), child)

    walk(root, "device", "")
    return found


def understand_enterprise(values: Values, name: str) -> PhoneConfig:
    def line(key: str) -> str:
        return values.get(f"device/sipProfile/sipLines/line/{key}#1", "")

    def get(path: str) -> str:
        return values.get(f"device/{path}", "")

    on = line("featureID") == "9" and get("sipProfile/sipProxies/registerWithProxy") == "true"
    transports = {"": "", "1": "tcp", "2": "udp", "3": "tls"}
    return PhoneConfig(
        sip_user=line("name") if on else "",
        sip_secret=line("authPassword"),
        auth_user=line("authName"),
        server=line("proxy"),
        port=number(line("port"), "port"),
        transport=one_of(transports, get("transportLayerProtocol"), "transportLayerProtocol"),
        expires=number(get("sipProfile/sipStack/timerRegisterExpires"), "timerRegisterExpires"),
        display_name=line("displayName"),
        label=line("featureLabel"),
        language=one_of({"": "", "es": "es", "en": "en"}, get("userLocale/langCode"), "langCode"),
        voicemail=line("messagesNumber"),
        admin_password=get("commonProfile/phonePassword"),
        next_files=tuple(f for f in (get("sipProfile/dialTemplate"),) if f),
    )


READERS: dict[str, tuple[Callable[[str, bytes], Values], Callable[[Values, str], PhoneConfig]]] = {
    "cisco_mpp": (read_mpp, understand_mpp),
    "snom": (read_snom, understand_snom),
    "fanvil": (read_fanvil, understand_fanvil),
    "cisco_enterprise": (read_enterprise, understand_enterprise),
    "htek": (read_htek, understand_htek),
}
