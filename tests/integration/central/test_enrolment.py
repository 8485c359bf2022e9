"""Claim codes and certificates over time; the clock is moved, nothing waits."""

from pathlib import Path

import pytest
from cryptography import x509

from central.authority import Authority, ensure_server_certificate, make_authority, serial_of
from central.enrolment import enrol, make_claim, revoke, rotate, site_of_certificate
from central.errors import CertificateProblem, ClaimRefused, ThrottledProblem, WireInputProblem
from central.model import ClaimCode
from central.office import Office
from tests.integration.central.conftest import SettableClock
from tests.integration.central.making import WHO, a_site
from tests.integration.central.requests_for import a_request
from wire.claim import parse

pytestmark = pytest.mark.acceptance("Z-1")
ADDRESS = "198.51.100.7"


@pytest.fixture
def authority(tmp_path: Path, clock: SettableClock) -> Authority:
    return make_authority(tmp_path / "ca", clock.now())


def serial(pem: str) -> str:
    return serial_of(x509.load_pem_x509_certificate(pem.encode()))


def test_a_code_is_kept_as_a_hash_and_is_void_when_another_is_made(office: Office, authority: Authority) -> None:
    site = a_site(office)
    first, second = make_claim(office, authority, site, WHO), make_claim(office, authority, site, WHO)
    with office.reading() as session:
        stored = [c.hash for c in session.query(ClaimCode)]
    assert len(stored) == 1
    assert parse(second).secret not in stored[0]
    with pytest.raises(ClaimRefused):
        enrol(office, authority, first, a_request(), ADDRESS)
    assert enrol(office, authority, second, a_request(), ADDRESS).site_id == site


def test_an_expired_code_is_refused(office: Office, authority: Authority, clock: SettableClock) -> None:
    code = make_claim(office, authority, a_site(office), WHO)
    clock.forward(hours=office.settings.security.claim_valid_h)
    with pytest.raises(ClaimRefused):
        enrol(office, authority, code, a_request(), ADDRESS)


def test_an_unsound_request_does_not_spend_the_code(office: Office, authority: Authority) -> None:
    code = make_claim(office, authority, a_site(office), WHO)
    for unsound in ("", "-----BEGIN CERTIFICATE REQUEST-----", "x" * 9000):
        with pytest.raises(WireInputProblem):
            enrol(office, authority, code, unsound, ADDRESS)
    assert enrol(office, authority, code, a_request(), ADDRESS).site_id


def test_a_code_of_another_centre_is_refused(office: Office, authority: Authority) -> None:
    code = make_claim(office, authority, a_site(office), WHO)
    other = code.split("@")[0] + "@0000-0000-0000-0000"
    with pytest.raises(ClaimRefused):
        enrol(office, authority, other, a_request(), ADDRESS)


def test_who_guesses_codes_waits_and_others_do_not(office: Office, authority: Authority, clock: SettableClock) -> None:
    code = make_claim(office, authority, a_site(office), WHO)
    for _ in range(10):
        with pytest.raises(ClaimRefused):
            enrol(office, authority, "0000-0000-0000@" + code.split("@")[1], a_request(), ADDRESS)
    with pytest.raises(ThrottledProblem):
        enrol(office, authority, code, a_request(), ADDRESS)
    assert enrol(office, authority, code, a_request(), "198.51.100.8").site_id
    clock.forward(minutes=15)
    with pytest.raises(ClaimRefused):
        enrol(office, authority, code, a_request(), ADDRESS)


def test_after_a_renewal_is_used_the_old_certificate_counts_for_a_short_while_only(
    office: Office, authority: Authority, clock: SettableClock
) -> None:
    site = a_site(office)
    old = serial(
        enrol(office, authority, make_claim(office, authority, site, WHO), a_request(), ADDRESS).certificate_pem
    )
    assert site_of_certificate(office, old) == site
    clock.forward(days=300)
    new = serial(rotate(office, authority, site, a_request()))
    clock.forward(days=10)  # the answer was lost: the building still has only its old one
    assert site_of_certificate(office, old) == site
    assert site_of_certificate(office, new) == site
    clock.forward(minutes=59)
    assert site_of_certificate(office, old) == site
    clock.forward(minutes=2)
    with pytest.raises(CertificateProblem, match="no longer valid"):
        site_of_certificate(office, old)
    assert site_of_certificate(office, new) == site
    clock.forward(days=800)
    with pytest.raises(CertificateProblem, match="no longer valid"):
        site_of_certificate(office, new)


def test_a_revoked_building_has_nothing_left(office: Office, authority: Authority) -> None:
    site = a_site(office)
    code = make_claim(office, authority, site, WHO)
    held = serial(enrol(office, authority, code, a_request(), ADDRESS).certificate_pem)
    unused = make_claim(office, authority, site, WHO)
    assert revoke(office, site, WHO) == 1
    with pytest.raises(CertificateProblem, match="revoked"):
        site_of_certificate(office, held)
    for spent in (code, unused):
        with pytest.raises(ClaimRefused):
            enrol(office, authority, spent, a_request(), ADDRESS)


def test_what_the_building_asks_for_does_not_choose_its_name(office: Office, authority: Authority) -> None:
    site = a_site(office)
    code = make_claim(office, authority, site, WHO)
    pem = enrol(office, authority, code, a_request("another-site"), ADDRESS).certificate_pem
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert site in certificate.subject.rfc4514_string()
    assert "another-site" not in certificate.subject.rfc4514_string()
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_server_certificate_is_renewed_before_it_ends_and_for_new_names(
    authority: Authority, tmp_path: Path, clock: SettableClock
) -> None:
    names = ("central.example.mx", "203.0.113.1")
    assert ensure_server_certificate(authority, tmp_path, names, clock.now())
    assert not ensure_server_certificate(authority, tmp_path, names, clock.now())
    assert ensure_server_certificate(authority, tmp_path, (*names, "localhost"), clock.now())
    clock.forward(days=800)
    assert ensure_server_certificate(authority, tmp_path, (*names, "localhost"), clock.now())
    assert (tmp_path / "server.pem").stat().st_mode & 0o777 == 0o600
