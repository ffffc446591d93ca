"""Many builds of one manifest at once, as processes, on one store; some are killed on the way."""

import random
import subprocess
import time
from collections.abc import Sequence

from tests.images_server import ImagesServer
from tests.promises.processes import finish, kill, wait_until
from tests.promises.site import MANIFEST, Site
from tests.soak.accounts import Account, check_outputs, settle

CROWD = """
[vars]
turn = "TURN"

[asset.icon]
matrix.item = [ITEMS]
prompt = "{{ item }} {{ turn }}"
size = "1024x640"
output = { path = "icons/{{ item }}.png", width = 64 }
"""
PATIENCE = 180.0


def write_crowd(sites: Sequence[Site], turn: int, pictures: int) -> None:
    """So many pictures whose prompts were never used before."""
    items = ", ".join(f'"i{number}"' for number in range(pictures))
    for site in sites:
        site.write(MANIFEST, CROWD.replace("TURN", str(turn)).replace("ITEMS", items))


def build_at_once(sites: Sequence[Site]) -> list[str]:
    """A process for each; all end well."""
    children = [site.start() for site in sites]
    return [finish(child, PATIENCE) for child in children]


def build_with_deaths(
    sites: Sequence[Site], server: ImagesServer, chance: random.Random, *, deaths: int, within: float
) -> list[str]:
    """The same, and some are killed at random, in the seconds after the first call; the others end well."""
    before = len(server.calls)
    children = [site.start() for site in sites]
    wait_until(lambda: len(server.calls) > before)
    moments = sorted(chance.uniform(0, within) for _ in range(deaths))
    dying: list[subprocess.Popen[str]] = chance.sample(children, deaths)
    began = time.monotonic()
    for moment, child in zip(moments, dying, strict=True):
        time.sleep(max(0.0, began + moment - time.monotonic()))
        kill(child)
    return [finish(child, PATIENCE) for child in children if child not in dying]


def agree(sites: Sequence[Site], server: ImagesServer) -> Account:
    """Every folder is built alike, without another call; gives the account of their store."""
    wait_until(lambda: all(call.ended for call in server.calls))
    calls = len(server.calls)
    for site in sites:
        assert not site.build().failed
        check_outputs(site)
        assert site.files() == sites[0].files()
    assert len(server.calls) == calls
    return settle(sites[0], server)
