# ruff: noqa: E501 - lines stand as RFC 4475 has them
"""SIP messages made to break parsers: those of RFC 4475 by their names there, and mutations of them. Pure.

What a server does with them is the tests' to look at; here is only what is sent. `HOST` is put where the RFC has its
example domains, so that each message reaches the routing.
"""

import random
from collections.abc import Iterator

HOST = "10.20.0.1"
_BODY = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 49217 RTP/AVP 0\r\n"


def message(
    start: str = "",
    via: str = "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKkdjuw",
    from_: str = "From: <sip:caller@example.net>;tag=242etr",
    to: str = "To: <sip:user@example.com>",
    call_id: str = "Call-ID: torture.0ha0isndaksdj@192.0.2.1",
    cseq: str = "CSeq: 8 INVITE",
    extra: str = "",
    body: str = "",
    length: str = "",
) -> bytes:
    lines = [start or f"INVITE sip:user@{HOST} SIP/2.0", via, "Max-Forwards: 70", from_, to, call_id, cseq]
    lines += ["Contact: <sip:caller@192.0.2.1>"]
    lines += [extra] if extra else []
    lines += ["Content-Type: application/sdp"] if body else []
    lines += [length or f"Content-Length: {len(body.encode())}"]
    return ("\r\n".join(line for line in lines if line) + "\r\n\r\n" + body).encode("utf-8", "surrogateescape")


TORTURE: dict[str, bytes] = {
    # §3.1.1, valid and hard to read
    "wsinv": (
        f"INVITE sip:vivekg@{HOST};unknownparam SIP/2.0\r\nTO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
        'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\nMaX-fOrWaRdS: 0068\r\n'
        "Call-ID: wsinv.ndaksdj@192.0.2.1\r\nContent-Length   : 150\r\ncseq: 0009\r\n  INVITE\r\nVia  : SIP  /   2.0\r\n /UDP\r\n"
        "    192.0.2.2;branch=390skdjuw\r\ns :\r\nNewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
        "UnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp\r\nRoute:\r\n"
        " <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\nv:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n"
        "  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
        'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n\r\n'
    ).encode() + _BODY.encode(),
    "intmeth": message(
        "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:"
        f"&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@{HOST} SIP/2.0",
        to='To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_unusual.URI@example.com>',
        cseq="CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~",
    ),
    "esc01": message(f"INVITE sip:sips%3Auser%40example.com@{HOST} SIP/2.0", to="To: <sip:%75se%72@example.com>"),
    "escnull": message(
        f"REGISTER sip:{HOST} SIP/2.0",
        to="To: sip:null-%00-null@example.com",
        cseq="CSeq: 14398234 REGISTER",
        extra="Contact: <sip:%00@host5.example.com>",
    ),
    "esc02": message(f"RE%47IST%45R sip:registrar.{HOST} SIP/2.0", cseq="CSeq: 29344 RE%47IST%45R"),
    "lwsdisp": message(f"OPTIONS sip:user@{HOST} SIP/2.0", from_="From: caller<sip:caller@example.com>;tag=323", cseq="CSeq: 60 OPTIONS"),
    "longreq": message(
        to="To: \"I have a user name of " + "extreme" * 10 + f"\" <sip:user@{HOST}:6000;unknownparam1=very{'long' * 20}value>",
        from_=f"From: sip:{'amazinglylongcallername' * 5}@example.net;tag=12{'982' * 50}424",
        call_id=f"Call-ID: longreq.one{'really' * 20}longcallid",
        extra=f"Unknown-{'Long' * 20}-Name: unknown-{'long' * 20}-value\r\n"
        + "\r\n".join(f"Via: SIP/2.0/TCP sip{n}.example.com" for n in range(33)),
        body=_BODY,
    ),
    "dblreq": message(f"REGISTER sip:{HOST} SIP/2.0", cseq="CSeq: 8 REGISTER") + message(body=_BODY),
    "semiuri": message(f"OPTIONS sip:user;par=u%40example.net@{HOST} SIP/2.0", cseq="CSeq: 8 OPTIONS"),
    "transports": message(
        f"OPTIONS sip:user@{HOST} SIP/2.0",
        via="Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw\r\nVia: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf\r\n"
        "Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj\r\nVia: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en",
        cseq="CSeq: 60 OPTIONS",
    ),
    "mpart01": message(
        f"MESSAGE sip:kumiko@{HOST} SIP/2.0",
        cseq="CSeq: 127 MESSAGE",
        extra="Content-Type: multipart/mixed;boundary=7a9cbec02ceef655",
        body="",
        length="Content-Length: 9",
    )
    + b"--7a9\x00\xff\xfe\r\n",
    "unreason": b"SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe \xd1\x81\r\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\n"
    b"Call-ID: unreason.1234ksdfak3j2erwedfsASdf\r\nCSeq: 35 INVITE\r\nFrom: sip:user@example.com;tag=11141343\r\n"
    b"To: sip:user@example.edu;tag=2229\r\nContent-Length: 0\r\n\r\n",
    "noreason": b"SIP/2.0 100 \r\nVia: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\r\nCall-ID: noreason.asndj203insdf\r\n"
    b"CSeq: 35 INVITE\r\nFrom: <sip:user@example.com>;tag=39ansfi3\r\nTo: <sip:user@example.edu>;tag=902jndnke3\r\n"
    b"Content-Length: 0\r\n\r\n",
    # §3.1.2, invalid
    "badinv01": message(to="To: \"Mr J. User <sip:j.user@example.com>", from_="From: sip:caller@example.net;tag=134161461246;;,,;"),
    "clerr": message(body=_BODY, length="Content-Length: 9999"),
    "ncl": message(body=_BODY, length="Content-Length: -999"),
    "scalar02": message(
        f"REGISTER sip:{HOST} SIP/2.0",
        cseq="CSeq: 36893488147419103232 REGISTER",
        extra="Max-Forwards: 300\r\nExpires: 10000000000000000000000\r\nContact: <sip:user@host>;expires=280297596632815",
    ),
    "scalarlg": b"SIP/2.0 503 Service Unavailable\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKzzxdiwo34sw;received=192.0.2.129\r\n"
    b"To: <sip:user@example.com>\r\nFrom: <sip:other@example.net>;tag=2easdjfejw\r\nCSeq: 9292394834772304023312 OPTIONS\r\n"
    b"Call-ID: scalarlg.noase0of0234hn2qofoaf0232aewf2394r\r\nRetry-After: 949302838503028349304023988\r\nWarning: 1812 o \"x\"\r\n"
    b"Content-Length: 0\r\n\r\n",
    "quotbal": message(to='To: "Mr. J. User <sip:j.user@example.com>'),
    "ltgtruri": message(f"INVITE <sip:user@{HOST}> SIP/2.0"),
    "lwsruri": message(f"INVITE sip:user@{HOST}; lr SIP/2.0"),
    "lwsstart": message(f"INVITE  sip:user@{HOST}  SIP/2.0"),
    "trws": message(f"OPTIONS sip:user@{HOST} SIP/2.0  ", cseq="CSeq: 8 OPTIONS"),
    "escruri": message(f"INVITE sip:user@{HOST}?Route=%3Csip:example.com%3E SIP/2.0"),
    "baddate": message(extra="Date: Fri, 01 Jan 2010 16:00:00 EST"),
    "regbadct": message(
        f"REGISTER sip:{HOST} SIP/2.0", cseq="CSeq: 8 REGISTER", extra="Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E"
    ),
    "badaspec": message(f"OPTIONS sip:user@{HOST} SIP/2.0", to='To: "Watson, Thomas" < sip:t.watson@example.org >', cseq="CSeq: 8 OPTIONS"),
    "baddn": message(f"OPTIONS sip:t.watson@{HOST} SIP/2.0", from_="From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43", cseq="CSeq: 8 OPTIONS"),
    "badvers": message(f"OPTIONS sip:t.watson@{HOST} SIP/7.0", via="Via: SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw", cseq="CSeq: 8 OPTIONS"),
    "mismatch01": message(f"OPTIONS sip:user@{HOST} SIP/2.0", cseq="CSeq: 8 INVITE"),
    "mismatch02": message(f"NEWMETHOD sip:user@{HOST} SIP/2.0", cseq="CSeq: 8 INVITE"),
    "bigcode": b"SIP/2.0 4294967301 better not break the receiver\r\nVia: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\r\n"
    b"Call-ID: bigcode.asdof3uj203asdnf3429uasdhfas3ehjasdfas9i\r\nCSeq: 353494 INVITE\r\nFrom: <sip:user@example.com>;tag=39ansfi3\r\n"
    b"To: <sip:user@example.edu>;tag=902jndnke3\r\nContent-Length: 0\r\n\r\n",
    # §3.2 and §3.3, transaction and application layers
    "badbranch": message(f"OPTIONS sip:user@{HOST} SIP/2.0", via="Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK", cseq="CSeq: 8 OPTIONS"),
    "insuf": f"INVITE sip:user@{HOST} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\r\nCSeq: 193942 INVITE\r\nContent-Length: 0\r\n\r\n".encode(),
    "unkscm": message("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0", cseq="CSeq: 3923423 OPTIONS"),
    "novelsc": message("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0", cseq="CSeq: 3923423 OPTIONS"),
    "unksm2": message(f"REGISTER sip:{HOST} SIP/2.0", to="To: isbn:2983792873", from_="From: <http://www.example.com>;tag=3234", cseq="CSeq: 234902 REGISTER", extra="Contact: <name:John_Smith>"),
    "bext01": message(f"OPTIONS sip:user@{HOST} SIP/2.0", cseq="CSeq: 8 OPTIONS", extra="Require: nothingSupportsThis\r\nProxy-Require: noProxiesSupportThis"),
    "invut": message(body="<audio>\n<pcmu port=\"443\"/>\n</audio>\n"),
    "regaut01": message(f"REGISTER sip:{HOST} SIP/2.0", cseq="CSeq: 9338 REGISTER", extra="Authorization: NoOneKnowsThisScheme opaque-data=here"),
    "multi01": message(extra="CSeq: 5 INVITE\r\nCall-ID: multi01.98asdh@192.0.2.1\r\nCall-ID: multi01.98asdh@192.0.2.2\r\nFrom: sip:x@example.com;tag=4\r\nTo: <sip:y@example.com>\r\nMax-Forwards: 5\r\nVia: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdj"),
    "mcl01": message(f"OPTIONS sip:user@{HOST} SIP/2.0", cseq="CSeq: 8 OPTIONS", extra="Content-Length: 13", length="Content-Length: 5") + b"There's no way",
    "bcast": b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\nVia: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\r\n"
    b"Call-ID: bcast.0384840201234ksdfak3j2erwedfsASdf\r\nCSeq: 35 INVITE\r\nFrom: sip:user@example.com;tag=11141343\r\n"
    b"To: sip:user@example.edu;tag=2229\r\nContent-Length: 0\r\n\r\n",
    "zeromf": message(f"OPTIONS sip:user@{HOST} SIP/2.0", cseq="CSeq: 39234321 OPTIONS").replace(b"Max-Forwards: 70", b"Max-Forwards: 0"),
    "cparam01": message(f"REGISTER sip:{HOST} SIP/2.0", cseq="CSeq: 8 REGISTER", extra="Contact: sip:+19725552222@gw1.example.net;unknownparam"),
    "cparam02": message(f"REGISTER sip:{HOST} SIP/2.0", cseq="CSeq: 8 REGISTER", extra="Contact: <sip:+19725552222@gw1.example.net;unknownparam>"),
    "regescrt": message(f"REGISTER sip:{HOST} SIP/2.0", cseq="CSeq: 14398234 REGISTER", extra="Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>"),
    "sdp01": message(extra="Accept: text/nobodyKnowsThis", body=_BODY),
    "inv2543": f"INVITE sip:UserB@{HOST} SIP/2.0\r\nVia: SIP/2.0/UDP iftgw.example.com\r\nFrom: <sip:+13035551111@ift.client.example.net;user=phone>\r\nRecord-Route: <sip:UserB@example.com;maddr=ss1.example.com>\r\nTo: sip:+16505552222@ss1.example.net;user=phone\r\nCall-ID: inv2543.1717@ift.client.example.com\r\nCSeq: 56 INVITE\r\nContent-Type: application/sdp\r\n\r\n{_BODY}".encode(),
}


def mutations(count: int, seed: int = 4475) -> Iterator[bytes]:
    """`count` messages, each a torture message with a few octets, lines or pieces changed. The same for the same seed."""
    chance = random.Random(seed)
    every = tuple(TORTURE.values())
    for _ in range(count):
        data = bytearray(chance.choice(every))
        for _ in range(chance.choice((1, 1, 2, 4))):
            _MUTATIONS[chance.randrange(len(_MUTATIONS))](data, chance, every)
        yield bytes(data[:60_000])


def _flip(data: bytearray, chance: random.Random, _every: tuple[bytes, ...]) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.randrange(256)


def _cut(data: bytearray, chance: random.Random, _every: tuple[bytes, ...]) -> None:
    del data[chance.randrange(len(data) + 1) :]


def _double(data: bytearray, chance: random.Random, _every: tuple[bytes, ...]) -> None:
    lines = bytes(data).split(b"\r\n")
    at = chance.randrange(len(lines))
    lines.insert(at, lines[at] * chance.choice((1, 2, 50)))
    data[:] = b"\r\n".join(lines)


def _drop(data: bytearray, chance: random.Random, _every: tuple[bytes, ...]) -> None:
    lines = bytes(data).split(b"\r\n")
    del lines[chance.randrange(len(lines))]
    data[:] = b"\r\n".join(lines)


def _stuff(data: bytearray, chance: random.Random, _every: tuple[bytes, ...]) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.choice((b"%00", b"\x00", b'"', b"<", b";", b"9" * 60, b"\xff\xfe", b"A" * 3000, b"\r\n ", b"@", b"%"))


def _graft(data: bytearray, chance: random.Random, every: tuple[bytes, ...]) -> None:
    other = chance.choice(every)
    data[chance.randrange(len(data) + 1) :] = other[chance.randrange(len(other) + 1) :]


_MUTATIONS = (_flip, _flip, _cut, _double, _drop, _stuff, _stuff, _graft)
