"""*69: the number is said first, and called when 1 is pressed."""

from appliance.vocabulary import Announcement
from appliance.voice.dialogue import Bridge, Connected, HangUp, NotTaken, Status, Taken
from appliance.voice.menu_sentences import Say
from appliance.voice.services import Request, begin
from appliance.voice.sounds import Recording, Sound
from tests.unit.voice.stage import OnPaper

HEADERS = {
    "x-conserje-account": "acme",
    "x-conserje-caller": "101",
    "x-conserje-phone": "phone-ana",
    "x-conserje-language": "es-MX",
    "x-conserje-target": "%2B525512345678",
    "x-conserje-arg": "*82%2B525512345678",
}


def asked() -> OnPaper:
    dialogue = begin(Request("call-back", HEADERS))
    assert dialogue is not None
    return OnPaper(dialogue).called()


def digits_in(said: tuple[Sound, ...]) -> str:
    return "".join(s.name.removeprefix("digits/") for s in said if isinstance(s, Recording))


def test_the_number_is_said_as_one_dials_it_and_1_calls_it() -> None:
    call = asked()
    assert call.heard[0] == Say.LAST_CALLER and call.heard[-1] == Say.CALL_BACK_KEY
    assert digits_in(call.heard) == "5512345678"
    assert call.dialled is None, "nobody is called before"
    call.presses("1")
    assert call.dialled is not None and call.dialled.user == "*82+525512345678"
    headers = dict(call.dialled.headers)
    assert (headers["X-Conserje-Why"], headers["X-Conserje-Phone"]) == ("call-back", "phone-ana")
    assert call.gets(Taken()).did(Bridge())


def test_without_1_it_is_said_once_more_and_nobody_is_called() -> None:
    for keys in ("5", ""):
        call = asked()
        for _ in range(2):
            call.presses(keys) if keys else call.hears_out().waits()
        assert Say.GOODBYE in call.heard and call.dialled is None
        assert call.hears_out().did(HangUp())


def test_why_nobody_was_reached_is_said() -> None:
    call = asked().presses("1").gets(NotTaken(Status(486, "Busy Here")))
    assert call.heard == (Announcement.BUSY,)
    assert call.gets(Connected()).hears_out().did(HangUp())
