"""Who may enter a room, and who hears of it."""

from dataclasses import dataclass, field, replace

from appliance.voice.dialogue import Event, Join, Joined, RoomChanged, RoomEnded, Shut
from appliance.voice.floor import Floor


@dataclass(eq=False)
class PaperMember:
    heard: list[Event] = field(default_factory=list)
    out: bool = False

    def step(self, event: Event) -> None:
        self.heard.append(event)

    def room_ended(self) -> None:
        self.out = True


def test_members_hear_of_each_other_and_the_last_one_takes_the_room_along() -> None:
    floor, one, two = Floor(), PaperMember(), PaperMember()
    assert floor.join(Join("a", moderator=True), one) == Joined("a", 1, 1, False)
    assert floor.join(Join("a"), two) == Joined("a", 2, 1, False)
    floor.lock("a", one, True)
    floor.leave("a", one)
    assert [replace(e, eldest=True) for e in one.heard if isinstance(e, RoomChanged)] == [
        RoomChanged("a", 2, 1, False, True)
    ]
    assert [(e.members, e.moderators, e.locked) for e in two.heard if isinstance(e, RoomChanged)] == [
        (2, 1, True), (1, 0, True),
    ]  # fmt: skip
    floor.leave("a", two)
    floor.leave("a", two)
    assert len(floor) == 0


def test_the_eleventh_member_and_a_company_s_eleventh_room_are_shut_out() -> None:
    floor = Floor()
    for room in range(10):
        for _ in range(10):
            assert isinstance(floor.join(Join(f"acme/{room}", company="acme"), PaperMember()), Joined)
    assert floor.join(Join("acme/3", company="acme"), PaperMember()) is Shut.FULL
    assert floor.join(Join("acme/10", company="acme"), PaperMember()) is Shut.NO_ROOMS
    assert isinstance(floor.join(Join("bravo/1", company="bravo"), PaperMember()), Joined), "a company of its own"
    assert isinstance(floor.join(Join("park/1"), PaperMember()), Joined), "what is no conference is not counted"
    assert len(floor) == 12


def test_a_lock_stops_members_but_no_moderator() -> None:
    floor, moderator = Floor(), PaperMember()
    floor.join(Join("a", moderator=True), moderator)
    floor.lock("a", moderator, True)
    assert floor.join(Join("a"), PaperMember()) is Shut.LOCKED
    assert floor.join(Join("a", moderator=True), PaperMember()) == Joined("a", 2, 2, True)


def test_members_are_silenced_until_the_last_moderator_leaves() -> None:
    floor, moderator, member = Floor(), PaperMember(), PaperMember()
    floor.join(Join("a", moderator=True), moderator)
    floor.join(Join("a"), member)
    floor.silence("a", moderator, True)
    floor.silence("a", moderator, True)
    assert floor.join(Join("a"), PaperMember()) == Joined("a", 3, 1, silenced=True)
    floor.leave("a", moderator)
    assert [e.silenced for e in member.heard if isinstance(e, RoomChanged)] == [True, True, False]
    assert not any(e.silenced for e in moderator.heard if isinstance(e, RoomChanged) and e.members < 3)
    assert floor.join(Join("a", moderator=True), moderator) == Joined("a", 3, 1), "she begins anew"


def test_the_end_of_a_room_is_told_to_all_others_who_are_out_already() -> None:
    floor, moderator, others = Floor(), PaperMember(), [PaperMember(), PaperMember()]
    for member in (moderator, *others):
        floor.join(Join("a"), member)
    floor.end("a", moderator)
    assert [(m.out, m.heard[-1]) for m in others] == [(True, RoomEnded("a"))] * 2
    assert not moderator.out
    assert len(floor) == 0
