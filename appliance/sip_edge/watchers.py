"""Who is told what and when: subscriptions, what each was shown last, and the NOTIFYs that are due.

One NOTIFY of a subscription is on its way at a time, so that none overtakes another; what changes meanwhile is in the
next. Storing is subscriptions.py's, bodies are dialoginfo.py's, the socket is lamps_service.py's.
"""

import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from appliance.directory.model import Directory, Phone
from appliance.sip_edge.dialoginfo import DIALOG_TYPE, SUMMARY_TYPE, Dialog, dialog_info, message_summary
from appliance.sip_edge.kamailio.presence import SOURCE
from appliance.sip_edge.lamps_sources import MailCounts
from appliance.sip_edge.lights import PARK, Lights, with_ended
from appliance.sip_edge.sipwords import Message, request
from appliance.sip_edge.slots import is_slot
from appliance.sip_edge.subscriptions import SUMMARY, Granted, Refused, Subscription, judge
from wire.services import Mailbox

GONE = frozenset({404, 405, 410, 481, 489, 501, 604})
"""Answers to NOTIFY after which nobody is there to be told (RFC 6665 §4.2.2)."""
TRIES = 3
SILENCE_S = 7.0
"""Kamailio gives up on a phone sooner; past it, Kamailio itself was away."""
GRACE_S = 5
MAIL = "mail:"
VOICEMAIL = "*97"
UNASKED_EVERY_S = 0.5
SETTLE_S = 3.0
"""So long a phone that registered has to subscribe, before it is told of its messages unasked."""

Shown = tuple[Dialog, ...] | tuple[int, int]


@dataclass(slots=True)
class _Watch:
    """A subscription at work. `on`: phones, slots or mailbox that it shows; `wanted`: tell even what did not change."""

    subscription: Subscription
    on: frozenset[str] = frozenset()
    shown: Shown = ()
    wanted: bool = True
    ends: str = ""
    failures: int = 0
    waits_until: float = 0.0
    branch: str = ""


class Watchers:
    def __init__(
        self, kept: Iterable[Subscription], lights: Lights, mail: MailCounts, host: str, lamps_port: int
    ) -> None:
        self._lights = lights
        self._mail = mail
        self._host = host
        self._port = lamps_port
        self._all = {s.id: _Watch(s) for s in kept}
        self._on: dict[str, set[str]] = {}
        self._dirty = dict.fromkeys(self._all)
        self._flying: dict[str, str] = {}
        self._revision: int | None = None
        self._kept: dict[str, Subscription] = {}
        self._gone: set[str] = set()
        self._told: dict[str, tuple[int, int]] = {}
        self._unasked: dict[str, float] = {}
        self._unasked_next = 0.0

    # What comes

    def asked(self, message: Message, directory: Directory, new_tag: str) -> Granted | Refused:
        known = {i: w.subscription for i, w in self._all.items() if not w.ends}
        phone_id = message["x-conserje-phone"]
        of_phone = [s for s in known.values() if s.phone_id == phone_id]
        answer = judge(message, directory, known, of_phone, new_tag, int(time.time()))
        if isinstance(answer, Granted):
            made = answer.subscription
            if answer.instead_of:
                self._drop(answer.instead_of)
            watch = self._all.setdefault(made.id, _Watch(made))
            watch.subscription, watch.wanted = made, True
            watch.ends = "timeout" if answer.ends else ""
            self._place(made.id, directory)
            self._keep(made)
            self._dirty[made.id] = None
        return answer

    def replied(self, message: Message) -> None:
        """A reply to a NOTIFY of ours, passed on by Kamailio."""
        if message.status < 200:
            return
        watch_id = self._flying.pop(message.branch, "")
        watch = self._all.get(watch_id)
        if watch is None or watch.branch != message.branch:
            return
        watch.branch, watch.waits_until = "", 0.0
        if watch.ends or message.status in GONE:
            self._drop(watch_id)
        elif message.status >= 300:
            watch.failures += 1
            if watch.failures >= TRIES:
                self._drop(watch_id)
            else:
                self._again(watch_id, watch, SILENCE_S)
        else:
            watch.failures = 0

    def follow(self, directory: Directory, touched: Iterable[str]) -> None:
        """What was noted of phones and slots; and a new revision, in which an extension may lead elsewhere."""
        if directory.revision != self._revision:
            self._revision = directory.revision
            for watch_id in self._all:
                self._place(watch_id, directory)
                self._dirty[watch_id] = None
        for what in touched:
            self._dirty.update(dict.fromkeys(self._on.get(what, ())))

    def look_at_mail(self) -> None:
        """Mark who watches a mailbox whose counts are others than shown."""
        self._mail.look()
        for what, watch_ids in self._on.items():
            if what.startswith(MAIL):
                now = self._mail.counts(what.removeprefix(MAIL))
                self._dirty.update(dict.fromkeys(i for i in watch_ids if self._all[i].shown != now))

    def registered(self, directory: Directory, users: Iterable[str]) -> None:
        """These phones registered, for the first time or anew: tell them of their messages soon."""
        for user in users:
            phone = directory.phone_by_sip_user(user)
            if phone is not None:
                self._told.pop(phone.id, None)
                self._unasked[phone.id] = time.monotonic() + SETTLE_S

    def began_anew(self, phone_id: str, before_s: int) -> None:
        """This phone was switched off and on: it has forgotten what it subscribed to before, and asks again."""
        old = [i for i, w in self._all.items() if w.subscription.phone_id == phone_id]
        for watch_id in old:
            if self._all[watch_id].subscription.made_s < before_s:
                self._drop(watch_id)

    def run_out(self, now_s: int) -> None:
        """Subscriptions whose time is over are told so, and forgotten."""
        for watch_id, watch in self._all.items():
            if now_s > watch.subscription.expires_s + GRACE_S and not watch.ends:
                watch.ends, watch.wanted = "timeout", True
                self._dirty[watch_id] = None

    # What goes

    def due(self, directory: Directory, most: int) -> Iterator[bytes]:
        """NOTIFYs to send now."""
        now = time.monotonic()
        for branch, watch_id in tuple(self._flying.items()):
            watch = self._all.get(watch_id)
            if watch is None or watch.branch != branch:
                del self._flying[branch]
            elif now > watch.waits_until:
                del self._flying[branch]
                watch.branch = ""
                if watch.ends:
                    self._drop(watch_id)
                else:
                    self._again(watch_id, watch, 0.0)
        count = 0
        for watch_id in tuple(self._dirty):
            watch = self._all.get(watch_id)
            if watch is None:
                del self._dirty[watch_id]
                continue
            if watch.branch or now < watch.waits_until:
                continue
            del self._dirty[watch_id]
            phone = directory.phone(watch.subscription.phone_id)
            if phone is None:
                watch.ends = watch.ends or "noresource"
            state = self._state(watch)
            if state == watch.shown and not watch.wanted and not watch.ends:
                continue
            yield self._notify(watch_id, watch, state)
            count += 1
            if count >= most:
                return
        yield from self._unasked_mail(directory, now)

    def changed(self) -> tuple[list[Subscription], list[str]]:
        """What is to be written and what deleted, since this was asked last."""
        kept, gone = list(self._kept.values()), list(self._gone)
        self._kept.clear()
        self._gone.clear()
        return kept, gone

    # Within

    def _place(self, watch_id: str, directory: Directory) -> None:
        watch = self._all[watch_id]
        now = sources(watch.subscription, directory)
        for what in watch.on - now:
            self._on[what].discard(watch_id)
            if not self._on[what]:
                del self._on[what]
        for what in now:
            self._on.setdefault(what, set()).add(watch_id)
        watch.on = now

    def _state(self, watch: _Watch) -> Shown:
        if watch.subscription.event == SUMMARY:
            boxes = [self._mail.counts(on.removeprefix(MAIL)) for on in sorted(watch.on)]
            return sum(new for new, _ in boxes), sum(old for _, old in boxes)
        return tuple(d for on in sorted(watch.on) for d in self._lights.dialogs(on))

    def _notify(self, watch_id: str, watch: _Watch, state: Shown) -> bytes:
        s = watch.subscription
        body, kind = self._body(watch, state)
        left = max(0, s.expires_s - int(time.time()))
        event = f"{s.event};id={s.event_id}" if s.event_id else s.event
        headers = (
            f"From: {s.local};tag={s.local_tag}",
            f"To: {s.remote};tag={s.remote_tag}",
            f"Call-ID: {s.call_id}",
            f"CSeq: {s.sent + 1} NOTIFY",
            f"Contact: <{s.us}>",
            f"Event: {event}",
            f"Subscription-State: {f'terminated;reason={watch.ends}' if watch.ends else f'active;expires={left}'}",
            f"{SOURCE}: {s.source}",
        )
        watch.branch = f"z9hG4bK{secrets.token_hex(8)}"
        watch.waits_until = time.monotonic() + SILENCE_S
        watch.wanted, watch.shown = False, state
        watch.subscription = replace(s, sent=s.sent + 1)
        self._flying[watch.branch] = watch_id
        self._keep(watch.subscription)
        return request("NOTIFY", s.contact, (*self._via(watch.branch), *headers), kind, body)

    def _body(self, watch: _Watch, state: Shown) -> tuple[str, str]:
        s = watch.subscription
        if s.event == SUMMARY:
            new, old = (n for n in state if isinstance(n, int))
            return message_summary(VOICEMAIL, self._host, new, old), SUMMARY_TYPE
        now = tuple(d for d in state if isinstance(d, Dialog))
        before = tuple(d for d in watch.shown if isinstance(d, Dialog))
        return dialog_info(s.watched, self._host, s.sent, with_ended(now, before)), DIALOG_TYPE

    def _unasked_mail(self, directory: Directory, now: float) -> Iterator[bytes]:
        if now < self._unasked_next:
            return
        self._unasked_next = now + UNASKED_EVERY_S
        watching = {w.subscription.phone_id for w in self._all.values() if w.subscription.event == SUMMARY}
        for phone_id, when in tuple(self._unasked.items()):
            phone = directory.phone(phone_id) if phone_id not in watching else None
            if phone is None:
                del self._unasked[phone_id]
            elif now >= when:
                boxes = [self._mail.counts(m.id) for m in mailboxes(phone, directory)]
                counts = (sum(n for n, _ in boxes), sum(o for _, o in boxes))
                if counts != self._told.get(phone_id, (0, 0)):
                    self._told[phone_id] = counts
                    yield self._unasked_notify(phone, counts)

    def _unasked_notify(self, phone: Phone, counts: tuple[int, int]) -> bytes:
        """Outside of a dialog: phones that were never told to subscribe take it, and others refuse it unharmed."""
        uri = f"sip:{phone.sip_user}@{self._host}"
        headers = (
            f"From: <{uri}>;tag={secrets.token_hex(4)}",
            f"To: <{uri}>",
            f"Call-ID: {secrets.token_hex(8)}",
            "CSeq: 1 NOTIFY",
            f"Contact: <sip:lamps@{self._host}>",
            f"Event: {SUMMARY}",
            "Subscription-State: active",
        )
        body = message_summary(VOICEMAIL, self._host, *counts)
        return request("NOTIFY", uri, (*self._via(f"z9hG4bK{secrets.token_hex(8)}"), *headers), SUMMARY_TYPE, body)

    def _via(self, branch: str) -> tuple[str, str]:
        return f"Via: SIP/2.0/UDP 127.0.0.1:{self._port};branch={branch};rport", "Max-Forwards: 70"

    def _again(self, watch_id: str, watch: _Watch, wait_s: float) -> None:
        watch.wanted = True
        watch.waits_until = time.monotonic() + wait_s
        self._dirty[watch_id] = None

    def _keep(self, subscription: Subscription) -> None:
        self._kept[subscription.id] = subscription

    def _drop(self, watch_id: str) -> None:
        watch = self._all.pop(watch_id)
        for what in watch.on:
            self._on[what].discard(watch_id)
            if not self._on[what]:
                del self._on[what]
        self._dirty.pop(watch_id, None)
        self._kept.pop(watch_id, None)
        self._gone.add(watch_id)


def sources(s: Subscription, directory: Directory) -> frozenset[str]:
    """What a subscription shows: ids of phones, `park:<account>:<slot>`, or `mail:<mailbox>`."""
    phone = directory.phone(s.phone_id)
    if phone is None:
        return frozenset()
    extension = directory.extension(phone.account_id, s.watched)
    if s.event == SUMMARY:
        if extension is not None and extension.target_kind == "mailbox":
            return frozenset({f"{MAIL}{extension.target_id}"})
        return frozenset(f"{MAIL}{m.id}" for m in mailboxes(phone, directory))
    if extension is not None:
        if extension.target_kind == "person":
            return frozenset(p.id for p in directory.phones_of(extension.target_id))
        return frozenset({extension.target_id} if extension.target_kind == "phone" else ())
    if is_slot(s.watched):
        return frozenset({f"{PARK}{phone.account_id}:{s.watched}"})
    return frozenset({phone.id})


def mailboxes(phone: Phone, directory: Directory) -> tuple[Mailbox, ...]:
    return tuple(m for m in directory.services_of(Mailbox, phone.person_id) if m.enabled) if phone.person_id else ()
