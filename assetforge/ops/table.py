"""Every operation by its name; unaware of pictures, keys and files."""

from collections.abc import Mapping

from assetforge.model import Picture
from assetforge.ops import (
    atlas,
    color,
    compose,
    corners,
    cutout,
    detail,
    effects,
    geometry,
    lettering,
    masks,
    mount,
    sending,
    tone,
    turn,
)
from assetforge.ops.plugins import Ops
from assetforge.ops.spec import Op

BUILT_IN: Mapping[str, Op] = {
    op.name: op
    for op in (
        *geometry.OPS,
        *color.OPS,
        *turn.OPS,
        *corners.OPS,
        *cutout.OPS,
        *effects.OPS,
        *tone.OPS,
        *detail.OPS,
        *compose.OPS,
        *lettering.OPS,
        *atlas.OPS,
        *masks.OPS,
        *sending.OPS,
        *mount.OPS,
    )
}
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
