"""Promise 1 between machines at work at once: leases make one builder for a key, also where machines die."""

import random
from pathlib import Path

import pytest

from tests.images_server import ImagesServer
from tests.promises.processes import finish
from tests.promises.site import make_site
from tests.soak.crowds import PATIENCE, write_crowd
from tests.soak.machines import agree, build_until_done, check_paid_once, machines_of

pytestmark = pytest.mark.slow


def test_machines_that_build_at_once_pay_once(tmp_path: Path) -> None:
    with ImagesServer(latency=0.3) as server:
        first = make_site(tmp_path, server)
        first.environ["ASSETFORGE_REMOTE"] = str(tmp_path / "remote")
        sites = machines_of(first, 3)
        write_crowd(sites, 0, 6)
        for child in [site.start() for site in sites]:
            finish(child, PATIENCE)
        assert len(server.calls) == 6
        agree(sites)


def test_machines_that_die_and_begin_again_pay_once(tmp_path: Path) -> None:
    with ImagesServer(latency=0.3) as server:
        first = make_site(tmp_path, server)
        first.environ["ASSETFORGE_REMOTE"] = str(tmp_path / "remote")
        sites = machines_of(first, 3)
        write_crowd(sites, 0, 8)
        build_until_done(sites, server, random.Random(7), deaths=4, every=0.5)
        calls, said = check_paid_once(sites, server)
        assert calls <= 8 + said
        agree(sites)
