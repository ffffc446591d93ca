"""The looks of outputs: what the lock or the store remembers, and those of files that nobody looked at yet."""

import os
from collections.abc import Iterable

from assetforge.digest import digest_bytes
from assetforge.model import Look, Record, Rendition
from assetforge.ops.decode import measure
from assetforge.ops.look import look
from assetforge.ops.spec import OpFailed
from assetforge.paths import PathError
from assetforge.run.bytes import BytesGone
from assetforge.store.record_format import read_look
from assetforge.workspace import Workspace

Output = tuple[Rendition, Record]


class Looks:
    """Looks by the digest of the file. `measured` are those that the store does not know."""

    def __init__(self, space: Workspace) -> None:
        self.measured: dict[str, Look] = {}
        self._space = space
        self._known: dict[str, Look] = {}

    def look_up(self, record: Record) -> Look | None:
        """The look of an output, as far as it is known without opening its file."""
        digest = record.media.digest
        if record.look is not None:
            self._known[digest] = record.look
        elif digest not in self._known:
            told = self._space.shelf.records.recall(f"look:{digest}")
            found = read_look(told.get("color"), told.get("placeholder")) if told else None
            if found is None:
                return None
            self._known[digest] = found
        return self._known[digest]

    def measure(self, outputs: Iterable[Output], jobs: int | None) -> None:
        """Looks at the files of outputs that nobody looked at, in as many threads as there are `jobs`, or else cores.
        What can't be read stays unknown."""
        unknown = {record.media.digest: (step, record) for step, record in outputs if not self.look_up(record)}
        if not unknown:
            return
        from concurrent.futures import ThreadPoolExecutor  # a plan looks at nothing

        threads = min(jobs or os.cpu_count() or 1, len(unknown))
        with ThreadPoolExecutor(threads, thread_name_prefix="assetforge") as pool:
            found = zip(unknown, pool.map(self._seen, unknown.values()), strict=True)
            self.measured |= {digest: seen for digest, seen in found if seen is not None}
        self._known |= self.measured

    def of(self, record: Record) -> Look | None:
        """The look of a record whose output was looked up or measured."""
        return record.look or self._known.get(record.media.digest)

    @property
    def facts(self) -> dict[str, dict[str, str]]:
        """What the store should remember."""
        return {f"look:{digest}": {"color": seen.color, "placeholder": seen.placeholder}
                for digest, seen in self.measured.items()}  # fmt: skip

    def _seen(self, output: Output) -> Look | None:
        step, record = output
        try:
            return look(self._bytes_of(step, record), step.path)
        except (OpFailed, BytesGone, OSError):
            return None

    def _bytes_of(self, step: Rendition, record: Record) -> bytes:
        """The file's bytes, or where it was encoded by another version those with the same pixels. Raises BytesGone,
        OSError."""
        try:
            with open(self._space.root.readable(step.path, text=False), "rb") as file:
                data = file.read()
            if digest_bytes(data) == record.media.digest or measure(data, step.path).pixels == record.media.pixels:
                return data
        except (OpFailed, PathError, OSError):
            pass
        return self._space.content.read(record.media)
