"""What was said in an SRTP stream, by the keys that the phone's own trace of its SDP shows (RFC 3711, RFC 4568).

For AES_CM_128_HMAC_SHA1_80 and _32 without MKI, as the lab's phones speak it. A packet that none of the keys vouches
for is left as it is: on the wire it is noise.
"""

import hashlib
import hmac
import re
import struct
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.lab.capture import Datagram

_CRYPTO = re.compile(r"a=crypto:\d+ AES_CM_128_HMAC_SHA1_(80|32) inline:([A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])")
KEY, SALT, HEADER = 16, 14, 12


@dataclass(frozen=True, slots=True)
class Context:
    """Session keys (RFC 3711 §4.3.1, rate 0)."""

    cipher: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    auth: bytes = field(repr=False)
    tag: int

    def opened(self, packet: bytes, rollovers: int) -> bytes | None:
        """The RTP packet; None where the tag is not of this key and this count of rollovers."""
        body, tag = packet[: -self.tag], packet[-self.tag :]
        made = hmac.digest(self.auth, body + struct.pack(">I", rollovers), hashlib.sha1)[: self.tag]
        if made != tag:
            return None
        sequence, ssrc = struct.unpack_from(">H", body, 2)[0], struct.unpack_from(">I", body, 8)[0]
        start = HEADER + 4 * (body[0] & 15)
        index = (rollovers << 16) | sequence
        vector = (int.from_bytes(self.salt) << 16) ^ (ssrc << 64) ^ (index << 16)
        return body[:start] + _keystream(self.cipher, vector, body[start:])


def contexts(trace: str) -> tuple[Context, ...]:
    """Of every key in a trace of SIP messages, the newest first."""
    found = dict.fromkeys(_CRYPTO.findall(trace))
    return tuple(_context(b64decode(inline), int(bits) // 8) for bits, inline in reversed(found))


def decrypted(packets: Iterable[Datagram], trace: str) -> list[Datagram]:
    """The same, those of SRTP opened."""
    keys = contexts(trace)
    by_stream: dict[tuple[int, object], tuple[Context, int, int]] = {}
    out = []
    for packet in packets:
        data = packet.payload
        if len(data) < HEADER + 10 or data[0] >> 6 != 2 or 64 <= data[1] & 127 < 96:
            out.append(packet)
            continue
        sequence = struct.unpack_from(">H", data, 2)[0]
        stream = (struct.unpack_from(">I", data, 8)[0], packet.destination)
        known = by_stream.get(stream)
        tries = [(k, 0) for k in keys]
        if known:
            key, rollovers, last = known
            tries = [(key, rollovers + (sequence < last and last - sequence > 1 << 15)), *tries]
        for key, rollovers in tries:
            opened = key.opened(data, rollovers)
            if opened is not None:
                by_stream[stream] = (key, rollovers, sequence)
                packet = replace(packet, payload=opened)
                break
        out.append(packet)
    return out


def _context(master: bytes, tag: int) -> Context:
    key, salt = master[:KEY], master[KEY : KEY + SALT]

    def derived(label: int, octets: int) -> bytes:
        return _keystream(key, (int.from_bytes(salt) ^ (label << 48)) << 16, bytes(octets))

    return Context(derived(0, KEY), derived(2, SALT), derived(1, 20), tag)


def _keystream(key: bytes, vector: int, over: bytes) -> bytes:
    made = Cipher(algorithms.AES(key), modes.CTR(vector.to_bytes(16))).encryptor()
    return made.update(over) + made.finalize()
