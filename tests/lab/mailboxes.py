"""Looks into a building's mailboxes from outside of its processes."""

from appliance.directory.local import LocalStore
from appliance.directory.mailboxes import Cipher, Mailboxes
from appliance.directory.sealing import open_box
from appliance.ports import SystemChance, SystemClock
from appliance.settings import Settings


def mailboxes_of(settings: Settings) -> Mailboxes:
    box = open_box(settings.paths.identity_dir)
    clock = SystemClock()
    journal = LocalStore(settings.paths.local_db, clock, SystemChance())
    return Mailboxes(settings.paths.mailboxes_dir, journal, Cipher(box.seal, box.open), clock)


def counts_of(settings: Settings, mailbox_id: str) -> tuple[int, int]:
    """New and old messages."""
    return mailboxes_of(settings).counts(mailbox_id)
