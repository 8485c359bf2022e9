"""Which phone somebody means: MAC addresses as they are printed, families and models. The families are data."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from central.errors import InputProblem, Words
from central.rules.names import short

MAC = re.compile(r"[0-9a-f]{12}")
MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]*")
MAX_MODEL = 32


@dataclass(frozen=True, slots=True)
class Family:
    id: str
    name: str
    ouis: tuple[str, ...]
    keys: Mapping[str, int]
    """Model -> how many programmable keys it has."""

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(self.keys)


@cache
def families() -> tuple[Family, ...]:
    """The families of phone_families.toml."""
    path = Path(__file__).resolve().parent.parent / "phone_families.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(Family(k, v["name"], tuple(v["ouis"]), _keys(v["keys"])) for k, v in data.items())


def _keys(models_by_count: Mapping[str, Sequence[str]]) -> Mapping[str, int]:
    counts = {model: int(count) for count, models in models_by_count.items() for model in models}
    return {model: counts[model] for model in sorted(counts)}


def key_count(family: str, model: str) -> int | None:
    """How many programmable keys this model has; None for a model that nobody has told us of."""
    known = next((f.keys for f in families() if f.id == family), {})
    return next((count for name, count in known.items() if name.casefold() == model.casefold()), None)


def mac(field: str, text: str) -> str:
    """Twelve lower-case hex digits from 00:15:65:AA:BB:CC, 0015-65aa-bbcc, … Raises InputProblem."""
    digits = re.sub(r"[\s:.\-]", "", text).lower()
    if not MAC.fullmatch(digits) or digits in ("0" * 12, "f" * 12):
        raise InputProblem(
            field,
            Words(f"{text.strip()[:40]} is not a MAC address.", f"{text.strip()[:40]} no es una dirección MAC."),
            Words(
                "It is printed under the phone: twelve digits and letters A to F.",
                "Está impresa bajo el teléfono: doce dígitos y letras de la A a la F.",
            ),
        )
    return digits


def mac_for_people(digits: str) -> str:
    return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2)).upper()


def family_of(digits: str) -> str:
    """The family whose maker owns this MAC's first three bytes; empty when none of ours does."""
    return next((f.id for f in families() if digits[:6] in f.ouis), "")


def checked_family(field: str, family: str, digits: str) -> str:
    """The family given, else the one that the MAC tells. Raises InputProblem."""
    chosen = family.strip() or family_of(digits)
    if not any(f.id == chosen for f in families()):
        names = ", ".join(f.name for f in families())
        raise InputProblem(
            field,
            Words("This MAC does not tell the phone's make.", "Esta MAC no dice la marca del teléfono.")
            if not chosen
            else Words(f"{chosen[:40]} is not a make we know.", f"{chosen[:40]} no es una marca conocida."),
            Words(f"Choose one: {names}.", f"Elija una: {names}."),
        )
    return chosen


def checked_model(field: str, model: str) -> str:
    """Letters, digits and a few marks: it ends up in file names. Raises InputProblem."""
    text = short(field, model, MAX_MODEL)
    if not MODEL.fullmatch(text):
        raise InputProblem(
            field,
            Words("Write the phone's model.", "Escriba el modelo del teléfono."),
            Words("For example T46S.", "Por ejemplo T46S."),
        )
    return text
