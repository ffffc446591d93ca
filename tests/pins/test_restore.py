"""`restore`: any picture that a step had comes back for nothing, with all that was made of it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from assetforge.errors import AssetforgeError, UsageError
from assetforge.outputs.lock import read_lock, write_lock
from tests.images_server import ImagesServer
from tests.pins.hands import CHAIN, CHAIN_CALLS, adopted, hand, looked_back, outputs, pinned, restored
from tests.promises.pictures import logo, png
from tests.promises.site import LOCK, ONE, Site, edited, make_draft_scene, make_site

REWORDED = {
    "generate": edited("at dawn", "at dusk"),
    "dusk": edited("it night", "it noon"),
    "logo": edited("Add the", "Add our"),
}


def rebuilt(chain: Site, step: str) -> tuple[dict[str, bytes], str]:
    """What the outputs were before a step was asked for otherwise, and the key of its picture then."""
    before, (past,) = outputs(chain), looked_back(chain, f"hero:{step}")
    REWORDED[step](chain)
    assert chain.build().calls
    assert outputs(chain) != before
    return before, past.key


@pytest.mark.parametrize("step", REWORDED)
def test_a_picture_comes_back_with_all_that_was_made_of_it(step: str, chain: Site, server: ImagesServer) -> None:
    before, key = rebuilt(chain, step)
    calls = len(server.calls)
    told = restored(chain, "hero", key)
    assert (told.past.step.id, told.past.key) == (f"hero:{step}", key)
    assert told.forecast.purchases == ()
    report = chain.build()
    assert (report.calls, report.failed) == (0, ())
    assert outputs(chain) == before
    assert pinned(chain, "hero", step)["by"] == "accepted"
    assert chain.check() == []
    assert chain.build().placed == ()
    assert len(server.calls) == calls


def test_what_was_asked_for_anew_after_it_comes_back_too(chain: Site, server: ImagesServer) -> None:
    """The picture before it is another's now, and later edits were reworded as well: their old pictures were made of
    the old one, and go with it."""
    before, key = rebuilt(chain, "generate")
    REWORDED["logo"](chain)
    REWORDED["dusk"](chain)
    chain.build()
    calls = len(server.calls)
    restored(chain, "hero", key)
    assert chain.build().calls == 0
    assert outputs(chain) == before
    assert len(server.calls) == calls


def test_the_last_picture_comes_back_whatever_was_reworded_before_it(chain: Site, server: ImagesServer) -> None:
    before, key = rebuilt(chain, "logo")
    REWORDED["generate"](chain)
    restored(chain, "hero", key)
    assert chain.build().calls == 0
    assert outputs(chain) == before
    assert len(server.calls) == CHAIN_CALLS + 1


def test_where_nothing_was_made_of_it_the_price_is_told(chain: Site, server: ImagesServer) -> None:
    adopted(chain, "hero:dusk", hand(chain))
    chain.build()
    (mine, _) = looked_back(chain, "hero:dusk")
    restored(chain, "hero:dusk", looked_back(chain, "hero:dusk")[1].key)
    chain.edit("Add the logo", "Add nothing")
    chain.write("art/logo.png", png(logo("blue")))
    told = restored(chain, "hero", mine.key)
    assert [item.step for item in told.forecast.purchases] == ["hero:logo"]
    assert told.forecast.high > 0


def test_a_clone_agrees(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, '[cache]\noriginals = "originals"\n' + CHAIN)
    site.write("art/logo.png", png(logo()))
    site.build()
    before, key = rebuilt(site, "generate")
    calls = len(server.calls)
    restored(site, "hero", key)
    site.build()
    clone = site.clone("clone", without=("hero.png", "hero-320.webp"))
    assert not clone.build(locked=True).failed
    assert outputs(clone) == outputs(site)
    assert {path: outputs(site)[path] for path in ("hero.png", "hero-320.webp")} == {
        path: before[path] for path in ("hero.png", "hero-320.webp")
    }
    copy = site.clone("copy", store=True, without=("hero.png",))
    assert not copy.build(locked=True).failed
    assert outputs(copy) == outputs(site)
    assert len(server.calls) == calls


def test_all_candidates_come_back(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE + "n = 3\n")
    site.build()
    before, lines = site.read("hero.png"), site.lines["hero"]["steps"]["generate"]
    keys = [lines[number]["key"] for number in "123"]
    site.edit("A lighthouse", "A tower")
    site.build()
    restored(site, "hero", keys[0])
    now = site.lines["hero"]["steps"]["generate"]
    assert [now[number]["digest"] for number in "123"] == [lines[number]["digest"] for number in "123"]
    assert site.build().calls == 0
    assert site.read("hero.png") == before
    assert len(server.paid) == 6


def test_the_one_that_was_named_is_the_one_that_is_used(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE + "n = 2\n")
    site.build()
    lines = site.lines["hero"]["steps"]["generate"]
    site.edit("A lighthouse", "A tower")
    site.build()
    restored(site, "hero", lines["2"]["key"])
    assert [pinned(site, "hero", "generate", number)["digest"] for number in (1, 2)] == [
        lines["2"]["digest"],
        lines["1"]["digest"],
    ]
    assert site.build().calls == 0


def test_what_the_old_request_leaves_open_is_not_bought(server: ImagesServer, tmp_path: Path) -> None:
    """It had one candidate, and three are wanted now: the present pictures of the others stay."""
    site = make_site(tmp_path, server)
    site.build()
    key = site.lines["hero"]["steps"]["generate"]["1"]["key"]
    site.edit("A lighthouse", "A tower")
    site.edit("[asset.hero]", "[asset.hero]\nn = 3")
    site.build()
    now = site.lines["hero"]["steps"]["generate"]
    site.edit("A tower", "A mill")
    restored(site, "hero", key)
    after = site.lines["hero"]["steps"]["generate"]
    assert [after[number]["digest"] for number in "23"] == [now[number]["digest"] for number in "23"]
    assert site.plan().purchases == ()


def test_a_picture_that_only_the_lock_told_of_comes_back(chain: Site, server: ImagesServer) -> None:
    """Somebody else bought it; a build here replaced it, and kept its bytes."""
    clone = chain.clone("clone")
    before = outputs(clone)
    (past,) = looked_back(clone, "hero:logo")
    REWORDED["logo"](clone)
    clone.write("art/logo.png", png(logo("green")))
    assert clone.build(rebuy_lost=True).failed == ()
    assert outputs(clone) != before
    calls = len(server.calls)
    restored(clone, "hero", past.key)
    assert clone.build().calls == 0
    assert clone.read("hero.png") == before["hero.png"]
    assert len(server.calls) == calls


def test_a_picture_of_another_size_does_not_come_back(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.build()
    key = site.lines["hero"]["steps"]["generate"]["1"]["key"]
    site.edit("1024x640", "1280x800")
    site.build()
    lock = site.lock
    with pytest.raises(AssetforgeError, match="asked for with size 1024x640, and the request asks for 1280x800"):
        restored(site, "hero", key)
    assert site.lock == lock


def test_a_picture_whose_bytes_are_nowhere_does_not_come_back(chain: Site) -> None:
    _, key = rebuilt(chain, "logo")
    (past,) = [past for past in looked_back(chain, "hero:logo") if past.key == key]
    (chain.cache / "blobs" / past.digest[:2] / past.digest).unlink()
    (past,) = [past for past in looked_back(chain, "hero:logo") if past.key == key]
    assert not past.is_here
    lock = chain.lock
    with pytest.raises(AssetforgeError, match=f"the bytes of `{key[:8]}` are nowhere") as raised:
        restored(chain, "hero", key)
    assert raised.value.exit_code == 1
    assert chain.lock == lock


def test_a_picture_without_a_record_comes_back(chain: Site) -> None:
    """The ledger names it, and its bytes tell the rest."""
    _, key = rebuilt(chain, "generate")
    shutil.rmtree(chain.cache / "records")
    restored(chain, "hero:generate", key)
    assert pinned(chain, "hero", "generate")["size"] == "1024x640"


def test_what_the_lock_has_is_not_written_again(chain: Site) -> None:
    times = chain.times()
    (past,) = looked_back(chain, "hero:logo")
    assert restored(chain, "hero", past.key).pins == ()
    assert chain.times() == times


WRONG = {
    "too short": ("abc", "`abc` is not a key"),
    "no digits": ("hero", "`hero` is not a key"),
    "too long": ("a" * 65, "is not a key"),
    "a glob": ("ab*f", "is not a key"),
    "unknown": ("0" * 63 + "1", "there is no picture with a key that begins with"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_key_must_be_known(what: str, chain: Site) -> None:
    key, told = WRONG[what]
    lock = chain.lock
    with pytest.raises(UsageError, match=told.replace("*", r"\*")) as raised:
        restored(chain, "hero", key)
    assert raised.value.exit_code == 2
    assert chain.lock == lock


def test_a_key_that_stands_for_several_lists_them(tmp_path: Path) -> None:
    site = make_draft_scene(tmp_path)
    site.build()
    line = read_lock(str(site.folder / LOCK)).lines["hero"]
    first = line.steps["generate"][1]
    alike = {
        number: replace(
            first, key=f"abcd{number}".ljust(64, "0"), media=replace(first.media, digest=f"{number}" * 64)
        )
        for number in (2, 3)
    }
    write_lock(str(site.folder / LOCK), {"hero": replace(line, steps={"generate": {1: first, **alike}})})
    with pytest.raises(UsageError, match="`abcd` stands for 2 pictures") as raised:
        restored(site, "hero", "abcd")
    assert raised.value.problems[0].hint == "name one of `abcd2000` and `abcd3000`"


def test_a_key_may_be_in_capitals(chain: Site) -> None:
    (past,) = looked_back(chain, "hero:logo")
    assert restored(chain, "hero", past.key.upper()).past.key == past.key
