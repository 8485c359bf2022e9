"""Which files of tests begin first: the longest, so that no worker is left alone with one when the others are done.

Seconds of a run of two workers beside each other, in round figures; only their order matters. A file that is not named
counts by its folder. `--no-loadscope-reorder` keeps pytest-xdist from ordering them by how many tests they have, which
puts the longest last: a file of ten calls is longer than one of a thousand examples.
"""

from pathlib import Path, PurePath

ROOT = Path(__file__).resolve().parent.parent
LONGEST_S = {
    "acceptance/test_voice_mail.py": 300,
    "acceptance/test_buildings.py": 200,
    "acceptance/test_call_features.py": 175,
    "acceptance/test_records.py": 135,
    "acceptance/secure/test_secure_sip.py": 135,
    "acceptance/test_voice_menus.py": 130,
    "acceptance/test_clock.py": 125,
    "acceptance/test_trunks.py": 105,
    "acceptance/test_voice_transfers.py": 100,
    "acceptance/test_voice_services.py": 95,
    "acceptance/test_voice_rooms.py": 90,
    "acceptance/test_numbers.py": 90,
    "acceptance/test_voice_media.py": 80,
    "acceptance/test_untouched_link.py": 75,
    "integration/voice/test_dialogues.py": 75,
    "acceptance/test_cut_off.py": 60,
    "acceptance/test_plug_in.py": 60,
    "acceptance/test_encrypted.py": 60,
    "acceptance/test_firmware.py": 50,
}
FOLDERS_S = {"acceptance": 30, "integration": 10, "unit": 1}


def seconds(file: PurePath) -> int:
    """How long this file is thought to take."""
    name = file.relative_to(ROOT / "tests").as_posix()
    return LONGEST_S.get(name, FOLDERS_S.get(name.partition("/")[0], 0))
