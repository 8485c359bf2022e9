"""A scripted handset in a booted phone's place: for what the lab's own user agent cannot do (Replaces, mixing)."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.sip_edge.agent import Agent, Call, Message, tag_of
from tests.lab.phones import Phone
from tests.lab.speaker import Speaker

FIRST_RTP = 10_200


class Handset(Agent):
    """It speaks at its phone's pitch into each of its calls; `line(n)` is the n-th of them."""

    phone: Phone
    lines: list[Speaker]

    def line(self, number: int) -> Speaker:
        """The next call that it makes or answers has this one's sound."""
        while len(self.lines) <= number:
            assert self.phone.place
            with self.phone.place.inside():
                rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            rtp.bind((self.address, FIRST_RTP + 2 * len(self.lines)))
            self.lines.append(Speaker(rtp, self.phone.hz))
        self.rtp = self.lines[number].rtp
        return self.lines[number]

    def hang_up(self, call: Call) -> None:
        self.request(call, "BYE")
        self.expect(200)

    def hung_up(self) -> Message:
        """The other end's BYE, answered."""
        bye = self.expect("BYE")
        self.answer(bye, 200)
        return bye


@contextmanager
def handsets(*phones: Phone) -> Iterator[tuple[Handset, ...]]:
    """Scripted ones in these phones' places, registered as they were; afterwards the phones sign on again."""
    made: list[Handset] = []
    try:
        for phone in phones:
            account = phone.agent.account
            phone.sign_off()
            assert phone.place
            with phone.place.inside():
                handset = Handset(account.user, account.secret, (account.domain, account.port), address=phone.address)
            handset.phone, handset.lines, handset.supported = phone, [], "replaces"
            made.append(handset)
            assert handset.register().status == 200
            handset.line(0)
        yield tuple(made)
    finally:
        for handset in made:
            handset.register(expires=0, cseq=50)
            for line in handset.lines:
                line.close()
                line.rtp.close()
            handset.close()
        for phone in phones:
            if not phone.on:
                phone.sign_on()


def replaced(consulted: Call) -> str:
    """The Replaces that names a call, as who made it writes it."""
    return f"{consulted.call_id};to-tag={tag_of(consulted.remote)};from-tag={tag_of(consulted.local)}"
