"""Output files from pictures: decoded once, changed in memory, encoded, measured; in threads of their own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from assetforge.errors import Problem
from assetforge.model import Action, Media, Picture, Record, Rendition
from assetforge.ops.decode import measure, measure_file
from assetforge.ops.encode import encode
from assetforge.ops.memo import Memo
from assetforge.ops.spec import OpFailed
from assetforge.ops.table import evaluate
from assetforge.outputs.place import Places
from assetforge.outputs.state import Written
from assetforge.plan.action import is_copy
from assetforge.run.bytes import Bytes, BytesGone
from assetforge.store.blobs import Blobs


@dataclass(frozen=True, slots=True)
class Rendered:
    """An encoded output, or the file of the store that it is a copy of, and what is known of it."""

    content: bytes | Path
    media: Media


@dataclass(frozen=True, slots=True)
class Easel:
    """Makes output files in as many threads as there are cores."""

    pool: ThreadPoolExecutor
    bytes: Bytes
    blobs: Blobs
    memo: Memo
    places: Places

    async def make(self, step: Rendition, picture: Picture) -> Rendered | Problem:
        """A rendition from its picture, kept in the store unless a draft went into it."""
        return await self._in_thread(lambda: self._render(step, picture), step)

    async def restore(self, step: Rendition, record: Record) -> Rendered | Problem:
        """A rendition whose bytes are known."""
        return await self._in_thread(lambda: Rendered(self.bytes.file(record.media), record.media), step)

    def place(self, step: Rendition, action: Action, rendered: Rendered, *, draft: bool) -> Problem | bool:
        """Puts a rendition at its path; True where the file changed."""
        written = Written(rendered.media.digest, action.key, draft)
        try:
            return self.places.put(step.path, rendered.content, written=written, where=step.where)
        except OSError as error:
            told = f"`{step.path}` can't be written: {(error.strerror or str(error)).lower()}"
            return Problem(told, step.where)

    async def _in_thread(self, work: Callable[[], Rendered], step: Rendition) -> Rendered | Problem:
        try:
            return await asyncio.get_running_loop().run_in_executor(self.pool, work)
        except (OpFailed, BytesGone) as error:
            return Problem(f"`{step.path}`: {error}", step.where)
        except OSError as error:
            return Problem(f"`{step.path}` can't be made: {(error.strerror or str(error)).lower()}", step.where)

    def _render(self, step: Rendition, picture: Picture) -> Rendered:
        if is_copy(step, picture) and picture.media is not None:
            file = self.bytes.file(picture.media)
            known = picture.media.pixels
            return Rendered(file, picture.media if known else measure_file(file, step.path, picture.media.digest))
        data = encode(evaluate(picture, self.bytes.read, memo=self.memo), step.encoding)
        self.blobs.put(data, durable=False)
        return Rendered(data, measure(data, step.path))
