"""Time zones as people type them. Pure."""

from zoneinfo import available_timezones

from central.errors import InputProblem, Words


def timezone(field: str, text: str) -> str:
    """A zone of the IANA's. Raises InputProblem."""
    zone = text.strip()
    if zone not in available_timezones():
        raise InputProblem(
            field,
            Words(f"{zone[:40]} is not a time zone.", f"{zone[:40]} no es una zona horaria."),
            Words("For example America/Mexico_City.", "Por ejemplo America/Mexico_City."),
        )
    return zone


def optional_timezone(field: str, text: str) -> str:
    return timezone(field, text) if text.strip() else ""
