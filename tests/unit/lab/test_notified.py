"""What a virtual phone takes for "read your files again"."""

from pathlib import Path

import pytest

from tests.lab.notified import Ear, TraceEar
from tests.lab.waiting import until


def notify(event: str, call_id: str) -> bytes:
    return f"NOTIFY sip:p@10.20.0.50 SIP/2.0\r\nCall-ID: {call_id}\r\nEvent: {event}\r\n\r\n".encode()


def answer(call_id: str, status: str = "481 Subscription Does Not Exist") -> bytes:
    return f"SIP/2.0 {status}\r\nCall-ID: {call_id}\r\n\r\n".encode()


@pytest.mark.parametrize("event", ["check-sync", "check-sync;reboot=false", "resync", "reboot=true"])
def test_a_notify_of_the_familys_own_is_heard_once_it_was_answered(event: str) -> None:
    heard: list[str] = []
    ear = Ear(heard.append)
    ear.hear(notify(event, "1"))
    assert heard == []
    ear.hear(answer("1"))
    ear.hear(notify(event, "1"))
    ear.hear(answer("1"))
    assert heard == [event]


@pytest.mark.parametrize("event", ["refer", "refer;id=2", "dialog", "message-summary"])
def test_what_it_subscribed_to_is_no_reason_to_read_files(event: str) -> None:
    heard: list[str] = []
    ear = Ear(heard.append)
    ear.hear(notify(event, "1"))
    ear.hear(answer("1", "200 OK"))
    assert heard == []


def test_a_user_agents_trace_tells_the_same(tmp_path: Path) -> None:
    trace = tmp_path / "baresip.log"
    trace.write_bytes(b"\x1b[36;1m#\nTLS a -> b\n" + notify("check-sync", "0") + b"\x1b[;m\n")
    heard: list[str] = []
    ear = TraceEar(trace, heard.append)
    with trace.open("ab") as out:
        for message in (notify("check-sync", "7"), answer("7")):
            out.write(b"\x1b[36;1m#\nTLS 10.20.0.1:5061 -> 10.20.0.50:4321\n" + message + b"\x1b[;m\nua: words\n")
    until(lambda: heard == ["check-sync"], 5, "it is heard, and what was there before is not")
    ear.close()
