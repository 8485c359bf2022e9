"""One end of a call that voice holds: what is agreed on with it, and whether a person speaks in what comes from it.

Who holds, or only listens, has no voice of its own to send (docs/voice.md): what comes then is music, which a bridge
hands on. Where a bridge leads to voice once more, a room or a mailbox, that end cannot see who holds: it is told.
"""

from dataclasses import dataclass, replace

from appliance.voice import sdp
from appliance.voice.words import Terms


@dataclass(slots=True)
class Side:
    """Nothing is agreed on at first."""

    agreed: sdp.Agreement | None = None
    handed_on: bool = False
    """The far end is voice, and says that what it sends now is handed on from somebody who holds."""
    _told: bool = False
    """What it was told last of the sound that we send it."""

    @property
    def hears(self) -> bool:
        """Whether what comes from it is its own voice, or that of a person behind it."""
        return self.agreed is not None and self.agreed.hears and not self.handed_on

    @property
    def terms(self) -> Terms:
        """Before an answer to our own offer: a leg that sends nowhere and takes nothing."""
        return replace(self.agreed.terms, hears=self.hears) if self.agreed else sdp.undecided(sdp.FIRST)

    def is_news(self, held: bool) -> bool:
        """Whether it is to be told, being voice as well, that we hand on the sound of who holds, or no more."""
        if self.agreed is None or not self.agreed.by_voice or held is self._told:
            return False
        self._told = held
        return True
