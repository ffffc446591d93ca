"""Output files from pictures: decoded once, changed in memory, encoded, measured; in threads of their own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from assetforge.errors import Problem
from assetforge.model import Action, Media, Picture, Record, Rendition, Size
from assetforge.ops.checks import flaws
from assetforge.ops.decode import measure_file, measured
from assetforge.ops.encode import encode
from assetforge.ops.evaluate import announce, evaluate, evaluate_announced
from assetforge.ops.framing import Rect, frames_of
from assetforge.ops.memo import Memo
from assetforge.ops.own_metadata import kept
from assetforge.ops.provenance import NOTHING, Metadata, marked
from assetforge.ops.spec import OpFailed
from assetforge.outputs.place import Places
from assetforge.outputs.state import Written
from assetforge.plan.action import is_copy
from assetforge.plan.asked import Unmet, lacking, refuse
from assetforge.plan.marks import mark_of, only_source
from assetforge.run.bytes import Bytes, BytesGone
from assetforge.run.otherwise import Pinned, require_pinned
from assetforge.run.unmade import unmade
from assetforge.store.blobs import Blobs


@dataclass(frozen=True, slots=True)
class Rendered:
    """An encoded output, or the file of the store that it is a copy of, and what is known of it; of a sheet, where
    its pictures stand. `remarks` are worth a warning; `is_made` says whether it was made here, not only
    found by its digest, `is_new` whether the file at its path changed."""

    content: bytes | Path
    media: Media
    frames: tuple[Rect, ...] = ()
    remarks: tuple[Problem, ...] = ()
    is_made: bool = True
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Easel:
    """Makes output files, and puts them at their paths, in as many threads as there are cores. `offer` hears of the
    digest of each that is no draft; `pinned` has what must come out as the lock has it."""

    pool: ThreadPoolExecutor
    bytes: Bytes
    blobs: Blobs
    memo: Memo
    places: Places
    offer: Callable[[str], None]
    pinned: Pinned

    def announce(self, step: Rendition, picture: Picture) -> None:
        """A rendition is going to be made: what it shares with others is kept for them."""
        if not is_copy(step, picture):
            announce(picture, self.memo)

    async def make(self, step: Rendition, action: Action, picture: Picture) -> Rendered | Problem:
        """A rendition from its picture, kept in the store, and put at its path."""
        return await self._in_thread(lambda: self._render(step, action, picture), step, action, draft=picture.draft)

    async def restore(self, step: Rendition, action: Action, record: Record, picture: Picture) -> Rendered | Problem:
        """A rendition whose bytes are known, put at its path; made again where they are gone."""

        def known() -> Rendered:
            try:
                return Rendered(self.bytes.file(record.media), record.media, record.frames, is_made=False)
            except (BytesGone, OSError):
                self.announce(step, picture)
                return self._render(step, action, picture)

        return await self._in_thread(known, step, action, draft=picture.draft)

    async def _in_thread(
        self, work: Callable[[], Rendered], step: Rendition, action: Action, *, draft: bool
    ) -> Rendered | Problem:
        def made_and_placed() -> Rendered | Problem:
            rendered = work()
            return self._place(step, rendered, Written(rendered.media.digest, action.key, draft))

        try:
            return await asyncio.get_running_loop().run_in_executor(self.pool, made_and_placed)
        except Unmet as error:
            return error.problem
        except (OpFailed, BytesGone) as error:
            return unmade(step.path, step, error)
        except OSError as error:
            return Problem(f"`{step.path}` can't be made: {(error.strerror or str(error)).lower()}", step.where)

    def _place(self, step: Rendition, rendered: Rendered, written: Written) -> Rendered | Problem:
        try:
            placed = self.places.put(step.path, rendered.content, written=written, where=step.where)
        except OSError as error:
            told = f"`{step.path}` can't be written: {(error.strerror or str(error)).lower()}"
            return Problem(told, step.where)
        return placed if isinstance(placed, Problem) else replace(rendered, content=b"", is_new=placed)

    def _render(self, step: Rendition, action: Action, picture: Picture) -> Rendered:
        if is_copy(step, picture) and picture.media is not None:
            return self._copy(step, picture.media)
        image = evaluate_announced(picture, self.bytes.read, memo=self.memo)
        remarks = self._lacking(step, picture)
        size = Size(*image.size)
        data = encode(image, step.encoding, self._metadata(step, picture))
        del image
        media, seen = measured(data, step.path)
        if step.checks is not None and not picture.draft:
            refuse(step, flaws(step.checks, media, seen))
        require_pinned(step, media, self.pinned(step, action.key))
        self.blobs.put(data, durable=False)
        if not picture.draft:
            self.offer(media.digest)
        # A file of another size, such as an icon's, shows the sheet with its frames elsewhere.
        frames = frames_of(picture, self._size) if media.size == size else ()
        return Rendered(data, media, frames, remarks)

    def _copy(self, step: Rendition, media: Media) -> Rendered:
        """The store's file of a picture's very bytes."""
        file = self.bytes.file(media)
        if step.checks is not None:
            media, seen = measured(self.bytes.read(media), step.path)
            refuse(step, flaws(step.checks, media, seen))
        return Rendered(file, media if media.pixels else measure_file(file, step.path, media.digest))

    def _lacking(self, step: Rendition, picture: Picture) -> tuple[Problem, ...]:
        """What an output lacks of the size it asks for, where only the pixels can tell."""
        is_scaled = step.scale is not None and picture.params is step.scale
        final = picture.inputs[0] if is_scaled else picture
        return () if final.size is not None else lacking(step, self._size(final))

    def _metadata(self, step: Rendition, picture: Picture) -> Metadata:
        """What the file says beside its pixels."""
        mark = mark_of(step, picture)
        if mark == "keep":
            source = only_source(picture)
            return kept(self.bytes.read(source.media), step.path) if source and source.media else NOTHING
        return NOTHING if mark is None else marked(mark)

    def _size(self, picture: Picture) -> Size:
        known = picture.size or self.memo.size(picture.made)
        return known or Size(*evaluate(picture, self.bytes.read, memo=self.memo).size)
