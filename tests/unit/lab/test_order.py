"""The longest files of the suite begin first."""

from tests.order import LONGEST_S, ROOT, seconds


def test_every_file_that_is_named_is_there_and_the_others_count_by_their_folder() -> None:
    named = [ROOT / "tests" / name for name in LONGEST_S]
    assert all(file.is_file() for file in named)
    assert [seconds(file) for file in named] == sorted(LONGEST_S.values(), reverse=True)
    assert seconds(ROOT / "tests/acceptance/test_codes.py") > seconds(ROOT / "tests/unit/lab/test_order.py") > 0
