"""The building page in a real Chromium: live without reload, both languages, by keyboard alone, on a narrow screen."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from appliance.directory.live import Live
from appliance.directory.local import Fetch
from appliance.directory.resyncs import Outcome, Resyncs
from appliance.ports import SystemClock
from appliance.vocabulary import LinkState
from tests.integration.webui.house import PASSWORD, UNKNOWN, House, call_now, house, past_call, see_unknown_phone, trunk
from tests.lab.sample import ACME
from tests.lab.waiting import until

CARLA = "8843e1aa0201"
CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
pytestmark = [
    pytest.mark.skipif(not (CHROMIUM.exists() and DRIVER.exists()), reason="chromium is not installed"),
    pytest.mark.acceptance("B-1"),
]

# Chromium's own contrast sum (WCAG 2.1, relative luminance) over every visible text that stands on a plain ground.
CONTRAST = """
const channel = (c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
const over = (top, under) => { const a = top[3] ?? 1; return [0, 1, 2].map((i) => top[i] * a + under[i] * (1 - a)); };
const ground = (e) => {
  const layers = [];
  for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor);
    if ((c[3] ?? 1) > 0) layers.push(c);
    if ((c[3] ?? 1) === 1) break;
  }
  return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
};
const poor = [];
for (const e of document.querySelectorAll("body *")) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  const box = e.getBoundingClientRect();
  if (!own || box.width < 2 || box.height < 2 || e.closest(".sr, .skip, noscript, .summary.old")) continue;
  const style = getComputedStyle(e), under = ground(e);
  let faded = 1;
  for (let p = e; p; p = p.parentElement) faded *= Number(getComputedStyle(p).opacity);
  const ink = rgb(style.color);
  const [a, b] = [light(over([...ink.slice(0, 3), (ink[3] ?? 1) * faded], under)), light(under)];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const large = parseFloat(style.fontSize) >= 24;
  if (ratio < (large ? 3 : 4.5)) poor.push(`${e.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
}
return poor;
"""


@contextmanager
def browser(folder: Path, width: int = 1200, language: str = "es-MX") -> Iterator[WebDriver]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={folder}", f"--window-size={width},900", f"--lang={language}"):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"intl.accept_languages": language})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    try:
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        yield driver
        wrong = [e["message"] for e in complaints(driver) if e["level"] == "SEVERE"]
        assert wrong == []
    finally:
        driver.quit()


def complaints(driver: WebDriver) -> list[dict[str, str]]:
    """What Chromium has written to its console since it was asked last."""
    return cast(list[dict[str, str]], driver.get_log("browser"))  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("browser")) as made:
        made.local.append(past_call(), id="cdr-1")
        made.report(calls=(call_now(),), trunks=(trunk(LinkState.UP),))
        yield made


@pytest.fixture
def chromium(tmp_path: Path, page: House) -> Iterator[WebDriver]:
    """Signed in as a technician, in Spanish; an unknown phone is there."""
    page.take_back(UNKNOWN)
    see_unknown_phone(page.local)
    page.report()
    with browser(tmp_path / "profile") as driver:
        sign_in(driver, page, "technician")
        yield driver


def sign_in(driver: WebDriver, page: House, role: str) -> None:
    driver.get(f"{page.url}/login")
    driver.find_element(By.ID, "user").send_keys(role)
    driver.find_element(By.ID, "password").send_keys(PASSWORD, Keys.ENTER)
    until(lambda: text_of(driver, "h1") == "Reforma 222", 10, "the overview is shown")


def text_of(driver: WebDriver, selector: str) -> str:
    """As rendered now; a part swapped in this moment is read again by the caller's polling."""
    return str(driver.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", selector))


def focused(driver: WebDriver) -> str:
    return str(driver.execute_script("return document.activeElement.id"))


def press(driver: WebDriver, *keys: str) -> None:
    driver.switch_to.active_element.send_keys(*keys)


def test_a_change_of_a_report_shows_without_reload(chromium: WebDriver, page: House, centre: str) -> None:
    page.register("ana")
    until(lambda: text_of(chromium, "#livetext") == "En vivo", 5, "the page is live")
    chromium.execute_script("window.loadedOnce = true")
    until(lambda: text_of(chromium, ".big") == "1", 3, "one phone is registered")
    page.register("ana", "beto", "carla")
    until(lambda: text_of(chromium, ".big") == "3", 3, "three phones are registered")
    page.report(trunks=(trunk(LinkState.DOWN),))
    until(lambda: "La troncal Carrier no responde." in text_of(chromium, ".alarms"), 3, "the alarm is shown")
    until(lambda: "La troncal Carrier no responde." in text_of(chromium, "#announce"), 3, "and spoken")
    page.report(trunks=(trunk(LinkState.UP),), calls=())
    until(lambda: "La troncal" not in text_of(chromium, ".alarms"), 3, "and is gone with its cause")
    until(lambda: "No hay llamadas" in text_of(chromium, "main"), 3, "no call is left")
    assert chromium.execute_script("return window.loadedOnce")


def test_focus_stays_where_it_was_when_a_part_is_swapped(chromium: WebDriver, page: House) -> None:
    page.register("ana")
    until(lambda: text_of(chromium, ".big") == "1", 5, "one phone is registered")
    chromium.execute_script("document.getElementById('st-lost').focus()")
    page.register("ana", "beto")
    until(lambda: text_of(chromium, ".big") == "2", 3, "the part was swapped")
    assert focused(chromium) == "st-lost"


def test_the_language_is_switched_by_one_button(chromium: WebDriver) -> None:
    assert "Teléfonos" in text_of(chromium, ".tabs")
    chromium.find_element(By.ID, "language").click()
    until(lambda: "Phones" in text_of(chromium, ".tabs"), 5, "the page is in English")
    assert chromium.execute_script("return document.documentElement.lang") == "en"
    until(lambda: text_of(chromium, "#livetext") == "Live", 5, "the page is live in English")


@pytest.mark.acceptance("P-2")
def test_a_phone_is_adopted_by_keyboard_alone(chromium: WebDriver, page: House, centre: str) -> None:
    def tab_to(wanted: str) -> None:
        for _ in range(60):
            if focused(chromium) == wanted:
                return
            press(chromium, Keys.TAB)
        raise AssertionError(f"Tab never reaches {wanted}")

    until(lambda: text_of(chromium, f"#at-{UNKNOWN}"), 5, "the unknown phone is listed")
    tab_to(f"at-{UNKNOWN}")
    press(chromium, Keys.ENTER)
    until(lambda: "Yealink T42S" in text_of(chromium, "h1"), 5, "the phone's page is open")
    tab_to("person")
    press(chromium, "gael")
    until(lambda: text_of(chromium, "#person-options") == "104 · Gael N. · Acme, S.A. de C.V.", 5, "Gael is offered")
    person = chromium.find_element(By.ID, "person")
    assert person.get_attribute("aria-expanded") == "true"
    press(chromium, Keys.ARROW_DOWN)
    assert person.get_attribute("aria-activedescendant") == "person-options-0"
    press(chromium, Keys.ENTER)
    assert chromium.find_element(By.ID, "person_id").get_attribute("value") == "person-gael"
    press(chromium, Keys.ENTER)
    until(lambda: "El teléfono ya es de 104 · Gael N." in text_of(chromium, ".done"), 5, "the result is shown")
    phone = Live(page.settings.paths.live_dir).current().phone_by_mac(UNKNOWN)
    assert phone
    assert phone.person_id == "person-gael"


@pytest.mark.acceptance("B-2", "P-11")
def test_a_phone_is_searched_told_and_seen_to_come_back_without_reload(chromium: WebDriver, page: House) -> None:
    queue = Resyncs(page.settings.paths.local_db, SystemClock())
    chromium.get(f"{page.url}/phones")
    chromium.execute_script("window.loadedOnce = true")
    press(chromium, "/", "bravo", " 101")
    until(lambda: shown_phones(chromium) == [CARLA], 5, "one phone fits what was typed")
    assert chromium.current_url.endswith("?q=bravo+101")
    until(lambda: text_of(chromium, "#livetext") == "En vivo", 5, "the search is followed live")
    on(chromium, f"mk-{CARLA}", Keys.SPACE)
    assert text_of(chromium, ".bulkcount") == "1 marcados"
    page.register("ana", "carla")
    until(lambda: "Registrado" in text_of(chromium, f'tr:has([value="{CARLA}"])'), 5, "the list was swapped")
    assert chromium.execute_script("return document.getElementById(arguments[0]).checked", f"mk-{CARLA}")
    assert chromium.execute_script("return window.loadedOnce")
    on(chromium, "bulk-resync", Keys.ENTER)
    until(lambda: "Se avisa a 1 teléfono" in text_of(chromium, ".done"), 5, "the result is said")
    until(lambda: "Releer: en espera" in text_of(chromium, f'tr:has([value="{CARLA}"])'), 5, "it waits")
    on(chromium, f"ph-{CARLA}", Keys.ENTER)
    until(lambda: "Releer: en espera" in text_of(chromium, '[data-fragment="phone_wish"]'), 5, "so says its own page")
    chromium.execute_script("window.loadedOnce = true")
    wish = queue.of(CARLA)
    assert wish and wish.by == "technician"
    queue.hold([(wish, "in-a-call")])
    until(lambda: "está en una llamada" in text_of(chromium, '[data-fragment="phone_wish"]'), 5, "and why")
    queue.sent(wish)
    queue.settle(wish, Outcome.ANSWERED, 200)
    until(lambda: text_of(chromium, "#back-at") == "todavía no", 5, "it was told and is not back")
    page.local.record_fetch(Fetch(CARLA, f"/cisco_spa/{CARLA}.xml", "http", 200, 10, "a" * 64, "10.20.0.53", "SPA"))
    until(lambda: "Releer: volvió" in text_of(chromium, '[data-fragment="phone_wish"]'), 5, "it came back")
    assert f"/cisco_spa/{CARLA}.xml" in text_of(chromium, '[data-fragment="phone_history"]')
    assert chromium.execute_script("return window.loadedOnce")


@pytest.mark.acceptance("P-19", "P-16")
def test_the_refused_line_is_marked_and_a_text_is_copied(tmp_path: Path, page: House) -> None:
    with browser(tmp_path / "profile") as driver:
        sign_in(driver, page, "administrator")
        driver.get(f"{page.url}/phones/overrides/edit?where=site")
        text = driver.find_element(By.ID, "text")
        text.send_keys('[values]\nlanguage = "en"\nlldp = "quizá"\n')
        text.submit()
        until(lambda: "línea 3" in text_of(driver, ".error"), 5, "it is refused with its line")
        marked = "const t = document.activeElement; return t.value.slice(t.selectionStart, t.selectionEnd)"
        assert driver.execute_script(marked) == 'lldp = "quizá"'
        complaints(driver)  # That the answer was 400.
        driver.get(f"{page.url}/phones/dhcp")
        driver.find_element(By.CSS_SELECTOR, '[data-copy="text-ios"]').send_keys(Keys.ENTER)
        until(lambda: text_of(driver, '[data-copy="text-ios"] span') == "Copiado", 5, "it was copied")


def on(driver: WebDriver, id: str, key: str) -> None:
    """A key on a thing of the page: its part may be swapped in this moment, and the focus stays."""
    driver.execute_script("document.getElementById(arguments[0]).focus()", id)
    ActionChains(driver).send_keys(key).perform()


def shown_phones(driver: WebDriver) -> list[str]:
    found = driver.execute_script("return [...document.querySelectorAll('[data-mark]')].map((m) => m.value)")
    return cast(list[str], found)


@pytest.mark.acceptance("K-5", "J-4")
def test_a_call_is_explained_by_keyboard_alone_without_names_and_errors_are_words(
    chromium: WebDriver, page: House, centre: str
) -> None:
    page.register("ana", "beto")
    chromium.get(f"{page.url}/calls")
    chromium.find_element(By.LINK_TEXT, "Explicar una llamada").send_keys(Keys.ENTER)
    until(lambda: text_of(chromium, "h1") == "Explicar una llamada", 5, "the question is shown")
    chromium.find_element(By.ID, "caller").send_keys("199")
    press(chromium, Keys.TAB)
    assert focused(chromium) == "dialled"
    press(chromium, "102", Keys.ENTER)
    until(lambda: "No existe la extensión 199" in text_of(chromium, "#explain-error"), 20, "it says what is wrong")
    assert "--" not in text_of(chromium, "#explain-error")
    assert all("422" in c["message"] for c in complaints(chromium))
    assert chromium.find_element(By.ID, "dialled").get_attribute("value") == "102", "what was typed is still there"

    caller = chromium.find_element(By.ID, "caller")
    caller.clear()
    caller.send_keys("101", Keys.TAB, Keys.TAB)
    press(chromium, "Acme")
    for _ in range(16):  # a date and time has a stop for each of its parts
        press(chromium, Keys.TAB)
        if chromium.switch_to.active_element.tag_name == "button":
            break
    press(chromium, Keys.ENTER)
    until(lambda: text_of(chromium, "#way") != "", 20, "the way is shown")
    assert "Sonar 102 Beto" in text_of(chromium, "#way")
    why = text_of(chromium, "#why")
    assert "Llama la extensión 101 ([nombre reservado]) de Acme" in why
    assert "Díaz" not in why and "Núñez" not in text_of(chromium, "#way")
    assert chromium.execute_script(CONTRAST) == []


@pytest.mark.acceptance("K-5", "B-5")
def test_who_may_only_look_explains_no_call_and_each_question_is_in_the_audit(page: House) -> None:
    page.client("viewer").see("/calls/explain", 403)
    assert "/calls/explain" not in page.client("viewer").see("/calls")
    ours = page.client("technician")
    asked = {"caller": "101", "dialled": "0445512345678", "account": ACME, "trunk": "", "at": "2026-03-02T15:00"}
    answer = ours.submit("/calls/explain", asked)
    assert answer.status_code == 200
    assert "+525512345678" in answer.text
    outside = {**asked, "trunk": "trunk-carrier", "caller": "+525598765432", "account": ""}
    assert ours.submit("/calls/explain", outside).status_code == 200
    assert ours.submit("/calls/explain", {**asked, "at": "mañana"}).status_code == 422
    assert ours.submit("/calls/explain", {**asked, "dialled": ""}).status_code == 422
    assert ours.submit("/calls/explain", {**asked, "caller": "--help"}).status_code == 422
    assert ours.submit("/calls/explain", asked, token="wrong").status_code == 403
    audit = page.client("administrator").see("/system/audit")
    assert "Call explained" in audit and "•••• 5678" in audit and "0445512345678" not in audit


def test_the_first_tab_leads_past_the_navigation(chromium: WebDriver, page: House) -> None:
    chromium.get(f"{page.url}/calls")
    press(chromium, Keys.TAB, Keys.ENTER)
    assert focused(chromium) == "main"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_on_its_ground(tmp_path: Path, page: House, scheme: str) -> None:
    page.take_back(UNKNOWN)
    see_unknown_phone(page.local)
    page.report(trunks=(trunk(LinkState.DOWN),), calls=(call_now(),))
    with browser(tmp_path / "profile") as driver:
        feature = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)
        driver.get(f"{page.url}/login")
        assert driver.execute_script(CONTRAST) == []
        sign_in(driver, page, "administrator")
        of_phones = ("overrides", "overrides/edit?where=site", "firmware", "dhcp", "import", "001565aa0101/swap")
        of_calls = ("/calls", "/calls/cdr-1", "/calls/explain")
        paths = ("/", "/phones", "/phones/001565aa0101", *of_calls, "/system", "/system/users")
        for path in (*paths, "/phones/001565aa0101/files/001565aa0101.cfg", *(f"/phones/{p}" for p in of_phones)):
            driver.get(page.url + path)
            assert driver.execute_script(CONTRAST) == [], path


def test_a_narrow_screen_needs_no_sideways_scrolling(tmp_path: Path, page: House, centre: str) -> None:
    page.report(calls=(call_now(),), trunks=(trunk(LinkState.DOWN),))
    page.take_back(UNKNOWN)
    see_unknown_phone(page.local, evidence="path " + "x" * 120)
    with browser(tmp_path / "profile", width=360) as driver:
        sign_in(driver, page, "administrator")
        paths = (
            "/",
            "/phones",
            f"/phones/{UNKNOWN}",
            "/calls",
            "/calls/cdr-1",
            "/calls/explain",
            "/system",
            "/system/users",
            "/system/audit",
            "/phones/001565aa0101",
            "/phones/001565aa0101/files/001565aa0101.cfg",
            *(f"/phones/{p}" for p in ("overrides", "overrides/edit?where=site", "firmware", "dhcp", "import")),
            f"/phones/{UNKNOWN}/../001565aa0101/swap",
        )
        for path in paths:
            driver.get(page.url + path)
            width = driver.execute_script("return document.documentElement.scrollWidth")
            assert width <= 360, path


def test_a_page_that_gets_no_stream_asks_by_turns(tmp_path: Path, page: House) -> None:
    client = page.client("viewer")
    held = [client.get(f"{page.url}/api/v1/events", stream=True, timeout=15) for _ in range(4)]
    try:
        with browser(tmp_path / "profile") as driver:
            sign_in(driver, page, "viewer")
            until(lambda: "cada pocos segundos" in text_of(driver, "#livetext"), 8, "the page polls")
            page.register("ana", "beto", "carla", "dario")
            until(lambda: text_of(driver, ".big") == "4", 8, "and shows the change")
            complaints(driver)
    finally:
        for h in held:
            h.close()
