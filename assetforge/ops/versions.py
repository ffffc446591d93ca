"""Which libraries encode pictures here, and in which versions: another one may pack the same pixels otherwise."""

from collections.abc import Iterable

from assetforge.ops.pillow import features

# What encodes a format beside Pillow, the first of these that is there.
LIBRARIES = {
    "png": ("zlib_ng", "zlib"),
    "ico": ("zlib_ng", "zlib"),
    "icns": ("zlib_ng", "zlib"),
    "jpeg": ("libjpeg_turbo", "jpg"),
    "webp": ("webp",),
    "avif": ("avif",),
}
NAMES = {
    "zlib_ng": "zlib-ng",
    "libjpeg_turbo": "libjpeg-turbo",
    "jpg": "libjpeg",
    "webp": "libwebp",
    "avif": "libavif",
}


def encoders_of(formats: Iterable[str]) -> str:
    """`Pillow 12.1.0, libwebp 1.6.0`: what encodes these formats."""
    found = {"Pillow": features.version("pil")}
    for form in sorted(formats):
        known = [name for name in LIBRARIES.get(form, ()) if features.version(name)]
        if known:
            found[NAMES.get(known[0], known[0])] = features.version(known[0])
    return ", ".join(f"{name} {version}" for name, version in found.items())
