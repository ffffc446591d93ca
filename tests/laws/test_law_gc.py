"""Whatever projects were built in a store, and whatever they were before: what a lock names survives every `gc`, so
that each builds again without a call, and without making any of its outputs anew.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.events import Placed
from assetforge.store.audit import verify
from assetforge.sweeping import Reach, carry_out, find_sweep
from tests.images_server import ImagesServer
from tests.promises.site import LOCK, MANIFEST, Site, make_site

TEXT = """
[asset.icon]
prompt = "PROMPT"
size = "1024x640"
n = COUNT
outputs = [{ path = "icon.png", width = WIDTH }, "whole.png"]

[asset.night]
source = "@icon"
output = { path = "night.jpg", width = WIDTH }
steps = [{ op = "edit", prompt = "At night" }]
"""

wants = st.builds(
    lambda prompt, count, width: TEXT.replace("PROMPT", prompt).replace("COUNT", str(count)).replace("WIDTH", width),
    st.sampled_from(["axe", "bow"]),
    st.sampled_from([1, 2]),
    st.sampled_from(["32", "48"]),
)
reaches: st.SearchStrategy[Reach] = st.sampled_from(["free", "paid"])
# Which of two projects is built, of what; and how the store is swept after it.
histories = st.lists(st.tuples(st.integers(0, 1), wants, reaches), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def age(site: Site) -> None:
    """All that is in the store came days ago."""
    moment = time.time() - 3 * 24 * 3_600
    for path in (site.cache / "blobs").glob("??/*"):
        os.utime(path, (moment, moment))


def check_built(site: Site, server: ImagesServer) -> None:
    """The outputs come back from the store as they were, the lock stays, and nobody is asked."""
    calls, lock, files = len(server.calls), site.lock, site.files()
    site.remove(*files.keys() - {MANIFEST, LOCK})
    assert not site.build().failed
    assert {event.how for event in site.events if isinstance(event, Placed)} == {"restored"}
    assert (len(server.calls), site.lock, site.files()) == (calls, lock, files)


@settings(max_examples=6)
@given(histories)
def test_what_a_lock_names_survives(server: ImagesServer, history: list[tuple[int, str, Reach]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        one = make_site(Path(folder), server)
        other = Site(Path(folder) / "other", one.cache, one.environ)
        for who, text, reach in history:
            site = (one, other)[who]
            site.write(MANIFEST, text)
            assert not site.build().failed
            age(site)
            carry_out(site.cache, find_sweep(site.cache, reach, "count"), reach, "count")
            assert find_sweep(site.cache, reach, "count").is_empty
            assert verify(site.cache).is_sound
            for built in (one, other):
                if (built.folder / LOCK).exists():
                    check_built(built, server)


@settings(max_examples=6)
@given(st.lists(wants, min_size=2, max_size=4))
def test_without_paid_nothing_is_ever_bought_again(server: ImagesServer, texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = make_site(Path(folder), server)
        for text in texts:
            site.write(MANIFEST, text)
            assert not site.build().failed
            age(site)
            carry_out(site.cache, find_sweep(site.cache, "free", "count"), "free", "count")
        calls = len(server.calls)
        for text in texts:
            site.write(MANIFEST, text)
            assert not site.build().failed
        assert len(server.calls) == calls
