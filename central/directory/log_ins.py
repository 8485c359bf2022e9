"""Log-ins that go with whose they are."""

from sqlalchemy import ColumnElement, delete, select

from central.directory.edit import Edit
from central.model import Operator, PortalSession


def forget_log_ins(edit: Edit, whose: ColumnElement[bool]) -> None:
    """Those of a company or a person that is being deleted; who is logged in with one is logged out."""
    users = select(Operator.id).where(whose)
    edit.session.execute(delete(PortalSession).where(PortalSession.operator_id.in_(users)))
    edit.session.execute(delete(Operator).where(whose))
