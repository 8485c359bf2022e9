"""A plan rides in a transaction as text and comes back as it was."""

import json
from dataclasses import replace

import pytest

from appliance.sip_edge.carry import pack, unpack
from appliance.sip_edge.failover import all_steps
from appliance.sip_edge.plan import Identity, OnFailure, Plan, Refuse, Ring, Say, Target, ToTrunk, ToVoice
from appliance.vocabulary import Announcement, CallClass

SHOWN = Identity("101", "Ana Núñez", "+525550000101", private=True)
SAY = Say(Announcement.BUSY, 486, "Busy Here", "es-MX")
PLAN = Plan(
    (
        Ring((Target("phone-1", "p-1"), Target("phone-2", "p-2")), True, 30, SHOWN),
        Ring((Target("phone-3", "p-3"),), True, 30, SHOWN, if_idle=True),
        ToTrunk("t", "+52", SHOWN, 50, 2, True),
    ),
    CallClass.INTERNAL,
    "acct",
    "101",
    "102",
    "internal",
    OnFailure((SAY,), (ToVoice("echo", "en"),), (Refuse(480, "No"), SAY), (SAY,)),
)


def test_a_plan_comes_back_with_every_step_where_it_was() -> None:
    back = unpack(pack(PLAN))
    assert back == replace(PLAN, call_class=CallClass.UNKNOWN, account_id="", caller="", destination="", direction="")
    assert all_steps(back) == all_steps(PLAN)


def test_it_is_one_line_of_text() -> None:
    assert "\n" not in pack(PLAN)
    assert json.loads(pack(PLAN))


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '[["what"],{}]', '[[{"targets":[]}],{}]', '[[{"dance":1}],{}]', '[[{"status":1,"reason":""}],[]]'],
)
def test_what_was_never_packed_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        unpack(text)
