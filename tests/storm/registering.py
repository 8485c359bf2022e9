"""How a phone of a storm registers: by digest over UDP, TCP or TLS; over UDP sent again as RFC 3261 §17.1.2 says."""

import secrets
import socket
import ssl
from dataclasses import dataclass, field

from appliance.sip_edge.digest import Credentials, parse, response
from tests.lab.siptext import Message
from tests.lab.siptext import parse as parse_sip
from tests.lab.useragent import SipAccount

T1_S, T2_S, TIMER_F_S = 0.5, 4.0, 32.0
SIP_PORT = 5060


class NotRegistered(Exception):
    """The registrar refused, or did not answer."""


@dataclass
class Registration:
    """One phone's line at the registrar. `retries`: messages sent again for want of an answer."""

    account: SipAccount
    address: str
    user_agent: str
    retries: int = 0
    trust: ssl.SSLContext | None = field(default=None, repr=False)
    algorithm: str = "MD5"
    _call_id: str = field(default_factory=lambda: secrets.token_hex(8))
    _tag: str = field(default_factory=lambda: secrets.token_hex(4))
    _cseq: int = 0

    def register(self) -> int:
        """The seconds granted. Raises NotRegistered, OSError."""
        with self._line() as line:
            refused = self._ask(line, "")
            if refused.status == 401:
                offered = [parse(v) for v in (_fake_response(h) for h in refused.all("www-authenticate"))]
                challenge = next((c for c in offered if c and c.algorithm == self.algorithm), None)
                if challenge is None:
                    raise NotRegistered("no challenge that it knows")
                refused = self._ask(line, self._authorization(challenge))
            if refused.status != 200:
                raise NotRegistered(f"{self.account.user}: {refused.start}")
            return int(refused.get("expires") or self.account.expires_s)

    def _line(self) -> socket.socket:
        there = (self.account.domain, self.account.port)
        if self.account.transport == "udp":
            line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            line.bind((self.address, SIP_PORT))
            line.connect(there)
            return line
        stream = socket.create_connection(there, TIMER_F_S, (self.address, 0))
        if self.account.transport == "tls":
            context = self.trust or ssl.create_default_context()
            return context.wrap_socket(stream, server_hostname=self.account.domain)
        return stream

    def _ask(self, line: socket.socket, authorization: str) -> Message:
        self._cseq += 1
        request = self._request(line.getsockname()[1], authorization)
        if line.type != socket.SOCK_DGRAM:
            line.sendall(request)
            return _whole(line, self._cseq)
        patience, waited = T1_S, 0.0
        while waited < TIMER_F_S:
            line.send(request)
            line.settimeout(patience)
            try:
                while True:
                    answer = parse_sip(line.recv(4096))
                    if answer and answer.status >= 200 and answer.get("cseq").split()[0] == str(self._cseq):
                        return answer
            except TimeoutError:
                self.retries += 1
                waited += patience
                patience = min(2 * patience, T2_S)
        raise NotRegistered(f"{self.account.user}: the registrar is silent")

    def _request(self, port: int, authorization: str) -> bytes:
        a, transport = self.account, self.account.transport
        aor = f"sip:{a.user}@{a.domain}"
        lines = [
            f"REGISTER sip:{a.domain} SIP/2.0",
            f"Via: SIP/2.0/{transport.upper()} {self.address}:{port};branch=z9hG4bK{secrets.token_hex(6)};rport",
            "Max-Forwards: 70",
            f"From: <{aor}>;tag={self._tag}",
            f"To: <{aor}>",
            f"Call-ID: {self._call_id}",
            f"CSeq: {self._cseq} REGISTER",
            f"Contact: <sip:{a.user}@{self.address}:{port};transport={transport}>",
            f"Expires: {a.expires_s}",
            f"User-Agent: {self.user_agent or 'virtual'}",
            *([f"Authorization: {authorization}"] if authorization else []),
            "Content-Length: 0",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _authorization(self, challenge: Credentials) -> str:
        a, uri, cnonce = self.account, f"sip:{self.account.domain}", secrets.token_hex(4)
        nc = "00000001"
        ours = Credentials(
            a.auth_user or a.user, challenge.realm, challenge.nonce, uri, "", self.algorithm, "auth", nc, cnonce
        )
        return (
            f'Digest username="{ours.username}", realm="{ours.realm}", nonce="{ours.nonce}", uri="{uri}", '
            f'response="{response(ours, "REGISTER", a.secret)}", algorithm={self.algorithm}, qop=auth, '
            f'nc={nc}, cnonce="{cnonce}"'
        )


def _fake_response(challenge: str) -> str:
    """A challenge in the form of credentials, so that one parser reads both."""
    return f'{challenge}, username="", uri="", response=""'


def _whole(line: socket.socket, cseq: int) -> Message:
    line.settimeout(TIMER_F_S)
    data = b""
    while True:
        more = line.recv(4096)
        if not more:
            raise NotRegistered("the registrar closed the connection")
        data += more
        while b"\r\n\r\n" in data:
            head, _, rest = data.partition(b"\r\n\r\n")
            answer = parse_sip(head + b"\r\n\r\n")
            length = int(answer.get("content-length") or 0) if answer else 0
            if len(rest) < length:
                break
            data = rest[length:]
            if answer and answer.status >= 200 and answer.get("cseq").split()[0] == str(cseq):
                return answer
