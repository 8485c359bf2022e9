"""Bringing somebody into a room from within it: a transfer, or a REFER to the room itself (RFC 4579 §5.5). Pure.

Who is called hears the room from when it answers. Who asked for it stays: a phone that transfers hangs up by itself
when it hears that it was done, one that joins people does not; where nobody answers it has lost nothing.
"""

from dataclasses import replace

from appliance.voice.answered import TRYING, Answered
from appliance.voice.dialogue import BringIn, Dialogue, Effects, Follow, Refers, Report
from appliance.voice.parts import RING_S

IN_PERSON = "room"
"""Why the target is called: no mailbox and no sentence is to answer in a room (sip_edge/routing.py)."""
_WHY = "x-conserje-why"


def brought_in(event: Refers, conversation: Dialogue) -> Effects:
    """What is done for who refers; `conversation` is the life in the room of who is called."""
    headers = tuple((n, IN_PERSON if n.lower() == _WHY else v) for n, v in event.dial.headers)
    guest = Answered(None, lambda _: conversation, answer_wait_s=RING_S)
    return (Follow(), Report(TRYING), BringIn(replace(event.dial, headers=headers), guest))
