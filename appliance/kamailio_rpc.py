"""JSON-RPC to Kamailio's control port on loopback: for the rooms that ask Kamailio something and are not in it.

It knows no command; what an answer means is its caller's.
"""

import http.client
import json
from typing import Any

TIMEOUT_S = 1.0
LOOPBACK = "127.0.0.1"
MAX_ANSWER = 32 * 1024 * 1024


class Kamailio:
    """One question, one connection. An engine that does not answer is None here, never an exception."""

    def __init__(self, port: int, timeout_s: float = TIMEOUT_S) -> None:
        self._port = port
        self._timeout_s = timeout_s

    def call(self, method: str, *params: str | int) -> Any:
        """The result, or None where Kamailio does not answer or refuses."""
        asked = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=self._timeout_s)
        try:
            connection.request("POST", "/RPC", asked, {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read(MAX_ANSWER))
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()
        return answer.get("result") if isinstance(answer, dict) else None
