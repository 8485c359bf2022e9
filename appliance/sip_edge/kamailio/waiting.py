"""Music for who is transferred, while phones ring (M-2): their 180 becomes a 183 that brings rtpengine's sound.

The ringing phone is as it was; only what it said is told otherwise, with an answer of ours as if it had music to send
(RFC 3960). rtpengine plays into the caller's stream and stops at the first answer that is somebody's own. So no voice
process is in the path, and while rtpengine is dead it rings as ever.
"""

from pathlib import Path
from typing import Any

from appliance.directory.model import Directory
from appliance.directory.sounds import SoundFiles
from appliance.sip_edge.holding import early_answer, music_file
from appliance.sip_edge.kamailio.hold import FOR_EVER
from appliance.sip_edge.kamailio.knobs import Knobs
from appliance.sip_edge.kamailio.media import PLAYED, RELAYED, Media
from appliance.sip_edge.kamailio.secure import SECURE

_MUSIC, _OFFER = "$avp(music)", "$T_req($rb)"
RINGING, PROGRESS = 180, 183
RELIABLY = "100rel"


class WaitingMusic:
    def __init__(self, ksr: Any, knobs: Knobs, media: Media) -> None:
        self._ksr = ksr
        self._media = media
        self._files = SoundFiles(knobs.path("sounds_dir"))
        self._building_music = Path(knobs.transfer_music)

    def begins(self, account_id: str, directory: Directory) -> None:
        """Before the first step of a call that a transfer made."""
        ksr = self._ksr
        if ksr.sdpops.sdp_content() < 0:
            return
        ksr.pv.sets(_MUSIC, str(music_file(directory, self._files, account_id, self._building_music, transfer=True)))
        # A 180 that has to be acknowledged could not be told otherwise (RFC 3262).
        ksr.textops.subst_hf("Supported", f"/{RELIABLY}//i", "a")

    @property
    def plays(self) -> bool:
        """Whether this call has music while it rings."""
        return bool(self._ksr.pv.get(_MUSIC))

    def reply(self, status: int) -> None:
        """In the reply route of such a call, instead of Media.reply."""
        ksr = self._ksr
        own = ksr.sdpops.sdp_content() > 0
        if status == RINGING and not own and ksr.isbflagset(RELAYED) and not ksr.hdr.get("RSeq"):
            self._tell_otherwise()
            return
        if own:
            # The 200, a phone's own early sound, or voice: from now on that is heard.
            ksr.rtpengine.stop_media(f"from-tag={ksr.pv.get('$ft')}")
        self._media.reply(apart=True)

    def _tell_otherwise(self) -> None:
        ksr = self._ksr
        body = early_answer(ksr.pv.get(_OFFER) or "", secure=bool(ksr.isbflagset(SECURE)))
        if not body:
            return
        ksr.textops.set_body(body, "application/sdp")
        ksr.textopsx.msg_apply_changes()
        self._media.reply(apart=True)
        if not ksr.isbflagset(PLAYED):
            ksr.setbflag(PLAYED)
            track = f"file={ksr.pv.get(_MUSIC)} repeat-times={FOR_EVER}"
            ksr.rtpengine.play_media(f"from-tag={ksr.pv.get('$ft')} {track}")
        # Another early dialog than the phone's: what that answers in the end is no change of this (RFC 6337 §3.1).
        ksr.textops.subst_hf("To", "/;tag=([^;>]+)/;tag=\\1-m/", "f")
        ksr.textopsx.change_reply_status(PROGRESS, "Session Progress")
