"""Claim windows and tokens at the doorway: a lease, a boot that was heard, a file, and what is kept of it on disk."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.model import Phone
from appliance.directory.reports import Contact, EdgeReport, write_report
from appliance.ports import SystemChance
from appliance.provision.bootp import DhcpSaid
from appliance.provision.claims import STORE, Claims
from appliance.provision.desk import NotFound, Refused, Served
from appliance.provision.dhcp import heard_file, lease_file
from appliance.provision.dhcp_ear import Heard
from appliance.provision.doorway import Doorway
from appliance.settings import Settings
from appliance.vocabulary import PhoneState
from tests.lab.directory import publish_rows
from tests.lab.formats import parse
from tests.lab.sample import sample_rows, sip_secret
from tests.unit.provision_doors.building import settings_in

ANA, ANAS = "001565aa0101", "10.20.0.50"
CARLA, CARLAS = "8843e1aa0201", "10.20.0.51"
DARIO, DARIOS = "000b82aa0202", "10.20.0.52"
BETO, BETOS = "0004f2aa0102", "10.20.0.53"
OTHER, OTHERS = "001565ff0001", "10.20.0.99"
LEASES = {ANA: ANAS, CARLA: CARLAS, DARIO: DARIOS, BETO: BETOS, OTHER: OTHERS}
HEADER = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n"


@dataclass
class SteppedClock:
    at: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)
    seconds: float = 0.0

    def now(self) -> datetime:
        return self.at + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class House:
    """A doorway of the sample building, with leases and an ear that heard whom the test says."""

    settings: Settings
    clock: SteppedClock = field(default_factory=SteppedClock)

    def __post_init__(self) -> None:
        publish_rows(self.settings, sample_rows())
        file = lease_file(self.settings)
        file.parent.mkdir(parents=True)
        until = int(self.clock.now().timestamp()) + 10**7
        colons = {mac: ":".join(mac[i : i + 2] for i in range(0, 12, 2)) for mac in LEASES}
        rows = (f"{a},{colons[m]},,3600,{until},1,0,0,,0,\n" for m, a in LEASES.items())
        file.write_text(HEADER + "".join(rows))
        self.heard = Heard(heard_file(self.settings))
        self.doorway = self.another()

    def another(self) -> Doorway:
        """Another process's."""
        return Doorway(self.settings, self.clock, SystemChance())

    def boots(self, *macs: str) -> None:
        self.heard.note([DhcpSaid(mac, starting=True) for mac in macs])

    def get(self, path: str, address: str, transport: str = "http", agent: str = "") -> Served | NotFound | Refused:
        answer = self.doorway.answer(path, transport, address, agent)
        assert isinstance(answer, Served | NotFound | Refused)
        self.doorway.record(answer, path, transport, address, agent, 200 if isinstance(answer, Served) else 404)
        return answer

    def data(self, path: str, address: str, transport: str = "http") -> bytes:
        answer = self.get(path, address, transport)
        assert isinstance(answer, Served), answer
        return answer.data

    def refusal(self, path: str, address: str, transport: str = "http") -> str:
        answer = self.get(path, address, transport)
        assert isinstance(answer, NotFound | Refused), "it was given"
        return answer.reason

    def registers(self, *sip_users: str) -> None:
        contacts = tuple(Contact(u, "10.20.0.50:5060", "", "2030-01-01T00:00:00Z") for u in sip_users)
        write_report(self.settings.paths.reports_dir, EdgeReport(at="", contacts=contacts))

    def phone(self, mac: str) -> Phone:
        found = Live(self.settings.paths.live_dir).current().phone_by_mac(mac)
        assert found is not None
        return found

    @property
    def claims(self) -> Claims:
        """As the command line has them: another process."""
        return Claims(self.settings, self.clock, SystemChance())


def unencrypted(tmp_path: Path) -> Settings:
    """A site that turned encryption off: what the windows alone let through."""
    settings = settings_in(tmp_path)
    return replace(settings, provisioning=replace(settings.provisioning, encrypt=False))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(unencrypted(tmp_path))
    yield made
    made.doorway.close()
    made.heard.close()


def links(data: bytes) -> list[str]:
    """Paths of the URLs in a file."""
    return re.findall(r"https?://[^/\s]+/(t/[^\s<>\",]+)", data.decode())


@pytest.mark.acceptance("P-9")
@pytest.mark.parametrize(
    ("mac", "first", "person"),
    [
        (ANA, "yealink/{}.boot", "ana"),
        (BETO, "polycom/{}.cfg", "beto"),
        (CARLA, "cisco_spa/spa504G.cfg", "carla"),
    ],
)
def test_the_first_file_has_no_account_and_leads_to_the_phones_own_url(
    house: House, mac: str, first: str, person: str
) -> None:
    house.boots(mac)
    boot = house.data(first.format(mac), LEASES[mac])
    assert sip_secret(person).encode() not in boot
    assert b"x7k2" not in boot
    own = [u.replace("$MA", mac) for u in links(boot)]
    assert own
    families = {"ana": "yealink", "beto": "polycom", "carla": "cisco_spa"}
    secrets = [parse(families[person], u.rpartition("/")[2], house.data(u, LEASES[mac])).sip_secret for u in own]
    assert sip_secret(person) in secrets


@pytest.mark.acceptance("P-3")
@pytest.mark.parametrize("transport", ["http", "tftp"])
@pytest.mark.parametrize(("mac", "path"), [(DARIO, f"cfg{DARIO}.xml"), (ANA, f"yealink/{ANA}.cfg")])
def test_a_registered_phone_gets_its_secrets_once_per_boot(house: House, transport: str, mac: str, path: str) -> None:
    address = LEASES[mac]
    house.boots(mac)
    house.data(path, address, transport)
    house.registers("p-dario-x7k2", "p-ana-x7k2")
    house.clock.seconds += 200
    assert house.refusal(path, address, transport) == "window-closed"
    house.boots(mac)
    house.data(path, address, transport)
    house.clock.seconds += 200
    assert house.refusal(path, address, transport) == "window-closed"


@pytest.mark.acceptance("P-3")
def test_every_door_of_the_box_knows_what_another_gave(house: House) -> None:
    house.boots(DARIO)
    house.data(f"cfg{DARIO}.xml", DARIOS)
    house.registers("p-dario-x7k2")
    house.clock.seconds += 200
    house.doorway = house.another()
    assert house.refusal(f"cfg{DARIO}.xml", DARIOS, "tftp") == "window-closed"


@pytest.mark.acceptance("P-3")
def test_another_mac_gets_nothing_and_stands_in_the_list_with_the_evidence(house: House) -> None:
    house.boots(DARIO, OTHER)
    assert house.refusal(f"cfg{DARIO}.xml", OTHERS) == "another-phones-file"
    house.doorway.close()
    local = LocalStore(house.settings.paths.local_db, house.clock, SystemChance())
    (seen,) = local.sightings()
    assert (seen.mac, seen.state) == (OTHER, PhoneState.QUARANTINED)
    assert any(DARIO in reason for reason in seen.evidence)


@pytest.mark.acceptance("P-9")
def test_a_phones_token_is_no_use_to_another_phone(house: House) -> None:
    house.boots(ANA)
    own = links(house.data(f"yealink/{ANA}.boot", ANAS))
    assert {house.refusal(u, OTHERS) for u in own} == {"another-phones-token"}


def test_a_token_that_nobody_made_opens_nothing(house: House) -> None:
    house.boots(ANA)
    assert house.refusal(f"t/{'A' * 32}/yealink/{ANA}.cfg", ANAS) == "token-unknown"
    assert house.refusal(f"t/../yealink/{ANA}.cfg", ANAS) == "bad-path"


@pytest.mark.acceptance("P-9")
def test_a_claim_token_leads_a_phone_that_the_network_does_not_show_to_its_own_url_once(house: House) -> None:
    far = "192.0.2.7"
    assert house.refusal(f"yealink/{ANA}.cfg", far) == "not-confirmed"
    claim = house.claims.claim(house.phone(ANA), 900)
    assert house.refusal(f"t/{claim}/yealink/{ANA}.cfg", far) == "claim-without-account"
    boot = house.data(f"t/{claim}/yealink/{ANA}.boot", far, "https")
    assert sip_secret("ana").encode() not in boot
    assert b"<https://" in boot, "it goes on as it came"
    own = next(u for u in links(boot) if ANA in u)
    assert house.refusal(own, far) == "window-closed", "not in the clear to who cannot be seen"
    assert sip_secret("ana").encode() in house.data(own, far, "https")
    assert house.refusal(f"t/{claim}/yealink/{ANA}.boot", far) == "token-over"


@pytest.mark.acceptance("P-9")
def test_after_a_rotation_both_urls_work_for_a_while_and_files_lead_to_the_new_one(house: House) -> None:
    house.boots(ANA)
    old = next(u for u in links(house.data(f"yealink/{ANA}.boot", ANAS)) if ANA in u)
    house.claims.rotate(house.phone(ANA))
    house.boots(ANA)
    new = next(u for u in links(house.data(f"yealink/{ANA}.boot", ANAS)) if ANA in u)
    assert new != old
    assert house.data(old, ANAS, "https") == house.data(new, ANAS, "https")
    house.clock.seconds += house.settings.provisioning.token_overlap_s + 1
    assert house.refusal(old, ANAS, "https") == "token-over"
    house.data(new, ANAS, "https")


def test_a_box_that_lost_its_memory_with_the_phones_power_gives_them_their_files(house: House) -> None:
    house.boots(DARIO)
    house.data(f"cfg{DARIO}.xml", DARIOS)
    house.registers("p-dario-x7k2")
    house.clock.seconds += 200
    assert house.refusal(f"cfg{DARIO}.xml", DARIOS) == "window-closed"
    house.heard.close()
    for file in heard_file(house.settings).parent.glob("heard.db*"):
        file.unlink()
    house.heard = Heard(heard_file(house.settings))
    house.data(f"cfg{DARIO}.xml", DARIOS)


def test_a_technician_opens_the_window_of_a_phone(house: House) -> None:
    house.boots(DARIO)
    house.data(f"cfg{DARIO}.xml", DARIOS)
    house.registers("p-dario-x7k2")
    house.clock.seconds += 200
    assert house.refusal(f"cfg{DARIO}.xml", DARIOS) == "window-closed"
    house.claims.open(house.phone(DARIO), 60)
    house.data(f"cfg{DARIO}.xml", DARIOS)


@pytest.mark.acceptance("Q-7")
def test_no_token_key_or_secret_stands_in_the_store_nor_the_key_open_on_disk(house: House) -> None:
    house.boots(ANA)
    own = links(house.data(f"yealink/{ANA}.boot", ANAS))[0]
    claim = house.claims.claim(house.phone(ANA), 60)
    store = sqlite3.connect(house.settings.paths.state_dir / STORE)
    store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    kept = (house.settings.paths.state_dir / STORE).read_bytes()
    for secret in (own.split("/")[1], claim, sip_secret("ana")):
        assert secret.encode() not in kept
    file = house.settings.paths.identity_dir / "tokens.key"
    assert file.read_text().startswith("sealed:")
    assert file.stat().st_mode & 0o077 == 0


def test_encrypted_files_go_outside_the_window_and_open_with_the_key_that_was_told_in_it(tmp_path: Path) -> None:
    house = House(settings_in(tmp_path))
    house.boots(DARIO, CARLA)
    told = house.data(f"cfg{DARIO}.xml", DARIOS).decode()
    key = re.search("<P1359>(.*)</P1359>", told)
    assert key
    house.registers("p-dario-x7k2", "p-carla-x7k2")
    house.clock.seconds += 200
    sealed = house.data(f"cfg{DARIO}.xml", DARIOS)
    assert sealed.startswith(b"Salted__")
    assert sip_secret("dario").encode() not in sealed
    first = house.doorway.answer("cisco_spa/spa504G.cfg", "http", CARLAS, "")
    assert isinstance(first, Served)
    rule = re.search(r"<Profile_Rule>\[--key (\w{16})\] http://[^/]+/(t/.*)\$MA\.xml<", first.data.decode())
    assert rule
    assert house.data(f"{rule[2]}{CARLA}.xml", CARLAS).startswith(b"Salted__")
    house.doorway.close()
    house.heard.close()
