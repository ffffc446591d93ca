"""Promise 1, nothing is paid for twice: which edits of a project cost a call, and which never do."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.images_contract import Document
from tests.images_server import ImagesServer
from tests.promises.pictures import logo, photo, png, size_of, sky
from tests.promises.site import (
    MANIFEST,
    SCENE,
    SCENE_CALLS,
    Change,
    all_of,
    edited,
    make_scene,
    make_site,
    removed,
    written,
)


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


def by_id(changes: dict[str, Change]) -> list[object]:
    return [pytest.param(change, id=name) for name, change in changes.items()]


# --- changes that cost nothing ---

MORE = 'style = "flat vector"\nverb = "Make"'
INCLUDING = '[project]\ninclude = ["*.assets.toml"]\n'
AT = SCENE.index("[asset.icon]")

UNPAID: dict[str, Change] = {
    "a comment": edited("# the scene", "# the scene, with\n# another comment"),
    "the order of keys": edited(
        'prompt = "A lighthouse at dawn. {{ style }}"\nsize = "1024x640"',
        'size = "1024x640"\nprompt = "A lighthouse at dawn. {{ style }}"',
    ),
    "the order of assets": written(MANIFEST, SCENE[AT:] + "\n" + SCENE[:AT]),
    "space at a prompt's end": edited("Make it night", "  Make it night \\n \\n"),
    "line ends of the manifest": written(MANIFEST, SCENE.replace("\n", "\r\n")),
    "words moved into a variable": all_of(
        edited('style = "flat vector"', MORE), edited('"Make it night"', '"{{ verb }} it night"')
    ),
    "a comment in a template": edited("A lighthouse", "{# tall #}A lighthouse"),
    "a prompt moved into a file": all_of(
        written("prompts/hero.md", "A lighthouse at dawn. {{ style }}   \r\n\r\n"),
        edited('prompt = "A lighthouse at dawn. {{ style }}"', 'prompt_file = "prompts/hero.md"'),
    ),
    "assets moved into another file": all_of(
        written("more.assets.toml", SCENE[AT:]), written(MANIFEST, INCLUDING + SCENE[:AT])
    ),
    "tags, alt and meta": edited(
        'output = "hero.png"', 'output = "hero.png"\ntags = ["web"]\nalt = "Dawn"\nmeta = { a = 1 }'
    ),
    "an output's path": edited('output = "hero.png"', 'output = "img/lighthouse.png"'),
    "the folder of outputs": written(MANIFEST, '[project]\noutput_dir = "out"\n' + SCENE),
    "an output's format": edited('output = "hero.png"', 'output = "hero.webp"'),
    "an output's quality": edited('"night-{{ width }}.jpg"', '"night-{{ width }}.jpg", quality = 40'),
    "a limit of bytes": edited('"night-{{ width }}.jpg"', '"night-{{ width }}.jpg", max_bytes = 9000'),
    "checks": edited('"night-{{ width }}.jpg"', '"night-{{ width }}.jpg", checks = { transparent = false }'),
    "what a file says of its origin": edited(
        '"night-{{ width }}.jpg"', '"night-{{ width }}.jpg", metadata = "strip"'
    ),
    "icons": edited('output = "hero.png"', 'outputs = ["hero.png", "hero.ico", { family = "favicon", path = "f/" }]'),
    "emits": edited(
        "[asset.hero]",
        '[emit.list]\noutput = "all.json"\n[emit.css]\ntemplate = "builtin:css"\noutput = "a.css"\n[asset.hero]',
    ),
    "another rendition": edited("width = [320]", "width = [160, 320]"),
    "a local step": edited("width = 512", "width = 500"),
    "one step more": edited('op = "resize"', 'op = "crop"\naspect = "1:1"\n[[asset.night.steps]]\nop = "resize"'),
    "feather": edited("preserve = true", "preserve = true\nfeather = 0"),
    "moderation": edited("[vars]", '[defaults]\nmoderation = "low"\n[vars]'),
    "a provider's pace": edited(
        "[vars]", "[provider.openai]\nconcurrency = 1\ntimeout_seconds = 9\nmax_n_per_request = 4\n[vars]"
    ),
    "settings spelled out": edited(
        "[vars]",
        '[defaults]\nmodel = "gpt-image-2"\nquality = "medium"\nbackground = "auto"\nrequest_format = "png"\n[vars]',
    ),
    "a budget": edited("[vars]", "[budget]\nmax_usd_per_build = 5.0\n[vars]"),
    "an axis value that is left out": edited(
        '["sword", "shield"]', '["sword", "shield", "axe"]\nexclude = [{ item = "axe" }]'
    ),
    "deleted outputs": removed("hero.png", "night.png", "night-320.jpg", "icons/sword.png"),
    "a deleted lock": removed("assets.lock"),
    "a deleted lock and deleted outputs": removed("assets.lock", "hero.png", "night.png"),
    "a source at another compression": written("art/logo.png", png(logo(), level=0)),
    "a source with metadata": written("art/logo.png", png(logo(), note="by hand")),
    "a source with a palette": written("art/logo.png", png(logo().quantize(16, dither=Image.Dither.NONE))),
    "a source under another name": all_of(
        written("art/sign.png", png(logo())), removed("art/logo.png"), edited("art/logo.png", "art/sign.png")
    ),
    "a mask at another compression": written("masks/sky.png", png(sky(), level=1, note="sky")),
    "a renamed asset": edited("hero", "beacon"),
    "a renamed step": edited('id = "dusk"', 'id = "twilight"'),
}


@pytest.mark.parametrize("change", by_id(UNPAID))
def test_no_call_is_made_for(change: Change, server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    pins = site.pins
    change(site)
    forecast = site.plan()
    assert (forecast.purchases, forecast.high) == ((), 0)
    report = site.build()
    assert not report.failed
    assert len(server.calls) == SCENE_CALLS
    assert site.pins == pins
    assert site.check() == []
    assert site.build().placed == ()


COSMETIC = ("a comment", "the order of keys", "the order of assets", "line ends of the manifest", "moderation")


@pytest.mark.parametrize("name", COSMETIC)
def test_no_file_and_no_line_of_the_lock_changes_for(name: str, server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    before = {path: data for path, data in site.files().items() if path != MANIFEST}
    UNPAID[name](site)
    site.build()
    assert {path: data for path, data in site.files().items() if path != MANIFEST} == before


def test_an_earlier_prompt_is_found_again(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    first = site.files()
    site.edit("Make it night", "Make it noon")
    assert site.build().calls == 2
    site.edit("Make it noon", "Make it night")
    assert site.build().calls == 0
    assert site.files() == first


# --- changes that do buy ---

SIGN = """
[asset.sign]
source = "art/photo.png"
output = "sign.png"
[[asset.sign.steps]]
op = "edit"
prompt = "A sign"
images = ["art/logo.png", "art/more.png"]
mask = "masks/sky.png"
"""

BOUGHT: dict[str, Change] = {
    "the prompt": edited("A sign", "A post"),
    "the quality": edited('op = "edit"', 'op = "edit"\nquality = "low"'),
    "the background": edited('op = "edit"', 'op = "edit"\nbackground = "opaque"'),
    "the format": edited('op = "edit"', 'op = "edit"\nrequest_format = "jpeg"'),
    "the compression": edited('op = "edit"', 'op = "edit"\nrequest_format = "jpeg"\nrequest_compression = 50'),
    "the revision": edited('op = "edit"', 'op = "edit"\nrevision = 1'),
    "the model": edited('op = "edit"', 'op = "edit"\nmodel = "gpt-image-2-2026-04-21"'),
    "the size asked for": edited('op = "edit"', 'op = "edit"\nrequest_size = "1280x800"'),
    "the first picture's pixels": written("art/photo.png", png(photo("teal"))),
    "another picture's pixels": written("art/logo.png", png(logo("blue"))),
    "the order of pictures": edited('"art/logo.png", "art/more.png"', '"art/more.png", "art/logo.png"'),
    "one picture less": edited('"art/logo.png", "art/more.png"', '"art/logo.png"'),
    "the mask's pixels": written("masks/sky.png", png(sky(100))),
    "a drawn mask": edited('"masks/sky.png"', "{ rect = [0, 0, 1, 0.5] }"),
    "no mask": edited('mask = "masks/sky.png"', ""),
    "a local step before it": edited(
        '[[asset.sign.steps]]\nop = "edit"',
        '[[asset.sign.steps]]\nop = "flatten"\n[[asset.sign.steps]]\nop = "edit"',
    ),
}


@pytest.mark.parametrize("change", by_id(BOUGHT))
def test_a_call_is_made_for(change: Change, server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, SIGN)
    site.write("art/photo.png", png(photo()))
    site.write("art/logo.png", png(logo()))
    site.write("art/more.png", png(logo("green")))
    site.write("masks/sky.png", png(sky()))
    site.build()
    before = site.read("sign.png")
    change(site)
    report = site.build()
    assert not report.failed
    assert report.calls == 1
    assert len(server.calls) == 2
    assert site.read("sign.png") != before


def test_a_picture_sent_as_it_is_is_another_request_than_one_sent_extended(
    server: ImagesServer, tmp_path: Path
) -> None:
    """An answer that was made of a padded picture would be cut wrongly."""
    alone = SIGN.replace('images = ["art/logo.png", "art/more.png"]\nmask = "masks/sky.png"', "")
    site = make_site(tmp_path, server, alone + 'request_size = "1024x1024"\n')
    site.write("art/photo.png", png(photo()))
    site.build()
    site.edit('request_size = "1024x1024"', 'size = "1024x1024"')
    assert site.build().calls == 1
    site.edit('size = "1024x1024"', 'request_size = "1024x1024"')
    assert site.build().calls == 0


def test_another_size_of_a_generation_is_bought(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    site.build()
    site.edit("1024x640", "1280x800")
    assert site.build().calls == 1
    assert size_of(site.read("hero.png")) == (1280, 800)


def test_other_pixels_upstream_buy_what_is_made_of_them_and_nothing_else(
    server: ImagesServer, tmp_path: Path
) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    site.edit('output = "hero.png"', 'output = "hero.png"\nrevision = 1')
    site.build()
    assert [call.prompt.partition(" ")[0] for call in server.calls[SCENE_CALLS:]] == ["A", "Make", "Add"]


def test_equal_pixels_upstream_buy_nothing_downstream(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    with Image.open(site.folder / "hero.png") as hero:
        same = base64.b64encode(png(hero, level=9)).decode()

    def answer(body: Document) -> Document:
        return body | {"data": [{"b64_json": same}]}

    server.script(reshape=answer)
    site.edit('output = "hero.png"', 'output = "hero.png"\nrevision = 1')
    forecast = site.plan()
    assert [purchase.sure for purchase in forecast.purchases] == [True, False, False]
    assert site.build().calls == 1
    assert len(server.calls) == SCENE_CALLS + 1
