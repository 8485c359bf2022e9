"""Callers that never rest: each dials a service, does something there, and hangs up at a random moment of it.

A few hang up before they are answered, a few vanish without a word, as a phone does whose plug is pulled.
"""

import random
import secrets
import select
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.integration.sip_edge.agent import Agent, Call, Message
from tests.lab.handset import Handset
from tests.lab.netns import Namespace
from tests.lab.sample import sip_secret, sip_user
from tests.lab.sample_voice import MODERATOR_PIN, OPEN_ROOM, PIN, ROOM, ROOM_PIN

BOX = ("10.20.0.1", 5060)
EARLY, VANISH = 0.12, 0.02
"""Shares of calls that are given up before an answer, and of those that end without a word."""
PATIENCE_S = 15.0
Step = tuple[str, str | float]
SCENARIOS: dict[str, tuple[str, tuple[Step, ...]]] = {
    "menu to a person": ("170", (("wait", 0.8), ("keys", "1"), ("talk", 3.0))),
    "menu, wrong keys": ("170", (("keys", "777"), ("talk", 3.0))),
    "menu, an extension": ("170", (("wait", 0.3), ("keys", "102"), ("talk", 2.0))),
    "menu, a name": ("170", (("keys", "8"), ("wait", 1.0), ("keys", "3572#"), ("wait", 3.0), ("keys", "1"))),
    "menu to a mailbox": ("170", (("keys", "2"), ("wait", 0.8), ("keys", "#"), ("talk", 4.0), ("keys", "#"))),
    "menu, nothing said": ("170", (("wait", 12.0),)),
    "a message": ("*99103", (("wait", 0.8), ("keys", "#"), ("talk", 5.0))),
    "a mailbox": ("*98", (("wait", 0.5), ("keys", "103#"), ("wait", 0.3), ("keys", f"{PIN}#"), ("wait", 0.8),
                          ("keys", "1"), ("wait", 2.0), ("keys", "7"), ("keys", "*"), ("keys", "#"))),
    "a greeting": ("*98", (("keys", "103#"), ("keys", f"{PIN}#"), ("wait", 0.8), ("keys", "3"), ("wait", 0.5),
                           ("keys", "1"), ("talk", 4.0), ("keys", "#"), ("wait", 1.0), ("keys", "5"))),
    "a room": ("160", (("keys", f"{ROOM}#"), ("wait", 0.3), ("keys", f"{ROOM_PIN}#"), ("talk", 6.0), ("keys", "*4"))),
    "a moderator": ("160", (("keys", f"{ROOM}#"), ("keys", f"{MODERATOR_PIN}#"), ("talk", 4.0), ("keys", "*2*2*3"))),
    "an open room": ("160", (("wait", 0.5), ("keys", f"{OPEN_ROOM}#"), ("wait", 6.0))),
    "music": ("102", (("talk", 1.0), ("hold", 2.0), ("talk", 1.0))),
    "echo": ("*9196", (("talk", 3.0),)),
    "an announcement": ("9001234567", (("wait", 5.0),)),
}  # fmt: skip


@dataclass
class Tally:
    """What the callers met, for all of them together."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    ends: Counter[str] = field(default_factory=Counter)
    services: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    """Calls that nobody answered or refused, and what else must not happen."""

    def note(self, service: str, end: str) -> None:
        with self.lock:
            self.services[service] += 1
            self.ends[end] += 1

    def lose(self, words: str) -> None:
        with self.lock:
            self.lost.append(words)

    @property
    def calls(self) -> int:
        return self.services.total()


class Caller(threading.Thread):
    """One at a time, of one person's account, from an address of its own."""

    def __init__(self, place: Namespace, address: str, person: str, number: int, tally: Tally) -> None:
        super().__init__(daemon=True)
        self._chance = random.Random(number)
        self._tally = tally
        self._over = threading.Event()
        with place.inside():
            # Each time another codec: the converters have a memory of their own.
            codec = ("PCMU", "PCMA", "G722", "OPUS")[number % 4]
            self._phone = Handset(
                sip_user(person),
                sip_secret(person),
                BOX,
                address=address,
                codec=codec,
                hz=200 + 30 * number,
                keeps=False,
            )

    def stop(self) -> None:
        self._over.set()

    def run(self) -> None:
        while not self._over.is_set():
            name = self._chance.choice(list(SCENARIOS))
            try:
                end = self._one(*SCENARIOS[name])
            except AssertionError as lost:
                self._tally.lose(f"{time.strftime('%H:%M:%S')} {name}: {lost}")
                self._forget()
            else:
                self._tally.note(name, end)
        self._phone.close()

    def _one(self, number: str, steps: tuple[Step, ...]) -> str:
        phone, chance = self._phone, self._chance
        phone.dials(number)
        assert phone.call
        if chance.random() < EARLY:
            phone.lives(chance.choice((0.0, 0.0, 0.02, 0.05, 0.2)))
            phone.gives_up()
        final = phone.final(PATIENCE_S)
        if final != 200:
            return f"refused {final}"
        if number != "102" and chance.random() < VANISH:
            phone.lives(chance.random())
            self._forget()
            return "vanished"
        leaves_at = chance.randrange(len(steps) + 1)
        for n, (what, how) in enumerate(steps):
            if n == leaves_at:
                phone.lives(chance.random() * (float(how) if what != "keys" else 0.3))
                break
            if phone.left:
                return "left by the house"
            self._does(what, how)
        if phone.left:
            return "left by the house"
        phone.hangs_up()
        return f"hung up at step {leaves_at}"

    def _does(self, what: str, how: str | float) -> None:
        phone = self._phone
        if what == "keys":
            phone.pressed(str(how), self._chance.choice(("events", "events", "info", "tones")))
        elif what == "hold":
            phone.holds(True)
            phone.lives(float(how))
            if not phone.left:
                phone.holds(False)
        else:
            hz, phone.hz = phone.hz, phone.hz if what == "talk" else 0
            phone.lives(float(how))
            phone.hz = hz

    def _forget(self) -> None:
        """As if its plug had been pulled. Never between two phones: rtpengine waits a quarter of an hour for those."""
        self._phone.call = None


class Callee(threading.Thread):
    """Who is called in the house: answers after a moment whatever rings, and hangs up some of it after a while."""

    def __init__(self, place: Namespace, address: str, person: str, tally: Tally) -> None:
        super().__init__(daemon=True)
        self._chance = random.Random(person)
        self._tally = tally
        self._over = threading.Event()
        with place.inside():
            self._agent = Agent(sip_user(person), sip_secret(person), BOX, address=address)
        self._register(1)

    def stop(self) -> None:
        self._over.set()

    def run(self) -> None:
        ringing: dict[str, Message] = {}
        due: list[tuple[float, str]] = []
        taken: dict[str, Call] = {}
        again_at, cseq = time.monotonic() + 120, 10
        while not self._over.is_set():
            message = self._agent.receive(0.02)
            now = time.monotonic()
            if message is not None and not message.status:
                self._asked(message, ringing, taken, due, now)
            for at, name in [d for d in due if d[0] <= now]:
                due.remove((at, name))
                if name in ringing:
                    taken[name] = self._agent.take(ringing.pop(name))
                    due.append((now + self._chance.uniform(1, 8), name))
                elif name in taken:
                    self._agent.request(taken.pop(name), "BYE")
            self._drain_sound()
            if now > again_at:
                again_at, cseq = now + 120, cseq + 2
                self._register(cseq)
        self._agent.close()

    def _asked(
        self,
        message: Message,
        ringing: dict[str, Message],
        taken: dict[str, Call],
        due: list[tuple[float, str]],
        now: float,
    ) -> None:
        name = message["call-id"]
        if message.method == "INVITE" and name not in taken:
            self._agent.answer(message, 180, "Ringing")
            ringing[name] = message
            due.append((now + self._chance.uniform(0, 1.5), name))
        elif message.method == "CANCEL":
            self._agent.answer(message, 200, "OK")
            invite = ringing.pop(name, None)
            if invite is not None:
                self._agent.answer(invite, 487, "Request Terminated")
        elif message.method != "ACK":
            if message.method == "BYE":
                taken.pop(name, None)
            self._agent.answer(message, 200, "OK", self._agent.sdp if message.method == "INVITE" else "")

    def _drain_sound(self) -> None:
        while select.select([self._agent.rtp], [], [], 0)[0]:
            self._agent.rtp.recv(2000)

    def _register(self, cseq: int) -> None:
        try:
            status = self._agent.register(expires=300, cseq=cseq, call_id=f"soak-{secrets.token_hex(3)}").status
            assert status == 200, f"refused: {status}"
        except AssertionError as no:
            self._tally.lose(f"a callee's registration: {no}")
