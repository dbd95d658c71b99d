"""The site as its readers meet it, in Chromium: links, keys, phones; and nothing live from a server."""

import json
import os
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from reports.__main__ import main
from tests.reports.attacks import attacked

pytest.importorskip("selenium")
from tests.reports import browser

# On the way into the repository nothing is skipped: a browser that is not there is an error.
if not (browser.PROGRAM and browser.DRIVER) and not os.environ.get("CI"):
    pytest.skip("needs chromium and chromedriver", allow_module_level=True)

from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

Open = Callable[..., WebDriver]
PAGES = ("index.html", "cve.html", "servers/ben.html", "rules/mail.nested.html", "rules/time.invalid.html")
ROWS = "return [...document.querySelectorAll('.matrix tr[id]')].filter(row => row.offsetParent).map(row => row.id)"
NOT_OURS = """
    const foreign = "img, iframe, object, embed, base, [src], [style], link:not([href$='style.css'])";
    const on = (element) => [...element.attributes].some((one) => /^on/.test(one.name));
    return document.querySelectorAll(foreign).length + [...document.querySelectorAll("*")].filter(on).length;
"""


@pytest.fixture(scope="module")
def driver() -> Iterator[WebDriver]:
    with browser.chromium() as one:
        yield one


@pytest.fixture
def standard(document: Any) -> Any:
    """A run with what a ledger of RFCs says, and a long id."""
    for rule in document["requirements"]:
        rule.update({"source": "RFC 5321 4.1.4, 3.3", "strength": "MUST", "disputed": "Servers differ. " * 20})
    document["requirements"][3]["cve"] = ", ".join(f"CVE-2020-{1000 + at}" for at in range(9))
    return document


@pytest.fixture
def page(driver: WebDriver, standard: Any, tmp_path: Path) -> Open:
    """Write the site of three servers, of which ben breaks most, and open a page of it."""

    def open_(name: str = "index.html", width: int = 1280, scheme: str = "light", hostile: bool = False) -> WebDriver:
        for server, kept in (("ben", 0), ("ada", 1), ("cy", 3)):
            run = deepcopy(standard)
            for rule in [rule for rule in run["requirements"] if rule["verdict"] == "fail"][:kept]:
                rule["verdict"] = "pass"
            folder = tmp_path / "runs" / server
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "results.json").write_text(json.dumps(attacked(run) if hostile else run))
        runs = map(str, sorted((tmp_path / "runs").iterdir()))
        assert main(["site", *runs, "-o", str(tmp_path / "site")]) == 0
        browser.complaints(driver)
        browser.screen(driver, width, 900, scheme)
        browser.open_page(driver, tmp_path / "site" / name.partition("#")[0], name[len(name.partition("#")[0]) :])
        return driver

    return open_


def focused(driver: WebDriver) -> str:
    """The address that the focus is on, without its folder."""
    address: str = driver.switch_to.active_element.get_attribute("href") or ""
    return address.rpartition("/")[2]


def test_a_cell_opens_the_conversation_of_its_server(page: Open) -> None:
    driver = page()
    driver.find_element("css selector", ".matrix [id='row:greeting'] td:nth-of-type(3) a").click()
    assert driver.current_url.endswith("/rules/greeting.html#ada")
    opened = "return document.getElementById('ada').open && document.querySelector('#ada summary').innerText"
    assert driver.execute_script(opened) == "pass ada"
    place = driver.execute_script("return document.getElementById('ada').getBoundingClientRect().top")
    assert 0 <= place < 900
    driver.back()
    driver.find_element("css selector", ".matrix [id='row:mail.nested'] td.fail a").click()
    assert driver.find_element("css selector", "#ben .talk .wrong .here").is_displayed()
    assert browser.complaints(driver) == []


def test_the_style_is_loaded_and_nothing_else(page: Open) -> None:
    driver = page("rules/mail.nested.html")
    loaded = driver.execute_script("return performance.getEntriesByType('resource').map(one => one.name)")
    assert [name.rpartition("/")[2] for name in loaded] in ([], ["style.css"])
    assert driver.execute_script("return getComputedStyle(document.querySelector('.breach')).borderLeftWidth") == "4px"
    assert browser.complaints(driver) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_phone_need_not_scroll_sideways(page: Open, name: str, scheme: str) -> None:
    driver = page(name, width=390, scheme=scheme)
    assert driver.execute_script("return document.documentElement.scrollWidth") <= 390
    paper = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(252, 251, 248)", "dark": "rgb(23, 22, 20)"}[scheme]
    assert browser.complaints(driver) == []


def test_rows_are_filtered_and_servers_sorted_with_the_table_of_servers(page: Open) -> None:
    everything, warned, broken = (
        len(page(f"index.html{fragment}").execute_script(ROWS)) for fragment in ("", "#rows=found", "#rows=broken")
    )
    assert broken == 4 and broken < warned < everything
    driver = page()
    names = "return [...document.querySelectorAll(arguments[0])].map(one => one.innerText.trim())"
    assert driver.execute_script(names, ".totals tbody th a") == ["ben", "ada", "cy"]
    driver.find_element("name", "order").send_keys("by name")
    for where in (".totals tbody th a", ".matrix .who bdi"):
        assert driver.execute_script(names, where) == ["ada", "ben", "cy"]
    assert browser.complaints(driver) == []


def test_arrow_keys_go_through_the_matrix_and_one_tab_leaves_it(page: Open) -> None:
    driver = page()
    stops = "return document.querySelectorAll('.matrix tbody a:not([tabindex=\"-1\"])').length"
    assert driver.execute_script(stops) == 1
    driver.execute_script("document.querySelector('.matrix .who:last-child a').focus()")

    def press(key: str) -> str:
        driver.switch_to.active_element.send_keys(key)
        return focused(driver)

    first, second = (id.removeprefix("row:") for id in driver.execute_script(ROWS)[:2])
    assert press(Keys.TAB) == f"{first}.html"
    ring = "return getComputedStyle(document.activeElement).outlineStyle"
    assert driver.execute_script(ring) == "solid"
    assert press(Keys.ARROW_RIGHT) == f"{first}.html#ben"
    assert press(Keys.ARROW_DOWN) == f"{second}.html#ben"
    assert press(Keys.ARROW_RIGHT) == f"{second}.html#ada"
    assert press(Keys.ARROW_UP) == press(Keys.ARROW_UP) == f"{first}.html#ada"
    assert driver.execute_script(stops) == 1
    assert ".html" not in press(Keys.TAB)
    driver.switch_to.active_element.send_keys(Keys.SHIFT, Keys.TAB)
    assert focused(driver) == f"{first}.html#ada"
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    WebDriverWait(driver, browser.PATIENCE).until(lambda one: one.current_url.endswith(f"/rules/{first}.html#ada"))


def test_a_vulnerability_leads_from_the_requirement_to_its_row_and_on(page: Open) -> None:
    driver = page("rules/mail.nested.html")
    driver.find_element("link text", "CVE-2020-1003").click()
    row = driver.find_element("css selector", ".matrix [id='row:CVE-2020-1003']")
    assert 0 < row.rect["y"] - driver.execute_script("return scrollY") < 900
    row.find_element("css selector", "td.fail a").click()
    assert driver.current_url.endswith("/rules/mail.nested.html#ben")


@pytest.mark.parametrize(
    "name", ["cve.html#%", "index.html#none", "rules/mail.nested.html#%", "servers/ben.html#x=%00"]
)
def test_a_wrong_address_is_no_error(page: Open, name: str) -> None:
    assert browser.complaints(page(name)) == []


def test_nothing_of_a_hostile_server_lives(page: Open, tmp_path: Path) -> None:
    """Whatever it sent is text on every page: no element, no attribute, no script, no error, nothing loaded."""
    driver = page(hostile=True)
    site = tmp_path / "site"
    for path in (site / "index.html", *site.glob("servers/*"), *site.glob("rules/*")):
        driver.get(path.as_uri())
        assert driver.execute_script(NOT_OURS) == 0, path
        assert driver.execute_script("return document.scripts.length") == 1
        assert "owned" not in driver.title.replace("document.title='owned'", "")
        width = driver.execute_script("return document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, path
    assert browser.complaints(driver) == []


def test_the_policy_stops_a_script_that_is_not_ours(page: Open) -> None:
    driver = page("servers/ben.html")
    driver.execute_script(
        "const s = document.createElement('script'); s.text = 'document.title = 1'; document.body.append(s)"
    )
    assert driver.title != "1"
    assert any("Content Security Policy" in told for told in browser.complaints(driver))
