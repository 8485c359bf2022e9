"""What this building's people ordered for its phones beyond the directory: firmware and overrides.

Pure: one state of both. `order_book.py` reads it from disk and moves roll-outs on.
"""

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache

from appliance.provision.context import PhoneContext
from appliance.provision.family import PLACEHOLDER, Family, FileRule
from appliance.provision.firmware import Seen, Shelf, firmware_for
from appliance.provision.overrides import NONE, Laid, Overrides
from appliance.provision.render import DIGESTS, LINE_ENDS, render
from appliance.provision.upkeep import RawForm, firmware_parameters, write_parameters

WRITTEN_KEPT = 2048
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Orders:
    """`http`: this box as phones reach it, host or host:port."""

    shelf: Shelf = field(default_factory=Shelf)
    overrides: Overrides = field(default_factory=Overrides)
    http: str = ""

    def render(self, family: Family, rule: FileRule, context: PhoneContext) -> bytes:
        """The file as render() makes it, with all orders. Raises TemplateProblem as render() does.

        A common file has what was ordered for the site, and for its model where it is one model's alone.
        """
        laid = self.laid(family, rule, context)
        if laid.values:
            context = laid.over(context)
        steps = self._steps(family, rule, context, laid)
        if not steps:
            return render(family, rule, context)
        data = render(family, _undigested(rule) if rule.digest else rule, context)
        data = _written(data, rule.escape, rule.line_end, steps)
        return DIGESTS[rule.digest](data).hexdigest().encode() if rule.digest else data

    def laid(self, family: Family, rule: FileRule, context: PhoneContext) -> Laid:
        """The overrides that a file has."""
        model = context.model.name
        if not rule.per_device:
            name = rule.name_for("", context.model) if PLACEHOLDER.search(rule.path) else ""
            alone = bool(name) and [m for m in family.models if rule.name_for("", m) == name] == [context.model]
            model = model if alone else ""
        found = self.overrides
        return found.laid(context.mac, family.name, model) if found != _NO_OVERRIDES else NONE

    def _steps(
        self, family: Family, rule: FileRule, context: PhoneContext, laid: Laid
    ) -> tuple[tuple[RawForm, Pairs], ...]:
        """What is written into the file after its template, in order: a person's word goes before the roll-out's."""
        if not rule.per_device:
            return ()
        steps: list[tuple[RawForm, Pairs]] = []
        facts, raw = family.upkeep.firmware, family.upkeep.raw
        if facts and rule.template == facts.form.template:
            file = firmware_for(context.mac, family.name, context.model.name, self.shelf)
            pairs = firmware_parameters(facts, f"http://{self.http}/{file.path}" if file else "")
            steps.append((facts.form, pairs))
        if raw and rule.template == raw.template and laid.parameters:
            # A device's layer is read before its family is known: what cannot be a name there is left out.
            steps.append((raw, tuple((n, v) for n, (v, _) in laid.parameters.items() if raw.takes(n))))
        return tuple((form, pairs) for form, pairs in steps if pairs)


_NO_OVERRIDES = Overrides()
NO_ORDERS = Orders()


def seen_of(mac: str, family: Family, fetches: tuple[tuple[str, str, str, int], ...]) -> tuple[Seen, str]:
    """What a phone's last fetches, newest first, tell of it; and the model that it says.

    Of each fetch: at, path, User-Agent, status.
    """
    version = model = took_at = asked_at = ""
    for at, path, agent, status in fetches:
        if path.lstrip("/").startswith("firmware/"):
            took_at = took_at or (at if status in (200, 206) else "")
            continue
        asked_at = asked_at or at
        found = next((m for p in family.user_agents if (m := re.search(p, agent))), None) if agent else None
        if found and not version:
            words = found.groupdict()
            version = words.get("version") or ""
            said = family.model(words.get("model") or "")
            model = said.name if said else ""
    return Seen(mac, version, took_at, asked_at), model


@lru_cache(maxsize=64)
def _undigested(rule: FileRule) -> FileRule:
    return replace(rule, digest="")


@lru_cache(maxsize=WRITTEN_KEPT)
def _written(data: bytes, escape: str, line_end: str, steps: tuple[tuple[RawForm, Pairs], ...]) -> bytes:
    end = LINE_ENDS[line_end]
    text = data.decode("utf-8").replace(end, "\n")
    for form, pairs in steps:
        text = write_parameters(text, form, escape, pairs)
    return text.replace("\n", end).encode("utf-8")
