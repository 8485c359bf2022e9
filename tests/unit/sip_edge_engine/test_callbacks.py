"""Every name that Kamailio is told to call is there: a misspelt one fails only in the middle of a call."""

import re
from pathlib import Path

import appliance.sip_edge.kamailio as package
from appliance.sip_edge.kamailio.worker import Worker

SOURCES = [*Path(package.__file__).parent.glob("*.py"), *Path(package.__file__).parent.glob("*.j2")]
NAMED = re.compile(r'(?:t_on_\w+\(|_callback", )"(\w+)"')


def test_every_callback_that_is_named_exists() -> None:
    named = {name for source in SOURCES for name in NAMED.findall(source.read_text())}
    assert {"ksr_failure", "ksr_branch", "ksr_reply", "ksr_reply_in_dialog", "ksr_xhttp_event"} <= named
    assert [n for n in sorted(named) if not callable(getattr(Worker, n, None))] == []


def test_the_ones_that_kamailio_calls_by_itself_exist_too() -> None:
    assert callable(Worker.ksr_request_route)
    assert callable(Worker.child_init)
