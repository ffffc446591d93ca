"""A lock comes from a repository, so from anyone: what can't be read is said, in bounded time and in words."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assetforge.errors import UsageError
from assetforge.model import Look
from assetforge.outputs import lock
from assetforge.outputs.lock import Lock, lock_text, parse_lock, read_lock
from tests.builder import Builder
from tests.cli.manifests import DRAFTS, HERO

PAID = {
    "key": "a" * 64, "digest": "b" * 64, "pixels": "c" * 64, "size": "8x8", "format": "png", "bytes": 70,
    "kind": "images-api", "model": "m", "cost": 0.04, "date": "2026-01-02",
}  # fmt: skip
LOOK = {"color": "#0f766e", "placeholder": "data:image/png;base64,iVBORw0KGgo="}
HUGE = "9" * 5000


def text(number: str = "1", **changes: Any) -> str:
    return json.dumps({"version": 1, "assets": {"hero": {"steps": {"generate": {number: {**PAID, **changes}}}}}})


def file(**more: Any) -> str:
    record = {name: PAID[name] for name in ("key", "digest", "pixels", "size", "format", "bytes")}
    return json.dumps({"version": 1, "assets": {"hero": {"outputs": {"hero.png": {**record, **more}}}}})


def test_what_the_others_are_broken_versions_of_is_read() -> None:
    assert parse_lock(text())["hero"].steps["generate"][1].media.bytes == 70
    assert parse_lock(file(**LOOK))["hero"].outputs["hero.png"].look == Look(**LOOK)
    assert parse_lock(file(frames=[[0, 2, 8, 6]]))["hero"].outputs["hero.png"].frames == ((0, 2, 8, 6),)


@pytest.mark.parametrize(
    "broken",
    [
        "[" * 100_000,
        '{"version": 1, "assets": ' + "[" * 100_000,
        '{"version": 1, "assets": {"hero": ' * 50_000,
        '{"version": ' + HUGE + "}",
        '{"version": "2", "assets": {}}',
        '{"version": 1.0, "assets": {}}',
        '{"version": 1, "assets": []}',
        "[]",
        text(bytes="many"),
        text(bytes=-1),
        text().replace("70", HUGE),
        text().replace("70", "1e999"),
        text().replace("70", "NaN"),
        text().replace("0.04", "1e999"),
        text().replace("0.04", "-Infinity"),
        text(cost=-1),
        text(cost="much"),
        file(frames=[[0, 2, 8]]),
        file(frames=[[0, 2, 8, -1]]),
        file(frames=[[0, 2, 8, 6.5]]),
        file(frames={"0": [0, 2, 8, 6]}),
        file(frames=None),
        text(size=f"{HUGE}x8"),
        text(size=f"{2**40}x8"),
        text(size=8),
        text(format="../../x"),
        text(format=["png"]),
        text(model=["m"]),
        text(date={}),
        text(by="somebody"),
        text(number="0"),
        file(color="#0f766e"),
        file(color="red", placeholder=LOOK["placeholder"]),
        file(color="#0f766e", placeholder="https://example.com/tracker.png"),
        file(color="#0f766e", placeholder="data:image/png;base64," + "A" * 2_000),
        file(color="#0f766e", placeholder="data:image/svg+xml;base64,AAAA"),
        json.dumps({"version": 1, "assets": {"emit:list": {"emitted": {"a.json": "b"}}}}),
        json.dumps({"version": 1, "assets": {"emit:list": {"emitted": ["a.json"]}}}),
        text(number="-1"),
        text(number=HUGE),
        text(number="²"),
        text(model="\ud800"),
    ],
    ids=lambda broken: broken[:40],
)
def test_a_lock_that_is_none_is_an_error_in_words(broken: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_lock(broken)
    assert len(str(caught.value)) < 400


def test_what_is_read_can_be_written_again() -> None:
    told = parse_lock(text(model="\U0001f30a"))
    assert "\\ud83c" in text(model="\U0001f30a")
    assert parse_lock(lock_text(told).encode().decode()) == told


def test_a_lock_of_a_newer_version_is_told_of() -> None:
    with pytest.raises(UsageError, match="newer"):
        parse_lock('{"version": 2, "assets": {}}')


def link_to_zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def larger_than_any(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(lock.MAX_BYTES + 1)


@pytest.mark.parametrize("make", [os.mkfifo, link_to_zeros, larger_than_any, Path.mkdir])
def test_what_cannot_be_a_lock_is_not_read_to_its_end(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "assets.lock")
    with pytest.raises(UsageError, match="the lock can't be read"):
        read_lock(str(tmp_path / "assets.lock"))


def test_no_lock_is_an_empty_one(tmp_path: Path) -> None:
    assert read_lock(str(tmp_path / "assets.lock")).lines == Lock({}).lines == {}


def test_a_command_says_what_is_wrong_with_the_lock(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO, "assets.lock": "[" * 100_000})
    for command in ("build", "check", "plan"):
        told = project.call(command)
        assert told.code == 2
        assert "the lock can't be read" in told.err + told.out
