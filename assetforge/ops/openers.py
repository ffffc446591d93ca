"""Pillow's readers of files as they are wanted here; unaware of what is read. Importing it loads Pillow."""

import struct
import warnings
import zlib
from collections.abc import Callable
from typing import BinaryIO

from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from assetforge.ops.icons import open_icns, open_ico
from assetforge.ops.spec import MAX_PIXELS

__all__ = ["BROKEN", "OPENERS", "TURNS", "PngImageFile"]

# Pillow warns of large pictures from 89 megapixels on; up to our own limit, checked here, it need not.
if Image.MAX_IMAGE_PIXELS is not None:
    Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, MAX_PIXELS)
# What is wrong in a picture's metadata is of no interest to who builds from its pixels.
warnings.filterwarnings("ignore", module=r"PIL\.(Png|Tiff)ImagePlugin")

BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    ArithmeticError,
    RuntimeError,
    Warning,
    MemoryError,
    AssertionError,
    AttributeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)

# How a picture is turned back, by its EXIF orientation.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class PlainJpegFile(JpegImageFile):
    """A JPEG whose EXIF data isn't searched for a print resolution: broken EXIF would make it warn."""

    def _read_dpi_from_exif(self) -> None:
        return


OPENERS: dict[str, Callable[[BinaryIO, str], Image.Image]] = {
    "png": PngImageFile,
    "jpeg": PlainJpegFile,
    "webp": WebPImageFile,
    "avif": AvifImageFile,
    "gif": GifImageFile,
    "ico": open_ico,
    "icns": open_icns,
}
