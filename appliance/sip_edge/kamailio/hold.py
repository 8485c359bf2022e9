"""Music for who is held: a re-INVITE that holds starts it in rtpengine, one that resumes ends it (X-1, M-1).

rtpengine plays into the held party's own stream, so nothing moves and no voice process is in the path. While rtpengine
is dead a held party hears nothing, and the call goes on.
"""

from pathlib import Path
from typing import Any

from appliance.directory.live import Live
from appliance.directory.sounds import SoundFiles
from appliance.sip_edge.holding import answered_silent, audible, music_file, offered
from appliance.sip_edge.kamailio.board import Board
from appliance.sip_edge.kamailio.knobs import Knobs

_ASKED = "$avp(hold)"
"""Of a transaction: the music's file; RESUMED; or with SILENT before the file, of an offer that we changed."""
RESUMED, SILENT = "-", "!"
FOR_EVER = 1_000_000
"""Repeats: of the shortest track, weeks."""


class Hold:
    def __init__(self, ksr: Any, knobs: Knobs, live: Live, board: Board) -> None:
        self._ksr = ksr
        self._live = live
        self._board = board
        self._files = SoundFiles(knobs.path("sounds_dir"))
        self._building_music = Path(knobs.hold_music)

    def asked(self, call_id: str, from_tag: str, downstream: bool) -> None:
        """A request within a call, with SDP, before rtpengine sees it. `from_tag` of the call's first INVITE."""
        ksr = self._ksr
        sdp = ksr.pv.get("$rb") or ""
        wants = offered(sdp)
        if not wants.holds:
            ksr.pv.sets(_ASKED, RESUMED)
            return
        mark = ""
        if wants.silent:
            ksr.textops.set_body(audible(sdp), "application/sdp")
            ksr.textopsx.msg_apply_changes()
            mark = SILENT
        ksr.pv.sets(_ASKED, f"{mark}{self._music(call_id, from_tag, downstream)}")

    def answering(self) -> None:
        """A reply to such a request, before rtpengine sees it: what the holder must not see is put back."""
        ksr = self._ksr
        if (ksr.pv.get(_ASKED) or "").startswith(SILENT):
            body = ksr.pv.get("$rb") or ""
            silent = answered_silent(body)
            if silent != body:
                ksr.textops.set_body(silent, "application/sdp")
                ksr.textopsx.msg_apply_changes()

    def answered(self) -> None:
        """The 200 to such a request has passed rtpengine: the held party is the one who answered."""
        ksr = self._ksr
        asked = ksr.pv.get(_ASKED)
        if not asked or not 200 <= int(ksr.pv.get("$rs")) < 300:
            return
        held = ksr.pv.get("$tt")
        if asked == RESUMED:
            ksr.rtpengine.stop_media(f"from-tag={held}")
            return
        ksr.rtpengine.play_media(f"from-tag={held} file={asked.removeprefix(SILENT)} repeat-times={FOR_EVER}")

    def _music(self, call_id: str, from_tag: str, downstream: bool) -> Path:
        """Of the account of the phone that holds; a call that the board has forgotten hears the building's."""
        directory = self._live.current()
        parties = self._board.parties(call_id, from_tag)
        user = parties[0] if downstream else parties[1]
        phone = directory.phone_by_sip_user(user) if user else None
        return music_file(directory, self._files, phone.account_id if phone else "", self._building_music)
