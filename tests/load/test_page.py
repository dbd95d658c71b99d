"""The page of a run of multiclient, in Chromium: what it shows of a run, on a phone and on paper; and nothing lives."""

import base64
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.load import closing, table
from reports.__main__ import main
from tests.load.simulation import play
from tests.load.test_late_clients import DoublesReply, punctual

pytest.importorskip("selenium")
from tests.reports import browser
from tests.reports.attacks import ATTACKS
from tests.reports.test_reports_browser import INLINE, LIVE

# On the way into the repository nothing is skipped: a browser that is not there is an error.
if not (browser.PROGRAM and browser.DRIVER) and not os.environ.get("CI"):
    pytest.skip("needs chromium and chromedriver", allow_module_level=True)

from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

Open = Callable[..., WebDriver]
MULTICLIENT = {
    "target": "127.0.0.1:8765",
    "command": "python multiclient.py --rate 40 --seed 1",
    "ended": "2026-01-02T03:04:05+00:00",
    "remarks": ["the server printed a traceback"],
}
"""What multiclient adds to a run's figures."""


@pytest.fixture(scope="module")
def driver() -> Iterator[WebDriver]:
    with browser.chromium() as one:
        yield one


@pytest.fixture(scope="module")
def simulated() -> str:
    """Give the figures of a run on a server that answers some lines twice, as JSON."""
    run, _ = play(punctual, DoublesReply, connections=8, duration=8.0, rate=40.0)
    closing.judge(run, None)
    run.note("something worth saying")
    return json.dumps({**table.document(run, None), **MULTICLIENT})


@pytest.fixture
def figures(simulated: str) -> Any:
    """Give the same to be changed."""
    return json.loads(simulated)


@pytest.fixture
def page(driver: WebDriver, tmp_path: Path) -> Open:
    """Write the page of figures and open it."""

    def open_(figures: Any, width: int = 1280, scheme: str = "light") -> WebDriver:
        (tmp_path / "figures.json").write_text(json.dumps(figures))
        file = tmp_path / "load.html"
        assert main(["load", str(tmp_path / "figures.json"), "-o", str(file)]) == 0
        browser.complaints(driver)
        browser.screen(driver, width, 900, scheme)
        browser.open_page(driver, file)
        return driver

    return open_


def text(driver: WebDriver, selector: str) -> str:
    told: str = driver.find_element("css selector", selector).text
    return told


def test_what_a_run_was_is_there(page: Open, figures: Any) -> None:
    driver = page(figures)
    assert text(driver, "h1") == "Wrong" and driver.title == "Wrong: 127.0.0.1:8765 under load"
    assert "reply.one" in text(driver, ".breach h3") and "this is wrong" in text(driver, ".breach .talk")
    assert "40 operations a second, even arrivals" in text(driver, "section[aria-labelledby=h-rate]")
    assert "not looked up" in text(driver, "section[aria-labelledby=h-messages]")
    assert "something worth saying" in text(driver, "section[aria-labelledby=h-rest]")
    assert "--rate 40 --seed 1" in text(driver, "footer")
    rows = driver.execute_script("return [...document.querySelectorAll('.kinds tbody tr')].map(row => row.innerText)")
    assert len(rows) == len(figures["kinds"])
    for row, kind in zip(rows, figures["kinds"].values(), strict=True):
        assert kind["name"] in row and f"{kind['right']:,}" in row
    assert browser.complaints(driver) == []


def test_charts_show_each_second_and_where_it_went_wrong(page: Open, figures: Any) -> None:
    driver = page(figures)
    paths = (
        "return [...document.querySelectorAll('.chart path')].map(one => one.getAttribute('d').match(/[ML]/g).length)"
    )
    assert driver.execute_script(paths) == [len(figures["moments"])] * 3
    marks = "return [...document.querySelectorAll('.chart rect.bad')].map(one => one.getBoundingClientRect().height)"
    wrong = [moment for moment in figures["moments"] if moment[4]]
    heights = driver.execute_script(marks)
    assert len(heights) == len(wrong) > 0 and min(heights) > 2
    inside = """
        const box = document.querySelector('.chart > svg').getBoundingClientRect();
        const line = document.querySelector('.chart path').getBoundingClientRect();
        return line.width > box.width / 2 && line.top >= box.top - 2 && line.bottom <= box.bottom + 2;
    """
    assert driver.execute_script(inside)


def test_charts_are_read_by_key_and_by_pointer(page: Open, figures: Any) -> None:
    driver = page(figures)
    charts = driver.find_element("css selector", ".charts")
    charts.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    at, rate = figures["moments"][1][:2]
    assert text(driver, ".reading output").startswith(f"at {at:.1f}".removesuffix(".0") + " s: ")
    assert f"{rate:g} operations a second" in text(driver, ".reading output")
    ActionChains(driver).move_to_element(driver.find_element("css selector", ".chart > svg")).perform()
    assert not text(driver, ".reading output").startswith(f"at {at:.1f}".removesuffix(".0") + " s: ")
    assert browser.complaints(driver) == []


def test_what_was_lost_is_told(page: Open, figures: Any) -> None:
    figures["mailbox"] = {"acknowledged": 1000, "found": 990, "unanswered": 2, "foreign": 0}
    assert re.search(r"lost or not whole\s+10\b", text(page(figures), "section[aria-labelledby=h-messages]"))
    figures["mailbox"]["found"] = 1000
    assert "lost" not in text(page(figures), "section[aria-labelledby=h-messages]")


@pytest.mark.parametrize(("held_by", "told"), [("server", "by the server"), ("machine", "on this machine")])
def test_who_holds_the_rate_is_told(page: Open, figures: Any, held_by: str, told: str) -> None:
    figures["rate"] |= {"held_by": held_by, "unsent": 500}
    shown = text(page(figures), "section[aria-labelledby=h-rate]")
    assert told in shown and "about 500" in shown


def test_right_run_of_a_closed_loop_says_so(page: Open, figures: Any) -> None:
    driver = page({**figures, "verdict": "right", "line": "RIGHT: all", "findings": [], "wrong": 0, "rate": None})
    assert text(driver, "h1") == "Right" and text(driver, "header .line") == "all"
    assert not driver.find_elements("id", "h-rate") and not driver.find_elements("id", "h-wrong")


def test_run_that_ended_at_once_has_no_charts(page: Open, figures: Any) -> None:
    driver = page({**figures, "moments": [], "kinds": {}, "verdict": "interrupted"})
    assert text(driver, "h1") == "Interrupted" and not driver.find_elements("css selector", ".chart")
    assert browser.complaints(driver) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_need_not_scroll_sideways(page: Open, figures: Any, scheme: str) -> None:
    driver = page(figures, width=390, scheme=scheme)
    assert driver.execute_script("return document.documentElement.scrollWidth") <= 390
    smallest = (
        "return Math.min(...[...document.querySelectorAll('.chart text')].map(t => t.getBoundingClientRect().height))"
    )
    assert driver.execute_script(smallest) > 8


def test_it_is_printed_on_few_sheets(page: Open, figures: Any) -> None:
    driver = page(figures)
    sheets = base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert sheets.startswith(b"%PDF") and 1 <= len(re.findall(rb"/Type */Page\b", sheets)) <= 6


def attacked(figures: Any) -> Any:
    """Put an attack into every free text, each in its turn."""
    turn = iter(range(10**9))

    def attack() -> str:
        return ATTACKS[next(turn) % len(ATTACKS)]

    for one in figures["findings"]:
        one |= {"rule": attack(), "what": attack(), "expected": attack(), "came": attack()}
        one["transcript"] = [f"     1.0 ms {mark} {attack()}" for mark in ("->", "<-", "--") * 3]
    for kind in figures["kinds"].values():
        kind["name"] = attack()
    figures |= {key: attack() for key in ("line", "target", "command", "ended", "dialect", "missing")}
    figures["notes"] = {attack(): 2 for _ in ATTACKS}
    figures["left"] = {attack(): 2 for _ in ATTACKS}
    figures["remarks"] = [attack() for _ in ATTACKS]
    return figures


def test_nothing_of_a_hostile_server_lives(page: Open, figures: Any) -> None:
    driver = page(attacked(figures))
    assert "owned" not in driver.title.partition(": ")[0]
    assert driver.execute_script(LIVE) == driver.execute_script(INLINE) == 0
    assert driver.execute_script("return document.scripts.length") == 1
    assert driver.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert browser.complaints(driver) == []
    shown = driver.execute_script("return document.documentElement.textContent")
    assert "document.title='owned'" in shown
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", shown)


@pytest.mark.parametrize("number", [0, -1, 5e-324, 1e14])
def test_odd_numbers_are_drawn_all_the_same(page: Open, figures: Any, number: float) -> None:
    for moment in figures["moments"]:
        moment[1:4] = [number] * 3
    for kind in figures["kinds"].values():
        kind |= {"p50": number, "histogram": {"0": 1, "9999": 5, "x": 1}}
    driver = page(figures)
    assert "NaN" not in driver.page_source and browser.complaints(driver) == []


@pytest.mark.parametrize(
    "wrong",
    [{"load": 2}, {"moments": [[1, 2]]}, {"kinds": {"a": {}}}, {"verdict": "fine"}, {"rate": {"asked": "x"}}],
    ids=str,
)
def test_what_are_no_figures_is_told_in_one_line(
    wrong: Any, figures: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "figures.json"
    path.write_text(json.dumps({**figures, **wrong}))
    assert main(["load", str(path), "-o", str(tmp_path / "load.html")]) == 4
    told = capsys.readouterr().err
    assert told.startswith("reports: ") and told.count("\n") == 1 and not (tmp_path / "load.html").exists()
