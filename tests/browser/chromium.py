"""A real Chromium without a screen, that reaches nothing but this machine."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

PROGRAMS = ("chromium", "chromedriver")
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


def lacking() -> list[str]:
    """The programs that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@contextmanager
def opened(home: Path) -> Iterator[Chrome]:
    """A browser with a home of its own."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    options.page_load_strategy = "eager"
    for flag in (*FLAGS, f"--user-data-dir={home / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    environ = {"HOME": str(home), "PATH": os.environ.get("PATH", os.defpath), "TMPDIR": str(home)}
    driver = Chrome(options, Service(shutil.which("chromedriver"), env=environ))
    driver.set_script_timeout(30)
    driver.set_page_load_timeout(30)
    try:
        yield driver
    finally:
        driver.quit()
