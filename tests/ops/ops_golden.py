"""What each version of each operation gives, for good: `python -m tests.ops.ops_golden` adds what is missing.

A digest that is written is never changed here. Other pixels need another version of the operation.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assetforge.model import Shape, Size
from assetforge.ops.decode import pixel_digest
from assetforge.ops.masks import draw_mask
from assetforge.ops.table import OPS
from tests.ops.ops_fonts import BOLD, SANS
from tests.ops.ops_pictures import disc, drawn

FILE = Path(__file__).parent.parent / "golden" / "ops.json"

PHOTO = drawn(61, 43)
GLASS = drawn(61, 43, "RGBA", seed=3)
SMALL = drawn(17, 12, "RGBA", seed=7)
SCREEN = disc(61, 43, color=(200, 60, 40), ground=(6, 248, 12))
MASK = draw_mask([Shape("ellipse", (0.2, 0.2, 0.5, 0.6))], Size(61, 43))
ICON = {"image": "@icon"}

CASES: list[tuple[str, Mapping[str, Any], str]] = [
    *(("resize", {"width": 23, "filter": name}, "glass") for name in ("lanczos", "bicubic", "bilinear")),
    *(("resize", {"width": 23, "filter": name}, "photo") for name in ("lanczos", "box", "nearest")),
    *(("resize", {"width": 30, "height": 30, "fit": fit}, "photo") for fit in ("cover", "contain", "fill")),
    *(("resize", {"width": 30, "height": 30, "fit": fit}, "glass") for fit in ("inside", "outside")),
    ("resize", {"width": 9, "height": 30, "position": [0.2, 1]}, "photo"),
    *(("resize", {"width": 60, "height": side, "fit": "fill"}, "photo") for side in (5, 20, 40)),
    *(("resize", {"width": 90, "height": side, "fit": "fill", "upscale": True}, "glass") for side in (5, 40, 90)),
    ("resize", {"width": 160, "height": 90, "position": "top"}, "photo"),
    ("resize", {"width": 160, "height": 90, "upscale": True}, "glass"),
    ("crop", {"x": 0.1, "y": 0.2, "width": 0.5, "height": 0.33}, "photo"),
    ("crop", {"x": 3, "y": 4, "width": 20, "height": 30}, "glass"),
    ("crop", {"aspect": "1.91:1", "position": "bottom"}, "photo"),
    ("pad", {"width": 80, "height": 64}, "photo"),
    ("pad", {"width": 80, "height": 64, "position": "left", "color": "#0f766e80"}, "glass"),
    ("flatten", {}, "glass"),
    ("flatten", {"color": "hsl(120, 50%, 50%)"}, "glass"),
    *(("overlay", {**ICON, "blend": blend}, "photo small") for blend in ("normal", "multiply", "screen")),
    *(("overlay", {**ICON, "blend": blend}, "glass small") for blend in ("normal", "multiply", "screen")),
    ("overlay", {**ICON, "position": "top-left", "offset": [-5, 30], "scale": 1.7}, "photo small"),
    ("overlay", {**ICON, "opacity": 0.4}, "glass small"),
    ("atlas", {}, "photo small glass mask small"),
    ("atlas", {"layout": "packed", "padding": 3}, "photo small glass mask small"),
    # Glyphs are drawn without hints, and came out alike in FreeType 2.13.3, 2.14.1 and 2.14.3.
    ("text", {"text": "Glyphs, To Avoid", "size": 11}, "photo"),
    ("text", {"text": "AV", "size": 30, "color": "#0f766e80", "stroke": {"width": 1.5, "color": "#fff8"}}, "glass"),
    ("text", {"text": "Hafen\nGröße", "size": 40, "min_size": 6, "font": "a.ttf", "align": "center"}, "glass sans"),
    (
        "text",
        {"text": "To Ж", "size": 9.5, "font": "a.ttf", "align": "right", "valign": "middle", "box": [0.1, 0, 0.9, 1]},
        "photo bold",
    ),
    ("trim", {"tolerance": 2}, "screen"),
    ("trim", {"tolerance": 40, "margin": 9}, "screen"),
    ("trim", {"tolerance": 0, "margin": 3}, "glass"),
    ("cutout", {}, "screen"),
    *(("cutout", {"color": "#0f0", "tolerance": 60, "feather": soft}, "screen") for soft in (0, 1, 4)),
    *(("cutout", {"color": "#808080", "tolerance": 70, "feather": soft}, "glass") for soft in (0, 2)),
    *(("rotate", {"degrees": degrees}, "photo") for degrees in (-90, 180, 33.3)),
    *(("rotate", {"degrees": degrees}, "glass") for degrees in (90, -200.5)),
    *(("flip", {"direction": direction}, "glass") for direction in ("horizontal", "vertical")),
    *(("round", {"radius": radius}, "photo") for radius in (3, 12.3, 9999)),
    ("round", {"radius": 8}, "glass"),
    ("border", {"width": 3}, "photo"),
    ("border", {"width": 2, "color": "#0f766e80"}, "glass"),
    ("shadow", {}, "photo"),
    ("shadow", {"blur": 5.5, "offset": [-7, 20], "color": "#0f766e"}, "glass"),
    ("shadow", {"blur": 0, "offset": [4, 4]}, "small"),
    ("grayscale", {}, "photo"),
    ("grayscale", {}, "glass"),
    ("tint", {"color": "#0f766e"}, "photo"),
    ("tint", {"color": "gold", "amount": 0.3}, "glass"),
    ("adjust", {"brightness": 1.2, "contrast": 0.7, "saturation": 0.4}, "photo"),
    ("adjust", {"contrast": 1.5, "saturation": 2.5}, "glass"),
    *(("blur", {"radius": radius}, "photo") for radius in (0.4, 2, 30)),
    ("blur", {"radius": 3.3}, "glass"),
    ("sharpen", {}, "photo"),
    ("sharpen", {"radius": 2.5}, "glass"),
    *(("quantize", {"colors": colors}, "photo") for colors in (2, 16, 256)),
    *(("quantize", {"colors": 7, "dither": dither}, "glass") for dither in (False, True)),
    *(("pixelate", {"size": size}, "photo") for size in (4, 50)),
    ("pixelate", {"size": 7}, "glass"),
    ("_fit", {"width": 90, "height": 40}, "photo"),
    ("_fit", {"width": 90, "height": 40, "fit": "contain", "position": "right"}, "glass"),
    ("_extend", {"width": 96, "height": 96}, "photo"),
    ("_extend", {"width": 48, "height": 80, "filter": "nearest"}, "glass"),
    ("_cut_back", {"width": 96, "height": 96}, "photo small"),
    ("_preserve", {}, "photo glass mask"),
    ("_preserve", {"feather": 6}, "glass photo mask"),
    ("_draw_mask", {"shapes": [{"kind": "rect", "points": [0.1, 0.1, 0.3, 0.5]}]}, "photo"),
    ("_draw_mask", {"shapes": [{"kind": "polygon", "points": [3, 3, 50, 10, 20, 40]}]}, "photo"),
    ("_as_mask", {}, "glass"),
    ("_at_least", {"family": "pwa", "width": 60, "height": 40}, "glass"),
    ("_mount", {"width": 40, "height": 40, "whole": 0.8}, "photo"),
    ("_mount", {"width": 40, "height": 40, "zone": "circle", "share": 0.8}, "mask"),
    ("_mount", {"width": 40, "height": 30, "share": 0.5, "color": "#0f766e80", "fit": "cover"}, "glass"),
    ("_mount", {"width": 40, "height": 40, "disc": True, "color": "white"}, "glass"),
]
PICTURES = {
    "photo": PHOTO,
    "glass": GLASS,
    "small": SMALL,
    "screen": SCREEN,
    "mask": MASK,
    "sans": SANS,
    "bold": BOLD,
}


def given() -> dict[str, str]:
    """What the operations give now, by operation, version, parameters and pictures."""
    found = {}
    for name, table, pictures in CASES:
        op = OPS[name]
        images = [PICTURES[picture] for picture in pictures.split()]
        case = f"{name} {op.version} {json.dumps(table, sort_keys=True)} {pictures}"
        found[case] = pixel_digest(op.apply(op.params.model_validate(dict(table)), images))
    return found


def kept() -> dict[str, str]:
    """What is written."""
    written: dict[str, str] = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    return written


if __name__ == "__main__":
    FILE.write_text(json.dumps(given() | kept(), indent=2, sort_keys=True) + "\n", "utf-8")
