"""A chain that was built, and the server that was asked for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.images_server import ImagesServer
from tests.pins.hands import CHAIN
from tests.promises.pictures import logo, png
from tests.promises.site import Site, make_site


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


@pytest.fixture
def chain(server: ImagesServer, tmp_path: Path) -> Site:
    """The project CHAIN, built."""
    site = make_site(tmp_path, server, CHAIN)
    site.write("art/logo.png", png(logo()))
    assert not site.build().failed
    return site
