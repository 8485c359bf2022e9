"""Every parameter that we write is one that such phones are known to read (P-20), or is explained here."""

import re
import tomllib

import pytest

from appliance.provision.families import Family
from tests.lab.formats import parameters

from .house import HERE, all_files, families

# Name -> why it is right though no list has it.
EXPLAINED: dict[str, dict[str, str]] = {
    "yealink": {
        "include.{n}": "not a parameter: the include lines of a boot file, as our reader numbers them",
        "include.{n}.model": "the same, for one model",
        "overwrite_mode": "of boot files: parameters that are in no file go back to their defaults (guide to V81)",
    },
    # Attributes of <APPLICATION>, the master file, not parameters (Poly's guide to UC Software, chapter 3).
    "polycom": dict.fromkeys(
        (
            "APP_FILE_PATH",
            "CONFIG_FILES",
            "MISC_FILES",
            "LOG_FILE_DIRECTORY",
            "OVERRIDES_DIRECTORY",
            "CONTACTS_DIRECTORY",
            "LICENSE_DIRECTORY",
        ),
        "of the master file",
    ),
    "cisco_spa": {},
    "grandstream": {},
}


def expression(name: str) -> str:
    """A listed name as an expression: {n} is a number."""
    return r"\d+".join(re.escape(part) for part in name.split("{n}"))


def explained(family: str) -> dict[str, str]:
    """Those above, and those of names/<family>.explained.toml."""
    file = HERE / "names" / f"{family}.explained.toml"
    return EXPLAINED.get(family, {}) | (tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {})


def known(family: str) -> re.Pattern[str]:
    listed = (HERE / "names" / f"{family}.names.txt").read_text(encoding="utf-8").split("\n")
    return re.compile("|".join(expression(n) for n in [*listed, *explained(family)] if n))


@pytest.mark.acceptance("P-20")
@pytest.mark.parametrize("of", families().families, ids=lambda f: f.name)
def test_every_parameter_written_is_known_or_explained(of: Family) -> None:
    names = {
        name
        for model in of.models
        for file, data in all_files(of, model).items()
        for name in (n.partition("#")[0] for n in parameters(of.format, file, data))
    }
    assert len(names) > 20
    pattern = known(of.name)
    assert sorted(n for n in names if not pattern.fullmatch(n)) == []
