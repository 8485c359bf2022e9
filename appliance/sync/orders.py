"""Carries out what owners did at the centre with their voicemail: rows of the feed, obeyed once each (L-2).

What counts where both sides acted is decided by wire/messages.py; lamps and menus follow, because they read mailboxes.
"""

import logging
import sqlite3

from appliance.directory.live import Live
from appliance.directory.local import LocalStore
from appliance.directory.mailbox_file import NOTHING_SEALED
from appliance.directory.mailboxes import Mailboxes
from appliance.errors import DirectoryProblem
from appliance.ports import Clock
from appliance.settings import Settings
from wire.services import MailboxGone, MessageState

log = logging.getLogger("conserje.sync")


class MessageOrders:
    """Not shared between threads."""

    def __init__(self, settings: Settings, local: LocalStore, clock: Clock) -> None:
        self._live = Live(settings.paths.live_dir)
        self._mailboxes = Mailboxes(settings.paths.mailboxes_dir, local, NOTHING_SEALED, clock)
        self._obeyed = -1

    def obey(self) -> None:
        """Once a revision, and again at the next call where the disk refused or a deleted mailbox is in use."""
        try:
            directory = self._live.current()
            if directory.revision == self._obeyed:
                return
            self._mailboxes.obey(directory.services_of(MessageState, directory.site.id))
            gone = directory.services_of(MailboxGone, directory.site.id)
            cleared = tuple(self._mailboxes.clear(row) for row in gone)
            if all(cleared):
                self._obeyed = directory.revision
        except DirectoryProblem:
            return  # nothing was ever published
        except (OSError, sqlite3.Error) as refused:
            log.warning("event=message_orders_wait why=%s", refused)
