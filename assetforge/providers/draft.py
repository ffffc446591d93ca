"""A provider that draws placeholders: offline, for nothing, the same bytes for the same order.

It draws the pictures of `--on-miss draft` too. Unaware of keys, prices and the store; that its pictures are
placeholders is known to whoever asks for them.
"""

import asyncio
import hashlib
import io
import zipfile
from pathlib import Path

from PIL import Image

from assetforge import atomic
from assetforge.errors import Problem
from assetforge.model import Size
from assetforge.providers import draft_edit
from assetforge.providers.draft_color import PALETTES, Palette, printed
from assetforge.providers.draft_ground import apart, ground_of, is_clear, kept_apart, stand_on
from assetforge.providers.draft_page import (
    Box,
    Page,
    caption,
    initials,
    is_small,
    number,
    rounded,
    title,
)
from assetforge.providers.draft_scene import Dice, compose
from assetforge.providers.spec import Asking, CallFailed, Delivery, Note, Order, ProviderTable

QUALITY = 85


class DraftProvider:
    """Draws what it is asked for; satisfies `Provider`."""

    kind = "draft"

    def __init__(self, name: str, table: ProviderTable) -> None:
        self.name = name
        self.concurrency = table.concurrency
        self.max_n_per_request = table.max_n_per_request

    def ready(self) -> Problem | None:
        """Nothing is ever missing."""
        return None

    async def submit(self, order: Order, note: Note, asking: Asking) -> None:
        """Draws every candidate and leaves them in the note. Raises CallFailed for a broken input."""
        await asking.admit()
        pictures = [await asyncio.to_thread(draw, order, candidate) for candidate in order.candidates]
        # What is drawn again for nothing need not survive a loss of power.
        atomic.write(str(note.body), packed(pictures), durable=False)

    async def collect(self, note: Note) -> Delivery:
        """Takes the pictures out of a note's answer into files of its folder. Raises CallFailed."""
        images: list[Path] = []
        for at, picture in enumerate(unpacked(note.body), start=1):
            images.append(note.folder / f"image-{at}")
            atomic.write(str(images[-1]), picture, durable=False)
        return Delivery(tuple(images))

    async def close(self) -> None:
        """There are no connections to let go of."""


def packed(pictures: list[bytes]) -> bytes:
    """Several files as one, without names, clocks and compression."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for at, picture in enumerate(pictures, start=1):
            archive.writestr(zipfile.ZipInfo(f"image-{at}"), picture)
    return buffer.getvalue()


def unpacked(body: Path) -> list[bytes]:
    """The files that `packed` put together, in order. Raises CallFailed."""
    try:
        with zipfile.ZipFile(body) as archive:
            return [archive.read(name) for name in archive.namelist()]
    except (OSError, zipfile.BadZipFile):
        raise CallFailed("passing", "the drawn pictures can't be read", "build again to draw them anew") from None


def draw(order: Order, candidate: int) -> bytes:
    """One candidate of an order as an encoded picture of the order's size and format.

    Raises CallFailed where an input picture can't be read.
    """
    palette, ground = palette_of(order, candidate), ground_of(order)
    if ground is not None:
        palette = apart(palette, ground)
    picture = scene_of(order, candidate, palette)
    if ground is not None:
        picture = kept_apart(picture, palette, ground)
    page = Page(picture, frame_of(order), palette)
    letter(page, order, candidate)
    if is_clear(order):
        return encoded(cut_out(page), order)
    return encoded(page.picture if ground is None else stand_on(page, ground), order)


def frame_of(order: Order) -> Box:
    """The part of a picture that is drawn on: a card, where something else is to be around it."""
    frame = Box(0, 0, *order.size)
    if is_clear(order):
        return frame.inset(min(order.size) // 32)
    return frame if ground_of(order) is None else frame.inset(max(1, min(order.size) // 12))


def palette_of(order: Order, candidate: int) -> Palette:
    """The colours that follow from model and prompt, in every size.

    Candidates of a generation share them; those of an edit, which all show its input, are told apart by them.
    """
    first = hashlib.sha256(f"{order.model}\0{order.prompt}".encode()).digest()[0]
    step = 5 * (candidate - 1) if order.operation == "edit" else 0
    return PALETTES[(first + step) % len(PALETTES)]


def scene_of(order: Order, candidate: int, palette: Palette) -> Image.Image:
    """The picture below the text: a scene, or an edit's first input."""
    if order.pictures:
        return draft_edit.base(order.pictures[0], order.size, palette)
    seed = f"{order.operation}\0{order.model}\0{order.prompt}\0{order.size}\0{candidate}"
    return printed(compose(order.size, Dice(seed)), palette)


def letter(page: Page, order: Order, candidate: int) -> None:
    """Marks and writes on a picture what its size has room for."""
    facts = f"{order.size} · {order.quality} · draft"
    region = draft_edit.region_of(order.mask, order.size) if order.mask else None
    if region:
        draft_edit.hatch(page, region)
    if is_small(page.frame.size):
        initials(page, order.prompt)
        return
    if order.operation == "edit":
        panel = draft_edit.note(draft_edit.open_part(page, region), order.prompt, facts, region)
        draft_edit.thumbnails(page, order.pictures[1:], panel)
    else:
        panel = title(page, order.prompt)
        caption(page, facts)
    if candidate > 1:
        number(page, candidate, panel)


def cut_out(page: Page) -> Image.Image:
    """The frame as a card with round corners, transparent around it."""
    size = Size(*page.picture.size)
    alpha = Image.new("L", size, 0)
    alpha.paste(rounded(page.frame.size, page.short // 14), page.frame[:2])
    page.picture.putalpha(alpha)
    return page.picture


def encoded(picture: Image.Image, order: Order) -> bytes:
    """A picture in the order's format; nobody waits for a placeholder to be small."""
    buffer = io.BytesIO()
    quality = QUALITY if order.compression is None else order.compression
    if order.format == "png":
        picture.save(buffer, "PNG", compress_level=1)
    elif order.format == "jpeg":
        picture.save(buffer, "JPEG", quality=quality, subsampling=0)
    else:
        picture.save(buffer, "WEBP", quality=quality, method=0)
    return buffer.getvalue()
