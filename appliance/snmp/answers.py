"""What the agent answers: a snapshot of all objects, made at most once a second, walked by bisection. Read-only.

Takes the place of pysnmp's own tree of MIBs, so that nothing but our objects, and no key of the agent itself, can be
read. Who may read is asked of pysnmp's access control for each request.
"""

import logging
import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any

from pysnmp.proto.rfc1905 import endOfMibView, noSuchInstance, noSuchObject
from pysnmp.smi import error

from appliance.snmp.objects import Oid, Value

CACHED_S = 1.0
log = logging.getLogger("conserje.snmp")


class Answers:
    """The instrumentation that pysnmp's responders ask: `read_variables`, `read_next_variables`, `write_variables`."""

    def __init__(self, measure: Callable[[], list[tuple[Oid, Value]]], monotonic: Callable[[], float]) -> None:
        self._measure = measure
        self._monotonic = monotonic
        self._made_at = 0.0
        self._oids: list[Oid] = []
        self._values: list[Value] = []
        self._ill = ""

    def read_variables(self, *var_binds: tuple[Any, Any], **context: Any) -> list[tuple[Any, Any]]:
        """GET (RFC 3416 §4.2.1)."""
        self._allow(var_binds, context)
        self._refresh()
        return [(name, self._value(tuple(name))) for name, _ in var_binds]

    def read_next_variables(self, *var_binds: tuple[Any, Any], **context: Any) -> list[tuple[Any, Any]]:
        """GETNEXT, and each step of GETBULK (RFC 3416 §4.2.2)."""
        self._allow(var_binds, context)
        self._refresh()
        found = []
        for name, _ in var_binds:
            at = bisect_right(self._oids, tuple(name))
            found.append((self._oids[at], self._values[at]) if at < len(self._oids) else (name, endOfMibView))
        return found

    def write_variables(self, *var_binds: tuple[Any, Any], **context: Any) -> list[tuple[Any, Any]]:
        """Nothing can be set."""
        raise error.NotWritableError(idx=0, name=var_binds[0][0] if var_binds else ())

    def _allow(self, var_binds: tuple[tuple[Any, Any], ...], context: dict[str, Any]) -> None:
        """Raises AuthorizationError. All objects are in one view, so one name speaks for all."""
        if var_binds and "acFun" in context:
            check = context.pop("acFun")
            check("read", (self._oids[0] if self._oids else var_binds[0][0], None), idx=0, **context)

    def _refresh(self) -> None:
        now = self._monotonic()
        if self._oids and now - self._made_at < CACHED_S:
            return
        try:
            made = self._measure()
        except (OSError, sqlite3.Error) as ill:
            # The box is ill, not the agent: the last good values stay, and one line says why.
            if str(ill) != self._ill:
                log.warning("event=values_not_gathered why=%s", ill)
                self._ill = str(ill)
            if not self._oids:
                raise error.GenError(idx=0) from ill
            return
        self._ill = ""
        self._made_at = now
        self._oids = [oid for oid, _ in made]
        self._values = [value for _, value in made]

    def _value(self, oid: Oid) -> Value:
        at = bisect_left(self._oids, oid)
        if at < len(self._oids) and self._oids[at] == oid:
            return self._values[at]
        beside = self._oids[max(0, at - 1) : at + 1]
        return noSuchInstance if any(o[: len(oid) - 1] == oid[:-1] for o in beside) else noSuchObject
