"""The site's own certificate authority: what phones are told to trust when this box serves them over TLS.

EC P-256, made on first use, its keys sealed at rest like every secret of the box. For any room that serves TLS.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.directory.sealing import SealBox, open_box
from appliance.errors import DirectoryProblem
from appliance.ports import Clock
from appliance.settings import Settings

CA_CERTIFICATE, CA_KEY = "site-ca.crt", "site-ca.key"
CA_YEARS, SERVER_YEARS, RENEW_YEARS = 30, 5, 1
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
"""Everything is valid from here on: a phone checks before it has asked anyone for the time."""


@dataclass(frozen=True, slots=True)
class SiteCa:
    """`certificate`: PEM, for phones; whoever asks may have it."""

    certificate: bytes
    _key: ec.EllipticCurvePrivateKey

    def issue(self, name: str, address: str, now: datetime) -> tuple[bytes, bytes]:
        """Certificate and key, both PEM, of a server at this IPv4 address."""
        key = ec.generate_private_key(ec.SECP256R1())
        ca = x509.load_pem_x509_certificate(self.certificate)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(EPOCH)
            .not_valid_after(max(now, EPOCH) + timedelta(days=365 * SERVER_YEARS))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address(address)), x509.DNSName(name)]), critical=False
            )
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM) + self.certificate, _pem(key)


def site_ca(settings: Settings, clock: Clock) -> SiteCa:
    """The site's authority; made where there is none, or where its key cannot be opened any more."""
    folder = settings.paths.identity_dir
    box = open_box(folder)
    found = _read(folder, box)
    if found is not None:
        return found
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Conserje, phones of this building")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(EPOCH)
        .not_valid_after(max(clock.now(), EPOCH) + timedelta(days=365 * CA_YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_signs(), critical=True)
        .sign(key, hashes.SHA256())
    )
    # The key first: a certificate without its key would be thrown away, a key without its certificate is.
    _put(folder / CA_KEY, box.seal(_pem(key).decode()).encode(), 0o600)
    _put(folder / CA_CERTIFICATE, made.public_bytes(serialization.Encoding.PEM), 0o644)
    return _read(folder, box) or SiteCa(made.public_bytes(serialization.Encoding.PEM), key)


def server_files(settings: Settings, clock: Clock, name: str, address: str) -> tuple[Path, Path]:
    """Files with certificate and key for a server of this box, in memory; the same as before while they are good."""
    ca, folder, box = site_ca(settings, clock), settings.paths.identity_dir, open_box(settings.paths.identity_dir)
    kept, sealed = folder / f"{name}.crt", folder / f"{name}.key"
    certificate = key = b""
    with suppress(OSError, ValueError, DirectoryProblem):
        certificate, key = kept.read_bytes(), box.open(sealed.read_text()).encode()
        if not _good(certificate, key, ca, address, clock.now()):
            certificate = b""
    if not certificate:
        certificate, key = ca.issue(f"{name}.conserje.internal", address, clock.now())
        _put(sealed, box.seal(key.decode()).encode(), 0o600)
        _put(kept, certificate, 0o644)
    there = settings.paths.run_dir / "tls"
    there.mkdir(parents=True, exist_ok=True, mode=0o700)
    _put(there / f"{name}.crt", certificate, 0o644)
    _put(there / f"{name}.key", key, 0o600)
    return there / f"{name}.crt", there / f"{name}.key"


def ca_certificate(settings: Settings) -> bytes:
    """What phones are to trust, PEM; empty where no server of this box has served TLS yet."""
    try:
        return (settings.paths.identity_dir / CA_CERTIFICATE).read_bytes()
    except OSError:
        return b""


def _read(folder: Path, box: SealBox) -> SiteCa | None:
    try:
        certificate = (folder / CA_CERTIFICATE).read_bytes()
        pem = box.open((folder / CA_KEY).read_text()).encode()
        key = serialization.load_pem_private_key(pem, None)
        public = x509.load_pem_x509_certificate(certificate).public_key()
    except (OSError, ValueError, DirectoryProblem):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or public != key.public_key():
        return None
    return SiteCa(certificate, key)


def _good(certificate: bytes, key: bytes, ca: SiteCa, address: str, now: datetime) -> bool:
    found = x509.load_pem_x509_certificate(certificate)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    same_key = serialization.load_pem_private_key(key, None).public_key() == found.public_key()
    of_ours = certificate.endswith(ca.certificate)
    here = ip_address(address) in names.get_values_for_type(x509.IPAddress)
    return same_key and of_ours and here and found.not_valid_after_utc - now > timedelta(days=365 * RENEW_YEARS)


def _signs() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _put(path: Path, data: bytes, mode: int) -> None:
    """The file whole, or as it was."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)
