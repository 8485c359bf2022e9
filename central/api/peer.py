"""Who is at the other end of the TLS connection: the site of the client's certificate, asked anew at each request."""

import ssl
from functools import lru_cache

from cryptography import x509
from flask import Request

from central.authority import serial_of
from central.enrolment import site_of_certificate
from central.errors import CertificateProblem, Words
from central.office import Office


def building_of(office: Office, asked: Request) -> str:
    """The site id of the building that asks. Raises CertificateProblem.

    TLS has already proved that the certificate is of our CA and in its time; whether it still counts is asked here.
    """
    connection = asked.environ.get("gunicorn.socket")
    der = connection.getpeercert(binary_form=True) if isinstance(connection, ssl.SSLSocket) else None
    if not der:
        raise CertificateProblem(
            Words(
                "This address is for buildings with a certificate.", "Esta dirección es para edificios con certificado."
            ),
            Words("Enrol the building with a claim code.", "Dé de alta el edificio con un código."),
        )
    return site_of_certificate(office, _serial(der))


@lru_cache(maxsize=4096)
def _serial(der: bytes) -> str:
    return serial_of(x509.load_der_x509_certificate(der))
