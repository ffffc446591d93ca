"""Promise 3, nothing is lost, by force: builds that are told to stop at sixty random instants."""

import os
import random
from pathlib import Path

import pytest

from tests.images_server import ImagesServer
from tests.promises.site import make_site
from tests.soak.crashes import Figures, noisy
from tests.soak.interrupts import interrupted_chapter

pytestmark = pytest.mark.soak


def test_sixty_interrupts_lose_nothing_and_one_signal_keeps_all_that_was_under_way(tmp_path: Path) -> None:
    seed = int(os.environ.get("SOAK_SEED", "2026"))
    chance, figures = random.Random(seed), Figures()
    print(f"\ninterrupts, seed {seed}")
    for number in range(4):
        with ImagesServer(draw=noisy) as server:
            interrupted_chapter(make_site(tmp_path / str(number), server), server, chance, figures, 15)
    print(figures)
