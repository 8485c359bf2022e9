"""Strict readers of the text formats `name: value`, `NAME="value"`, `SET NAME value` and `key = value`.

From the makers' guides: Mitel 6800 and 6900 (configuration files), Panasonic KX-UT and KX-HDV (configuration file
specifications), Avaya J100 (contents of the settings file) and 1200 series (provisioning files), Algo (provisioning).
"""

import re
from collections.abc import Iterator

from tests.lab.format_words import SRTP, FormatError, PhoneConfig, Values, language, number, one_of, text


def _lines(data: bytes, end: str = "\n") -> Iterator[tuple[int, str]]:
    """Numbered lines; each must end in `end`, and hold no control character."""
    whole = text(data)
    if not whole.endswith(end):
        raise FormatError("the last line has no end")
    for n, line in enumerate(whole[: -len(end)].split(end), 1):
        if re.search(r"[\x00-\x1f\x7f]", line):
            raise FormatError(f"line {n}: a control character: {line!r}")
        yield n, line


def _put(found: Values, n: int, name: str, value: str) -> None:
    if name in found:
        raise FormatError(f"line {n}: {name} stands there twice")
    found[name] = value


# Mitel, Aastra: `name: value`; a # begins a comment, but not inside double quotes.


def read_mitel(name: str, data: bytes) -> Values:
    found: Values = {}
    for n, line in _lines(data):
        if not line.strip() or line.startswith("#"):
            continue
        pair = re.fullmatch(r'([a-z][\w\-\[\]| ]*):(?: (?:"([^"]*)"|([^"#]*[^"# ])))? ?', line, re.IGNORECASE)
        if pair is None:
            raise FormatError(f"line {n}: neither comment nor name: value: {line!r}")
        _put(found, n, pair[1], pair[2] if pair[2] is not None else pair[3] or "")
    return found


def understand_mitel(values: Values, name: str) -> PhoneConfig:
    get = values.get
    pack = re.fullmatch(r"lang_(\w\w)(?:_\w+)?\.txt", get(f"language {get('language', '')}", ""))
    return PhoneConfig(
        sip_user=get("sip line1 user name", ""),
        sip_secret=get("sip line1 password", ""),
        auth_user=get("sip line1 auth name", ""),
        server=get("sip line1 registrar ip", ""),
        port=number(get("sip line1 registrar port", ""), "port"),
        transport=one_of({"": "", "1": "udp", "2": "tcp", "4": "tls"}, get("sip transport protocol", ""), "transport"),
        ca=get("sips trusted certificates", ""),
        srtp=one_of(SRTP, get("sip line1 srtp mode", ""), "sip line1 srtp mode"),
        expires=number(get("sip line1 registration period", ""), "registration period"),
        display_name=get("sip line1 display name", ""),
        label=get("sip line1 screen name", ""),
        language=pack[1] if pack else {"0": "en"}.get(get("language", ""), ""),
        voicemail=get("sip line1 vmail", ""),
        admin_password=get("admin password", ""),
    )


# Panasonic: NAME="value", CR LF, a first line that must be there, an empty line at the end.

PANASONIC_HEADERS = tuple(
    f"# {kind} Standard Format File # DO NOT CHANGE THIS LINE!" for kind in ("Panasonic SIP Phone", "PCC")
)
PANASONIC_LINE, PANASONIC_FILE = 535, 120 << 10


def read_panasonic(name: str, data: bytes) -> Values:
    lines = list(_lines(data, "\r\n"))
    if lines[0][1] not in PANASONIC_HEADERS:
        raise FormatError("the first line is not the format's")
    if lines[-1][1] or len(data) > PANASONIC_FILE:
        raise FormatError("the last line is not empty, or the file is too long")
    found: Values = {}
    for n, line in lines:
        if not line or line.startswith("#"):
            continue
        pair = re.fullmatch(r'([A-Z][A-Z0-9_]{0,31})="([^"]{0,500})"', line)
        if pair is None or len(line.encode()) > PANASONIC_LINE:
            raise FormatError(f'line {n}: neither comment nor NAME="value": {line!r}')
        _put(found, n, pair[1], pair[2])
    return found


def understand_panasonic(values: Values, name: str) -> PhoneConfig:
    get = values.get
    on = get("LINE_ENABLE_1", "Enabled") == "Enabled"
    path = get("CFG_STANDARD_FILE_PATH", "") if get("PROVISION_ENABLE") == "Y" else ""
    return PhoneConfig(
        sip_user=get("PHONE_NUMBER_1", "") if on else "",
        sip_secret=get("SIP_PASS_1", ""),
        auth_user=get("SIP_AUTHID_1", ""),
        server=get("SIP_RGSTR_ADDR_1", ""),
        port=number(get("SIP_RGSTR_PORT_1", ""), "port"),
        transport=one_of({"": "", "0": "udp", "1": "tcp", "2": "tls"}, get("SIP_TRANSPORT_1", ""), "transport"),
        expires=number(get("REG_EXPIRE_TIME_1", ""), "expires"),
        display_name=get("DISPLAY_NAME_1", ""),
        label=get("FLEX_BUTTON_LABEL1", ""),
        language=get("DEFAULT_LANGUAGE", "")[:2],
        voicemail=get("VM_NUMBER_1", ""),
        admin_password=get("ADMIN_PASS", "") if get("ADMIN_ID") == "admin" else "",
        ca=get("CFG_ROOT_CERTIFICATE_PATH", ""),
        next_files=(path,) if path else (),
    )


# Avaya. J100: SET, GET, IF, GOTO, tags. 12x0 and 11x0: sections and `NAME value`, lines under 80 characters.

SECTIONED = re.compile(r"\d{4}e?SIP\.cfg|SIP[0-9A-F]{12}\.cfg|.*device\.cfg", re.IGNORECASE)
MAX_12X0_LINE = 79


def read_avaya(name: str, data: bytes) -> Values:
    return _read_sections(data) if SECTIONED.fullmatch(name) else _read_settings(data)


def _read_settings(data: bytes) -> Values:
    found: Values = {}
    for n, line in _lines(data):
        if not line.strip() or line.startswith("##") or re.fullmatch(r"# \S+", line):
            continue
        fetch = re.fullmatch(r"GET (\S+)", line)
        if fetch:
            _put(found, n, "GET", fetch[1])
            continue
        if re.fullmatch(r"(IF \$(GROUP|MACADDR|MODEL4?) SEQ \S+ )?GOTO \S+", line):
            continue
        pair = re.fullmatch(r'SET ([A-Z0-9][A-Z0-9_]*) (?:"([^"]*)"|([^\s"]+))', line)
        if pair is None:
            raise FormatError(f"line {n}: no statement of a settings file: {line!r}")
        value = pair[2] if pair[2] is not None else pair[3]
        if pair[1] == "PHONEKEY":  # one statement a key
            found["PHONEKEY"] = "\n".join(filter(None, (found.get("PHONEKEY"), value)))
        else:
            _put(found, n, pair[1], value)
    return found


def _read_sections(data: bytes) -> Values:
    found: Values = {}
    section = ""
    for n, line in _lines(data):
        if len(line.encode()) > MAX_12X0_LINE:
            raise FormatError(f"line {n}: 80 characters or more")
        if not line.strip() or line.startswith("#"):
            continue
        head = re.fullmatch(r"\[([A-Z_]+)\]", line)
        if head:
            section = f"{head[1]}."
            continue
        pair = re.fullmatch(r"([A-Z][A-Z0-9_]*) (\S(?:.*\S)?)", line)
        if pair is None:
            raise FormatError(f"line {n}: neither section nor NAME value: {line!r}")
        _put(found, n, section + pair[1], pair[2])
    return found


def understand_avaya(values: Values, name: str) -> PhoneConfig:
    if SECTIONED.fullmatch(name):
        return _understand_sections(values)
    get = values.get
    controller = re.fullmatch(r"([^:;]+):(\d+);transport=(udp|tcp|tls)", get("SIP_CONTROLLER_LIST", ""))
    if get("SIP_CONTROLLER_LIST") and not controller:
        raise FormatError("SIP_CONTROLLER_LIST is not host:port;transport=")
    host, port, transport = controller.groups() if controller else ("", "", "")
    spoken = {"LatinAmericanSpanish": "es", "English": "en"}
    said = re.search(r"_(\w+)\.xml$", get("SYSTEM_LANGUAGE", ""))
    return PhoneConfig(
        sip_user=get("FORCE_SIP_EXTENSION", ""),
        sip_secret=get("FORCE_SIP_PASSWORD", ""),
        auth_user=get("FORCE_SIP_USERNAME", ""),
        server=host,
        port=number(port, "port"),
        transport=transport,
        ca=get("TRUSTCERTS", ""),
        srtp=one_of({"": "", "9": "", "1,9": "optional", "1": "mandatory"}, get("MEDIAENCRYPTION", ""), "SRTP"),
        expires=number(get("REGISTERWAIT", ""), "expires"),
        display_name=get("DISPLAY_NAME", ""),
        language=next((w for end, w in spoken.items() if said and said[1].endswith(end)), ""),
        voicemail=get("PSTN_VM_NUM", ""),
        admin_password=get("FORCE_WEB_ADMIN_PASSWORD", ""),
        next_files=(get("GET", ""),) if "GET" in values else (),
    )


def _understand_sections(values: Values) -> PhoneConfig:
    get = values.get
    user, _, domain = get("AUTOLOGIN_ID_KEY01", "").partition("@")
    on = get("AUTOLOGIN_ENABLE", "") == "USE_AUTOLOGIN_ID" or "AUTOLOGIN_ENABLE" not in values
    if domain and not on:
        raise FormatError("an identity without AUTOLOGIN_ENABLE USE_AUTOLOGIN_ID")
    files = [v for k, v in values.items() if k == "DEVICE_CONFIG.FILENAME"]
    if "USER_CONFIG.VERSION" in values:
        files.append("SIP$MACADDR.cfg")
    return PhoneConfig(
        sip_user=user,
        sip_secret=get("AUTOLOGIN_PASSWD_KEY01", ""),
        auth_user=get("AUTOLOGIN_AUTHID_KEY01", ""),
        server=get("SERVER_IP1_1", ""),
        port=number(get("SERVER_PORT1_1", ""), "port"),
        transport="udp" if get("SERVER_PORT1_1") else "",
        voicemail=get("VMAIL", ""),
        admin_password=get("ADMIN_PASSWORD", ""),
        next_files=tuple(files),
    )


# Algo: `key = value`; a # only at the beginning of a line is a comment. A digest stands beside each file.


def read_algo(name: str, data: bytes) -> Values:
    if name.endswith(".md5"):
        if not re.fullmatch(r"[0-9a-f]{32}", text(data)):
            raise FormatError("not an MD5 digest in lower-case hex")
        return {}
    found: Values = {}
    for n, line in _lines(data):
        if not line.strip() or line.startswith("#"):
            continue
        pair = re.fullmatch(r"([a-z][a-z0-9.]*) =(?: (\S(?:.*\S)?)?)?", line)
        if pair is None:
            raise FormatError(f"line {n}: neither comment nor key = value: {line!r}")
        _put(found, n, pair[1], pair[2] or "")
    return found


def understand_algo(values: Values, name: str) -> PhoneConfig:
    get = values.get
    host, _, port = get("sip.proxy", "").partition(":")
    return PhoneConfig(
        sip_user=get("sip.u1.user", ""),
        sip_secret=get("sip.u1.pwd", ""),
        auth_user=get("sip.u1.auth", ""),
        server=host,
        port=number(port, "port"),
        transport=one_of({"": "", "udp": "udp", "tcp": "tcp", "tls": "tls"}, get("sip.transp", ""), "transport"),
        expires=number(get("sip.regexp", ""), "expires"),
        display_name=get("sip.u1.dname", ""),
        language=language(get("admin.lang", "")),
        admin_password=get("admin.pwd", ""),
    )


READERS = {
    "mitel": (read_mitel, understand_mitel),
    "panasonic": (read_panasonic, understand_panasonic),
    "avaya": (read_avaya, understand_avaya),
    "algo": (read_algo, understand_algo),
}
