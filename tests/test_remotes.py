"""What a text names as a remote, what trust covers, and which runs of CI are of strangers."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.errors import UsageError
from assetforge.remotes import RemotePlace, is_fork_run, is_loopback_url, is_remote_url, is_trusted, read_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("s3://bucket", RemotePlace("s3://bucket", "s3")),
        ("S3://bucket/a/b/", RemotePlace("s3://bucket/a/b", "s3")),
        ("gs://bucket/x", RemotePlace("gs://bucket/x", "gs")),
        ("az://container/x", RemotePlace("az://container/x", "az")),
        ("https://cdn.example:8443/x", RemotePlace("https://cdn.example:8443/x", "https")),
        ("http://127.0.0.1:80/x", RemotePlace("http://127.0.0.1:80/x", "http")),
        ("shared", RemotePlace("/root/shared", "file")),
        ("../shared", RemotePlace("/shared", "file")),
        ("/mnt/assets/", RemotePlace("/mnt/assets", "file")),
        ("./s3:x", RemotePlace("/root/s3:x", "file")),
        ("50%", RemotePlace("/root/50%", "file")),
    ],
)
def test_a_text_names_a_place(text: str, place: RemotePlace) -> None:
    assert read_place(text, "/root") == place


@pytest.mark.parametrize(
    "text",
    [
        "s3:/bucket/x", "s3:bucket", "S3:bucket", " s3:bucket", "gs:x", "az:/x", "https:/x", "http:x", "file:/x",
        "s3:///x", "file:///x", "",
    ],
)  # fmt: skip
def test_half_a_url_is_no_folder(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_place(text, "/root")
    assert "s3://bucket/folder" in str(caught.value.problems[0].hint)


@pytest.mark.parametrize("dots", ["..", ".", "%2e%2e", "%2E.", "a%2f..", "%252e%252e", "100%"])
def test_a_url_stays_below_what_it_begins_with(dots: str) -> None:
    for server in ("s3://bucket", "https://cdn.example"):
        with pytest.raises(UsageError, match="plain name"):
            read_place(f"{server}/team/{dots}/other", "/root")


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://localhost:1", True),
        ("http://LOCALHOST/x", True),
        ("http://127.0.0.1:9000", True),
        ("https://127.8.8.8", True),
        ("http://[::1]:2", True),
        ("http://127.0.0.1.evil.example", False),
        ("http://localhost.evil.example", False),
        ("http://localhost:1@evil.example", False),
        ("http://evil.example@localhost", False),
        ("http://evil.example\\@localhost", False),
        ("http://evil.example/localhost", False),
        ("http://evil.example#@localhost", False),
        ("s3://localhost", False),
        ("localhost", False),
        ("http://[::1", False),
        ("http://", False),
        ("", False),
    ],
)
def test_a_url_leads_to_this_machine_or_not(url: str, is_here: bool) -> None:
    assert is_loopback_url(url) is is_here


@pytest.mark.parametrize(
    ("text", "is_remote"),
    [
        ("s3://bucket", True),
        ("s3:/bucket", True),
        ("/mnt/assets", True),
        ("https://cdn.example/folder", True),
        ("HTTPS://cdn.example/folder?x", True),
        ("https://cdn.example", False),
        ("https://cdn.example/", False),
        ("https://cdn.example?to=/folder", False),
        ("http://127.0.0.1:8080", False),
        ("shared", False),
    ],
)
def test_a_path_tells_a_remote_from_an_origin(text: str, is_remote: bool) -> None:
    assert is_remote_url(text) is is_remote


names = st.text("abcxyz.-_09", min_size=1, max_size=8).filter(lambda name: name[0].isalnum())


@given(st.lists(names, min_size=1, max_size=4), st.lists(names, min_size=1, max_size=4))
def test_trust_covers_what_is_below_and_nothing_else(one: list[str], other: list[str]) -> None:
    trusted = f"s3://{'/'.join(one)}"
    place = RemotePlace(f"s3://{'/'.join(other)}", "s3")
    assert is_trusted(place, [trusted]) == (other[: len(one)] == one)


@given(st.text(max_size=40))
def test_any_text_is_a_place_or_an_error_in_words(text: str) -> None:
    with suppress(UsageError):
        place = read_place(text, "/root")
        assert place.scheme == "file" or place.url == read_place(place.url, "/root").url


def event(tmp_path: Path, told: object) -> dict[str, str]:
    (tmp_path / "event.json").write_text(json.dumps(told))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
    }


def pull_request(head: object) -> dict[str, object]:
    return {"pull_request": {"head": {"repo": head}}, "repository": {"id": 1}}


@pytest.mark.parametrize(
    ("told", "strangers"),
    [
        (pull_request({"id": 1}), False),
        (pull_request({"id": 2}), True),
        (pull_request(None), True),  # the fork was deleted
        ({}, True),
        ([], True),
    ],
)
def test_github_tells_a_fork_by_its_event(tmp_path: Path, told: object, strangers: bool) -> None:
    environ = event(tmp_path, told)
    assert is_fork_run(environ) is strangers
    assert is_fork_run({**environ, "GITHUB_EVENT_NAME": "pull_request_target"}) is strangers
    assert not is_fork_run({**environ, "GITHUB_EVENT_NAME": "push"})
    assert not is_fork_run({**environ, "GITHUB_ACTIONS": ""})


@pytest.mark.parametrize(
    ("told", "strangers"),
    [
        ({"workflow_run": {"head_repository": {"id": 1}}, "repository": {"id": 1}}, False),
        ({"workflow_run": {"head_repository": {"id": 2}}, "repository": {"id": 1}}, True),
        ({"workflow_run": {"head_repository": None}, "repository": {"id": 1}}, True),
        ({"workflow_run": None, "repository": {"id": 1}}, True),
        (pull_request({"id": 1}), True),
    ],
)
def test_what_runs_after_a_strangers_run_is_a_strangers(tmp_path: Path, told: object, strangers: bool) -> None:
    assert is_fork_run({**event(tmp_path, told), "GITHUB_EVENT_NAME": "workflow_run"}) is strangers


def test_an_event_that_can_not_be_read_is_a_strangers(tmp_path: Path) -> None:
    environ = event(tmp_path, {})
    (tmp_path / "event.json").unlink()
    assert is_fork_run(environ)
    del environ["GITHUB_EVENT_PATH"]
    assert is_fork_run(environ)


@pytest.mark.parametrize(
    ("environ", "strangers"),
    [
        ({}, False),
        ({"CI": "true"}, False),
        ({"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7", "CI_MERGE_REQUEST_PROJECT_ID": "7"}, False),
        ({"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "8", "CI_MERGE_REQUEST_PROJECT_ID": "7"}, True),
        ({"CIRCLE_PR_REPONAME": "theirs"}, True),
        (
            {
                "BUILDKITE_PULL_REQUEST_REPO": "git://github.com/us/it.git",
                "BUILDKITE_REPO": "git@github.com:us/it.git",
            },
            False,
        ),
        (
            {
                "BUILDKITE_PULL_REQUEST_REPO": "git://github.com/them/it.git",
                "BUILDKITE_REPO": "git@github.com:us/it.git",
            },
            True,
        ),
        (
            {
                "BUILDKITE_PULL_REQUEST_REPO": "https://gitlab.com/them/art/it",
                "BUILDKITE_REPO": "ssh://git@gitlab.com:22/us/art/it.git/",
            },
            True,
        ),
        ({"BUILDKITE_PULL_REQUEST_REPO": "", "BUILDKITE_REPO": "git@github.com:us/it.git"}, False),
        ({"SYSTEM_PULLREQUEST_ISFORK": "True"}, True),
        ({"SYSTEM_PULLREQUEST_ISFORK": "False"}, False),
        ({"TRAVIS_PULL_REQUEST_SLUG": "them/it", "TRAVIS_REPO_SLUG": "us/it"}, True),
        ({"TRAVIS_PULL_REQUEST_SLUG": "us/it", "TRAVIS_REPO_SLUG": "us/it"}, False),
        ({"TRAVIS_PULL_REQUEST_SLUG": "", "TRAVIS_REPO_SLUG": "us/it"}, False),
        ({"APPVEYOR_PULL_REQUEST_HEAD_REPO_NAME": "them/it", "APPVEYOR_REPO_NAME": "us/it"}, True),
        ({"APPVEYOR_PULL_REQUEST_HEAD_REPO_NAME": "Us/it", "APPVEYOR_REPO_NAME": "us/it"}, False),
        ({"APPVEYOR_REPO_NAME": "us/it"}, False),
    ],
)
def test_others_tell_it_by_variables(environ: dict[str, str], strangers: bool) -> None:
    assert is_fork_run(environ) is strangers
