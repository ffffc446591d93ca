"""A remote is the same whether it is a folder or an object store on a socket: names, bytes, and who came first."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assetforge.errors import UsageError
from assetforge.remotes import read_place
from assetforge.store.remote import Remote, RemoteTrouble, open_remote
from tests.object_store import ObjectStore, object_store


@pytest.fixture(scope="module")
def running() -> Iterator[ObjectStore]:
    with object_store() as store:
        yield store


@pytest.fixture
def objects(running: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    for name, value in running.environ.items():
        monkeypatch.setenv(name, value)
    running.requests.clear()
    running.answer = lambda method, path: None
    running.delay = 0.0
    return running


@pytest.fixture(params=["folder", "s3"])
def remote(request: pytest.FixtureRequest, objects: ObjectStore, tmp_path: Path) -> Remote:
    text = str(tmp_path / "a folder, ö") if request.param == "folder" else f"{objects.url}/{tmp_path.name}"
    return open_remote(read_place(text, str(tmp_path)))


def test_what_was_written_is_read_and_what_was_not_is_nothing(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    remote.write("blobs/one", b"1")
    remote.write("blobs/two", tmp_path / "large")
    assert remote.get("blobs/one", 10) == b"1"
    assert remote.get("blobs/two", 100_000) == b"x" * 100_000
    assert remote.get("blobs/three", 10) is None
    assert (remote.has("blobs/two"), remote.has("blobs/three")) == (True, False)
    assert sorted(remote.names("blobs")) == ["blobs/one", "blobs/two"]
    remote.delete(["blobs/one"])
    assert remote.get("blobs/one", 10) is None


def test_more_than_the_limit_is_not_taken_into_memory(remote: Remote) -> None:
    remote.write("records/large", b"x" * 1_000)
    assert remote.get("records/large", 999) is None


def test_of_many_who_create_a_name_at_once_one_is_first(remote: Remote) -> None:
    started, won = threading.Barrier(8), []

    def create(number: int) -> None:
        started.wait()
        if remote.create("leases/k/000001", str(number).encode()):
            won.append(number)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [str(number).encode() for number in won] == [remote.get("leases/k/000001", 10)]


def test_who_finds_what_he_wrote_himself_was_first(remote: Remote) -> None:
    assert remote.create("records/k", b"mine")
    assert remote.create("records/k", b"mine")
    assert not remote.create("records/k", b"yours")
    assert remote.get("records/k", 10) == b"mine"


def test_a_condition_goes_over_the_wire(objects: ObjectStore) -> None:
    remote = open_remote(read_place(f"{objects.url}/conditions", "/"))
    assert remote.create("records/k", b"1")
    assert not remote.create("records/k", b"2")
    puts = [request for request in objects.requests if request.method == "PUT"]
    assert [(put.headers["if-none-match"], put.status) for put in puts] == [("*", 200), ("*", 412)]


@pytest.mark.parametrize(("status", "kind"), [(403, "refused"), (401, "refused"), (400, "refused")])
def test_a_refusal_is_told_without_the_words_of_the_wire(objects: ObjectStore, status: int, kind: str) -> None:
    remote = open_remote(read_place(objects.url, "/"))
    objects.answer = lambda method, path: status
    with pytest.raises(RemoteTrouble) as told:
        remote.get("records/k", 10)
    assert told.value.kind == kind
    assert "127.0.0.1" not in str(told.value)


def test_a_passing_fault_of_the_server_is_asked_again(objects: ObjectStore) -> None:
    remote = open_remote(read_place(objects.url, "/"))
    remote.write("records/again", b"1")
    answers = iter([500, 503])
    objects.answer = lambda method, path: next(answers, None)
    assert remote.get("records/again", 10) == b"1"


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RemoteTrouble):
        open_remote(read_place(str(tmp_path / "file" / "below"), "/")).write("records/k", b"1")


def test_a_remote_that_nobody_asks_makes_no_folder(tmp_path: Path) -> None:
    open_remote(read_place(str(tmp_path / "remote"), "/"))
    assert not (tmp_path / "remote").exists()


@pytest.mark.parametrize(
    "text",
    ["", "ftp://x/y", "s3://", "s3://key:secret@bucket", "s3://b/?sig=x", "http://example.com/x", "s3://b/../c"],
)
def test_what_names_no_remote_is_refused_and_no_secret_repeated(text: str) -> None:
    with pytest.raises(UsageError) as told:
        read_place(text, "/")
    assert "secret" not in str(told.value)
    assert "sig" not in str(told.value)
