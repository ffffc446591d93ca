"""The templates that come with assetforge: what they make is valid, safe for any text, and what a browser needs."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from assetforge.graph.builtin import FOR_FAMILIES, TEMPLATES, is_markup
from assetforge.graph.emitted import KEYS
from assetforge.ops.look import look_of
from tests.graph.emitting import CLEAR, OPAQUE, Opened, opened, output
from tests.pages import blocks

ROOT = Path(__file__).parents[2]
MANIFEST = (
    '[asset.hero]\nprompt = "x"\noutputs = [\n'
    + "".join(f'{{ family = "{name}", path = "{name}" }},\n' for name in FOR_FAMILIES)
    + "]\n"
    + "".join(f'[emit.{name}]\noutput = "{name}.out"\ntemplate = "builtin:{name}"\n' for name in TEMPLATES)
    + '[emit.list]\noutput = "list.json"\n'
)
# The others are tried in test_families.
GENERAL = [name for name in TEMPLATES if name not in FOR_FAMILIES]
NASTY = "\"'</script>--><b onload=x>&amp;\\\u2028\n*/ }"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return opened(tmp_path_factory.mktemp("site"), MANIFEST)


@pytest.fixture(scope="module")
def based(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return opened(tmp_path_factory.mktemp("site"), f'[vars]\nasset_base = "/img"\n{MANIFEST}')


def hero() -> list[dict[str, Any]]:
    """As a manifest writes it: the widths one after the other, each in three formats."""
    return [
        output(f"hero-{width}.{ending}", width, width * 9 // 16)
        for width in (768, 1280, 2400)
        for ending in ("jpg", "webp", "avif")
    ]


def icon(name: str = "icon[item=sword]", **facts: Any) -> dict[str, Any]:
    return output("icons/sword.png", 64, 64, instance=name, look=CLEAR, **facts)


# --- picture -----------------------------------------------------------------------------------------------------


class Elements(HTMLParser):
    """Every start tag with its attributes, in order; what is open at the end is in `open`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.found.append((tag, dict(attrs)))
        if tag not in ("img", "source"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        assert not data.strip()

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    handle_comment = handle_pi = unknown_decl


def elements(text: str) -> list[tuple[str, dict[str, str | None]]]:
    parsed = Elements(text)
    assert parsed.open == []
    return parsed.found


def test_a_picture_offers_the_best_format_first_and_every_width(based: Opened) -> None:
    picture, avif, webp, img = elements(based.render("picture", *hero()))
    assert picture == ("picture", {"data-asset": "hero"})
    for (tag, attributes), ending in ((avif, "avif"), (webp, "webp")):
        assert (tag, attributes["type"], attributes["sizes"]) == ("source", f"image/{ending}", "100vw")
        widths = ", ".join(f"/img/hero-{width}.{ending} {width}w" for width in (768, 1280, 2400))
        assert attributes["srcset"] == widths
    tag, attributes = img
    assert (tag, attributes["src"], attributes["alt"]) == ("img", "/img/hero-2400.jpg", "A ship")
    assert (attributes["width"], attributes["height"]) == ("2400", "1350")
    assert (attributes["loading"], attributes["decoding"]) == ("lazy", "async")
    assert attributes["srcset"] is not None
    assert attributes["srcset"].count("w") == 3


def test_meta_says_how_wide_a_picture_is_shown_and_that_it_is_seen_first(based: Opened) -> None:
    files = [file | {"meta": {"sizes": '50vw, "x"', "loading": "eager"}} for file in hero()]
    _, avif, _, img = elements(based.render("picture", *files))
    assert (avif[1]["sizes"], img[1]["sizes"]) == ('50vw, "x"', '50vw, "x"')
    assert (img[1]["loading"], img[1]["fetchpriority"]) == ("eager", "high")


def test_a_picture_of_one_file_is_an_image(site: Opened) -> None:
    assert elements(site.render("picture", icon(alt=""))) == [
        ("picture", {"data-asset": "icon[item=sword]"}),
        (
            "img",
            {
                "src": "icons/sword.png", "width": "64", "height": "64", "alt": "", "loading": "lazy",
                "decoding": "async",
            },
        ),
    ]  # fmt: skip


def test_a_placeholder_stands_behind_what_is_opaque_and_nothing_behind_what_is_not(site: Opened) -> None:
    def style(*outputs: dict[str, Any]) -> str | None:
        return elements(site.render("picture", *outputs))[-1][1].get("style")

    told = f"background: {OPAQUE.color} url('{OPAQUE.placeholder}') center / cover no-repeat"
    assert style(*hero()) == told
    assert style(icon()) is None
    flattened = [output("a.png", look=CLEAR), output("a.jpg")]
    assert style(*flattened) is None


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3), (2000, 1125)])
def test_what_is_opaque_is_seen_in_every_placeholder(site: Opened, size: tuple[int, int]) -> None:
    """The templates read it from the placeholder's first bytes."""
    for mode, is_told in (("RGB", True), ("RGBA", False)):
        image = Image.new(mode, size, "#0f766e") if mode == "RGB" else Image.new(mode, size, "#0f766e40")
        text = site.render("picture", output("a.png", *size, look=look_of(image)))
        assert ("style=" in text) == is_told
        css = site.render("css", output("a.png", *size, look=look_of(image)))
        assert (", var(--asset-hero-placeholder)" in css) == is_told


def test_a_picture_has_no_files_of_another_shape_and_no_icons(site: Opened) -> None:
    files = [output("wide.jpg", 1200, 630), output("half.jpg", 600, 315), output("odd.jpg", 601, 316)]
    more = [output("square.jpg", 600, 600), output("favicon.ico", 48, 48), output("a.icns", 512, 512)]
    (_, img) = elements(site.render("picture", *files, *more))
    assert img[1]["srcset"] == "half.jpg 600w, odd.jpg 601w, wide.jpg 1200w"
    assert site.render("picture", output("favicon.ico", 48, 48)) == ""


def test_a_page_of_ones_own_may_use_a_picture(tmp_path: Path) -> None:
    page = (
        '{% from "builtin:picture" import picture with context %}\n<main>\n'
        '{% for _, files in outputs | groupby("instance") %}{{ picture(files) }}{% endfor %}</main>\n'
    )
    text = '[vars]\nasset_base = "/x/"\n[asset.hero]\nprompt = "x"\n[emit.page]\noutput = "o"\ntemplate = "p.html"\n'
    told = opened(tmp_path, text, {"p.html": page}).render("page", *hero())
    assert [tag for tag, _ in elements(told)] == ["main", "picture", "source", "source", "img"]
    assert 'src="/x/hero-2400.jpg"' in told


# --- css ---------------------------------------------------------------------------------------------------------

TOKEN = re.compile(r'/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|[^"/{}();]+|[/{}();]', re.DOTALL)


def rules(css: str) -> dict[str, str]:
    """The declarations of each rule, by its selectors from the outermost; strings and brackets are closed."""
    tokens = TOKEN.findall(css)
    assert "".join(tokens) == css
    found: dict[str, str] = {}
    above, words, brackets = [], "", 0
    for token in tokens:
        brackets += (token == "(") - (token == ")")
        if token == "{":
            above.append(" ".join(words.split()))
            words = ""
        elif token == "}":
            found[" > ".join(above)] = " ".join(words.split())
            above.pop()
            words = ""
        elif not token.startswith("/*"):
            words += token
        assert brackets >= 0
    assert not above
    assert not words.strip()
    return found


def test_a_style_sheet_has_the_widest_files_and_on_narrow_screens_others(based: Opened) -> None:
    told = rules(based.render("css", *hero()))

    def images(width: int) -> str:
        files = ", ".join(f'url("/img/hero-{width}.{e}") type("image/{f}")' for e, f in ENDINGS)
        return f"--asset-hero: image-set({files});"

    assert list(told) == [
        ":root",
        "@media (max-width: 1280px) > :root",
        "@media (max-width: 1280px)",
        "@media (max-width: 768px) > :root",
        "@media (max-width: 768px)",
        ".asset-hero",
    ]
    assert told[":root"].startswith(images(2400))
    assert told["@media (max-width: 1280px) > :root"] == images(1280)
    assert told["@media (max-width: 768px) > :root"] == images(768)
    assert f"--asset-hero-color: {OPAQUE.color};" in told[":root"]
    assert "--asset-hero-ratio: 2400 / 1350;" in told[":root"]
    assert f'--asset-hero-placeholder: url("{OPAQUE.placeholder}");' in told[":root"]
    assert "center / cover no-repeat, var(--asset-hero-placeholder)" in told[".asset-hero"]


ENDINGS = (("avif", "avif"), ("webp", "webp"), ("jpg", "jpeg"))


def test_a_class_is_named_after_its_instance(site: Opened) -> None:
    told = rules(site.render("css", icon("icon[item=sword,theme=dark]")))
    assert list(told) == [":root", ".asset-icon-item-sword-theme-dark"]
    assert "placeholder" not in told[".asset-icon-item-sword-theme-dark"]


# --- typescript --------------------------------------------------------------------------------------------------


# A string, or what JSON does not have: a comma before the end of a list, and a name without quotes.
NEARLY_JSON = re.compile(
    r'"(?:[^"\\]|\\.)*"|,(?=\s*[]}])|\b(?:alt|color|placeholder|variants|src|width|height|type)(?=: )'
)


def as_json(found: re.Match[str]) -> str:
    text = found.group()
    return text if text.startswith('"') else "" if text == "," else f'"{text}"'


def assets(module: str) -> dict[str, Any]:
    """The constant of a module, which is nearly JSON."""
    text = module.partition("export const assets = ")[2].partition(" as const")[0]
    told: dict[str, Any] = json.loads(NEARLY_JSON.sub(as_json, text))
    return told


def test_a_module_has_every_instance_with_every_file(based: Opened) -> None:
    told = assets(based.render("typescript", *hero(), icon(alt=""), output("favicon.ico", 48, 48, instance="mark")))
    assert list(told) == ["hero", "icon[item=sword]", "mark"]
    assert told["hero"]["alt"] == "A ship"
    assert told["hero"]["placeholder"] == OPAQUE.placeholder
    assert told["hero"]["color"] == OPAQUE.color
    assert len(told["hero"]["variants"]) == 9
    assert told["hero"]["variants"][0] == {
        "src": "/img/hero-768.jpg", "width": 768, "height": 432, "type": "image/jpeg",
    }  # fmt: skip
    assert told["mark"]["variants"][0]["type"] == "image/x-icon"


def test_a_module_has_letters_as_they_are(site: Opened) -> None:
    told = site.render("typescript", icon(alt="Über Tom & Jerry's 船 🚢"), icon("café"))
    assert 'alt: "Über Tom & Jerry\'s 船 🚢",' in told
    assert '  "café": {' in told


# --- all ---------------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(
    alt=st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=20),
    path=st.text("a %#?\"'é&,\\<", min_size=1, max_size=8),
)
def test_any_description_and_any_path_are_safe(site: Opened, alt: str, path: str) -> None:
    for told in (alt, alt + NASTY):
        one = output(f"{path}.png", 64, 64, alt=told, instance=f'a[b="{path}"]')
        (picture, img) = elements(site.render("picture", one))
        assert (img[1]["alt"], picture[1]["data-asset"]) == (told, one["instance"])
        assert ":root" in rules(site.render("css", one))
        module = site.render("typescript", one)
        assert all(letter in module for letter in told if letter.isalnum())
        assert "</script" not in module
        (asset,) = assets(module).values()
        assert asset["alt"] == told
        assert asset["variants"][0]["src"] == img[1]["src"]
        assert re.fullmatch(r"[\w%.-]+", img[1]["src"] or "", re.ASCII)


@pytest.mark.parametrize("name", TEMPLATES)
def test_of_nothing_nothing_is_made(site: Opened, name: str) -> None:
    text = site.render(name)
    assert "hero" not in text
    if name == "typescript":
        assert assets(text) == {}


@pytest.mark.parametrize("base", ["/img", "/img/"])
def test_a_base_ends_in_one_slash(tmp_path: Path, base: str) -> None:
    site = opened(tmp_path, f'[vars]\nasset_base = "/other"\n{MANIFEST}', asset_base=base)
    for name in GENERAL:
        text = site.render(name, icon())
        assert "/img/icons/sword.png" in text
        assert "/img//" not in text


def documented() -> list[dict[str, Any]]:
    """The outputs of the first manifest of docs/emits.md, and a placeholder that leaves room for other words."""
    return [
        output(
            f"hero-{width}.{ending}", width, height, file=f"public/img/hero-{width}.{ending}", bytes=41210,
            alt="A ship at dawn", tags=[],
        )
        for width, height in ((640, 427), (1280, 853))
        for ending in ("webp", "jpg")
    ]  # fmt: skip


PAGE_OF_EMITS = blocks(ROOT / "docs" / "emits.md")


@pytest.mark.parametrize("name", GENERAL)
def test_the_manual_shows_what_is_made(based: Opened, name: str) -> None:
    (shown,) = [block.text for block in PAGE_OF_EMITS if block.mark == f"made: builtin:{name}"]
    made = based.render(name, *documented()).replace(OPAQUE.placeholder, "data:image/png;base64,...")
    assert made == shown


def test_the_manual_shows_the_list(based: Opened) -> None:
    (shown,) = [block.text for block in PAGE_OF_EMITS if block.mark == "list"]
    made = based.render("list", documented()[0]).replace(OPAQUE.placeholder, "data:image/png;base64,...")
    assert made == shown
    keys = re.search(r"<!-- facts -->\n((?:\|.*\n)+)", (ROOT / "docs" / "emits.md").read_text("utf-8"))
    assert keys
    rows = keys[1].splitlines()[2:]
    assert tuple(key for row in rows for key in re.findall(r"`(\w+)`", row.split("|")[1])) == KEYS


def test_what_is_html_is_known_by_the_templates_own_name() -> None:
    assert [is_markup(f"builtin:{name}") for name in ("picture", "css", "typescript")] == [True, False, False]


def test_differing_names_stay_apart(site: Opened) -> None:
    """Jinja would take names for one that differ in case only."""
    told = site.render("typescript", output("a.png", instance="Hero"), output("b.png"))
    assert list(assets(told)) == ["Hero", "hero"]


# --- what others make of it --------------------------------------------------------------------------------------

STRICT = (
    *("--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--noUnusedLocals", "--declaration"),
    *("--outDir", "out", "--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler"),
)
USE = """
import { assets, type Asset, type AssetName } from "./assets";
const name: AssetName = "icon[item=sword]";
export const hero: Asset = assets[name];
export const width: 64 = assets["icon[item=sword]"].variants[0].width;
const files = Object.values(assets).flatMap((asset: Asset) => asset.variants);
export const all: readonly string[] = files.map((file) => file.src);
// @ts-expect-error: there is no such asset
export const wrong = assets["heroo"];
// @ts-expect-error: nothing can be changed
assets.hero.alt = "";
"""


@pytest.mark.slow
def test_a_module_compiles_strictly(based: Opened, tmp_path: Path) -> None:
    """Needs Node, and TypeScript from npm's registry; where they are not there, nothing is tried."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node is not there")
    quietly = ("--no-audit", "--no-fund", "--ignore-scripts", "--cache", str(tmp_path / "cache"))
    command = [npm, "install", "--prefix", str(tmp_path), *quietly, "typescript@5.9.3"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("the package can't be installed")
    if done.returncode:
        pytest.skip("the package can't be installed")
    outputs = [*hero(), icon(alt=NASTY)]
    (tmp_path / "assets.ts").write_text(based.render("typescript", *outputs), "utf-8")
    (tmp_path / "use.ts").write_text(USE, "utf-8")
    (tmp_path / "none.ts").write_text(based.render("typescript"), "utf-8")
    compiler = [str(tmp_path / "node_modules" / ".bin" / "tsc"), *STRICT, "use.ts", "none.ts"]
    told = subprocess.run(compiler, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert told.stdout == ""
    show = f'import {{ assets }} from "{tmp_path}/out/assets.js"; console.log(assets["icon[item=sword]"].alt)'
    node = subprocess.run(
        ["node", "--input-type=module", "-e", show], capture_output=True, text=True, timeout=60, check=True
    )
    assert node.stdout == NASTY + "\n"


PAGE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="assets.css">
<style>.big {{ width: 100px }}</style>
{pictures}
<div class="big asset-hero"></div><div class="big asset-icon-item-sword"></div>
<script>
addEventListener("load", () => {{
  const told = [...document.images].map((image) => [image.complete && image.naturalWidth, image.alt,
    new URL(image.currentSrc).pathname.split("/").pop()]);
  const styled = [...document.querySelectorAll(".big")].map((each) => [getComputedStyle(each).backgroundImage,
    each.clientHeight]);
  document.body.innerHTML = "<pre></pre>";
  document.querySelector("pre").textContent = JSON.stringify([told, styled]);
}});
</script>
"""


@pytest.mark.slow
def test_a_browser_shows_it(site: Opened, tmp_path: Path) -> None:
    """Needs Chromium; where it is not there, nothing is tried."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("there is no browser")
    outputs = [
        output(f"a b-{width}.{ending}", width, width // 2) for width in (64, 128) for ending in ("jpg", "webp")
    ]
    outputs.append(icon(alt=NASTY) | {"path": "sword.png"})
    for one in outputs:
        Image.new("RGB", (one["width"], one["height"]), "teal").save(tmp_path / one["path"])
    pictures = site.render("picture", *outputs).replace('loading="lazy"', 'loading="eager"')
    (tmp_path / "assets.css").write_text(site.render("css", *outputs), "utf-8")
    (tmp_path / "page.html").write_text(PAGE.format(pictures=pictures), "utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'user'}",
               "--virtual-time-budget=5000", "--dump-dom", (tmp_path / "page.html").as_uri()]  # fmt: skip
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    text = Texts(told).text
    shown, styled = json.loads(text)
    assert [(bool(width), name) for width, _, name in shown] == [(True, "a%20b-128.webp"), (True, "sword.png")]
    assert [alt for _, alt, _ in shown] == ["A ship", NASTY]
    assert [height for _, height in styled] == [50, 100]
    assert "a%20b-128.webp" in styled[0][0]
    assert 'type("image/webp")' in styled[0][0]
    assert "sword.png" in styled[1][0]


class Texts(HTMLParser):
    """What stands in `pre`."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        self.text += data if self._inside else ""
