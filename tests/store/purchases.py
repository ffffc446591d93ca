"""A store as a build leaves it: paid calls with their lines, pictures and records."""

import io
from dataclasses import replace
from pathlib import Path

from PIL import Image

from assetforge.model import Record
from assetforge.ops.decode import measure
from assetforge.store.blobs import Blobs
from assetforge.store.ledger import Entry, Ledger
from assetforge.store.records import Records

TIME = "2026-11-22T10:00:00+00:00"


def key_of(number: int) -> str:
    return f"{number:064x}"


def picture(color: int, size: tuple[int, int] = (8, 8)) -> bytes:
    """A PNG of one colour."""
    spooled = io.BytesIO()
    Image.new("RGB", size, (color, 0, 0)).save(spooled, "PNG")
    return spooled.getvalue()


class Buyer:
    """What a build does with a store when an answer came."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dropped: list[str] = []
        self.blobs = Blobs(folder / "blobs", self.dropped.append)
        self.ledger = Ledger(folder / "ledger.jsonl")
        self.records = Records(folder / "records")
        self._calls = 0

    def buy(self, *pictures: bytes | None, first: int = 0, cost: float | None = 0.06) -> list[Record]:
        """One call for candidates with the keys from `first` on; None stands for what is no picture."""
        self._calls += 1
        keys = tuple(key_of(first + number) for number in range(len(pictures)))
        entry = Entry(
            f"{self._calls:032x}", keys, "p1", f"hero[n={first}]", f"hero[n={first}]:generate", TIME,
            usage={"output_tokens": 196}, cost=cost, title="site", provider="openai", kind="images-api",
            model="gpt-image-2", request="req_1",
            ingredients=tuple((("prompt", f"picture {key}"), ("sizes", [8, {"w": 8}])) for key in keys),
        )  # fmt: skip
        self.ledger.received(entry)
        digests = ["" if data is None else self.blobs.put(data, durable=True) for data in pictures]
        self.ledger.stored(entry, time=TIME, digests=tuple(digests))
        good = [(key, told, data) for key, told, data in zip(keys, entry.ingredients, pictures, strict=True) if data]
        made = [
            Record(
                key, measure(data, "x"), "images-api", "gpt-image-2", None if cost is None else cost / len(good),
                made=TIME[:10], usage=entry.usage if len(good) == 1 else {}, request="req_1", ingredients=told,
            )
            for key, told, data in good
        ]  # fmt: skip
        for record in made:
            self.records.put(record)
        self.records.close()
        return made

    def free(self, number: int, kind: str) -> Record:
        """A record of what is made again for nothing, without its picture."""
        record = Record(key_of(number), measure(picture(9), "x"), kind)
        self.records.put(replace(record, media=replace(record.media, digest="e" * 64)))
        self.records.close()
        return record

    def all_records(self) -> dict[str, Record]:
        """Every record there is."""
        found = self.records.get_many(list(self.records.keys()))
        self.records.close()
        return found

    def flip(self, digest: str) -> None:
        """One bit of a blob turns over, as on an old disk."""
        path = self.blobs.path(digest)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.chmod(0o644)
        path.write_bytes(bytes(data))
