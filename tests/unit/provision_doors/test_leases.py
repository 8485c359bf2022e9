"""Leases out of Kea's files as Kea writes and cleans them, with what the ear heard."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.neighbours import Neighbours
from appliance.provision.bootp import DhcpSaid
from appliance.provision.dhcp import heard_file, lease_file
from appliance.provision.dhcp_ear import Heard
from appliance.provision.leases import Leases
from appliance.settings import Paths, Settings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = int(NOW.timestamp()) + 3600
HEADER = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n"


class StoodClock:
    seconds = 0.0

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return self.seconds


def row(address: str, mac: str = "00:15:65:aa:01:01", expire: int = LATER, state: int = 0, name: str = "") -> str:
    return f"{address},{mac},,3600,{expire},1,0,0,{name},{state},\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(paths=Paths(state_dir=tmp_path / "state", run_dir=tmp_path / "run"))
    lease_file(made).parent.mkdir(parents=True)
    return made


@pytest.fixture
def leases(settings: Settings) -> Leases:
    return Leases(settings, StoodClock())


def mac_of(leases: Leases, address: str) -> str:
    found = leases.lease_of(address)
    return found.mac if found else ""


def test_before_kea_ever_ran_nobody_has_anything(leases: Leases) -> None:
    assert leases.lease_of("10.20.0.50") is None


def test_rows_are_seen_as_kea_appends_them(settings: Settings, leases: Leases) -> None:
    file = lease_file(settings)
    file.write_text(HEADER)
    assert mac_of(leases, "10.20.0.50") == ""
    with file.open("a") as kea:
        kea.write(row("10.20.0.50", name="mesa"))
        kea.flush()
        found = leases.lease_of("10.20.0.50")
        assert found
        assert (found.mac, found.hostname, found.option60) == ("001565aa0101", "mesa", b"")
        kea.write(row("10.20.0.50", "00:15:65:aa:01:02"))
        kea.flush()
        assert mac_of(leases, "10.20.0.50") == "001565aa0102"


def test_half_a_row_waits_for_its_other_half(settings: Settings, leases: Leases) -> None:
    whole = row("10.20.0.50")
    lease_file(settings).write_text(HEADER + whole[:20])
    assert mac_of(leases, "10.20.0.50") == ""
    lease_file(settings).write_text(HEADER + whole)
    assert mac_of(leases, "10.20.0.50") == "001565aa0101"


def test_released_declined_and_expired_leases_are_nobodys(settings: Settings, leases: Leases) -> None:
    past = int(NOW.timestamp()) - 1
    rows = [
        row("10.20.0.50"), row("10.20.0.50", expire=past),
        row("10.20.0.51"), row("10.20.0.51", mac="", state=1),
        row("10.20.0.52"), row("10.20.0.52", state=2),
        "nonsense\n", "a,b,c,d,e,f,g,h,i,j\n", row("10.20.0.53"),
    ]  # fmt: skip
    lease_file(settings).write_text(HEADER + "".join(rows))
    assert [mac_of(leases, f"10.20.0.{n}") for n in (50, 51, 52)] == ["", "", ""]
    assert mac_of(leases, "10.20.0.53") == "001565aa0101"


def test_kea_cleaning_up_loses_nobody(settings: Settings, leases: Leases) -> None:
    file = lease_file(settings)
    file.write_text(HEADER + row("10.20.0.50"))
    assert mac_of(leases, "10.20.0.50")
    file.rename(f"{file}.1")
    Path(f"{file}.2").write_text(HEADER + row("10.20.0.49") + row("10.20.0.50", "00:00:00:00:00:09"))
    file.write_text(HEADER + row("10.20.0.51"))
    assert [bool(mac_of(leases, f"10.20.0.{n}")) for n in (49, 50, 51)] == [True, True, True]
    assert mac_of(leases, "10.20.0.50") == "001565aa0101"

    Path(f"{file}.completed").write_text(HEADER + row("10.20.0.50", "00:00:00:00:00:07"))
    file.rename(f"{file}.old")
    file.write_text(HEADER)
    assert mac_of(leases, "10.20.0.50") == "000000000007"
    assert mac_of(leases, "10.20.0.49") == ""


def test_a_lease_tells_what_its_client_said(settings: Settings, leases: Leases) -> None:
    lease_file(settings).write_text(HEADER + row("10.20.0.50"))
    heard = Heard(heard_file(settings))
    heard.note([DhcpSaid("001565aa0101", b"yealink", b"\x01\x03", "mesa-7", b"\xff")])
    found = leases.lease_of("10.20.0.50")
    assert found
    assert (found.option60, found.option55, found.option77) == (b"yealink", b"\x01\x03", b"\xff")
    heard.note([DhcpSaid("001565aa0101", parameters=b"\x01")])
    again = leases.lease_of("10.20.0.50")
    assert again
    assert (again.option60, again.option55) == (b"yealink", b"\x01"), "what was left out stands"
    heard.close()


def test_invented_clients_push_out_the_longest_unheard(tmp_path: Path) -> None:
    path = tmp_path / "heard.db"
    heard = Heard(path, most=10)
    honest = DhcpSaid("001565aa0101", b"yealink")
    for n in range(100):
        heard.note([DhcpSaid(f"02{n:010x}", b"x"), honest])
    heard.close()
    again = Heard(path, most=10)
    kept = {mac for (mac,) in again._store.execute("SELECT mac FROM said")}
    assert len(kept) == 10
    assert honest.mac in kept


def test_neighbours_are_read_once_a_second(tmp_path: Path) -> None:
    table, clock = tmp_path / "arp", StoodClock()
    table.write_text(
        "IP address       HW type     Flags       HW address            Mask     Device\n"
        "10.20.0.9        0x1         0x2         00:15:65:AA:01:01     *        voice0\n"
        "10.20.0.8        0x1         0x0         00:00:00:00:00:00     *        voice0\n"
    )
    neighbours = Neighbours(clock, table)
    assert neighbours.mac_of("10.20.0.9") == "001565aa0101"
    assert neighbours.mac_of("10.20.0.8") == ""
    table.unlink()
    assert neighbours.mac_of("10.20.0.9") == "001565aa0101"
    clock.seconds += 1.1
    assert neighbours.mac_of("10.20.0.9") == ""
