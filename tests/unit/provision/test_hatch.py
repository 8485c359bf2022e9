"""The hatch between the building page and provisioning: what is asked, what is refused, and that it is ours alone."""

import json
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.directory.hatch import ASKED_MOST, SOCKET, FirmwareSaid, Hatch, HatchClosed, RolloutOrder
from appliance.directory.served import GivenFile, GivenFiles
from appliance.errors import InputProblem
from appliance.ports import SystemChance, SystemClock
from appliance.provision.hatch import hatch
from appliance.provision.hatch_orders import masked, unmasked
from appliance.settings import Paths, Settings
from tests.lab.directory import publish_rows
from tests.lab.sample import sample_rows
from tests.lab.waiting import until

ANA = "001565aa0101"


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    made = Settings(paths=Paths(state_dir=tmp_path / "s", run_dir=tmp_path / "r", log_dir=tmp_path / "l"))
    publish_rows(made, sample_rows())
    door = hatch(made, SystemClock(), SystemChance())
    door.start()
    yield made
    door.stop()


@pytest.fixture
def asks(settings: Settings) -> Hatch:
    return Hatch(settings.paths.run_dir)


def test_a_sheet_has_every_file_with_its_hash_and_settings_with_their_source(asks: Hatch) -> None:
    asks.set_override("site", "language", "en")
    until(lambda: asks.sheet(ANA).settings[0].source == "site", 5, "the override is in force")
    sheet = asks.sheet(ANA)
    assert {f.name for f in sheet.files} >= {f"{ANA}.cfg", "y000000000066.cfg"}
    assert all(len(f.sha256) == 64 and not f.differs for f in sheet.files)
    assert next(s.value for s in sheet.settings if s.name == "language") == "en"
    assert next(s.value for s in sheet.settings if s.name == "admin_password") == "********"
    assert sheet.wishes == ("reboot", "resync")


def test_no_secret_passes_through(asks: Hatch, settings: Settings) -> None:
    given = GivenFiles(settings.paths.local_db, settings.paths.identity_dir, SystemClock())
    old = GivenFile(ANA, f"{ANA}.cfg", "yealink", "T46S", b"account.1.password = former-secret\n", ("former-secret",))
    given.keep([old])
    file = asks.file(ANA, f"{ANA}.cfg")
    assert file.differs
    assert any(line.startswith("+account.1.label = 101 Ana") for line in file.diff)
    said = file.text + "\n".join(file.diff)
    assert "secret-of-" not in said
    assert "former-secret" not in said
    assert "********" in file.text


def test_a_file_that_a_phone_does_not_have_and_a_phone_that_is_nobodys_are_refused_in_words(asks: Hatch) -> None:
    with pytest.raises(InputProblem, match="no file"):
        asks.file(ANA, "../../etc/passwd")
    with pytest.raises(InputProblem, match="nobody's"):
        asks.sheet("805ec0a1b2c3")
    with pytest.raises(InputProblem, match="MAC"):
        asks.sheet("x")


def test_a_broken_override_is_refused_with_file_and_line_and_the_former_stays(asks: Hatch, settings: Settings) -> None:
    good = asks.override_text("site")
    assert asks.write_override("site", '[values]\nlanguage = "en"', good.mark).problem is None
    before = asks.override_text("site")
    check = asks.write_override("site", '[values]\nlanguage = "en"\nlldp = "maybe"\n', before.mark)
    assert check.problem and check.line == 3
    assert check.problem.en == "site.toml, line 3: 'lldp' is true or false."
    assert (settings.paths.overrides_dir / "site.toml").read_text() == '[values]\nlanguage = "en"\n'
    assert asks.write_override("site", "", before.mark).problem is None
    assert not (settings.paths.overrides_dir / "site.toml").exists()


def test_who_edits_a_file_that_another_changed_meanwhile_is_told_so(asks: Hatch) -> None:
    mine = asks.override_text("yealink/T46S")
    asks.set_override("yealink/T46S", "language", "en")
    with pytest.raises(InputProblem, match="meanwhile"):
        asks.write_override("yealink/T46S", "[values]\n", mine.mark)


def test_stars_left_in_an_override_keep_the_password() -> None:
    before = '[values]\nadmin_password = "abc"\nlabel = "x"\n[parameters]\n"sip.auth.pass" = "def"\n'
    shown = masked(before)
    assert "abc" not in shown and "def" not in shown
    assert unmasked(shown.replace('"x"', '"y"'), before) == before.replace('"x"', '"y"')
    assert unmasked(shown.replace('admin_password = "********"', 'admin_password = "new"'), before) == before.replace(
        '"abc"', '"new"'
    )


def test_a_password_that_cannot_be_hidden_is_not_shown(asks: Hatch, settings: Settings) -> None:
    settings.paths.overrides_dir.mkdir(parents=True)
    (settings.paths.overrides_dir / "site.toml").write_text('values = {admin_password = "hidden-word"}\n')
    with pytest.raises(InputProblem) as refused:
        asks.override_text("site")
    assert "hidden-word" not in refused.value.text()


def upload(asks: Hatch, data: bytes, said: FirmwareSaid) -> object:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        return asks.add_firmware(said, file.fileno())


def test_firmware_comes_as_a_descriptor_is_rolled_out_and_goes(asks: Hatch) -> None:
    upload(asks, b"image" * 1000, FirmwareSaid("T46S.rom", "yealink", "66.86.0.15", "", "ana"))
    shelf = asks.firmware()
    assert [(f.name, f.size, f.added_by) for f in shelf.files] == [("T46S.rom", 5000, "ana")]
    digest = shelf.files[0].sha256
    asks.order_rollout(RolloutOrder("yealink", "T46S", "target", digest))
    assert asks.firmware().rollouts[0].state == ""
    with pytest.raises(InputProblem, match="target"):
        asks.remove_firmware(digest)
    asks.order_rollout(RolloutOrder("yealink", "T46S", "start", at_a_time=2))
    asks.order_rollout(RolloutOrder("yealink", "T46S", "none"))
    asks.remove_firmware(digest)
    assert asks.firmware().files == ()


@pytest.mark.parametrize(
    ("data", "said", "why"),
    [
        (b"<html>login", FirmwareSaid("a.rom", "yealink", "1.2", "", "ana"), "web page"),
        (b"", FirmwareSaid("a.rom", "yealink", "1.2", "", "ana"), "empty"),
        (b"PK\x03\x04zip", FirmwareSaid("a.rom", "yealink", "1.2", "", "ana"), "ZIP"),
        (b"image", FirmwareSaid("a.rom", "yealink", "1.2", "0" * 64, "ana"), "SHA-256"),
        (b"image", FirmwareSaid("../a.rom", "yealink", "1.2", "", "ana"), "name"),
        (b"image", FirmwareSaid("a.rom", "yealink", "one two", "", "ana"), "version"),
        (b"image", FirmwareSaid("a.rom", "nobody", "1.2", "", "ana"), "not led"),
        (b"image", FirmwareSaid("a.bin", "grandstream", "1.2", "", "ana"), "not firmware"),
    ],
)
def test_what_is_no_firmware_is_refused_in_words_and_not_kept(
    asks: Hatch, data: bytes, said: FirmwareSaid, why: str
) -> None:
    with pytest.raises(InputProblem, match=why):
        upload(asks, data, said)
    assert asks.firmware().files == ()


def test_an_import_names_extensions_and_no_people(asks: Hatch) -> None:
    lines = "mac,company,extension\n805ec0a1b2c3,Acme,101\nxx,Acme,1\n"
    report = asks.import_phones(lines.encode(), "ana", "check")
    said = json.dumps([(x.number, x.who, x.problem.en if x.problem else "") for x in report.lines])
    assert (report.good, report.bad) == (0, 2)
    assert "Ana" not in said
    with pytest.raises(InputProblem, match="encoding"):
        asks.import_phones(b"mac,email\n\0\x01", "ana", "check")
    with pytest.raises(InputProblem, match="2 MB"):
        asks.import_phones(b"m" * (2 << 20) + b"x", "ana", "check")


def test_the_socket_is_ours_alone_and_garbage_harms_nobody(asks: Hatch, settings: Settings) -> None:
    path = settings.paths.run_dir / SOCKET
    assert path.stat().st_mode & 0o777 == 0o600
    for garbage in (b"", b"{", b"[]", b"\xff\xfe", b'{"do": "nothing"}', b"x" * 70000):
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(str(path))
            line.sendall(garbage)
            line.shutdown(socket.SHUT_WR)
            answer = line.recv(4096)
            assert not answer or "problem" in json.loads(answer)
    with pytest.raises((HatchClosed, InputProblem)):
        asks.import_phones(b"x" * ASKED_MOST, "ana", "check")
    assert asks.families()


def test_when_nobody_answers_it_says_so_at_once(tmp_path: Path) -> None:
    with pytest.raises(HatchClosed) as closed:
        Hatch(tmp_path).sheet(ANA)
    assert "Try again" in closed.value.text()


def test_every_dialect_is_there_with_this_buildings_addresses(asks: Hatch) -> None:
    texts = asks.dhcp_help()
    assert [t.server for t in texts] == ["kea", "isc", "dnsmasq", "routeros", "ios", "windows"]
    assert all("10.20.0.1" in t.text or t.server == "kea" for t in texts)
