"""A phone that watches, over the tests' small SIP agent: SUBSCRIBE by digest, and what NOTIFY said."""

import secrets
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

from tests.integration.sip_edge.agent import Agent, Message, tag_of

NS = "{urn:ietf:params:xml:ns:dialog-info}"


@dataclass
class Watch:
    """One subscription as its watcher sees it."""

    agent: Agent
    target: str
    event: str
    call_id: str = field(default_factory=lambda: secrets.token_hex(8))
    tag: str = field(default_factory=lambda: secrets.token_hex(4))
    remote_tag: str = ""
    contact: str = ""
    cseq: int = 0
    versions: list[int] = field(default_factory=list)

    def subscribe(self, expires: int = 600) -> Message:
        """The whole exchange, in the dialog once there is one; the last answer, whatever it is."""
        self._send(expires)
        asked = self.agent.expect(407)
        line = self.agent.authorization(self.agent.challenged(asked), "SUBSCRIBE", self._uri)
        self._send(expires, line)
        answer = self.agent.expect(200, 400, 403, 404, 423, 481, 489, 500, 503)
        if answer.status == 200:
            self.remote_tag = tag_of(answer["to"])
            self.contact = answer["contact"].strip("<>")
        return answer

    @property
    def _uri(self) -> str:
        host, port = self.agent.registrar
        return self.contact or f"sip:{self.target}@{host}:{port}"

    def _send(self, expires: int, authorization: str = "") -> None:
        self.cseq += 1
        host = self.agent.registrar[0]
        to = f";tag={self.remote_tag}" if self.remote_tag else ""
        headers = [
            self.agent._via(),
            "Max-Forwards: 70",
            f"From: <sip:{self.agent.user}@{host}>;tag={self.tag}",
            f"To: <sip:{self.target}@{host}>{to}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {self.cseq} SUBSCRIBE",
            f"Contact: <{self.agent.contact}>",
            f"Event: {self.event}",
            f"Expires: {expires}",
        ]
        self.agent.send(f"SUBSCRIBE {self._uri} SIP/2.0", [*headers, *([authorization] if authorization else [])])

    def told(self, seconds: float = 3, status: int = 200) -> Message:
        """The next NOTIFY of this subscription, answered."""
        while True:
            notify = self.agent.expect("NOTIFY", seconds=seconds)
            if notify["call-id"] == self.call_id:
                break
        self.agent.answer(notify, status)
        if "dialog-info" in notify["content-type"]:
            self.versions.append(int(ET.fromstring(notify.body).attrib["version"]))
        return notify

    def dialogs(self, seconds: float = 3) -> list[tuple[str, str, str]]:
        """Direction, state and remote user of each dialog in the next NOTIFY."""
        root = ET.fromstring(self.told(seconds).body)
        assert root.attrib["state"] == "full"
        return [_read(d) for d in root.findall(f"{NS}dialog")]

    def sees(self, state: str, seconds: float = 3) -> tuple[str, str, str]:
        """Waits for a NOTIFY with a dialog in this state."""
        for _ in range(6):
            found = [d for d in self.dialogs(seconds) if d[1] == state]
            if found:
                return found[0]
        raise AssertionError(f"{self.target}: never {state}")


def _read(dialog: ET.Element) -> tuple[str, str, str]:
    state = dialog.findtext(f"{NS}state") or ""
    remote = dialog.findtext(f"{NS}remote/{NS}identity") or ""
    return dialog.attrib["direction"], state, remote.partition(":")[2].partition("@")[0]
