"""Which way a call would go, and why (K-5): asked of `conserje explain`, which asks the very function that routes it.

Routing is another room's: it is asked as a technician would at the terminal, in a process of its own. Names of people
and numbers that were not typed stay out of the answer (J-4); each question is in the audit.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any

from flask import render_template, request

from appliance.errors import EngineProblem, InputProblem, Problem, Words
from appliance.reasons import Because, Reason
from appliance.webui import security
from appliance.webui.app import desk, language
from appliance.webui.audit import Action
from appliance.webui.calls import blueprint, why
from appliance.webui.masking import masked, masked_text
from appliance.webui.roles import Deed

LONGEST = 64
AT_ONCE = 2
PATIENCE_S = 15
_OF_OPTIONS = re.compile(r"[^.]*--[a-z][^.]*\.")
_asking = BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Question:
    """As it was typed. `trunk` set: the call comes in by it, and `caller` is a number outside. `at` empty: now."""

    caller: str = ""
    dialled: str = ""
    account: str = ""
    trunk: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    destination: str
    kind: str
    at: str
    revision: int
    doubt: str
    way: tuple[tuple[str, str], ...]
    """(when, what): what is done at once, the steps in order, what follows when none was answered."""
    reasons: tuple[str, ...]


@blueprint.get("/calls/explain")
@security.needs(Deed.CALL_DETAIL)
def explain() -> str:
    return _page(Question(), None, "")


@blueprint.post("/calls/explain")
@security.needs(Deed.CALL_DETAIL)
def explained() -> str | tuple[str, int]:
    typed = Question(*(request.form.get(f, "").strip()[:LONGEST] for f in Question.__slots__))
    try:
        found = of_answer(ask(typed), typed, language())
    except Problem as problem:
        return _page(typed, None, problem.text(language())), 422
    after = {"caller": masked(typed.caller), "account": typed.account, "trunk": typed.trunk, "at": typed.at}
    desk().note(Action.ROUTE_EXPLAINED, masked(typed.dialled), after={k: v for k, v in after.items() if v})
    return _page(typed, found, "")


def ask(typed: Question) -> dict[str, Any]:
    """What `conserje explain` answers. Raises InputProblem with its sentence, or EngineProblem."""
    if not typed.dialled or not (typed.caller or typed.trunk):
        raise InputProblem(
            Words("Say who calls and what is dialled.", "Diga quién llama y qué marca."),
            Words("An extension and a number, as they are dialled.", "Una extensión y un número, como se marcan."),
        )
    options = {"from": typed.caller, "to": typed.dialled, "account": typed.account}
    options |= {"from-trunk": typed.trunk, "at": typed.at, "language": language()}
    given = (f"--{k}={v}" for k, v in options.items() if v)
    argv = [sys.executable, "-m", "appliance.cli", "explain", "--json", *given]
    if not _asking.acquire(timeout=PATIENCE_S):
        raise _silent()
    try:
        spoken = {**os.environ, "CONSERJE_LANGUAGE": language()}
        done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=spoken)
        answer = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as wrong:
        raise _silent() from wrong
    finally:
        _asking.release()
    if not isinstance(answer, dict):
        raise _silent()
    if "error" in answer:
        # What it advises of its own options is no advice here.
        says = _OF_OPTIONS.sub("", str(answer["error"].get("says", ""))).strip()
        raise InputProblem(Words(says, says), Words("", ""))
    return answer


def of_answer(answer: dict[str, Any], typed: Question, spoken: str) -> Explained:
    """The answer as facility IT may read it. Pure."""
    known = (typed.caller, typed.dialled)
    sentences = [(str(when), masked_text(str(what), known)) for when, what in answer["sentences"]]
    reasons = []
    for r in answer["reasons"]:
        reason = Reason(Because(r["code"]), tuple((str(k), str(v)) for k, v in r["params"].items()))
        reasons.append(masked_text(why(reason.encoded(), spoken), known))
    return Explained(
        masked_text(str(answer["destination"]), known),
        str(answer["kind"]),
        str(answer["at"]),
        int(answer["revision"]),
        str(answer["doubt"]),
        tuple(sentences),
        tuple(reasons),
    )


def _silent() -> EngineProblem:
    return EngineProblem(
        Words("The routing did not answer.", "El enrutamiento no contestó."),
        Words("Try again in a moment; else see System.", "Pruebe de nuevo en un momento; si no, vea Sistema."),
    )


def _page(typed: Question, found: Explained | None, error: str) -> str:
    directory = desk().building.directory()
    return render_template(
        "explain.html",
        typed=typed,
        found=found,
        error=error,
        accounts=directory.accounts() if directory else (),
        trunks=directory.trunks() if directory else (),
    )
