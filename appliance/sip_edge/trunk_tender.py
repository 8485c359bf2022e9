"""Looks after trunks: asks each how it is, registers where a carrier wants it, and tells the workers what came of it.

Requests go out through Kamailio (tm.t_uac_wait), from the very socket that calls use, so that a carrier which knows us
by address knows these too. What answers mean is trunk_health.py's and registration.py's.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from appliance.directory.model import Directory, Trunk
from appliance.directory.reports import TrunkReport
from appliance.kamailio_rpc import Kamailio
from appliance.settings import Settings
from appliance.sip_edge.registration import Registration, Reply, Standing, authorization, received, sent
from appliance.sip_edge.trunk_health import Answer, Health, observe
from appliance.sip_edge.trunk_order import registering
from appliance.sip_edge.trunks import MOST_HOPS, Hop, first_live, hop_key, uri_of
from appliance.vocabulary import LinkState

PROBE_S = 2.0
"""A probe without an answer for so long was missed."""
REGISTER_S = 6.0
AT_ONCE = 8
TABLE = "trunk"
"""htable: a trunk's id to 1 or 0, as it stands. It forgets in two minutes, should this process not come back."""
TOLD_AGAIN_S = 20.0

Addresses = Callable[[Trunk], tuple[Hop, ...]]
_HEADER = re.compile(r"^([A-Za-z-]+)\s*:\s*(.*?)\s*$")
_FOLDED = re.compile(r"\r\n[ \t]+")
SHORT = {"m": "contact"}
"""RFC 3261 §7.3.3, of the headers that are read here."""

log = logging.getLogger(__name__)


@dataclass
class _Path:
    """One address of a trunk: how it answers."""

    health: Health = field(default_factory=Health)
    asking: "Future[Answer] | None" = None


@dataclass
class _Tended:
    """One trunk's memory: its addresses in their order; where it registers."""

    paths: dict[Hop, _Path] = field(default_factory=dict)
    registration: Registration | None = None
    registered_at: Hop | None = None
    registering: "Future[Reply] | None" = None
    since: str = ""
    told: dict[str, int] = field(default_factory=dict)
    """By the name in the table: what the workers know."""
    told_at: float = 0.0

    @property
    def health(self) -> Health:
        """The trunk's: of the address that calls take first."""
        return self.paths[first_live({hop: path.health.state for hop, path in self.paths.items()})].health

    @property
    def live(self) -> Hop:
        return first_live({hop: path.health.state for hop, path in self.paths.items()})


class TrunkTender:
    """`before`: the last report, so that a restart of this process forgets no trunk that is down."""

    def __init__(self, settings: Settings, before: Iterable[TrunkReport] = ()) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(AT_ONCE, "trunks")
        self._probing = Kamailio(settings.sip.control_port, PROBE_S)
        self._registering = Kamailio(settings.sip.control_port, REGISTER_S)
        self._telling = Kamailio(settings.sip.control_port)
        self._tended: dict[str, _Tended] = {}
        self._before = {t.trunk_id: t for t in before}

    def turn(self, directory: Directory, addresses: Addresses, kamailio_up: bool, now: float) -> bool:
        """What is due, without waiting for anyone. Whether a state changed."""
        trunks = directory.trunks()
        if not kamailio_up:
            # It forgot what it was told; and a trunk is not to blame for our own silence.
            for tended in self._tended.values():
                tended.told, tended.registering = {}, None
                for path in tended.paths.values():
                    path.asking = None
            return False
        to_register = {t.id for t in registering(directory, trunks)}
        changed = False
        for trunk in trunks:
            found = addresses(trunk)[:MOST_HOPS]
            if not found:
                continue
            tended = self._of(trunk, found)
            changed |= self._look(trunk, tended, now)
            if trunk.id in to_register:
                changed |= self._keep_registered(trunk, tended, tended.live, now)
            else:
                tended.registration = None
            self._tell(trunk.id, tended, now)
        self._tended = {t.id: self._tended[t.id] for t in trunks if t.id in self._tended}
        return changed

    def reports(self, trunks: Iterable[Trunk], kamailio_up: bool) -> tuple[TrunkReport, ...]:
        """How each stands; all unknown while Kamailio is silent."""
        found = []
        monotonic = time.monotonic()
        for trunk in trunks:
            tended = self._tended.get(trunk.id)
            if tended is None or not kamailio_up:
                found.append(TrunkReport(trunk.id, LinkState.UNKNOWN, tended.since if tended else _now()))
                continue
            left = tended.health.not_before - monotonic
            held = (datetime.now(UTC) + timedelta(seconds=left)).isoformat(timespec="seconds") if left > 0 else ""
            r = tended.registration
            found.append(
                TrunkReport(
                    trunk.id,
                    state_of(tended.health, r),
                    tended.since,
                    tended.health.latency_ms,
                    registration=r.standing.value if r else "",
                    registration_status=r.status if r else 0,
                    held_until=held,
                    last_status=tended.health.last_status,
                )
            )
        return tuple(found)

    def _of(self, trunk: Trunk, hops: Iterable[Hop]) -> _Tended:
        """Its memory, with the addresses that it has now. Where none of them is known, it is another trunk."""
        tended = self._tended.get(trunk.id)
        if tended is None or tended.paths.keys().isdisjoint(hops):
            before = self._before.pop(trunk.id, None)
            state = before.state if before else LinkState.UNKNOWN
            paths = {hop: _Path(Health(state=state)) for hop in hops}
            tended = self._tended[trunk.id] = _Tended(paths, since=before.since if before else _now())
        elif list(tended.paths) != list(hops):
            tended.paths = {hop: tended.paths.get(hop) or _Path() for hop in hops}
        return tended

    def _look(self, trunk: Trunk, tended: _Tended, now: float) -> bool:
        was = state_of(tended.health, tended.registration)
        for hop, path in tended.paths.items():
            if path.asking is not None and path.asking.done():
                answer, path.asking = path.asking.result(), None
                path.health = observe(path.health, answer, now, float(self._settings.sip.probe_interval_s))
            if path.asking is None and now >= path.health.next_at:
                path.asking = self._threads.submit(self._ask, uri_of(hop, trunk), trunk.transport)
        return self._changed(trunk, tended, was)

    def _keep_registered(self, trunk: Trunk, tended: _Tended, hop: Hop, now: float) -> bool:
        was = state_of(tended.health, tended.registration)
        r = tended.registration or Registration(f"{secrets.token_hex(8)}@{self._settings.network.uplink_address}")
        if tended.registering is not None and tended.registering.done():
            reply, tended.registering = tended.registering.result(), None
            before = r.standing
            r = received(r, reply, self._contact(trunk), now)
            if r.standing is not before:
                log.warning("event=trunk_registration trunk=%s standing=%s status=%d", trunk.id, r.standing, r.status)
        moved = tended.registered_at not in (None, hop)
        if tended.registering is None and (now >= r.due_at or moved):
            # Another address of the carrier does not know what the one that died was told.
            tended.registered_at, r = hop, sent(r)
            tended.registering = self._threads.submit(self._register, trunk, r, hop)
        tended.registration = r
        return self._changed(trunk, tended, was)

    def _changed(self, trunk: Trunk, tended: _Tended, was: LinkState) -> bool:
        state = state_of(tended.health, tended.registration)
        if state is was:
            return False
        tended.since = _now()
        log.warning("event=trunk_changed trunk=%s state=%s status=%d", trunk.id, state, tended.health.last_status)
        return True

    def _tell(self, trunk_id: str, tended: _Tended, now: float) -> None:
        known = {trunk_id: int(state_of(tended.health, tended.registration) is not LinkState.DOWN)}
        if len(tended.paths) > 1:
            known |= {
                hop_key(trunk_id, hop.name): int(path.health.state is not LinkState.DOWN)
                for hop, path in tended.paths.items()
            }
        if tended.told == known and now - tended.told_at < TOLD_AGAIN_S:
            return
        if all(self._telling.call("htable.seti", TABLE, name, up) is not None for name, up in known.items()):
            tended.told, tended.told_at = known, now

    # On the wire, in threads

    def _ask(self, where: str, transport: str) -> Answer:
        started = time.monotonic()
        host = self._settings.network.uplink_address
        headers = (
            f"From: <sip:conserje@{host}>\r\nTo: <{where}>\r\n"
            f"Contact: <sip:conserje@{host}:{self._settings.sip.port}>\r\nAccept: application/sdp\r\n"
        )
        reply = self._send(self._probing, "OPTIONS", where, where, transport, headers)
        # 408 is Kamailio's own word for silence.
        status = 0 if reply.status == 408 else reply.status
        after = re.match(r"\d{1,6}", reply.first("retry-after"))
        return Answer(status, float(after.group()) if after else 0.0, (time.monotonic() - started) * 1000)

    def _register(self, trunk: Trunk, r: Registration, hop: Hop) -> Reply:
        registrar = uri_of(Hop(trunk.host, trunk.port), trunk)
        who = f"sip:{trunk.username}@{trunk.host}"
        lines = [
            f"From: <{who}>;tag={secrets.token_hex(6)}",
            f"To: <{who}>",
            f"Call-ID: {r.call_id}",
            f"CSeq: {r.cseq} REGISTER",
            f"Contact: <{self._contact(trunk)}>",
            f"Expires: {r.expires_s}",
        ]
        if r.challenge:
            lines.append(authorization(r.challenge, trunk.username, trunk.secret, registrar, secrets.token_hex(8)))
        headers = "".join(f"{line}\r\n" for line in lines)
        return self._send(
            self._registering, "REGISTER", registrar, uri_of(hop, trunk), trunk.transport, headers
        )

    def _contact(self, trunk: Trunk) -> str:
        net, sip = self._settings.network, self._settings.sip
        transport = "" if trunk.transport == "udp" else f";transport={trunk.transport}"
        return f"sip:{trunk.username}@{net.uplink_address}:{sip.port}{transport}"

    def _send(self, kamailio: Kamailio, method: str, uri: str, to: str, transport: str, headers: str) -> Reply:
        net, sip = self._settings.network, self._settings.sip
        socket = f"udp:{net.uplink_address}:{sip.port}" if transport == "udp" else "."
        return reply_of(kamailio.call("tm.t_uac_wait", method, uri, to, socket, headers))


def state_of(health: Health, registration: Registration | None) -> LinkState:
    """A trunk that answers and does not know us is as good as down."""
    if registration is not None and registration.standing in (Standing.REFUSED, Standing.SILENT):
        return LinkState.DOWN
    return health.state


def reply_of(answer: Any) -> Reply:
    """tm.t_uac_wait answers [status, reason, the reply]; anything else is silence."""
    if not isinstance(answer, list) or not answer or not isinstance(answer[0], int):
        return Reply(0)
    text = str(answer[2]) if len(answer) > 2 else ""
    lines = _FOLDED.sub(" ", text.partition("\r\n\r\n")[0]).split("\r\n")[1:]
    found = ((m.group(1).lower(), m.group(2)) for line in lines if (m := _HEADER.match(line)))
    return Reply(answer[0], tuple((SHORT.get(name, name), value) for name, value in found))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
