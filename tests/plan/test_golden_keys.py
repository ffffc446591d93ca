"""A release never re-buys: the keys of fifty manifests are written down, and stay."""

import shutil
from pathlib import Path

import pytest

from tests.plan.golden_keys import FOLDER, NAME, changed, first_difference, given, kept, manifests, text
from tests.plan.known_pictures import paid_keys


@pytest.mark.parametrize("folder", manifests(), ids=lambda folder: folder.name)
def test_keys_never_change(folder: Path) -> None:
    assert changed(folder) == [], "a changed key buys everything again: see tests/plan/write_golden_keys.py"
    assert text(given(folder)) == text(kept(folder)), "run `python -m tests.plan.write_golden_keys`"


def test_there_are_at_least_fifty() -> None:
    assert len(manifests()) >= 50


def test_a_changed_key_is_told_with_its_first_ingredient(tmp_path: Path) -> None:
    folder = tmp_path / "01-one-picture"
    shutil.copytree(FOLDER / folder.name, folder)
    manifest = folder / "assets.toml"
    manifest.write_text(manifest.read_text("utf-8").replace("lighthouse at dawn", "lighthouse at noon"), "utf-8")
    told = changed(folder)
    assert told[0].endswith('hero:generate#1: prompt: "A lighthouse at dawn", now "A lighthouse at noon"')
    (folder / NAME).unlink()
    assert changed(folder) == []


def test_a_difference_inside_pictures_is_found() -> None:
    before = {"from": [["resize@1", {"width": 64}, "png"]], "key": "a"}
    now = {"from": [["resize@1", {"width": 65}, "png"]], "key": "b"}
    assert first_difference(before, now) == "from[0][1].width: 64, now 65"
    assert first_difference(before, before) == ""


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("03-jpeg-without-compression", ["plain:generate#1 asked:generate#1"]),
        ("06-prompt-normalised", ["plain carriage-returns old-carriage-returns spaces"]),
        ("20-images-beside-a-prompt", ["draw:generate#1 edit:edit#1", "draw:generate#2 edit:edit#2"]),
        ("22-inputs-count-by-pixels", ["png:edit#1 jpg:edit#1"]),
        ("34-steps-that-change-nothing", ["plain:edit#1 idle:edit#1", "plain:generate#1 idle:generate#1"]),
        ("49-provider-names", ["standard:generate#1 relayed:generate#1"]),
        ("55-labels-are-in-no-key", ["bare:generate#1 told:generate#1"]),
        ("32-preserve-and-feather", ["plain:edit#1 preserved:edit#1"]),
        ("15-matrix-with-an-unused-axis", ["icon[item=sword,ending=png] icon[item=sword,ending=webp]"]),
    ],
)
def test_equal_requests_share_a_key(name: str, groups: list[str]) -> None:
    keys = paid_keys(FOLDER / name)
    for group in groups:
        members = [member if "#" in member else f"{member}:generate#1" for member in group.split()]
        assert len({keys[member] for member in members}) == 1


def test_a_preserved_edit_enters_the_next_by_recipe() -> None:
    keys = paid_keys(FOLDER / "32-preserve-and-feather")
    assert keys["plain:edit-2#1"] != keys["preserved:edit-2#1"]
