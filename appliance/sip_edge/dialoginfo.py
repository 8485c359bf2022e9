"""Bodies of NOTIFY: the dialogs of a watched extension (RFC 4235), and what waits in a mailbox (RFC 3842). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

DIALOG_TYPE = "application/dialog-info+xml"
SUMMARY_TYPE = "application/simple-message-summary"


class DialogState(StrEnum):
    """RFC 4235 §3.7.1."""

    TRYING = "trying"
    EARLY = "early"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class Direction(StrEnum):
    INITIATOR = "initiator"
    RECIPIENT = "recipient"


@dataclass(frozen=True, slots=True)
class Dialog:
    """One dialog of one phone. `remote` empty: hidden.

    `call_id` and the tags are what a phone puts into Replaces (RFC 3891) to pick the call up.
    """

    id: str
    state: DialogState
    direction: Direction
    call_id: str
    local_tag: str
    remote_tag: str
    remote: str
    remote_name: str = ""


def dialog_info(entity: str, host: str, version: int, dialogs: Iterable[Dialog]) -> str:
    """The whole state of `entity` (an extension or a slot). `version` grows by one a document (RFC 4235 §4.1)."""
    whole = "".join(_dialog(d, entity, host) for d in dialogs)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\r\n'
        f'<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="{version}" state="full"'
        f" entity={quoteattr(_uri(entity, host))}>{whole}</dialog-info>\r\n"
    )


def _dialog(d: Dialog, entity: str, host: str) -> str:
    names = f"id={quoteattr(d.id)} call-id={quoteattr(_clean(d.call_id))} local-tag={quoteattr(_clean(d.local_tag))}"
    ended = d.state is DialogState.TERMINATED
    remote = "" if ended else _party("remote", d.remote, d.remote_name, host)
    return (
        f'<dialog {names} remote-tag={quoteattr(_clean(d.remote_tag))} direction="{d.direction}">'
        f"<state>{d.state}</state>{'' if ended else _party('local', entity, '', host)}{remote}</dialog>"
    )


def _party(which: str, user: str, name: str, host: str) -> str:
    uri = _uri(user, host) if user else "sip:anonymous@anonymous.invalid"
    shown = f" display={quoteattr(_clean(name))}" if name else ""
    return f"<{which}><identity{shown}>{escape(uri)}</identity><target uri={quoteattr(uri)}/></{which}>"


def _uri(user: str, host: str) -> str:
    return f"sip:{quote(user, safe='+*')}@{host}"


def _clean(text: str) -> str:
    """Characters that XML 1.0 has no way to write are left out."""
    return "".join(c for c in text if c.isprintable())


def message_summary(account: str, host: str, new: int, old: int) -> str:
    """RFC 3842 §5. `account`: what to dial to listen."""
    waiting = "yes" if new else "no"
    uri = _uri(account, host)
    return f"Messages-Waiting: {waiting}\r\nMessage-Account: {uri}\r\nVoice-Message: {new}/{old} (0/0)\r\n"
