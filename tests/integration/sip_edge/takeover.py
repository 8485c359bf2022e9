"""What tests of transfers over voice do with their phones: talk, refer, hear each other; and that nothing is left."""

import time
from contextlib import suppress

from appliance.directory.reports import VoiceReport, read_report
from tests.integration.sip_edge.agent import Agent, Call, Message, tag_of
from tests.integration.sip_edge.building import Building
from tests.lab.sample import sip_user
from tests.lab.waiting import until

MOBILE = "5512345678"


def outbound(ana: Agent, far: Agent) -> tuple[Call, Call]:
    """Ana calls a mobile, which answers."""
    call = ana.dial(MOBILE)
    invite = far.expect("INVITE")
    there = far.take(invite)
    assert ana.outcome(call).status == 200
    far.expect("ACK")
    return call, there


def inbound(far: Agent, ana: Agent, number: str = "+525550000101") -> tuple[Call, Call]:
    """A caller from outside, answered by Ana. Her call, and the caller's."""
    call = far.dial(number, user="5555001122")
    invite = ana.expect("INVITE")
    here = ana.take(invite)
    assert far.outcome(call).status == 200
    ana.expect("ACK")
    return here, call


def refers(agent: Agent, call: Call, to: str) -> Message:
    """Blind: the answer to its REFER."""
    host, port = agent.registrar
    agent.request(call, "REFER", extra=(f"Refer-To: <sip:{to}@{host}:{port}>",))
    return agent.expect(202, 400, 403, 405, 481, 484, 503, 603)


def taken_over(far: Agent, allow: str = "INVITE, ACK, BYE") -> Message:
    """The re-INVITE by which voice takes the transferor's place; answered."""
    again = far.expect("INVITE")
    assert tag_of(again["to"])
    far.answer(again, 200, "OK", far.sdp, extra=(f"Allow: {allow}",))
    far.expect("ACK")
    return again


def told(agent: Agent) -> str:
    """What the next NOTIFY says."""
    notify = agent.expect("NOTIFY")
    assert notify["event"].startswith("refer")
    agent.answer(notify, 200)
    return notify.body.split("\r\n")[0]


def let_go(agent: Agent) -> None:
    agent.answer(agent.expect("BYE"), 200)


def they_hear_each_other(*ends: tuple[Agent, tuple[str, int]]) -> None:
    """Two agents, each with where it sends its sound."""
    for (one, to), (other, _) in (ends, ends[::-1]):
        stop = time.monotonic() + 5
        other.rtp.settimeout(0.05)
        while True:
            one.speak(to, 1)
            with suppress(TimeoutError):
                if one.user.encode() in other.rtp.recv(2048):
                    break
            assert time.monotonic() < stop, f"{other.user} does not hear {one.user}"


def calls_of(b: Building, person: str) -> str:
    """Calls that a phone is in, as the board has them."""
    answer = b.kamailio.call("htable.get", "incall", sip_user(person))
    return str(answer["item"]["value"]) if isinstance(answer, dict) and "item" in answer else ""


def nothing_left(b: Building) -> None:
    """Not a call on the board, not a leg in voice."""

    def left() -> list[object]:
        report = read_report(b.settings.paths.reports_dir, VoiceReport)
        assert report
        tables = [b.kamailio.call("htable.dump", table) for table in ("call", "incall", "taken", "places")]
        return [*filter(None, tables), *([report.legs] if report.legs else [])]

    def quiet() -> bool:
        assert not left(), left()
        return True

    until(quiet, 15, "nothing is left")


def talk_again(b: Building, ana: Agent, back: Message, far: Agent, again: Message) -> None:
    """Ana takes the call that came back to her, talks, and hangs up."""
    returned = ana.take(back)
    ana.expect("ACK")
    they_hear_each_other((far, again.media), (ana, back.media))
    ana.request(returned, "BYE")
    ana.expect(200)
    far.answer(far.expect("BYE"), 200)
    nothing_left(b)


def contact_of(message: Message) -> str:
    return message["contact"].partition("<")[2].partition(">")[0]


def consults(ana: Agent, other: Agent, number: str) -> tuple[Call, Call]:
    """Ana's second call."""
    second = ana.dial(number)
    ring = other.expect("INVITE")
    there = other.take(ring)
    assert ana.outcome(second).status == 200
    other.expect("ACK")
    return second, there


def completes(ana: Agent, call: Call, second: Call, number: str) -> Message:
    """Attended: REFER in one call, naming the other (RFC 3891)."""
    host, port = ana.registrar
    tags = f"to-tag%3D{tag_of(second.remote)}%3Bfrom-tag%3D{tag_of(second.local)}"
    value = f"<sip:{number}@{host}:{port}?Replaces={second.call_id}%3B{tags}>"
    ana.request(call, "REFER", extra=(f"Refer-To: {value}",))
    return ana.expect(202, 400, 403, 481, 503)
