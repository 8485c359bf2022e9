"""The reader of SRTP against the figures of RFC 3711."""

import base64

from tests.lab.capture import Datagram
from tests.lab.srtp import contexts, decrypted

MASTER = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139" "0EC675AD498AFEEBB6960B3AABE6")
TRACE = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{base64.b64encode(MASTER).decode()}\r\n"


def test_session_keys_are_those_of_the_rfcs_example() -> None:
    """RFC 3711, appendix B.3."""
    (made,) = contexts(TRACE)
    assert made.cipher.hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"
    assert made.salt.hex().upper() == "30CBBC08863D8C85D49DB34A9AE1"
    assert made.auth.hex().upper() == "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"


def test_a_packet_that_no_key_vouches_for_stays_as_it_is() -> None:
    packet = Datagram(0.0, ("10.20.0.1", 30000), ("10.20.0.50", 10000), bytes([0x80, 0]) + bytes(180))
    assert decrypted([packet], TRACE) == [packet]
