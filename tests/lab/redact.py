"""Takes secrets out of text that a test run prints: logs, settings, traces."""

import re

from tests.lab import sample

HIDDEN = "[secret]"
_KNOWN = [sample.sip_secret(person[1]) for person in sample.PEOPLE]
_SHAPED = re.compile(
    r"""(?ix) ( (?:auth_?)?pass(?:word)? | secret | community | (?:auth|privacy)_key )
    (["']?\s*[=:]\s*["']?) [^\s"';,]+"""
)


def redact(text: str) -> str:
    """The text with the lab's own secrets, and whatever stands behind a word such as password, taken out."""
    for secret in _KNOWN:
        text = text.replace(secret, HIDDEN)
    return _SHAPED.sub(rf"\1\2{HIDDEN}", text)
