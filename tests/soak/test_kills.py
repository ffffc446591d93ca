"""Promise 3, nothing is lost, by force: two hundred kills of builds with calls under way."""

import os
import random
from pathlib import Path

import pytest

from tests.images_server import ImagesServer
from tests.promises.site import make_site
from tests.soak.crashes import Figures, chapter, noisy

pytestmark = pytest.mark.soak

CHAPTERS, KILLS = 10, 20


def test_two_hundred_kills_lose_nothing_that_arrived_and_pay_for_nothing_twice(tmp_path: Path) -> None:
    seed = int(os.environ.get("SOAK_SEED", "2026"))
    chance, figures = random.Random(seed), Figures()
    print(f"\nkills, seed {seed}")
    for number in range(CHAPTERS):
        with ImagesServer(draw=noisy) as server:
            site = make_site(tmp_path / str(number), server)
            chapter(site, server, chance, figures, KILLS)
    print(figures)
