"""The claim code that a technician types once to enrol a building: what it holds, how it is written and read.

It carries two things: a secret that proves the technician to the centre, and the start of the SHA-256 fingerprint of
the centre's CA certificate, which proves the centre to the building. Making, storing and spending codes is central's.
"""

import hashlib
from dataclasses import dataclass, field

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: without I, L, O and U, which are misread; what is typed for them is understood."""
SECRET_LENGTH = 12
"""60 bits: enough for a code that is spent once, expires and is throttled."""
PREFIX_LENGTH = 16
"""Hex digits of the CA's fingerprint: 64 bits that a false CA would have to match."""

_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})


class ClaimProblem(ValueError):
    """What was typed is no claim code; the message says why, in English. `says_es` says it in Spanish."""

    def __init__(self, says_en: str, says_es: str) -> None:
        super().__init__(says_en)
        self.says_en = says_en
        self.says_es = says_es


@dataclass(frozen=True, slots=True)
class Claim:
    """`secret`: 12 letters of ALPHABET. `ca_fingerprint_prefix`: 16 lower-case hex digits."""

    secret: str = field(repr=False)
    ca_fingerprint_prefix: str

    def vouches_for(self, ca_der: bytes) -> bool:
        """Whether this DER certificate is the CA that the code was made under."""
        return fingerprint(ca_der).startswith(self.ca_fingerprint_prefix)


def fingerprint(ca_der: bytes) -> str:
    """SHA-256 of a DER certificate, lower-case hex."""
    return hashlib.sha256(ca_der).hexdigest()


def write(claim: Claim) -> str:
    """The code as it is shown: ``K7QM-2XPD-9WHT@6F1C-9A0B-2D3E-4F50``."""
    return f"{_grouped(claim.secret)}@{_grouped(claim.ca_fingerprint_prefix.upper())}"


def parse(code: str) -> Claim:
    """The claim in what was typed. Case, blanks, hyphens and the @ do not matter. Raises ClaimProblem."""
    typed = "".join(c for c in code.upper() if c not in " -@\t\r\n").translate(_MISREAD)
    wanted = SECRET_LENGTH + PREFIX_LENGTH
    if len(typed) != wanted:
        raise ClaimProblem(
            f"A claim code has {wanted} letters and digits; this one has {len(typed)}.",
            f"Un código de alta tiene {wanted} letras y dígitos; este tiene {len(typed)}.",
        )
    secret, prefix = typed[:SECRET_LENGTH], typed[SECRET_LENGTH:]
    wrong = sorted({c for c in secret if c not in ALPHABET} | {c for c in prefix if c not in "0123456789ABCDEF"})
    if wrong:
        raise ClaimProblem(
            f"A claim code never has {' or '.join(wrong)} there; look at it again.",
            f"Un código de alta nunca lleva {' ni '.join(wrong)} en ese lugar; revíselo.",
        )
    return Claim(secret, prefix.lower())


def _grouped(text: str) -> str:
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))
