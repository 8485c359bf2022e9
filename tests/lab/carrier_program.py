"""The carrier stand-in as a program: SIP and RTP over real sockets, told what to do over a Unix socket.

It writes what it was sent as JSON lines, one event a line. It is steered by carrier.py.
"""

import asyncio
import json
import secrets
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.lab import siptext
from tests.lab.audio import encode_pcmu, tone
from tests.lab.registrar import Registrar
from tests.lab.siptext import Message

T1_S = 0.5
T2_S = 4.0
"""RFC 3261 §17.1.1.2: first and longest time between retransmissions."""
GIVE_UP_S = 32.0
FRAME = 160
ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE"
BACK = "back-"
"""Before the Call-ID, the id of what became of a call of ours that the building forwarded to us."""
Address = tuple[str, int]


@dataclass
class Rule:
    """How a called number behaves. `status` 0: it answers after `answer_s` seconds; negative: it rings for ever."""

    status: int = 0
    reason: str = "Refused"
    ring_s: float = 0.05
    answer_s: float = 0.2
    hang_up_s: float = 0.0
    """Hang up so long after answering; 0: never."""
    silent: bool = False
    """Answer nothing at all, as if the request were lost."""
    trying_s: float = 0.0
    """So long until the 100."""
    retry_after_s: int = 0
    """In a refusal; 0: no such header."""
    refers: bool = True
    """Whether a REFER in its calls is taken (202) or refused (603)."""
    asserted: str = ""
    """Who answered, as P-Asserted-Identity in its 200; empty: no such header."""


@dataclass
class Call:
    """One call, either way. `target`: where RTP goes."""

    id: str
    outgoing: bool
    """It is we who placed it."""
    local: str
    remote: str
    cseq: int = 1
    contact: str = ""
    route: tuple[str, ...] = ()
    peer: Address = ("", 0)
    invite: Message | None = None
    final: Message | None = None
    state: str = "new"
    target: Address | None = None
    media: "Media | None" = None
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    acked: asyncio.Event = field(default_factory=asyncio.Event)
    progress: asyncio.Event = field(default_factory=asyncio.Event)


class Media(asyncio.DatagramProtocol):
    """RTP of one call: sends the tone's frames on the carrier's clock, keeps what it hears (mu-law, as it came)."""

    def __init__(self) -> None:
        self.transport: asyncio.DatagramTransport | None = None
        self.heard = bytearray()
        self.packets = 0
        self.sequence = secrets.randbelow(1 << 15)
        self.stamp = secrets.randbelow(1 << 31)
        self.source = secrets.token_bytes(4)
        self.keys: list[bytes] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if len(data) > 12 and data[1] & 0x7F == 0:
            self.packets += 1
            self.heard += data[12:]

    def send(self, frame: bytes, target: Address) -> None:
        if self.transport is None:
            return
        kind = b"\x80\x65" if self.keys else b"\x80\x00"
        head = kind + self.sequence.to_bytes(2, "big") + self.stamp.to_bytes(4, "big") + self.source
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.stamp = (self.stamp + FRAME) & 0xFFFFFFFF
        self.transport.sendto(head + (self.keys.pop(0) if self.keys else frame), target)

    def press(self, keys: str) -> None:
        """RFC 4733 with the payload type that we offer, a short event each: begun and ended in its only time stamp."""
        for key in keys:
            code = "0123456789*#ABCD".index(key)
            self.keys.append(bytes((code, 0x8A)) + (160).to_bytes(2, "big"))


class Carrier(asyncio.DatagramProtocol):
    def __init__(self, address: str, port: int, directory: Path, hz: int) -> None:
        self.address, self.port, self.directory = address, port, directory
        # A multiple of 50 Hz is whole in 20 ms, so that frames join without a click.
        self.frame = encode_pcmu(tone(hz, 0.02))
        self.calls: dict[str, Call] = {}
        self.rules: dict[str, Rule] = {"": Rule()}
        self.options = "ok"
        self.dead = False
        """It hears and says nothing, as if its power were cut."""
        self.registrar: Registrar | None = None
        self.options_seen = 0
        self.most = 0
        self.transport: asyncio.DatagramTransport | None = None
        self.record = (directory / "carrier.jsonl").open("a", encoding="utf-8", buffering=1)

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        message = siptext.parse(data)
        if message is None or self.dead:
            return
        if message.is_response:
            self._response(message)
        else:
            self._request(message, addr)

    def write(self, event: str, call: Call, **facts: Any) -> None:
        self.record.write(json.dumps({"at": time.time(), "event": event, "call_id": call.id, **facts}) + "\n")

    # What the building sends us.

    def _request(self, request: Message, peer: Address) -> None:
        call = self._meant(request)
        if request.method == "OPTIONS":
            self.options_seen += 1
            if self.options != "silent":
                # "503 retry 30": with Retry-After.
                word, _, after = self.options.partition(" retry ")
                status, reason = (200, "OK") if word == "ok" else (int(word), "Unavailable")
                extra = [("Retry-After", after)] if after else []
                self._send(siptext.answer(request, status, reason, siptext.new_tag(), extra), peer)
        elif request.method == "REGISTER":
            self._registered(request, peer)
        elif request.method == "INVITE" and call is None:
            self._invited(request, peer)
        elif call is None:
            if request.method != "ACK":
                self._send(siptext.answer(request, 481, "Call/Transaction Does Not Exist", siptext.new_tag()), peer)
        elif request.method == "INVITE":
            self._again(call, request, peer)
        elif request.method == "ACK":
            call.acked.set()
            if request.body:
                call.target = siptext.audio_target(request.body) or call.target
        elif request.method == "CANCEL":
            self._send(siptext.answer(request, 200, "OK"), peer)
            if call.state in ("new", "ringing") and call.invite:
                self._refuse(call, call.invite, 487, "Request Terminated")
        elif request.method == "BYE":
            self._send(siptext.answer(request, 200, "OK"), peer)
            self._end(call, "by the building")
        elif request.method == "REFER":
            self.write("refer", call, to=request.get("refer-to"))
            rule = self.rules.get(siptext.user_of(call.invite.uri) if call.invite else "", self.rules[""])
            status, reason = (202, "Accepted") if rule.refers else (603, "Decline")
            self._send(siptext.answer(request, status, reason), peer)
        elif request.method == "UPDATE":
            self.write("update", call, asserted=request.get("p-asserted-identity"))
            self._send(siptext.answer(request, 200, "OK"), peer)
        else:
            self._send(siptext.answer(request, 405, "Method Not Allowed"), peer)

    def _meant(self, request: Message) -> Call | None:
        """The call that a request is of. A call of ours that comes back to us forwarded is a call of its own (BACK)."""
        name, tag = request.get("call-id"), siptext.tag_of(request.get("to"))
        back, call = self.calls.get(BACK + name), self.calls.get(name)
        if call is None or not call.outgoing:
            return call
        return back if not tag or (back is not None and tag == siptext.tag_of(back.local)) else call

    def _registered(self, request: Message, peer: Address) -> None:
        registrar = self.registrar
        if registrar is None:
            self._send(siptext.answer(request, 405, "Method Not Allowed", siptext.new_tag()), peer)
            return
        status, reason, extra = registrar.answer(request)
        entry = {"at": time.time(), "event": "register", "call_id": request.get("call-id"), "status": status,
                 "uri": request.uri}  # fmt: skip
        self.record.write(json.dumps(entry) + "\n")
        self._send(siptext.answer(request, status, reason, siptext.new_tag(), extra), peer)

    def _invited(self, request: Message, peer: Address) -> None:
        user = siptext.user_of(request.uri)
        rule = self.rules.get(user, self.rules[""])
        name = request.get("call-id")
        call = Call(
            id=BACK + name if name in self.calls else name,
            outgoing=False,
            local=f"{request.get('to')};tag={siptext.new_tag()}",
            remote=request.get("from"),
            contact=siptext.uri_of(request.get("contact")),
            route=request.all("record-route"),
            peer=peer,
            invite=request,
            target=siptext.audio_target(request.body),
        )
        if rule.silent:
            return
        self.calls[call.id] = call
        self.write(
            "invite",
            call,
            uri=request.uri,
            user=user,
            **{
                "from": request.get("from"),
                "to": request.get("to"),
                "asserted": request.get("p-asserted-identity"),
                "privacy": request.get("privacy"),
                "agent": request.get("user-agent"),
                "headers": [list(h) for h in request.headers],
                "peer": list(peer),
            },
        )
        self._task(call, self._serve(call, request, rule))

    async def _serve(self, call: Call, request: Message, rule: Rule) -> None:
        if rule.trying_s:
            await asyncio.sleep(rule.trying_s)
        if call.state != "new":
            return
        self._send(siptext.answer(request, 100, "Trying"), call.peer)
        await asyncio.sleep(rule.ring_s)
        tag = siptext.tag_of(call.local)
        if rule.status > 0:
            after = [("Retry-After", str(rule.retry_after_s))] if rule.retry_after_s else []
            self._refuse(call, request, rule.status, rule.reason, after)
            return
        call.state = "ringing"
        self._send(siptext.answer(request, 180, "Ringing", tag, [self._contact]), call.peer)
        if rule.status < 0:
            return
        await asyncio.sleep(rule.answer_s)
        body = siptext.audio_offer(self.address, await self._open_media(call))
        extra = [self._contact, ("Allow", ALLOW), ("Content-Type", "application/sdp")]
        extra += [("P-Asserted-Identity", rule.asserted)] if rule.asserted else []
        final = siptext.answer(request, 200, "OK", tag, extra, body)
        call.state, call.final = "talking", final
        self.most = max(self.most, sum(c.state == "talking" for c in self.calls.values()))
        self.write("answered", call)
        if rule.hang_up_s:
            self._task(call, self._hang_up_after(call, rule.hang_up_s))
        await self._until_acknowledged(call, final)

    async def _until_acknowledged(self, call: Call, final: Message) -> None:
        """RFC 3261 §13.3.1.4: a final answer is sent again until its ACK has come."""
        step, end = T1_S, time.monotonic() + GIVE_UP_S
        while not call.acked.is_set() and time.monotonic() < end:
            self._send(final, call.peer)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(call.acked.wait(), step)
            step = min(2 * step, T2_S)

    def _refuse(
        self, call: Call, request: Message, status: int, reason: str, extra: list[tuple[str, str]] | None = None
    ) -> None:
        call.final = siptext.answer(request, status, reason, siptext.tag_of(call.local), extra or [])
        self.write("refused", call, status=status)
        call.state = "refused"
        self._task(call, self._until_acknowledged(call, call.final))

    def _again(self, call: Call, request: Message, peer: Address) -> None:
        """The INVITE once more, or a new one within the dialog (hold, session refresh)."""
        if siptext.tag_of(request.get("to")) and call.media:
            call.target = siptext.audio_target(request.body) or call.target
            call.contact = siptext.uri_of(request.get("contact")) or call.contact
            asserted = request.get("p-asserted-identity")
            self.write("reinvite", call, sdp=request.body.decode(errors="replace"), asserted=asserted)
            body = siptext.audio_offer(self.address, self._port_of(call.media))
            extra = [self._contact, ("Allow", ALLOW), ("Content-Type", "application/sdp")]
            self._send(siptext.answer(request, 200, "OK", "", extra, body), peer)
        elif call.final is not None:
            self._send(call.final, peer)

    # What we do of our own.

    async def place(
        self, to: str, caller: str, host: str, port: int, display: str, seconds: float, headers: list[list[str]]
    ) -> Call:
        """A call into the building: `to` is what its Request-URI's user part says. It ends after `seconds` of talk.

        `headers`: names and values that its INVITE has besides.
        """
        tag = siptext.new_tag()
        local = (f'"{display}" ' if display else "") + f"<sip:{caller}@{self.address}>;tag={tag}"
        remote = f"<sip:{to}@{host}>"
        call = Call(f"{secrets.token_hex(10)}@carrier", True, local, remote, contact=f"sip:{to}@{host}:{port}")
        call.peer = (host, port)
        self.calls[call.id] = call
        body = siptext.audio_offer(self.address, await self._open_media(call))
        said = [
            ("Via", f"SIP/2.0/UDP {self.address}:{self.port};branch={siptext.new_branch()};rport"),
            ("Max-Forwards", "70"),
            ("From", call.local),
            ("To", call.remote),
            ("Call-ID", call.id),
            ("CSeq", f"{call.cseq} INVITE"),
            self._contact,
            ("Content-Type", "application/sdp"),
            *((name, value) for name, value in headers),
        ]
        call.invite = Message(f"INVITE {call.contact} SIP/2.0", tuple(said), body)
        self.write("placed", call, user=to, caller=caller)
        self._task(call, self._send_invite(call))
        if seconds:
            self._task(call, self._hang_up_after(call, seconds))
        return call

    async def _send_invite(self, call: Call) -> None:
        assert call.invite
        step, end = T1_S, time.monotonic() + GIVE_UP_S
        while not call.progress.is_set() and time.monotonic() < end:
            self._send(call.invite, call.peer)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(call.progress.wait(), step)
            step *= 2
        if not call.progress.is_set():
            self._end(call, "nobody answered our INVITE")

    def _response(self, response: Message) -> None:
        call = self.calls.get(response.get("call-id"))
        if call is None or response.method != "INVITE" or not call.outgoing or call.invite is None:
            return
        call.progress.set()
        if response.status < 200:
            early = siptext.audio_target(response.body)
            if early:
                call.target = early
            if call.state == "new" and response.status > 100:
                call.state = "ringing"
                self.write("progress", call, status=response.status, early=bool(early))
            return
        if response.status >= 300:
            headers = [h for h in call.invite.headers if siptext.canonical(h[0]) in ("via", "from", "call-id")]
            headers += [("To", response.get("to")), ("CSeq", f"{call.cseq} ACK"), ("Max-Forwards", "70")]
            self._send(Message(f"ACK {call.invite.uri} SIP/2.0", tuple(headers)), call.peer)
            if call.state != "ended":
                self.write("refused", call, status=response.status, reason=response.start)
                self._end(call, f"refused with {response.status}")
            return
        call.remote = response.get("to")
        call.contact = siptext.uri_of(response.get("contact")) or call.contact
        call.route = tuple(reversed(response.all("record-route")))
        call.target = siptext.audio_target(response.body) or call.target
        if call.state not in ("talking", "ended"):
            call.state = "talking"
            self.most = max(self.most, sum(c.state == "talking" for c in self.calls.values()))
            self.write("answered", call)
        self._in_dialog(call, "ACK", call.cseq)

    async def _hang_up_after(self, call: Call, seconds: float) -> None:
        end = time.monotonic() + 120
        while call.state in ("new", "ringing") and time.monotonic() < end:
            await asyncio.sleep(0.02)
        await asyncio.sleep(seconds)
        self.hang_up(call)

    def hang_up(self, call: Call) -> None:
        """BYE for a call that is answered, CANCEL for one of ours that is not."""
        if call.state == "talking":
            call.cseq += 1
            self._in_dialog(call, "BYE", call.cseq)
        elif call.outgoing and call.invite and call.state in ("new", "ringing"):
            kept = [h for h in call.invite.headers if siptext.canonical(h[0]) in ("via", "from", "to", "call-id")]
            headers = (*kept, ("CSeq", f"{call.cseq} CANCEL"), ("Max-Forwards", "70"))
            self._send(Message(f"CANCEL {call.invite.uri} SIP/2.0", headers), call.peer)
        self._end(call, "by the carrier")

    def _in_dialog(self, call: Call, method: str, cseq: int) -> None:
        """RFC 3261 §12.2.1.1: along the route set, to the remote target."""
        headers = [
            ("Via", f"SIP/2.0/UDP {self.address}:{self.port};branch={siptext.new_branch()};rport"),
            ("Max-Forwards", "70"),
            *(("Route", r) for r in call.route),
            ("From", call.local),
            ("To", call.remote),
            ("Call-ID", call.id.removeprefix(BACK)),
            ("CSeq", f"{cseq} {method}"),
        ]
        first = siptext.uri_of(call.route[0]) if call.route else call.contact
        self._send(Message(f"{method} {call.contact} SIP/2.0", tuple(headers)), siptext.host_of(first))

    def _end(self, call: Call, why: str) -> None:
        if call.state == "ended":
            return
        call.state = "ended"
        packets = 0
        if call.media:
            packets = call.media.packets
            (self.directory / f"{call.id.partition('@')[0]}.ulaw").write_bytes(call.media.heard)
            if call.media.transport:
                call.media.transport.close()
            call.media = None
        self.write("ended", call, why=why, packets=packets)

    async def _open_media(self, call: Call) -> int:
        _, media = await asyncio.get_running_loop().create_datagram_endpoint(Media, local_addr=(self.address, 0))
        call.media = media
        return self._port_of(media)

    @staticmethod
    def _port_of(media: Media) -> int:
        assert media.transport
        return int(media.transport.get_extra_info("sockname")[1])

    @property
    def _contact(self) -> tuple[str, str]:
        return ("Contact", f"<sip:carrier@{self.address}:{self.port}>")

    def _send(self, message: Message, peer: Address) -> None:
        assert self.transport
        self.transport.sendto(message.bytes(), peer)

    def _task(self, call: Call, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        call.tasks.add(task)
        task.add_done_callback(call.tasks.discard)

    async def play(self) -> None:
        """One clock for every call: a frame each 20 ms."""
        due = time.monotonic()
        while True:
            for call in list(self.calls.values()):
                if call.media and call.target and call.state == "talking":
                    call.media.send(self.frame, call.target)
            due += 0.02
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _counts(self) -> dict[str, int]:
        """Our own account of the building's calls: what its records are reconciled with."""
        offered = [c for c in self.calls.values() if not c.outgoing]
        return {
            "offered": len(offered),
            "answered": sum(c.final is not None and c.final.status == 200 for c in offered),
            "refused": sum(c.final is not None and c.final.status >= 300 for c in offered),
            "placed": sum(c.outgoing for c in self.calls.values()),
        }

    # What the test tells us.

    async def told(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            order = json.loads(line)
            answer = await self._obey(order.pop("do"), order)
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def _obey(self, what: str, order: dict[str, Any]) -> Any:
        match what:
            case "options":
                self.options = str(order["answer"])
            case "dead":
                self.dead = bool(order["dead"])
            case "registrar":
                self.registrar = Registrar(**order) if order.get("user") else None
            case "rule":
                number = str(order.pop("number"))
                self.rules[number] = Rule(**order)
            case "call":
                return {"id": (await self.place(**order)).id}
            case "hang_up":
                self.hang_up(self.calls[order["id"]])
            case "press":
                media = self.calls[order["id"]].media
                if media is not None:
                    media.press(str(order["keys"]))
            case "state":
                return {
                    "talking": sum(c.state == "talking" for c in self.calls.values()),
                    "most": self.most,
                    "options_seen": self.options_seen,
                    "counts": self._counts(),
                    "rules": {k: asdict(v) for k, v in self.rules.items()},
                    "calls": {c.id: c.state for c in self.calls.values()},
                    "packets": {c.id: c.media.packets for c in self.calls.values() if c.media},
                }
        return {}


async def main(address: str, port: int, directory: Path, hz: int, control: Path) -> None:
    loop = asyncio.get_running_loop()
    _, carrier = await loop.create_datagram_endpoint(
        lambda: Carrier(address, port, directory, hz), local_addr=(address, port)
    )
    await asyncio.start_unix_server(carrier.told, control)
    await carrier.play()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5])))
