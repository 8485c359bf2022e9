"""What this building's people ordered for its phones beyond the directory: firmware and overrides.

Pure: one state of both. `order_book.py` reads it from disk and moves roll-outs on; `context.py` lays it over a phone.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from appliance.provision.context import PhoneContext
from appliance.provision.families import Families
from appliance.provision.family import Family, Model
from appliance.provision.firmware import FOLDER, Seen, Shelf, firmware_for
from appliance.provision.overrides import Laid, Overrides

STARS = "********"


@dataclass(frozen=True, eq=False)
class Orders:
    """`http`: this box as phones reach it, host or host:port."""

    shelf: Shelf = field(default_factory=Shelf)
    overrides: Overrides = field(default_factory=Overrides)
    families: Families = field(default_factory=lambda: Families(()))
    http: str = ""
    without_tls: frozenset[str] = frozenset()
    """MACs of phones that are left with UDP, or must be (secured.py)."""

    @cached_property
    def _family_of(self) -> dict[Model, Family]:
        return {m: f for f in self.families.families for m in f.models}

    def over(self, context: PhoneContext) -> PhoneContext:
        """The context with all that was ordered. That of a common file, without a MAC, has the site's values only."""
        family = self._family_of.get(context.model)
        if family is None:
            return context
        laid = self.laid(context.mac, family.name, context.model.name)
        context = laid.over(context)
        # Only what was said of this very phone goes before what it did.
        if context.mac in self.without_tls and laid.values.get("secure_sip", (False, ""))[1] != "device":
            context = replace(context, server=context.server.secured(False))
        if not context.mac:
            return context
        raw = family.upkeep.raw
        # A device's layer is read before its family is known: what cannot be a name there is left out.
        pairs = tuple((n, v) for n, (v, _) in laid.parameters.items() if raw and raw.takes(n))
        return replace(context, firmware_url=self._firmware_url(context, family.name), parameters=pairs)

    def hidden(self) -> "Orders":
        return replace(self, overrides=self.overrides.hidden(STARS))

    def laid(self, mac: str, family: str, model: str) -> Laid:
        """The overrides of one phone; with an empty MAC those of common files."""
        return self.overrides.laid(mac, family, model if mac else "")

    def _firmware_url(self, context: PhoneContext, family: str) -> str | None:
        if self.shelf.target(family, context.model.name) is None:
            return None
        file = firmware_for(context.mac, family, context.model.name, self.shelf)
        return f"http://{self.http}/{file.path}" if file else ""


def seen_of(mac: str, family: Family, fetches: Iterable[tuple[str, str, str, int]]) -> tuple[Seen, str]:
    """What a phone's last fetches, newest first, tell of it; and the model that it says.

    Of each fetch: at, path, User-Agent, status.
    """
    version = model = took_at = asked_at = ""
    for at, path, agent, status in fetches:
        if path.lstrip("/").startswith(FOLDER):
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
