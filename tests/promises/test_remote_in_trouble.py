"""A remote that is down, refuses or lies never fails a build, never makes it pay twice for what it has itself, and is
told of once.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from assetforge.digest import digest_bytes
from assetforge.errors import UsageError
from assetforge.project import Options
from assetforge.report.foreseen import look_ahead
from tests.images_server import ImagesServer
from tests.object_store import ObjectStore, object_store
from tests.promises.processes import finish, kill, wait_until
from tests.promises.site import LOCK, SCENE_CALLS, Site, make_scene, make_site


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


@pytest.fixture
def objects(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    with object_store() as store:
        for name, value in store.environ.items():
            monkeypatch.setenv(name, value)
        yield store


def shared(site: Site, objects: ObjectStore) -> Site:
    site.environ |= {"ASSETFORGE_REMOTE": objects.url, **objects.environ}
    return site


def told(site: Site) -> list[str]:
    return [warning for warning in site.warnings if "remote" in warning]


def test_machines_share_an_object_store(server: ImagesServer, objects: ObjectStore, tmp_path: Path) -> None:
    first = shared(make_scene(tmp_path, server), objects)
    second = first.clone("second")
    assert first.build().calls == SCENE_CALLS
    report = second.build()
    assert (report.calls, report.reused["remote"], second.warnings) == (0, SCENE_CALLS, [])
    assert second.files() == first.files()
    assert len(objects.names("leases")) == SCENE_CALLS
    secret = objects.environ["AWS_SECRET_ACCESS_KEY"].encode()
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in written if secret in path.read_bytes()]


Trouble = Callable[[str, str], int | None]


def always(status: int) -> Trouble:
    return lambda method, path: status


@pytest.mark.parametrize("status", [403, 404, 500, 503], ids=str)
def test_a_remote_that_answers_with_errors_costs_nothing_but_sharing(
    server: ImagesServer, objects: ObjectStore, tmp_path: Path, status: int
) -> None:
    site = shared(make_scene(tmp_path, server), objects)
    objects.answer = always(status)
    began = time.monotonic()
    report = site.build()
    assert time.monotonic() - began < 120
    assert (report.calls, report.failed) == (SCENE_CALLS, ())
    assert site.build().calls == 0
    assert len(server.calls) == SCENE_CALLS
    assert len(told(site)) <= 3


def test_each_kind_of_trouble_is_told_once(server: ImagesServer, objects: ObjectStore, tmp_path: Path) -> None:
    site = shared(make_scene(tmp_path, server), objects)
    objects.answer = always(403)
    site.build()
    assert len(told(site)) == len(set(told(site))) == 3
    assert all(objects.url in warning for warning in told(site))
    assert any("cache push" in warning for warning in told(site))


def test_a_remote_that_is_gone_is_told_and_left(
    server: ImagesServer, objects: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = shared(make_scene(tmp_path, server), objects)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert site.build().calls == SCENE_CALLS
    assert all("can't be reached" in warning for warning in told(site))
    assert len(told(site)) == 3


def test_a_remote_that_can_be_read_only_is_read_and_told(
    server: ImagesServer, objects: ObjectStore, tmp_path: Path
) -> None:
    first = shared(make_scene(tmp_path, server), objects)
    second = first.clone("second")
    first.build()
    second.edit("A lighthouse at dawn", "A lighthouse at dusk")
    objects.answer = lambda method, path: 403 if method == "PUT" else None
    report = second.build()
    assert report.reused["remote"] == 2  # the icons
    assert report.calls == 3
    assert len(told(second)) == 2


def test_a_manifests_remote_is_asked_only_when_it_is_trusted(
    server: ImagesServer, objects: ObjectStore, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server)
    site.edit("[asset.hero]", f'[cache]\nremote = "{objects.url}"\n[asset.hero]')
    with pytest.raises(UsageError, match="not trusted"):
        site.build(yes=False)
    assert (server.calls, objects.requests) == ([], [])
    site.environ["ASSETFORGE_TRUST"] = objects.url.rpartition("/")[0]
    assert site.build().calls == 1
    assert objects.names("records")


def test_a_manifests_remote_is_no_way_out_of_the_repository(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.edit("[asset.hero]", '[cache]\nremote = "shared"\n[asset.hero]')
    (tmp_path / "elsewhere").mkdir()
    (site.folder / "shared").symlink_to(tmp_path / "elsewhere")
    site.environ["ASSETFORGE_TRUST"] = str(site.folder / "shared")
    with pytest.raises(UsageError, match="not trusted"):
        site.build(yes=False)
    assert site.build().calls == 1
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_forks_run_reads_the_remote_and_writes_nothing_there(
    server: ImagesServer, objects: ObjectStore, tmp_path: Path
) -> None:
    first = shared(make_scene(tmp_path, server), objects)
    fork = first.clone("fork")
    first.build()
    before = objects.names()
    fork.write("event.json", '{"pull_request":{"head":{"repo":{"id":2}}},"repository":{"id":1}}')
    fork.environ |= {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request"}
    fork.environ["GITHUB_EVENT_PATH"] = str(fork.folder / "event.json")
    fork.edit('"A {{ item }}"', '"A golden {{ item }}"')
    objects.requests.clear()
    report = fork.build()
    assert (report.reused["remote"], report.calls) == (3, 2)
    assert {request.method for request in objects.requests} <= {"GET", "HEAD"}
    assert objects.names() == before


def test_what_no_machine_has_is_lost_and_nothing_is_bought(
    server: ImagesServer, objects: ObjectStore, tmp_path: Path
) -> None:
    site = shared(make_site(tmp_path, server), objects)
    site.build()
    fresh = site.clone("fresh", without=("hero.png",))
    objects.answer = always(404)
    report = fresh.build()
    assert (report.calls, len(report.failed)) == (0, 1)
    assert fresh.lock == site.lock
    objects.answer = lambda method, path: None
    assert fresh.build().failed == ()
    assert (fresh.folder / LOCK).read_bytes() == site.lock


def test_where_no_leases_can_be_had_the_first_record_is_the_choice_of_all(
    server: ImagesServer, objects: ObjectStore, tmp_path: Path
) -> None:
    server.latency = 0.5
    objects.answer = lambda method, path: 403 if "/leases/" in path and method == "PUT" else None
    first = shared(make_site(tmp_path, server), objects)
    second = first.clone("second")
    children = [first.start(), second.start()]
    said = [finish(child) for child in children]
    assert len(server.calls) == 2
    assert all("can't hold leases" in one for one in said)
    assert sum("was first: its picture is used" in one for one in said) == 1
    assert first.files() == second.files()
    for site in (first, second):
        assert site.build().calls == 0
        assert site.files() == first.files()


def test_a_web_server_is_read_and_never_written_to(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    (tmp_path / "public").mkdir()
    site.environ["ASSETFORGE_REMOTE"] = str(tmp_path / "public" / "cache")
    site.build()
    reader = site.clone("reader", without=(LOCK, "hero.png"))
    with web_server(tmp_path / "public") as (port, methods):
        reader.environ["ASSETFORGE_REMOTE"] = f"http://127.0.0.1:{port}/cache"
        assert (reader.build().calls, reader.warnings) == (0, [])
        reader.edit("A lighthouse", "A windmill")
        assert (reader.build().calls, reader.warnings) == (1, [])
        assert methods <= {"GET", "HEAD"}


@contextmanager
def web_server(folder: Path) -> Iterator[tuple[int, set[str]]]:
    """Files as any web server gives them, and the methods that were used."""
    methods: set[str] = set()

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as it is called
            methods.add(self.command)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        try:
            yield running.server_address[1], methods
        finally:
            running.shutdown()


@pytest.mark.parametrize("folder", ["leases", "records"])
def test_where_two_write_at_once_and_neither_is_let_through_it_is_tried_again(
    server: ImagesServer, objects: ObjectStore, tmp_path: Path, folder: str
) -> None:
    site = shared(make_scene(tmp_path, server), objects)
    conflicts = iter([409])
    objects.answer = lambda method, path: next(conflicts, None) if method == "PUT" and f"/{folder}/" in path else None
    assert (site.build().calls, told(site)) == (SCENE_CALLS, [])
    assert len(objects.names(folder)) == SCENE_CALLS


def test_what_the_store_has_is_shared_before_anything_is_bought(
    server: ImagesServer, objects: ObjectStore, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server)
    site.build()
    site.remove(LOCK)
    site.edit("[asset.hero]", '[asset.slow]\nprompt = "A slow one"\noutput = "slow.png"\n[asset.hero]')
    server.latency = 3.0
    child = shared(site, objects).start()
    wait_until(lambda: bool(objects.names("records")))
    kill(child)
    server.latency = 0.0
    other = site.clone("other", without=(LOCK,) if (site.folder / LOCK).exists() else ())
    assert other.build(select=("hero",)).calls == 0


def test_a_newer_releases_record_stops_a_build_before_it_buys_and_is_left_alone(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_site(tmp_path, server)
    site.environ["ASSETFORGE_REMOTE"] = str(tmp_path / "remote")
    site.build()
    (record,) = (tmp_path / "remote" / "records").iterdir()
    newer = b'{"v":99}'
    record.write_bytes(newer)
    other = site.clone("other", without=(LOCK, "hero.png"))
    with pytest.raises(UsageError, match="newer assetforge"):
        other.build()
    assert (len(server.calls), record.read_bytes()) == (1, newer)


def test_what_is_no_picture_is_not_kept(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.environ["ASSETFORGE_REMOTE"] = str(tmp_path / "remote")
    site.build()
    (record,) = (tmp_path / "remote" / "records").iterdir()
    junk = b"no picture at all" * 1_000
    text = record.read_text().replace(next(iter(site.pins)), digest_bytes(junk))
    size = json.loads(text)["media"]["bytes"]
    record.write_text(text.replace(f'"bytes":{size}', f'"bytes":{len(junk)}'))
    (tmp_path / "remote" / "blobs" / digest_bytes(junk)).write_bytes(junk)
    other = site.clone("other", without=(LOCK, "hero.png"))
    assert other.build().calls == 1
    assert not other.blob(junk)
    assert any("is not used" in warning for warning in other.warnings)


def test_the_lock_is_written_before_what_is_shared_beside(
    server: ImagesServer, objects: ObjectStore, tmp_path: Path
) -> None:
    site = shared(make_scene(tmp_path, server), objects)
    records, refused = [], []

    def answer(method: str, path: str) -> int | None:
        if method == "PUT" and "/records/" in path:
            records.append(path)
        if method == "PUT" and "/blobs/" in path and len(records) == SCENE_CALLS:
            refused.append(path)  # an output: all that was bought is there
            return 500
        return None

    objects.answer = answer
    assert site.build().failed == ()
    assert refused
    assert len(site.lines) == 4


def test_what_a_dead_build_of_another_project_got_is_not_shared_with_this_ones_remote(
    server: ImagesServer, tmp_path: Path
) -> None:
    mine = make_site(tmp_path, server)
    server.latency = 1.0
    child = mine.start()
    wait_until(lambda: len(server.calls) == 1)
    wait_until(lambda: any(mine.cache.glob("inflight/*/*/body*")))
    kill(child)
    server.latency = 0.0
    other = mine.clone("another project", store=True)
    other.edit("A lighthouse", "A windmill")
    other.environ["ASSETFORGE_REMOTE"] = str(tmp_path / "remote")
    other.build()
    (record,) = (tmp_path / "remote" / "records").iterdir()
    assert "windmill" in record.read_text()


def test_a_plan_that_looks_there_makes_no_folder(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.environ["ASSETFORGE_REMOTE"] = str(tmp_path / "remote")
    look_ahead(site.project(), Options(), lambda event: None, asks_remote=True)
    assert not (tmp_path / "remote").exists()


def test_a_folder_on_a_disk_that_is_not_mounted_is_not_made(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.environ["ASSETFORGE_REMOTE"] = str(tmp_path / "mounted" / "remote")
    assert site.build().calls == 1
    assert any("is a disk mounted?" in warning for warning in site.warnings)
    assert not (tmp_path / "mounted").exists()
