"""Laws of sheets: every picture is there once, whole, apart from all others, and where its frame says."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from assetforge.model import Picture, Size
from assetforge.ops.atlas import MAX_FRAMES, Atlas, atlas, frames, sheet_size
from assetforge.ops.decode import pixel_digest
from assetforge.ops.evaluate import evaluate
from assetforge.ops.framing import frames_of
from assetforge.ops.geometry import Resize, resize_frame
from assetforge.ops.memo import Memo
from assetforge.ops.sheet import Sheet
from assetforge.ops.spec import MAX_PIXELS, MAX_SIDE, OpFailed
from assetforge.ops.table import OPS
from tests.ops.ops_pictures import PICTURES, SIDES, SIZES, drawn
from tests.ops.test_ops_table import Files, step

LAYOUTS = st.sampled_from(["grid", "packed"])
SHEETS = st.builds(Atlas, layout=LAYOUTS, padding=st.integers(0, 9))
MANY = st.lists(SIZES, min_size=1, max_size=40)


@given(SHEETS, MANY)
def test_pictures_are_whole_and_apart(params: Atlas, sizes: list[Size]) -> None:
    """Between any two, and between each and the sheet's edges, there is the padding."""
    sheet, apart = sheet_size(params, sizes), params.padding
    rects = frames(params, sizes)
    assert [rect[2:] for rect in rects] == sizes
    for left, top, width, height in rects:
        assert min(left, top) >= apart
        assert left + width + apart <= sheet.width
        assert top + height + apart <= sheet.height
    for (x1, y1, w1, h1), (x2, y2, w2, h2) in combinations(rects, 2):
        beside = x1 + w1 + apart <= x2 or x2 + w2 + apart <= x1
        above = y1 + h1 + apart <= y2 or y2 + h2 + apart <= y1
        assert beside or above


@given(SHEETS, st.lists(PICTURES, min_size=1, max_size=8))
def test_a_frame_shows_its_picture_and_all_else_is_transparent(params: Atlas, images: list[Image.Image]) -> None:
    sheet = atlas(params, images)
    rest = sheet.copy()
    for image, (left, top, width, height) in zip(
        images, frames(params, [Size(*i.size) for i in images]), strict=True
    ):
        box = (left, top, left + width, top + height)
        assert pixel_digest(sheet.crop(box)) == pixel_digest(image)
        rest.paste((0, 0, 0, 0), box)
    assert rest.getextrema() == ((0, 0),) * 4


@given(MANY, st.integers(0, 9))
def test_a_grid_has_rows_as_they_are_written(sizes: list[Size], padding: int) -> None:
    """Cells of one size, hardly more in a row than there are rows; each picture in the middle of its own."""
    params = Atlas(layout="grid", padding=padding)
    cell = Size(max(size.width for size in sizes) + padding, max(size.height for size in sizes) + padding)
    sheet = sheet_size(params, sizes)
    across, down = (sheet.width - padding) // cell.width, (sheet.height - padding) // cell.height
    assert 0 <= across - down <= 1
    assert across * (down - 1) < len(sizes) <= across * down
    for index, (left, top, width, height) in enumerate(frames(params, sizes)):
        row, column = divmod(index, across)
        middle = (column * cell.width + padding + (cell.width - padding) / 2, row * cell.height + padding)
        assert abs(left + width / 2 - middle[0]) <= 0.5
        assert abs(top + height / 2 - middle[1] - (cell.height - padding) / 2) <= 0.5


@given(st.lists(SIZES, min_size=20, max_size=60))
def test_a_packed_sheet_is_dense_and_nearly_square(sizes: list[Size]) -> None:
    sheet = sheet_size(Atlas(layout="packed"), sizes)
    covered = sum(size.width * size.height for size in sizes)
    longest = max(max(size) for size in sizes)
    assert covered / (sheet.width * sheet.height) > 0.6 or max(sheet) < 2 * longest
    assert max(sheet) < 2.2 * min(sheet) + longest


def test_equal_pictures_leave_no_room_between() -> None:
    assert sheet_size(Atlas(layout="packed", padding=2), [Size(64, 64)] * 64) == (530, 530)


@given(MANY.flatmap(lambda sizes: st.tuples(st.just(sizes), st.permutations(sizes))), st.integers(0, 9))
def test_a_packed_sheet_hangs_on_sizes_and_not_on_their_order(
    both: tuple[list[Size], list[Size]], padding: int
) -> None:
    params = Atlas(layout="packed", padding=padding)
    one, other = both
    assert sheet_size(params, one) == sheet_size(params, other)
    assert sorted(frames(params, one)) == sorted(frames(params, other))


def test_one_picture_is_a_sheet_of_one() -> None:
    for layout in ("grid", "packed"):
        params = Atlas(layout=layout, padding=3)
        assert frames(params, [Size(8, 5)]) == ((3, 3, 8, 5),)
        assert sheet_size(params, [Size(8, 5)]) == (14, 11)


@pytest.mark.parametrize("layout", ["grid", "packed"])
@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ([Size(1, 1)] * (MAX_FRAMES + 1), "4,097 pictures are too many for one sheet, which holds up to 4,096"),
        ([Size(1024, 1024)] * 100, "100 pictures of 105 megapixels together don't fit on a sheet: it can have up to"),
        ([Size(16_385, 1)], "up to 16,384 pixels a side and 100 megapixels"),
        ([Size(16_000, 10), Size(10, 16_000)], "up to 16,384 pixels a side and 100 megapixels"),
    ],
)
def test_what_has_no_room_is_refused_with_the_numbers(layout: Any, sizes: list[Size], told: str) -> None:
    for ask in (frames, sheet_size):
        with pytest.raises(OpFailed, match=told):
            ask(Atlas(layout=layout), sizes)


@pytest.mark.parametrize("size", [Size(4000, 100), Size(100, 4000), Size(16_000, 20), Size(20, 16_000)])
def test_a_side_that_would_be_too_long_is_not(size: Size) -> None:
    """Twenty-five in rows of five would be 20,000 wide."""
    for layout in ("grid", "packed"):
        sheet = sheet_size(Atlas(layout=layout), [size] * 25)
        assert max(sheet) <= MAX_SIDE
        assert sheet.width * sheet.height <= MAX_PIXELS


# --- in a tree --------------------------------------------------------------------------------------------------


def sheet_of(parts: list[Picture], params: dict[str, Any]) -> Picture:
    """A bound atlas; its size is known where all of its pictures' sizes are."""
    sizes = [part.size for part in parts if part.size is not None]
    made = step("atlas", params, *parts)
    size = sheet_size(made.params, sizes) if len(sizes) == len(parts) else None
    return Picture(made.made, size, op="atlas", params=made.params, inputs=made.inputs)


@given(SHEETS, st.lists(PICTURES, min_size=1, max_size=6), st.booleans(), st.sampled_from([0, 1 << 20]))
def test_a_tree_makes_the_same_sheet_whether_sizes_are_known_or_not(
    params: Atlas, images: list[Image.Image], known: bool, limit: int
) -> None:
    files, memo = Files(), Memo(limit)
    parts = [files.add(image) for image in images]
    if not known:
        parts = [step("resize", {"width": image.width}, part) for image, part in zip(images, parts, strict=True)]
    tree = sheet_of(parts, params.model_dump())
    assert (tree.size is not None) == known
    assert pixel_digest(evaluate(tree, files, memo=memo)) == pixel_digest(atlas(params, images))
    for part, image in zip(parts, images, strict=True):
        assert memo.size(part.made) == (None if known else Size(*image.size))


def test_pictures_come_onto_a_sheet_one_after_the_other() -> None:
    """Each is made when the one before is on the sheet: no memo keeps it, and each is read once."""
    files, order = Files(), []
    parts = [files.add(drawn(64, 64, seed=seed)) for seed in range(5)]
    small = [step("resize", {"width": 8}, part) for part in parts]
    known = [replace(part, size=Size(8, 8)) for part in small]
    sheet = sheet_of([*known, known[0]], {})

    class Watched(Memo):
        def get(self, key: str, make: Callable[[], Image.Image]) -> Image.Image:
            order.append(key)
            return super().get(key, make)

    evaluate(sheet, files, memo=Watched(0))
    assert order == [made for part in small for made in (part.inputs[0].made, part.made)] + [sheet.made]
    assert set(files.read.values()) == {1}


def test_a_sheet_lets_go_of_what_is_on_it() -> None:
    """Forty pictures of 1 MB each on a sheet of 40 kB, all sizes known before."""
    parts = [Picture(f"{number}", Size(32, 8), op="resize") for number in range(40)]
    sheet = Sheet(OPS["atlas"], sheet_of(parts, {}))
    alive: dict[str, Image.Image] = {}
    for part in parts:
        assert sheet.fed(alive, lambda gone: alive.pop(gone.made)) == [part]
        alive[part.made] = drawn(32, 8)
    assert sheet.fed(alive, lambda gone: alive.pop(gone.made)) == []
    assert alive == {}
    assert sheet.finished().size == (224, 48)


def test_pictures_of_unknown_sizes_are_refused_before_all_are_there() -> None:
    parts = [Picture(f"{number}", None) for number in range(5)]
    sheet = Sheet(OPS["atlas"], sheet_of(parts, {}))
    huge = Image.new("1", (10_000, 6000))
    assert sheet.fed({"0": huge}, lambda _: None) == [parts[1]]
    with pytest.raises(OpFailed, match="the pictures of the sheet have more than 100 megapixels together"):
        sheet.fed({"1": huge}, lambda _: None)


# --- frames after the sheet -------------------------------------------------------------------------------------


def framed(tree: Picture, files: Files) -> tuple[tuple[int, int, int, int], ...]:
    """The frames of a tree, whose sizes only pixels tell."""
    memo = Memo()
    return frames_of(tree, lambda part: part.size or Size(*evaluate(part, files, memo=memo).size))


@given(SHEETS, st.lists(SIZES, min_size=1, max_size=12), SIDES, SIDES, st.sampled_from(["fill", "inside", "contain"]))
def test_frames_are_scaled_with_the_sheet(
    params: Atlas, sizes: list[Size], width: int, height: int, fit: str
) -> None:
    """Each stands where its picture does, to a pixel, has a pixel at least, and is inside."""
    files = Files()
    sheet = sheet_of([files.add(drawn(*size)) for size in sizes], params.model_dump())
    before, whole = framed(sheet, files), sheet_size(params, sizes)
    asked = {"width": width, "height": height, "fit": fit, "upscale": True}
    after = framed(step("resize", asked, sheet), files)
    frame = resize_frame(Resize.model_validate(asked), whole)
    (left, top), part = frame.at, frame.scaled
    assert len(after) == len(before)
    for old, new in zip(before, after, strict=True):
        assert min(new[2:]) >= 1
        assert left <= new[0] < new[0] + new[2] <= left + part.width
        assert top <= new[1] < new[1] + new[3] <= top + part.height
        assert abs(new[0] - left - old[0] * part.width / whole.width) <= 1
        assert abs(new[1] - top - old[1] * part.height / whole.height) <= 1


def test_frames_follow_what_keeps_or_follows_the_sheet() -> None:
    files = Files()
    parts = [files.add(drawn(*size)) for size in ((10, 10), (10, 10), (6, 10), (10, 10))]
    sheet = sheet_of(parts, {"padding": 2})
    plain = framed(sheet, files)
    assert plain == ((2, 2, 10, 10), (14, 2, 10, 10), (4, 14, 6, 10), (14, 14, 10, 10))
    assert framed(step("flatten", {}, sheet), files) == plain
    padded = step("pad", {"width": 32, "height": 26, "position": "right"}, sheet)
    assert framed(padded, files) == tuple((left + 6, *rest) for left, *rest in plain)
    halved = step("resize", {"width": 13}, step("overlay", {"image": "@x"}, sheet, parts[0]))
    assert framed(halved, files)[1] == (7, 1, 5, 5)
    cut = step("crop", {"x": 1, "y": 1, "width": 25, "height": 25}, sheet)
    assert framed(cut, files) == tuple((left - 1, top - 1, *size) for left, top, *size in plain)


def test_what_is_cut_or_is_no_sheet_has_no_frames() -> None:
    files = Files()
    picture = files.add(drawn(20, 20))
    sheet = sheet_of([picture, picture], {})
    assert len(framed(sheet, files)) == 2
    assert framed(step("crop", {"x": 1, "y": 0, "width": 30, "height": 20}, sheet), files) == ()
    assert framed(step("resize", {"width": 20, "height": 20}, sheet), files) == ()
    assert framed(picture, files) == ()
    assert framed(step("resize", {"width": 10}, picture), files) == ()
    assert framed(step("overlay", {"image": "@x"}, picture, sheet), files) == ()


def test_a_sheet_of_sheets_has_the_frames_of_its_own_pictures() -> None:
    files = Files()
    one = sheet_of([files.add(drawn(4, 4)), files.add(drawn(5, 5))], {"padding": 1})
    assert framed(sheet_of([one, one, files.add(drawn(3, 3))], {}), files) == (
        (0, 0, 13, 7),
        (13, 0, 13, 7),
        (5, 9, 3, 3),
    )


def test_a_thousand_pictures_find_their_places() -> None:
    sizes = [Size(20 + number * 37 % 180, 20 + number * 59 % 180) for number in range(1000)]
    sheet = sheet_size(Atlas(layout="packed", padding=2), sizes)
    assert sum(size.width * size.height for size in sizes) > 0.85 * sheet.width * sheet.height
