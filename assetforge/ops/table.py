"""Every operation by its name, loaded when it is used; unaware of pictures, keys and files."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from assetforge.model import Picture
from assetforge.ops.plugins import Ops
from assetforge.ops.spec import Op

# Every module of operations, and what it brings.
MODULES: Mapping[str, tuple[str, ...]] = {
    "geometry": ("resize", "crop", "pad"),
    "color": ("flatten",),
    "turn": ("rotate", "flip"),
    "corners": ("trim",),
    "cutout": ("cutout",),
    "effects": ("round", "border", "shadow"),
    "tone": ("grayscale", "tint", "adjust"),
    "detail": ("blur", "sharpen", "quantize", "pixelate"),
    "compose": ("overlay", "_preserve"),
    "lettering": ("text",),
    "atlas": ("atlas",),
    "masks": ("_draw_mask", "_as_mask"),
    "sending": ("_fit", "_extend", "_cut_back"),
    "mount": ("_at_least", "_mount"),
}


class BuiltIn(Mapping[str, Op]):
    """The operations that are built in. A module is loaded when one of its own is first asked for: there are many,
    and a manifest uses few."""

    def __init__(self) -> None:
        self._module_of = {name: module for module, names in MODULES.items() for name in names}
        self._loaded: dict[str, Op] = {}

    def __getitem__(self, name: str) -> Op:
        if name not in self._loaded:
            module = import_module(f"assetforge.ops.{self._module_of[name]}")
            self._loaded.update((op.name, op) for op in module.OPS)
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._module_of

    def __iter__(self) -> Iterator[str]:
        return iter(self._module_of)

    def __len__(self) -> int:
        return len(self._module_of)


BUILT_IN = BuiltIn()
OPS = Ops(BUILT_IN)

# A name that starts with `_` is a step of our own making: a manifest can't write it.
PUBLIC: tuple[str, ...] = tuple(sorted(name for name in BUILT_IN if not name.startswith("_")))


def step_named(name: str) -> Op | None:
    """The local step that a manifest means by a name; None where there is none. Raises PluginError for one that is
    installed and can't be used."""
    return OPS.get(name) if name in PUBLIC or name not in BUILT_IN else None


def is_font(picture: Picture) -> bool:
    """Whether an input is no picture but a font, whose bytes an operation gets as they are."""
    return picture.media is not None and picture.media.format == "font"
