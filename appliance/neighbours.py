"""The kernel's neighbour table: which MAC address answers at an address on a link of ours."""

from pathlib import Path

from appliance.ports import Clock

_TABLE = Path("/proc/net/arp")
_KEPT_S = 1.0
_COMPLETE = 0x2


class Neighbours:
    """For addresses without a lease, and for who must show that it is where it says."""

    def __init__(self, clock: Clock, table: Path = _TABLE) -> None:
        self._clock = clock
        self._table = table
        self._read_at = float("-inf")
        self._macs: dict[str, str] = {}

    def mac_of(self, address: str) -> str:
        """Twelve lower-case hex digits; empty where the kernel knows none. Read at most once a second."""
        now = self._clock.monotonic()
        if now - self._read_at >= _KEPT_S:
            self._macs = self._entries()
            self._read_at = now
        return self._macs.get(address, "")

    def _entries(self) -> dict[str, str]:
        try:
            lines = self._table.read_text().splitlines()[1:]
        except OSError:
            return {}
        # IP address, HW type, Flags, HW address, Mask, Device
        rows = (line.split() for line in lines)
        return {r[0]: r[3].replace(":", "").lower() for r in rows if len(r) >= 6 and int(r[2], 16) & _COMPLETE}
