"""Seeds a building's directory without a centre: rows become a revision on disk, and are published."""

from collections.abc import Iterable

from appliance.directory.publish import publish
from appliance.directory.revisions import apply_answer, newest_good
from appliance.directory.sealing import open_box
from appliance.settings import Settings
from wire.feed import FeedAnswer, Snapshot, digest_of_wire, row_to_wire
from wire.rows import Row, Site


def snapshot(rows: Iterable[Row], number: int = 1) -> FeedAnswer:
    """What a centre would answer a building that has nothing."""
    kept = tuple(rows)
    site = next(r for r in kept if isinstance(r, Site))
    return FeedAnswer(site.id, Snapshot(number, digest_of_wire(row_to_wire(r) for r in kept), kept))


def publish_rows(settings: Settings, rows: Iterable[Row], number: int = 0) -> int:
    """Make `rows` the revision in force of this building; returns its number (the next one, unless given)."""
    directory = settings.paths.revisions_dir
    found = newest_good(directory)
    chosen = number or (found.number + 1 if found else 1)
    apply_answer(directory, open_box(settings.paths.identity_dir), snapshot(rows, chosen))
    published = publish(settings)
    assert published == chosen
    return published
