"""The media engine: rooms of talkers, listeners to music, and the cost of a leg; calls to a menu a second.

How good the rooms sound (C-2, MOS >= 4.0 with 100 legs) is said by ITU-T G.107's E-model from what each listener got:
packets lost, or too late for a jitter buffer of 40 ms, and the delay from one mouth to the other ear. It stands in for
PESQ and POLQA, whose licence nobody here has. What the mixing does to the samples is measured beside it.

Calls are INVITE, 200, ACK and BYE at an even pace against the whole service, from one socket a worker.

Shares of one core are CPU time of voice-media alone, by the kernel's count; the load generator's is its own process's.
As the reference for rooms stands a plain UDP echo in Python of the very same packets: what it costs only to receive and
send them one by one.

A virtual machine whose host takes its processor away for 20 ms sends 20 ms late, whatever it runs. Spacing is therefore
judged by the stretches in which the kernel counts no stolen time (proc(5), `steal`), and printed for all of it too. On
hardware that is our own these are the same.
"""

import os
import random
import select
import socket
import struct
import tempfile
import time
from pathlib import Path

import numpy as np

from appliance.voice import words
from appliance.voice.codecs import FRAME_SAMPLES, PCMA
from tests.bench.results import NO_GOAL, Result, bound, percentile, rate
from tests.integration.voice.caller import Caller, read
from tests.integration.voice.conftest import Voice
from tests.integration.voice.rig import RTP, Phone, Rig
from tests.lab.audio import HEARD, heard_at, tone
from tests.lab.emodel import fidelity_db, mos, rating

ROOMS, MEMBERS = 10, 10
MOS = 4.0
FIDELITY_DB = 30.0
"""Of one voice through two G.711 codings and a mixer; one coding alone leaves 38 dB."""
BUFFER_MS = 40.0
"""A phone's jitter buffer: what comes later than this after the earliest is not played."""
PACKET_MS = 20.0
FIRST_PACKET = 2000
"""Of one_voice, ahead of all that was sent before."""
LISTENERS = 300
SECONDS = 10.0
OWN_S, MOST_S = 5.0, 40.0
"""So much time in stretches that nobody stole from is waited for, so long at most."""
CALLS_PER_S, CALLING_S = 200, 6.0
WARM_UP_S = 1.5
_SO_TIMESTAMPNS = 35
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """User and system time of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def stolen_ticks() -> int:
    """Time that the host took from this machine's processors, in clock ticks since it started."""
    return int(Path("/proc/stat").read_text().split(maxsplit=9)[8])


def rss_kb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("Pss:")))


class Load:
    """Sends one packet of speech-like sound from each phone every 20 ms, spread over the 20 ms; takes in what comes."""

    def __init__(self, phones: list[Phone], talking: bool) -> None:
        self._phones = phones
        self._talking = talking
        self._payloads = [PCMA.encode(tone(250 + 13 * n, 0.02, -16)) for n in range(len(phones))]
        self.arrivals: dict[int, list[float]] = {p.leg: [] for p in phones}
        self.sequences: dict[int, list[int]] = {p.leg: [] for p in phones}
        self._own: list[tuple[float, float]] = []
        """From and to, by the wall clock: stretches in which nothing was stolen from us."""
        for phone in phones:
            phone.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            # What came while the others were being set up has waited here: its time of arrival is not known.
            phone.take_in()

    def run(self, seconds: float) -> None:
        at, number = time.monotonic(), 0
        end = at + seconds
        since, stolen = time.time(), stolen_ticks()
        while at < end:
            self.one_frame(number)
            number += 1
            at += 0.02
            time.sleep(max(0.0, at - time.monotonic()))
            until, taken = time.time(), stolen_ticks()
            if taken == stolen:
                self._own.append((since, until))
            since, stolen = until, taken

    def run_undisturbed(self) -> None:
        """Go on until there is time enough to judge the spacing by."""
        end = time.monotonic() + MOST_S
        while sum(until - since for since, until in self._stretches()) < OWN_S and time.monotonic() < end:
            self.run(1.0)

    def _stretches(self) -> list[tuple[float, float]]:
        """What of the time was our own, in one piece each; of 100 ms at least."""
        joined: list[tuple[float, float]] = []
        for since, until in self._own:
            if joined and joined[-1][1] == since:
                since = joined.pop()[0]
            joined.append((since, until))
        return [(since, until) for since, until in joined if until - since >= 0.1]

    def one_frame(self, number: int) -> None:
        for index, phone in enumerate(self._phones):
            if self._talking:
                head = RTP.pack(0x80, 8, number % 65536, number * 160 & 0xFFFFFFFF, phone.leg)
                phone.socket.sendto(head + self._payloads[index], ("127.0.0.1", phone.port))
            for at, data in self.datagrams(phone):
                self.arrivals[phone.leg].append(at)
                self.sequences[phone.leg].append(int.from_bytes(data[2:4], "big"))

    @staticmethod
    def datagrams(phone: Phone) -> list[tuple[float, bytes]]:
        """What has come to a phone, with the kernel's time of arrival."""
        came: list[tuple[float, bytes]] = []
        while True:
            try:
                data, control, _, _ = phone.socket.recvmsg(2000, 64)
            except BlockingIOError:
                return came
            whole, nanoseconds = struct.unpack("@ll", control[0][2])
            came.append((whole + nanoseconds * 1e-9, data))

    def unplayed(self) -> dict[int, float]:
        """Of each listener, the share of packets that were lost or came too late to be played."""
        out: dict[int, float] = {}
        for leg, sequences in self.sequences.items():
            order = np.unwrap(np.array(sequences, float), period=65536)
            transit = np.array(self.arrivals[leg]) * 1000 - order * PACKET_MS
            played = np.sum(transit - transit.min() <= BUFFER_MS)
            out[leg] = 1 - float(played) / (order.max() - order.min() + 1)
        return out

    def spacing_off_ms(self) -> tuple[list[float], list[float]]:
        """Distances from 20 ms of the spacings after the warm-up: of seconds that were our own, and of all."""
        own: list[float] = []
        everything: list[float] = []
        for times in self.arrivals.values():
            came = np.array(times[int(WARM_UP_S * 50) :])
            off = np.abs(np.diff(came) * 1000 - PACKET_MS)
            everything += off.tolist()
            for since, until in self._stretches():
                own += off[(came[:-1] >= since) & (came[1:] <= until)].tolist()
        return own, everything


def spacing(name: str, load: Load) -> list[Result]:
    load.run_undisturbed()
    own, everything = load.spacing_off_ms()
    assert own, f"{name}: the host left this machine nothing of {MOST_S} s for itself"
    all_of_it = "the same, with the time in which the host took processors from us"
    return [
        bound(f"{name}, spacing off 20 ms, p99", "ms", percentile(own, 0.99), 5),
        explains(all_of_it, "ms", percentile(everything, 0.99)),
    ]


def measure() -> list[Result]:
    with tempfile.TemporaryDirectory() as folder, Rig(Path(folder), random.randrange(21000, 28000, 800)) as rig:
        out = [*rooms(rig), *listeners(rig)]
    return [*out, *calls()]


def rooms(rig: Rig) -> list[Result]:
    assert rig.child is not None
    pid = rig.child.pid
    # The first leg opens when all sentences are loaded; they are not to be counted as the others' memory.
    rig.phone("PCMA")
    rig.run(0.5)
    rig.clear()
    before_kb = rss_kb(pid)
    phones = [rig.phone("PCMA") for _ in range(ROOMS * MEMBERS)]
    for n, phone in enumerate(phones):
        rig.tell(words.Mix(phone.leg, f"room {n % ROOMS}", True, None))
    load = Load(phones, talking=True)
    load.run(WARM_UP_S)
    began, ours, sending = time.monotonic(), cpu_s(pid), cpu_s(os.getpid())
    load.run(SECONDS)
    share = (cpu_s(pid) - ours) / (time.monotonic() - began)
    load_share = cpu_s(os.getpid()) - sending
    load_share /= time.monotonic() - began
    a_leg_kb = (rss_kb(pid) - before_kb) / len(phones)
    worst = max(load.unplayed().values())
    punctual = spacing("100 talkers in 10 rooms", load)
    delay_ms, fidelity = one_voice(phones)
    score = mos(rating(delay_ms, worst))
    echo_share = echo_of(phones)
    rig.clear()
    return [
        bound("100 talkers in 10 rooms, share of a core", "%", share * 100, 30),
        Result(
            "the same packets, plain UDP echo",
            "%",
            share * 100,
            echo_share * 100,
            "UDP echo",
            echo_share / share,
            NO_GOAL,
        ),
        explains("the load generator of these, share of a core", "%", load_share * 100),
        *punctual,
        rate("100 talkers in 10 rooms, MOS of the worst listener (G.107)", "MOS", score, MOS, "the bound", 1.0),
        explains("the same, packets lost or too late", "%", worst * 100),
        explains("the same, mouth to ear", "ms", delay_ms),
        rate("one voice through a room against what was said", "dB", fidelity, FIDELITY_DB, "the bound", 1.0),
        bound("memory of a leg in a room", "KiB", max(a_leg_kb, 0.1), 200),
    ]


def explains(name: str, unit: str, value: float) -> Result:
    """A figure of which nothing was promised."""
    return Result(name, unit, value, value, "itself", 1.0, NO_GOAL)


def one_voice(phones: list[Phone]) -> tuple[float, float]:
    """Mouth to ear in ms, and decibels of fidelity: one speaks in a room whose others are quiet, the rooms around talk.

    The delay is of sound, not of packets: filling one, the engine's buffer and clock, the listener's own buffer.
    """
    room, others = phones[::ROOMS], [p for n, p in enumerate(phones) if n % ROOMS]
    speaker, listener = room[0], room[1]
    speech = tone(420, 1.0, -16) + tone(730, 1.0, -18)
    chirp = np.concatenate([np.zeros(1600, np.int16), speech[:4000], np.zeros(1600, np.int16), speech[:2400]])
    frames = [PCMA.encode(f) for f in chirp[: len(chirp) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)]
    around = Load(others, talking=True)
    heard: list[tuple[float, bytes]] = []
    sent_at = 0.0
    at = time.monotonic()
    for number in range(len(frames) + 50):
        around.one_frame(FIRST_PACKET + number)
        payload = frames[number] if number < len(frames) else PCMA.silence
        if not number:
            sent_at = time.time()
        head = RTP.pack(0x80, 8, (FIRST_PACKET + number) % 65536, (FIRST_PACKET + number) * 160, speaker.leg)
        speaker.socket.sendto(head + payload, ("127.0.0.1", speaker.port))
        at += 0.02
        time.sleep(max(0.0, at - time.monotonic()))
        heard += around.datagrams(listener)
        for quiet in (speaker, *room[2:]):
            around.datagrams(quiet)
    pcm = np.concatenate([PCMA.decode(data[12:]) for _, data in heard])
    score, offset = heard_at(chirp, pcm)
    assert score > HEARD, f"the voice is not heard: {score:.2f}"
    through_ms = (heard[0][0] - sent_at) * 1000 + offset / 8
    return through_ms + PACKET_MS + BUFFER_MS, fidelity_db(chirp, pcm[offset : offset + len(chirp)])


def echo_of(phones: list[Phone]) -> float:
    """The share of a core that it costs a Python process to send each of these packets back, one by one."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    pid = os.fork()
    if pid == 0:
        while True:
            data, source = sock.recvfrom(2000)
            sock.sendto(data, source)
    port = sock.getsockname()[1]
    sock.close()
    for phone in phones:
        phone.port = port
    load = Load(phones, talking=True)
    began, used = time.monotonic(), cpu_s(pid)
    try:
        load.run(SECONDS / 2)
        return (cpu_s(pid) - used) / (time.monotonic() - began)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def listeners(rig: Rig) -> list[Result]:
    """300 who hear music. Nobody reads their packets: what is measured is the engine."""
    assert rig.child is not None
    pid = rig.child.pid
    phones = [rig.phone("PCMA" if n % 2 else "PCMU") for n in range(LISTENERS)]
    for phone in phones:
        rig.tell(words.Music(phone.leg, ""))
    load = Load(phones[:20], talking=False)
    load.run(WARM_UP_S)
    began, ours = time.monotonic(), cpu_s(pid)
    load.run(SECONDS)
    share = (cpu_s(pid) - ours) / (time.monotonic() - began)
    punctual = spacing("300 listeners to music", load)
    rig.clear()
    return [
        bound("300 listeners to music, share of a core", "%", share * 100, 100),
        *punctual,
    ]


def calls() -> list[Result]:
    """How long a caller waits for its answer when 200 call each second."""
    with tempfile.TemporaryDirectory() as folder:
        voice = Voice(Path(folder), workers=2)
        voice.start()
        try:
            waits, unanswered = call_storm(voice)
        finally:
            assert voice.process is not None
            voice.process.terminate()
            voice.process.wait(10)
    assert not unanswered, f"{unanswered} calls unanswered"
    return [bound("200 calls a second, answer p99", "ms", percentile(waits, 0.99) * 1000, 50)]


def call_storm(voice: Voice) -> tuple[list[float], int]:
    """Seconds to each 200; and how many had none."""
    with Caller(voice.sip_port) as one, Caller(voice.sip_port + 1) as two:
        lines = (one, two)
        asked: dict[str, float] = {}
        waits: list[float] = []

        def take(line: Caller) -> None:
            while select.select([line.sip], [], [], 0)[0]:
                message = read(line.sip.recv(4000))
                name = message.header("Call-ID")
                if message.code == 200 and "INVITE" in message.header("CSeq") and name in asked:
                    waits.append(time.monotonic() - asked.pop(name))
                    line.call_id, line.cseq = name, 1
                    line.uri = f"sip:echo@127.0.0.1:{line.sip_port}"
                    line.ack(message)
                    line.bye()

        begin = time.monotonic()
        for n in range(int(CALLS_PER_S * CALLING_S)):
            at = begin + n / CALLS_PER_S
            while time.monotonic() < at:
                for line in lines:
                    take(line)
                time.sleep(0.0005)
            line = lines[n % 2]
            line.call_id, line.cseq, line.to_tag = f"storm-{n}-{os.getpid()}", 0, ""
            asked[line.call_id] = time.monotonic()
            line.invite("echo", line.sdp())
        end = time.monotonic() + 3
        while asked and time.monotonic() < end:
            for line in lines:
                take(line)
            time.sleep(0.0005)
        return waits, len(asked)
