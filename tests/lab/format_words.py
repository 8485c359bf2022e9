"""What every reader of a phone's file shares: the error, what a phone makes of a file, and readers of plain values."""

import re
from dataclasses import dataclass, replace
from xml.etree import ElementTree


class FormatError(ValueError):
    """The phone would throw this file away. Says the line or the element."""


@dataclass(frozen=True, slots=True)
class PhoneConfig:
    """What a phone makes of one file. "" and 0: the file says nothing of it (a later file may). `expires` in seconds.

    `transport`: udp | tcp | tls. `language`: es | en. `next_files`: to be asked for next, in order, relative names or
    URLs; macros stand as written ([PHONE_MAC_ADDRESS], $MA) for the phone to fill.
    """

    sip_user: str = ""
    sip_secret: str = ""
    auth_user: str = ""
    server: str = ""
    port: int = 0
    transport: str = ""
    expires: int = 0
    display_name: str = ""
    label: str = ""
    language: str = ""
    voicemail: str = ""
    admin_password: str = ""
    next_files: tuple[str, ...] = ()
    """Each may have the key of its file before it, as Cisco writes it: `[--key KEY] URL`."""
    firmware: str = ""
    """URL of the firmware that it is to run."""
    file_key: str = ""
    """Its files are encrypted with this from now on."""
    ca: str = ""
    """The authority to trust: the certificate itself, or the URL or name of the file where it is."""
    srtp: str = ""
    """optional | mandatory; "": it speaks by RTP."""

    def over(self, other: "PhoneConfig") -> "PhoneConfig":
        """Both files' words, this one's first."""
        mine = {f: getattr(self, f) for f in self.__dataclass_fields__ if getattr(self, f)}
        return replace(other, **mine)


Values = dict[str, str]
"""Parameter -> value, by the family's own names."""
SRTP = {"": "", "0": "", "1": "optional", "2": "mandatory"}
"""As most makers count."""

LANGUAGES = {"spanish": "es", "english": "en"}


def text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as bad:
        raise FormatError(f"not UTF-8: {bad}") from bad


def number(text: str, what: str) -> int:
    if not text:
        return 0
    if not re.fullmatch(r"\d{1,9}", text):
        raise FormatError(f"{what} is not a number: {text!r}")
    return int(text)


def language(text: str) -> str:
    for begins, language in LANGUAGES.items():
        if text.lower().startswith(begins):
            return language
    return text[:2].lower()


def xml(data: bytes) -> ElementTree.Element:
    text(data)
    try:
        return ElementTree.fromstring(data)
    except ElementTree.ParseError as bad:
        raise FormatError(f"not XML: {bad}") from bad


def one_of(words: Values, text: str, what: str) -> str:
    if text not in words:
        raise FormatError(f"{what} may not be {text!r}")
    return words[text]
