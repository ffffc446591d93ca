"""What a user sees of a remote: in `plan`, `cache push`, `cache pull`, `trust` and `doctor`."""

import re
from pathlib import Path

import pytest

from tests.builder import Builder
from tests.cli.test_cli_json import KEYS, own
from tests.images_server import ImagesServer

HERO = """
[asset.hero]
prompt = "A lighthouse"
size = "1024x640"
output = { path = "hero.webp", width = 128 }
"""


@pytest.fixture
def mine(shop: Builder, tmp_path: Path) -> Builder:
    shop.environ["ASSETFORGE_REMOTE"] = str(tmp_path / "remote")
    return shop.write({"assets.toml": HERO})


def colleague(mine: Builder, tmp_path: Path, *files: str) -> Builder:
    """Somebody else on another machine, with some of the files."""
    home, root = tmp_path / "home of two", tmp_path / "two"
    home.mkdir()
    root.mkdir()
    other = Builder(home, root, dict(mine.environ))
    return other.write({name: (mine.root / name).read_bytes() for name in files})


def test_a_plan_touches_no_remote_and_says_what_it_has_not_looked_up(mine: Builder, tmp_path: Path) -> None:
    told = mine.call("plan")
    assert f"at most: 1 key not looked up in {tmp_path / 'remote'}; see `assetforge plan --remote`" in told.out
    assert mine.call("plan", "--json").object["remote"] == {"url": str(tmp_path / "remote"), "not_looked_up": 1}
    assert not (tmp_path / "remote").exists()


def test_a_plan_that_looks_there_counts_nothing_that_others_bought_and_writes_nothing(
    mine: Builder, tmp_path: Path
) -> None:
    assert mine.call("build", "--yes").code == 0
    other = colleague(mine, tmp_path, "assets.toml")
    assert "1 picture to buy" in other.call("plan").out
    told = other.call("plan", "--remote")
    assert "to buy" not in told.out
    assert "make  hero" in told.out
    assert other.call("plan", "--remote", "--json").object["cost"]["high"] == 0
    assert not (other.home / "store").exists()


def test_a_build_says_what_came_from_the_remote_and_what_that_saved(
    mine: Builder, images: ImagesServer, tmp_path: Path
) -> None:
    mine.call("build", "--yes")
    told = colleague(mine, tmp_path, "assets.toml").call("build")
    assert told.code == 0
    assert "1 picture reused (1 from the remote)" in told.out
    assert re.search(r"\$0\.0\d+ saved", told.out)
    assert len(images.calls) == 1


def test_push_sends_what_an_earlier_build_could_not_and_pull_fetches_all_that_the_lock_names(
    mine: Builder, images: ImagesServer, tmp_path: Path
) -> None:
    assert mine.call("build", "--yes", "--remote", "none").code == 0
    other = colleague(mine, tmp_path, "assets.toml", "assets.lock", "hero.webp")
    nothing = other.call("cache", "pull")
    assert (nothing.code, "2 pictures that the lock names" in nothing.err) == (1, True)
    assert mine.call("cache", "push").out == f"2 pictures sent to {tmp_path / 'remote'}, 0 there already\n"
    assert mine.call("cache", "push").out == f"0 pictures sent to {tmp_path / 'remote'}, 2 there already\n"
    assert other.call("cache", "pull").out == f"2 pictures fetched from {tmp_path / 'remote'}, 0 there already\n"
    other.write({"assets.toml": HERO.replace("128", "256")})
    assert other.call("build", "--remote", "none").code == 0
    assert len(images.calls) == 1
    assert other.call("spend").out == colleague_spent_nothing(other)


def colleague_spent_nothing(other: Builder) -> str:
    """What `spend` says where nothing was ever paid."""
    return Builder(other.home, other.root, {"ASSETFORGE_CACHE_DIR": str(other.home / "empty")}).call("spend").out


@pytest.mark.parametrize("name", ["push", "pull"])
def test_what_was_carried_is_told_as_json(mine: Builder, name: str) -> None:
    mine.call("build", "--yes")
    assert own(mine.call("cache", name, "--json").object) == KEYS["cache push"]


@pytest.mark.parametrize("name", ["push", "pull"])
def test_without_a_remote_there_is_nowhere_to_carry_anything(mine: Builder, name: str) -> None:
    told = mine.call("cache", name, "--remote", "none")
    assert told.code == 2
    assert "[cache] remote" in told.err


def test_nothing_is_pushed_to_a_remote_that_is_only_read(mine: Builder) -> None:
    mine.write({"assets.toml": HERO + '[cache]\nremote_mode = "read-only"\n'})
    mine.call("build", "--yes")
    told = mine.call("cache", "push")
    assert (told.code, "is only read here" in told.err) == (2, True)


def test_a_remote_is_trusted_with_all_below_it_and_nothing_beside_it(shop: Builder, tmp_path: Path) -> None:
    shop.write({"assets.toml": f'[cache]\nremote = "{tmp_path}/shared/one"\n' + HERO})
    refused = shop.call("build")
    assert (refused.code, f"hint: run `assetforge trust {tmp_path}/shared/one`" in refused.err) == (2, True)
    assert shop.call("trust", f"{tmp_path}/shar").code == 0
    assert shop.call("build").code == 2
    assert shop.call("trust", f"{tmp_path}/shared").code == 0
    assert f"{tmp_path}/shared\n" in shop.call("trust").out
    assert shop.call("build").code == 0
    assert shop.call("trust", f"{tmp_path}/shared", "--remove").code == 0
    assert f"{tmp_path}/shared\n" not in shop.call("trust").out


@pytest.mark.parametrize(
    ("remote", "told"),
    [
        ("s3://key:secret@bucket/x", "may not carry credentials"),
        ("ftp://somewhere/x", "is no kind of remote"),
        ("http://cdn.example/x", "has to be https"),
        ("s3://", "is not followed by a plain name"),
    ],
)
def test_what_names_no_remote_is_an_error_at_its_line(shop: Builder, remote: str, told: str) -> None:
    shop.write({"assets.toml": f'[cache]\nremote = "{remote}"\n' + HERO})
    result = shop.call("build")
    assert result.code == 2
    assert told in result.err
    assert "assets.toml:2:10" in result.err


def test_doctor_says_which_remote_there_is_and_asks_it_only_where_that_is_wished_for(
    mine: Builder, tmp_path: Path
) -> None:
    assert f"remote: `{tmp_path / 'remote'}`" in mine.call("doctor").out
    assert not (tmp_path / "remote").exists()
    told = mine.call("doctor", "--online").out
    assert "remote: it can be read\n" in told
    assert "remote: it can be written to, and holds leases\n" in told
    assert not [path for path in (tmp_path / "remote").rglob("*") if path.is_file()]
