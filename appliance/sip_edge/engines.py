"""Starts the SIP engines: each renders its configuration, has it checked, and becomes the engine (exec).

A configuration that Kamailio refuses is set aside and the last good one runs; what was wrong goes to standard error.
Under which supervisor they run, and how often, is not said here.
"""

import logging
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from appliance.settings import Settings
from appliance.sip_edge.become import Command, become, missing, refused
from appliance.sip_edge.contacts import LONGEST_REGISTRATION_S, prepare_contacts
from appliance.sip_edge.digest import CLOCK_SLACK_S, NONCE_LIFE_S
from appliance.sip_edge.eras import ClockWatch, write_era
from appliance.sip_edge.front import inner_listeners
from appliance.sip_edge.kamailio.board import LONGEST_S
from appliance.sip_edge.kamailio.knobs import (
    ENVIRONMENT,
    LAST_KEPT_S,
    MAX_CONTACTS,
    REFERRED_KEPT_S,
    SPENT_KEPT_S,
    STATE_KEPT_S,
)
from appliance.sip_edge.keys import edge_dir, write_knobs
from appliance.sip_edge.listening import Listener, check_free

log = logging.getLogger(__name__)

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TEMPLATE = "kamailio.cfg.j2"
SHARED_MIB, PRIVATE_MIB = 128, 8
ALLOCATOR = "tlsf"
"""Kamailio's default looks for free pieces a fifth of its time under load; this one is constant in time."""
CHECK_S = 20
EXPIRES_SPREAD_PERCENT = 10
"""A thousand phones with 300 s each then come back over 60 s, not in the 8 s in which they first came."""
UPLINK_WORKERS, LOOPBACK_WORKERS = 2, 2
RELAY_TOS = 184
"""Expedited forwarding (RFC 3246) for what people hear."""
REDIS_MIB = 64


def run_kamailio(settings: Settings) -> None:
    """Become Kamailio. Raises EngineProblem where its port is taken, or where no configuration of it is good."""
    check_free(listeners(settings), "Kamailio")
    become(kamailio_command(settings))


def run_rtpengine(settings: Settings) -> None:
    """Become rtpengine, with the sessions that Redis kept."""
    check_free((Listener("udp", "127.0.0.1", settings.media.ng_port),), "rtpengine")
    become(rtpengine_command(settings))


def run_redis(settings: Settings) -> None:
    """Become the Redis that keeps rtpengine's sessions: loopback only, small, written to disk each second."""
    check_free((Listener("tcp", "127.0.0.1", settings.media.redis_port),), "Redis")
    become(redis_command(settings))


# Kamailio


def contacts_db(settings: Settings) -> Path:
    return settings.paths.state_dir / "contacts.db"


def listeners(settings: Settings) -> tuple[Listener, ...]:
    """What Kamailio listens on: phones' side, trunks' side, loopback for voice, and the control port."""
    net, port = settings.network, settings.sip.port
    found = [Listener("udp", net.voice_address, port, settings.sip.workers)]
    if net.uplink_address != net.voice_address:
        found.append(Listener("udp", net.uplink_address, port, UPLINK_WORKERS))
    if settings.sip.tls:
        found += inner_listeners(settings)
    else:
        sides = dict.fromkeys((net.voice_address, net.uplink_address))
        found += [Listener("tcp", address, port) for address in sides]
    if "127.0.0.1" not in (net.voice_address, net.uplink_address):
        found.append(Listener("udp", "127.0.0.1", port, LOOPBACK_WORKERS))
    return (*found, Listener("tcp", "127.0.0.1", settings.sip.control_port))


def kamailio_command(settings: Settings) -> Command:
    """Render and check. The newest good configuration runs; a refused one is kept as `kamailio.cfg.refused`."""
    directory = settings.paths.engines_dir / "kamailio"
    directory.mkdir(parents=True, exist_ok=True)
    settings.paths.call_spool_dir.mkdir(parents=True, exist_ok=True)
    eras = ClockWatch(settings).eras
    prepare_contacts(contacts_db(settings), time.time(), settings.sip.register_expires_s, eras)
    run_edge = edge_dir(settings)
    run_edge.mkdir(parents=True, exist_ok=True, mode=0o750)
    environment = {
        "PYTHONPATH": os.pathsep.join((str(ROOT), sysconfig.get_path("purelib"))),
        "PYTHONDONTWRITEBYTECODE": "1",
        ENVIRONMENT: str(write_knobs(settings, eras.now)),
    }
    good = directory / "kamailio.cfg"
    new = directory / "kamailio.cfg.new"
    wrong = ""
    try:
        text = render_kamailio(settings)
        if not good.exists() or good.read_text(encoding="utf-8") != text:
            new.write_text(text, encoding="utf-8")
            wrong = refusal(new, environment, run_edge)
            new.replace(directory / "kamailio.cfg.refused" if wrong else good)
    except TemplateError as broken:
        wrong = f"{TEMPLATE}, line {getattr(broken, 'lineno', '?')}: {broken.message}"
    if wrong:
        if not good.exists():
            raise refused("Kamailio", wrong)
        print(f"conserje: {refused('Kamailio', wrong).text(settings.language)}", file=sys.stderr, flush=True)
        print("conserje: Kamailio runs with its last good configuration.", file=sys.stderr, flush=True)
    write_era(settings, eras.now)
    return Command((*_kamailio(good, run_edge), "-DD", "-E"), environment)


def render_kamailio(settings: Settings) -> str:
    """The text of kamailio.cfg. Raises jinja2.TemplateError on a template that names what is not there."""
    net, sip = settings.network, settings.sip
    template = Environment(  # noqa: S701 - no HTML
        loader=FileSystemLoader(HERE / "kamailio"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    ).get_template(TEMPLATE)
    return template.render(
        realm=sip.realm,
        port=sip.port,
        aliases=sorted({net.voice_address, net.uplink_address}),
        listeners=listeners(settings),
        tls=sip.tls,
        tls_port=sip.tls_port,
        flood_per_s=sip.flood_per_s,
        ban_s=sip.ban_s,
        several_sides=net.voice_address != net.uplink_address or net.voice_address != "127.0.0.1",
        location_url=f"sqlite:///{contacts_db(settings)}",
        max_contacts=MAX_CONTACTS,
        register_expires_s=sip.register_expires_s,
        register_longest_s=LONGEST_REGISTRATION_S,
        expires_spread_percent=EXPIRES_SPREAD_PERCENT,
        nonce_kept_s=NONCE_LIFE_S + CLOCK_SLACK_S,
        state_kept_s=STATE_KEPT_S,
        spent_kept_s=SPENT_KEPT_S,
        last_kept_s=LAST_KEPT_S,
        referred_kept_s=REFERRED_KEPT_S,
        call_kept_s=LONGEST_S,
        ng_port=settings.media.ng_port,
        kemi_path=HERE / "kamailio" / "kemi.py",
    )


def refusal(configuration: Path, environment: Mapping[str, str], runtime_dir: Path) -> str:
    """What Kamailio has against a configuration; empty: nothing."""
    try:
        checked = subprocess.run(
            [*_kamailio(configuration, runtime_dir), "-c"],
            capture_output=True,
            text=True,
            timeout=CHECK_S,
            check=False,
            env={**os.environ, **environment},
        )
    except FileNotFoundError as absent:
        raise missing("kamailio") from absent
    except subprocess.TimeoutExpired:
        return f"`kamailio -c` was not done after {CHECK_S} s"
    if checked.returncode == 0:
        return ""
    errors = [line for line in checked.stderr.splitlines() if "ERROR" in line or "CRITICAL" in line]
    return (errors or checked.stderr.splitlines() or ["no reason given"])[0].strip()


def _kamailio(configuration: Path, runtime_dir: Path) -> tuple[str, ...]:
    # Its own runtime directory would be /run/kamailio, which only root and Debian's unit can make.
    runtime = ("-Y", str(runtime_dir / "kamailio"))
    memory = ("-x", ALLOCATOR, "-X", ALLOCATOR, "-m", str(SHARED_MIB), "-M", str(PRIVATE_MIB))
    return ("kamailio", "-f", str(configuration), *runtime, *memory)


# rtpengine and Redis


def rtpengine_command(settings: Settings) -> Command:
    net, media = settings.network, settings.media
    first, last = media.relay_ports.split("-")
    interfaces = [f"--interface=voice/{net.voice_address}"]
    if net.uplink_address != net.voice_address:
        interfaces.append(f"--interface=uplink/{net.uplink_address}")
    argv = (
        "rtpengine",
        # Not Debian's /etc/rtpengine/rtpengine.conf, which it would read besides.
        "--config-file=none",
        "--foreground",
        "--log-stderr",
        "--log-level=4",
        "--table=-1",
        *interfaces,
        f"--listen-ng=127.0.0.1:{media.ng_port}",
        f"--port-min={first.strip()}",
        f"--port-max={last.strip()}",
        f"--tos={RELAY_TOS}",
        # Whoever sends first is not believed where another address was agreed in SDP.
        "--endpoint-learning=off",
        f"--timeout={media.silent_call_s}",
        f"--silent-timeout={media.held_call_s}",
        "--delete-delay=0",
        f"--redis=127.0.0.1:{media.redis_port}/0",
        # A Redis that is dead or slow must not take the calls with it.
        "--no-redis-required",
        "--redis-cmd-timeout=200",
        "--redis-connect-timeout=200",
        "--redis-allowed-errors=2",
        "--redis-disable-time=5",
    )
    return Command(argv, {})


def redis_command(settings: Settings) -> Command:
    state = settings.paths.state_dir / "redis"
    state.mkdir(parents=True, exist_ok=True)
    configuration = settings.paths.engines_dir / "redis" / "redis.conf"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    lines = (
        "bind 127.0.0.1",
        f"port {settings.media.redis_port}",
        "protected-mode yes",
        "daemonize no",
        'logfile ""',
        "loglevel warning",
        f'dir "{state}"',
        # Sessions are few and short: the append-only file is all; no snapshots.
        'save ""',
        "appendonly yes",
        "appendfsync everysec",
        "auto-aof-rewrite-min-size 4mb",
        f"maxmemory {REDIS_MIB}mb",
        "maxmemory-policy noeviction",
        "databases 1",
    )
    configuration.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Command(("redis-server", str(configuration)), {})
