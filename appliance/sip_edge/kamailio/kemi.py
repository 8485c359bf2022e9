"""Where Kamailio enters Python: Debian's libpython3.11 inside each worker. Nothing that blocks.

Kamailio calls `mod_init` once, before it forks; what it returns has the callbacks (worker.py).
"""

import os
from pathlib import Path

import KSR

from appliance.sip_edge.kamailio.collecting import collect_as_workers_do
from appliance.sip_edge.kamailio.knobs import ENVIRONMENT, Knobs
from appliance.sip_edge.kamailio.thawing import thaw_ours
from appliance.sip_edge.kamailio.worker import Worker


def mod_init() -> Worker:
    knobs = Knobs.of(Path(os.environ[ENVIRONMENT]).read_text(encoding="utf-8"))
    worker = Worker(KSR, knobs)
    thaw_ours()
    collect_as_workers_do()
    return worker
