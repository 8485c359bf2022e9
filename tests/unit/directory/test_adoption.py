"""Which phones facility IT may give to a person: none that stands in another building."""

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.directory.adoption import adopt
from appliance.directory.local import LocalStore
from appliance.errors import InputProblem
from appliance.ports import SystemChance, SystemClock
from appliance.settings import Paths, Settings
from tests.lab.directory import publish_rows
from tests.lab.sample import sample_rows
from wire.rows import Phone


@pytest.mark.acceptance("J-3")
def test_a_phone_of_another_building_is_the_centres_to_move(tmp_path: Path) -> None:
    settings = Settings(paths=Paths(state_dir=tmp_path / "state", run_dir=tmp_path / "run"))
    rows = [
        replace(r, site_id="site-elsewhere") if isinstance(r, Phone) and r.id == "phone-ana" else r
        for r in sample_rows()
    ]
    publish_rows(settings, rows)
    local = LocalStore(settings.paths.local_db, SystemClock(), SystemChance())
    for mac, says in (("001565aa0101", "move it here"), ("0004f2aa0102", "assigned already")):
        with pytest.raises(InputProblem) as refused:
            adopt(settings, local, mac=mac, family="yealink", model="T46S", person_id="person-ana", by="tecnico")
        assert says in refused.value.text("en")
        assert refused.value.text("es")
    assert local.waiting_count() == 0
