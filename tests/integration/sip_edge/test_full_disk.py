"""A disk that is full costs the records of calls, never a call."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.sip_edge.kamailio.spool import NAME
from tests.integration.sip_edge.building import building
from tests.integration.sip_edge.conftest import MakePhone


def test_calls_begin_are_answered_and_end_while_the_disk_is_full(tmp_path: Path, phone: MakePhone) -> None:
    with building(tmp_path) as b:
        calls = b.settings.paths.state_dir / "calls"
        calls.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC)
        for hour in (now, now + timedelta(hours=1)):
            (calls / hour.strftime(NAME)).symlink_to("/dev/full")
        b.start("kamailio")
        ana, beto = phone(b, "ana"), phone(b, "beto")
        assert ana.register().status == beto.register().status == 200
        for _ in range(2):
            call = ana.dial("102")
            leg = beto.take(beto.expect("INVITE"))
            assert ana.outcome(call).status == 200
            beto.expect("ACK")
            beto.request(leg, "BYE")
            ana.answer(ana.expect("BYE"), 200)
            assert beto.expect(200)
        found = b.kamailio.call("htable.get", "count", "lost_facts")
        assert found["item"]["value"] >= 6, "each step of each call said that it cannot be written"
        assert b.log("kamailio").count("cannot be written") == 1, "once, not at each call"
