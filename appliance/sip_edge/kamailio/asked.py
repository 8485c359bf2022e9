"""What an INVITE says besides its number, as Kamailio gives it: who transferred it, how often it was diverted.

What is believed of it, and what follows, is routing's; here only sources that may say a thing at all are told apart.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from appliance.sip_edge.dialogs import replaces_of
from appliance.sip_edge.digest import user_part
from appliance.sip_edge.plan import CallAttempt, FromPhone, FromTrunk, FromVoice
from wire.diversion import counted

MOST_HEADERS = 20
MOST_TEXT = 200
HIDDEN = frozenset({"id", "user", "header"})
"""Privacy values (RFC 3323, RFC 3325) by which a caller asks not to be shown."""
PREFIX = "X-Conserje-"
HISTORY, DIVERSION, PRIVACY, REPLACES = "History-Info", "Diversion", "Privacy", "Replaces"


NOT_FROM_OUTSIDE = (
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "Remote-Party-ID",
    PRIVACY,
    "Proxy-Authorization",
    "Authorization",
    "Route",
    HISTORY,
    DIVERSION,
    REPLACES,
)
"""What no caller may say of itself, or was for us alone; with every X-Conserje-*."""
_LOOKED_FOR = {name.lower(): name for name in (*NOT_FROM_OUTSIDE, PREFIX)}


def perhaps_there(ksr: Any) -> frozenset[str]:
    """Which of these headers, none of which has a short form, the message may have: one look finds most absent."""
    try:
        text = (ksr.pv.get("$mb") or "").lower()
    except UnicodeDecodeError:
        return frozenset(_LOOKED_FOR.values())
    return frozenset([name for low, name in _LOOKED_FOR.items() if low in text])


def remove_ours(ksr: Any) -> None:
    """Take X-Conserje-* off a request: only we say such things."""
    ksr.textops.remove_hf_re("^[Xx]-[Cc][Oo][Nn][Ss][Ee][Rr][Jj][Ee]-")


class Asked:
    """Reads the INVITE that a worker holds."""

    def __init__(self, ksr: Any) -> None:
        self._ksr = ksr

    # `there`: perhaps_there().

    def from_phone(self, phone_id: str, there: frozenset[str]) -> CallAttempt:
        return self._attempt(FromPhone(phone_id), there)

    def from_trunk(self, source: FromTrunk, of_ours: bool, there: frozenset[str]) -> CallAttempt:
        """`of_ours`: the trunk comes from another building of ours, which may name where the call goes."""
        return self._attempt(source, there, self._goto() if of_ours else None)

    def from_voice(self, there: frozenset[str]) -> CallAttempt:
        source = FromVoice(
            account_id=self._said("Account"),
            caller=self._said("Caller"),
            display=self._said("Name"),
            phone_id=self._said("Phone"),
            why=self._said("Why"),
            on_behalf=self._said("Target") if self._said("Why") == "accept" else "",
        )
        return self._attempt(source, there, self._goto())

    def _attempt(
        self,
        source: FromPhone | FromTrunk | FromVoice,
        there: frozenset[str],
        goto: tuple[str, str] | None = None,
    ) -> CallAttempt:
        ksr = self._ksr
        referrer = next(iter(self._values("Referred-By")), "")
        return CallAttempt(
            source,
            unquote(ksr.pv.get("$rU") or "") if ksr.is_myself_ruri() else "",
            ksr.pv.get("$ci"),
            goto,
            counted(self._values(HISTORY), self._values(DIVERSION)) if HISTORY in there or DIVERSION in there else 0,
            user_part(referrer.partition("<")[2].partition(">")[0]) if referrer else "",
            PRIVACY in there
            and not HIDDEN.isdisjoint(
                word.strip().lower() for value in self._values(PRIVACY) for word in value.split(";")
            ),
            replaces_of(ksr.hdr.get(REPLACES)) if REPLACES in there else None,
        )

    def _goto(self) -> tuple[str, str] | None:
        kind, colon, target = self._said("Goto").partition(":")
        return (kind, target) if colon and target else None

    def _said(self, name: str) -> str:
        value = self._ksr.hdr.get(PREFIX + name)
        return unquote(value.strip())[:MOST_TEXT] if value else ""

    def _values(self, header: str) -> Iterable[str]:
        for index in range(MOST_HEADERS):
            value = self._ksr.hdr.get_idx(header, index)
            if value is None:
                return
            yield value
