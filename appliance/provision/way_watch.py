"""Looks how phones came that are to register over TLS, and keeps what secured.py says of it. Decides nothing itself."""

import logging
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from appliance.directory.model import Directory, Phone
from appliance.directory.moves import phones_here
from appliance.directory.reports import EdgeReport
from appliance.directory.served import GivenFiles, GivenHead
from appliance.directory.sipways import SipWays, Way
from appliance.ports import Clock
from appliance.provision.changes import wanted
from appliance.provision.context import SiteContext, phone_context
from appliance.provision.families import Families, Family, Model
from appliance.provision.orders import Orders
from appliance.provision.render import files_for
from appliance.provision.resync import FRESH_S
from appliance.provision.secured import Candidate, settle
from appliance.provision.tokens import identity_of

LOOK_AGAIN_S = 2.0
log = logging.getLogger("conserje.resync")


class WayWatch:
    """`look` as often as one likes."""

    def __init__(self, ways: SipWays, given: GivenFiles, clock: Clock, wait_s: float) -> None:
        self._ways = ways
        self._given = given
        self._clock = clock
        self._wait_s = wait_s
        self._looked_at = float("-inf")

    def look(
        self, directory: Directory, families: Families, site: SiteContext, orders: Orders, report: EdgeReport | None
    ) -> bool:
        """Whether anything is another way now. While the edge does not say freshly who is registered, nothing is."""
        now, at = self._clock.monotonic(), self._clock.now()
        if not site.tls_port or report is None or not report.kamailio_up or now - self._looked_at < LOOK_AGAIN_S:
            return False
        if abs((at - _time(report.at)).total_seconds()) > FRESH_S:
            return False
        self._looked_at = now
        phones = phones_here(directory)
        identities = {p.mac: identity_of(p.mac, p.sip_user, p.sip_secret) for p in phones}
        rows = {mac: row for mac, row in self._ways.all().items() if identities.get(mac) == row.identity}
        if all(p.mac in rows for p in phones):
            return False
        here = {c.sip_user for c in report.contacts if _time(c.expires_at) > at}
        by_tls = {c.sip_user for c in report.contacts if c.secure}
        candidates = [
            Candidate(
                phone.mac,
                identities[phone.mac],
                (family.name, model.name),
                rows[phone.mac].way if phone.mac in rows else None,
                phone.sip_user in here,
                phone.sip_user in by_tls,
                None if phone.mac in rows or phone.sip_user in here else told_at(),
            )
            for phone, family, model, told_at in self._concerned(phones, rows, directory, families, site, orders)
        ]
        settled = settle(candidates, at, self._wait_s)
        if not settled.keep and not settled.forget:
            return False
        self._ways.change(settled.keep, settled.forget)
        for row in settled.keep:
            if row.way is Way.REFUSED:
                log.warning("event=came_not_by_tls mac=%s within_s=%d", row.mac, self._wait_s)
        return True

    def _concerned(
        self,
        phones: Iterable[Phone],
        rows: Container[str],
        directory: Directory,
        families: Families,
        site: SiteContext,
        orders: Orders,
    ) -> Iterator[tuple[Phone, Family, Model, Callable[[], datetime | None]]]:
        """Phones whose files say TLS, or would if they were not left with UDP; and how to learn when they were told."""
        heads_of = self._given.heads()
        as_wanted = replace(site, orders=replace(orders, without_tls=frozenset()))
        as_is = replace(site, orders=orders)
        for phone in phones:
            heads = heads_of.get(phone.mac, ())
            kind = _kind(phone, heads, families)
            if kind is None or not _may(phone, *kind, orders):
                continue
            # What has a row was once found to be one; of the others their files say it.
            if phone.mac not in rows and not phone_context(phone, kind[1], directory, as_wanted).server.secure:
                continue
            yield phone, *kind, partial(_told_at, phone, *kind, heads, directory, families, as_is)


def _may(phone: Phone, family: Family, model: Model, orders: Orders) -> bool:
    """Whether it may come by TLS at all: it checks us, or knows TLS and somebody said so."""
    if model.secure_sip.tls == "unchecked":
        return "secure_sip" in orders.laid(phone.mac, family.name, model.name).values
    return bool(model.secure_sip.tls)


def _kind(phone: Phone, heads: tuple[GivenHead, ...], families: Families) -> tuple[Family, Model] | None:
    """As it said when it came for its files, else as the directory has it."""
    head = next(iter(heads), None)
    family = families.family(phone.family or (head.family if head else ""))
    if family is None:
        return None
    return family, (family.model(head.model) if head else None) or family.model(phone.model) or family.fallback_model


def _told_at(
    phone: Phone,
    family: Family,
    model: Model,
    heads: tuple[GivenHead, ...],
    directory: Directory,
    families: Families,
    site: SiteContext,
) -> datetime | None:
    """When it was given its account as it stands in its files now, and that says TLS."""
    own = phone_context(phone, model, directory, site)
    if not heads or not own.server.secure or wanted(phone, heads, families, directory, site):
        return None
    with_account = {name for name, rule in files_for(own, family) if rule.secret and rule.per_device}
    times = [_time(h.at) for h in heads if h.name in with_account]
    return max(times, default=None)


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
