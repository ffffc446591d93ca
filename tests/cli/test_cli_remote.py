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
    assert "reused    1 picture from the remote" in told.out
    assert re.search(r"saved     \$0\.0\d+ by", told.out)
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
    assert f"{tmp_path}/shared  as a remote\n" in shop.call("trust").out
    assert shop.call("build").code == 0
    assert shop.call("trust", f"{tmp_path}/shared", "--remove").code == 0
    assert f"{tmp_path}/shared" not in shop.call("trust").out
    assert shop.call("build").code == 0, "nothing is missing, so nobody is asked"
    assert f"`{tmp_path}/shared/one` is not trusted" in shop.call("doctor").out


def test_a_folder_of_the_repository_needs_trust_too(shop: Builder) -> None:
    shop.write({"assets.toml": '[cache]\nremote = "shared"\n' + HERO})
    refused = shop.call("build")
    assert (refused.code, f"hint: run `assetforge trust {shop.root}/shared`" in refused.err) == (2, True)
    hint = f"hint: run `assetforge trust {shop.root}/shared`"
    assert hint in shop.call("doctor").out
    assert not (shop.root / "shared").exists()
    assert shop.call("trust", f"{shop.root}/shared").code == 0
    assert shop.call("build").code == 0
    assert (shop.root / "shared" / "blobs").is_dir()


def test_a_link_leads_past_no_trust_and_trust_in_a_link_is_in_what_it_leads_to(shop: Builder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shop.write({"assets.toml": '[cache]\nremote = "shared"\n' + HERO})
    assert shop.call("trust", f"{shop.root}/shared").code == 0
    (shop.root / "shared").symlink_to(elsewhere)
    refused = shop.call("build")
    assert (refused.code, f"hint: run `assetforge trust {elsewhere}`" in refused.err) == (2, True)
    assert shop.call("trust", f"{shop.root}/shared").err == f"manifests may name {elsewhere} as their remote\n"
    assert shop.call("build").code == 0
    assert (elsewhere / "blobs").is_dir()
    for gone in (elsewhere, f"{shop.root}/shared"):
        told = shop.call("trust", f"{shop.root}/shared", "--remove")
        assert told.err == f"manifests may not name {gone} as their remote any more\n"


FOLDER = "https://cdn.example/folder"


def test_trust_in_a_web_folder_is_no_trust_in_its_server(shop: Builder) -> None:
    relay = f'[provider.relay]\nkind = "images-api"\nbase_url = "{FOLDER}"\napi_key_env = "RELAY_KEY"\n'
    shop.write({"assets.toml": f'[defaults]\nprovider = "relay"\n{relay}{HERO}'})
    assert shop.call("trust", FOLDER).err == f"manifests may name {FOLDER} as their remote\n"
    for environ in ({}, {"ASSETFORGE_TRUST": FOLDER}):
        told = shop.call("build", "--yes", RELAY_KEY="k-1", **environ)
        assert (told.code, "`https://cdn.example` is not trusted" in told.err) == (2, True)
    assert f"{FOLDER}  as a remote\n" in shop.call("trust").out


def test_a_web_address_is_a_remote_by_its_path_and_an_origin_by_a_key_or_without_a_path(shop: Builder) -> None:
    assert shop.call("trust", FOLDER, "--json").object["added"] == {"origin": FOLDER, "kind": "remote", "key": None}
    assert shop.call("trust", "https://one.example/").code == 0
    shop.call("trust", "https://two.example/v1", "--key", "TWO_KEY")
    listed = shop.call("trust", "--json", ASSETFORGE_TRUST="https://three.example/x,https://four.example/x=FOUR_KEY")
    assert [
        (one["origin"], one["kind"], one["key"])
        for one in listed.object["trusted"]
        if one["from"] != "built in" and one["from"] != "OPENAI_BASE_URL"
    ] == [
        (FOLDER, "remote", None),
        ("https://four.example", "origin", "FOUR_KEY"),
        ("https://one.example", "origin", None),
        ("https://three.example/x", "remote", None),
        ("https://two.example", "origin", "TWO_KEY"),
    ]


def test_what_was_trusted_is_removed_by_the_same_words(shop: Builder) -> None:
    shop.call("trust", "https://cdn.example")
    shop.call("trust", FOLDER)
    removed = shop.call("trust", FOLDER, "--remove", "--json").object["removed"]
    assert removed == {"origin": FOLDER, "kind": "remote"}
    assert "https://cdn.example\n" in shop.call("trust").out
    shop.call("trust", "https://two.example/v1", "--key", "TWO_KEY")
    told = shop.call("trust", "https://two.example/v1", "--remove")
    assert (told.code, told.err) == (0, "nothing may go to https://two.example any more\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("shared", "is neither an http(s) URL nor a remote"),
        ("s3:bucket", "`s3:` without `//` is no remote"),
        ("https://cdn.example/a/%2e%2e", "is not followed by a plain name"),
        ("https://key:secret@cdn.example/a", "may not carry credentials"),
        ("http://cdn.example/a", "has to be https"),
    ],
)
def test_what_can_not_be_trusted_is_told_with_a_hint(shop: Builder, text: str, told: str) -> None:
    result = shop.call("trust", text)
    assert (result.code, told in result.err, "hint: " in result.err) == (2, True, True)
    assert "secret" not in result.err


def test_a_remote_has_no_key(shop: Builder) -> None:
    told = shop.call("trust", "s3://bucket", "--key", "RELAY_KEY")
    assert (told.code, "a remote has no key here" in told.err) == (2, True)
    assert shop.call("plan", ASSETFORGE_TRUST="s3://bucket=RELAY_KEY").code == 2


@pytest.mark.parametrize(
    ("remote", "told"),
    [
        ("s3://key:secret@bucket/x", "may not carry credentials"),
        ("ftp://somewhere/x", "is no kind of remote"),
        ("http://cdn.example/x", "has to be https"),
        ("s3://", "is not followed by a plain name"),
        ("s3://bucket/team/%2e%2e/other", "is not followed by a plain name"),
        ("s3:/bucket", "`s3:` without `//` is no remote"),
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
