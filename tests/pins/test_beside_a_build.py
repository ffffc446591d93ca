"""What somebody pins while a build is at work stays pinned: the build writes what it made, and nothing over that."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assetforge.simulate.drawing import Pieces, Wanted
from tests.images_server import ImagesServer, draw, quickly
from tests.pins.hands import accepted, adopted, hand, looked_back, pinned, restored
from tests.promises.processes import finish, kill, wait_until
from tests.promises.site import Site, make_site

FOUR = "".join(
    f"""
[asset.{name}]
prompt = "A {name} at dawn"
size = "1024x640"
output = "{name}.png"
"""
    for name in ("hero", "ship", "tower", "mill")
)


class Gate:
    """Draws for a server, and holds each picture back while it is shut."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()

    def draw(self, wanted: Wanted) -> Pieces:
        self._open.wait(60)
        return quickly(wanted)

    @contextmanager
    def shut(self) -> Iterator[None]:
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()


@contextmanager
def held_build(site: Site, server: ImagesServer, gate: Gate) -> "Iterator[subprocess.Popen[str]]":
    """A build whose next call is under way for as long as the block runs; then it ends well."""
    calls = len(server.calls)
    child = site.start()
    try:
        with gate.shut():
            wait_until(lambda: len(server.calls) > calls)
            yield child
            assert child.poll() is None
        finish(child)
    finally:
        kill(child)


def test_what_was_adopted_restored_and_accepted_beside_a_build_stays(tmp_path: Path) -> None:
    gate, own = Gate(), draw(999, "1024x640", "png", 100)
    with ImagesServer(draw=gate.draw) as server:
        site = make_site(tmp_path, server, FOUR)
        site.build()
        old = site.read("tower.png")
        site.edit("A tower at dawn", "A tower at noon")
        site.build()
        assert site.read("tower.png") != old
        first = looked_back(site, "tower")[-1]
        site.edit("A hero at dawn", "A hero at noon")
        before = site.files()
        with held_build(site, server, gate):
            adopted(site, "ship", hand(site, own))
            restored(site, "tower", first.key)
            site.edit("A mill at dawn", "A mill at noon")
            accepted(site, "mill")
        assert pinned(site, "ship", "generate")["by"] == "by hand"
        assert pinned(site, "tower", "generate")["digest"] == first.digest
        assert pinned(site, "mill", "generate")["by"] == "accepted"
        assert site.read("hero.png") != before["hero.png"]
        calls = len(server.calls)
        assert calls == len(("hero", "ship", "tower", "mill", "tower again", "hero again"))
        report = site.build()
        assert not report.failed
        assert site.read("ship.png") == own
        assert site.read("tower.png") == old
        assert site.read("mill.png") == before["mill.png"]
        assert site.check() == []
        site.build()
        assert len(server.calls) == calls
