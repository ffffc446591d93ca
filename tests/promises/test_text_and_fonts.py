"""Texts on pictures, from the manifest to the file: a font is a source like any other, and a text fails alone."""

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import assetforge
from assetforge.errors import Disagreement, ManifestError
from assetforge.noop import proved_words
from tests.images_server import ImagesServer
from tests.ops.ops_fonts import BOLD, SANS, boxes
from tests.promises.pictures import png
from tests.promises.site import Site, edited, make_site

CARDS = """
[defaults]
provider = "draft"

[data]
pages = [
  { id = "home", title = "Ship your freight without the paperwork" },
  { id = "docs", title = "Documentation" },
  { id = "about", title = "Über uns: neun Leute und ein Boot" },
]

[asset.sea]
prompt = "An empty sea"
size = "1200x630"

[asset.card]
matrix.page = "data.pages"
source = "@sea"
output = "cards/{{ page.id }}.png"

[[asset.card.steps]]
op = "text"
text = "{{ page.title }}"
font = "fonts/{{ 'title' }}.ttf"
size = 72
min_size = 44
color = "#042f2e"
box = [72, 170, 720, 300]
valign = "middle"
"""

EDITED = """
[asset.poster]
source = "art/paper.png"
steps = [
  { op = "text", text = "Night", font = "fonts/title.ttf", size = 90 },
  { op = "edit", prompt = "Make the letters glow" },
]
output = "poster.png"
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = make_site(tmp_path, None, CARDS)
    site.write("fonts/title.ttf", BOLD)
    return site


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def shown(site: Site, path: str) -> bytes:
    with Image.open(BytesIO(site.read(path))) as image:
        return image.convert("RGB").tobytes()


def wrong(found: list[Disagreement]) -> list[str]:
    return sorted(str(one) for one in found)


def told(site: Site, **options: Any) -> dict[str, str]:
    """What failed, by instance."""
    return {failure.instance: failure.problem.message for failure in site.build(**options).failed}


# --- a build ---


def test_a_text_is_on_every_card_and_a_second_build_does_nothing(site: Site) -> None:
    assert len(site.build().made) == 3
    cards = [shown(site, f"cards/{name}.png") for name in ("home", "docs", "about")]
    assert len(set(cards)) == 3
    again = site.build()
    assert (again.made, again.placed, again.failed) == ((), (), ())
    assert site.check() == []


def test_the_step_runs_from_the_command_line_with_the_font_that_needs_no_file(site: Site) -> None:
    site.write(
        "assets.toml", '[asset.sign]\nsource = "a.png"\noutput = "sign.png"\nsteps = [{ op = "text", text = "Hi" }]'
    )
    site.write("a.png", png(Image.new("RGB", (200, 100), "white")))
    done = site.start()
    out, err = done.communicate(timeout=60)
    assert done.returncode == 0, out + err
    assert shown(site, "sign.png") != shown(site, "a.png")


def test_another_machine_makes_the_same_bytes(site: Site) -> None:
    site.build()
    clone = site.clone("clone", without=("cards/home.png", "cards/docs.png", "cards/about.png"))
    assert not clone.build(locked=True).failed
    assert clone.files() == site.files()


def test_a_text_that_does_not_fit_fails_alone_with_what_it_would_need(site: Site) -> None:
    site.edit('"Documentation"', '"Donaudampfschifffahrtsgesellschaftskapitän"')
    failed = told(site)
    assert failed == {
        "card[page=docs]": "`card[page=docs]`: the text `Donaudampfschifffahrtsgesellschaftskapitän` does not fit "
        "its box of 720x300 at a size of 44, it would need 28"
    }
    assert sorted(path for path in site.files() if path.startswith("cards")) == ["cards/about.png", "cards/home.png"]


def test_a_letter_that_the_font_lacks_fails_alone(site: Site) -> None:
    site.edit('"Documentation"', '"Docs 🎉"')
    failed = told(site)
    assert failed == {
        "card[page=docs]": "`card[page=docs]`: the font `fonts/title.ttf` has no glyph for `🎉` (U+1F389)"
    }


def test_a_step_that_fails_is_told_at_its_own_line_also_where_another_asset_s_file_needs_it(site: Site) -> None:
    site.edit('"Documentation"', '"Docs 🎉"')
    more = '[asset.small]\nsource = "@card[page=docs]"\nsteps = [{ op = "blur", radius = 1 }]\noutput = "small.png"\n'
    site.write("assets.toml", site.read("assets.toml").decode() + more)
    failed = {failure.instance: failure.problem for failure in site.build().failed}
    keys = {name: problem.where.key for name, problem in failed.items() if problem.where is not None}
    assert keys == dict.fromkeys(["card[page=docs]", "small"], ("asset", "card", "steps", 0))
    told = "`card[page=docs]`: the font `fonts/title.ttf` has no glyph for `🎉` (U+1F389)"
    assert {problem.message for problem in failed.values()} == {told}


# --- fonts are sources ---


def test_a_changed_font_makes_cards_anew_and_asks_nobody(site: Site, server: ImagesServer) -> None:
    site.edit('provider = "draft"', 'provider = "openai"')
    site.environ |= server.environ
    site.build()
    assert len(server.calls) == 1
    before = shown(site, "cards/docs.png")
    site.write("fonts/title.ttf", SANS)
    assert len(wrong(site.check())) >= 3
    assert len(site.build().made) == 3
    assert shown(site, "cards/docs.png") != before
    site.write("fonts/title.ttf", BOLD)
    site.build()
    assert shown(site, "cards/docs.png") == before
    assert len(server.calls) == 1


def test_noop_notices_a_changed_font(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in site.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.chdir(site.folder)
    site.build()
    assert proved_words(["build"], assetforge.__version__) == "nothing to do: 4 assets current"
    site.write("fonts/title.ttf", SANS)
    assert proved_words(["build"], assetforge.__version__) is None
    site.build()
    assert proved_words(["build"], assetforge.__version__) is not None
    site.remove("fonts/title.ttf")
    assert proved_words(["build"], assetforge.__version__) is None


def test_a_font_that_is_none_any_more_is_told_with_its_line_before_any_call(site: Site, server: ImagesServer) -> None:
    site.edit('provider = "draft"', 'provider = "openai"')
    site.environ |= server.environ
    site.write("fonts/title.ttf", b"gone")
    with pytest.raises(ManifestError) as caught:
        site.build()
    [problem] = caught.value.problems
    assert problem.message == "`fonts/title.ttf` is not a font that can be read: not TrueType or OpenType"
    assert problem.where is not None
    assert problem.where.key[-1] == "font"
    assert server.calls == []


def test_a_font_that_was_not_pulled_from_git_lfs_says_so(site: Site) -> None:
    oid = "0" * 64
    site.write("fonts/title.ttf", f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 5\n")
    with pytest.raises(ManifestError) as caught:
        site.build()
    assert caught.value.problems[0].hint == "run `git lfs pull`"


def test_an_output_never_takes_a_font_s_place(site: Site) -> None:
    """Not through a folder's link either."""
    site.write("fonts/title.png", boxes())
    site.edit("{{ 'title' }}.ttf", "title.png")
    site.edit("cards/{{ page.id }}.png", "out/{{ 'title' if page.id == 'home' else page.id }}.png")
    os.symlink(site.folder / "fonts", site.folder / "out")
    site.edit("Über uns: neun Leute und ein Boot", "Nine people")
    failed = told(site, guard="overwrite")
    assert list(failed) == ["card[page=home]"]
    assert site.read("fonts/title.png") == boxes()


def test_one_file_may_be_a_font_here_and_is_told_to_be_no_picture_there(site: Site) -> None:
    site.edit('source = "@sea"', 'source = "fonts/title.ttf"')
    with pytest.raises(ManifestError) as caught:
        site.build()
    [problem] = caught.value.problems
    assert problem.message.startswith("`fonts/title.ttf` is not a picture that can be read")


# --- paid steps before a text ---


BOUGHT = """
[asset.badge]
prompt = "A blue badge"
size = "1024x1024"
steps = [{ op = "text", text = "Open", font = "fonts/title.ttf", size = 200 }]
output = "badge.png"

[asset.round]
source = "@badge"
steps = [{ op = "round", radius = 90 }]
output = "round.png"

[asset.star]
prompt = "A gold star"
size = "1024x1024"
output = "star.png"
"""


@pytest.fixture
def shop(tmp_path: Path, server: ImagesServer) -> Site:
    site = make_site(tmp_path, server, BOUGHT)
    site.write("fonts/title.ttf", SANS)
    return site


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('"Open"', '"Open 🎉"', "the font `fonts/title.ttf` has no glyph for `🎉` (U+1F389)"),
        (
            '"Open", font = "fonts/title.ttf"',
            '"日本"',
            "DejaVu Sans, which stands in for a `font`, has no glyph for `日` (U+65E5), `本` (U+672C)",
        ),
        ('"Open"', '"لَيْل"', "the text `لَيْل` has letters like `ل` of a script that runs from right to left, or"),
        (
            '"Open"',
            '"Öffnungszeiten"',
            "the text `Öffnungszeiten` does not fit its box of 1024x1024 at a size of 200, it",
        ),
    ],
    ids=["glyph", "own font", "script", "fit"],
)
def test_a_text_that_can_t_be_set_is_planned_to_fail_and_nothing_is_bought_for_it(
    shop: Site, server: ImagesServer, before: str, after: str, expected: str
) -> None:
    """Nor for what is made from it; all else is bought."""
    shop.edit(before, after)
    plan = shop.plan()
    assert {name: outlook.verdict for name, outlook in plan.outlooks.items()} == {
        "badge": "wrong",
        "round": "wrong",
        "star": "buy",
    }
    assert len(plan.purchases) == 1
    failed = told(shop)
    assert sorted(failed) == ["badge", "round"]
    assert all(message.startswith(f"`badge`: {expected}") for message in failed.values())
    assert len(server.calls) == 1


def test_an_asset_without_an_output_is_not_bought_for_a_text_that_can_t_be_set(
    shop: Site, server: ImagesServer
) -> None:
    shop.edit('output = "badge.png"', "")
    shop.edit('"Open"', '"Open 🎉"')
    assert sorted(told(shop)) == ["badge", "round"]
    assert [step.step for step in shop.plan().purchases] == []
    assert len(server.calls) == 1


def test_a_text_on_a_picture_whose_size_only_pixels_tell_is_measured_when_it_is_there(
    shop: Site, server: ImagesServer
) -> None:
    shop.edit('steps = [{ op = "text"', 'steps = [{ op = "trim" }, { op = "text"')
    shop.edit("size = 200", "size = 900")
    assert len(shop.plan().purchases) == 2
    assert "does not fit" in told(shop)["badge"]
    shop.edit('"Open"', '"Ø 🎉"')
    assert {outlook.verdict for outlook in shop.plan().outlooks.values()} == {"wrong", "current"}


# --- paid steps after a text ---


def test_an_edit_of_a_text_is_bought_once_for_a_font_and_again_for_another(
    tmp_path: Path, server: ImagesServer
) -> None:
    site = make_site(tmp_path, server, EDITED)
    site.write("art/paper.png", png(Image.new("RGB", (1024, 640), "white")))
    site.write("fonts/title.ttf", BOLD)
    site.build()
    site.build(reencode=True)
    assert len(server.calls) == 1
    site.write("fonts/other.ttf", BOLD)
    site.edit("fonts/title.ttf", "fonts/other.ttf")
    site.build()
    assert len(server.calls) == 1
    site.write("fonts/other.ttf", SANS)
    assert len(site.plan().purchases) == 1
    site.build()
    assert len(server.calls) == 2


def test_a_text_that_can_t_be_set_is_told_before_the_edit_after_it_is_bought(
    tmp_path: Path, server: ImagesServer
) -> None:
    site = make_site(tmp_path, server, EDITED)
    site.write("art/paper.png", png(Image.new("RGB", (1024, 640), "white")))
    site.write("fonts/title.ttf", BOLD)
    edited('"Night"', '"لَيْل"')(site)
    assert "runs from right to left" in told(site)["poster"]
    edited('"لَيْل"', '"A night that is far too long for one line of the poster"')(site)
    assert "does not fit its box of 1024x640" not in told(site).get("poster", "")
    edited("size = 90", "size = 900")(site)
    assert "does not fit its box of 1024x640 at a size of 900" in told(site)["poster"]
    assert len(server.calls) == 1


def test_an_edit_of_what_was_trimmed_and_put_on_a_canvas_is_planned_and_bought_once(
    tmp_path: Path, server: ImagesServer
) -> None:
    """The chain of a sprite: only pixels tell what is left by `trim`, and `pad` tells what the edit is asked for."""
    steps = '{ op = "cutout" }, { op = "trim" }, { op = "pad", width = 1024, height = 1024 }'
    site = make_site(
        tmp_path,
        server,
        f'[chain]\nsprite = [{steps}]\n[asset.ship]\nsource = "art/ship.png"\noutput = "ship.png"\n'
        'steps = [{ use = "sprite" }, { op = "edit", prompt = "Polish it" }]\n',
    )
    picture = Image.new("RGB", (300, 200), "lime")
    picture.paste("navy", (40, 50, 210, 140))
    site.write("art/ship.png", png(picture))
    [purchase] = site.plan().purchases
    assert str(purchase.size) == "1024x1024"
    assert not site.build().failed
    site.build()
    assert len(server.calls) == 1
    site.edit("width = 1024", "width = 90")
    failures = [failure.problem for failure in site.build().failed]
    assert [(problem.message, problem.where and problem.where.key) for problem in failures] == [
        ("`ship:edit`: the picture is 170x90, which is larger than the canvas of 90x1024", ("chain", "sprite", 2))
    ]
    assert len(server.calls) == 1
