"""HAProxy before Kamailio's TCP: it ends SIP over TLS, and keeps senders of nothing and of garbage from Kamailio.

Kamailio reads the PROXY protocol (version 1: of version 2 this one swaps the port's bytes), so a phone keeps its own
address. Kamailio waits five seconds, for everyone, on a TCP connection that says nothing: so nothing but loopback
reaches its TCP sockets, and a connection is handed on when the first octets of it are there.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from appliance.directory.site_ca import server_files
from appliance.ports import SystemClock
from appliance.settings import Settings
from appliance.sip_edge.become import Command, become, missing, refused
from appliance.sip_edge.listening import Listener, check_free

CERTIFICATE = "sip"
"""Name of the server's certificate among the site's (site_ca.server_files)."""
AT_ONCE, FROM_ONE = 4000, 48
"""Connections in all, and from one address: a DECT base has one for each handset."""
NEW_FROM_ONE = 100
"""New connections of one address within ten seconds; past it they are closed before any handshake is computed."""
FIRST_WORDS_S = 5
HALF_DAY_S = 43_200
"""A registered phone may be silent for as long as its registration lasts; keep-alives of TCP find the dead."""
CHECK_S = 20


def run_haproxy(settings: Settings) -> None:
    """Become HAProxy. Raises EngineProblem where a port of its is taken or its configuration is refused."""
    check_free(outer_listeners(settings), "HAProxy")
    become(haproxy_command(settings))


def outer_listeners(settings: Settings) -> tuple[Listener, ...]:
    """What phones and trunks connect to: SIP over TLS on phones' side, SIP over TCP on both sides."""
    net, sip = settings.network, settings.sip
    plain = dict.fromkeys((net.voice_address, net.uplink_address))
    return (
        Listener("tls", net.voice_address, sip.tls_port),
        *(Listener("tcp", address, sip.port) for address in plain),
    )


def inner_listeners(settings: Settings) -> tuple[Listener, ...]:
    """Kamailio's TCP sockets behind HAProxy, each naming the outer one that it speaks as.

    Trunks' first: a connection that Kamailio itself opens leaves by the first, and only trunks are called so.
    """
    net, sip = settings.network, settings.sip
    tls = Listener("tcp", "127.0.0.1", sip.behind_port, advertised=f"{net.voice_address}:{sip.tls_port}")
    phones = Listener("tcp", "127.0.0.1", sip.behind_port + 1, advertised=f"{net.voice_address}:{sip.port}")
    if net.uplink_address == net.voice_address:
        return phones, tls
    trunks = Listener("tcp", "127.0.0.1", sip.behind_port + 2, advertised=f"{net.uplink_address}:{sip.port}")
    return trunks, phones, tls


def haproxy_command(settings: Settings) -> Command:
    """Render and check. A refused configuration is kept as `haproxy.cfg.refused`, and the last good one runs."""
    directory = settings.paths.engines_dir / "haproxy"
    directory.mkdir(parents=True, exist_ok=True)
    good, new = directory / "haproxy.cfg", directory / "haproxy.cfg.new"
    new.write_text(haproxy_config(settings, certificate(settings)), encoding="utf-8")
    wrong = refusal(new)
    new.replace(directory / "haproxy.cfg.refused" if wrong else good)
    if wrong:
        problem = refused("HAProxy", wrong)
        if not good.exists():
            raise problem
        print(f"conserje: {problem.text(settings.language)}", file=sys.stderr, flush=True)
    return Command((program(), "-db", "-q", "-f", str(good)), {})


def certificate(settings: Settings) -> Path:
    """One file with the chain and the key, in memory, as HAProxy wants it; the same while its certificate is good."""
    chain, key = server_files(settings, SystemClock(), CERTIFICATE, settings.network.voice_address)
    both = chain.with_suffix(".pem")
    new = both.with_name(f".{both.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(chain.read_bytes() + key.read_bytes())
    new.replace(both)
    return both


def haproxy_config(settings: Settings, pem: Path) -> str:
    """The text of haproxy.cfg. Pure."""
    net, sip = settings.network, settings.sip
    inner = {listener.advertised: listener.port for listener in inner_listeners(settings)}
    tls = f"{net.voice_address}:{sip.tls_port}"
    # One thread: handshakes that lead nowhere may have one processor, never both.
    text = f"""\
# Made by `conserje run haproxy`; changes here are lost at the next start.
global
    log stderr format raw local0 warning
    nbthread 1
    maxconn {AT_ONCE}
    hard-stop-after 2s
    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets

defaults
    mode tcp
    timeout connect 2s
    timeout client {HALF_DAY_S}s
    timeout server {HALF_DAY_S}s
    timeout client-fin 5s
    timeout server-fin 5s
    option clitcpka
    clitcpka-idle 60s
    clitcpka-intvl 10s
    clitcpka-cnt 3
    option dontlognull
"""
    text += _way("tls", f"bind {tls} ssl crt {pem}", inner[tls])
    for number, address in enumerate(dict.fromkeys((net.voice_address, net.uplink_address))):
        where = f"{address}:{sip.port}"
        text += _way(f"tcp{number}", f"bind {where}", inner[where])
    return text


def _way(name: str, bind: str, port: int) -> str:
    return f"""
listen {name}
    {bind}
    stick-table type ip size 20k expire 60s store conn_cur,conn_rate(10s)
    tcp-request connection track-sc0 src
    tcp-request connection reject if {{ sc0_conn_cur gt {FROM_ONE} }} || {{ sc0_conn_rate gt {NEW_FROM_ONE} }}
    tcp-request inspect-delay {FIRST_WORDS_S}s
    tcp-request content accept if {{ req.len gt 0 }}
    tcp-request content reject
    server kamailio 127.0.0.1:{port} send-proxy
"""


def refusal(configuration: Path) -> str:
    """What HAProxy has against a configuration; empty: nothing."""
    try:
        checked = subprocess.run(
            [program(), "-c", "-q", "-f", str(configuration)],
            capture_output=True,
            text=True,
            timeout=CHECK_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"`haproxy -c` was not done after {CHECK_S} s"
    if checked.returncode == 0:
        return ""
    alerts = [line for line in checked.stderr.splitlines() if "ALERT" in line]
    return (alerts or checked.stderr.splitlines() or ["no reason given"])[0].strip()


def program() -> str:
    """Where HAProxy is. Raises EngineProblem where it is not."""
    found = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/sbin")
    if found is None:
        raise missing("haproxy")
    return found
