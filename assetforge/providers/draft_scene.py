"""The compositions of drafts, in grey levels: hills, a rising sun, bands, arches, tiles and moons.

Unaware of colours, text and orders. A scene is drawn larger than it is shown and scaled down, which smooths
its edges; every coordinate is a whole number, chosen by bytes of a digest.
"""

import hashlib
from collections.abc import Callable

from PIL import Image, ImageDraw

from assetforge.model import Size

Scene = Callable[[Size, "Dice"], Image.Image]


class Dice:
    """Whole numbers that follow from a text and nothing else, in the order they are asked for."""

    def __init__(self, seed: str) -> None:
        self._bytes = iter(hashlib.shake_256(seed.encode()).digest(2048))

    def between(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included."""
        return low + (high - low) * next(self._bytes) // 255

    def either(self) -> bool:
        """Yes or no."""
        return next(self._bytes) < 128


def compose(size: Size, dice: Dice) -> Image.Image:
    """A scene of this size in grey levels (mode L), smooth at its edges."""
    fold = 2 if max(size) >= 400 else 4
    scene = SCENES[dice.between(0, len(SCENES) * 100 - 1) // 100]
    return scene(Size(size.width * fold, size.height * fold), dice).reduce(fold)


def sky(size: Size, top: int, bottom: int) -> Image.Image:
    """A level that changes evenly from the top to the bottom."""
    column = Image.linear_gradient("L").resize((1, size.height), Image.Resampling.BILINEAR, box=(0, 0, 1, 256))
    levels = [top + (bottom - top) * level // 255 for level in range(256)]
    return column.point(levels).resize(size, Image.Resampling.NEAREST)


def disc(draw: ImageDraw.ImageDraw, center: tuple[int, int], radius: int, level: int) -> None:
    """A filled circle."""
    x, y = center
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=level)


def wave(x: int, period: int) -> int:
    """A smooth wave between -1000 and 1000, made of parabolas: platforms differ in their sines."""
    half = period // 2
    turn, at = divmod(x % (2 * half), half)
    height = 4000 * at * (half - at) // (half * half)
    return -height if turn else height


def hills(size: Size, dice: Dice) -> Image.Image:
    """Ranges of hills before a low sun, by day or by night."""
    width, height = size
    short = min(size)
    day = dice.either()
    tones = sky(size, *((120, 250) if day else (10, 165)))
    draw = ImageDraw.Draw(tones)
    horizon = height * dice.between(56, 64) // 100
    sun = (width * dice.between(18, 82) // 100, horizon - short * dice.between(0, 8) // 100)
    for radius, level in ((20, 8), (15, 16)):
        glow = tones.getpixel((0, min(height - 1, max(0, sun[1]))))
        disc(draw, sun, short * radius // 100, min(255, int(str(glow)) + level))
    disc(draw, sun, short * 10 // 100, 255)
    far, near = (170, 14) if day else (118, 4)
    layers = 5
    for layer in range(layers):
        level = far + (near - far) * layer // (layers - 1)
        base = horizon + (height - horizon) * layer * 19 // 100
        ridge(draw, size, (base, short * dice.between(4, 8) // 100, dice.between(0, 4000)), level)
    return tones


def ridge(draw: ImageDraw.ImageDraw, size: Size, form: tuple[int, int, int], level: int) -> None:
    """One range of hills down to the bottom; `form` is its height, its swing and where its wave begins."""
    base, swing, phase = form
    width, height = size
    long = max(width * 9 // 10, min(size))
    step = max(1, width // 160)
    start = long * phase // 4000
    line = [
        (x, base - swing * (wave(x + start, long) * 2 + wave(x + start * 3, long * 2 // 5)) // 3000)
        for x in range(0, width + step, step)
    ]
    draw.polygon([(0, height), *line, (width + step, height)], fill=level)


def sunrise(size: Size, dice: Dice) -> Image.Image:
    """Rings around a sun that stands low, ever calmer outwards."""
    width, height = size
    short = min(size)
    light = dice.either()
    tones = sky(size, *((150, 120) if light else (20, 50)))
    draw = ImageDraw.Draw(tones)
    center = (width * dice.between(15, 85) // 100, height * dice.between(70, 96) // 100)
    rings = dice.between(6, 8)
    edge = 130 if light else 40
    for ring in range(rings, 0, -1):
        level = 255 - (255 - edge) * ring // (rings + 1) - (14 if ring % 2 else 0)
        disc(draw, center, short * (7 + 11 * ring) // 100, level)
    disc(draw, center, short * 11 // 100, 255)
    return tones


def bands(size: Size, dice: Dice) -> Image.Image:
    """Slanted bands that grow lighter, with a sun before or behind them."""
    width, height = size
    short = min(size)
    tones = sky(size, 30, 60)
    draw = ImageDraw.Draw(tones)
    lean = height * dice.between(50, 90) // 100
    count = dice.between(6, 8)
    broad = short * dice.between(15, 19) // 100
    first = width * dice.between(20, 45) // 100 - count * broad // 4
    for band in range(count):
        left = first + band * broad
        corners = [(left, height), (left + lean, 0), (left + broad + lean, 0), (left + broad, height)]
        draw.polygon(corners, fill=60 + 165 * band // (count - 1))
    end = first + count * broad
    draw.polygon([(end, height), (end + lean, 0), (2 * width + lean, 0), (2 * width, height)], fill=238)
    sun = (width * dice.between(15, 85) // 100, height * dice.between(64, 78) // 100)
    disc(draw, sun, short * 17 // 100, 128)
    disc(draw, sun, short * 14 // 100, 252)
    if dice.either():
        return tones.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return tones


def arches(size: Size, dice: Dice) -> Image.Image:
    """Arches within arches that stand on the bottom edge and before one another."""
    width, height = size
    short = min(size)
    light = dice.either()
    tones = sky(size, *((205, 245) if light else (18, 50)))
    draw = ImageDraw.Draw(tones)
    count = min(12, max(3, (width * 3 + height) // height))
    order = sorted(range(count), key=lambda at: (at * 7 + 3) % count)
    for at in order:
        x = width * (2 * at + 1) // (2 * count) + short * dice.between(-8, 8) // 100
        y = height + short * dice.between(-6, 10) // 100
        radius = short * dice.between(30, 52) // 100
        arch(draw, (x, y), radius, dice.between(0, 3))
    return tones


def arch(draw: ImageDraw.ImageDraw, center: tuple[int, int], radius: int, scheme: int) -> None:
    """Five arches within one another; `scheme` picks their levels."""
    levels = (
        (40, 215, 90, 240, 128),
        (200, 60, 170, 20, 235),
        (128, 245, 64, 190, 30),
        (15, 150, 230, 80, 200),
    )
    x, y = center
    for inner, level in enumerate(levels[scheme]):
        reach = radius * (5 - inner) // 5
        disc(draw, center, reach, level)
        draw.rectangle((x - reach, y, x + reach, y + 2 * radius), fill=level)


def tiles(size: Size, dice: Dice) -> Image.Image:
    """A grid of quarter circles, half circles and discs."""
    width, height = size
    tones = Image.new("L", size, 128)
    draw = ImageDraw.Draw(tones)
    side = max(min(size) // 4, max(size) // 12)
    levels = (14, 64, 110, 150, 192, 225, 250)
    for top in range(-(-height // side) * side - side, -side, -side):
        for left in range(0, width, side):
            ground = dice.between(0, 6)
            shape = levels[(ground + dice.between(2, 5)) % 7]
            box = (left, top, left + side - 1, top + side - 1)
            draw.rectangle(box, fill=levels[ground])
            tile(draw, box, dice.between(0, 5), shape)
    return tones


def tile(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], form: int, level: int) -> None:
    """One form in a square: a quarter circle in one of its corners, a disc, or a disc with a core."""
    left, top, right, bottom = box
    side = right - left + 1
    if form >= 4:
        center = (left + side // 2, top + side // 2)
        disc(draw, center, side * (40 if form == 4 else 24) // 100, level)
        return
    x = left if form % 2 else right
    y = top if form < 2 else bottom
    start = {(0, 0): 90, (1, 0): 0, (0, 1): 180, (1, 1): 270}[(form % 2, form // 2)]
    draw.pieslice((x - side, y - side, x + side, y + side), start, start + 90, fill=level)


def moons(size: Size, dice: Dice) -> Image.Image:
    """Large soft circles that shine through one another."""
    width, height = size
    short = min(size)
    tones = sky(size, *((15, 100) if dice.either() else (140, 40)))
    for level, alpha in ((250, 130), (200, 140), (110, 120), (255, 190), (40, 120)):
        cover = Image.new("L", size, 0)
        center = (width * dice.between(5, 95) // 100, height * dice.between(45, 100) // 100)
        disc(ImageDraw.Draw(cover), center, short * dice.between(16, 42) // 100, alpha)
        tones.paste(level, (0, 0), cover)
    return tones


SCENES: tuple[Scene, ...] = (hills, sunrise, bands, arches, tiles, moons)
