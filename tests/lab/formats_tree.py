"""Strict readers of XML whose parameters are elements with a name and a value: Gigaset's two kinds, OBi's object tree.

From the makers' pages: Gigaset's wiki for professionals (XML provisioning file, nested profiles), the OBi device
provisioning guide.
"""

import re
from xml.etree import ElementTree

from tests.lab.format_words import FormatError, PhoneConfig, Values, number, one_of, xml


def _put(found: Values, name: str, value: str) -> None:
    if name in found:
        raise FormatError(f"{name} stands there twice")
    found[name] = value


def _bare(element: ElementTree.Element) -> None:
    """No text around elements: a value that is not where values go would be lost without a word."""
    for each in element.iter():
        if (each.text or "").strip() or (each.tail or "").strip():
            raise FormatError(f"text in {each.tag}")


# Gigaset. <ProviderFrame>: N510, N720. <provisioning>: N670, N870, Maxwell.


def read_gigaset(name: str, data: bytes) -> Values:
    root = xml(data)
    _bare(root)
    if root.tag == "ProviderFrame":
        return _frame(root, name)
    if root.tag != "provisioning" or root.get("version") != "1.1":
        raise FormatError(f"the root is {root.tag}")
    found: Values = {}
    for element in root.iter():
        match element.tag:
            case "param":
                _put(found, element.get("name", ""), element.get("value", ""))
            case "step":
                _put(found, "step", element.get("url", ""))
            case "oper" if not element.get("name"):
                raise FormatError("an oper without a name")
            case "provisioning" | "nvm" | "oper" | "firmware" | "file":
                pass
            case other:
                raise FormatError(f"{other} is not of the format")
    return found


def _frame(root: ElementTree.Element, name: str) -> Values:
    provider = root.find("Provider")
    if provider is None or len(root) != 1:
        raise FormatError("not one Provider in ProviderFrame")
    mac = provider.find("MAC_ADDRESS")
    if mac is None or f"{mac.get('value')}.xml".lower() != name.lower() or mac.get("value", "").lower() in ("",):
        raise FormatError("it is for another MAC")
    found: Values = {}
    for element in provider:
        if element.tag in ("MAC_ADDRESS", "PROFILE_NAME"):
            continue
        value = element.get("value", "")
        if element.tag != "SYMB_ITEM" or element.get("class") != "symb_item":
            raise FormatError(f"{element.tag} is not of the format")
        if re.fullmatch(r'".*"', value, re.DOTALL):
            value = value[1:-1]
        elif not re.fullmatch(r"(0x[0-9a-f]+|\d+)(,0x[0-9a-f]+)*", value):
            raise FormatError(f"{element.get('ID')} is neither a number nor in quotes: {value!r}")
        _put(found, element.get("ID", ""), value)
    return found


# What each kind calls the same thing. The bases of the older kind number the first account by leaving the number out.
GIGASET_NAMES: dict[str, tuple[str, ...]] = {
    "sip_user": (
        "SipAccount.00001.UserName",
        "SIP.Account.0.Username",
        "BS_IP_Data1.aucS_SIP_USER_ID",
        "BS_VOIP_Data.astVoipAccounts[0].aucS_SIP_USER_ID[0]",
    ),
    "sip_secret": (
        "SipAccount.00001.AuthPassword",
        "SIP.Account.0.AuthPassword",
        "BS_IP_Data1.aucS_SIP_PASSWORD",
        "BS_VOIP_Data.astVoipAccounts[0].aucS_SIP_PASSWORD[0]",
    ),
    "auth_user": (
        "SipAccount.00001.AuthName",
        "SIP.Account.0.AuthName",
        "BS_IP_Data3.aucS_SIP_LOGIN_ID",
        "BS_VOIP_Data.astVoipAccounts[0].aucS_SIP_LOGIN_ID[0]",
    ),
    "server": (
        "SipProvider.0.RegServerAddress",
        "SIP.Account.0.RegistrationServer.Address",
        "BS_IP_Data1.aucS_SIP_REGISTRAR",
        "BS_VOIP_Data.astVoipProviders[0].aucSIP_REGISTRAR[%]",
    ),
    "port": (
        "SipProvider.0.RegServerPort",
        "SIP.Account.0.RegistrationServer.Port",
        "BS_IP_Data1.uiI_SIP_REGISTRAR_PORT",
        "BS_VOIP_Data.astVoipProviders[0].uiSIP_REGISTRAR_PORT",
    ),
    "expires": (
        "SipProvider.0.RegServerRefreshTimer",
        "BS_IP_Data1.uiI_RE_REGISTRATION_TIMER",
        "BS_VOIP_Data.astVoipProviders[0].uiRE_REGISTRATION_TIMER",
    ),
    "display_name": (
        "SipAccount.00001.DisplayName",
        "SIP.Account.0.DisplayName",
        "BS_IP_Data1.aucS_SIP_DISPLAYNAME",
        "BS_VOIP_Data.astVoipAccounts[0].aucS_SIP_DISPLAYNAME[0]",
    ),
    "label": ("SIP.Account.0.AccountName", "BS_IP_Data1.aucS_SIP_ACCOUNT_NAME_1"),
    "voicemail": (
        "SipAccount.00001.VoiceMailMailbox",
        "SIP.Account.0.VoiceMail.Mailbox",
        "BS_IP_Data1.aucS_VOIP_NET_AM_NUMBER_1",
        "BS_VOIP_Data.astVoipAccounts[0].aucS_VOIP_NET_AM_NUMBER_1[%]",
    ),
    "admin_password": ("WebUIAccounts.1.Password", "WebUI.AdminPassword", "BS_CUSTOM.WebUIPassword"),
    "transport": (
        "SipProvider.0.TransportProtocol",
        "BS_VOIP_Data.astVoipProviders[0].ucSIP_PREFERRED_TRANSPORT_LAYER",
    ),
    "language": ("BS_IP_Data1.ucI_HTTPLANGUAGE", "BS_IP_Data.ucI_HTTPLANGUAGE"),
}


def understand_gigaset(values: Values, name: str) -> PhoneConfig:
    def get(what: str) -> str:
        return next((values[n] for n in GIGASET_NAMES[what] if n in values), "")

    def count(what: str) -> int:
        said = get(what)
        return int(said, 16) if said.startswith("0x") else number(said, what)

    transports = {"": "", "1": "udp", "2": "tcp", "3": "tls", "17": "udp", "6": "tcp"}
    return PhoneConfig(
        sip_user=get("sip_user"),
        sip_secret=get("sip_secret"),
        auth_user=get("auth_user"),
        server=get("server"),
        port=count("port"),
        transport=one_of(transports, get("transport"), "transport"),
        expires=count("expires"),
        display_name=get("display_name"),
        label=get("label"),
        language={"0x1": "en", "0x4": "es"}.get(get("language"), ""),
        voicemail=get("voicemail"),
        admin_password=get("admin_password"),
        next_files=(values["step"],) if values.get("step") else (),
        srtp="optional" if values.get("SipProvider.0.SRTP_Enabled") == "1" else "",
    )


# OBi: <ParameterList> of objects, each with a name that ends in a point and its parameters.


def read_obihai(name: str, data: bytes) -> Values:
    root = xml(data)
    if root.tag != "ParameterList":
        raise FormatError(f"the root is {root.tag}")
    found: Values = {}
    for thing in root:
        prefix = thing.findtext("Name", "")
        if thing.tag != "Object" or not re.fullmatch(r"([A-Za-z0-9_]+\.)+", prefix) or thing[0].tag != "Name":
            raise FormatError(f"no object with a name that ends in a point: {thing.tag} {prefix}")
        for parameter in thing[1:]:
            key, value = parameter.find("Name"), parameter.find("Value")
            if parameter.tag != "ParameterValueStruct" or key is None or value is None or len(parameter) != 2:
                raise FormatError(f"not a parameter in {prefix}: {parameter.tag}")
            if not re.fullmatch(r"[A-Za-z0-9_]+", key.text or ""):
                raise FormatError(f"{key.text!r} is no parameter")
            default = value.get("X_UseDefault") == "Yes"
            if default and value.text:
                raise FormatError(f"{key.text} is a default and a value at once")
            _put(found, f"{prefix}{key.text}", "(default)" if default else value.text or "")
    return found


OBI_LINE, OBI_PROFILE = "VoiceService.1.VoiceProfile.1.Line.1.", "VoiceService.1.VoiceProfile.1."


def understand_obihai(values: Values, name: str) -> PhoneConfig:
    get = values.get
    transports = {"": "", "UDP": "udp", "TCP": "tcp", "TLS": "tls"}
    return PhoneConfig(
        sip_user=get(f"{OBI_LINE}SIP.AuthUserName", ""),
        sip_secret=get(f"{OBI_LINE}SIP.AuthPassword", ""),
        auth_user=get(f"{OBI_LINE}SIP.AuthUserName", ""),
        server=get(f"{OBI_PROFILE}SIP.ProxyServer", ""),
        port=number(get(f"{OBI_PROFILE}SIP.ProxyServerPort", ""), "port"),
        transport=one_of(transports, get(f"{OBI_PROFILE}SIP.ProxyServerTransport", ""), "transport"),
        expires=number(get(f"{OBI_PROFILE}SIP.RegisterExpires", ""), "expires"),
        display_name=get(f"{OBI_LINE}CallingFeatures.CallerIDName", ""),
        label=get(f"{OBI_LINE}X_DisplayLabel", ""),
        admin_password=get("X_DeviceManagement.WebServer.AdminPassword", ""),
    )


READERS = {
    "gigaset": (read_gigaset, understand_gigaset),
    "obihai": (read_obihai, understand_obihai),
}
