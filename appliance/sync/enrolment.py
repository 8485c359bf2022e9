"""Enrolling this building with a centre by a one-time claim code.

The code proves the technician to the centre, and the centre to us: its CA must have the fingerprint the code carries.
"""

import warnings
from pathlib import Path

import requests
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.errors import EnrolmentProblem, Words
from appliance.sync.client import ANSWER_S, CONNECT_S, LinkDown, read_answer
from appliance.sync.identity import Centre, Identity, new_request
from wire.claim import ClaimProblem, parse

TIMEOUT_S = (CONNECT_S, 4 * ANSWER_S)


def enrol(identity: Identity, url: str, code: str, ca_file: str = "") -> Centre:
    """Spend the code and keep the identity received. Raises EnrolmentProblem; then nothing has changed here."""
    try:
        claim = parse(code)
    except ClaimProblem as wrong:
        raise EnrolmentProblem(
            Words(str(wrong), wrong.says_es),
            Words(
                "Type it again, or ask the central office for a new one.",
                "Escríbalo otra vez, o pida uno nuevo a la central.",
            ),
        ) from wrong
    base = url.rstrip("/")
    session = requests.Session()
    session.trust_env = False
    try:
        ca_pem = Path(ca_file).read_text(encoding="ascii") if ca_file else _ask_for_ca(session, base)
        certificate = x509.load_pem_x509_certificate(ca_pem.encode())
        if not claim.vouches_for(certificate.public_bytes(Encoding.DER)):
            raise EnrolmentProblem(
                Words(
                    "The server at that address is not the one that the claim code was made for.",
                    "El servidor en esa dirección no es el que emitió el código de alta.",
                ),
                Words(
                    "Check the address; somebody may stand between. Nothing was sent to it.",
                    "Revise la dirección; puede haber alguien en medio. No se le envió nada.",
                ),
            )
        identity.directory.mkdir(parents=True, exist_ok=True)
        trusted = identity.directory / ".enrolling-ca.pem"
        trusted.write_text(ca_pem, encoding="ascii")
        try:
            key_pem, request_pem = new_request("")
            answer = read_answer(
                session.post(
                    f"{base}/building/v1/enrol",
                    json={"claim_code": code, "csr_pem": request_pem},
                    timeout=TIMEOUT_S,
                    verify=str(trusted),
                    allow_redirects=False,
                )
            )
        finally:
            trusted.unlink(missing_ok=True)
    except (requests.exceptions.RequestException, LinkDown, OSError, ValueError, KeyError) as broken:
        raise EnrolmentProblem(
            Words(
                f"The central office at {base} did not answer as one ({type(broken).__name__}).",
                f"La central en {base} no respondió como tal ({type(broken).__name__}).",
            ),
            Words(
                "Check the address, the network and this box's clock; the code is still good.",
                "Revise la dirección, la red y el reloj del equipo; el código sigue siendo válido.",
            ),
        ) from broken
    centre = Centre(base, str(answer["site_id"]))
    identity.keep(key_pem, str(answer["certificate_pem"]), str(answer["ca_pem"]), centre)
    return centre


def _ask_for_ca(session: requests.Session, base: str) -> str:
    """The CA as the server shows it. Not trusted yet: the caller checks it against the claim code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
        answer = session.get(f"{base}/building/v1/ca", timeout=TIMEOUT_S, verify=False, allow_redirects=False)
    return str(read_answer(answer)["ca_pem"])
