"""Every string of the page exists in English and Spanish, and every string that a page asks for exists."""

import re
import string
from pathlib import Path

import pytest

import appliance.webui
from appliance.processes import PROCESSES
from appliance.vocabulary import CallClass, LinkState, PhoneState
from appliance.webui.alarms import Severity
from appliance.webui.audit import Action
from appliance.webui.board import ProcessState
from appliance.webui.calls import CAUSES
from appliance.webui.catalogue import PAGES
from appliance.webui.catalogue_alarms import ALARMS
from appliance.webui.catalogue_explain import EXPLAIN
from appliance.webui.catalogue_orders import ORDERS
from appliance.webui.catalogue_people import PEOPLE
from appliance.webui.catalogue_phones import LIFE
from appliance.webui.roles import Role
from appliance.webui.words import CATALOGUE, say

ROOM = Path(appliance.webui.__file__).parent
SAME_IN_BOTH = {
    "phone.fw",
    "file.sha256",
    "file.size",
    "history.hash",
    "network.dhcp",
    "phone.firmware",
    "files.size",
    "trunk.gateway",
    "direction.internal",
    "no",
    "trunk.carrier",
}


def params_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_no_key_is_written_twice() -> None:
    assert len(CATALOGUE) == len(PAGES) + len(LIFE) + len(ORDERS) + len(PEOPLE) + len(ALARMS) + len(EXPLAIN)


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_both_languages_say_it_with_the_same_parameters(key: str) -> None:
    words = CATALOGUE[key]
    assert words.en.strip()
    assert words.es.strip()
    assert words.en != words.es or key in SAME_IN_BOTH, "not translated"
    if key != "alarm.sync-error":
        assert params_of(words.en) == params_of(words.es)


def test_every_key_that_templates_and_code_name_is_there() -> None:
    named: set[str] = set()
    for template in ROOM.glob("templates/**/*.html"):
        text = template.read_text(encoding="utf-8")
        named |= set(re.findall(r"""\bt\(\s*['"]([a-z_.0-9-]+)['"]\s*[,)]""", text))
        for counted in re.findall(r"""\bn\(\s*['"]([a-z_.0-9-]+)['"]\s*,""", text):
            named |= {f"{counted}.one", f"{counted}.many"}
    for module in ROOM.glob("*.py"):
        named |= set(re.findall(r"""\bsay\(\s*"([a-z_.0-9-]+)\"""", module.read_text(encoding="utf-8")))
    assert named
    assert named - set(CATALOGUE) == set()


def test_no_template_has_bare_prose() -> None:
    """Whatever is left of a template without its tags and expressions is no word."""
    allowed = {"Conserje", "MAC", "SIP", "ms", "Call-ID", "MB", "Español", "English"}
    for template in ROOM.glob("templates/**/*.html"):
        text = template.read_text(encoding="utf-8")
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", " ", text, flags=re.S)
        bare = re.sub(r"<[^>]*>", " ", text, flags=re.S)
        words = set(re.findall(r"[A-Za-zÁ-ú][A-Za-zÁ-ú-]{1,}", bare)) - allowed
        assert words == set(), template.name


def test_every_word_that_is_made_of_a_value_is_there() -> None:
    wanted = {f"state.{s}" for s in PhoneState} | {f"state.{s}.means" for s in PhoneState}
    wanted |= {f"states.{s}.{n}" for s in PhoneState for n in ("one", "many")}
    wanted |= {f"link.{s}" for s in LinkState} | {f"severity.{s}" for s in Severity}
    wanted |= {f"action.{a}" for a in Action} | {f"class.{c}" for c in CallClass} | {f"cause.{c}" for c in CAUSES}
    wanted |= {f"role.{r}" for r in Role} | {f"role.{r}.means" for r in Role}
    wanted |= {f"process.{p.name}" for p in PROCESSES} | {f"process_state.{s}" for s in ProcessState}
    wanted |= {f"direction.{d}" for d in ("internal", "outbound", "inbound")}
    made = set(re.findall(r'Alarm\(\s*(?:code|"([a-z-]+)")', (ROOM / "alarms.py").read_text(encoding="utf-8"))) - {""}
    made |= {"certificate-expired", "certificate-expiring"}
    wanted |= {f"alarm.{code}" for code in made} | {f"alarm.{code}.todo" for code in made}
    assert len(made) > 12
    assert wanted - set(CATALOGUE) == set()


def test_a_sentence_is_said_in_the_language_asked_for() -> None:
    assert say("alarm.trunk-down", "es-MX", trunk="Uno") == "La troncal Uno no responde."
    assert say("alarm.trunk-down", "en", trunk="Uno") == "The trunk Uno does not answer."
