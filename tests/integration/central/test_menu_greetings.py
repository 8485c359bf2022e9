"""A receptionist's greeting recorded by phone, at the centre: it replaces the menu's, unless that was edited since."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from central.directory.receptionists import MenuWish, ReceptionistWish, add_receptionist, change_receptionist, menus_of
from central.directory.sounds import SoundWish, change_sound
from central.errors import InputProblem, NotFoundProblem, WireInputProblem
from central.feed import sound_for
from central.menu_greetings import take_menu_greeting
from central.office import Office
from tests.integration.central.conftest import SettableClock
from tests.integration.central.making import WHO, a_company, a_site
from tests.lab.audio import tone, write_wav
from wire.services import Menu, Receptionist, Sound, recorded_sound_id


@dataclass
class House:
    office: Office
    clock: SettableClock
    folder: Path
    site: str
    account: str
    receptionist: Receptionist

    def audio(self, hz: float) -> bytes:
        write_wav(self.folder / "g.wav", tone(hz, 1.0))
        return (self.folder / "g.wav").read_bytes()

    def stamp(self, later_s: float = 0) -> str:
        return f"{int((self.clock.moment.timestamp() + later_s) * 1000):013d}-0000-casa"

    def take(self, audio: bytes, stamp: str, site: str = "") -> None:
        take_menu_greeting(self.office, site or self.site, self.menu.id, stamp, audio)

    @property
    def menu(self) -> Menu:
        with self.office.editing(WHO) as edit:
            return menus_of(edit, self.receptionist)["business"][0]

    def sounds(self) -> set[str]:
        with self.office.editing(WHO) as edit:
            return {s.id for s in edit.all(Sound, self.account)}

    def chooses(self, text: str) -> str:
        """The portal gives the menu another greeting; its sound."""
        with self.office.editing(WHO) as edit:
            edit.lock_account(self.account)
            edit.put(Sound(f"sound-{text}-{self.account}", self.account, text, text=text))
            change_sound(edit, self.account, f"sound-{text}-{self.account}", SoundWish(text, text=text))
            wish = ReceptionistWish("Principal", menus={"business": MenuWish(f"sound-{text}-{self.account}")})
            change_receptionist(edit, self.account, self.receptionist.id, wish)
        return f"sound-{text}-{self.account}"


@pytest.fixture
def house(office: Office, clock: SettableClock, tmp_path: Path) -> House:
    site = a_site(office)
    account = a_company(office, "", site)
    with office.editing(WHO) as edit:
        receptionist = add_receptionist(edit, account, ReceptionistWish("Principal", "180"))
    clock.forward(seconds=60)
    return House(office, clock, tmp_path, site, account, receptionist)


@pytest.mark.acceptance("V-5")
def test_it_replaces_the_greeting_and_an_earlier_recording_but_no_upload(house: House) -> None:
    uploaded = house.chooses("uno")
    house.clock.forward(seconds=60)
    first, second = house.audio(700), house.audio(900)
    for _ in range(2):
        house.take(first, house.stamp())
    (made,) = house.sounds() - {uploaded}
    assert house.menu.greeting_sound_id == made
    house.clock.forward(seconds=60)
    house.take(second, house.stamp())
    (made,) = house.sounds() - {uploaded}
    with house.office.reading() as session:
        digest = session.connection().exec_driver_sql("SELECT sha256 FROM sound_content").scalar_one()
    assert house.menu.greeting_sound_id == made == recorded_sound_id(house.menu.id, digest)
    assert sound_for(house.office, house.site, digest) == second


def test_a_greeting_that_the_portal_chose_after_the_recording_stays(house: House) -> None:
    recorded_at = house.stamp()
    house.clock.forward(seconds=60)
    chosen = house.chooses("dos")
    house.clock.forward(seconds=60)
    house.take(house.audio(700), recorded_at)
    assert house.menu.greeting_sound_id == chosen
    assert len(house.sounds()) == 2, "it is in the list, for whoever wants it"


def test_another_building_or_what_is_no_recording_changes_nothing(house: House) -> None:
    before, audio = house.menu, house.audio(700)
    with pytest.raises(NotFoundProblem):
        house.take(audio, house.stamp(), site=a_site(house.office))
    for broken in (b"", b"RIFF", audio[:-10], audio.replace(b"\x40\x1f\x00\x00", b"\x80\x3e\x00\x00", 1)):
        with pytest.raises(InputProblem):
            house.take(broken, house.stamp())
    with pytest.raises(WireInputProblem):
        house.take(audio, "yesterday")
    assert (house.menu, house.sounds()) == (before, set())
