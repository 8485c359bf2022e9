"""How a worker collects garbage: what is there at its start is shared with the others and not looked at again; after
that seldom, and next to never all of it: the look-ups that it remembers are many, have no cycles, and looking at them
held up a call for 80 ms and more.
"""

import gc

OBJECTS_BETWEEN_COLLECTIONS = 20_000
MIDDLE, WHOLE = 10, 1000
"""Collections of the young between those of the middle-aged, and of these between those of everything."""


def collect_as_workers_do() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, MIDDLE, WHOLE)
