"""Keys in SIP INFO: application/dtmf-relay (Signal=5, Duration=160) and application/dtmf (the key alone). Pure."""

import re

from appliance.voice.rtp import KEYS

TYPES = ("application/dtmf-relay", "application/dtmf")
MAX_BODY = 200
_SIGNAL = re.compile(r"^\s*Signal\s*[=:]\s*(\S{1,2})\s*$", re.IGNORECASE | re.MULTILINE)
_BY_NUMBER = {"10": "*", "11": "#"}


def key_of(content_type: str, body: str) -> str:
    """The key that an INFO tells of; empty where it tells of none."""
    if len(body) > MAX_BODY or content_type.lower() not in TYPES:
        return ""
    found = _SIGNAL.search(body)
    if found is None and content_type.lower() == TYPES[0]:
        return ""
    text = (found[1] if found else body.strip()).upper()
    key = _BY_NUMBER.get(text, text)
    return key if len(key) == 1 and key in KEYS else ""
