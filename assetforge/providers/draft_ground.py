"""The flat ground that a draft's subject stands on: as a cutout after it takes it away, or as the prompt asks for.

Unaware of scenes and text. The colours of what stands on it are kept so far from it that no cutout takes them too.
"""

import re
from dataclasses import replace

from PIL import Image, ImageChops, ImageColor

from assetforge.providers.draft_color import Palette, Rgb, rgb
from assetforge.providers.draft_page import Page, rounded
from assetforge.providers.spec import Order

ANY = "auto"
# The ground of a draft where a cutout takes whatever is there, and nobody said what: no palette is near it.
MAGENTA: Rgb = (255, 0, 255)
# What people mean by the green of a green screen.
LIME: Rgb = (0, 255, 0)
VIVID = frozenset({"bright", "neon", "pure", "chroma", "key", "vivid"})
# By how many levels in one channel a palette's colours, and all other pixels, differ from the ground at least: the
# default tolerance of `cutout` is 48.
FAR, NEAR = 90, 72

NOUN = re.compile(r"\b(background|backdrop|ground|screen)\b")
FLAT = re.compile(r"\b(flat|plain|solid|uniform|pure|even|clean|seamless|chroma|single-colou?r(ed)?)\b")
HEX = re.compile(r"#(?:[0-9a-f]{6}|[0-9a-f]{3})\b")
BEGINS = re.compile(r"[.;!?\n]|\b(?:on|against|over|with|in|before|behind)\b")
ENDS = re.compile(r"[.;,!?\n]|\b(?:with|and|that)\b")
WORD = re.compile(r"[a-z]+")


def ground_of(order: Order) -> Rgb | None:
    """The colour of an order's ground; None where its picture fills the frame, or its ground is transparent."""
    if is_clear(order):
        return None
    if order.ground and order.ground != ANY:
        return rgb(bytes.fromhex(order.ground[1:7]))
    return asked_for(order.prompt) or (MAGENTA if order.ground else None)


def is_clear(order: Order) -> bool:
    """Whether there is nothing around the subject."""
    return order.background == "transparent" and order.format != "jpeg"


def asked_for(prompt: str) -> Rgb | None:
    """The colour of the flat ground that an English prompt asks for, like `on a flat #00ff00 background`."""
    text = prompt.lower()
    for noun in NOUN.finditer(text):
        before = BEGINS.split(text[max(0, noun.start() - 80) : noun.start()])[-1]
        after = ENDS.split(text[noun.end() : noun.end() + 40])[0]
        color = color_in(before) or color_in(after)
        is_flat = FLAT.search(before + after) or HEX.search(before + after)
        if noun[0] == "screen" and before.split()[-1:] == ["green"]:
            return LIME
        if color and (is_flat or noun[0] in ("background", "backdrop")):
            return color
    return None


def color_in(text: str) -> Rgb | None:
    """The last colour that a text names: in hexadecimal, or by a name that CSS has, in one word or two."""
    found = HEX.findall(text)
    if found:
        return rgb(ImageColor.getrgb(found[-1])[:3])
    words = WORD.findall(text)
    for at in reversed(range(len(words))):
        one, two = words[at], "".join(words[max(0, at - 1) : at + 1])
        if one == "green" and words[max(0, at - 1)] in VIVID:
            return LIME
        for name in (two, one):
            if name in ImageColor.colormap:
                return rgb(ImageColor.getrgb(name)[:3])
    return None


def apart(palette: Palette, ground: Rgb) -> Palette:
    """A palette whose colours are all far from a ground: those that were near go on in their direction."""
    deep, strong, middle, light, pale = (pushed(color, ground) for color in palette.ramp)
    return replace(palette, deep=deep, strong=strong, middle=middle, light=light, pale=pale)


def pushed(color: Rgb, ground: Rgb) -> Rgb:
    """A colour moved straight away from another until it is far from it; to the other side where there are no more
    colours that way."""
    way = [own - behind for own, behind in zip(color, ground, strict=True)]
    most = max(map(abs, way))
    if most >= FAR:
        return color
    longer = [step * FAR // most for step in way] if most else [FAR] * 3
    there, back = (
        rgb([max(0, min(255, behind + turn * step)) for step, behind in zip(longer, ground, strict=True)])
        for turn in (1, -1)
    )
    return max(there, back, key=lambda found: distance(found, ground))


def distance(one: Rgb, other: Rgb) -> int:
    """The largest difference of a channel."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def kept_apart(picture: Image.Image, palette: Palette, ground: Rgb) -> Image.Image:
    """A picture (mode RGB) whose pixels near the ground's colour lean towards the colour of the palette that is
    furthest from it."""
    far = [255 * (abs(level - middle) > NEAR) for middle in ground for level in range(256)]
    red, green, blue = picture.point(far).split()
    near = ImageChops.invert(ImageChops.lighter(ImageChops.lighter(red, green), blue))
    if near.getbbox() is None:
        return picture
    best = max(palette.ramp, key=lambda color: distance(color, ground))
    leaning = Image.blend(picture, Image.new("RGB", picture.size, best), 0.8)
    return Image.composite(leaning, picture, near)


def stand_on(page: Page, ground: Rgb) -> Image.Image:
    """The page's frame as a card with round corners, the ground around it."""
    picture = Image.new("RGB", page.picture.size, ground)
    picture.paste(page.picture.crop(page.frame), page.frame[:2], rounded(page.frame.size, page.short // 14))
    return picture
