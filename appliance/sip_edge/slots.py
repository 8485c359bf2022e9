"""The numbers at which calls are parked. Pure."""

SLOTS = tuple(str(number) for number in range(71, 80))


def is_slot(digits: str) -> bool:
    """Whether this names a slot: 71 to 79."""
    return digits in SLOTS
