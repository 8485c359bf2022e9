"""The desk: where a dialogue's questions (Ask) go that neither sound nor SIP answers: rows, mailboxes, facts."""

from typing import Protocol

from appliance.settings import Settings
from appliance.voice.building_desk import building_desk


class Desk(Protocol):
    """Works in threads of its own, several questions at once; may wait for a disk, never for a caller."""

    def answer(self, question: object) -> object:
        """What is told to the dialogue. OSError and Problem are logged by the shell, which then tells None."""


def desk_of(settings: Settings) -> Desk:
    """The desk of this building; made once for each signalling process."""
    return building_desk(settings)
