"""Placeholders for what is not bought: drawn once for each request, kept apart from everything paid."""

from dataclasses import dataclass

from assetforge.digest import digest_document
from assetforge.model import Call, Record
from assetforge.ops.decode import measure
from assetforge.providers.spec import Order
from assetforge.store.blobs import Blobs
from assetforge.store.records import Records

# Raised when the same request is drawn differently.
DRAWING = 2


@dataclass(frozen=True, slots=True)
class Drafts:
    """The drafts in the store, under keys of their own: a draft is never found where a paid picture is sought."""

    records: Records
    blobs: Blobs

    def find(self, call: Call, candidate: int) -> Record | None:
        """A draft that was drawn before, if its bytes are still here."""
        record = self.records.get(draft_key(call, candidate))
        return record if record is not None and self.blobs.has(record.media.digest) else None

    def draw(self, order: Order, candidate: int) -> bytes:
        """The placeholder's bytes. Raises CallFailed for an input that can't be read."""
        # Who only looks for drafts loads nothing that draws.
        from assetforge.providers.draft import draw

        return draw(order, candidate)

    def keep(self, call: Call, candidate: int, data: bytes) -> Record:
        """Remembers a draft."""
        self.blobs.put(data, durable=False)
        media = measure(data, "draft")
        record = Record(draft_key(call, candidate), media, kind="placeholder")
        self.records.replace(record)
        return record


def draft_key(call: Call, candidate: int) -> str:
    """Everything a draft shows."""
    settings = call.settings
    return digest_document(
        "draft",
        (
            ("drawing", DRAWING),
            ("operation", call.operation),
            ("model", settings.model),
            ("prompt", call.prompt),
            ("size", str(call.size)),
            ("quality", settings.quality),
            ("background", settings.background),
            ("format", settings.format),
            ("compression", settings.compression),
            ("pictures", [picture.made for picture in call.pictures]),
            ("mask", call.mask.made if call.mask else None),
            ("ground", call.ground),
            ("candidate", candidate),
        ),
    )
