"""`stamps` of a row: when each of its fields was last written, as both sides read and write it. Pure."""

from collections.abc import Mapping


def read(stamps: str) -> dict[str, str]:
    """`field=hlc;field=hlc` as a mapping; what is not of that form is passed over."""
    pairs = (part.partition("=") for part in stamps.split(";"))
    return {name: hlc for name, equals, hlc in pairs if equals and name and hlc}


def written(stamps: Mapping[str, str]) -> str:
    """The reverse of read(), in the order of the names."""
    return ";".join(f"{name}={stamps[name]}" for name in sorted(stamps))


def following(seen: str, millis: int, node: str) -> str:
    """The stamp of an act at this time by `node`, later than `seen`, which whoever acts had before their eyes."""
    before, _, rest = seen.partition("-")
    counter = rest.partition("-")[0]
    if before.isdecimal() and counter.isdecimal() and int(before) >= millis:
        return f"{int(before):013d}-{int(counter) + 1:04d}-{node}"
    return f"{millis:013d}-0000-{node}"
