"""`accept`, `adopt`, `history` and `restore` on the command line: what they say, and how they end."""

import json

import pytest

from tests.builder import Builder
from tests.cli.manifests import EDITED, HERO, picture
from tests.cli.test_cli_json import KEYS, own
from tests.images_server import ImagesServer

TWO = HERO + '[asset.icon]\nmatrix.item = ["sword", "axe"]\nprompt = "A {{ item }}"\noutput = "{{ item }}.png"\n'
LOGO = '[asset.logo]\nsource = "logo.png"\noutput = "logo.webp"\n'


@pytest.fixture
def built(shop: Builder) -> Builder:
    shop.write({"assets.toml": TWO, "by-hand.png": picture(size=(1024, 1024)), "small.png": picture()})
    assert shop.call("build", "--yes").code == 0
    return shop


def reword(built: Builder) -> None:
    built.write({"assets.toml": TWO.replace("at dawn", "at dusk").replace("A {{", "One {{")})


def key_of(built: Builder) -> str:
    key: str = json.loads(built.text("assets.lock"))["assets"]["hero"]["steps"]["generate"]["1"]["key"]
    return key


def test_accept_says_which_assets(built: Builder, images: ImagesServer) -> None:
    reword(built)
    told = built.call("accept", "icon[item=axe]")
    assert (told.code, told.out) == (0, "1 asset accepted\n")
    assert told.err == "accepted icon[item=axe]: 1 picture for its present request\n"
    told = built.call("accept", "*")
    assert (told.code, told.out) == (0, "2 assets accepted\n")
    assert "nothing to accept for icon[item=axe]: its request is the one in the lock\n" in told.err
    assert built.call("check").code == 0
    assert built.call("build").out == "nothing to do: 3 assets current\n"
    assert len(images.calls) == 3


def test_accept_takes_several_names(built: Builder, images: ImagesServer) -> None:
    reword(built)
    before = built.files()
    assert built.call("accept", "hero", "icno").code == 2
    assert built.files() == before
    told = built.call("accept", "icon[item=sword]", "hero", "icon[item=sword]", "--json").object
    assert (told["accepted"], told["current"]) == (["hero", "icon[item=sword]"], [])
    assert [pin["step"] for pin in told["pinned"]] == ["hero:generate", "icon[item=sword]:generate"]
    assert built.call("accept", "hero", "icon").out == "1 asset accepted\n"
    assert built.call("check").code == 0
    assert len(images.calls) == 3


def test_accept_goes_on_where_one_of_several_cannot_be(built: Builder) -> None:
    reword(built)
    built.write({"assets.toml": built.text("assets.toml").replace('["sword"', '["bow", "sword"')})
    told = built.call("accept", "icon", "--json")
    assert told.code == told.object["exit_code"] == 1
    assert told.object["accepted"] == ["icon[item=sword]", "icon[item=axe]"]
    (error,) = told.object["errors"]
    assert error["message"] == "`icon[item=bow]:generate` has no picture yet that could be accepted"
    assert error["line"] == 4


def test_adopt_says_what_to_do_next_and_what_it_costs(shop: Builder) -> None:
    shop.write({"assets.toml": EDITED, "art/logo.png": picture(), "small.png": picture("red")})
    shop.call("build", "--yes")
    told = shop.call("adopt", "hero", "small.png")
    assert (told.code, told.out) == (0, "`small.png` is the picture of hero:generate now: run `assetforge build`\n")
    assert told.err.startswith(
        "warning: `small.png` is 64x64, and the request asks for 1024x1024: it is fitted here\n"
        "the next build would buy 1 picture for $0.0"
    )
    assert told.err.endswith(": `night:edit`\n")
    assert shop.call("adopt", "hero", "small.png").out == "`small.png` is the picture of hero:generate already\n"


def test_a_file_is_looked_for_where_somebody_works(built: Builder) -> None:
    built.write({"below/mine.png": picture("red", (1024, 1024))})
    assert built.call("adopt", "hero", "mine.png", cwd="below").code == 0
    assert built.call("adopt", "hero", "mine.png", "-C", "below").code == 0
    assert built.call("adopt", "hero", "mine.png").code == 2


def test_history_and_restore_speak_of_keys(built: Builder, images: ImagesServer) -> None:
    old = key_of(built)
    reword(built)
    built.call("build", "--yes")
    lines = built.call("history", "hero").out.splitlines()
    assert lines[0] == "hero:generate"
    assert [line.split()[0] for line in (lines[1], lines[3])] == [key_of(built)[:8], old[:8]]
    assert lines[2].strip() == "A lighthouse at [-dawn-] {+dusk+}"
    assert lines[4].strip() == "A lighthouse at dawn"
    told = built.call("restore", "hero", old[:6])
    assert told.out == f"hero:generate has the picture {old[:8]} again: run `assetforge build`\n"
    assert built.call("build").code == 0
    assert built.call("restore", "hero", old[:8]).out == f"hero:generate has the picture {old[:8]} already\n"
    assert "by" in built.text("assets.lock")
    assert len(images.calls) == 6


def test_history_of_nothing_says_so(shop: Builder) -> None:
    assert shop.write({"assets.toml": HERO}).call("history", "hero").out == "no picture of hero yet\n"


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "no asset": (("accept",), "`assetforge accept` needs ASSET"),
    "an unknown asset": (("accept", "heroo"), "`heroo` matches no asset"),
    "an asset that costs nothing": (("accept", "logo"), "`logo` has no paid step"),
    "one that costs nothing to adopt for": (("adopt", "logo", "by-hand.png"), "`logo` has no paid step"),
    "no file": (("adopt", "hero"), "`assetforge adopt` needs FILE"),
    "a file that is not there": (("adopt", "hero", "gone.png"), "there is no file `gone.png`"),
    "a file that is no picture": (
        ("adopt", "hero", "assets.toml"),
        "`assets.toml` is not a picture that can be read",
    ),
    "several instances to adopt for": (("adopt", "icon", "by-hand.png"), "`icon` stands for 2 instances"),
    "an unknown step": (("adopt", "hero:edit", "by-hand.png"), "`hero` has no paid step `edit`"),
    "an unknown step to look back at": (("history", "hero:edit"), "`hero` has no paid step `edit`"),
    "no key": (("restore", "hero"), "`assetforge restore` needs KEY"),
    "a key of three digits": (("restore", "hero", "abc"), "`abc` is not a key"),
    "an unknown key": (("restore", "hero", "0000"), "there is no picture with a key that begins with `0000`"),
    "several instances to restore": (("restore", "icon", "0000"), "`icon` stands for 2 instances"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_and_nothing_is_written(what: str, built: Builder) -> None:
    arguments, told = WRONG[what]
    built.write({"assets.toml": TWO + LOGO, "logo.png": picture()})
    before = built.files()
    result = built.call(*arguments)
    assert result.code == 2
    assert result.err.startswith(f"error: {told}")
    assert built.files() == before


@pytest.mark.parametrize(
    "arguments",
    [("accept", "hero"), ("adopt", "hero", "by-hand.png"), ("history", "hero"), ("restore", "hero", "abcd")],
)
def test_a_lock_with_conflicts_is_refused(arguments: tuple[str, ...], built: Builder) -> None:
    lock = built.text("assets.lock")
    built.write({"assets.lock": lock.replace('"hero"', '<<<<<<< ours\n"hero"', 1)})
    before = built.files()
    told = built.call(*arguments)
    assert told.code == 2
    assert told.err.startswith("error: the lock has merge conflicts")
    assert built.files() == before


def test_json_has_the_documented_keys(built: Builder) -> None:
    reword(built)
    assert own(built.call("accept", "icon", "--json").object) == KEYS["accept"]
    adopted = built.call("adopt", "hero", "by-hand.png", "--json").object
    assert own(adopted) == KEYS["adopt"]
    assert set(adopted["pinned"][0]) == KEYS["pin"]
    assert set(adopted["buys"]) == KEYS["bill"]
    history = built.call("history", "hero", "--json").object
    assert own(history) == KEYS["history"]
    assert {frozenset(one) for one in history["pictures"]} == {frozenset(KEYS["past picture"])}
    key = history["pictures"][1]["key"]
    restored = built.call("restore", "hero", key, "--json").object
    assert own(restored) == KEYS["restore"]
    assert restored["pinned"][0]["by"] == "accepted"
