"""The HTTPS interface of buildings (wire/feed.py): reads requests and writes answers; the work is done elsewhere."""

import json
from collections.abc import Mapping
from threading import BoundedSemaphore
from typing import Any

from flask import Blueprint, Request, Response, request

from central import enrolment, journal
from central.api.peer import building_of
from central.authority import Authority
from central.errors import BusyProblem, Problem, TooLargeProblem, WireInputProblem, Words
from central.facts import envelope_of
from central.feed import answer_after, sound_for
from central.menu_greetings import take_menu_greeting
from central.office import Office
from central.status import Contacts, keep_status
from central.voicemail import MAX_AUDIO, keep_audio, take_greeting
from central.watch import FeedWatch
from wire.feed import FeedAnswer, answer_to_wire

MAX_SMALL_BODY = 32 * 1024
MAX_JOURNAL_BODY = 8 * 1024 * 1024
MAX_FACTS = 500
JOURNALS_SHARE = 4
"""One in so many of a process's threads may be busy with journals: after an outage all buildings come with theirs, and
the feed and the portal go on meanwhile. Who waits longer than JOURNAL_WAIT_S is sent away for some seconds.
"""
JOURNAL_WAIT_S = 1.0


def building_api(office: Office, authority: Authority, watch: FeedWatch) -> Blueprint:
    api = Blueprint("building", __name__, url_prefix="/building/v1")

    contacts = Contacts()
    journals = BoundedSemaphore(max(1, office.settings.web.threads // JOURNALS_SHARE))

    def asking() -> str:
        """The building that asks."""
        site_id = building_of(office, request)
        contacts.note(office, site_id)
        return site_id

    @api.errorhandler(Problem)
    def say(problem: Problem) -> Response:
        return answer(error_body(problem), problem.status)

    @api.get("/ca")
    def ca() -> Response:
        """The CA, for a building that has nothing yet: it checks it against the claim code before it trusts it."""
        return answer({"ca_pem": authority.pem})

    @api.post("/enrol")
    def enrol() -> Response:
        body = json_body(request, MAX_SMALL_BODY)
        enrolled = enrolment.enrol(
            office, authority, text_of(body, "claim_code"), text_of(body, "csr_pem"), request.remote_addr or ""
        )
        return answer(
            {"site_id": enrolled.site_id, "certificate_pem": enrolled.certificate_pem, "ca_pem": authority.pem}
        )

    @api.post("/certificate")
    def certificate() -> Response:
        site_id = asking()
        body = json_body(request, MAX_SMALL_BODY)
        pem = enrolment.rotate(office, authority, site_id, text_of(body, "csr_pem"))
        return answer({"certificate_pem": pem, "ca_pem": authority.pem})

    @api.get("/feed")
    def feed() -> Response:
        site_id = asking()
        after, wait_s = whole("after"), min(whole("wait", 0), office.settings.feed.max_wait_s)
        found = _look(site_id, after)
        if wait_s > 0 and found.snapshot is None and not found.revisions:
            watch.wait(site_id, after, wait_s)
            building_of(office, request)  # it may have been revoked while it waited
            found = _look(site_id, after)
        return answer(answer_to_wire(found))

    def _look(site_id: str, after: int) -> FeedAnswer:
        with office.reading() as session:
            return answer_after(session, office.sealer, site_id, after)

    @api.post("/journal")
    def post_journal() -> Response:
        site_id = asking()
        facts = json_body(request, MAX_JOURNAL_BODY).get("facts")
        if not isinstance(facts, list):
            raise WireInputProblem(Words("The journal needs a list of facts.", "La bitácora necesita una lista."))
        if len(facts) > MAX_FACTS:
            raise TooLargeProblem(Words(f"At most {MAX_FACTS} facts at once.", f"Máximo {MAX_FACTS} hechos a la vez."))
        if not journals.acquire(timeout=JOURNAL_WAIT_S):
            raise BusyProblem(
                Words("Many buildings report just now; send it again.", "Muchos edificios reportan ahora; reenvíelo.")
            )
        try:
            said = journal.receive(office, site_id, [envelope_of(f) for f in facts])
        finally:
            journals.release()
        refused = [{"id": id_, "why": why.en, "why_es": why.es} for id_, why in said.refused]
        return answer({"accepted": list(said.accepted), "refused": refused})

    @api.get("/sounds/<sha256>")
    def sound(sha256: str) -> Response:
        """The octets of a sound of a company that is in the building which asks; 404 for any other's."""
        content = sound_for(office, asking(), sha256)
        return Response(content, 200, {"ETag": f'"{sha256}"'}, mimetype="audio/wav")

    @api.put("/messages/<message_id>/audio")
    def message_audio(message_id: str) -> Response:
        """The sound of a message that the journal announced."""
        site_id = asking()
        keep_audio(office, site_id, message_id, body_of(request, MAX_AUDIO))
        return answer({})

    @api.put("/greetings/<mailbox_id>/<greeting>")
    def greeting_audio(mailbox_id: str, greeting: str) -> Response:
        """A greeting recorded by phone, at `stamp`."""
        site_id = asking()
        stamp = request.args.get("stamp", "")
        take_greeting(office, site_id, mailbox_id, greeting, stamp, body_of(request, MAX_AUDIO))
        return answer({})

    @api.put("/menus/<menu_id>/greeting")
    def menu_greeting(menu_id: str) -> Response:
        """A receptionist's greeting that was recorded by phone, at `stamp`."""
        site_id = asking()
        take_menu_greeting(office, site_id, menu_id, request.args.get("stamp", ""), body_of(request, MAX_AUDIO))
        return answer({})

    @api.post("/status")
    def status() -> Response:
        site_id = asking()
        keep_status(office, site_id, json_body(request, MAX_SMALL_BODY))
        return answer({})

    return api


def answer(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")


def error_body(problem: Problem) -> dict[str, Any]:
    return {"error": {"code": problem.code, "says_en": problem.text("en"), "says_es": problem.text("es")}}


def body_of(asked: Request, limit: int) -> bytes:
    """The octets of a request of at most `limit`. Raises TooLargeProblem."""
    if asked.content_length is None or asked.content_length > limit:
        raise TooLargeProblem(
            Words(f"A request has at most {limit} bytes.", f"Una petición tiene máximo {limit} bytes.")
        )
    asked.max_content_length = limit
    return asked.get_data(cache=False)


def json_body(asked: Request, limit: int) -> dict[str, Any]:
    """The JSON object of a request of at most `limit` bytes. Raises TooLargeProblem or WireInputProblem."""
    body = body_of(asked, limit)
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as broken:
        raise WireInputProblem(Words("The request is not JSON.", "La petición no es JSON.")) from broken
    if not isinstance(data, dict):
        raise WireInputProblem(Words("The request is not a JSON object.", "La petición no es un objeto JSON."))
    return data


def text_of(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise WireInputProblem(Words(f"The request needs {name}.", f"La petición necesita {name}."))
    return value


def whole(name: str, otherwise: int | None = None) -> int:
    """A whole number of the query, perhaps negative. Raises WireInputProblem."""
    text = request.args.get(name, "")
    if not text and otherwise is not None:
        return otherwise
    try:
        if len(text) > 18:
            raise ValueError
        return int(text)
    except ValueError as wrong:
        raise WireInputProblem(
            Words(f"{name} must be a whole number.", f"{name} debe ser un número entero.")
        ) from wrong
