"""Pictures for rehearsals of the page: a bay under hills, another one each time; an edit is the sent one at night.

They stand for what a provider would send, so that a draft and a bought picture look as different as they are.
"""

import io
import math
import random

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from assetforge.simulate.drawing import Pieces, Wanted

Color = tuple[int, int, int]

SKIES: tuple[tuple[Color, Color], ...] = (
    ((66, 125, 178), (247, 222, 181)),
    ((94, 84, 142), (250, 178, 140)),
    ((38, 120, 132), (238, 232, 190)),
    ((112, 92, 120), (255, 205, 150)),
)
HILLS: tuple[Color, ...] = ((58, 84, 72), (78, 110, 84), (110, 138, 96))
SAIL: Color = (250, 246, 235)


def scenery(wanted: Wanted) -> Pieces:
    """`draw` for an ImagesServer."""
    sent = [file for file in wanted.call.files if file.field.startswith("image")]
    width, height = map(int, wanted.size.split("x"))
    image = _at_night(sent[0].data, (width, height)) if sent else _bay(wanted.serial, width, height)
    out = io.BytesIO()
    image.save(out, {"jpg": "JPEG", "jpeg": "JPEG"}.get(wanted.format, wanted.format.upper()))
    return (out.getvalue(),)


def _bay(serial: int, width: int, height: int) -> Image.Image:
    chance = random.Random(serial)
    top, low = SKIES[serial % len(SKIES)]
    image = Image.new("RGB", (width, height))
    pen = ImageDraw.Draw(image)
    horizon = height * 62 // 100
    for y in range(horizon):
        pen.line((0, y, width, y), fill=_between(top, low, y / horizon))
    sun, radius = (chance.uniform(0.2, 0.8) * width, chance.uniform(0.28, 0.5) * height), height * 6 // 100
    glow = Image.new("L", image.size)
    ImageDraw.Draw(glow).ellipse(_circle(*sun, radius * 3), fill=90)
    image.paste((255, 244, 214), mask=glow.filter(ImageFilter.GaussianBlur(radius)))
    pen.ellipse(_circle(*sun, radius), fill=(255, 246, 222))
    for index, color in enumerate(HILLS):
        _ridge(pen, chance, color, base=horizon, rise=height * (26 - 7 * index) // 100, width=width)
    for y in range(horizon, height):
        pen.line((0, y, width, y), fill=_between(low, top, 0.25 + 0.75 * (y - horizon) / (height - horizon)))
    for _ in range(140):
        x, y, long = chance.randrange(width), chance.randrange(horizon, height), chance.randrange(8, width // 12)
        pen.line((x, y, x + long, y), fill=_between(low, (255, 255, 255), 0.35), width=max(1, height // 500))
    for _ in range(chance.randrange(2, 5)):
        _boat(pen, chance.uniform(0.08, 0.92) * width, chance.uniform(0.68, 0.88) * height, height / 11)
    return image.filter(ImageFilter.GaussianBlur(height / 1400))


def _ridge(
    pen: ImageDraw.ImageDraw, chance: random.Random, color: Color, *, base: int, rise: int, width: int
) -> None:
    waves = [(chance.uniform(0.6, 3.5), chance.uniform(0, math.tau), chance.uniform(0.15, 0.5)) for _ in range(4)]

    def top(x: int) -> float:
        height = sum(share * math.sin(many * x / width * math.tau + at) for many, at, share in waves)
        return min(base - rise * (0.5 + height / 2), base)

    pen.polygon([(0, base), *[(x, top(x)) for x in range(0, width + 8, 8)], (width, base)], fill=color)


def _boat(pen: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    pen.polygon([(x, y - size * 1.6), (x, y), (x + size * 0.8, y)], fill=SAIL)
    pen.polygon([(x - size * 0.1, y - size * 1.3), (x - size * 0.1, y), (x - size * 0.55, y)], fill=SAIL)
    hull = [(x - size * 0.7, y + size * 0.1), (x + size * 0.9, y + size * 0.1), (x + size * 0.5, y + size * 0.4)]
    pen.polygon([*hull, (x - size * 0.4, y + size * 0.4)], fill=(70, 52, 44))


def _at_night(data: bytes, size: tuple[int, int]) -> Image.Image:
    with Image.open(io.BytesIO(data)) as sent:
        image = sent.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    dark = ImageEnhance.Brightness(ImageEnhance.Color(image).enhance(0.55)).enhance(0.42)
    night = Image.blend(dark, Image.new("RGB", size, (18, 30, 84)), 0.42)
    chance, pen = random.Random(0), ImageDraw.Draw(night)
    for _ in range(90):
        x, y = chance.randrange(size[0]), chance.randrange(size[1] * 4 // 10)
        pen.ellipse(_circle(x, y, chance.choice((0.6, 0.8, 1.2, 1.8)) * size[1] / 700), fill=(244, 244, 255))
    return night


def _circle(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return (x - radius, y - radius, x + radius, y + radius)


def _between(one: Color, other: Color, share: float) -> Color:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
