"""Families: whole sets of files as systems want them, by what they are told; and the markup that goes with them."""

import io
import json
import re
import struct
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw

from assetforge.errors import ManifestError
from assetforge.graph.builtin import FOR_FAMILIES, builtin_text
from assetforge.graph.families import families
from assetforge.manifest.schema import OutputTable
from assetforge.model import Rendition, Size
from tests.builder import ROOT, Builder
from tests.graph.emitting import opened, output
from tests.graph.graphs import graph_of
from tests.pages import blocks

PAGE = ROOT / "docs" / "families.md"
NAMES = ("android-launcher", "apple-app-icon", "favicon", "open-graph", "pwa")
ANDROID = {"mdpi": 2, "hdpi": 3, "xhdpi": 4, "xxhdpi": 6, "xxxhdpi": 8}

# Every file, its size, and whether nothing shines through: what stores and browsers want, written down a second time.
WANTED: dict[str, dict[str, tuple[int, int, bool]]] = {
    "favicon": {
        "favicon.ico": (48, 48, False), "icon-192.png": (192, 192, False), "apple-touch-icon.png": (180, 180, True),
    },
    "pwa": {
        "pwa-192.png": (192, 192, False), "pwa-512.png": (512, 512, False),
        "maskable-192.png": (192, 192, True), "maskable-512.png": (512, 512, True),
    },
    "apple-app-icon": {"AppIcon-1024.png": (1024, 1024, True)},
    "android-launcher": {
        **{f"res/mipmap-{name}/ic_launcher.png": (24 * by, 24 * by, False) for name, by in ANDROID.items()},
        **{f"res/mipmap-{name}/ic_launcher_round.png": (24 * by, 24 * by, False) for name, by in ANDROID.items()},
        **{f"res/mipmap-{key}/ic_launcher_foreground.png": (54 * by, 54 * by, False) for key, by in ANDROID.items()},
        "res/drawable-nodpi/ic_launcher_background.png": (432, 432, True),
        "ic_launcher-playstore.png": (512, 512, True),
    },
    "open-graph": {"open-graph.jpg": (1200, 630, True), "twitter-card.jpg": (1200, 600, True)},
}  # fmt: skip


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def logo() -> Image.Image:
    """A cut-out square that reaches into the corners."""
    image = Image.new("RGBA", (1100, 1100), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((60, 60, 1039, 1039), fill="#c2410c")
    return image


def art() -> Image.Image:
    """An opaque picture with a ground up to its edges."""
    image = Image.new("RGB", (1400, 1100), "#0f766e")
    ImageDraw.Draw(image).ellipse((400, 250, 1000, 850), fill="white")
    return image


def built(project: Builder, outputs: str, picture: Image.Image) -> Path:
    """The folder of what an asset's outputs were built to."""
    manifest = f'[project]\noutput_dir = "out"\n[asset.mark]\nsource = "mark.png"\noutputs = [{outputs}]\n'
    told = project.write({"mark.png": png(picture), "assets.toml": manifest}).call("build")
    assert (told.code, "error" in told.err) == (0, False), told.err
    return project.root / "out"


def wrong(entry: str) -> list[tuple[str, str | None, tuple[str | int, ...]]]:
    """The mistakes of an output, each with its hint and its place."""
    with pytest.raises(ManifestError) as caught:
        graph_of(f'[asset.a]\nprompt = "x"\noutputs = [{entry}]\n')
    found = [(one.message, one.hint, one.where.key[4:] if one.where else ()) for one in caught.value.problems]
    return sorted(found, key=lambda one: one[0])


def renditions(entry: str, before: str = "") -> dict[str, Rendition]:
    graph = graph_of(f'{before}[asset.a]\nprompt = "x"\noutputs = [{entry}]\n')
    return {step.path: step for step in graph.steps.values() if isinstance(step, Rendition)}


# --- the files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("picture", [logo(), art()], ids=["cut-out", "opaque"])
def test_a_family_is_its_files(project: Builder, name: str, picture: Image.Image) -> None:
    folder = built(project, f'{{ family = "{name}", path = "a/b/" }}', picture.resize((1400, 1400)))
    found = {path.relative_to(folder / "a" / "b").as_posix(): path for path in folder.rglob("*.*")}
    assert found.keys() == WANTED[name].keys()
    for path, (width, height, is_opaque) in WANTED[name].items():
        with Image.open(found[path]) as file:
            assert (path, file.size) == (path, (width, height))
            if is_opaque:
                assert file.convert("RGBA").getchannel("A").getextrema() == (255, 255), path
    assert project.call("check").code == 0
    assert project.call("build").out.startswith("nothing to do")


def test_all_families_fit_into_one_folder(project: Builder) -> None:
    outputs = ", ".join(f'{{ family = "{name}", path = "." }}' for name in NAMES)
    folder = built(project, outputs, logo().resize((1300, 1300)))
    assert len([path for path in folder.rglob("*.*") if path.is_file()]) == sum(map(len, WANTED.values()))


def test_a_favicon_holds_three_sizes(project: Builder) -> None:
    data = (built(project, '{ family = "favicon", path = "." }', logo()) / "favicon.ico").read_bytes()
    count = struct.unpack("<HHH", data[:6])[2]
    assert [data[6 + 16 * at] for at in range(count)] == [16, 32, 48]


def test_what_is_seen_of_a_maskable_icon_lies_in_its_circle(project: Builder) -> None:
    """The circle is that of W3C's manifest: a radius of 40 % of the width. It is used as far as it goes."""
    folder = built(project, '{ family = "pwa", path = ".", color = "#ffffff" }', logo())
    with Image.open(folder / "maskable-512.png") as file:
        seen = ImageChops.difference(file.convert("RGB"), Image.new("RGB", (512, 512), "white")).convert("L")
    circle = Image.new("L", (512, 512), 0)
    ImageDraw.Draw(circle).ellipse((51, 51, 460, 460), fill=255)
    assert ImageChops.subtract(seen.point(lambda value: 255 if value > 16 else 0), circle).getbbox() is None
    bounds = seen.getbbox()
    assert bounds is not None
    assert bounds[2] - bounds[0] > 0.54 * 512


def test_a_logo_with_room_round_it_is_left_as_it_is(project: Builder) -> None:
    image = Image.new("RGBA", (1024, 1024), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((412, 412, 611, 611), fill="red")
    folder = built(project, '{ family = "pwa", path = "." }', image)
    with Image.open(folder / "maskable-512.png") as masked, Image.open(folder / "pwa-512.png") as plain:
        flat = Image.alpha_composite(Image.new("RGBA", plain.size, "white"), plain.convert("RGBA")).convert("RGB")
        difference = ImageChops.difference(masked.convert("RGB"), flat)
    assert max(high for _, high in difference.getextrema()) <= 2  # type: ignore[misc]


def test_an_opaque_picture_stands_on_the_colour_of_its_edges(project: Builder) -> None:
    folder = built(project, '{ family = "pwa", path = "." }, { family = "android-launcher", path = "." }', art())
    corners = {
        path: pixel(folder / path)
        for path in ("maskable-512.png", "res/drawable-nodpi/ic_launcher_background.png", "ic_launcher-playstore.png")
    }
    assert set(corners.values()) == {(15, 118, 110, 255)}


def test_a_ground_has_the_colour_that_is_asked_for(project: Builder) -> None:
    outputs = ", ".join(f'{{ family = "{name}", path = ".", color = "teal" }}' for name in NAMES)
    folder = built(project, outputs, logo().resize((1300, 1300)))
    opaque = [path for files in WANTED.values() for path, facts in files.items() if facts[2]]
    for path in opaque:
        found = pixel(folder / path)
        assert all(abs(one - other) <= 3 for one, other in zip(found, (0, 128, 128, 255), strict=True)), path
    for path in ("pwa-512.png", "res/mipmap-mdpi/ic_launcher_foreground.png"):
        assert pixel(folder / path)[3] == 0


def test_a_round_icon_is_a_disc(project: Builder) -> None:
    folder = built(project, '{ family = "android-launcher", path = "." }', art())
    with Image.open(folder / "res/mipmap-xxxhdpi/ic_launcher_round.png") as file:
        alpha = file.convert("RGBA").getchannel("A")
    assert [alpha.getpixel(place) for place in ((0, 0), (191, 191), (96, 1), (1, 96))] == [0, 0, 255, 255]


def test_an_icon_shows_all_of_a_picture_or_is_filled(project: Builder) -> None:
    wide = Image.new("RGB", (1200, 600), "white")
    wide.paste((255, 0, 0), (0, 0, 300, 600))
    entry = '{{ family = "pwa", path = "{0}", fit = "{0}" }}'
    folder = built(project, ", ".join(entry.format(fit) for fit in ("contain", "cover")), wide.resize((2400, 1200)))
    assert pixel(folder / "contain" / "pwa-512.png", (2, 2))[3] == 0
    assert pixel(folder / "contain" / "pwa-512.png", (2, 256)) == (255, 0, 0, 255)
    assert min(pixel(folder / "cover" / "pwa-512.png", (2, 2))) > 250


def pixel(path: Path, at: tuple[int, int] = (0, 0)) -> tuple[int, ...]:
    with Image.open(path) as file:
        found = file.convert("RGBA").getpixel(at)
    assert isinstance(found, tuple)
    return tuple(map(int, found))


# --- sizes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "settings", "size", "is_enough"),
    [
        ("pwa", "", (512, 100), True),
        ("pwa", "", (511, 511), False),
        ("pwa", ', fit = "cover"', (512, 511), False),
        ("pwa", ', fit = "cover"', (512, 512), True),
        ("favicon", "", (192, 192), True),
        ("apple-app-icon", "", (1023, 1023), False),
        ("open-graph", "", (1200, 629), False),
        ("open-graph", "", (1200, 630), True),
        ("open-graph", ', fit = "contain"', (1200, 400), True),
    ],
)
def test_nothing_is_scaled_up(
    project: Builder, name: str, settings: str, size: tuple[int, int], is_enough: bool
) -> None:
    manifest = f'[asset.a]\nsource = "a.png"\noutput = {{ family = "{name}", path = "a"{settings} }}\n'
    told = project.write({"a.png": png(Image.new("RGB", size)), "assets.toml": manifest}).call("plan")
    needs = f"fails  a  the family `{name}` needs a picture at least "
    assert (needs in told.out) is not is_enough
    assert (f"and this one is {Size(*size)}" in told.out) is not is_enough


def test_a_picture_that_would_be_too_small_is_not_bought(shop: Builder) -> None:
    manifest = '[asset.a]\nprompt = "x"\nsize = "256x256"\noutput = { family = "pwa", path = "a" }\n'
    told = shop.write({"assets.toml": manifest}).call("build", "--yes")
    assert told.code == 1
    assert "the family `pwa` needs a picture at least 512 wide or 512 high, and this one is 256x256" in told.err
    assert "2 | prompt" not in told.err
    assert "family" in told.err.splitlines()[2]
    assert not (shop.root / "a").exists()


def test_a_large_enough_picture_enters_keys_as_it_is() -> None:
    """That it is large enough is checked, and changes nothing: a family may grow without making old files again."""
    by_size = {step.path: step for step in renditions('{ family = "pwa", path = "a" }').values()}
    scale = by_size["a/pwa-512.png"].scale
    plain = renditions('{ path = "a/pwa-512.png", width = 512, height = 512, fit = "contain" }')
    assert scale == plain["a/pwa-512.png"].scale


# --- what an entry says -------------------------------------------------------------------------------------------


def test_files_know_their_family_and_take_the_settings_of_their_entry() -> None:
    found = renditions(
        '{ family = "open-graph", path = "og/{{ asset.name }}", quality = 71, metadata = "strip",'
        'checks = { max_bytes = 9 } }, "plain.png"'
    )
    assert sorted(found) == ["og/a/open-graph.jpg", "og/a/twitter-card.jpg", "plain.png"]
    assert [found[path].family for path in sorted(found)] == ["open-graph", "open-graph", ""]
    card = found["og/a/twitter-card.jpg"]
    assert (card.encoding.format, card.encoding.quality, card.encoding.metadata) == ("jpeg", 71, "strip")
    assert card.checks is not None


def test_sizes_and_formats_of_all_outputs_say_nothing_to_a_family() -> None:
    defaults = '[defaults.output]\nwidth = 64\nformat = "webp"\nfit = "inside"\nquality = { jpg = 44 }\n'
    found = renditions('{ family = "open-graph", path = "." }', defaults)
    assert sorted(found) == ["open-graph.jpg", "twitter-card.jpg"]
    scale = found["open-graph.jpg"].scale
    assert scale is not None
    assert (scale.width, scale.height, scale.fit) == (1200, 630, "cover")
    assert found["open-graph.jpg"].encoding.quality == 44


def test_a_familys_name_may_be_a_template() -> None:
    assert sorted(renditions('{ family = "{{ asset.name }}pple-app-icon", path = "x" }')) == ["x/AppIcon-1024.png"]


@pytest.mark.parametrize(
    ("entry", "message", "hint", "key"),
    [
        ('family = "favicn", path = "a"', "there is no family `favicn`", "did you mean `favicon`?", "family"),
        ('family = "xyz", path = "a"', "there is no family `xyz`",
         "families: `android-launcher`, `apple-app-icon`, `favicon`, `open-graph` and `pwa`", "family"),
        *((f'family = "pwa", path = "a", {setting}',
           f"`{setting.split()[0]}` says nothing to a family, whose files have {what} of their own",
           "leave it out, or write this file as an output of its own", setting.split()[0])
          for setting, what in (("width = 64", "sizes"), ("height = 64", "sizes"), ("sizes = [16]", "sizes"),
                                ('format = "png"', "formats"))),
        *((f'family = "pwa", path = "a", fit = "{fit}"',
           f"a family's files are filled whole, so its `fit` can't be `{fit}`", "use `cover` or `contain`", "fit")
          for fit in ("fill", "inside", "outside")),
        ('family = "pwa", path = "a/icon.png"', "`a/icon.png` names a file, and a family is a folder of files",
         'name the folder, like path = "icons/"', "path"),
        ('family = "pwa", path = "{{ width }}"', "`width` is undefined",
         "leave `width` out of the path: a family's files have names of their own", "path"),
        ('family = "pwa", path = "a", color = "reddish"', "`color` of family `pwa`: `reddish` is not a colour",
         "write a CSS name, #rrggbb, #rrggbbaa or `transparent`", "color"),
        ('family = "pwa", path = "a", color = "transparent"', "`color` of family `pwa`: the colour has to be opaque",
         None, "color"),
        ('path = "a.png", color = "red"', "`color` says nothing without a `family`",
         "flatten the picture in a step, or leave it out", "color"),
    ],
)  # fmt: skip
def test_what_a_family_can_not_be_told_is_said(entry: str, message: str, hint: str | None, key: str) -> None:
    assert wrong(f"{{ {entry} }}") == [(message, hint, (key,))]


@pytest.mark.parametrize("path", ["/", "/icons", "../x", "a/../../b", "C:/x"])
def test_a_family_stays_inside_the_root(path: str) -> None:
    ((message, _, key),) = wrong(f'{{ family = "pwa", path = "{path}" }}')
    assert key == ("path",)
    assert path in message


def test_one_family_twice_at_one_place_is_an_error() -> None:
    found = wrong('{ family = "pwa", path = "a" }, { family = "pwa", path = "./a/" }')
    assert any("writes `a/pwa-192.png` twice" in message for message, _, _ in found)


# --- the data -----------------------------------------------------------------------------------------------------


def test_families_are_those_of_the_manual_and_of_editors() -> None:
    assert tuple(sorted(families())) == NAMES
    assert sorted(FOR_FAMILIES) == list(NAMES)
    told = OutputTable.model_fields["family"].description or ""
    assert all(name in told for name in NAMES)


def test_every_rule_has_its_source() -> None:
    table = tomllib.loads((ROOT / "assetforge" / "graph" / "families.toml").read_text("utf-8"))
    for family in table.values():
        assert family["sources"]
        assert all(source.startswith("https://") for source in family["sources"])


@pytest.mark.parametrize("name", NAMES)
def test_the_page_lists_every_file(name: str) -> None:
    found = re.search(rf"<!-- files: {name} -->\n((?:\|.*\n)+)", PAGE.read_text("utf-8"))
    assert found
    told = {}
    for row in found[1].splitlines()[2:]:
        _, path, sizes, _, _ = row.split("|")
        told[path.strip(" `")] = re.sub(r"(\d+)x\1", r"\1", sizes.strip())
    wanted: dict[str, list[str]] = {}
    for file in families()[name].files:
        path = re.sub(r"mipmap-\w+", "mipmap-*", file.name)
        size = str(file.size.width) if file.size.width == file.size.height else str(file.size)
        wanted.setdefault(path, []).extend(map(str, file.sizes) if file.sizes else [size])
    assert told == {path: ", ".join(sizes) for path, sizes in wanted.items()}


# --- their markup -------------------------------------------------------------------------------------------------


def facts(name: str, folder: str = "", **more: Any) -> list[dict[str, Any]]:
    """The outputs of a family, as a build would tell of them."""
    return [
        output(f"{folder}{file.name}", *file.size, family=name, asset="mark", instance="mark", **more)
        for file in families()[name].files
    ]


def rendered(tmp_path: Path, name: str, outputs: list[dict[str, Any]], head: str = "") -> str:
    mark = f'[asset.mark]\nprompt = "x"\noutput = {{ family = "{name}", path = "icons" }}\n'
    manifest = f'{head}{mark}[emit.it]\noutput = "it.out"\ntemplate = "builtin:{name}"\n'
    return opened(tmp_path, manifest).render("it", *outputs)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_what_a_template_makes(tmp_path: Path, name: str) -> None:
    heads = {
        "favicon": '[vars]\nasset_base = "/"\n',
        "pwa": '[project]\nname = "Northwind"\n[vars]\nasset_base = "/"\ntheme_color = "#0f766e"\n',
        "open-graph": '[vars]\nasset_base = "https://northwind.example/img"\n',
    }
    told = facts(name, "home/" if name == "open-graph" else "", alt="A lighthouse at the edge of a calm sea")
    (shown,) = [block.text for block in blocks(PAGE) if block.mark == f"made: builtin:{name}"]
    assert rendered(tmp_path, name, told, heads.get(name, "")) == shown


@pytest.mark.parametrize("name", NAMES)
def test_the_manifest_above_it_makes_just_that(project: Builder, name: str) -> None:
    """Who copies the one gets the other."""
    page = blocks(PAGE)
    (place,) = [index for index, block in enumerate(page) if block.mark == f"made: builtin:{name}"]
    manifest = next(block.text for block in reversed(page[:place]) if block.language == "toml")
    told = project.write({"assets.toml": manifest}).call("build", "--draft", "--json").object
    assert told["emitted"]
    for path in told["emitted"]:
        assert project.text(path) == page[place].text


@pytest.mark.parametrize("name", NAMES)
def test_a_template_takes_the_files_of_its_family_only(tmp_path: Path, name: str) -> None:
    others = [one for other in NAMES if other != name for one in facts(other)]
    text = rendered(tmp_path, name, [*others, output("hero.png")])
    assert "hero" not in text
    assert not any(one["path"] in text for one in others)
    assert text == rendered(tmp_path, name, [])


def test_a_template_selects_the_instances_with_files_of_its_family(tmp_path: Path) -> None:
    """With `select` too: what has no such file is nothing to wait for."""
    text = """
[asset.hero]
prompt = "x"
tags = ["web"]
output = "hero.png"
[asset.mark]
prompt = "x"
matrix.theme = ["light", "dark"]
tags = ["web"]
output = { family = "favicon", path = "{{ theme }}" }
[asset.app]
prompt = "x"
output = { family = "pwa", path = "." }
[emit.head]
template = "builtin:favicon"
output = "head.html"
[emit.dark]
template = "builtin:favicon"
output = "dark.html"
select = ["tag:web", "!mark[theme=light]"]
[emit.style]
template = "builtin:css"
output = "style.css"
"""
    emits = opened(tmp_path, text).graph.emits
    assert emits["emit:head"].selected == ("mark[theme=light]", "mark[theme=dark]")
    assert emits["emit:dark"].selected == ("mark[theme=dark]",)
    assert len(emits["emit:style"].selected) == 4


class Tags(HTMLParser):
    """The attributes of each tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append({"tag": tag, **dict(attrs)})

    def handle_data(self, data: str) -> None:
        assert not data.strip()


NASTY = "\"'</script>--><b onload=x>&amp;\\\u2028\n"


@pytest.mark.parametrize("base", ["", "/img", "https://example.org/a/"])
@pytest.mark.parametrize("name", NAMES)
def test_markup_is_safe_for_any_description_and_any_path(tmp_path: Path, name: str, base: str) -> None:
    head = f"[project]\nname = {json.dumps(NASTY)}\n[vars]\nasset_base = {json.dumps(base)}\n"
    text = rendered(tmp_path, name, facts(name, 'a "b&<c>/', alt=NASTY), head)
    if name in ("favicon", "open-graph"):
        tags = Tags(text).found
        urls = [tag["href"] for tag in tags if "href" in tag]
        urls += [tag["content"] for tag in tags if str(tag.get("property", tag.get("name"))).endswith(":image")]
        alts = [tag["content"] for tag in tags if str(tag.get("property", tag.get("name"))).endswith(":alt")]
        assert alts == [NASTY] * len(alts)
    elif name == "pwa":
        read: Mapping[str, Any] = json.loads(text)
        assert read["name"] == NASTY
        urls = [icon["src"] for icon in read["icons"]]
        assert [icon["purpose"] for icon in read["icons"]] == ["any", "any", "maskable", "maskable"]
        assert [icon["sizes"] for icon in read["icons"]] == ["192x192", "512x512"] * 2
    elif name == "apple-app-icon":
        assert json.loads(text)["images"][0]["filename"] == "AppIcon-1024.png"
        return
    else:
        assert [child.tag for child in ET.fromstring(text.encode())] == ["background", "foreground"]
        return
    assert len(urls) == len(families()[name].files)
    prefix = base if not base or base.endswith("/") else f"{base}/"
    assert all(str(url).startswith(f"{prefix}a%20%22b%26%3Cc%3E/") for url in urls)


def test_icons_go_into_a_manifest_of_ones_own(tmp_path: Path) -> None:
    template = '{% from "builtin:pwa" import icons with context %}\n{"id": 1, "icons": {{ icons(outputs) }}}\n'
    manifest = '[asset.mark]\nprompt = "x"\n[emit.it]\noutput = "it.json"\ntemplate = "my.json.j2"\n'
    text = opened(tmp_path, manifest, {"my.json.j2": template}).render("it", *facts("pwa"))
    assert [icon["src"] for icon in json.loads(text)["icons"]] == [file.name for file in families()["pwa"].files]


def test_every_family_has_a_template() -> None:
    assert all(builtin_text(f"builtin:{name}") for name in NAMES)
