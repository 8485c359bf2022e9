"""A small SIP user agent over UDP for tests: it registers and calls as a phone does, and says just what it is told.

One message at a time, no threads: a test sends, expects, and looks at what came.
"""

import re
import secrets
import socket
import time
from dataclasses import dataclass, field, replace

from appliance.sip_edge.digest import Credentials, parse, response

ADDRESS = "127.0.0.1"
PATIENCE_S = 5.0


@dataclass(frozen=True)
class Message:
    """A SIP message as it came."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @classmethod
    def of(cls, data: bytes) -> "Message":
        head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return cls(start, tuple((n.strip().lower(), v.strip()) for n, _, v in pairs), body)

    def all(self, name: str) -> list[str]:
        return [v for n, v in self.headers if n == name.lower()]

    def __getitem__(self, name: str) -> str:
        found = self.all(name)
        return found[0] if found else ""

    @property
    def status(self) -> int:
        return int(self.start.split(" ")[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        return "" if self.status else self.start.split(" ")[0]

    @property
    def uri(self) -> str:
        return self.start.split(" ")[1]

    @property
    def media(self) -> tuple[str, int]:
        """Where its SDP wants RTP."""
        address = re.search(r"^c=IN IP4 (\S+)", self.body, re.M)
        port = re.search(r"^m=audio (\d+)", self.body, re.M)
        assert address
        assert port
        return address.group(1), int(port.group(1))


def tag_of(header: str) -> str:
    found = re.search(r";tag=([^;\s>]+)", header)
    return found.group(1) if found else ""


@dataclass
class Call:
    """A dialog as this agent sees it."""

    call_id: str
    local: str
    remote: str
    target: str
    routes: tuple[str, ...] = ()
    cseq: int = 1
    invite: Message | None = None
    branch: str = ""


@dataclass
class Agent:
    """One phone (or carrier): a socket, a name and a secret."""

    user: str
    secret: str
    registrar: tuple[str, int]
    algorithm: str = "MD5"
    address: str = ADDRESS
    _socket: socket.socket = field(init=False)
    rtp: socket.socket = field(init=False)
    _waiting: list[Message] = field(default_factory=list)
    _challenge: Credentials | None = None
    _nc: int = 0
    port: int = 0
    supported: str = ""
    """Option tags of its Supported header."""
    health: int = 200
    """What it answers to OPTIONS."""

    def __post_init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.address, self.port))
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.bind((self.address, 0))
        self.rtp.settimeout(0.5)
        self.port = self._socket.getsockname()[1]

    def close(self) -> None:
        self._socket.close()
        self.rtp.close()

    # Wire

    def send(self, start: str, headers: list[str], body: str = "") -> None:
        if body:
            headers = [*headers, "Content-Type: application/sdp"]
        text = "\r\n".join([start, *headers, f"Content-Length: {len(body.encode())}", "", body])
        self._socket.sendto(text.encode(), self.registrar)

    def receive(self, seconds: float = PATIENCE_S) -> Message | None:
        """The next message; OPTIONS are answered on the way."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data, source = self._socket.recvfrom(65535)
            except TimeoutError:
                return None
            message = Message.of(data)
            if message.method == "OPTIONS":
                home, self.registrar = self.registrar, source
                self.answer(message, self.health)
                self.registrar = home
                continue
            return message
        return None

    def expect(self, *wanted: str | int, seconds: float = PATIENCE_S) -> Message:
        """The next message of these methods or statuses; others are skipped. Raises AssertionError."""
        seen: list[str] = []
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            message = self.receive(left)
            if message is None:
                break
            if (message.status or message.method) in wanted:
                return message
            seen.append(message.start)
        raise AssertionError(f"{self.user} waited for {wanted} and got {seen}")

    def nothing(self, seconds: float = 0.5) -> bool:
        return self.receive(seconds) is None

    def answer(
        self,
        request: Message,
        status: int,
        reason: str = "",
        body: str = "",
        tag: str = "",
        extra: tuple[str, ...] = (),
    ) -> None:
        to = request["to"]
        if status > 100 and not tag_of(to):
            to += f";tag={tag or self.tag_for(request)}"
        kept = [f"{n.title()}: {v}" for n, v in request.headers if n in ("via", "record-route")]
        headers = [
            *kept,
            f"From: {request['from']}",
            f"To: {to}",
            f"Call-ID: {request['call-id']}",
            f"CSeq: {request['cseq']}",
            f"Contact: <{self.contact}>",
            *self._abilities,
            *extra,
        ]
        self.send(f"SIP/2.0 {status} {reason or 'Whatever'}", headers, body)

    def tag_for(self, request: Message) -> str:
        return f"{self.user}-{request['call-id'][:8]}"

    @property
    def _abilities(self) -> list[str]:
        return [f"Supported: {self.supported}"] if self.supported else []

    @property
    def contact(self) -> str:
        return f"sip:{self.user}@{self.address}:{self.port}"

    @property
    def sdp(self) -> str:
        return (
            f"v=0\r\no=- 1 1 IN IP4 {self.address}\r\ns=-\r\nc=IN IP4 {self.address}\r\nt=0 0\r\n"
            f"m=audio {self.rtp.getsockname()[1]} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
        )

    # Registration

    def challenged(self, message: Message) -> Credentials:
        """The challenge of our algorithm in a 401 or 407, ready to be answered."""
        name = "www-authenticate" if message.status == 401 else "proxy-authenticate"
        for value in message.all(name):
            found = dict(re.findall(r'(\w+)="?([^",]+)"?', value))
            if found["algorithm"] == self.algorithm:
                return Credentials(
                    self.user, found["realm"], found["nonce"], "", "", self.algorithm, found["qop"], "", "c0ffee"
                )
        raise AssertionError(f"no {self.algorithm} among {message.all(name)}")

    def authorization(self, challenge: Credentials, method: str, uri: str, nc: int = 1) -> str:
        c = replace(challenge, uri=uri, nc=f"{nc:08x}")
        value = response(c, method, self.secret)
        header = "Authorization" if method == "REGISTER" else "Proxy-Authorization"
        line = (
            f'{header}: Digest username="{c.username}", realm="{c.realm}", nonce="{c.nonce}", uri="{uri}", '
            f'response="{value}", algorithm={c.algorithm}, qop=auth, nc={c.nc}, cnonce="{c.cnonce}"'
        )
        assert parse(line.partition(": ")[2])
        return line

    def register_request(
        self,
        authorization: str = "",
        contact: str = "",
        expires: int = 300,
        cseq: int = 1,
        call_id: str = "",
        to: str = "",
    ) -> None:
        uri = f"sip:{self.registrar[0]}:{self.registrar[1]}"
        name = to or self.user
        headers = [
            self._via(),
            "Max-Forwards: 70",
            f"From: <sip:{name}@{self.registrar[0]}>;tag={secrets.token_hex(4)}",
            f"To: <sip:{name}@{self.registrar[0]}>",
            f"Call-ID: {call_id or f'reg-{self.user}-{self.port}'}",
            f"CSeq: {cseq} REGISTER",
            f"Contact: {contact or f'<{self.contact}>'}",
            f"Expires: {expires}",
        ]
        self.send(f"REGISTER {uri} SIP/2.0", [*headers, *([authorization] if authorization else [])])

    def register(self, expires: int = 300, contact: str = "", cseq: int = 1, call_id: str = "") -> Message:
        """The whole exchange; the last answer, whatever it is."""
        self.register_request(expires=expires, contact=contact, cseq=cseq, call_id=call_id)
        asked = self.expect(401)
        uri = f"sip:{self.registrar[0]}:{self.registrar[1]}"
        line = self.authorization(self.challenged(asked), "REGISTER", uri)
        self.register_request(line, expires=expires, contact=contact, cseq=cseq + 1, call_id=call_id)
        return self.expect(200, 401, 403, 503)

    def _via(self) -> str:
        return f"Via: SIP/2.0/UDP {self.address}:{self.port};branch=z9hG4bK{secrets.token_hex(8)};rport"

    # Calls

    def dial(
        self, dialled: str, body: bool = True, extra: tuple[str, ...] = (), user: str = "", uri: str = ""
    ) -> Call:
        """Send an INVITE, answer its challenge, return the call that is being set up. `uri`: what is called instead."""
        target = uri or f"sip:{dialled}@{self.registrar[0]}:{self.registrar[1]}"
        call = Call(secrets.token_hex(8), "", "", target)
        call.local = f'"Me" <sip:{user or self.user}@{self.registrar[0]}>;tag={secrets.token_hex(4)}'
        call.remote = f"<{call.target}>"
        self._invite(call, body, extra)
        if self.secret:
            asked = self.expect(407)
            self._ack_failure(call, asked)
            line = self.authorization(self.challenged(asked), "INVITE", call.target)
            call.cseq += 1
            self._invite(call, body, (*extra, line))
        return call

    def invite_again(self, call: Call) -> None:
        """The same INVITE by another way: all but its branch is as it was (RFC 3261 §8.2.2.2)."""
        first = call.branch
        self._invite(call, body=True, extra=())
        call.branch = first

    def _invite(self, call: Call, body: bool, extra: tuple[str, ...]) -> None:
        call.branch = self._via()
        own = [f"Contact: <{self.contact}>", *self._abilities]
        headers = [call.branch, "Max-Forwards: 70", *self._dialog(call, "INVITE"), *own, *extra]
        self.send(f"INVITE {call.target} SIP/2.0", headers, self.sdp if body else "")

    @staticmethod
    def _dialog(call: Call, method: str) -> list[str]:
        return [
            f"From: {call.local}",
            f"To: {call.remote}",
            f"Call-ID: {call.call_id}",
            f"CSeq: {call.cseq} {method}",
            *(f"Route: {r}" for r in call.routes),
        ]

    def _ack_failure(self, call: Call, failure: Message) -> None:
        headers = [call.branch, "Max-Forwards: 70", *self._dialog(call, "ACK")]
        headers[3] = f"To: {failure['to']}"
        self.send(f"ACK {call.target} SIP/2.0", headers)

    def outcome(self, call: Call, seconds: float = 10.0) -> Message:
        """The final answer of a call that we made; acknowledged."""
        end = time.monotonic() + seconds
        while True:
            message = self.receive(max(0.01, end - time.monotonic()))
            assert message, f"{self.user}: no final answer"
            if message["call-id"] != call.call_id or message.status < 200 or "INVITE" not in message["cseq"]:
                continue
            call.invite = message
            if message.status >= 300:
                self._ack_failure(call, message)
            else:
                self._accept(call, message)
            return message

    def also_answered(self, call: Call, seconds: float = PATIENCE_S) -> Call:
        """The call with one more who answered the same INVITE (RFC 3261 §13.2.2.4); acknowledged, as the first."""
        end = time.monotonic() + seconds
        while True:
            message = self.receive(max(0.01, end - time.monotonic()))
            assert message, f"{self.user}: nobody else answers"
            same = message["call-id"] == call.call_id and message.status == 200 and "INVITE" in message["cseq"]
            if same and tag_of(message["to"]) != tag_of(call.remote):
                other = replace(call, invite=message, routes=())
                self._accept(other, message)
                return other

    def _accept(self, call: Call, ok: Message) -> None:
        call.remote = ok["to"]
        found = re.search(r"<([^>]+)>", ok["contact"])
        call.target = found.group(1) if found else call.target
        # A re-INVITE changes no route set (RFC 3261 §12.2), and its answer need not repeat it.
        call.routes = call.routes or tuple(reversed(ok.all("record-route")))
        self.request(call, "ACK", count=False)

    def cancel(self, call: Call) -> None:
        headers = [call.branch, "Max-Forwards: 70", *self._dialog(call, "CANCEL")]
        self.send(f"CANCEL {call.target} SIP/2.0", headers)

    def request(self, call: Call, method: str, body: str = "", extra: tuple[str, ...] = (), count: bool = True) -> None:
        """A request in the dialog."""
        call.cseq += count
        headers = [self._via(), "Max-Forwards: 70", *self._dialog(call, method), f"Contact: <{self.contact}>", *extra]
        self.send(f"{method} {call.target} SIP/2.0", headers, body)

    def take(self, invite: Message, body: str = "") -> Call:
        """Answer an incoming INVITE with 200; the call as the callee sees it."""
        self.answer(invite, 200, "OK", body or self.sdp)
        found = re.search(r"<([^>]+)>", invite["contact"])
        assert found
        return Call(
            invite["call-id"],
            f"{invite['to']};tag={self.tag_for(invite)}",
            invite["from"],
            found.group(1),
            tuple(invite.all("record-route")),
            100,
            invite,
        )

    # Sound

    def speak(self, to: tuple[str, int], count: int = 5) -> None:
        """A few RTP packets with our name in them."""
        for n in range(count):
            packet = b"\x80\x00" + n.to_bytes(2, "big") + (n * 160).to_bytes(4, "big") + b"\x00\x00\x00\x01"
            self.rtp.sendto(packet + self.user.encode().ljust(160, b"\x00"), to)

    def hears(self) -> str:
        """Whose packet came; empty: silence."""
        try:
            data = self.rtp.recv(2048)
        except TimeoutError:
            return ""
        return data[12:].rstrip(b"\x00").decode()


def connected(caller: Agent, callee: Agent, dialled: str) -> tuple[Call, Call]:
    """A call that is answered, as either end sees it."""
    call = caller.dial(dialled)
    leg = callee.take(callee.expect("INVITE"))
    assert caller.outcome(call).status == 200
    callee.expect("ACK")
    return call, leg
