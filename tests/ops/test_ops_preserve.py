"""Laws of preserving: what a mask keeps is the original's, byte for byte, and blends stay inside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from assetforge.model import Size
from assetforge.ops.spec import OpFailed
from tests.ops.ops_params import run
from tests.ops.ops_pictures import MODES, SIZES, drawn


@given(SIZES, MODES, MODES, st.integers(0, 20), st.data())
def test_preserve_keeps_every_kept_pixel_exactly(
    size: Size, mode: str, other: str, feather: int, data: st.DataObject
) -> None:
    """Where the mask is opaque the result is the original; where nothing is blended it is the answer."""
    original, answer = drawn(*size, mode), drawn(*size, other, seed=5)
    alpha = bytes(data.draw(st.lists(st.sampled_from([0, 0, 90, 255]), min_size=1, max_size=40)))
    cells = size.width * size.height
    alpha = (alpha * (cells // len(alpha) + 1))[: cells - 1] + b"\0"
    mask = Image.new("RGBA", size)
    mask.putalpha(Image.frombytes("L", size, alpha))
    if alpha == b"\0" * cells:
        return
    result = run("_preserve", {"feather": feather}, answer, original, mask).convert("RGBA").tobytes()
    kept, edited = original.convert("RGBA").tobytes(), answer.convert("RGBA").tobytes()
    for cell, share in enumerate(alpha):
        pixel = slice(4 * cell, 4 * cell + 4)
        if share == 255:
            assert result[pixel] == kept[pixel]
        elif share == 0 and feather == 0:
            assert result[pixel] == edited[pixel]


def test_feather_blends_inside_the_edited_part_only() -> None:
    size = (40, 9)
    mask = Image.new("RGBA", size, (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (10, 0, 40, 9))
    black, white = Image.new("RGB", size, "black"), Image.new("RGB", size, "white")
    result = run("_preserve", {"feather": 4}, white, black, mask).convert("L")
    row = [result.getpixel((x, 4)) for x in range(40)]
    assert row[:10] == [0] * 10
    assert row[10:14] == [51, 102, 153, 204]
    assert row[14:] == [255] * 26


def test_a_part_narrower_than_the_blend_is_still_edited() -> None:
    size = (9, 9)
    mask = Image.new("RGBA", size, (0, 0, 0, 255))
    mask.putpixel((4, 4), (0, 0, 0, 0))
    black, white = Image.new("RGB", size, "black"), Image.new("RGB", size, "white")
    assert run("_preserve", {"feather": 10}, white, black, mask).getpixel((4, 4)) != (0, 0, 0)


def test_preserve_names_both_sizes_of_a_mask_that_does_not_fit() -> None:
    image, mask = drawn(10, 10), drawn(10, 11, "RGBA")
    with pytest.raises(OpFailed, match="the mask is 10x11 and the picture 10x10; they have to match"):
        run("_preserve", {}, image, image, mask)
