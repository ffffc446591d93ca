"""Laws of evaluating trees: any depth, nothing made twice, nothing kept beyond the bound."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from PIL import Image

from assetforge.model import Media, Picture
from assetforge.ops.decode import measure, pixel_digest
from assetforge.ops.evaluate import announce, evaluate, evaluate_announced
from assetforge.ops.memo import Memo
from assetforge.ops.spec import OpFailed
from assetforge.ops.table import OPS
from tests.ops.ops_pictures import document, drawn, encoded


class Files:
    """Bytes by their digest, and how often each was read."""

    def __init__(self) -> None:
        self.bytes: dict[str, bytes] = {}
        self.read = Counter[str]()

    def add(self, image: Image.Image) -> Picture:
        data = encoded(image, "PNG")
        media = measure(data, "a")
        self.bytes[media.digest] = data
        return Picture(media.digest, media.size, media)

    def __call__(self, media: Media) -> bytes:
        self.read[media.digest] += 1
        return self.bytes[media.digest]


def step(op: str, params: dict[str, Any], *inputs: Picture) -> Picture:
    """An operation bound to its inputs."""
    bound = OPS[op].params.model_validate(params)
    made = document([op, params, [part.made for part in inputs]])
    return Picture(made, None, op=op, params=bound, inputs=inputs)


def test_a_tree_is_what_its_operations_give() -> None:
    files = Files()
    base, logo = drawn(60, 40), drawn(10, 10, "RGBA")
    small = step("resize", {"width": 30}, files.add(base))
    tree = step("overlay", {"image": "@logo"}, small, files.add(logo))
    resize, overlay = OPS["resize"], OPS["overlay"]
    by_hand = overlay.apply(
        overlay.params.model_validate({"image": "@logo"}),
        [resize.apply(resize.params.model_validate({"width": 30}), [base]), logo],
    )
    assert pixel_digest(evaluate(tree, files, memo=Memo())) == pixel_digest(by_hand)


def test_a_chain_of_thousands_of_steps_is_no_problem() -> None:
    files = Files()
    tree = files.add(drawn(3, 3))
    for number in range(3000):
        tree = step("pad", {"width": 3 + number // 100, "height": 3}, tree)
    assert evaluate(tree, files, memo=Memo(0)).size == (32, 3)


def test_a_tree_that_shares_its_parts_is_not_made_twice() -> None:
    """Each level uses the one before twice: 2 to the power of 60 ways, 61 pictures."""
    files = Files()
    tree = files.add(drawn(3, 3))
    for number in range(60):
        tree = step("overlay", {"image": "@same", "offset": [number, 0]}, tree, tree)
    assert evaluate(tree, files, memo=Memo(0)).size == (3, 3)
    assert set(files.read.values()) == {1}


def test_renditions_share_decoding_and_results() -> None:
    files, memo = Files(), Memo()
    tree = step("resize", {"width": 30}, files.add(drawn(60, 40)))
    for width in (10, 20, 30):
        evaluate(step("resize", {"width": width, "filter": "box"}, tree), files, memo=memo)
    assert set(files.read.values()) == {1}


def test_what_was_announced_is_made_once_and_goes_with_the_last_who_wants_it() -> None:
    files, memo = Files(), Memo()
    leaf = files.add(drawn(400, 300))
    trees = [step("resize", {"width": width}, leaf) for width in (310, 320, 330)]
    for tree in trees:
        announce(tree, memo)
    for tree in trees:
        evaluate_announced(tree, files, memo=memo)
        assert (memo.find(leaf.made) is None) == (tree is trees[-1])
        assert memo.find(tree.made) is None
    assert set(files.read.values()) == {1}


def test_a_picture_that_fails_is_wanted_no_more() -> None:
    files, memo = Files(), Memo()
    leaf = files.add(drawn(400, 300))
    broken = step("crop", {"x": 0, "y": 0, "width": 999, "height": 2}, leaf)
    for tree in (broken, step("resize", {"width": 310}, leaf)):
        announce(tree, memo)
    with pytest.raises(OpFailed):
        evaluate_announced(broken, files, memo=memo)
    assert memo.find(leaf.made) is not None
    evaluate_announced(step("resize", {"width": 310}, leaf), files, memo=memo)
    assert memo.find(leaf.made) is None
    assert set(files.read.values()) == {1}


def test_threads_wait_for_each_other() -> None:
    files, memo = Files(), Memo()
    tree = step("resize", {"width": 30}, files.add(drawn(200, 200)))
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: evaluate(tree, files, memo=memo), range(64)))
    assert set(files.read.values()) == {1}
    assert len({pixel_digest(image) for image in found}) == 1


def test_a_memo_keeps_to_its_bound_and_drops_the_oldest() -> None:
    memo = Memo(2 * 4 * 10 * 10)
    for key in ("one", "two"):
        memo.get(key, lambda: drawn(10, 10))
    memo.find("one")
    memo.get("three", lambda: drawn(10, 10))
    assert memo.find("two") is None
    assert memo.find("one") is not None
    memo.get("huge", lambda: drawn(20, 20))
    assert [memo.find(key) for key in ("one", "three", "huge")] == [None, None, None]


def test_a_memo_keeps_small_pictures_beside_large_ones() -> None:
    memo = Memo(4 * 100 * 100)
    for key in range(60):
        memo.get(f"small {key}", lambda: drawn(3, 3))
        memo.get(f"large {key}", lambda: drawn(40, 90))
    assert all(memo.find(f"small {key}") for key in range(60))
    assert [key for key in range(60) if memo.find(f"large {key}")] == [58, 59]
    for key in range(60, 400):
        memo.get(f"small {key}", lambda: drawn(3, 3))
    kept = [key for key in range(400) if memo.find(f"small {key}")]
    assert kept == list(range(400 - len(kept), 400))
    assert sum(4 * 3 * 3 for _ in kept) <= 4 * 100 * 100 / 8
    assert memo.find("large 59") is not None


def test_a_failure_reaches_all_who_wait_and_is_not_kept() -> None:
    memo, started, go = Memo(), threading.Event(), threading.Event()

    def fail() -> Image.Image:
        started.set()
        go.wait(10)
        raise OpFailed("no")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(memo.get, "key", fail)
        started.wait(10)
        second = pool.submit(memo.get, "key", fail)
        go.set()
        for each in (first, second):
            with pytest.raises(OpFailed, match="no"):
                each.result(10)
    assert memo.get("key", lambda: drawn(2, 2)).size == (2, 2)


def test_a_leaf_that_is_no_picture_is_named() -> None:
    media = Media("ab" * 32, "", 1, 1, "png", 3)
    with pytest.raises(OpFailed, match=r"`abababababab\.png` is not a picture that can be read"):
        evaluate(Picture("leaf", media.size, media), lambda _: b"no!", memo=Memo())
