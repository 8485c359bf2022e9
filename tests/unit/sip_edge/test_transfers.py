"""Who carries a transfer out, what is refused and why; how a Refer-To and a Replaces are read."""

from dataclasses import replace

import pytest

from appliance.held import Held
from appliance.sip_edge.dialogs import ReferTo, refer_to, replaces_of
from appliance.sip_edge.transfers import (
    Conversation,
    Deny,
    Join,
    Referral,
    Relay,
    Take,
    judged,
    outsider,
)
from wire.rows import Site

TO = ReferTo("102", host="10.20.0.1:5060")
NAMED = ReferTo("102", replaces_of("c;to-tag=b;from-tag=a"), "10.20.0.1:5060")
BLIND = Referral("p-ana", Conversation(), outsider=False, to=TO, ours=True)
ATTENDED = replace(BLIND, to=NAMED, consulted=Conversation("p-beto"))
TO_PHONE = Conversation("p-beto")
TO_NEIGHBOUR = Conversation("p-carla", neighbour=True)


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        (BLIND, Take("102")),
        (replace(BLIND, talk=TO_PHONE), Relay()),
        (replace(BLIND, voice_up=False), Relay()),
        (replace(BLIND, sender=""), Relay()),
        (replace(BLIND, talk=Conversation(by_voice=True)), Take("102")),
        (replace(ATTENDED, talk=Conversation(by_voice=True)), Join()),
        (ATTENDED, Join()),
        (replace(ATTENDED, consulted=Conversation()), Join()),
        (replace(ATTENDED, talk=TO_PHONE, consulted=Conversation()), Join()),
        (replace(ATTENDED, talk=TO_PHONE), Relay()),
        (replace(ATTENDED, talk=TO_PHONE, consulted=None), Relay()),
        (replace(ATTENDED, consulted=Conversation("p-beto", answered=False)), Take("102")),
        (replace(ATTENDED, consulted=Conversation(by_voice=True)), Take("102", "c;to-tag=b;from-tag=a")),
        (replace(ATTENDED, talk=TO_PHONE, consulted=Conversation(by_voice=True)), Relay()),
        (replace(BLIND, talk=TO_NEIGHBOUR), Take("102")),
        (replace(ATTENDED, talk=TO_NEIGHBOUR), Join()),
        (replace(ATTENDED, talk=TO_PHONE, consulted=TO_NEIGHBOUR), Join()),
        (replace(ATTENDED, talk=TO_NEIGHBOUR, consulted=TO_NEIGHBOUR), Join()),
        (replace(ATTENDED, talk=TO_NEIGHBOUR, consulted=replace(TO_PHONE, answered=False)), Take("102")),
        (replace(ATTENDED, talk=TO_PHONE, consulted=replace(TO_NEIGHBOUR, answered=False)), Relay()),
        (
            replace(ATTENDED, talk=TO_NEIGHBOUR, consulted=Conversation(by_voice=True)),
            Take("102", "c;to-tag=b;from-tag=a"),
        ),
    ],
)
def test_who_carries_it_out(asked: Referral, verdict: object) -> None:
    assert judged(asked) == verdict


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (replace(BLIND, outsider=True), 403),
        (replace(BLIND, outsider=True, talk=TO_PHONE), 403),
        (replace(BLIND, to=None), 400),
        (replace(BLIND, ours=False), 403),
        (replace(BLIND, to=ReferTo("", host="h")), 484),
        (replace(BLIND, to=ReferTo("5" * 60, host="h")), 484),
        (replace(ATTENDED, consulted=None), 481),
        (replace(ATTENDED, consulted=Conversation("p-beto", known=False)), 481),
        (replace(ATTENDED, voice_up=False), 503),
        (replace(BLIND, talk=TO_NEIGHBOUR, voice_up=False), 503),
        (replace(ATTENDED, talk=TO_NEIGHBOUR, voice_up=False), 503),
        (replace(ATTENDED, talk=TO_NEIGHBOUR, consulted=None), 481),
        (replace(BLIND, talk=TO_NEIGHBOUR, ours=False), 403),
    ],
)
def test_what_is_refused(asked: Referral, status: int) -> None:
    verdict = judged(asked)
    assert isinstance(verdict, Deny)
    assert verdict.status == status
    assert verdict.why


def test_a_refer_to_is_read_as_phones_write_it() -> None:
    assert refer_to("<sip:102@10.20.0.1:5060>") == TO
    assert refer_to("sip:102@10.20.0.1:5060;method=INVITE") == TO
    assert refer_to('"Beto" <sip:102@10.20.0.1:5060;user=phone>') == TO
    assert refer_to("<sip:%2A85@h>") == ReferTo("*85", host="h")
    assert refer_to("<sip:102@10.20.0.1:5060?Replaces=c%3Bto-tag%3Db%3Bfrom-tag%3Da>") == NAMED
    for wrong in ("", "nowhere", "<tel:102>", "<sip:102@h" + "h" * 2000 + ">", "<http://x/>"):
        assert refer_to(wrong) is None


def test_who_was_called_is_shown_as_the_number_that_it_is() -> None:
    site = Site("s", "Reforma", area_code="55")
    assert outsider("5512345678", "", True, site, "").user == "+525512345678"
    assert outsider("*675512345678", "", True, site, "").user == "+525512345678"
    assert outsider("+525555001122", "Cliente", False, site, "").display == "Cliente"
    assert outsider("anonymous", "Anonymous", False, site, "").private


def test_a_held_dialog_travels_as_text() -> None:
    held = Held("c", '"Ñ" <sip:a@h>;tag=a', "<sip:b@h>;tag=b", "sip:b@h:1", ("<sip:p;lr>",), 3, 7, "<sip:101@h>")
    assert Held.of(held.text()) == held
    for wrong in ("", "[]", "{}", held.text().replace("3", '"3"'), "null"):
        with pytest.raises(ValueError, match=r".*"):
            Held.of(wrong)
