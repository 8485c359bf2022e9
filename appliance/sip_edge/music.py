"""Music for phones that fetch it themselves for whom they hold: what the music URI of their files leads to. Pure.

Such a phone calls the URI and gives the held party our sound (RFC 7088). For all others rtpengine plays (holding.py).
"""

from appliance.reasons import Because
from appliance.sip_edge.decision import Decision, Way, by_voice, voice_way
from wire.services import Music

MUSIC = "music"
"""User part of the music URI, and the service of voice."""


def to_music(d: Decision, account_id: str) -> Way:
    d.note(Because.PLAYS_MUSIC)
    music = d.directory.service(Music, account_id)
    return voice_way(d, by_voice(d, MUSIC, account_id, music.hold_sound_id if music is not None else ""))
