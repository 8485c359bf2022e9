"""Dialogs that a killed process leaves to its successor."""

from pathlib import Path

from appliance.held import Held
from appliance.voice.remembered import SEQUENCES_LATER, Remembered

HELD = Held("c1", "<sip:echo@127.0.0.1>;tag=a", "<sip:101@b>;tag=b", "sip:101@10.0.0.9", ("<sip:10.0.0.1;lr>",), 5)


def test_what_is_not_forgotten_is_told_once_and_goes_on_where_no_cseq_has_been(tmp_path: Path) -> None:
    before = Remembered(tmp_path / "voice")
    other = Held("c1", "<sip:101@b>;tag=b", HELD.local, HELD.target, (), 7)
    for held in (HELD, other):
        before.keep(held)
    before.forget(other)
    after = Remembered(tmp_path / "voice")
    (left,) = after.left_behind()
    assert (left.call_id, left.local, left.routes) == (HELD.call_id, HELD.local, HELD.routes)
    assert left.sequence == HELD.sequence + SEQUENCES_LATER
    assert list(after.left_behind()) == []


def test_a_torn_file_is_passed_over_and_gone(tmp_path: Path) -> None:
    memory = Remembered(tmp_path)
    memory.keep(HELD)
    (tmp_path / "torn.json").write_text('{"call_id": "c')
    assert len(list(memory.left_behind())) == 1
    assert list(tmp_path.iterdir()) == []


def test_without_a_place_to_write_calls_go_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = Remembered(tmp_path / "file" / "voice")
    memory.keep(HELD)
    memory.forget(HELD)
    assert list(memory.left_behind()) == []
