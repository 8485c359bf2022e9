"""The site's own authority: openssl trusts what it issues, and nothing of its keys lies open on the disk."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from appliance.directory.site_ca import ca_certificate, server_files, site_ca
from appliance.settings import Paths, Settings

ADDRESS = "10.20.0.1"


class StoodClock:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return 0.0


NOW = StoodClock(datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings(), paths=Paths(state_dir=tmp_path / "state", run_dir=tmp_path / "run"))


@pytest.mark.acceptance("P-3")
def test_openssl_trusts_the_servers_certificate_for_its_address(settings: Settings) -> None:
    certificate, _ = server_files(settings, NOW, "phones", ADDRESS)
    ca = settings.paths.identity_dir / "site-ca.crt"
    words = ["openssl", "verify", "-CAfile", str(ca), "-verify_ip", ADDRESS, "-purpose", "sslserver", str(certificate)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ca_certificate(settings) == ca.read_bytes()


@pytest.mark.acceptance("Q-7")
def test_keys_are_sealed_on_the_disk_and_open_only_in_memory(settings: Settings) -> None:
    _, key = server_files(settings, NOW, "phones", ADDRESS)
    kept = [p for p in settings.paths.state_dir.rglob("*") if p.is_file()]
    assert kept
    assert not [p for p in kept if b"PRIVATE KEY" in p.read_bytes()]
    assert b"PRIVATE KEY" in key.read_bytes()
    assert key.stat().st_mode & 0o077 == 0
    assert settings.paths.run_dir in key.parents


def test_the_same_certificate_is_kept_until_the_address_changes_or_it_grows_old(settings: Settings) -> None:
    first = server_files(settings, NOW, "phones", ADDRESS)[0].read_bytes()
    assert server_files(settings, NOW, "phones", ADDRESS)[0].read_bytes() == first
    moved = server_files(settings, NOW, "phones", "10.20.0.2")[0].read_bytes()
    assert moved != first
    later = StoodClock(NOW.now() + timedelta(days=365 * 4 + 30))
    assert server_files(settings, later, "phones", "10.20.0.2")[0].read_bytes() != moved
    assert site_ca(settings, later).certificate == site_ca(settings, NOW).certificate


def test_a_box_without_a_clock_makes_certificates_that_are_valid(settings: Settings) -> None:
    certificate, _ = server_files(settings, StoodClock(datetime(1970, 1, 1, tzinfo=UTC)), "phones", ADDRESS)
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    assert found.not_valid_before_utc <= datetime(2020, 1, 2, tzinfo=UTC) < found.not_valid_after_utc


def test_an_authority_whose_key_cannot_be_opened_is_made_anew(settings: Settings) -> None:
    before = site_ca(settings, NOW).certificate
    (settings.paths.identity_dir / "seal.key").unlink()
    after = site_ca(settings, NOW).certificate
    assert after != before
    server_files(settings, NOW, "phones", ADDRESS)
