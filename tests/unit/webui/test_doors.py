"""Roles, throttling, masking, where a log-in may lead, sessions' life."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.errors import InputProblem
from appliance.ports import SystemChance
from appliance.webui.audit import Action, Audit
from appliance.webui.masking import masked
from appliance.webui.roles import Deed, Role, may
from appliance.webui.security import local_path
from appliance.webui.sessions import IDLE_S, LONGEST_S, Sessions
from appliance.webui.store import Store, open_store
from appliance.webui.throttle import PAIR, USER, Throttle, wait_after
from appliance.webui.users import By, Users

BY = By("cli:root", "local")


class StoppedClock:
    def now(self) -> datetime:
        return datetime(2026, 11, 22, 18, 0, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


@pytest.fixture
def users(store: Store) -> Users:
    return Users(store, StoppedClock(), SystemChance())


def test_each_role_may_what_the_one_below_may_and_more() -> None:
    allowed = [{d for d in Deed if may(r, d)} for r in (Role.VIEWER, Role.TECHNICIAN, Role.ADMINISTRATOR)]
    assert allowed[0] < allowed[1] < allowed[2] == set(Deed)
    assert not may(Role.VIEWER, Deed.CALL_DETAIL)
    assert not may(Role.TECHNICIAN, Deed.KEEP_USERS)


def test_a_guesser_waits_longer_each_time_and_only_there(store: Store) -> None:
    throttle = Throttle(store)
    for _ in range(PAIR.free):
        throttle.failed("ana", "10.0.0.9", 1000.0)
    assert throttle.blocked_for("ana", "10.0.0.9", 1000.0) == 0
    throttle.failed("ana", "10.0.0.9", 1000.0)
    assert throttle.blocked_for("ana", "10.0.0.9", 1000.0) == 30
    throttle.failed("ana", "10.0.0.9", 1031.0)
    assert throttle.blocked_for("ana", "10.0.0.9", 1031.0) == 60
    assert throttle.blocked_for("ana", "10.0.0.8", 1031.0) == 0
    assert throttle.blocked_for("ana", "10.0.0.9", 1091.0) == 0


def test_trying_many_names_from_one_address_is_slowed_too(store: Store) -> None:
    throttle = Throttle(store)
    for i in range(21):
        throttle.failed(f"user{i}", "10.0.0.9", 1000.0)
    assert throttle.blocked_for("somebody-else", "10.0.0.9", 1000.0) > 0
    assert throttle.blocked_for("somebody-else", "10.0.0.8", 1000.0) == 0


def test_waits_double_up_to_a_quarter_of_an_hour() -> None:
    assert [wait_after(n, 5) for n in (5, 6, 7, 8)] == [0, 30, 60, 120]
    assert wait_after(10_000, 5) == 900
    assert wait_after(USER.free, USER.free) == 0


def test_a_log_in_that_worked_forgets_the_failures(store: Store) -> None:
    throttle = Throttle(store)
    for _ in range(PAIR.free):
        throttle.failed("ana", "10.0.0.9", 1000.0)
    throttle.succeeded("ana", "10.0.0.9")
    throttle.failed("ana", "10.0.0.9", 1000.0)
    assert throttle.blocked_for("ana", "10.0.0.9", 1000.0) == 0


def test_passwords_are_argon2_and_sessions_only_hashes(store: Store, users: Users, tmp_path: Path) -> None:
    users.add("ana", Role.VIEWER, "una frase larga", BY)
    token = Sessions(store, SystemChance()).start("ana", "10.0.0.9", 1000.0)
    row = store.connection.execute("SELECT password FROM user").fetchone()
    assert row[0].startswith("$argon2id$")
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    on_disk = b"".join(f.read_bytes() for f in tmp_path.iterdir())
    assert token.encode() not in on_disk
    assert b"una frase larga" not in on_disk
    assert oct((tmp_path / "webui.db").stat().st_mode & 0o777) == "0o600"


def test_a_session_ends_by_idleness_by_age_and_with_its_password(store: Store, users: Users) -> None:
    users.add("ana", Role.VIEWER, "una frase larga", BY)
    sessions = Sessions(store, SystemChance())
    token = sessions.start("ana", "10.0.0.9", 0.0)
    assert sessions.find(token, IDLE_S - 1, use=False)
    assert sessions.find(token, IDLE_S + 1, use=False) is None
    at = 0.0
    while at + IDLE_S / 2 < LONGEST_S:
        at += IDLE_S / 2
        assert sessions.find(token, at, use=True)
    assert sessions.find(token, LONGEST_S + 1, use=True) is None
    other = sessions.start("ana", "10.0.0.9", at)
    users.set_password("ana", "otra frase larga", BY)
    assert sessions.find(other, at, use=True) is None


def test_the_last_administrator_stays(users: Users) -> None:
    users.add("ana", Role.ADMINISTRATOR, "una frase larga", BY)
    with pytest.raises(InputProblem):
        users.remove("ana", BY)
    with pytest.raises(InputProblem):
        users.set_role("ana", Role.VIEWER, BY)
    users.add("beto", Role.ADMINISTRATOR, "una frase larga", BY)
    users.set_role("ana", Role.VIEWER, BY)


@pytest.mark.parametrize(("name", "password"), [("Ána", "una frase larga"), ("", "una frase larga"), ("ana", "corta")])
def test_a_bad_name_or_password_is_refused_in_words(users: Users, name: str, password: str) -> None:
    with pytest.raises(InputProblem) as refused:
        users.add(name, Role.VIEWER, password, BY)
    assert refused.value.todo.es


def test_every_change_of_users_is_audited_without_secrets(store: Store, users: Users) -> None:
    users.add("ana", Role.VIEWER, "una frase larga", BY)
    users.set_role("ana", Role.TECHNICIAN, BY)
    users.set_password("ana", "otra frase larga", BY)
    users.remove("ana", BY)
    entries = [e for _, e in Audit(store).newest(10)]
    assert [e.action for e in entries] == [
        Action.USER_REMOVED,
        Action.PASSWORD_CHANGED,
        Action.ROLE_CHANGED,
        Action.USER_ADDED,
    ]
    assert (dict(entries[2].before), dict(entries[2].after)) == ({"role": "viewer"}, {"role": "technician"})
    assert "frase" not in repr(entries)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+525512345678", "+52 •••• 5678"),
        ("5512345678", "•••• 5678"),
        ("+14155550100", "+ •••• 0100"),
        ("101", "101"),
        ("911", "911"),
        ("*9196", "*9196"),
        ("", ""),
    ],
)
@pytest.mark.acceptance("J-4")
def test_outside_numbers_are_masked_in_lists(number: str, shown: str) -> None:
    assert masked(number) == shown


@pytest.mark.parametrize(
    "text", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/a\nb"]
)
def test_a_log_in_never_leads_elsewhere(text: str) -> None:
    assert local_path(text) == "/"


def test_a_log_in_leads_back_to_the_page_asked_for() -> None:
    assert local_path("/phones?state=lost") == "/phones?state=lost"


def test_sessions_of_a_removed_user_are_gone(store: Store, users: Users) -> None:
    users.add("ana", Role.VIEWER, "una frase larga", BY)
    sessions = Sessions(store, SystemChance())
    token = sessions.start("ana", "10.0.0.9", 0.0)
    users.remove("ana", BY)
    assert sessions.find(token, timedelta(seconds=1).total_seconds(), use=False) is None
