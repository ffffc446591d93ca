"""A picture's file as it is sent; unaware of which pictures may be."""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from assetforge.digest import digest_bytes

TYPES: Mapping[str, str] = {
    "avif": "image/avif",
    "gif": "image/gif",
    "ico": "image/x-icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "svg": "image/svg+xml",
    "webp": "image/webp",
}
UNKNOWN = "application/octet-stream"
# The name stands for the bytes. The cookie is not asked for again: who has them was let in.
CACHE = "private, max-age=604800, immutable"
# A picture that is opened by itself is a document, an SVG one that could run scripts.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"
_BY_DIGEST = re.compile(r"([0-9a-f]{64})\.[a-z]+")


def headers(name: str) -> dict[str, str]:
    """The headers that a picture of this name is sent with."""
    kind = TYPES.get(name.rpartition(".")[2], UNKNOWN)
    return {"Content-Type": kind, "Cache-Control": CACHE, "Content-Security-Policy": POLICY}


def read(path: Path, name: str) -> bytes | None:
    """The bytes of a picture's file, None where it is gone or is not a file. What is named by its own digest and has
    another by now is gone too: an output may be written over, or a link be put in its place."""
    try:
        data = _read(path)
    except OSError:
        return None
    named = _BY_DIGEST.fullmatch(name)
    return None if named is not None and digest_bytes(data) != named[1] else data


def _read(path: Path) -> bytes:
    # A pipe in the place of a file would be waited for.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is no file")
        return file.read()
