"""What only a browser shows: the destination picker's filter, and pages that fit a telephone's screen."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from central.directory import mailboxes, numbers
from central.model import SoundContent
from central.model.rows import find
from central.office import Office, open_office
from central.settings import load
from tests.integration.central.making import WHO, a_company, a_person, a_site
from tests.integration.central.server import Served, serving
from tests.lab import until
from tests.lab.audio import tone, tone_level, write_wav
from wire.services import OwnGreeting, own_greeting_id

PHONE_SCREEN = (390, 844)
SPOKEN_HZ = 640


@pytest.fixture(scope="module")
def served_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("office"), "", workers=1) as running:
        yield running


@pytest.fixture
def office(served_on_sqlite: Served) -> Iterator[Office]:
    opened = open_office(load(served_on_sqlite.place / "central.toml", {}))
    yield opened
    opened.database.close()


@pytest.fixture
def chrome(served_on_sqlite: Served, tmp_path: Path) -> Iterator[Chrome]:
    options = ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--ignore-certificate-errors"):
        options.add_argument(argument)
    write_wav(tmp_path / "microphone.wav", tone(SPOKEN_HZ, 3.0))
    options.add_argument("--use-fake-ui-for-media-stream")
    options.add_argument("--use-fake-device-for-media-stream")
    options.add_argument(f"--use-file-for-fake-audio-capture={tmp_path / 'microphone.wav'}")
    options.add_argument(f"--user-data-dir={tmp_path / 'chrome'}")
    options.add_argument(f"--window-size={PHONE_SCREEN[0]},{PHONE_SCREEN[1]}")
    options.binary_location = "/usr/bin/chromium"
    browser = Chrome(options, ChromeService("/usr/bin/chromedriver"))
    try:
        browser.get(f"{served_on_sqlite.url}/log-in")
        browser.find_element(By.ID, "user").send_keys("admin")
        browser.find_element(By.ID, "password").send_keys(served_on_sqlite.password, Keys.ENTER)
        until(lambda: browser.current_url.endswith("/sites"), 10, "logged in")
        yield browser
    finally:
        browser.quit()


@pytest.mark.acceptance("N-3")
def test_the_picker_filters_by_part_of_the_name_or_extension(
    chrome: Chrome, served_on_sqlite: Served, office: Office
) -> None:
    acme = a_company(office, "", a_site(office))
    for name, extension in (("Ana López", "101"), ("Beto Núñez", "102"), ("Carla", "210")):
        a_person(office, acme, name, extension)
    with office.editing(WHO) as edit:
        number = numbers.add_number(edit, acme, "5512345678")
    chrome.get(f"{served_on_sqlite.url}/accounts/{acme}/numbers/{number.id}")
    picker = Select(chrome.find_element(By.ID, "destination"))
    search = chrome.find_element(By.CSS_SELECTOR, "input[type=search]")

    def offered(typed: str) -> list[str]:
        search.clear()
        search.send_keys(typed)
        return [option.text for option in picker.options]

    assert len(offered("")) == 4
    assert offered("21") == ["210 Carla Pérez"]
    assert offered("pez") == ["101 Ana López Pérez"]
    assert offered("nunez") == ["102 Beto Núñez Pérez"]
    picker.select_by_visible_text("102 Beto Núñez Pérez")
    chrome.find_element(By.CSS_SELECTOR, "main form button").click()
    until(lambda: "102 Beto" in chrome.find_element(By.TAG_NAME, "main").text, 10, "saved")


def test_pages_fit_a_telephones_screen_and_break_no_policy(
    chrome: Chrome, served_on_sqlite: Served, office: Office
) -> None:
    site = a_site(office)
    acme = a_company(office, "", site)
    a_person(office, acme, "Ana", "101", number="5512345600", mac="001565000001", model="T46S", site_id=site)
    for path in ("sites", f"sites/{site}", f"accounts/{acme}/people", f"accounts/{acme}/people/new", "audit"):
        chrome.get(f"{served_on_sqlite.url}/{path}")
        wide = chrome.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, path
    messages = chrome.get_log("browser")  # type: ignore[no-untyped-call]
    assert [line for line in messages if "Content Security Policy" in line["message"]] == []


@pytest.mark.acceptance("L-2")
def test_a_greeting_is_recorded_with_the_microphone_by_keyboard_alone(
    chrome: Chrome, served_on_sqlite: Served, office: Office
) -> None:
    acme = a_company(office, "", a_site(office))
    ana = a_person(office, acme, "Ana", "101").person.id
    with office.editing(WHO) as edit:
        box = mailboxes.add_mailbox(edit, acme, mailboxes.MailboxWish(), ana).id
    chrome.get(f"{served_on_sqlite.url}/accounts/{acme}/mailboxes/{box}")

    def status() -> str:
        return chrome.find_element(By.CSS_SELECTOR, "[data-recorder] [role=status]").text

    record = chrome.find_element(By.CSS_SELECTOR, "[data-recorder] button[type=button]")
    record.send_keys(Keys.SPACE)
    until(lambda: status() == "Recording.", 10, "it records")
    assert chrome.switch_to.active_element == record, "the focus stays"
    until(lambda: chrome.find_element(By.CSS_SELECTOR, "[data-recorder] span[aria-hidden]").text == "0:02", 10, "2 s")
    record.send_keys(Keys.ENTER)
    until(lambda: status() == "Recorded. Listen to it, then save it.", 10, "it is recorded")
    preview = chrome.find_element(By.CSS_SELECTOR, "[data-recorder] audio")
    until(lambda: chrome.execute_script("return arguments[0].readyState", preview) > 1, 10, "it can be heard")

    which = Select(chrome.find_element(By.ID, "which"))
    unknown = "document.getElementById('which').add(new Option('?', 'nothing', true, true))"
    chrome.execute_script(unknown)
    save = chrome.find_element(By.CSS_SELECTOR, "[data-recorder] .actions button")
    save.send_keys(Keys.ENTER)
    until(lambda: chrome.find_elements(By.CSS_SELECTOR, "[data-recorder] [role=status].error"), 10, "it is refused")
    assert preview.is_displayed(), "what was recorded is still there"
    which.select_by_value("custom")
    save.send_keys(Keys.ENTER)
    until(lambda: chrome.find_elements(By.CSS_SELECTOR, ".said"), 15, "it is saved")
    with office.reading() as session:
        held = find(session, OwnGreeting, own_greeting_id(box, "custom"))
        content = session.get_one(SoundContent, held.sha256).content if held else b""
    pcm = np.frombuffer(content[44:], np.int16)
    assert len(pcm) > 8000
    assert tone_level(pcm[4000:8000], SPOKEN_HZ) > -40, "the very sound of the microphone"
    messages = chrome.get_log("browser")  # type: ignore[no-untyped-call]
    assert [line for line in messages if "Content Security Policy" in line["message"]] == []


def says(place: WebElement, sentence: str) -> None:
    until(lambda: sentence in place.text, 10, sentence)


def test_where_the_browser_gives_no_microphone_the_page_says_what_to_do_instead(
    chrome: Chrome, served_on_sqlite: Served, office: Office
) -> None:
    acme = a_company(office, "", a_site(office))
    ana = a_person(office, acme, "Ana", "101").person.id
    with office.editing(WHO) as edit:
        box = mailboxes.add_mailbox(edit, acme, mailboxes.MailboxWish(), ana).id
    denied = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('no'))"
    for takes_away, expected in (
        ("delete window.MediaRecorder", "This browser gives no microphone here."),
        (denied, "The microphone cannot be used."),
    ):
        handle = chrome.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": takes_away})
        chrome.get(f"{served_on_sqlite.url}/accounts/{acme}/mailboxes/{box}")
        for button in chrome.find_elements(By.CSS_SELECTOR, "[data-recorder] button[type=button]"):
            button.send_keys(Keys.ENTER)
        said = chrome.find_element(By.CSS_SELECTOR, "[data-recorder] [role=status]")
        says(said, expected)
        chrome.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", handle)
