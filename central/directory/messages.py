"""What owners do with their voicemail at the centre: it counts here at once, and is a row of the feed for the building.

Which act counts where the building says something else is wire/messages.py's to decide.
"""

from sqlalchemy import ColumnElement, delete, func, select

from central.directory.edit import Edit
from central.directory.stamps import NODE
from central.errors import InputProblem, NotFoundProblem, Words
from central.model import Letter, MessageRecord, PresenceRecord
from central.model.rows import find
from wire.messages import DELETED, NEW, OLD, Standing, merged
from wire.services import MailboxGone, MessageState, mailbox_gone_id
from wire.stamps import following


def mark_message(edit: Edit, account_id: str, mailbox_id: str, message_id: str, state: str) -> None:
    """new, old or deleted: then its sound is gone. Raises NotFoundProblem for one that is not in that mailbox."""
    if state not in (NEW, OLD, DELETED):
        raise InputProblem("state", Words("A message is new, heard or deleted.", "Es nuevo, oído o borrado."))
    edit.lock_account(account_id)
    record = edit.session.get(MessageRecord, message_id, with_for_update=True)
    if record is None or (record.account_id, record.mailbox_id) != (account_id, mailbox_id) or record.state == DELETED:
        raise NotFoundProblem(Words("There is no such message.", "No existe ese mensaje."))
    if record.state == state:
        return
    stamp = following(record.changed_stamp, int(edit.now.timestamp() * 1000), NODE)
    take(record, Standing(state, stamp))
    edit.session.flush()
    there = select(PresenceRecord.id).where(
        PresenceRecord.account_id == account_id, PresenceRecord.site_id == record.site_id
    )
    if edit.session.scalar(there) is not None:
        edit.put(MessageState(message_id, account_id, record.site_id, mailbox_id, state, stamp))


def take(record: MessageRecord, said: Standing) -> None:
    """A word on a message, of either side: it counts, or what is known already does."""
    now = merged(Standing(record.state, record.changed_stamp), said)
    record.state, record.changed_stamp = now.state, now.stamp
    if now.state == DELETED:
        record.audio_sealed = None


def obeyed(edit: Edit, site_id: str, account_id: str, message_id: str, stamp: str) -> None:
    """The building did what the row of this stamp asked: the row goes. A later one stays until it is obeyed as well."""
    edit.lock_account(account_id)
    row = find(edit.session, MessageState, message_id, edit.sealer)
    if row is not None and (row.account_id, row.site_id, row.stamp) == (account_id, site_id, stamp):
        edit.delete(row)


def forget_messages(edit: Edit, account_id: str, mailbox_id: str) -> None:
    """Of a mailbox that goes: its messages with their sound and letters here, and every building is told."""
    for row in edit.all(MessageState, account_id):
        if row.mailbox_id == mailbox_id:
            edit.delete(row)
    mine = (MessageRecord.account_id == account_id) & (MessageRecord.mailbox_id == mailbox_id)
    sites = set(edit.session.scalars(select(MessageRecord.site_id).where(mine).distinct()))
    sites.update(edit.session.scalars(select(PresenceRecord.site_id).where(PresenceRecord.account_id == account_id)))
    lost = drop_messages(edit, mine)
    if lost:
        edit.note("delete", "message", mailbox_id, {"messages": lost}, account=account_id)
    for site_id in sorted(sites):
        edit.put(MailboxGone(mailbox_gone_id(mailbox_id, site_id), account_id, site_id, mailbox_id))


def drop_messages(edit: Edit, which: ColumnElement[bool]) -> int:
    """Delete these messages at the centre, and the letters that tell of them. Returns how many there were."""
    ids = select(MessageRecord.id).where(which)
    edit.session.execute(delete(Letter).where(Letter.message_id.in_(ids)).execution_options(synchronize_session=False))
    there = select(func.count()).select_from(MessageRecord).where(which, MessageRecord.state != DELETED)
    lost = edit.session.scalar(there) or 0
    edit.session.execute(delete(MessageRecord).where(which).execution_options(synchronize_session=False))
    return lost


def cleared(edit: Edit, site_id: str, account_id: str, mailbox_id: str) -> None:
    """That building holds nothing more of the mailbox."""
    edit.lock_account(account_id)
    row = find(edit.session, MailboxGone, mailbox_gone_id(mailbox_id, site_id), edit.sealer)
    if row is not None and row.account_id == account_id:
        edit.delete(row)
