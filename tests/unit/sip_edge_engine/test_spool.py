"""Call facts from the workers' spool: whole lines once, torn ones left out, files kept until nothing needs them."""

import os
import time
from pathlib import Path

from appliance.sip_edge.callfacts import By, CallFact, Ended, encode
from appliance.sip_edge.kamailio.spool import HOUR_S, Spool
from appliance.sip_edge.spooled import LATE_S, SpoolReader, replace_file


def fact(name: str, at_ms: int = 1000) -> CallFact:
    return Ended(name, "tag", at_ms, By.CALLER.value)


def test_what_workers_append_is_read_once_and_in_order(tmp_path: Path) -> None:
    reader = SpoolReader(tmp_path)
    one, other = Spool(tmp_path), Spool(tmp_path)
    one.append(fact("a"), fact("b"))
    other.append(fact("c"))
    assert reader.read() == [fact("a"), fact("b"), fact("c")]
    assert reader.read() == []
    one.append(fact("d"))
    assert reader.read() == [fact("d")]


def test_a_line_that_is_still_being_written_waits(tmp_path: Path) -> None:
    spool, reader = tmp_path / "20260101T00.jsonl", SpoolReader(tmp_path)
    whole = encode(fact("a"))
    spool.write_bytes(whole[:20])
    assert reader.read() == []
    spool.write_bytes(whole)
    assert reader.read() == [fact("a")]


def test_a_torn_line_is_left_out_and_counted(tmp_path: Path) -> None:
    reader = SpoolReader(tmp_path)
    (tmp_path / "20260101T00.jsonl").write_bytes(encode(fact("a"))[:25] + encode(fact("b")) + encode(fact("c")))
    assert reader.read() == [fact("c")]
    assert reader.unreadable == 1


def test_a_spool_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert SpoolReader(tmp_path / "none").read() == []
    assert SpoolReader(tmp_path / "none").discard(None) == []


def test_a_file_that_the_other_service_deletes_meanwhile_is_no_trouble(tmp_path: Path) -> None:
    """The edge service deletes what it needs no more, while the lamps service reads."""
    Spool(tmp_path).append(fact("a"))
    (tmp_path / "20260101T00.jsonl").symlink_to(tmp_path / "gone")
    reader = SpoolReader(tmp_path)
    assert reader.read() == [fact("a")]
    assert reader.discard(None) == []


def test_a_past_file_goes_when_no_open_call_needs_it(tmp_path: Path) -> None:
    past, now = tmp_path / "20260101T00.jsonl", time.time()
    past.write_bytes(encode(fact("a", 5000)))
    reader = SpoolReader(tmp_path)
    assert reader.discard(None, now) == [], "not read yet"
    reader.read()
    assert reader.discard(None, now) == [], "a worker may still write to it"
    os.utime(past, (now - HOUR_S - LATE_S - 1,) * 2)
    assert reader.discard(4000, now) == [], "a call that began before is open"
    assert reader.discard(6000, now) == [past.name]
    assert not past.exists()


def test_a_file_is_replaced_only_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "list"
    assert replace_file(path, "one")
    assert not replace_file(path, "one")
    assert replace_file(path, "two")
    assert path.read_text() == "two"
    assert [p.name for p in path.parent.iterdir()] == ["list"]
