"""docs/json.md says what `--json` prints: every key of every command, and no other."""

import re
from pathlib import Path
from typing import Any

import pytest

from assetforge.outputs.lock import lock_text
from tests.builder import Builder
from tests.cli.manifests import DRAFTS, EDITED, HERO, picture

PAGE = Path(__file__).parents[2] / "docs" / "json.md"


def documented() -> dict[str, set[str]]:
    """The keys in the first column of each table that a comment `json: NAME` announces."""
    found = re.findall(r"<!-- json: ([\w ]+) -->\n((?:\|.*\n)+)", PAGE.read_text("utf-8"))
    return {
        name: {key for row in table.splitlines()[2:] for key in re.findall(r"`(\w+)`", row.split("|")[1])}
        for name, table in found
    }


KEYS = documented()
EVERY = KEYS["every command"]


@pytest.fixture
def edited(shop: Builder) -> Builder:
    return shop.write({"assets.toml": EDITED, "art/logo.png": picture()})


def own(told: dict[str, Any]) -> set[str]:
    """A command's own keys; those of every command are there."""
    assert set(told) >= EVERY
    return set(told) - EVERY


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("plan", ("plan",)),
        ("build", ("build", "--yes")),
        ("check", ("check",)),
        ("list", ("list",)),
        ("explain", ("explain", "night")),
        ("graph", ("graph",)),
        ("gallery", ("gallery",)),
        ("pick", ("pick", "hero", "1")),
        ("pick", ("reroll", "night")),
        ("clean", ("clean", "--yes")),
        ("refused", ("build", "--locked")),
    ],
)
def test_a_command_has_its_keys_and_no_other(edited: Builder, name: str, arguments: tuple[str, ...]) -> None:
    told = edited.call(*arguments, "--json")
    assert own(told.object) == KEYS[name]
    assert told.object["exit_code"] == told.code
    assert told.object["root"] == "."


def test_commands_without_a_project(project: Builder) -> None:
    for name, arguments, keys in (
        ("trust", ("trust",), {"trusted"}),
        ("trust", ("trust", "https://relay.example"), {"added"}),
        ("trust", ("trust", "https://relay.example", "--remove"), {"removed"}),
        ("schema", ("schema",), {"document"}),
    ):
        told = project.call(*arguments, "--json").object
        assert set(told) == EVERY - {"root"} | keys
        assert keys <= KEYS[name]
    assert set(project.call("plan", "--json").object) == EVERY - {"root"}
    assert own(project.call("init", "--json").object) == KEYS["init"]
    lock = "merge-driver", "base", "assets.lock", "assets.lock"
    assert set(project.write({"assets.lock": lock_text({})}).call(*lock, "--json").object) == KEYS[
        "merge driver"
    ] | EVERY - {"root"}
    assert own(project.call("schema", "--write", "--json").object) == {"path"}


@pytest.mark.parametrize("arguments", [("build", "nothing-like-it"), ("history", "hreo"), ("pick", "hero", "9")])
def test_what_is_refused_for_another_reason_tells_of_nothing_missing(
    edited: Builder, arguments: tuple[str, ...]
) -> None:
    told = edited.call(*arguments, "--json")
    assert own(told.object) == set()
    assert told.object["exit_code"] == told.code == 2


def test_what_lists_hold(edited: Builder) -> None:
    plan = edited.call("plan", "--json").object
    assert set(plan["assets"][0]) == KEYS["asset"]
    assert set(plan["assets"][0]["purchases"][0]) == KEYS["purchase"]
    (first, *_) = edited.call("explain", "hero", "--json").object["parts"]
    assert set(first["cheaper"]) == {"size", "cut", "price", "planned_price"}
    parts = edited.call("explain", "night", "--json").object["parts"]
    assert {frozenset(part) for part in parts} == {frozenset(KEYS["part"])}
    assert set(parts[0]["states"][0]) == KEYS["state"]
    graph = edited.call("graph", "--json").object
    assert set(graph["instances"][0]) == KEYS["instance"]
    assert set(graph["steps"][0]) == KEYS["step"]
    assert graph["instances"][1]["outputs"] == plan["assets"][1]["outputs"]
    many = edited.write({"assets.toml": HERO + "n = 5\n"}).call("plan", "--json").object
    assert set(many["cheaper_sizes"][0]) == KEYS["cheaper"]
    told = edited.write({"assets.toml": HERO + '[emit.list]\noutput = "list.json"\n'}).call("plan", "--json").object
    assert set(told["emits"][0]) == KEYS["emit"]
    assert set(edited.call("check", "--json").object["disagreements"][0]) == KEYS["disagreement"]
    assert set(edited.call("build", "--locked", "--json").object["missing"][0]) == KEYS["disagreement"]
    error = edited.call("build", "nothing-like-it", "--json").object["errors"][0]
    assert set(error) == KEYS["problem"]


def test_states_are_the_words_of_the_text(edited: Builder) -> None:
    rows = [row.split("  ")[0] for row in edited.call("plan").out.splitlines()[:2]]
    assert [one["state"] for one in edited.call("plan", "--json").object["assets"]] == rows
    edited.write({"assets.toml": DRAFTS + HERO}).call("build")
    edited.remove("hero.png")
    assert edited.call("plan").out.startswith("restore  hero  ")
    assert edited.call("plan", "--json").object["assets"][0]["state"] == "restore"
