"""Files that Git LFS has not pulled count as what they stand for: current by their digest, never written over, and
asked for by name where their bytes are needed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assetforge.digest import digest_bytes
from assetforge.errors import ManifestError, NotCurrent
from assetforge.outputs.state import pointed_at
from tests.builder import Builder
from tests.images_server import ImagesServer
from tests.ops.ops_fonts import BOLD
from tests.promises.pictures import logo, photo, png, sky
from tests.promises.site import ONE, SCENE_CALLS, Site, make_scene, make_site

KEPT = '[cache]\noriginals = "kept"\n'
# A source of its own, a mask, a picture sent along, a font, a picture laid over: every way in which a file is read.
FILES = (
    KEPT
    + """
[asset.photo]
source = "art/photo.png"
outputs = ["photo.webp", { path = "small.png", width = 64 }]

[asset.edited]
source = "art/photo.png"
output = "edited.png"
[[asset.edited.steps]]
op = "edit"
prompt = "Make it night"
mask = "art/sky.png"
images = ["art/logo.png"]
[[asset.edited.steps]]
op = "overlay"
image = "art/logo.png"
[[asset.edited.steps]]
op = "text"
text = "Dawn"
font = "art/title.ttf"

[asset.plain]
source = "art/photo.png"
"""
)
SOURCES = ("art/photo.png", "art/sky.png", "art/logo.png", "art/title.ttf")


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


@pytest.fixture
def site(server: ImagesServer, tmp_path: Path) -> Site:
    """A site with a file of each kind, built."""
    made = make_site(tmp_path, server, FILES)
    made.write("art/photo.png", png(photo()))
    made.write("art/sky.png", png(sky()))
    made.write("art/logo.png", png(logo()))
    made.write("art/title.ttf", BOLD)
    assert made.build().failed == ()
    return made


def unpull(site: Site, *paths: str) -> dict[str, bytes]:
    """Files become what git checks out where LFS pulls nothing; gives their contents."""
    contents = {path: site.read(path) for path in paths}
    for path, data in contents.items():
        version = "version https://git-lfs.github.com/spec/v1"
        site.write(path, f"{version}\noid sha256:{digest_bytes(data)}\nsize {len(data)}\n")
    return contents


def originals(site: Site) -> list[str]:
    return [f"kept/{path.name}" for path in (site.folder / "kept").iterdir()]


# --- sources ---


def test_what_is_current_needs_no_bytes_of_its_sources(site: Site) -> None:
    clone = site.clone("clone")
    unpull(clone, *SOURCES)
    before = clone.files()
    assert clone.check() == []
    assert clone.plan().is_current
    for options in ({"locked": True}, {}):
        report = clone.build(**options)
        assert (report.failed, report.placed, report.calls) == ((), (), 0)
    assert clone.files() == before


def test_what_is_needed_is_named_before_anything_is_bought(site: Site, server: ImagesServer) -> None:
    clone = site.clone("clone")
    unpull(clone, *SOURCES)
    clone.edit("width = 64", "width = 32")
    clone.edit("Make it night", "Make it noon")
    bought = len(server.calls)
    before = clone.files()
    with pytest.raises(ManifestError) as caught:
        clone.build()
    told = {problem.message: problem.hint for problem in caught.value.problems}
    assert told == {f"`{path}` is a pointer of Git LFS, and was not pulled": "run `git lfs pull`" for path in SOURCES}
    with pytest.raises(ManifestError):
        clone.build(on_miss="draft")
    assert (clone.files(), len(server.calls)) == (before, bought)


def test_only_what_is_needed_has_to_be_pulled(site: Site) -> None:
    clone = site.clone("clone", without=("small.png",))
    contents = unpull(clone, *SOURCES)
    clone.write("art/photo.png", contents["art/photo.png"])
    assert clone.build(locked=True).failed == ()
    assert clone.read("small.png") == site.read("small.png")


def test_a_check_tells_what_changed_though_nothing_is_pulled(site: Site) -> None:
    clone = site.clone("clone")
    unpull(clone, *SOURCES)
    clone.edit("Make it night", "Make it noon")
    found = {one.subject: one for one in clone.check()}
    assert found.keys() == {"edited:edit", "edited.png"}
    assert found["edited:edit"].buys == "yes"
    with pytest.raises(NotCurrent, match="1 picture would have to be bought"):
        clone.build(locked=True)


def test_another_pointer_is_another_file(site: Site) -> None:
    clone = site.clone("clone")
    clone.write("art/photo.png", png(photo("green")))
    unpull(clone, "art/photo.png")
    with pytest.raises(ManifestError, match=r"`art/photo\.png` is a pointer of Git LFS, and was not pulled"):
        clone.check()


def test_a_lock_from_before_says_what_to_pull(site: Site) -> None:
    """It has no sizes of sources, and is read all the same."""
    clone = site.clone("clone")
    told = json.loads(clone.lock)
    for line in told["assets"].values():
        line.pop("sources")
    clone.write("assets.lock", json.dumps(told))
    assert clone.check() == []
    unpull(clone, "art/photo.png")
    with pytest.raises(ManifestError) as caught:
        clone.check()
    assert caught.value.problems[0].hint == "run `git lfs pull`"


def test_the_lock_tells_what_a_source_is_like(site: Site) -> None:
    data = site.read("art/photo.png")
    known = {"size": "1024x640", "format": "png", "bytes": len(data)}
    assert site.lines["photo"]["sources"] == {digest_bytes(data): known}
    assert site.lines["plain"]["sources"] == {digest_bytes(data): known}
    assert len(site.lines["edited"]["sources"]) == 3


def test_what_the_lock_says_of_a_source_is_believed_of_a_pointer_alone(site: Site) -> None:
    clone = site.clone("clone")
    told = json.loads(clone.lock)
    for line in told["assets"].values():
        for known in line.get("sources", {}).values():
            known["size"] = "3x3"
    clone.write("assets.lock", json.dumps(told))
    assert clone.check() == []
    unpull(clone, "art/photo.png")
    assert "small.png" in {one.subject for one in clone.check()}


# --- outputs ---


def test_an_output_that_is_a_pointer_is_current_by_its_digest(site: Site) -> None:
    clone = site.clone("clone")
    unpull(clone, "photo.webp", "small.png", "edited.png")
    before = clone.files()
    assert clone.check() == []
    assert clone.build(locked=True).placed == ()
    assert clone.build().placed == ()
    assert clone.files() == before


def test_an_output_that_is_a_pointer_gives_way_to_another_picture(site: Site) -> None:
    clone = site.clone("clone")
    unpull(clone, "small.png")
    clone.edit("width = 64", "width = 32")
    assert clone.build().failed == ()
    site.edit("width = 64", "width = 32")
    site.build()
    assert clone.read("small.png") == site.read("small.png")


def test_a_pointer_that_nobody_made_here_is_the_user_s(site: Site) -> None:
    clone = site.clone("clone")
    clone.write("small.png", png(logo("green")))
    unpull(clone, "small.png")
    before = clone.read("small.png")
    (failure,) = clone.build().failed
    assert "is a file of yours" in failure.problem.message
    assert clone.read("small.png") == before


# --- originals ---


def test_an_original_that_was_not_pulled_is_asked_for_and_never_bought_again(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_scene(tmp_path, server)
    site.edit("# the scene", KEPT)
    site.build()
    clone = site.clone("clone", without=("icons/sword.png", "hero.png"))
    unpull(clone, *originals(clone))
    before = clone.files()
    for options in ({}, {"rebuy_lost": True}):
        report = clone.build(**options)
        assert {failure.instance for failure in report.failed} == {"hero", "icon[item=sword]"}
        for failure in report.failed:
            assert failure.problem.hint == "run `git lfs pull`"
            assert "is in `kept/" in failure.problem.message
    for asked in ({"locked": True}, {"on_miss": "fail"}):
        with pytest.raises(NotCurrent, match="2 pictures pinned by the lock, and not pulled from Git LFS") as caught:
            clone.build(**asked)
        assert {one.buys for one in caught.value.missing} == {"no"}
    assert clone.files() == before
    assert len(server.calls) == SCENE_CALLS


def test_originals_are_found_when_they_are_pulled(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, KEPT + ONE)
    site.build()
    clone = site.clone("clone", without=("hero.png",))
    (path,) = originals(clone)
    contents = unpull(clone, path)
    assert clone.build().failed
    clone.write(path, contents[path])
    assert clone.build(locked=True).failed == ()
    assert clone.files() == site.files()
    assert len(server.calls) == 1


def test_an_output_that_is_a_pointer_stands_for_the_original_too(server: ImagesServer, tmp_path: Path) -> None:
    """`hero.png` is the provider's very bytes: who needs them has to pull that."""
    site = make_site(tmp_path, server, ONE)
    site.build()
    clone = site.clone("clone")
    unpull(clone, "hero.png")
    clone.edit('output = "hero.png"', 'outputs = ["hero.png", { path = "small.png", width = 64 }]')
    (failure,) = clone.build().failed
    assert failure.problem.message == (
        "the picture of `hero:generate` is in `hero.png`, which is a pointer of Git LFS, and was not pulled"
    )
    assert len(server.calls) == 1


def test_the_command_line_says_what_to_pull(shop: Builder, images: ImagesServer) -> None:
    shop.write({"assets.toml": KEPT + ONE})
    assert shop.call("build").code == 0
    (path,) = (shop.root / "kept").iterdir()
    data = path.read_bytes()
    oid = digest_bytes(data)
    path.chmod(0o644)
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(data)}\n")
    assert pointed_at(str(path), path.stat().st_size) == oid
    shop.remove("hero.png")
    shop.environ["ASSETFORGE_CACHE_DIR"] = str(shop.home / "another")
    told = shop.call("plan")
    assert "1 picture not pulled: `hero:generate#1`; run `git lfs pull`\n" in told.out
    assert "to buy again" not in told.out
    assert "hint: run `git lfs pull`\n" in told.err
    told = shop.call("build", "--locked")
    assert (told.code, told.out) == (
        3,
        f"hero:generate: it is in `kept/{path.name}`, which is a pointer of Git LFS, and was not pulled\n",
    )
    assert "hint: run `git lfs pull`\n" in told.err
    assert "lost" in shop.call("explain", "hero").out
    assert len(images.calls) == 1


def test_a_plan_names_the_files_that_it_needs(project: Builder) -> None:
    manifest = '[asset.a]\nsource = "a.png"\noutput = { path = "b.png", width = 8 }\n'
    data = png(logo())
    assert project.write({"assets.toml": manifest, "a.png": data}).call("build").code == 0
    version = "version https://git-lfs.github.com/spec/v1"
    project.write({"a.png": f"{version}\noid sha256:{digest_bytes(data)}\nsize {len(data)}\n"})
    assert project.call("plan").code == 0
    project.write({"assets.toml": manifest.replace("8", "9")})
    for command in ("plan", "build"):
        told = project.call(command)
        assert told.code == 2
        assert "error: `a.png` is a pointer of Git LFS, and was not pulled\n  assets.toml:2:10\n" in told.err
        assert "hint: run `git lfs pull`\n" in told.err
    assert project.call("check").out == "b.png: it is made from an earlier request\n"
