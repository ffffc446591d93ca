"""`check` and refusals, as CI reads them: from manifest, lock and files alone, with the price of what is missing."""

from pathlib import Path

import pytest

from tests.builder import Builder
from tests.cli.manifests import EDITED, HERO, picture
from tests.images_server import ImagesServer

EMIT = '[emit.list]\noutput = "list.json"\n'


@pytest.fixture
def edited(shop: Builder) -> Builder:
    shop.write({"assets.toml": EDITED + EMIT, "art/logo.png": picture()})
    assert shop.call("build", "--yes").code == 0
    return shop


@pytest.mark.parametrize("where", ["nowhere yet", "below a file", "a file"])
def test_a_check_needs_no_store_and_makes_none(edited: Builder, where: str) -> None:
    (edited.home / "file").write_bytes(b"")
    store = {"nowhere yet": "empty", "below a file": "file/store", "a file": "file"}[where]
    env = {"ASSETFORGE_CACHE_DIR": str(edited.home / store), "OPENAI_BASE_URL": "http://127.0.0.1:1"}
    del edited.environ["OPENAI_API_KEY"]
    for arguments in (("check",), ("check", "--lock-only")):
        told = edited.run(*arguments, **env)
        assert (told.code, told.out, told.err) == (0, "2 assets current\n", "")
    edited.remove("night.png").write({"assets.toml": (EDITED + EMIT).replace("at dawn", "at noon")})
    assert edited.run("check", **env).code == 3
    assert sorted(path.name for path in edited.home.iterdir() if path.name == "empty") == []


def test_what_a_check_finds_does_not_depend_on_the_store(edited: Builder) -> None:
    """But for how much is said, and what it costs: a picture that this machine has costs nothing."""
    edited.remove("night.webp").write({"assets.toml": (EDITED + EMIT).replace('time = "night"', 'time = "noon"')})
    here = edited.call("check", "--json").object
    there = edited.call("check", "--json", ASSETFORGE_CACHE_DIR=str(edited.home / "empty")).object
    assert [one["subject"] for one in here["disagreements"]] == ["night:edit", "night.png", "night.webp"]
    assert here["disagreements"][0].pop("reason") == "the prompt changed"
    assert there["disagreements"][0].pop("reason") == "the request changed"
    assert there == here
    edited.call("build", "--yes")
    edited.write({"assets.toml": EDITED + EMIT})
    here = edited.call("check", "--json").object
    there = edited.call("check", "--json", ASSETFORGE_CACHE_DIR=str(edited.home / "empty")).object
    assert [one["subject"] for one in there["disagreements"]] == [one["subject"] for one in here["disagreements"]]
    assert (here["disagreements"][0]["buys"], there["disagreements"][0]["buys"]) == ("no", "yes")


def test_lock_only_looks_at_no_output(edited: Builder) -> None:
    edited.remove("night.png").remove("list.json").write({"night.webp": b"of mine"})
    told = edited.call("check", "--json")
    assert {one["subject"]: one["reason"] for one in told.object["disagreements"]} == {
        "night.png": "the file is missing",
        "night.webp": "the file was changed",
        "list.json": "the file is missing",
    }
    assert edited.call("check", "--lock-only").code == 0


def test_a_missing_lock_is_said(edited: Builder) -> None:
    edited.remove("assets.lock")
    told = edited.call("check")
    assert told.code == 3
    assert told.err.startswith(
        "error: there is no `assets.lock`, so manifest, lock and files do not agree on 5 things; "
    )
    assert edited.call("build", "--locked").code == 3
    assert not (edited.root / "assets.lock").exists()


def test_another_manifest_has_another_lock(edited: Builder) -> None:
    edited.write({"other.toml": HERO})
    assert (
        "there is no `other.lock`, and nothing would have to be bought\n"
        in edited.call("build", "--locked", "-m", "other.toml").err
    )
    assert "commit `other.lock`" in edited.call("build", "--locked", "-m", "other.toml").err
    assert "there is no `other.lock`" in edited.call("check", "-m", "other.toml").err


def test_variables_and_profiles(edited: Builder) -> None:
    """A variable makes it another manifest, which the lock does not have; a profile has no lock at all."""
    told = edited.call("check", "--var", "time=noon")
    assert told.code == 3
    assert told.out.startswith("night:edit: the prompt changed; to buy for $")
    assert edited.call("build", "--locked", "--var", "time=noon").code == 3
    assert edited.call("build", "--locked", "--var", "time=night").code == 0
    edited.write({"assets.toml": EDITED + EMIT + '[profile.low]\nquality = "low"\n'})
    told = edited.call("build", "--locked", "--profile", "low")
    assert (told.code, told.err) == (
        2,
        "error: --locked and --profile exclude each other: a profile has no lock\n",
    )
    assert edited.call("build", "--yes", "--profile", "low").code == 0
    told = edited.call("check")
    assert told.code == 3
    assert told.out == "".join(f"{path}: the file was changed\n" for path in ("night.png", "night.webp", "list.json"))


def test_what_has_to_be_bought_is_told_from_what_has_to_be_made(edited: Builder) -> None:
    edited.write(
        {
            "assets.toml": EDITED.replace("320", "200")
            + EMIT
            + HERO.replace("hero", "new").replace("at dawn", "at dusk")
        }
    )
    told = edited.call("check")
    assert told.out == (
        "new:generate: the lock does not have it; to buy for $0.0530\n"
        "night.webp: it is made from an earlier request\n"
        "new.png: waits for `new:generate`\n"
        "list.json: waits for `new`\n"
    )
    assert told.err.startswith(
        "error: manifest, lock and files do not agree on 4 things; 1 picture would have to be bought for $0.0530\n"
    )
    whole = edited.call("check", "--json").object
    assert {one["subject"]: one["buys"] for one in whole["disagreements"]} == {
        "new:generate": "yes",
        "night.webp": "no",
        "new.png": "no",
        "list.json": "no",
    }
    assert whole["cost"]["low"] == whole["cost"]["high"] == whole["disagreements"][0]["price"]
    refused = edited.call("build", "--locked", "--json").object
    assert (refused["missing"], refused["cost"]) == (whole["disagreements"], whole["cost"])


def test_an_unknown_price_is_said_to_be_unknown(shop: Builder) -> None:
    shop.write({"assets.toml": HERO + 'model = "unheard-of"\n'})
    for arguments in (("check",), ("build", "--locked"), ("build", "--on-miss", "fail")):
        told = shop.call(*arguments)
        assert told.code == 3
        assert "; to buy at a price that nobody knows\n" in told.out
        assert "1 picture would have to be bought at a price that nobody knows\n" in told.err
    cost = shop.call("check", "--json").object["cost"]
    assert cost == {"low": 0.0, "high": 0.0, "unpriced": 1}


@pytest.mark.parametrize(
    "arguments", [("check",), ("build", "--locked"), ("build", "--on-miss", "fail")], ids=" ".join
)
def test_in_github_actions_each_asset_is_annotated_with_its_price(
    edited: Builder, images: ImagesServer, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    summary = tmp_path / "summary.md"
    edited.write({"assets.toml": EDITED.replace("at dawn", "at noon") + EMIT})
    told = edited.call(*arguments, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert told.code == 3
    errors = [line for line in told.out.splitlines() if line.startswith("::error ")]
    assert "::error file=assets.toml,line=4,col=8::hero:generate: the prompt changed; to buy for $0.0530" in errors
    (night,) = [line for line in errors if "line=8" in line]
    assert "night:edit: waits for `hero:generate`; may have to be bought for up to $0.0775" in night
    table = summary.read_text("utf-8")
    assert "| hero:generate | the prompt changed; to buy for $0.0530 |" in table
    assert len(images.paid) == 2
