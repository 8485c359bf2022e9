"""What makes a test run fail: an exception that nobody caught, as the logs of the edge tell of it."""

import inspect

import pytest

from appliance.sip_edge.kamailio.worker import Worker
from tests.lab.building import UNCAUGHT, uncaught_in


@pytest.mark.parametrize(
    "line",
    [
        "11(6240) ERROR: uncaught in ksr_reply, Call-ID 77: Traceback (most recent call last):\n  File ...",
        "9(1) ERROR: app_python3: python_handle_exception(): Unhandled exception in the Python code:",
        "Traceback (most recent call last):\n  File \"appliance/sip_edge/service.py\"",
    ],
)
def test_an_exception_in_the_log_is_found_with_what_follows_it(line: str) -> None:
    found = uncaught_in(f"edge: event=trunk_changed\n{line}\nafterwards\n")
    assert found and found.endswith("afterwards\n")


def test_a_log_without_one_is_quiet_and_a_workers_words_are_those_looked_for() -> None:
    assert uncaught_in("call 77: REFER refused, 403: the traceback of it is not ours\n") == ""
    assert UNCAUGHT[0] in inspect.getsource(Worker.report_uncaught)
