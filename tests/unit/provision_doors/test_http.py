"""The HTTP door without its server: what it answers, and what it writes down."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from appliance.directory.local import LocalStore
from appliance.errors import EngineProblem
from appliance.ports import SystemChance, SystemClock
from appliance.provision.bounds import MISSES_AT_ONCE
from appliance.provision.doorway import Doorway
from appliance.provision.http import UPLOAD_MOST, create_app, run
from appliance.settings import Network, Provisioning, Settings
from tests.lab.directory import publish_rows
from tests.lab.sample import sample_rows
from tests.unit.provision_doors.building import ANAS_FILE, doorway_in, settings_in


@pytest.fixture
def doorway(tmp_path: Path) -> Doorway:
    return doorway_in(tmp_path)


@pytest.fixture
def client(doorway: Doorway) -> FlaskClient:
    return create_app(doorway).test_client()


def test_a_known_phones_file_is_given_with_its_type_and_tag(client: FlaskClient) -> None:
    given = client.get(f"/{ANAS_FILE}")
    assert given.status_code == 200
    assert given.content_type == "text/plain; charset=utf-8"
    assert b"p-ana-x7k2" in given.data
    assert client.get(f"/{ANAS_FILE}", headers={"If-None-Match": given.headers["ETag"]}).status_code == 304
    head = client.head(f"/{ANAS_FILE}")
    assert (head.status_code, head.data, head.content_length) == (200, b"", len(given.data))
    assert client.get(f"//{ANAS_FILE}").data == given.data, "a boot server set with a slash at its end"


def test_a_new_revision_is_served_at_the_next_request(client: FlaskClient, tmp_path: Path) -> None:
    assert client.get(f"/{ANAS_FILE}").status_code == 200
    publish_rows(settings_in(tmp_path), sample_rows(phones=False))
    assert client.get(f"/{ANAS_FILE}").status_code == 404


def test_what_is_not_given_is_404_alike_for_all_reasons(client: FlaskClient) -> None:
    answers = [client.get(p) for p in ("/", "/nothing", "/yealink/001565ffffff.cfg", "/a/../b", "/yealink/..%2f..%2fx")]
    assert {(a.status_code, a.data) for a in answers} == {(404, b"Not Found\n")}


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "OPTIONS", "PUT"])
def test_other_methods_are_refused(client: FlaskClient, method: str) -> None:
    answer = client.open(f"/{ANAS_FILE}", method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_a_log_of_a_polycom_is_taken_up_to_a_size(client: FlaskClient) -> None:
    path = "/polycom/0004f2aa0102-app.log"
    assert client.put(path, data=b"x" * 1000).status_code == 201
    assert client.put(path, data=b"x" * (UPLOAD_MOST + 1)).status_code == 413


def test_a_source_that_probes_is_told_to_wait(client: FlaskClient) -> None:
    codes = [client.get(f"/yealink/0015650{n:05x}.cfg").status_code for n in range(MISSES_AT_ONCE + 30)]
    assert codes[0] == 404
    assert codes[-1] == 429


def test_without_a_directory_phones_are_told_to_come_back(tmp_path: Path) -> None:
    answer = create_app(doorway_in(tmp_path, published=False)).test_client().get(f"/{ANAS_FILE}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")


def test_fetches_and_strangers_are_written_down(doorway: Doorway, client: FlaskClient, tmp_path: Path) -> None:
    agent = {"User-Agent": "Yealink SIP-T46S 66.85.0.5 00:15:65:aa:01:01"}
    for _ in range(3):
        client.get(f"/{ANAS_FILE}", headers=agent)
    client.get("/yealink/001565ff0001.cfg")
    doorway.close()
    local = LocalStore(settings_in(tmp_path).paths.local_db, SystemClock(), SystemChance())
    assert [(f.status, f.transport, f.user_agent) for f in local.fetches("001565aa0101")] == [
        (200, "http", agent["User-Agent"])
    ] * 3
    assert [s.mac for s in local.sightings()] == ["001565ff0001"]
    assert local.fetches("001565ff0001") == ()


def test_a_store_that_cannot_be_written_stops_no_phone(tmp_path: Path) -> None:
    doorway = doorway_in(tmp_path)
    database = settings_in(tmp_path).paths.local_db
    database.unlink(missing_ok=True)
    database.mkdir()
    client = create_app(doorway).test_client()
    assert client.get(f"/{ANAS_FILE}").status_code == 200
    doorway.close()
    assert client.get(f"/{ANAS_FILE}").status_code == 200


def test_an_address_that_is_not_here_is_a_sentence() -> None:
    settings = Settings(network=Network(voice_address="192.0.2.77"), provisioning=Provisioning(http_port=1))
    with pytest.raises(EngineProblem, match=r"does not have the address 192\.0\.2\.77"):
        run(settings)
