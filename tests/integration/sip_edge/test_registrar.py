"""The registrar on a real Kamailio: digest by both algorithms, contacts that outlive their process."""

import sqlite3
import threading
import time
from statistics import median

import pytest

from appliance.sip_edge.digest import NONCE_LIFE_S, Guard
from appliance.sip_edge.engines import contacts_db
from appliance.sip_edge.kamailio.knobs import MAX_CONTACTS, Knobs
from tests.integration.sip_edge.building import Building
from tests.integration.sip_edge.conftest import MakePhone
from tests.lab.sample import sip_user
from tests.lab.waiting import until


def contacts(b: Building, person: str) -> list[str]:
    found = b.kamailio.call("ul.lookup", "location", sip_user(person))
    return [c["Contact"]["Address"] for c in found["Contacts"]] if found else []


@pytest.mark.acceptance("Q-1")
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_phone_registers_with_either_algorithm(edge: Building, phone: MakePhone, algorithm: str) -> None:
    ana = phone(edge, "ana", algorithm)
    ana.register_request()
    asked = ana.expect(401)
    assert [c.partition("algorithm=")[2].partition(",")[0] for c in asked.all("www-authenticate")] == ["SHA-256", "MD5"]
    assert ana.register(cseq=5).status == 200
    assert ana.contact in contacts(edge, "ana")
    assert ana.register(expires=0, cseq=9).status == 200
    assert ana.contact not in contacts(edge, "ana")


def test_what_answers_says_its_name_and_no_version(edge: Building, phone: MakePhone) -> None:
    ana = phone(edge, "ana")
    ana.register_request()
    assert ana.expect(401)["server"] == "Conserje"


@pytest.mark.acceptance("Q-1")
def test_unknown_and_known_users_are_answered_alike(edge: Building, phone: MakePhone) -> None:
    wrong = phone(edge, "ana", secret="not-it").register()
    nobody = phone(edge, "nobody").register()
    without = [(h, v) for h, v in wrong.headers if h in ("server", "www-authenticate")]
    assert wrong.status == nobody.status == 401
    assert wrong.start == nobody.start
    assert [h for h, _ in wrong.headers] == [h for h, _ in nobody.headers]
    assert not any("stale" in v for _, v in without)


@pytest.mark.acceptance("Q-1")
def test_unknown_and_known_users_cost_the_same_time(edge: Building, phone: MakePhone) -> None:
    """Asked by turns, so that whatever else the machine does weighs on both."""
    agents = {person: phone(edge, person, secret="not-it") for person in ("ana", "nobody")}
    challenges = {}
    for person, agent in agents.items():
        agent.register_request()
        challenges[person] = agent.challenged(agent.expect(401))
    took: dict[str, list[float]] = {person: [] for person in agents}
    for n in range(300):
        for person, agent in agents.items():
            line = agent.authorization(challenges[person], "REGISTER", f"sip:{edge.sip[0]}:{edge.sip[1]}", n + 1)
            start = time.perf_counter()
            agent.register_request(line, cseq=n + 2)
            agent.expect(401)
            took[person].append(time.perf_counter() - start)
    known, unknown = median(took["ana"]), median(took["nobody"])
    assert abs(known - unknown) < 0.25 * max(known, unknown)


@pytest.mark.acceptance("Q-1")
def test_a_replayed_request_is_refused_as_stale_and_changes_nothing(edge: Building, phone: MakePhone) -> None:
    ana = phone(edge, "ana")
    uri = f"sip:{edge.sip[0]}:{edge.sip[1]}"
    ana.register_request()
    challenge = ana.challenged(ana.expect(401))
    line = ana.authorization(challenge, "REGISTER", uri, 1)
    ana.register_request(line, cseq=2)
    assert ana.expect(200, 401).status == 200
    ana.register_request(line, cseq=3, call_id="thief", contact="<sip:thief@127.0.0.1:9>")
    again = ana.expect(200, 401)
    assert again.status == 401
    assert all("stale=true" in c for c in again.all("www-authenticate"))
    assert "sip:thief@127.0.0.1:9" not in contacts(edge, "ana")
    ana.register_request(ana.authorization(challenge, "REGISTER", uri, 2), cseq=4)
    assert ana.expect(200, 401).status == 200


@pytest.mark.acceptance("Q-1")
def test_a_nonce_that_has_grown_old_is_stale(edge: Building, phone: MakePhone) -> None:
    ana = phone(edge, "ana")
    ana.register_request()
    challenge = ana.challenged(ana.expect(401))
    knobs = Knobs.of((edge.settings.paths.run_dir / "edge" / "knobs.json").read_text())
    old = Guard("conserje", knobs.nonce_key).nonce(int(time.time()) - NONCE_LIFE_S - 10, b"01234567")
    stolen = type(challenge)(**{f: getattr(challenge, f) for f in challenge.__slots__} | {"nonce": old})
    ana.register_request(ana.authorization(stolen, "REGISTER", f"sip:{edge.sip[0]}:{edge.sip[1]}"), cseq=2)
    refused = ana.expect(200, 401)
    assert refused.status == 401
    assert all("stale=true" in c for c in refused.all("www-authenticate"))


def test_a_phone_cannot_register_in_anothers_name(edge: Building, phone: MakePhone) -> None:
    ana = phone(edge, "ana")
    ana.register_request(to=sip_user("beto"))
    line = ana.authorization(ana.challenged(ana.expect(401)), "REGISTER", f"sip:{edge.sip[0]}:{edge.sip[1]}")
    ana.register_request(line, cseq=2, to=sip_user("beto"))
    assert ana.expect(200, 401, 403).status == 403


@pytest.mark.acceptance("S-9")
def test_unregistering_one_phone_leaves_the_others(edge: Building, phone: MakePhone) -> None:
    desk, softphone = phone(edge, "beto"), phone(edge, "beto")
    assert desk.register().status == softphone.register().status == 200
    assert {desk.contact, softphone.contact} <= set(contacts(edge, "beto"))
    assert desk.register(expires=0, cseq=3).status == 200
    assert desk.contact not in contacts(edge, "beto")
    assert softphone.contact in contacts(edge, "beto")


@pytest.mark.acceptance("S-9")
def test_a_register_right_after_an_unregister_works(edge: Building, phone: MakePhone) -> None:
    ana = phone(edge, "ana")
    for n in range(3):
        assert ana.register(cseq=1 + 4 * n).status == 200
        assert ana.register(expires=0, cseq=3 + 4 * n).status == 200
    assert ana.register(cseq=20).status == 200
    assert ana.contact in contacts(edge, "ana")


def test_one_phone_has_so_many_contacts_and_no_more(edge: Building, phone: MakePhone) -> None:
    elsa = phone(edge, "elsa")
    answers = [
        elsa.register(contact=f"<sip:elsa@127.0.0.1:{10_000 + n}>", cseq=1 + 2 * n).status
        for n in range(MAX_CONTACTS + 1)
    ]
    assert answers == [200] * MAX_CONTACTS + [503]


@pytest.mark.acceptance("S-9", "S-7")
def test_contacts_survive_a_killed_kamailio(edge: Building, phone: MakePhone) -> None:
    phones = [phone(edge, person) for person in ("carla", "dario")]
    assert [p.register().status for p in phones] == [200, 200]
    edge.kill("kamailio")
    start = time.monotonic()
    edge.start("kamailio")
    assert time.monotonic() - start < 3
    assert contacts(edge, "carla") == [phones[0].contact]
    assert contacts(edge, "dario") == [phones[1].contact]
    found = edge.kamailio.call("ul.lookup", "location", sip_user("carla"))["Contacts"][0]["Contact"]
    assert found["Socket"] == f"udp:127.0.0.1:{edge.settings.sip.port}"
    assert phones[0].register(expires=0, cseq=5).status == 200
    edge.kill("kamailio")
    edge.start("kamailio")
    assert contacts(edge, "carla") == []


@pytest.mark.acceptance("S-9")
def test_a_contact_is_kept_though_another_writer_holds_the_database(edge: Building, phone: MakePhone) -> None:
    dario = phone(edge, "dario")
    other = sqlite3.connect(contacts_db(edge.settings), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.4, lambda: other.execute("COMMIT"))
    release.start()
    assert dario.register().status == 200
    release.join()
    row = other.execute("SELECT 1 FROM location WHERE contact = ?", (dario.contact,)).fetchone()
    other.close()
    assert row


@pytest.mark.acceptance("S-9")
def test_workers_that_register_at_once_lose_no_contact(edge: Building, phone: MakePhone) -> None:
    phones = [phone(edge, person) for person in ("ana", "beto", "carla", "dario") for _ in range(3)]
    answers: list[int] = []

    def again_and_again(index: int) -> None:
        for n in range(15):
            answers.append(phones[index].register(cseq=1 + 2 * n, call_id=f"load-{index}").status)

    threads = [threading.Thread(target=again_and_again, args=(i,)) for i in range(len(phones))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert set(answers) == {200}
    with sqlite3.connect(contacts_db(edge.settings)) as db:
        stored = {c for (c,) in db.execute("SELECT contact FROM location")}
        twice = db.execute("SELECT username, contact FROM location GROUP BY 1, 2 HAVING count(*) > 1").fetchall()
    assert {p.contact for p in phones} <= stored
    assert twice == []


def test_a_directory_that_changes_changes_who_may_register(edge: Building, phone: MakePhone) -> None:
    from dataclasses import replace

    from tests.lab.sample import sample_rows
    from wire.rows import Phone

    rows = sample_rows("127.0.0.1", edge.carrier_port)
    changed = tuple(
        replace(r, sip_secret="a-new-one") if isinstance(r, Phone) and r.id == "phone-ana" else r for r in rows
    )
    edge.publish(changed)
    assert phone(edge, "ana").register().status == 401
    assert phone(edge, "ana", secret="a-new-one").register().status == 200
    edge.publish(rows)
    until(lambda: phone(edge, "ana").register().status == 200, 2, "the old secret is good again")
