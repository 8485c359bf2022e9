"""The office's own small CA (EC P-256): its certificate, the server's, and the buildings'.

Only makes and reads certificates; whether a building's certificate counts is enrolment.py's.
"""

import ipaddress
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from central.errors import SetUpProblem, WireInputProblem, Words
from wire.claim import PREFIX_LENGTH, fingerprint

CA_YEARS = 20
SERVER_DAYS = 825
RENEW_DAYS = 30
"""The server's certificate is made anew when fewer days are left."""
CLOCK_SLACK = timedelta(hours=24)
"""Buildings' clocks may be behind when they first come."""
MAX_REQUEST = 8 * 1024
ALLOWED_CURVES = ("secp256r1", "secp384r1")


@dataclass(frozen=True, slots=True)
class Issued:
    serial: str
    pem: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Authority:
    """The CA's certificate and key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER, hex."""
        return fingerprint(self.certificate.public_bytes(Encoding.DER))

    @property
    def claim_prefix(self) -> str:
        """The part of the fingerprint that claim codes carry."""
        return self.fingerprint[:PREFIX_LENGTH]

    def sign_building(self, request_pem: str, site_id: str, now: datetime, days: int) -> Issued:
        """A client certificate for a building's key. Raises WireInputProblem for a request that is not sound."""
        key = _requested_key(request_pem)
        until = min(now + timedelta(days=days), self.certificate.not_valid_after_utc)
        certificate = self._build(
            x509.Name(
                [
                    x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Conserje building"),
                    x509.NameAttribute(NameOID.COMMON_NAME, site_id[:64]),
                ]
            ),
            key,
            now,
            until,
            [x509.UniformResourceIdentifier(f"urn:conserje:site:{site_id}")],
            ExtendedKeyUsageOID.CLIENT_AUTH,
        )
        return Issued(serial_of(certificate), certificate.public_bytes(Encoding.PEM).decode(), until)

    def sign_server(self, key: ec.EllipticCurvePublicKey, names: tuple[str, ...], now: datetime) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
        until = now + timedelta(days=SERVER_DAYS)
        return self._build(subject, key, now, until, [_alternative(n) for n in names], ExtendedKeyUsageOID.SERVER_AUTH)

    def _build(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        now: datetime,
        until: datetime,
        alternatives: list[x509.GeneralName],
        usage: x509.ObjectIdentifier,
    ) -> x509.Certificate:
        authority_id = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - CLOCK_SLACK)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority_id), critical=False)
            .sign(self.key, hashes.SHA256())
        )


def serial_of(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:x}"


def make_authority(directory: Path, now: datetime) -> Authority:
    """The CA in this directory; made when there is none."""
    if (directory / "ca.pem").exists():
        return load_authority(directory)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Conserje"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Conserje central {x509.random_serial_number() % 16**8:08x}"),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + timedelta(days=365 * CA_YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_private(directory / "ca.key", _key_pem(key))
    (directory / "ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    return Authority(certificate, key)


def load_authority(directory: Path) -> Authority:
    """Raises SetUpProblem when the CA cannot be read."""
    try:
        certificate = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
        key = load_pem_private_key((directory / "ca.key").read_bytes(), None)
    except (OSError, ValueError) as broken:
        raise SetUpProblem(
            Words(f"The CA in {directory} cannot be read.", f"No se puede leer la CA en {directory}."),
            Words("Run `conserje-central init`, or restore it.", "Ejecute `conserje-central init`, o restáurela."),
        ) from broken
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Authority(certificate, key)


def ensure_server_certificate(authority: Authority, directory: Path, names: tuple[str, ...], now: datetime) -> bool:
    """Make the server's key and certificate when missing, nearly expired or for other names. Says whether it did."""
    path = directory / "server.pem"
    if path.exists():
        current = x509.load_pem_x509_certificate(path.read_bytes())
        wanted = {str(_alternative(n).value) for n in names}
        held = current.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        fresh = current.not_valid_after_utc - now > timedelta(days=RENEW_DAYS)
        if fresh and {str(n.value) for n in held} == wanted and current.issuer == authority.certificate.subject:
            return False
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = authority.sign_server(key.public_key(), names, now)
    write_private(path, _key_pem(key) + certificate.public_bytes(Encoding.PEM))
    return True


def write_private(path: Path, data: bytes) -> None:
    """Replace a file whole, readable by its owner only."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)


def _requested_key(request_pem: str) -> ec.EllipticCurvePublicKey:
    unsound = WireInputProblem(
        Words("The certificate request is not sound.", "La solicitud de certificado no es válida."),
        Words("It must be a PKCS#10 PEM with an EC P-256 key.", "Debe ser PKCS#10 en PEM con llave EC P-256."),
    )
    if len(request_pem) > MAX_REQUEST:
        raise unsound
    try:
        request = x509.load_pem_x509_csr(request_pem.encode())
        key = request.public_key()
        sound = request.is_signature_valid
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as broken:
        raise unsound from broken
    if not sound or not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in ALLOWED_CURVES:
        raise unsound
    return key


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
