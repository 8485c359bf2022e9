"""Phones that stand in this building, and those of its companies that stand in another one (J-3). Pure.

A company's whole directory is in every building where the company is, its phones elsewhere included.
"""

from appliance.directory.model import Directory, Phone
from wire.services import MovePolicy


def is_elsewhere(phone: Phone, directory: Directory) -> bool:
    """Whether the phone stands in another building by this copy."""
    here = directory.site.id
    return bool(here) and phone.site_id != here


def phones_here(directory: Directory) -> tuple[Phone, ...]:
    here = directory.site.id
    return tuple(p for p in directory.phones() if not here or p.site_id == here)


def may_come(phone: Phone, directory: Directory) -> bool:
    """Whether a phone of another building may work here by its password alone, or its company wants to be asked."""
    policy = directory.service(MovePolicy, phone.account_id)
    return policy is None or not policy.asks
