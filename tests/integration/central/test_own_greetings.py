"""Greetings in the portal: uploaded, heard, taken away; by their owner or an administrator; and those made by phone."""

import io
import wave

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from central import voicemail
from central.directory import mailboxes, people
from central.directory.greetings import LONGEST_S, keep_greeting
from central.errors import InputProblem, NotFoundProblem
from central.feed import answer_after, sound_for
from central.model import AuditEntry, SoundContent
from central.model.rows import find, of_account
from central.sounds import convert
from tests.integration.central.conftest import SettableClock
from tests.integration.central.making import WHO, a_company, a_site
from tests.integration.central.test_own_messages import Place, ana, place
from tests.integration.central.test_portal import BASE, Browser, admin, app, browser
from tests.integration.central.test_services import tone
from wire.services import Mailbox, OwnGreeting, own_greeting_id

__all__ = ["admin", "ana", "app", "browser", "place"]


def wav(seconds: float, rate: int = 8000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(b"\x01\x02" * int(rate * seconds))
    return out.getvalue()


def upload(who: Browser, path: str, page: str, content: bytes, which: str = "custom") -> TestResponse:
    token = who.read(page).split('name="csrf" value="')[1].split('"')[0]
    data = {"csrf": token, "which": which, "file": (io.BytesIO(content), "saludo.wav")}
    return who.client.post(path, data=data, base_url=BASE, content_type="multipart/form-data")


def held(place: Place, greeting: str = "custom") -> OwnGreeting | None:
    with place.office.reading() as session:
        return find(session, OwnGreeting, own_greeting_id(place.box, greeting))


def box(place: Place) -> Mailbox:
    with place.office.reading() as session:
        found = find(session, Mailbox, place.box)
    assert found
    return found


def contents(place: Place) -> int:
    with place.office.reading() as session:
        return session.scalar(select(func.count()).select_from(SoundContent)) or 0


@pytest.mark.acceptance("L-2")
def test_an_owner_uploads_hears_and_takes_away_a_greeting(place: Place, ana: Browser) -> None:
    page = place.page()
    assert upload(ana, f"{page}/greetings", page, tone(2)).status_code == 302
    made = held(place)
    assert made and made.sha256 == convert(tone(2)).sha256
    assert box(place).greeting == "custom", "it is heard from now on, as one recorded by phone"
    assert sound_for(place.office, place.site, made.sha256) == convert(tone(2)).content
    with pytest.raises(NotFoundProblem):
        sound_for(place.office, a_site(place.office), made.sha256)
    with place.office.reading() as session:
        feed = answer_after(session, place.office.sealer, place.site, 0)
    assert feed.snapshot is not None
    assert made in feed.snapshot.rows
    assert "El suyo · en uso" in ana.read(page)
    heard = ana.get(f"{page}/greetings/custom")
    assert (heard.data, heard.mimetype) == (convert(tone(2)).content, "audio/wav")

    assert upload(ana, f"{page}/greetings", page, tone(1)).status_code == 302
    later = held(place)
    assert later and later.former_sha256 == made.sha256
    assert contents(place) == 1, "the one before is kept no longer"
    assert ana.send(f"{page}/greetings/custom/delete", page).status_code == 302
    gone = held(place)
    assert gone and (gone.sha256, gone.stamp >= later.stamp) == ("", True)
    assert (box(place).greeting, contents(place)) == ("default", 0)
    assert ana.get(f"{page}/greetings/custom").status_code == 404


@pytest.mark.acceptance("L-2")
@pytest.mark.parametrize(
    ("content", "es", "en"),
    [
        (b"no soy un sonido" * 400, "no tiene un sonido", "has no sound"),
        (wav(LONGEST_S + 1), "Dura más de 2 minutos", "longer than 2 minutes"),
        (b"", "está vacío", "is empty"),
    ],
    ids=["not audio", "too long", "empty"],
)
def test_what_cannot_be_a_greeting_is_refused_in_words_and_the_one_before_stays(
    place: Place, ana: Browser, content: bytes, es: str, en: str
) -> None:
    page = place.page()
    upload(ana, f"{page}/greetings", page, tone(1))
    before = held(place)
    for language, words in (("es-MX", es), ("en", en)):
        ana.send("/language", page, language=language)
        refused = upload(ana, f"{page}/greetings", page, content, "away")
        assert (refused.status_code, words in refused.text) == (422, True), refused.text
    assert (held(place), held(place, "away"), box(place).greeting) == (before, None, "custom")
    nothing = ana.send(f"{page}/greetings", page, which="custom")
    assert (nothing.status_code, "no recording" in nothing.text) == (422, True)
    assert upload(ana, f"{page}/greetings", page, tone(1), "default").status_code == 422


@pytest.mark.acceptance("L-2", "L-3")
def test_an_administrator_records_for_a_person_and_still_hears_no_messages(
    place: Place, admin: Browser
) -> None:
    page = f"/accounts/{place.account}/mailboxes/{place.box}"
    message = place.message()
    assert upload(admin, f"{page}/greetings", page, tone(1), "away").status_code == 302
    assert (box(place).greeting, admin.get(f"{page}/greetings/away").status_code) == ("away", 200)
    refused = upload(admin, f"{page}/greetings", page, b"no", "custom")
    assert (refused.status_code, "no tiene un sonido" in refused.text) == (422, True)
    assert admin.get(f"{place.page()}/{message}/sound").status_code == 404
    assert admin.get(f"{place.page()}/greetings/away").status_code == 404, "the owner's own address"
    other = a_company(place.office)
    assert admin.get(f"/accounts/{other}/mailboxes/{place.box}/greetings/away").status_code == 404
    with place.office.reading() as session:
        who = select(AuditEntry.who).where(AuditEntry.subject_kind == "own_greeting")
        assert session.scalars(who).all() == ["admin"]
    assert admin.send(f"{page}/greetings/away/delete", page).status_code == 302
    assert box(place).greeting == "default"


@pytest.mark.acceptance("L-2")
def test_a_greeting_made_by_phone_is_heard_in_the_portal_unless_a_later_one_is_there(
    place: Place, ana: Browser, clock: SettableClock
) -> None:
    office, page, now = place.office, place.page(), int(clock.moment.timestamp() * 1000)

    def by_phone(content: bytes, millis: int, mailbox: str = place.box, site: str = place.site) -> None:
        voicemail.take_greeting(office, site, mailbox, "custom", f"{millis:013d}-0001-house", content)

    for _ in range(2):
        by_phone(wav(2), now)
    assert ana.get(f"{page}/greetings/custom").data == wav(2)
    clock.forward(seconds=60)
    upload(ana, f"{page}/greetings", page, tone(1))
    by_phone(wav(2), now + 30_000)
    assert ana.get(f"{page}/greetings/custom").data == convert(tone(1)).content
    by_phone(wav(3), now + 90_000)
    assert ana.get(f"{page}/greetings/custom").data == wav(3)
    for broken in (b"", b"RIFF", wav(2)[:-100], wav(1, 16_000)):
        with pytest.raises(InputProblem):
            by_phone(broken, now + 99_000)
    with pytest.raises(NotFoundProblem):
        by_phone(wav(2), now + 99_000, site=a_site(office))
    with pytest.raises(NotFoundProblem):
        by_phone(wav(2), now + 99_000, mailbox="nobody")
    with pytest.raises(InputProblem):
        voicemail.take_greeting(office, place.site, place.box, "custom", "a'b", wav(2))


@pytest.mark.parametrize("what", ["mailbox", "person"])
def test_greetings_go_with_their_mailbox(place: Place, what: str) -> None:
    with place.office.editing(WHO) as edit:
        keep_greeting(edit, place.account, place.box, "custom", convert(tone(1)))
    with place.office.editing(WHO) as edit:
        if what == "person":
            people.delete_person(edit, place.account, place.ana)
        else:
            mailboxes.delete_mailbox(edit, place.account, place.box)
    with place.office.reading() as session:
        assert not of_account(session, OwnGreeting, place.account)
    assert contents(place) == 0
