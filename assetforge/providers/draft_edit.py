"""How a draft shows an edit: its base washed with colour, further pictures as thumbnails, the mask hatched.

Unaware of generated scenes. What is sent is decoded here with Pillow; the pictures come from this project's
own steps and were checked before.
"""

import io
from dataclasses import dataclass, replace

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from assetforge.model import Size
from assetforge.providers.draft_color import Palette, Rgb, printed
from assetforge.providers.draft_page import Box, Page, faded, headline, is_small, panel, rounded, write
from assetforge.providers.draft_type import Block, shown, typeset
from assetforge.providers.spec import CallFailed, Upload

WASH = 0.30  # how much of the base's colours gives way to the palette's
MOST_THUMBNAILS = 4


def decoded(upload: Upload) -> Image.Image:
    """A sent picture's pixels, upright. Raises CallFailed."""
    try:
        with Image.open(io.BytesIO(upload.data)) as image:
            return ImageOps.exif_transpose(image).convert("RGBA" if image.has_transparency_data else "RGB")
    except (OSError, SyntaxError, ValueError):
        raise CallFailed("refused", f"the picture `{upload.name}` can't be read") from None


def covering(image: Image.Image, size: Size) -> Image.Image:
    """A picture scaled to cover a size, what is too much cut off evenly at both sides."""
    width, height = image.size
    broad, high = (
        min(width, -(-height * size.width // size.height)),
        min(height, -(-width * size.height // size.width)),
    )
    left, top = (width - broad) // 2, (height - high) // 2
    box = (left, top, left + max(1, broad), top + max(1, high))
    return image.resize(size, Image.Resampling.BICUBIC, box=box, reducing_gap=2.0)


def opaque(image: Image.Image, ground: Rgb) -> Image.Image:
    """A picture (mode RGB) with its transparent parts on a colour."""
    if image.mode == "RGB":
        return image
    below = Image.new("RGBA", image.size, (*ground, 255))
    return Image.alpha_composite(below, image).convert("RGB")


def base(upload: Upload, size: Size, palette: Palette) -> Image.Image:
    """What an edit starts from: a sent picture, washed with colour. Raises CallFailed."""
    return washed(opaque(covering(decoded(upload), size), palette.pale), palette)


def washed(base: Image.Image, palette: Palette) -> Image.Image:
    """A picture leaning towards a palette, light and shade kept, so that each edit of a chain is seen."""
    return Image.blend(base, printed(base.convert("L"), palette), WASH)


def region_of(mask: Upload, size: Size) -> Image.Image:
    """The part to be edited (mode L, 255 there): where the mask is transparent. Raises CallFailed."""
    alpha = decoded(mask).convert("RGBA").getchannel("A")
    return covering(alpha, size).point([255] * 128 + [0] * 128)


def hatch(page: Page, region: Image.Image) -> None:
    """Tints the region, hatches it and draws its outline."""
    palette, size = page.palette, Size(*page.picture.size)
    gap = max(6, min(size) // 32)
    thick = max(2, gap // 5)
    page.picture.paste(palette.strong, (0, 0), faded(region, 120))
    page.picture.paste(palette.pale, (0, 0), faded(ImageChops.multiply(region, stripes(size, gap, thick)), 150))
    edge = region.filter(ImageFilter.BoxBlur(thick))
    page.picture.paste(palette.pale, (0, 0), edge.point([rim(level) for level in range(256)]))


def rim(level: int) -> int:
    """Opaque where a blurred edge is halfway, fading out to both sides."""
    return max(0, min(255, 2 * (255 - abs(2 * level - 255)) - 128))


def stripes(size: Size, gap: int, thick: int) -> Image.Image:
    """Diagonal lines (mode L), smooth at their edges."""
    width, height = size.width * 2, size.height * 2
    mask = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(mask)
    for left in range(-height, width, gap * 2):
        right = left + thick * 2
        draw.polygon([(left, height), (left + height, 0), (right + height, 0), (right, height)], fill=255)
    return mask.reduce(2)


def is_low(region: Image.Image | None) -> bool:
    """Whether more of a region lies in the lower half, so that a panel there would hide it."""
    if region is None:
        return False
    upper, lower = region.resize((1, 2), Image.Resampling.BOX).tobytes()
    return lower > upper


@dataclass(frozen=True, slots=True)
class Foot:
    """The last line of an edit's panel: the pencil's mark and the small print."""

    mark: Block
    print: Block
    height: int
    width: int


def foot_of(page: Page, text: str) -> Foot:
    """The last line of a panel as wide as a column at most."""
    small, column = page.small_print, page.column - 2 * page.pad
    mark = typeset("✎ edit", Size(column, small), (min(8, small), small), "bold")
    taken = mark.width + small * 3 // 2
    small_print = typeset(shown(text), Size(max(small, column - taken), small), (min(7, small), small), "regular")
    return Foot(mark, small_print, small * 5 // 3, min(column, taken + small_print.width))


def open_part(page: Page, region: Image.Image | None) -> Page:
    """The part of the page that an edit may change, where it has room for words: what is written elsewhere would
    be gone again where the original is preserved."""
    found = region.getbbox() if region else None
    if found is None:
        return page
    part = Box(*found)
    return page if is_small(part.size) else replace(page, frame=part)


def note(page: Page, prompt: str, text: str, region: Image.Image | None) -> Box:
    """The panel of an edit, at the bottom or, where it hides less of the mask, at the top; in a wide picture
    at the right.

    Returns where it is.
    """
    room, pad = page.room, page.pad
    foot = foot_of(page, text)
    share = room.size.height * (90 if page.wide else 55) // 100
    block = headline(page, prompt, Size(page.column - 2 * pad, share - 3 * pad - foot.height))
    width = min(page.column, max(block.width, foot.width) + 2 * pad) if page.wide else page.column
    height = 3 * pad + foot.height + block.height
    top = room.top if is_low(region) else room.bottom - height
    box = Box(room.right - width, top, room.right, top + height)
    panel(page, box)
    write(page, block, (box.left + pad, box.top + pad), page.palette.deep)
    sign(page, foot, (box.left + pad, box.bottom - pad - foot.height))
    return box


def sign(page: Page, foot: Foot, at: tuple[int, int]) -> None:
    """Writes the last line of a panel."""
    left, top = at
    gap = page.small_print // 2
    chip = Size(foot.mark.width + 2 * gap, foot.height)
    page.picture.paste(page.palette.strong, at, rounded(chip, foot.height // 2))
    for block, x, color in (
        (foot.mark, left + gap, page.palette.pale),
        (foot.print, left + chip.width + gap, page.palette.deep),
    ):
        write(page, block, (x, top + (foot.height - block.size * 3 // 4) // 2), color)


def thumbnails(page: Page, uploads: tuple[Upload, ...], beside: Box) -> None:
    """Further pictures as small cards in a row: next to a panel, or at the lower left of a wide picture."""
    room, gap = page.room, page.pad // 2
    side = max(16, page.short * 16 // 100)
    border = max(2, side // 24)
    if page.wide:
        top = room.bottom - side
    else:
        top = beside.top - gap - side if beside.top > room.top else beside.bottom + gap
    card, inner = Size(side, side), Size(side - 2 * border, side - 2 * border)
    for at, upload in enumerate(uploads[:MOST_THUMBNAILS]):
        left = room.left + at * (side + gap)
        small = opaque(covering(decoded(upload), inner), page.palette.light)
        page.picture.paste(page.palette.pale, (left, top), rounded(card, side // 7))
        page.picture.paste(small, (left + border, top + border), rounded(inner, side // 9))
