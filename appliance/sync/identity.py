"""This building's identity towards the centre: one PEM file with key and certificate, and the centre's CA.

Replaced whole, so that a power cut in a rotation leaves the old identity or the new one.
"""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from appliance.errors import EnrolmentProblem, Words

RENEW_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Centre:
    """Where the centre is and which site this is, as learnt at enrolment."""

    url: str
    site_id: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Files of an enrolled building."""

    directory: Path

    @property
    def pem(self) -> Path:
        """Private key and certificate, mode 0600."""
        return self.directory / "building.pem"

    @property
    def ca(self) -> Path:
        return self.directory / "centre-ca.pem"

    @property
    def enrolled(self) -> bool:
        return self.pem.exists() and self.ca.exists() and (self.directory / "centre.json").exists()

    def centre(self) -> Centre:
        """Raises EnrolmentProblem when this building was never enrolled."""
        try:
            return Centre(**json.loads((self.directory / "centre.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            raise EnrolmentProblem(
                Words(
                    "This building is not enrolled with a centre.", "Este edificio no está dado de alta en una central."
                ),
                Words(
                    "Ask for a claim code and run `conserje enrol`.",
                    "Pida un código de alta y ejecute `conserje enrol`.",
                ),
            ) from None

    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.pem.read_bytes())

    def expired(self, now: datetime) -> bool:
        return now > self.certificate().not_valid_after_utc

    def due(self, now: datetime) -> bool:
        """Whether it is time to ask for a new certificate."""
        return now > self.certificate().not_valid_after_utc - RENEW_BEFORE

    def keep(self, key_pem: bytes, certificate_pem: str, ca_pem: str, centre: Centre) -> None:
        """Store an identity just received. The key file is never readable by others, not even for a moment."""
        self.directory.mkdir(parents=True, exist_ok=True)
        _replace(self.ca, ca_pem.encode(), 0o644)
        _replace(self.directory / "centre.json", json.dumps(asdict(centre)).encode(), 0o644)
        _replace(self.pem, key_pem + certificate_pem.encode(), 0o600)


def _replace(path: Path, content: bytes, mode: int) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)


def new_request(site_id: str) -> tuple[bytes, str]:
    """A fresh EC P-256 key (PEM) and a certificate request for it (PEM). The key never leaves the box."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, site_id or "building")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key_pem, request.public_bytes(serialization.Encoding.PEM).decode()
