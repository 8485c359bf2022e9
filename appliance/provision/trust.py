"""The site's certificate authority as phones' files tell it, so that a phone knows who answers it over HTTPS or TLS.

Made by the process `https` or `haproxy` on its first start (directory/site_ca.py); until
then files tell nothing of it.
"""

from dataclasses import dataclass

from appliance.directory.site_ca import ca_certificate
from appliance.settings import Settings

CA_PATH = "ca.crt"


@dataclass(frozen=True, slots=True)
class Trust:
    """`url`: where the certificate is, plain HTTP. `pem`: the certificate. Both empty: phones are told of none."""

    url: str = ""
    pem: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """Of PEM, for files whose parser wants them one by one."""
        return tuple(self.pem.splitlines())

    @property
    def base64(self) -> str:
        """Between the lines of PEM, in one piece (RFC 7468 §5)."""
        return "".join(line for line in self.pem.splitlines() if not line.startswith("-----"))


NO_TRUST = Trust()


def trust_of(settings: Settings) -> Trust:
    """What this box's phones may be told; NO_TRUST while it has no authority, or nothing to be checked by it."""
    if not (settings.provisioning.https_links or (settings.provisioning.secure_sip and settings.sip.tls)):
        return NO_TRUST
    pem = ca_certificate(settings).decode("ascii", errors="replace")
    if not pem:
        return NO_TRUST
    address, port = settings.network.voice_address, settings.provisioning.http_port
    place = address if port == 80 else f"{address}:{port}"
    return Trust(f"http://{place}/{CA_PATH}", pem)
