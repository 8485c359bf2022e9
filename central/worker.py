"""gunicorn's threaded worker, that looks round every second also while it ends.

Without that it waits for its idle connections as long as it may end, instead of as long as they may be idle.
"""

from gunicorn.workers.gthread import ThreadWorker

LOOK_S = 1.0


class OfficeWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(min(timeout, LOOK_S))
