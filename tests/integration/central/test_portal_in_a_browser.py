"""What only a browser shows: the destination picker's filter, and pages that fit a telephone's screen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from central.directory import numbers
from central.office import Office, open_office
from central.settings import load
from tests.integration.central.making import WHO, a_company, a_person, a_site
from tests.integration.central.server import Served, serving
from tests.lab import until

PHONE_SCREEN = (390, 844)


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
