"""Text as it is searched: lower case, without accents. Pure."""

import unicodedata


def plain(text: str) -> str:
    """`Núñez` as `nunez`."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c))
