"""Outputs are what the manifest asks for, or it is said: formats, limits, checks and marks, by the command line."""

import random
import re
import subprocess
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from assetforge.ops.decode import open_picture, read_metadata
from tests.builder import Builder
from tests.images_server import ImagesServer
from tests.ops.ops_pictures import encoded

FORMATS = ["png", "jpg", "webp", "avif", "gif", "ico", "icns"]
TERMS = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def art(size: tuple[int, int] = (320, 200), *, mode: str = "RGB") -> bytes:
    """A drawing of a user's own."""
    image = Image.new(mode, size, "teal" if mode == "RGB" else (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((20, 20, 180, 180), fill="white", outline="black", width=9)
    return encoded(image, "PNG")


def photo(**more: bytes) -> bytes:
    """A photo as a camera gives it: turned, and with its maker's name."""
    told = Image.Exif()
    told[0x0112], told[0x010F] = 6, "Northwind"
    grain = Image.frombytes("RGB", (80, 50), random.Random(5).randbytes(3 * 80 * 50))
    return encoded(grain.resize((320, 200), Image.Resampling.BICUBIC), "JPEG", exif=told.tobytes(), **more)


@pytest.fixture
def drawn(project: Builder) -> Builder:
    """A project with an own drawing and an own photo."""
    return project.write({"art/icon.png": art(mode="RGBA"), "art/card.png": art(), "art/photo.jpg": photo()})


def manifest(output: str, source: str = "art/card.png", steps: str = "") -> dict[str, str | bytes]:
    return {"assets.toml": f'[asset.a]\nsource = "{source}"\n{steps}output = {output}\n'}


def marks(data: bytes) -> dict[str, str]:
    """The mark that a file has, property by property."""
    xmp = read_metadata(data, "a")[1].decode()
    return dict(re.findall(r"<Iptc4xmpExt:(\w+)>([^<]*)<", xmp))


# --- formats --------------------------------------------------------------------------------------------------


def test_every_format_is_made_told_and_made_once(drawn: Builder) -> None:
    names = ", ".join(f'"{name}"' for name in FORMATS)
    drawn.write(
        manifest(
            f'{{ path = "a.{{{{ format }}}}", format = [{names}] }}',
            "art/icon.png",
            'steps = [{ op = "pad", width = 400, height = 400 }]\n',
        )
    )
    first = drawn.call("build")
    assert (first.code, "500" in first.err) == (0, False)
    for name in FORMATS:
        data = (drawn.root / f"a.{name}").read_bytes()
        assert open_picture(data, name).size == {"ico": (48, 48), "icns": (256, 256)}.get(name, (400, 400))
        with Image.open(BytesIO(data)) as elsewhere:
            elsewhere.load()
        said = subprocess.run(["file", "-b", f"a.{name}"], cwd=drawn.root, capture_output=True, text=True, check=True)
        assert re.search("PNG|JPEG|Web/P|AVIF|GIF|icon", said.stdout)
    before = drawn.files()
    assert drawn.call("build", "--verify").code == 0
    assert drawn.call("check").code == 0
    assert drawn.files() == before


def test_sizes_of_an_icon_are_its_own(drawn: Builder) -> None:
    drawn.write(manifest('{ path = "favicon.ico", sizes = [16, 64] }', "art/icon.png"))
    assert drawn.call("build").code == 0
    with Image.open(drawn.root / "favicon.ico") as icon:
        assert icon.info["sizes"] == {(16, 16), (64, 64)}


# --- nothing is scaled up -------------------------------------------------------------------------------------

SMALLER = [
    ('{ path = "a.webp", width = 640 }', "`a.webp`: it is 320x200 instead of 640x400, since nothing is scaled up"),
    (
        '{ path = "a.webp", width = 400, height = 100 }',
        "`a.webp`: it is 320x80 instead of 400x100, since nothing is scaled up",
    ),
    (
        '{ path = "a.webp", width = 512, height = 512, fit = "contain" }',
        "`a.webp`: its picture is 320x200 instead of 512x320, since nothing is scaled up",
    ),
    (
        '{ path = "a.icns", sizes = [16, 512] }',
        "`a.icns`: it lacks `512x512` (its picture is 320x200), since nothing is scaled up",
    ),
]


@pytest.mark.parametrize(("output", "told"), SMALLER)
def test_a_smaller_output_is_told_of_before_and_after_it_is_made(drawn: Builder, output: str, told: str) -> None:
    drawn.write(manifest(output))
    assert [one["message"] for one in drawn.call("plan", "--json").object["warnings"]] == [told]
    made = drawn.call("build")
    assert (made.code, made.err.count(told)) == (0, 1)
    assert [one["message"] for one in drawn.call("check", "--json").object["warnings"]] == [told]
    again = drawn.call("build", "--verify")
    assert (again.code, again.err.count(told)) == (0, 0)


def test_where_only_pixels_tell_the_size_the_build_tells(drawn: Builder) -> None:
    """What `trim` leaves is known only when it is made."""
    drawn.write(manifest('{ path = "a.webp", width = 640 }', "art/icon.png", 'steps = [{ op = "trim" }]\n'))
    told = "`a.webp`: it is 161x161 instead of 640x640, since nothing is scaled up"
    assert drawn.call("plan", "--json").object["warnings"] == []
    made = drawn.call("build")
    assert (made.code, made.err.count(told)) == (0, 1), made.err


def test_a_pad_makes_a_size_of_what_only_pixels_tell(drawn: Builder) -> None:
    """So what comes after it is told by the plan, and with `contain` the build still tells what is in it."""
    steps = 'steps = [{ op = "trim" }, { op = "pad", width = 200, height = 180 }]\n'
    drawn.write(manifest('{ path = "a.webp", width = 640 }', "art/icon.png", steps))
    told = "`a.webp`: it is 200x180 instead of 640x576, since nothing is scaled up"
    assert [one["message"] for one in drawn.call("plan", "--json").object["warnings"]] == [told]
    scale = 'width = 640, height = 640, fit = "contain"'
    drawn.write(manifest(f'{{ path = "a.webp", {scale} }}', "art/icon.png", 'steps = [{ op = "trim" }]\n'))
    told = "`a.webp`: its picture is 161x161 instead of 640x640, since nothing is scaled up"
    made = drawn.call("build")
    assert (made.code, made.err.count(told)) == (0, 1), made.err


def test_the_size_of_what_is_still_to_be_bought_is_known_too(project: Builder) -> None:
    project.write({"assets.toml": '[asset.a]\nprompt = "A boat"\noutput = { path = "a.webp", width = 2048 }\n'})
    told = "`a.webp`: it is 1024x1024 instead of 2048x2048, since nothing is scaled up"
    assert told in [one["message"] for one in project.call("plan", "--json").object["warnings"]]


# --- checks ---------------------------------------------------------------------------------------------------

FAILING = [
    ('path = "a.png"', "transparent = true", "every pixel is opaque, and `transparent` is true"),
    ('path = "a.webp", width = 100', "max_bytes = 40", r"it has \d+ bytes, and `max_bytes` is 40"),
    ('path = "a.webp", width = 100', "min_contrast = 21", r"its contrast is \d+\.\d\d:1, and `min_contrast` is 21"),
    (
        'path = "a.webp", width = 640',
        "no_upscale = true",
        "it is 320x200 instead of 640x400, and nothing is scaled up",
    ),
    ('path = "a.ico", sizes = [16, 256]', "no_upscale = true", None),
]


@pytest.mark.parametrize(("output", "check", "told"), FAILING)
def test_a_failed_check_fails_the_asset_with_what_was_measured(
    drawn: Builder, output: str, check: str, told: str | None
) -> None:
    lines = output.replace(", ", "\n", 1)
    drawn.write(
        {
            "assets.toml": f'[asset.a]\nsource = "art/card.png"\n[asset.a.output]\n{lines}\n'
            f"[asset.a.output.checks]\n{check}\n"
            '[asset.b]\nsource = "art/card.png"\noutput = "b.webp"\n'
        }
    )
    made = drawn.call("build")
    name = re.findall(r'"(.*?)"', output)[0]
    assert (drawn.root / "b.webp").exists()
    if told is None:
        assert (made.code, (drawn.root / name).exists()) == (0, True)
        return
    assert made.code == 1
    assert re.search(f"error: `{name}` fails its check: {told}\n", made.err)
    line = next(number for number, text in enumerate(drawn.text("assets.toml").splitlines(), 1) if text == check)
    assert f"assets.toml:{line}:" in made.err
    assert not (drawn.root / name).exists()
    assert drawn.call("check").code == 3


def test_what_passes_is_made_and_a_new_check_looks_at_a_current_file(drawn: Builder) -> None:
    checks = "transparent = false, max_bytes = 20000, no_upscale = true, min_contrast = 4.5"
    passing = f'{{ path = "a.webp", checks = {{ {checks} }} }}'
    assert drawn.write(manifest(passing)).call("build").code == 0
    before = drawn.files()["a.webp"]
    failing = passing.replace("transparent = false", "transparent = true")
    made = drawn.write(manifest(failing)).call("build")
    assert (made.code, "`a.webp` fails its check: every pixel is opaque" in made.err) == (1, True)
    assert drawn.files()["a.webp"] == before
    assert "`a.webp`: checks: transparent false -> true" in drawn.call("plan").out


def test_a_check_of_the_defaults_is_told_where_it_stands(drawn: Builder) -> None:
    own = manifest('"a.png"')["assets.toml"]
    drawn.write({"assets.toml": f"[defaults.output.checks]\ntransparent = true\n{own!s}"})
    made = drawn.call("build")
    assert (made.code, "assets.toml:2:" in made.err) == (1, True)


def test_a_check_that_sizes_fail_is_told_before_anything_is_bought(shop: Builder, images: ImagesServer) -> None:
    output = '{ path = "a.webp", width = 2048, checks = { no_upscale = true } }'
    shop.write({"assets.toml": f'[asset.a]\nprompt = "A boat"\noutput = {output}\n'})
    told = "`a.webp` fails its check: it is 1024x1024 instead of 2048x2048, and nothing is scaled up"
    for command in (("plan",), ("build", "--yes")):
        made = shop.call(*command)
        assert (made.code, told in made.err) == (1, True)
    assert images.calls == []


def test_placeholders_are_not_judged(shop: Builder) -> None:
    output = '{ path = "a.webp", checks = { transparent = true } }'
    shop.write({"assets.toml": f'[asset.a]\nprompt = "A boat"\noutput = {output}\n'})
    assert shop.call("build", "--draft").code == 0
    assert (shop.root / "a.webp").exists()


# --- max_bytes ------------------------------------------------------------------------------------------------


def test_a_file_is_made_to_fit_or_its_smallest_is_told(drawn: Builder) -> None:
    made = drawn.write(manifest('{ path = "a.webp", max_bytes = 5000 }', "art/photo.jpg")).call("build")
    assert (made.code, (drawn.root / "a.webp").stat().st_size <= 5000) == (0, True)
    made = drawn.write(manifest('{ path = "b.webp", max_bytes = 200 }', "art/photo.jpg")).call("build")
    assert made.code == 1
    assert re.search(r"`b.webp`: it can't be written in 200 bytes: at quality 1 it has [\d,]+\n", made.err)
    assert "hint: give it a smaller `width`, or raise `max_bytes`\n" in made.err


def test_a_file_that_ends_too_early_is_named_where_it_is_asked_for(drawn: Builder) -> None:
    drawn.write({"art/half.png": art()[:-40]})
    told = drawn.write(manifest('"a.webp"', "art/half.png", 'steps = [{ op = "grayscale" }]\n')).call("build")
    assert told.code == 1
    assert "`a.webp`: `art/half.png` is not a picture that can be read" in told.err
    assert "assets.toml:2:10\n" in told.err


def test_a_copy_that_is_too_large_is_encoded_to_fit(drawn: Builder) -> None:
    limit = len(photo()) // 2
    assert (
        drawn.write(manifest(f'{{ path = "a.jpg", max_bytes = {limit} }}', "art/photo.jpg")).call("build").code == 0
    )
    assert 0 < (drawn.root / "a.jpg").stat().st_size <= limit


# --- metadata -------------------------------------------------------------------------------------------------

BOUGHT = """\
[asset.hero]
prompt = "A secret lighthouse"
output = {{ path = "hero.webp"{more} }}
"""


@pytest.fixture
def bought(shop: Builder, images: ImagesServer) -> Iterator[Builder]:
    """A picture of a model, encoded here; and the prompt is in no file."""
    assert shop.write({"assets.toml": BOUGHT.format(more="")}).call("build", "--yes").code == 0
    yield shop
    assert all(b"secret" not in path.read_bytes() for path in shop.root.glob("*.webp"))
    assert len(images.calls) == 1


def test_what_a_model_drew_says_so(bought: Builder) -> None:
    expected = {"DigitalSourceType": f"{TERMS}trainedAlgorithmicMedia", "AISystemUsed": "gpt-image-2"}
    assert marks((bought.root / "hero.webp").read_bytes()) == expected
    for how, told in (("strip", {}), ("keep", {}), ("provenance", expected)):
        more = f', metadata = "{how}"'
        assert bought.write({"assets.toml": BOUGHT.format(more=more)}).call("build").code == 0
        assert marks((bought.root / "hero.webp").read_bytes()) == told


def test_what_a_model_drew_and_a_user_laid_on_it_is_a_composition(bought: Builder) -> None:
    steps = 'steps = [{ op = "overlay", image = "art/logo.png" }]\n'
    bought.write({"assets.toml": BOUGHT.format(more="") + steps, "art/logo.png": art((32, 32))})
    assert bought.call("build").code == 0
    assert marks((bought.root / "hero.webp").read_bytes())["DigitalSourceType"] == f"{TERMS}compositeSynthetic"


def test_explain_says_what_a_file_says_and_where_credentials_end(bought: Builder) -> None:
    bought.write(
        {"assets.toml": BOUGHT.format(more="").replace("output =", 'outputs = ["hero.png",').rstrip("\n") + "]\n"}
    )
    assert bought.call("build").code == 0
    copied, encoded_here = (
        part["notes"] for part in bought.call("explain", "hero", "--json").object["parts"] if part["kind"] == "output"
    )
    assert copied == ["its source's bytes, untouched, with the marks they came with"]
    assert encoded_here[0] == "says in XMP: trainedAlgorithmicMedia, by gpt-image-2"
    assert "content credentials (C2PA)" in encoded_here[1]
    assert "  marks     encoded here: content credentials" in bought.call("explain", "hero").out


def test_drafts_and_own_pictures_say_nothing(shop: Builder) -> None:
    own = '[asset.own]\nsource = "art/card.png"\noutput = "own.webp"\n'
    shop.write({"assets.toml": BOUGHT.format(more="") + own, "art/card.png": art()})
    assert shop.call("build", "--draft").code == 0
    assert [marks((shop.root / name).read_bytes()) for name in ("hero.webp", "own.webp")] == [{}, {}]


def test_what_a_photo_says_is_kept_only_where_that_is_asked(drawn: Builder) -> None:
    for how, kept in (("keep", True), ("provenance", False), ("strip", False)):
        drawn.write(manifest(f'{{ path = "a.webp", width = 100, metadata = "{how}" }}', "art/photo.jpg"))
        assert drawn.call("build").code == 0
        told = Image.Exif()
        told.load(read_metadata((drawn.root / "a.webp").read_bytes(), "a")[0])
        assert dict(told) == ({0x010F: "Northwind"} if kept else {})


def test_a_copy_keeps_its_bytes_unless_they_are_to_be_stripped(drawn: Builder) -> None:
    for how, kept in (("keep", True), ("provenance", True), ("strip", False)):
        drawn.write(manifest(f'{{ path = "a.jpg", metadata = "{how}" }}', "art/photo.jpg"))
        assert drawn.call("build").code == 0
        data = (drawn.root / "a.jpg").read_bytes()
        assert (data == photo(), b"Northwind" in data) == (kept, kept)
        # A camera that was held upright: the picture stands as it did.
        assert open_picture(data, "a").size == (200, 320)
