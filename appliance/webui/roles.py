"""Who may do what on the building page. Pure."""

from enum import StrEnum


class Role(StrEnum):
    VIEWER = "viewer"
    TECHNICIAN = "technician"
    ADMINISTRATOR = "administrator"


class Deed(StrEnum):
    """What a page or a form asks leave for."""

    LOOK = "look"
    """Phones, calls now and past with outside numbers masked, trunks, health."""
    CALL_DETAIL = "call_detail"
    """One call with its numbers and legs; each look is audited (J-4)."""
    ADOPT = "adopt"
    """Give an unknown phone to a person; search people to do so."""
    FORGET = "forget"
    TELL = "tell"
    """Have phones read their files again or restart, and take that back."""
    SWAP = "swap"
    """Put another device in a broken phone's place."""
    IMPORT = "import"
    """Give many phones to their people from a CSV file."""
    OPEN_FILES = "open_files"
    """A phone's files and keys as they stand, passwords hidden: they name people (J-4)."""
    KEEP_OVERRIDES = "keep_overrides"
    KEEP_FIRMWARE = "keep_firmware"
    READ_AUDIT = "read_audit"
    KEEP_USERS = "keep_users"


_VIEWER = frozenset({Deed.LOOK})
_TECHNICIAN = _VIEWER | {
    *(Deed.CALL_DETAIL, Deed.ADOPT, Deed.FORGET),
    *(Deed.TELL, Deed.SWAP, Deed.IMPORT, Deed.OPEN_FILES),
}
_MAY: dict[Role, frozenset[Deed]] = {
    Role.VIEWER: _VIEWER,
    Role.TECHNICIAN: _TECHNICIAN,
    Role.ADMINISTRATOR: frozenset(Deed),
}


def may(role: Role, deed: Deed) -> bool:
    return deed in _MAY[role]
