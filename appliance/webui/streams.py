"""How many pages of one worker may hang on a live stream: each holds a thread, and some must stay free to answer."""

import threading

THREADS = 16
MAX_STREAMS = 10
MAX_PER_USER = 4


class Streams:
    """`stopping` is set when the worker ends, so that its streams end at once."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._of_user: dict[str, int] = {}

    def take(self, user: str) -> bool:
        """A place for one more stream; False when there is none."""
        with self._lock:
            full = sum(self._of_user.values()) >= MAX_STREAMS or self._of_user.get(user, 0) >= MAX_PER_USER
            if full or self.stopping.is_set():
                return False
            self._of_user[user] = self._of_user.get(user, 0) + 1
            return True

    def give_back(self, user: str) -> None:
        with self._lock:
            left = self._of_user.get(user, 0) - 1
            if left > 0:
                self._of_user[user] = left
            else:
                self._of_user.pop(user, None)
