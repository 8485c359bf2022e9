"""The SNMP agent: `conserje run snmp`. v2c where a community is set, v3 authPriv where a user is; read-only both.

SHA-256 (RFC 7860) and AES-128 (RFC 3826). It listens on the management address alone.
"""

import asyncio
import errno
import logging
import signal
import socket
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

from pysnmp.carrier.asyncio.dgram import udp, udp6
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import cmdrsp, context
from pysnmp.proto.rfc1902 import OctetString

from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.errors import EngineProblem, SettingsProblem, Words
from appliance.ports import SystemChance, SystemClock
from appliance.settings import Settings, Snmp
from appliance.snmp.answers import Answers
from appliance.snmp.facts import gather
from appliance.snmp.objects import Oid, Value, objects
from appliance.versions import own_version

V1, V2C, V3 = 0, 1, 3
"""Message processing models (RFC 3411)."""

V2C_SECURITY, USM_SECURITY = 2, 3
READERS = "conserje"
INTERNET: Oid = (1, 3, 6, 1)
KEY_MIN = 8
"""RFC 3414 §11.2: shorter pass phrases are refused, also by net-snmp."""

ENGINE_ID_PREFIX = bytes((0x80, 0x00, 0x1F, 0x88, 0x05))
"""RFC 3411 SnmpEngineID: net-snmp's enterprise, then octets of our own choosing."""

log = logging.getLogger("conserje.snmp")


def run(settings: Settings) -> None:
    """Serve until SIGTERM. Raises SettingsProblem on keys that are too short, EngineProblem if the port is taken."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    check(settings.snmp)
    listening = listener(settings)
    asyncio.run(serve(settings, listening))


def check(snmp: Snmp) -> None:
    """Raises SettingsProblem where v3 is asked for without keys that are long enough."""
    if snmp.v3_user and min(len(snmp.v3_auth_key), len(snmp.v3_privacy_key)) < KEY_MIN:
        raise SettingsProblem(
            Words(
                f"snmp.v3_auth_key and snmp.v3_privacy_key need at least {KEY_MIN} characters each.",
                f"snmp.v3_auth_key y snmp.v3_privacy_key necesitan al menos {KEY_MIN} caracteres cada una.",
            ),
            Words("Set both, or take v3_user out.", "Defina ambas, o quite v3_user."),
        )
    if not snmp.community and not snmp.v3_user:
        log.warning("event=nobody_may_read why=neither snmp.community nor snmp.v3_user is set")


def listener(settings: Settings) -> socket.socket:
    """The bound socket. Raises EngineProblem in words where it cannot be had."""
    address, port = settings.network.management_address, settings.snmp.port
    listening = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        listening.bind((address, port))
    except OSError as refused:
        listening.close()
        taken = refused.errno == errno.EADDRINUSE
        raise EngineProblem(
            Words(
                f"SNMP cannot listen on {address} port {port}: "
                + ("it is taken." if taken else f"{refused.strerror}."),
                f"SNMP no puede escuchar en {address} puerto {port}: "
                + ("está ocupado." if taken else f"{refused.strerror}."),
            ),
            Words(
                "Stop what holds it, or change snmp.port and network.management_address.",
                "Detenga lo que lo ocupa, o cambie snmp.port y network.management_address.",
            ),
        ) from refused
    listening.setblocking(False)
    return listening


async def serve(settings: Settings, listening: socket.socket) -> None:
    """Answer on `listening` until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    loop.set_exception_handler(_drop)
    agent = make_engine(settings)
    transport_type, domain = (
        (udp6.Udp6AsyncioTransport, udp6.DOMAIN_NAME)
        if listening.family == socket.AF_INET6
        else (udp.UdpAsyncioTransport, udp.DOMAIN_NAME)
    )
    config.add_transport(agent, domain, transport_type().open_server_mode(sock=listening))
    log.info("event=answering address=%s port=%s", *listening.getsockname()[:2])
    try:
        await stopped.wait()
    finally:
        agent.close_dispatcher()


def _drop(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A datagram that the library could not even refuse (its decoder ends on some): one line, and on to the next."""
    wrong = context.get("exception")
    log.warning("event=request_dropped why=%s", f"{type(wrong).__name__}: {wrong}" if wrong else context["message"])


def make_engine(settings: Settings) -> engine.SnmpEngine:
    """A pysnmp engine that answers our objects alone, to our readers alone."""
    agent = _engine_with_kept_boots(settings.paths.state_dir / "snmp", engine_id(settings))
    # v1 has no error for a missing instance, and nobody needs it.
    del agent.message_processing_subsystems[V1]
    if settings.snmp.community:
        config.add_v1_system(agent, READERS, settings.snmp.community)
        config.add_vacm_user(agent, V2C_SECURITY, READERS, "noAuthNoPriv", INTERNET)
    if settings.snmp.v3_user:
        config.add_v3_user(
            agent,
            settings.snmp.v3_user,
            config.USM_AUTH_HMAC192_SHA256,
            settings.snmp.v3_auth_key,
            config.USM_PRIV_CFB128_AES,
            settings.snmp.v3_privacy_key,
        )
        config.add_vacm_user(agent, USM_SECURITY, settings.snmp.v3_user, "authPriv", INTERNET)
    ours = context.SnmpContext(agent)
    ours.unregister_context_name(b"")
    ours.register_context_name(b"", _answers(settings))
    for responder in (cmdrsp.GetCommandResponder, cmdrsp.NextCommandResponder, cmdrsp.BulkCommandResponder):
        responder(agent, ours)
    cmdrsp.SetCommandResponder(agent, ours)
    return agent


def _engine_with_kept_boots(kept: Path, own_id: bytes) -> engine.SnmpEngine:
    """pysnmp counts its starts, which v3 needs against replay (RFC 3414 §2.2), in a file in the temporary directory.

    That would begin at 0 after a reboot, so for the making of the engine the temporary directory is ours.
    """
    kept.mkdir(parents=True, exist_ok=True)
    before, tempfile.tempdir = tempfile.tempdir, str(kept)
    try:
        return engine.SnmpEngine(snmpEngineID=OctetString(own_id))
    finally:
        tempfile.tempdir = before


def engine_id(settings: Settings) -> bytes:
    """The same for the same box at every start, another for every other: made from its name and its paths."""
    where = f"{settings.paths.state_dir.resolve()} {settings.network.management_address} {socket.gethostname()}"
    return ENGINE_ID_PREFIX + sha256(where.encode()).digest()[:12]


def _answers(settings: Settings) -> Answers:
    clock = SystemClock()
    live = Live(settings.paths.live_dir)
    local = LocalStore(settings.paths.local_db, clock, SystemChance())
    version, started = own_version(), clock.monotonic()

    def measure() -> list[tuple[Oid, Value]]:
        return objects(gather(settings, live, local, clock.now()), version, clock.monotonic() - started)

    return Answers(measure, clock.monotonic)
