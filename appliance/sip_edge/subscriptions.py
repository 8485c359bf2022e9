"""Who watches what: the subscriptions of phones (RFC 6665), kept in a file so that a restart forgets none.

`judge` is pure: what a SUBSCRIBE asks for, and whether it may. Sending is lamps_service.py's.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from appliance.directory.model import Directory, Phone
from appliance.sip_edge.eras import Eras
from appliance.sip_edge.kamailio.presence import CONTACT, PHONE, SOURCE
from appliance.sip_edge.sipwords import Message, address_of, parameter, tag_of, user_of, without_tag
from appliance.sip_edge.slots import is_slot

DIALOG, SUMMARY = "dialog", "message-summary"
EVENTS = (DIALOG, SUMMARY)
MOST_OF_A_PHONE = 64
"""Fifty keys, and some: its own mailbox, keys that a reprovisioning replaced."""
MOST_IN_ALL = 20_000
DEFAULT_S, SHORTEST_S, LONGEST_S = 3600, 60, 7200
MAX_TEXT = 512


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription. Its dialog's `local_tag` is ours. Times in seconds since 1970."""

    call_id: str
    local_tag: str
    remote_tag: str
    event: str
    event_id: str
    phone_id: str
    watched: str
    """What was dialled to watch: an extension, a slot, or the phone's own sip_user."""
    contact: str
    source: str
    us: str
    """URI of our Contact."""
    local: str
    remote: str
    """From and To of our requests, without tags."""
    sequence: int
    """CSeq of the phone's last SUBSCRIBE."""
    made_s: int
    expires_s: int
    sent: int = 0
    """NOTIFYs so far: the CSeq of the last, and one more than the version of its document."""

    @property
    def id(self) -> str:
        return f"{self.call_id} {self.local_tag}"


@dataclass(frozen=True, slots=True)
class Refused:
    status: int
    reason: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Granted:
    """`ends`: it was taken back, or asked for once only; one last NOTIFY goes out (RFC 6665 §4.1.2.2)."""

    subscription: Subscription
    ends: bool
    instead_of: str = ""
    """A subscription that this one stands for: its phone was restarted, and asks for the same again."""


def judge(
    asked: Message,
    directory: Directory,
    known: Mapping[str, Subscription],
    of_phone: Iterable[Subscription],
    new_tag: str,
    now_s: int,
) -> Granted | Refused:
    """What becomes of a SUBSCRIBE that Kamailio passed on. `of_phone`: what its phone has now."""
    phone = directory.phone(asked[PHONE.lower()])
    if phone is None or directory.account(phone.account_id) is None:
        return Refused(403, "Forbidden")
    event = asked["event"].partition(";")[0].strip().lower()
    if event not in EVENTS:
        return Refused(489, "Bad Event", (f"Allow-Events: {', '.join(EVENTS)}",))
    seconds = _expires(asked["expires"])
    if 0 < seconds < SHORTEST_S:
        return Refused(423, "Interval Too Brief", (f"Min-Expires: {SHORTEST_S}",))
    seconds = min(seconds, LONGEST_S)
    if any(len(asked[name]) > MAX_TEXT for name in ("call-id", "contact", "from", "to", "event")):
        return Refused(400, "Header Too Long")
    tag = tag_of(asked["to"])
    if tag:
        before = known.get(f"{asked['call-id']} {tag}")
        if before is None or before.phone_id != phone.id or before.event != event:
            return Refused(481, "Subscription Does Not Exist")
        if asked.sequence <= before.sequence:
            return Refused(500, "Server Internal Error", ("Retry-After: 1",))
        contact = address_of(asked["contact"]) or before.contact
        way = (asked[SOURCE.lower()] or before.source, asked[CONTACT.lower()] or before.us)
        again = replace(before, contact=contact, source=way[0], us=way[1])
        return Granted(replace(again, sequence=asked.sequence, expires_s=now_s + seconds), seconds == 0)
    watched = user_of(asked.uri)
    if not may_watch(phone, event, watched, directory):
        return Refused(404, "Not Found")
    if not asked["contact"] or not tag_of(asked["from"]):
        return Refused(400, "Contact Or Tag Missing")
    held = list(of_phone)
    same = [s for s in held if (s.event, s.watched) == (event, watched)]
    if len(held) >= MOST_OF_A_PHONE and not same:
        return Refused(403, "Too Many Subscriptions")
    oldest = min(same, key=lambda s: s.made_s).id if same and len(held) >= MOST_OF_A_PHONE else ""
    if len(known) >= MOST_IN_ALL:
        return Refused(503, "Service Unavailable", ("Retry-After: 300",))
    made = Subscription(
        call_id=asked["call-id"],
        local_tag=new_tag,
        remote_tag=tag_of(asked["from"]),
        event=event,
        event_id=parameter(asked["event"], "id"),
        phone_id=phone.id,
        watched=watched,
        contact=address_of(asked["contact"]),
        source=asked[SOURCE.lower()],
        us=asked[CONTACT.lower()],
        local=without_tag(asked["to"]),
        remote=without_tag(asked["from"]),
        sequence=asked.sequence,
        made_s=now_s,
        expires_s=now_s + seconds,
    )
    return Granted(made, seconds == 0, oldest)


def _expires(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 11 else DEFAULT_S


def may_watch(phone: Phone, event: str, watched: str, directory: Directory) -> bool:
    """Only within its own company: an extension or a slot; of mailboxes, its own and shared ones."""
    if watched == phone.sip_user:
        return True
    if event == DIALOG and is_slot(watched):
        return True
    extension = directory.extension(phone.account_id, watched)
    if extension is None:
        return False
    own = extension.target_kind == "person" and extension.target_id == phone.person_id
    return event == DIALOG or own or extension.target_kind == "mailbox"


class Register:
    """The subscriptions in a file. Raises sqlite3.Error where it cannot be written; memory has them all the same."""

    def __init__(self, path: Path, eras: Eras = Eras()) -> None:  # noqa: B008 - frozen
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, timeout=2, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        # A power cut takes the phones as well: they subscribe anew.
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("CREATE TABLE IF NOT EXISTS subscription(id TEXT PRIMARY KEY, body TEXT NOT NULL)")
        self._bring_to(eras)

    def all(self) -> list[Subscription]:
        found = []
        for (body,) in self._connection.execute("SELECT body FROM subscription"):
            # A row of another version: its phone subscribes again when it runs out.
            with suppress(TypeError, ValueError):
                found.append(Subscription(**json.loads(body)))
        return found

    def keep(self, changed: Iterable[Subscription], gone: Iterable[str]) -> None:
        rows = [(s.id, json.dumps(asdict(s))) for s in changed]
        self._connection.execute("BEGIN")
        try:
            self._connection.executemany("INSERT OR REPLACE INTO subscription VALUES (?, ?)", rows)
            self._connection.executemany("DELETE FROM subscription WHERE id = ?", [(i,) for i in gone])
        finally:
            self._connection.execute("COMMIT")

    def _bring_to(self, eras: Eras) -> None:
        """Whoever was granted an hour has what is left of it, wherever the clock was set meanwhile."""
        ((era,),) = self._connection.execute("PRAGMA user_version").fetchall()
        by_s = eras.since(era) // 1000
        moved = (replace(s, made_s=s.made_s + by_s, expires_s=s.expires_s + by_s) for s in self.all() if by_s)
        self.keep(moved, ())
        self._connection.execute(f"PRAGMA user_version = {eras.now}")

    def close(self) -> None:
        self._connection.close()


def opened(path: Path, eras: Eras = Eras()) -> Register:  # noqa: B008 - frozen
    """A file that SQLite cannot read is set aside: phones subscribe again when their time runs out."""
    try:
        register = Register(path, eras)
        register.all()
    except sqlite3.DatabaseError:
        with suppress(FileNotFoundError):
            path.replace(path.with_suffix(".broken"))
        for extra in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{path}{extra}").unlink()
        register = Register(path, eras)
    return register
