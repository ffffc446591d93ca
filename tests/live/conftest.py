"""One server for all tests of a file that change nothing for each other."""

from collections.abc import Iterator

import pytest

from tests.live.running import Running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("root")) as running:
        yield running
