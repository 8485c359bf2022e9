"""The page's words in both languages of the house. catalogue*.py hold them."""

from typing import Any

from appliance.errors import Words
from appliance.webui.alarms import Alarm
from appliance.webui.catalogue import PAGES
from appliance.webui.catalogue_alarms import ALARMS
from appliance.webui.catalogue_explain import EXPLAIN
from appliance.webui.catalogue_orders import ORDERS
from appliance.webui.catalogue_people import PEOPLE
from appliance.webui.catalogue_phones import LIFE

LANGUAGES = {"es": "es-MX", "en": "en"}
CATALOGUE: dict[str, Words] = {**PAGES, **LIFE, **ORDERS, **PEOPLE, **ALARMS, **EXPLAIN}


def say(key: str, language: str, **params: Any) -> str:
    """The sentence of a key. Raises KeyError on a key or parameter that is missing: a defect, found by the tests."""
    return CATALOGUE[key].text(language).format_map({k: str(v) for k, v in params.items()})


def say_counted(key: str, count: int, language: str, **params: Any) -> str:
    """`<key>.one` for 1, `<key>.many` for any other count."""
    return say(f"{key}.{'one' if count == 1 else 'many'}", language, count=count, **params)


def say_alarm(alarm: Alarm, language: str) -> str:
    params = dict(alarm.params)
    if alarm.code == "sync-error":
        params["error"] = params["es" if language.startswith("es") else "en"]
    return say(f"alarm.{alarm.code}", language, **params)


def say_todo(alarm: Alarm, language: str) -> str:
    """What to do about it."""
    return say(f"alarm.{alarm.code}.todo", language, **alarm.params)
