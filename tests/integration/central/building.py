"""A building's end of the feed, as small as it can be: applies revisions and checks each digest."""

from dataclasses import dataclass, field

from central.feed import answer_after
from central.office import Office
from wire.feed import Delete, FeedAnswer, Put, digest_of_wire, row_to_wire
from wire.rows import Row


@dataclass
class Copy:
    """What a building holds. `take` applies an answer, and fails on a hole or a wrong digest."""

    site_id: str
    revision: int = 0
    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    snapshots: int = 0

    def take(self, answer: FeedAnswer) -> None:
        assert answer.site_id == self.site_id
        if answer.snapshot is not None:
            self.rows = {(r.kind, r.id): r for r in answer.snapshot.rows}
            self.revision = answer.snapshot.number
            self.snapshots += 1
            assert self.digest() == answer.snapshot.digest
        for revision in answer.revisions:
            assert revision.number == self.revision + 1, "a hole in the feed"
            for change in revision.changes:
                match change:
                    case Put(row):
                        self.rows[(row.kind, row.id)] = row
                    case Delete(kind, id_):
                        del self.rows[(kind, id_)]
            self.revision = revision.number
            assert self.digest() == revision.digest

    def follow(self, office: Office) -> None:
        """Take all there is."""
        while True:
            with office.reading() as session:
                answer = answer_after(session, office.sealer, self.site_id, self.revision)
            if answer.snapshot is None and not answer.revisions:
                return
            self.take(answer)

    def digest(self) -> str:
        return digest_of_wire(row_to_wire(r) for r in self.rows.values())

    def kinds(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for kind, _ in self.rows:
            counts[kind] = counts.get(kind, 0) + 1
        return counts
