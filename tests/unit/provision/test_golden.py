"""Every file of one model of each kind, with keys and all that a site can set, byte for byte. A change to a template
shows as a difference to read.

Write them anew with `CONSERJE_GOLDEN=write pytest tests/unit/provision/test_golden.py`, then read the difference.
"""

import os
from pathlib import Path

import pytest

from .house import FURNISHED, HERE, KEYS, all_files, family, house

GOLDEN = HERE / "golden"
KINDS = [
    ("yealink", "T46S"),
    ("yealink", "T19P_E2"),
    ("yealink", "T22P"),
    ("yealink", "W60B"),
    ("polycom", "VVX 400"),
    ("polycom", "SoundPoint IP 331"),
    ("polycom", "Trio 8800"),
    ("cisco_spa", "SPA504G"),
    ("cisco_spa", "SPA112"),
    ("grandstream", "GXP2135"),
    ("grandstream", "GRP2614"),
    ("grandstream", "HT802"),
    ("linksys", "SPA942"),
    ("linksys", "SPA2102"),
    ("cisco_mpp", "CP-8841-3PCC"),
    ("cisco_mpp", "CP-7832-3PCC"),
    ("cisco_mpp", "ATA192-MPP"),
    ("cisco_enterprise", "7942G"),
    ("cisco_enterprise", "9971"),
    ("snom", "D785"),
    ("snom", "D120"),
    ("snom", "PA1"),
    ("fanvil", "X5U-V2"),
    ("fanvil", "V65"),
    ("fanvil", "i10SV"),
    ("htek", "UC926"),
    ("htek", "UC802"),
    ("mitel_aastra", "6867i"),
    ("mitel_aastra", "6731i"),
    ("mitel_aastra", "6940"),
    ("panasonic", "KX-HDV230"),
    ("panasonic", "KX-HDV100"),
    ("panasonic", "KX-TGP550"),
    ("panasonic", "KX-UT670"),
    ("avaya", "J179"),
    ("avaya", "J129"),
    ("avaya", "1220"),
    ("gigaset", "N510 IP PRO"),
    ("gigaset", "N720 DM PRO"),
    ("gigaset", "N870 IP PRO"),
    ("gigaset", "Maxwell 3"),
    ("obihai", "OBi1062"),
    ("obihai", "OBi202"),
    ("algo", "8301"),
    ("algo", "8028"),
]


@pytest.mark.acceptance("P-7")
@pytest.mark.parametrize(("name", "model"), KINDS)
def test_files_are_as_they_were(name: str, model: str) -> None:
    of = family(name)
    chosen = of.model(model)
    assert chosen is not None
    folder: Path = GOLDEN / name / model.replace(" ", "_")
    files = all_files(of, chosen, directory=house(keys=KEYS), site=FURNISHED)
    if os.environ.get("CONSERJE_GOLDEN") == "write":
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for file, data in files.items():
            (folder / file).write_bytes(data)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == files
