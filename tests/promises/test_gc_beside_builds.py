"""Builds and `cache gc` at once, as real processes that are killed: nothing paid is lost, and no key bought twice."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from assetforge.store.audit import verify
from assetforge.store.ledger import Ledger
from tests.images_server import ImagesServer
from tests.promises.processes import kill
from tests.promises.site import LOCK, MANIFEST, ROOT, Site, make_site

pytestmark = pytest.mark.slow

TURNS, SEED = 3, 2026
TEXT = """
[provider.openai]
concurrency = 2

[asset.icon]
matrix.item = ["axe", "bow", "cup", "dot"]
prompt = "{{ item }} TURN"
size = "1024x640"
output = { path = "icons/{{ item }}.png", width = 64 }

[asset.night]
matrix.item = ["axe", "bow"]
source = "@icon[item={{ item }}]"
output = "nights/{{ item }}.jpg"
steps = [{ op = "edit", prompt = "night {{ item }} TURN" }]
"""


def sweep(site: Site) -> "subprocess.Popen[str]":
    """`cache gc --paid` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "assetforge", "cache", "gc", "--paid", "--yes"],
        cwd=ROOT, env=site.process_environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def age(site: Site) -> None:
    """All that is in the store came days ago."""
    moment = time.time() - 3 * 24 * 3_600
    for path in (site.cache / "blobs").glob("??/*"):
        os.utime(path, (moment, moment))


def end(child: "subprocess.Popen[str]", chance: random.Random) -> None:
    """Ends on its own, or is killed at some instant of its life."""
    with suppress(subprocess.TimeoutExpired):
        child.wait(chance.uniform(0.1, 1.2))
    if chance.random() < 0.6:
        kill(child)
    else:
        said, wrong = child.communicate(timeout=60)
        assert child.returncode in (0, 2), said + wrong
        assert child.returncode == 0 or "a build is at work" in wrong


def check_books(site: Site, server: ImagesServer) -> None:
    """No key has two answers, and every picture that was drawn is kept, or said to be maybe billed."""
    entries = list(Ledger(site.cache / "ledger.jsonl").read())
    stored = [entry for entry in entries if entry.event == "stored"]
    assert Counter(key for entry in stored for key in entry.keys).most_common(1)[0][1] == 1
    said = sum(len(entry.keys) for entry in entries if entry.event == "unanswered")
    drawn = sum(len(call.images) for call in server.paid)
    assert drawn <= sum(len(entry.digests) for entry in stored) + said


def test_nothing_paid_is_lost_and_nothing_bought_twice(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    with ImagesServer() as server:
        site = make_site(tmp_path, server)
        for turn in range(TURNS):
            site.write(MANIFEST, TEXT.replace("TURN", str(turn)))
            server.latency = 0.1
            for _ in range(2):
                build = site.start()
                time.sleep(chance.uniform(0.2, 1.2))
                gc = sweep(site)
                for child in chance.sample([build, gc], 2):
                    end(child, chance)
            server.latency = 0.0
            assert not site.build().failed
            assert site.build().calls == 0
            calls, lock, files = len(server.calls), site.lock, site.files()
            age(site)
            end(sweep(site), chance)
            site.remove(*files.keys() - {MANIFEST, LOCK})
            assert not site.build().failed
            assert (len(server.calls), site.lock, site.files()) == (calls, lock, files)
        check_books(site, server)
        age(site)
        said, wrong = sweep(site).communicate(timeout=60)
        assert "freed" in said or "nothing to remove" in said, wrong
        assert verify(site.cache).is_sound
