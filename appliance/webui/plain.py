"""Text as it is searched: lower case, without accents. Pure."""

import re
import unicodedata


def plain(text: str) -> str:
    """`Núñez` as `nunez`."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c))


def words_of(text: str) -> list[str]:
    """`Acme, S.A. de C.V.` as `acme s a de c v`, in a list."""
    return re.findall(r"\w+", plain(text))
