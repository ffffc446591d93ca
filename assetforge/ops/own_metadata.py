"""What a picture's own file says beside its pixels, as it may stand in a file made from it; unaware of paths."""

from __future__ import annotations

import re

from assetforge.ops.decode import ORIENTATION, read_metadata
from assetforge.ops.pillow import Image
from assetforge.ops.provenance import Metadata

_TURNED = re.compile(rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)[2-8]")


def kept(data: bytes, name: str) -> Metadata:
    """What a picture's file says, as it may stand in a file made from it: the right way up, without a preview that
    would show what was cut away. What can't be read is left out. Raises OpFailed for what is no picture."""
    exif, xmp = read_metadata(data, name)
    return Metadata(_upright(exif), _TURNED.sub(rb"\g<1>1", xmp))


def _upright(exif: bytes) -> bytes:
    if not exif:
        return b""
    from assetforge.ops.openers import BROKEN  # it loads Pillow

    own = Image.Exif()
    try:
        own.load(exif)
        own.pop(ORIENTATION, None)
        # Only what is read is written again, and previews (IFD1) are not.
        return own.tobytes() if len(own) else b""
    except BROKEN:
        return b""
