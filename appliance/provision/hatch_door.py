"""The hatch: what the building page asks of phones' files, overrides and firmware is answered here, over a Unix socket.

A few threads of the TFTP process, which every building runs and which has the templates. Whoever asks must be a process
of this box with our own user (SO_PEERCRED); each question is bounded in size and time. `hatch.py` has the words.
"""

import json
import logging
import os
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from typing import Any, BinaryIO

from appliance.directory.hatch import ASKED_MOST, SOCKET
from appliance.errors import InputProblem, Problem, Words
from appliance.settings import Settings

log = logging.getLogger("conserje.hatch")

ANSWERERS = 3
WAITING_MOST = 16
ASK_S = 10.0
"""A question must be here whole within this time of its last part."""

_LOOK_S = 0.5
_CREDENTIALS = struct.Struct("3i")
Answerer = Callable[[Mapping[str, Any], BinaryIO | None], Any]
"""From what was asked, and the file that came with it, to a dataclass of directory/hatch.py. Raises Problem."""


class HatchDoor:
    """`start` in the process that answers; `stop` before it ends."""

    def __init__(self, settings: Settings, answerers: Mapping[str, Answerer]) -> None:
        self._path = settings.paths.run_dir / SOCKET
        self._answerers = answerers
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._pool = ThreadPoolExecutor(ANSWERERS, "hatch")
        self._places = threading.BoundedSemaphore(WAITING_MOST)
        self._socket: socket.socket | None = None

    def start(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            self._path.unlink()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            self._socket.bind(str(self._path))
        finally:
            os.umask(before)
        self._socket.listen(WAITING_MOST)
        self._socket.settimeout(_LOOK_S)
        self._thread = threading.Thread(target=self._run, args=(self._socket,), name="hatch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        if self._thread is not None:
            self._thread.join(timeout=2)
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._socket is not None:
            self._socket.close()
        with suppress(FileNotFoundError):
            self._path.unlink()

    def _run(self, listening: socket.socket) -> None:
        while not self._ending.is_set():
            try:
                line, _ = listening.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            if not _is_ours(line) or not self._places.acquire(blocking=False):
                line.close()
                continue
            self._pool.submit(self._serve, line)

    def _serve(self, line: socket.socket) -> None:
        try:
            with line:
                line.settimeout(ASK_S)
                asked, files = _question(line)
                try:
                    answer = self._answer(asked, files)
                finally:
                    for file in files:
                        file.close()
                line.sendall(json.dumps(answer, ensure_ascii=False, default=str).encode())
        except (OSError, ValueError) as left:
            # Whoever asked has gone, or never asked whole.
            log.info("event=hatch_unanswered why=%s", left)
        finally:
            self._places.release()

    def _answer(self, asked: Mapping[str, Any], files: list[BinaryIO]) -> dict[str, Any]:
        answerer = self._answerers.get(str(asked.get("do")))
        try:
            if answerer is None:
                raise InputProblem(
                    Words("That cannot be asked here.", "Eso no se puede pedir aquí."),
                    Words("Is the page of another version?", "¿La página es de otra versión?"),
                )
            return {"answer": asdict(answerer(asked, files[0] if files else None))}
        except Problem as problem:
            said = {"code": problem.code, "says": asdict(problem.says), "todo": asdict(problem.todo)}
            return {"problem": said}
        except Exception:
            # A defect in one answer must reach the page as words and the log as a trace; the door stays open.
            log.exception("event=hatch_defect do=%s", asked.get("do"))
            says = Words("Provisioning could not answer that.", "El aprovisionamiento no pudo responder eso.")
            todo = Words("It is in the log of the process tftp.", "Quedó en la bitácora del proceso tftp.")
            return {"problem": {"code": "hatch", "says": asdict(says), "todo": asdict(todo)}}


def _is_ours(line: socket.socket) -> bool:
    """A process of our own user, or of root."""
    told = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(told)
    return user in (os.getuid(), 0)


def _question(line: socket.socket) -> tuple[Mapping[str, Any], list[BinaryIO]]:
    """What is asked, and the files that came with it. Raises ValueError for what is no question."""
    first, handles, _, _ = socket.recv_fds(line, 1 << 16, 1)
    files: list[BinaryIO] = [os.fdopen(handle, "rb") for handle in handles]
    try:
        parts, length = [first], len(first)
        while part := line.recv(1 << 16):
            length += len(part)
            if length > ASKED_MOST:
                raise ValueError("a question without end")
            parts.append(part)
        asked = json.loads(b"".join(parts))
        if not isinstance(asked, dict):
            raise ValueError("a question is an object")
    except (ValueError, OSError):
        for file in files:
            file.close()
        raise
    return asked, files
