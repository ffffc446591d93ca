"""One Chromium for all tests of pages: a real one, without a screen, that reaches nothing but this machine."""

import os
import shutil
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.browser.site import Window

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # a container's root has none
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """The browser. Where it is not installed its tests are skipped, and fail in CI."""
    paths = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    lacking = [name for name, path in paths.items() if path is None]
    if lacking:
        told = f"needs {' and '.join(lacking)}: on Debian, apt-get install chromium chromium-driver"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(told)
    home = tmp_path_factory.mktemp("chromium")
    options = ChromeOptions()
    options.binary_location = paths["chromium"] or ""
    options.page_load_strategy = "eager"
    for flag in (*FLAGS, f"--user-data-dir={home / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    environ = {"HOME": str(home), "PATH": os.environ.get("PATH", os.defpath), "TMPDIR": str(home)}
    driver = Chrome(options, Service(paths["chromedriver"], env=environ))
    driver.set_script_timeout(30)
    driver.set_page_load_timeout(30)
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def window(chromium: Chrome) -> Window:
    """The browser's window, with nothing in it and nothing told of."""
    chromium.get("about:blank")
    window = Window(chromium)
    window.console()
    window.requests()
    return window
