"""Keeps the times at which a building's processes started and ended; run by supervisord as an event listener.

One JSON line an event: {"at", "process", "state", "pid"}. Being a listener also wakes supervisord when a process has
died, so that it starts again at once and not at supervisord's next tick of one second.
"""

import json
import sys
import time
from pathlib import Path


def listen(diary: Path) -> None:
    """Supervisor's event protocol: a header line of key:value words, then `len` bytes; answered by RESULT."""
    with diary.open("a", encoding="utf-8", buffering=1) as book:
        while True:
            sys.stdout.write("READY\n")
            sys.stdout.flush()
            line = sys.stdin.readline()
            if not line:
                return
            header = dict(word.split(":", 1) for word in line.split())
            body = sys.stdin.read(int(header["len"]))
            facts = dict(word.split(":", 1) for word in body.split())
            event = {
                "at": time.time(),
                "process": facts.get("processname", ""),
                "state": header["eventname"].removeprefix("PROCESS_STATE_").lower(),
                "pid": int(facts.get("pid", 0)),
            }
            book.write(json.dumps(event) + "\n")
            sys.stdout.write("RESULT 2\nOK")
            sys.stdout.flush()


if __name__ == "__main__":
    listen(Path(sys.argv[1]))
