"""Laws of the draft provider: the same order gives the same picture, and what is asked for shows."""

import asyncio
import dataclasses
import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageStat

from assetforge.model import Size
from assetforge.providers.draft import DraftProvider, draw
from assetforge.providers.draft_color import PALETTES, Rgb
from assetforge.providers.draft_page import VEIL
from assetforge.providers.draft_scene import SCENES, Dice
from assetforge.providers.draft_type import BOX, FILES, GLYPHS, Weight, shown, typeset, width_of
from assetforge.providers.spec import CallFailed, Order, Provider, ProviderTable, Retry, Upload

FOX = Order(
    operation="generate",
    model="gpt-image-2",
    prompt="A red fox in the snow",
    size=Size(512, 384),
    quality="medium",
    background="auto",
    format="png",
)


def upload(image: Image.Image, name: str = "input.png") -> Upload:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return Upload(name, "png", buffer.getvalue())


def landscape(size: tuple[int, int] = (480, 360)) -> Image.Image:
    """A picture of large shapes that needs no font."""
    image = Image.new("RGB", size, (90, 140, 210))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, size[1] // 2, *size), fill=(40, 90, 30))
    pen.ellipse((size[0] // 2, size[1] // 8, size[0] * 3 // 4, size[1] // 2), fill=(250, 230, 120))
    return image


def hole(box: tuple[int, int, int, int], size: tuple[int, int] = (480, 360)) -> Image.Image:
    """A mask whose transparent part is `box`."""
    image = Image.new("RGBA", size, (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), box)
    return image


NIGHT = dataclasses.replace(FOX, operation="edit", prompt="Make it night", pictures=(upload(landscape()),))


def pixels(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGBA")


def pixel_digest(data: bytes) -> str:
    image = pixels(data)
    return hashlib.sha256(b"%dx%d" % image.size + image.tobytes()).hexdigest()[:16]


@dataclasses.dataclass
class LocalNote:
    """A note in a folder of the test."""

    folder: Path
    told: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def body(self) -> Path:
        return self.folder / "body"

    @property
    def facts(self) -> Mapping[str, Any]:
        return self.told

    def add(self, **facts: Any) -> None:
        self.told |= facts


class Ignore:
    """Drafts are drawn whenever they are asked for, and never asked for again."""

    async def admit(self) -> None: ...

    def arriving(self) -> AbstractContextManager[None]:
        return nullcontext()

    def again(self, retry: Retry) -> None: ...

    async def wait(self, seconds: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Does not wait."""


# --- the same order gives the same bytes ------------------------------------------------------------------

SCRIPT = """
import hashlib, sys
sys.path[:0] = sys.argv[1:]
from test_draft import FOX, NIGHT
from assetforge.providers.draft import draw
print(hashlib.sha256(draw(FOX, 1) + draw(FOX, 2) + draw(NIGHT, 1)).hexdigest())
"""


def test_two_processes_draw_the_same_bytes_whatever_their_hash_seed_and_locale() -> None:
    root = str(Path(__file__).parents[2])
    outputs = []
    for seed, locale in (("1", "C"), ("4711", "tr_TR.UTF-8")):
        environ = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "LANG": locale}
        command = [sys.executable, "-c", SCRIPT, root, str(Path(__file__).parent)]
        outputs.append(subprocess.run(command, env=environ, capture_output=True, check=True, cwd=root).stdout)
    here = hashlib.sha256(draw(FOX, 1) + draw(FOX, 2) + draw(NIGHT, 1)).hexdigest()
    assert outputs == [f"{here}\n".encode()] * 2


MASKED = dataclasses.replace(NIGHT, size=Size(384, 512), mask=upload(hole((100, 200, 380, 330))))
LONG = dataclasses.replace(
    FOX,
    prompt="Zażółć gęślą jaźń. Μια μικρή εκκλησία. Тихая зимняя улица. " * 6,  # noqa: RUF001 - three scripts
    size=Size(640, 320),
    background="transparent",
)


@pytest.mark.parametrize(
    ("order", "candidate", "expected"),
    [(FOX, 1, "e7bc0844317b3502"), (LONG, 2, "ece93f5a4d4790c0"), (MASKED, 1, "98ec3de8a9ed8f9b")],
    ids=["generate", "long", "masked edit"],
)
def test_drafts_keep_their_pixels_across_releases(order: Order, candidate: int, expected: str) -> None:
    """The same with Pillow 11.3 and 13.0. A wanted change of the drawing changes these, and says so."""
    assert pixel_digest(draw(order, candidate)) == expected


# --- what is asked for is given ---------------------------------------------------------------------------


@st.composite
def sizes(draw_from: st.DrawFn) -> Size:
    """Any shape from 16 pixels to 3840, but nothing that takes long to draw."""
    width = draw_from(st.integers(16, 3840))
    height = draw_from(st.integers(16, max(16, min(3840, 400_000 // width))))
    return Size(width, height) if draw_from(st.booleans()) else Size(height, width)


@settings(max_examples=60, deadline=None)
@given(
    size=sizes(),
    prompt=st.text(max_size=300),
    media=st.sampled_from(["png", "jpeg", "webp"]),
    background=st.sampled_from(["auto", "opaque", "transparent"]),
    candidate=st.integers(1, 120),
    edit=st.booleans(),
)
def test_any_prompt_is_drawn_in_any_size_and_format(
    *, size: Size, prompt: str, media: str, background: str, candidate: int, edit: bool
) -> None:
    order = dataclasses.replace(NIGHT if edit else FOX, size=size, prompt=prompt, format=media, background=background)
    with Image.open(io.BytesIO(draw(order, candidate))) as image:
        assert image.size == size
        assert (image.format or "").lower() == media
        clear = background == "transparent" and media != "jpeg"
        assert image.has_transparency_data == clear


@pytest.mark.parametrize("media", ["png", "webp"])
def test_a_transparent_background_shows_around_a_card(media: str) -> None:
    order = dataclasses.replace(FOX, size=Size(512, 512), background="transparent", format=media)
    alpha = pixels(draw(order, 1)).getchannel("A")
    assert [alpha.getpixel(at) for at in ((0, 0), (511, 0), (0, 511), (511, 511))] == [0] * 4
    assert alpha.getpixel((256, 256)) == 255


@pytest.mark.parametrize("media", ["jpeg", "webp"])
def test_compression_is_the_encoders_quality(media: str) -> None:
    low, high = (len(draw(dataclasses.replace(FOX, format=media, compression=at), 1)) for at in (20, 95))
    assert low < high


# --- what is asked for shows ------------------------------------------------------------------------------

GREEN = upload(Image.new("RGB", (480, 360), (0, 160, 60)))


@pytest.mark.parametrize(
    ("order", "change"),
    [
        (FOX, {"prompt": "A red fox in the rain"}),
        (FOX, {"size": Size(512, 400)}),
        (FOX, {"model": "gpt-image-3"}),
        (FOX, {"quality": "high"}),
        (FOX, {"background": "transparent"}),
        (NIGHT, {"prompt": "Make it day"}),
        (NIGHT, {"pictures": (GREEN,)}),
        (NIGHT, {"pictures": (*NIGHT.pictures, GREEN)}),
        (NIGHT, {"mask": MASKED.mask}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_each_part_of_an_order_changes_the_picture(order: Order, change: dict[str, Any]) -> None:
    assert pixel_digest(draw(order, 1)) != pixel_digest(draw(dataclasses.replace(order, **change), 1))


@pytest.mark.parametrize("size", [Size(32, 32), Size(512, 512)], ids=str)
@pytest.mark.parametrize("order", [FOX, NIGHT], ids=["generate", "edit"])
def test_candidates_are_different_pictures(order: Order, size: Size) -> None:
    drawn = {pixel_digest(draw(dataclasses.replace(order, size=size), candidate)) for candidate in range(1, 7)}
    assert len(drawn) == 6


def correlation(left: Image.Image, right: Image.Image) -> float:
    """Pearson's, of two pictures' brightness at 24 by 12 pixels."""
    first, second = (list(image.convert("L").resize((24, 12)).tobytes()) for image in (left, right))
    means = sum(first) / len(first), sum(second) / len(second)
    pairs = [(a - means[0], b - means[1]) for a, b in zip(first, second, strict=True)]
    spread = sum(a * a for a, _ in pairs) * sum(b * b for _, b in pairs)
    return float(sum(a * b for a, b in pairs) / spread**0.5)


def test_an_edit_shows_the_picture_it_edits() -> None:
    """Above its panel it is the input again, in another light; and so along a chain."""
    above = (0, 0, 480, 260)
    order = dataclasses.replace(NIGHT, size=Size(480, 480), pictures=(upload(landscape((480, 480))),))
    before = landscape((480, 480))
    for _ in range(3):
        after = pixels(draw(order, 1)).convert("RGB")
        assert correlation(before.crop(above), after.crop(above)) > 0.95
        assert sum(ImageStat.Stat(ImageChops.difference(before.crop(above), after.crop(above))).mean) > 10
        before, order = (
            after,
            dataclasses.replace(order, prompt=f"{order.prompt}!", pictures=(upload(after),)),
        )


def test_an_input_of_another_shape_covers_the_picture() -> None:
    tall = Image.new("RGB", (100, 900), (200, 30, 30))
    plain = pixels(draw(dataclasses.replace(NIGHT, size=Size(600, 200), pictures=(upload(tall),)), 1))
    corners = {plain.getpixel(at) for at in ((0, 0), (599, 0), (0, 199), (599, 199))}
    assert len(corners) == 1


@pytest.mark.parametrize(("top", "panel_top"), [(0, 300), (300, 0)], ids=["upper", "lower"])
def test_a_mask_marks_its_region_and_the_panel_leaves_it_seen(top: int, panel_top: int) -> None:
    size = Size(480, 360)
    plain = pixels(draw(dataclasses.replace(NIGHT, size=size), 1)).convert("RGB")
    mask = upload(hole((0, top, 480, top + 60)))
    marked = pixels(draw(dataclasses.replace(NIGHT, size=size, mask=mask), 1)).convert("RGB")
    inside, panel = (30, top + 20, 450, top + 40), (30, panel_top + 20, 450, panel_top + 40)
    assert len(marked.crop(inside).getcolors(10_000) or []) >= 3
    assert marked.crop(inside).tobytes() != plain.crop(inside).tobytes()
    assert ImageStat.Stat(marked.crop(inside).convert("L")).mean[0] < 160
    assert ImageStat.Stat(marked.crop(panel).convert("L")).mean[0] > 180


def test_an_input_that_is_no_picture_is_refused() -> None:
    with pytest.raises(CallFailed, match="the picture `broken` can't be read") as caught:
        draw(dataclasses.replace(NIGHT, pictures=(Upload("broken", "png", b"not a picture"),)), 1)
    assert caught.value.category == "refused"


# --- text and colours -------------------------------------------------------------------------------------


def test_the_font_has_exactly_the_characters_that_text_is_judged_by() -> None:
    for file in FILES.values():
        assert {chr(code) for code in TTFont(file).getBestCmap()} == GLYPHS


def test_a_run_of_what_the_font_lacks_is_one_box() -> None:
    assert shown("party 🎉🎉🎊 for 生日快乐!") == f"party {BOX} for {BOX}!"
    assert shown("  cafe\u0301 \n\n 👩\u200d🚀\t") == f"café {BOX}"


@given(
    text=st.text(st.characters(codec="utf-8"), max_size=400),
    width=st.integers(40, 900),
    height=st.integers(12, 600),
    weight=st.sampled_from(["regular", "bold"]),
)
def test_typeset_text_stays_in_its_box(text: str, width: int, height: int, weight: Weight) -> None:
    block = typeset(shown(text), Size(width, height), (12, 60), weight)
    assert block.height <= height
    assert all(width_of(line, block.size, weight) <= width + 1 for line in block.lines)


@given(text=st.text("abcdefgh ", min_size=1, max_size=120), width=st.integers(200, 900))
def test_typeset_text_loses_no_word_without_an_ellipsis(text: str, width: int) -> None:
    block = typeset(text, Size(width, 300), (12, 60), "bold")
    if not block.lines or not block.lines[-1].endswith("…"):
        assert "".join(block.lines).replace(" ", "") == text.replace(" ", "")


def luminance(color: Rgb) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    parts = [value / 255 for value in color]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Rgb, other: Rgb) -> float:
    """Contrast of two colours, as WCAG 2.2 defines it."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", PALETTES, ids=str)
@pytest.mark.parametrize("behind", [0, 255])
def test_text_has_contrast_over_any_picture(palette: Any, behind: int) -> None:
    red, green, blue = ((behind * (255 - VEIL) + value * VEIL) // 255 for value in palette.pale)
    assert contrast(palette.deep, (red, green, blue)) >= 4.5
    assert contrast(palette.strong, palette.pale) >= 4.5


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
@pytest.mark.parametrize("size", [Size(64, 64), Size(7680, 32), Size(32, 7680), Size(300, 200)], ids=str)
def test_a_scene_fills_any_shape(scene: Any, size: Size) -> None:
    for seed in "abcdef":
        image = scene(size, Dice(seed))
        assert (image.mode, image.size) == ("L", tuple(size))


# --- the provider -----------------------------------------------------------------------------------------


@pytest.fixture
def notes(tmp_path: Path) -> LocalNote:
    return LocalNote(tmp_path)


def opened() -> Provider:
    return DraftProvider("sketch", ProviderTable(kind="draft", concurrency=4))


def test_what_is_submitted_can_be_collected_by_another_process(notes: LocalNote) -> None:
    order = dataclasses.replace(FOX, n=3, candidates=(2, 3, 7))
    asyncio.run(opened().submit(order, notes, Ignore()))
    delivery = asyncio.run(opened().collect(LocalNote(notes.folder)))
    assert [path.name for path in delivery.images] == ["image-1", "image-2", "image-3"]
    assert [path.read_bytes() for path in delivery.images] == [draw(order, at) for at in order.candidates]
    assert (delivery.usage, delivery.request) == ({}, "")


def test_an_answer_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    bodies = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        note = LocalNote(tmp_path / name)
        asyncio.run(opened().submit(dataclasses.replace(FOX, candidates=(1, 2)), note, Ignore()))
        bodies.append(note.body.read_bytes())
    assert bodies[0] == bodies[1]


def test_a_broken_answer_is_a_failed_call_that_cost_nothing(notes: LocalNote) -> None:
    notes.body.write_bytes(b"half an answer")
    with pytest.raises(CallFailed) as caught:
        asyncio.run(opened().collect(notes))
    assert caught.value.category == "passing"


def test_a_draft_provider_lacks_nothing() -> None:
    provider = opened()
    assert (provider.name, provider.kind, provider.concurrency, provider.max_n_per_request) == (
        "sketch",
        "draft",
        4,
        1,
    )
    assert provider.ready() is None
    asyncio.run(provider.close())
