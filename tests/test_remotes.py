"""What a text names as a remote, what trust covers, and which runs of CI are of strangers."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.errors import UsageError
from assetforge.remotes import RemotePlace, is_fork_run, is_trusted, read_place


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
    ],
)
def test_a_text_names_a_place(text: str, place: RemotePlace) -> None:
    assert read_place(text, "/root") == place


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
    ],
)
def test_others_tell_it_by_variables(environ: dict[str, str], strangers: bool) -> None:
    assert is_fork_run(environ) is strangers
