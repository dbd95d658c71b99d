"""A headless Chromium for tests that read the pages as their reader does."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PROGRAM = next(filter(None, map(shutil.which, PROGRAMS)), None)
DRIVER = shutil.which("chromedriver")
PATIENCE = 30


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """Start a browser, and end it."""
    options = Options()
    options.binary_location = str(PROGRAM)
    # Tests and CI run as root, in containers whose /dev/shm is small.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_page_load_timeout(PATIENCE)
    try:
        yield driver
    finally:
        driver.quit()


def screen(driver: webdriver.Chrome, width: int, height: int, scheme: str = "light") -> None:
    """Make it a screen of this size in pixels, and light or dark."""
    device = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    scheme_feature = {"name": "prefers-color-scheme", "value": scheme}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme_feature]})


def open_page(driver: webdriver.Chrome, path: Path, fragment: str = "") -> None:
    """Open a file anew, even if it is the one that is open."""
    driver.get("about:blank")
    driver.get(path.as_uri() + fragment)


def complaints(driver: webdriver.Chrome) -> list[Any]:
    """What the browser complained of since it was last asked: script errors, policy breaches, failed loads."""
    return [entry["message"] for entry in driver.get_log("browser")]
