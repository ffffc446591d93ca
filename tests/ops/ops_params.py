"""Operations as a manifest's steps, and what hypothesis may choose for the parameters of each."""

from typing import Any

from hypothesis import strategies as st
from PIL import Image

from assetforge.model import Shape
from assetforge.ops.table import OPS
from tests.ops.ops_pictures import FRACTIONS, PLACES, SIDES

COLORS = st.sampled_from(["white", "#0f766e", "#f008", "transparent", "rgb(1, 2, 3)", "hsl(120, 50%, 50%)"])
FITS = st.sampled_from(["cover", "contain", "fill", "inside", "outside"])
EXACT_FITS = st.sampled_from(["cover", "contain", "fill"])
FILTERS = st.sampled_from(["lanczos", "bicubic", "bilinear", "box", "nearest"])
OPAQUE = st.sampled_from(["white", "black", "#0f766e", "rgb(1, 2, 3)"])
KEYS = st.sampled_from(["auto", "#00ff00", "white", "#808080", "magenta"])
FACTORS = st.floats(0, 10)
COORDINATES = st.one_of(FRACTIONS, st.floats(0, 70), st.integers(0, 70))
EXTENTS = st.one_of(st.floats(0.01, 1), st.floats(0.5, 70), st.integers(1, 70))


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A table in which any of the keys may be left out."""
    return st.fixed_dictionaries({}, optional=fields)


def with_sides(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A table with both sides, and any of the other keys."""
    return st.fixed_dictionaries({"width": SIDES, "height": SIDES}, optional=fields)


RESIZES = some(width=SIDES, height=SIDES, fit=FITS, position=PLACES, upscale=st.booleans(), filter=FILTERS).filter(
    lambda table: "width" in table or "height" in table
)

CROPS = st.one_of(
    st.fixed_dictionaries({"x": COORDINATES, "y": COORDINATES, "width": EXTENTS, "height": EXTENTS}),
    st.fixed_dictionaries(
        {"aspect": st.sampled_from(["16:9", "1:1", "1.91:1", "1:300", "99:1"])}, optional={"position": PLACES}
    ),
)

OVERLAYS = st.fixed_dictionaries(
    {"image": st.just("@other")},
    optional={
        "position": PLACES,
        "offset": st.tuples(st.integers(-70, 70), st.integers(-70, 70)),
        "scale": st.floats(0.01, 4),
        "opacity": FRACTIONS,
        "blend": st.sampled_from(["normal", "multiply", "screen"]),
    },
)

SHAPES = st.lists(
    st.one_of(
        st.builds(Shape, st.sampled_from(["rect", "ellipse"]), st.tuples(*[st.floats(-1, 70)] * 4)),
        st.builds(Shape, st.just("polygon"), st.tuples(*[st.floats(-2, 70)] * 6)),
    ),
    min_size=1,
    max_size=3,
)

TEXTS = st.fixed_dictionaries(
    {"text": st.text("abc AV.\n-", max_size=12)},
    optional={
        "size": st.floats(1, 30),
        "color": COLORS,
        "box": st.tuples(FRACTIONS, FRACTIONS, st.floats(0.1, 1), st.floats(0.1, 1)),
        "align": st.sampled_from(["left", "center", "right"]),
        "valign": st.sampled_from(["top", "middle", "bottom"]),
        "line_height": st.floats(0.5, 2),
        "stroke": st.one_of(st.floats(0.1, 3), st.fixed_dictionaries({"width": st.integers(1, 3), "color": COLORS})),
    },
)

PARAMS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "resize": RESIZES,
    "crop": CROPS,
    "pad": with_sides(position=PLACES, color=COLORS),
    "flatten": some(color=st.sampled_from(["white", "#0f766e", "rgb(1, 2, 3)"])),
    "overlay": OVERLAYS,
    "trim": some(tolerance=st.integers(0, 254), margin=st.integers(0, 9)),
    "cutout": some(color=KEYS, tolerance=st.integers(0, 254), feather=st.integers(0, 5)),
    "rotate": st.fixed_dictionaries(
        {"degrees": st.one_of(st.floats(-360, 360), st.sampled_from([-90, 0, 180, 270]))}
    ),
    "flip": some(direction=st.sampled_from(["horizontal", "vertical"])),
    "round": st.fixed_dictionaries({"radius": st.one_of(st.floats(0, 40), st.integers(0, 9999))}),
    "border": st.fixed_dictionaries({"width": st.integers(0, 20)}, optional={"color": COLORS}),
    "shadow": some(blur=st.floats(0, 20), offset=st.tuples(*[st.integers(-70, 70)] * 2), color=COLORS),
    "grayscale": st.just({}),
    "tint": st.fixed_dictionaries({"color": OPAQUE}, optional={"amount": FRACTIONS}),
    "adjust": some(brightness=FACTORS, contrast=FACTORS, saturation=FACTORS),
    "blur": st.fixed_dictionaries({"radius": st.floats(0, 50)}),
    "sharpen": some(radius=st.floats(0, 50)),
    "quantize": st.fixed_dictionaries({"colors": st.integers(2, 256)}, optional={"dither": st.booleans()}),
    "pixelate": st.fixed_dictionaries({"size": st.integers(1, 80)}),
    "atlas": some(layout=st.sampled_from(["grid", "packed"]), padding=st.integers(0, 9)),
    "text": TEXTS,
    "_fit": with_sides(fit=EXACT_FITS, position=PLACES),
    "_extend": with_sides(filter=FILTERS),
    "_cut_back": with_sides(),
    "_preserve": some(feather=st.integers(0, 12)),
    "_draw_mask": st.fixed_dictionaries({"shapes": SHAPES}),
    "_as_mask": st.just({}),
    "_at_least": with_sides(family=st.just("pwa"), one=st.booleans()).map(lambda table: {"family": "pwa", **table}),
    "_mount": with_sides(
        fit=st.sampled_from(["cover", "contain"]),
        position=PLACES,
        zone=st.sampled_from(["square", "circle"]),
        share=FRACTIONS,
        whole=FRACTIONS,
        color=COLORS,
        disc=st.booleans(),
    ),
}
INPUTS = {"atlas": 3, "overlay": 2, "_cut_back": 2, "_preserve": 3}


def run(name: str, params: dict[str, Any], *images: Image.Image) -> Image.Image:
    """One operation as a step of a manifest would run it."""
    op = OPS[name]
    return op.apply(op.params.model_validate(params), images)
