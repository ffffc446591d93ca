"""One Chromium for all tests of pages."""

import os
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from tests.browser.chromium import lacking, opened
from tests.browser.site import Window


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """The browser. Where it is not installed its tests are skipped, and fail in CI."""
    if missing := lacking():
        told = f"needs {' and '.join(missing)}: on Debian, apt-get install chromium chromium-driver"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(told)
    with opened(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture
def window(chromium: Chrome) -> Window:
    """The browser's window, with nothing in it and nothing told of."""
    chromium.get("about:blank")
    window = Window(chromium)
    window.console()
    window.requests()
    return window
