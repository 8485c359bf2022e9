"""The phone board: what each phone's state is, from what is known of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from appliance.directory.local import SeenPhone
from appliance.directory.model import Account, Extension, MemoryDirectory, Person, Phone, Site
from appliance.directory.phoneboard import PhoneRow, count_states, phone_board
from appliance.directory.reports import Contact
from appliance.vocabulary import PhoneState

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MAC = "001565aabbcc"
PHONE = Phone("ph1", "acme", "s1", "ana", MAC, "yealink", "T46S", "p4f1", "secret")
DIRECTORY = MemoryDirectory(
    (
        Site("s1", "Reforma 26"),
        Account("acme", "Acme"),
        Person("ana", "acme", "Ana", "Núñez"),
        Extension("e1", "acme", "101", "person", "ana"),
        PHONE,
    )
)


def at(minutes: int) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat()


def seen(state: PhoneState, minutes: int, mac: str = MAC) -> SeenPhone:
    return SeenPhone(
        mac, "yealink", "T46S", "66.85", "10.20.0.51", state, ("OUI 001565: yealink",), "", at(-90), at(minutes)
    )


def contact(minutes: int) -> Contact:
    return Contact("p4f1", "10.20.0.50:5060", "Yealink SIP-T46S 66.85.0.5", at(minutes))


def only(*, sightings: tuple[SeenPhone, ...] = (), fetched: str = "", contacts: tuple[Contact, ...] = ()) -> PhoneRow:
    (row,) = phone_board(DIRECTORY, sightings, {MAC: fetched} if fetched else {}, contacts, NOW)
    return row


def test_a_phone_that_never_asked_is_pending_and_named_for_its_person() -> None:
    row = only()
    assert (row.state, row.person_name, row.extension, row.account_name) == (
        PhoneState.PENDING,
        "Ana Núñez",
        "101",
        "Acme",
    )


def test_it_is_provisioned_after_its_files_and_registered_after_its_register() -> None:
    assert only(fetched=at(-5)).state is PhoneState.PROVISIONED
    row = only(fetched=at(-5), contacts=(contact(4),))
    assert (row.state, row.registered_until, row.address) == (PhoneState.REGISTERED, at(4), "10.20.0.50:5060")


def test_a_registration_that_ran_out_is_lost_unless_another_still_stands() -> None:
    assert only(contacts=(contact(-1),)).state is PhoneState.LOST
    assert only(contacts=(contact(4), contact(-1))).state is PhoneState.REGISTERED


def test_contradicting_evidence_is_shown_until_the_phone_is_served_again() -> None:
    row = only(sightings=(seen(PhoneState.QUARANTINED, -1),), contacts=(contact(4),))
    assert row.state is PhoneState.QUARANTINED
    assert row.evidence == ("OUI 001565: yealink",)
    assert only(sightings=(seen(PhoneState.QUARANTINED, -10),), fetched=at(-5)).state is PhoneState.PROVISIONED


def test_a_phone_in_no_directory_stands_first_as_unknown() -> None:
    stranger = seen(PhoneState.UNKNOWN, -1, "001565000001")
    rows = phone_board(DIRECTORY, (stranger,), {}, (contact(4),), NOW)
    assert [r.mac for r in rows] == ["001565000001", MAC]
    assert rows[0].state is PhoneState.UNKNOWN
    assert not rows[0].phone_id
    assert count_states(rows)[PhoneState.UNKNOWN] == 1
    assert count_states(rows)[PhoneState.LOST] == 0


def test_a_contact_with_an_unreadable_time_does_not_break_the_board() -> None:
    assert only(contacts=(replace(contact(1), expires_at="soon"),)).state is PhoneState.LOST


def test_a_phone_of_another_building_is_shown_only_where_it_registered_or_asks() -> None:
    rows = tuple(replace(r, site_id="s2") if isinstance(r, Phone) else r for r in DIRECTORY.rows)
    moved = MemoryDirectory(rows)
    assert phone_board(moved, (), {MAC: at(-60)}, (contact(-1),), NOW) == ()
    (asks,) = phone_board(moved, (seen(PhoneState.UNKNOWN, -1),), {}, (), NOW)
    assert (asks.state, asks.phone_id, asks.person_name) == (PhoneState.UNKNOWN, "", "")
    (came,) = phone_board(moved, (), {}, (contact(5),), NOW)
    assert (came.state, came.phone_id) == (PhoneState.REGISTERED, "ph1")
