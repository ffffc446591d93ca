"""Promise 6, it says why: of what is made on this machine each step, parameter and file that changed, by its name."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.images_server import ImagesServer
from tests.ops.ops_fonts import BOLD, SANS
from tests.promises.pictures import logo, png
from tests.promises.site import ONE, Change, Site, all_of, edited, make_site, written

STEPS = """
[asset.photo]
source = "photos/sea.png"
outputs = ["photo.png", { path = "photo-{{ width }}.webp", width = [20] }]
steps = [
  { op = "blur", radius = 2 },
  { op = "grayscale" },
  { op = "text", text = "Hi", size = 10, font = "fonts/title.ttf" },
  { op = "overlay", image = "photos/mark.png" },
]

[asset.card]
source = "@photo"
output = "card.png"
steps = [{ op = "resize", width = 30 }]

[asset.icon]
matrix.n = [1, 2, 3]
source = "icons/{{ n }}.png"
output = "icon-{{ n }}.png"
steps = [{ op = "round", radius = 3 }]

[asset.sheet]
source = ["@icon"]
output = "sheet.png"
steps = [{ op = "atlas" }]
"""


def flat(color: str, side: int = 40) -> bytes:
    return png(Image.new("RGB", (side, side), color))


def make_steps(tmp_path: Path) -> Site:
    site = make_site(tmp_path, None, STEPS)
    site.write("photos/sea.png", flat("teal", 400))
    site.write("photos/mark.png", png(logo()))
    site.write("fonts/title.ttf", SANS)
    for number, color in enumerate(("red", "green", "blue"), 1):
        site.write(f"icons/{number}.png", flat(color))
    assert not site.build().failed
    return site


def reasons(site: Site, name: str) -> tuple[str, ...]:
    return site.plan().outlooks[name].reasons


BLUR, GRAY = '{ op = "blur", radius = 2 },', '{ op = "grayscale" },'
CASES: list[tuple[str, Change, tuple[str, ...]]] = [
    ("a parameter", edited("radius = 2", "radius = 4"), ("step `blur`: radius 2 -> 4",)),
    ("a default", edited(", size = 10", ""), ("step `text`: size 10 -> 48",)),
    ("a text", edited('"Hi"', '"Hello"'), ('step `text`: text "Hi" -> "Hello"',)),
    ("a long text", edited('"Hi"', f'"{"so " * 22}"'), ("step `text`: text changed",)),
    (
        "none before",
        edited("size = 10", "size = 10, box = [0, 0, 90, 60]"),
        ("step `text`: box set to [0, 0, 90, 60]",),
    ),
    ("a step more", edited(GRAY, GRAY + '{ op = "flip" },'), ("step `flip` added",)),
    ("a step less", edited(GRAY, ""), ("step `grayscale` removed",)),
    ("another order", edited(f"{BLUR}\n  {GRAY}", f"{GRAY}\n  {BLUR}"), ("step `grayscale`: now first",)),
    ("a source's bytes", written("photos/sea.png", flat("navy", 400)), ("source `photos/sea.png` changed",)),
    (
        "another source",
        edited('"photos/sea.png"', '"icons/1.png"'),
        ("source `icons/1.png` in place of `photos/sea.png`",),
    ),
    ("a second picture", written("photos/mark.png", png(logo("blue"))), ("source `photos/mark.png` changed",)),
    ("a font", written("fonts/title.ttf", BOLD), ("font `fonts/title.ttf` changed",)),
    (
        "another asset's picture",
        edited('image = "photos/mark.png"', 'image = "@icon[n=1]"'),
        ("step `overlay`: source `icons/1.png` in place of `photos/mark.png`", "`icon[n=1]`: step `round` added"),
    ),
    (
        "several at once",
        all_of(edited("radius = 2", "radius = 4"), edited('"Hi"', '"Ho"'), edited(GRAY, "")),
        ("step `blur`: radius 2 -> 4", 'step `text`: text "Hi" -> "Ho"', "step `grayscale` removed"),
    ),
    ("one output's size", edited("width = [20]", "width = 21"), ("`photo-21.webp`: not made yet",)),
]


@pytest.mark.parametrize(("change", "told"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_what_changed_in_a_chain_is_told_by_step_parameter_and_file(
    change: Change, told: tuple[str, ...], tmp_path: Path
) -> None:
    site = make_steps(tmp_path)
    change(site)
    forecast = site.plan()
    assert forecast.outlooks["photo"].reasons == told
    site.build()
    assert site.plan().is_current


def test_an_asset_says_what_changed_in_the_one_that_it_is_made_from(tmp_path: Path) -> None:
    site = make_steps(tmp_path)
    site.edit("radius = 2", "radius = 4")
    site.edit("width = 30", "width = 31")
    assert reasons(site, "card") == (
        "`card.png`: `photo`: step `blur`: radius 2 -> 4",
        "`card.png`: step `resize`: width 30 -> 31",
    )


def test_a_sheet_says_what_changed_once_for_all_its_pictures(tmp_path: Path) -> None:
    site = make_steps(tmp_path)
    site.edit("radius = 3", "radius = 5")
    told = "`sheet.png`: `icon[n=1]`, `icon[n=2]` and 1 more: step `round`: radius 3 -> 5"
    assert reasons(site, "sheet") == (told,)
    site.build()
    site.write("icons/2.png", flat("white"))
    assert reasons(site, "sheet") == ("`sheet.png`: source `icons/2.png` changed",)
    site.write("icons/2.png", flat("green"))
    site.edit("[1, 2, 3]", "[1, 3]")
    assert reasons(site, "sheet") == ("`sheet.png`: step `atlas`: `icons/2.png` removed",)
    site.build()
    site.edit("[1, 3]", "[3, 1]")
    assert reasons(site, "sheet") == ("`sheet.png`: step `atlas`: the order of its pictures changed",)


def test_an_output_of_its_own_size_says_so(tmp_path: Path) -> None:
    site = make_steps(tmp_path)
    site.edit('{ path = "photo-{{ width }}.webp", width = [20] }', '{ path = "photo-20.webp", width = 19 }')
    assert reasons(site, "photo") == ("`photo-20.webp`: scaling: width 20 -> 19",)


def test_two_files_of_the_same_bytes_are_not_taken_for_each_other(tmp_path: Path) -> None:
    site = make_site(
        tmp_path,
        None,
        "".join(f'[asset.{name}]\nsource = "{name}.png"\noutput = "out/{name}.webp"\n' for name in "ab"),
    )
    for name in "ab":
        site.write(f"{name}.png", flat("red"))
    site.build()
    for name in "ab":
        site.write(f"{name}.png", flat("blue"))
    assert [reasons(site, name) for name in "ab"] == [
        (f"`out/{name}.webp`: source `{name}.png` changed",) for name in "ab"
    ]


ART = '[asset.hero]\nsource = "{}"\noutput = "hero.png"\nsteps = [{{ op = "blur", radius = 3 }}]\n'


def test_a_reason_names_only_files_of_this_project(tmp_path: Path) -> None:
    site = make_site(tmp_path, None, ART.format("red.png"))
    site.write("red.png", flat("red"))
    site.write("green.png", flat("green"))
    site.build()
    other = site.clone("other", store=True)
    other.write("clients/acme/launch.png", flat("red"))
    other.write("assets.toml", ART.format("clients/acme/launch.png"))
    other.build()
    other.edit("radius = 3", "radius = 4")
    other.build()
    site.edit("red.png", "green.png")
    assert reasons(site, "hero") == ("`hero.png`: source `green.png` in place of `red.png`",)
    # A project that has never been built here knows no names, though the store knows its picture.
    fresh = site.clone("fresh", store=True)
    assert reasons(fresh, "hero") == ("`hero.png`: source `green.png` is new or changed",)


def test_a_source_in_place_of_another_is_never_told_as_changed(tmp_path: Path) -> None:
    site = make_site(tmp_path, None, ART.format("logo.png"))
    for name in ("art.png", "logo.png"):
        site.write(name, flat("red"))
    site.build()
    site.write("logo.png", flat("blue"))
    site.build()
    site.edit("logo.png", "art.png")
    site.build()  # its file is known from the first build
    site.edit("art.png", "logo.png")
    site.edit("radius = 3", "radius = 4")
    told = "`hero.png`: source `logo.png` in place of `art.png`", "`hero.png`: step `blur`: radius 3 -> 4"
    assert reasons(site, "hero") == told


def test_a_file_of_the_same_bytes_under_a_new_name_is_known_by_that_name(tmp_path: Path) -> None:
    site = make_site(tmp_path, None, ART.format("logo.png"))
    for name in ("art.png", "logo.png"):
        site.write(name, flat("red"))
    site.build()
    site.edit("logo.png", "art.png")
    assert not site.build().placed  # nothing is to be made
    site.write("logo.png", flat("blue"))
    site.edit("art.png", "logo.png")
    assert reasons(site, "hero") == ("`hero.png`: source `logo.png` in place of `art.png`",)


def test_a_step_that_is_gone_is_told_by_its_id(tmp_path: Path) -> None:
    site = make_steps(tmp_path)
    site.edit('{ op = "grayscale" }', '{ op = "grayscale", id = "old" }')
    assert site.plan().is_current
    site.build()
    site.edit('{ op = "grayscale", id = "old" },', "")
    assert reasons(site, "photo") == ("step `old` removed",)


def test_a_quality_is_told_beside_the_one_its_format_has(tmp_path: Path) -> None:
    site = make_site(tmp_path, None, ART.format("red.png").replace('"hero.png"', '"hero.webp"'))
    site.write("red.png", flat("red"))
    site.build()
    site.edit('"hero.webp"', '{ path = "hero.webp", quality = 70 }')
    assert reasons(site, "hero") == ("`hero.webp`: encoding: quality 80 -> 70",)
    site.build()
    site.edit("quality = 70", "lossless = true")
    told = "`hero.webp`: encoding: lossless false -> true", "`hero.webp`: encoding: quality 70 removed"
    assert reasons(site, "hero") == told


def test_a_profile_s_outputs_say_why_too(tmp_path: Path) -> None:
    site = make_steps(tmp_path)
    site.write("assets.toml", site.read("assets.toml").decode() + '[profile.web]\noutput_dir = "web"\n')
    site.build(profile="web")
    site.edit("width = 30", "width = 31")
    assert site.plan(profile="web").outlooks["card"].reasons == ("`web/card.png`: step `resize`: width 30 -> 31",)


def test_what_was_never_remembered_is_told_as_far_as_it_is_known(tmp_path: Path) -> None:
    site = make_steps(tmp_path)
    clone = site.clone("clone")
    clone.edit("radius = 2", "radius = 4")
    assert reasons(clone, "photo") == ("the request changed",)


# --- bought pictures under local steps ---


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def test_a_candidate_that_is_picked_is_told_by_number(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE + "n = 2\npick = 1\n")
    site.build()
    site.edit("pick = 1", "pick = 2")
    assert reasons(site, "hero") == ("`hero.png`: step `generate`: candidate 2 in place of 1",)


def test_a_picture_bought_again_is_told_by_what_was_asked_anew(server: ImagesServer, tmp_path: Path) -> None:
    other = ONE.replace("hero", "copy").replace("A lighthouse", "A tower").replace(".png", ".webp")
    site = make_site(tmp_path, server, ONE + other)
    site.build()
    site.edit("A lighthouse", "A tower")
    assert reasons(site, "hero") == ("`hero.png`: step `generate`: the prompt changed",)
