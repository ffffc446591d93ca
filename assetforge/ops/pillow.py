"""Pillow, loaded when something of it is first used: what only plans, lists and checks never loads it.

Its modules stand here under their own names. Annotations of who takes them from here are not evaluated. Unaware of
what is done with pictures.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = [
    "Image",
    "ImageChops",
    "ImageCms",
    "ImageDraw",
    "ImageFilter",
    "ImageFont",
    "ImageMath",
    "ImageStat",
    "PngImagePlugin",
    "features",
]

if TYPE_CHECKING:
    from PIL import (
        Image,
        ImageChops,
        ImageCms,
        ImageDraw,
        ImageFilter,
        ImageFont,
        ImageMath,
        ImageStat,
        PngImagePlugin,
        features,
    )
else:

    class Door:
        """A module of Pillow. What was asked for once is an attribute of the door, so that it costs nothing more."""

        def __init__(self, name: str) -> None:
            self.__name__ = f"PIL.{name}"

        def __getattr__(self, name: str) -> Any:
            # Threads may ask at once: who imports a module holds its lock until it is whole.
            found = getattr(import_module(self.__name__), name)
            setattr(self, name, found)
            return found

    globals().update((name, Door(name)) for name in __all__)
