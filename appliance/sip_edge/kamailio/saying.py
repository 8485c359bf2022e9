"""What a caller is told while voice is dead: rtpengine plays the sentence from the file that voice had made (E-2).

The caller gets a 183 of ours whose SDP leads to rtpengine; a branch to nobody keeps the call for as long as the
sentence takes, then the status follows as after voice's. rtpengine is asked by its own protocol, on loopback:
Kamailio's module takes an answer from a reply alone, and there is none.
"""

import wave
from pathlib import Path
from typing import Any

from appliance.sip_edge.control import Rtpengine
from appliance.sip_edge.holding import early_answer
from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.media import VOICE, Media
from appliance.sip_edge.plan import Say

NOBODY = "sip:nobody@127.0.0.1:9"
"""The discard port (RFC 863): nothing of ours answers there."""
OTHERWISE = "es-MX"
TIMES = 2
AFTER_S = 0.5
ASKING_S = 0.25
"""As the module waits, and as seldom: rtpengine is on this machine and was seen to live."""


class Saying:
    def __init__(self, ksr: Any, knobs: Knobs, media: Media) -> None:
        self._ksr = ksr
        self._media = media
        self._sentences = Path(knobs.sentences_dir) if knobs.sentences_dir else None
        self._rtpengine = Rtpengine(knobs.ng_port, ASKING_S)
        self._several_sides = knobs.several_sides
        self._host = f"{knobs.voice_address}:{knobs.port}"

    def begins(self, step: Say, caller_side: str) -> int:
        """Milliseconds that the sentence takes, the caller hearing it from now on; 0: it cannot be said."""
        ksr = self._ksr
        path = self._file(step)
        if path is None or self._media.is_dead() or ksr.sdpops.sdp_content() < 0:
            return 0
        call = {"call-id": ksr.pv.get("$ci"), "from-tag": ksr.pv.get("$ft")}
        sides = {"direction": [caller_side, VOICE]} if self._several_sides else {}
        plain: dict[str, Any] = {"ICE": "remove", "transport-protocol": "RTP/AVP", **sides}
        offer = self._asked("offer", **call, **plain, sdp=ksr.pv.get("$rb") or "")
        answer = early_answer(offer)
        told = self._asked("answer", **call, **{"to-tag": "sentence"}, sdp=answer, ICE="remove") if answer else ""
        if not told:
            return 0
        ksr.textops.set_reply_body(told, "application/sdp")
        ksr.hdr.append_to_reply(f"Contact: <sip:{self._host}>\r\n")
        ksr.tm.t_reply(183, "Session Progress")
        self._rtpengine.ask({"command": "play media", **call, "file": str(path), "repeat-times": TIMES})
        return int(1000 * (TIMES * _seconds(path) + AFTER_S))

    def _file(self, step: Say) -> Path | None:
        """As voice/synthesis.py names them; the newest, where its text has changed."""
        for language in (step.language, OTHERWISE) if self._sentences is not None else ():
            found = self._sentences.glob(f"{step.announcement.value}.{language}.*.wav") if self._sentences else ()
            made = max(found, key=lambda p: p.stat().st_mtime_ns, default=None)
            if made is not None:
                return made
        return None

    def _asked(self, command: str, **said: Any) -> str:
        return str(self._rtpengine.ask({"command": command, **said}).get("sdp") or "")


def _seconds(path: Path) -> float:
    with wave.open(str(path)) as sound:
        return float(sound.getnframes() / sound.getframerate())
