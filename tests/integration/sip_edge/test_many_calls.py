"""Many calls at once, with SIPp as phones and carrier: no line is capped (D-6), and every call is one record (K-4)."""

import secrets
import socket
import time
from collections import Counter

import pytest

from appliance.directory.local import LocalStore
from appliance.directory.reports import EdgeReport, read_report
from appliance.ports import SystemChance, SystemClock
from appliance.sip_edge.digest import Credentials, Guard, response
from appliance.sip_edge.kamailio.knobs import Knobs
from tests.integration.sip_edge.building import ADDRESS, Building, building, free_ports
from tests.integration.sip_edge.sipp import SCENARIOS, sipp
from tests.lab.sample import ACME, SITE, sample_rows
from tests.lab.waiting import until
from wire.rows import Extension, Person, Phone, Row

pytestmark = pytest.mark.alone

PHONES, HELD_BY_ONE = 50, 5
DIALLED = "5512345678"


def people(count: int) -> list[Row]:
    rows: list[Row] = []
    for n in range(count):
        rows += [
            Person(f"person-{n}", ACME, f"Persona {n}"),
            Extension(f"ext-{n}", ACME, str(300 + n), "person", f"person-{n}"),
            Phone(f"phone-{n}", ACME, SITE, f"person-{n}", f"02{n:010x}", "yealink", "T46S", f"p{n}-user", f"s{n}"),
        ]
    return rows


def authorization(b: Building, user: str, secret: str) -> str:
    """What a phone would answer to a challenge: SIPp cannot choose between two."""
    guard = Guard("conserje", Knobs.of((b.settings.paths.run_dir / "edge" / "knobs.json").read_text()).nonce_key)
    uri = f"sip:{DIALLED}@{ADDRESS}:{b.settings.sip.port}"
    nonce = guard.nonce(int(time.time()), secrets.token_bytes(8), ADDRESS)
    c = Credentials(user, "conserje", nonce, uri, "", "MD5", "auth", "00000001", "abc")
    return (
        f'Proxy-Authorization: Digest username="{user}", realm="conserje", nonce="{nonce}", uri="{uri}", '
        f'response="{response(c, "INVITE", secret)}", algorithm=MD5, qop=auth, nc=00000001, cnonce="abc"'
    )


def is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return True
    return False


@pytest.mark.acceptance("D-6", "K-4")
def test_fifty_phones_are_all_on_outside_calls_at_once_and_one_of_them_on_five(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    directory = tmp_path_factory.mktemp("many")
    with building(directory) as b:
        b.publish([*sample_rows(ADDRESS, b.carrier_port), *people(PHONES)])
        b.start("redis", "rtpengine", "kamailio", "edge")
        users = [*range(PHONES), *([0] * (HELD_BY_ONE - 1))]
        lines = [f"p{n}-user;{authorization(b, f'p{n}-user', f's{n}')}" for n in users]
        (directory / "phones.csv").write_text("SEQUENTIAL\n" + "\n".join(lines) + "\n")
        (port,) = free_ports(1)
        count = str(len(users))
        carrier = sipp(b, "-sf", str(SCENARIOS / "answer.xml"), "-p", str(b.carrier_port))
        until(lambda: is_taken(b.carrier_port), 5, "the carrier listens")
        phones = sipp(
            b,
            *("-sf", str(SCENARIOS / "from_phone.xml"), "-inf", "phones.csv", "-s", DIALLED, "-p", str(port)),
            *("-r", "50", "-m", count, "-l", "100", "-d", "5000", f"{ADDRESS}:{b.settings.sip.port}"),
        )
        try:

            def talking() -> bool:
                found = read_report(b.settings.paths.reports_dir, EdgeReport)
                return found is not None and [c.state for c in found.calls].count("talking") == len(users)

            until(talking, 6, "every phone is on a call")
            assert phones.wait(30) == 0, "a call failed"
        finally:
            for program in (phones, carrier):
                program.terminate()
                program.wait(5)
        store = LocalStore(b.settings.paths.local_db, SystemClock(), SystemChance())

        def records() -> list[dict[str, object]]:
            return [dict(f.body) for f in store.recent("cdr", 1000)]

        until(lambda: len(records()) >= len(users), 8, "every call is in the journal")
        found = records()
        assert Counter(r["cause"] for r in found) == {"answered": len(users)}
        assert len({r["call_id"] for r in found}) == len(users)
        assert {r["trunk_id"] for r in found} == {"trunk-carrier"}
