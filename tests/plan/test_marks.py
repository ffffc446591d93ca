"""Laws of marks: a file says that a model drew it exactly where a model's pixels are in it, and so does its key."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.errors import Where
from assetforge.model import Link, Media, Picture, Rendition
from assetforge.ops.encoding import Encoding
from assetforge.ops.provenance import Mark, Origin
from assetforge.ops.table import OPS
from assetforge.plan.action import apply, bind_rendition, is_copy, leaf
from assetforge.plan.marks import mark_of, only_source


def file(name: str, form: str = "png", *, model: str = "", draft: bool = False) -> Picture:
    """A picture that exists: the user's own, a model's, or a draft."""
    media = Media(f"digest of {name}", f"pixels of {name}", 640, 400, form, 5_000)
    return leaf(media, models=(model,) if model else (), draft=draft)


def step(op: str, *inputs: Picture, **params: Any) -> Picture:
    return apply(op, OPS[op].params.model_validate(params), inputs)


def output(form: str = "webp", **table: Any) -> Rendition:
    encoding = Encoding.model_validate({"format": form, **table})
    return Rendition(f"a > a.{form}", "a", f"a.{form}", None, encoding, (Link("a"),), Where("assets.toml"))


DRAWN = file("drawn", model="gpt-image-2")
OTHER = file("other", model="gpt-image-1.5")
PHOTO = file("photo")
MASK = file("mask")
DRAFT = file("draft", draft=True)

MADE: Origin = "trainedAlgorithmicMedia"
EDITED: Origin = "compositeWithTrainedAlgorithmicMedia"
MIXED: Origin = "compositeSynthetic"


@pytest.mark.parametrize(
    ("picture", "origin"),
    [
        (DRAWN, MADE),
        (step("flatten", DRAWN), MADE),
        (step("overlay", DRAWN, OTHER, image="@other"), MADE),
        (step("overlay", DRAWN, PHOTO, image="logo.png"), MIXED),
        (step("overlay", PHOTO, DRAWN, image="@drawn"), MIXED),
        (step("_preserve", DRAWN, PHOTO, MASK), EDITED),
        (step("_preserve", DRAWN, OTHER, MASK), MADE),
        (step("_preserve", OTHER, step("_preserve", DRAWN, PHOTO, MASK), MASK), EDITED),
        (step("overlay", step("_preserve", DRAWN, PHOTO, MASK), file("logo"), image="logo.png"), MIXED),
        (step("_cut_back", DRAWN, step("resize", PHOTO, width=64, height=64), width=640, height=400), MADE),
    ],
)
def test_the_origin_is_told_by_the_pixels_that_show(picture: Picture, origin: str) -> None:
    mark = mark_of(output(), picture)
    assert isinstance(mark, Mark)
    assert mark.origin == origin
    assert mark.models == picture.models


def test_every_model_that_drew_is_named_once() -> None:
    both = step("overlay", step("overlay", DRAWN, OTHER, image="@other"), DRAWN, image="@drawn")
    assert mark_of(output(), both) == Mark(MADE, ("gpt-image-2", "gpt-image-1.5"))


@pytest.mark.parametrize(
    "picture",
    [
        PHOTO,
        DRAFT,
        step("flatten", DRAFT),
        step("overlay", PHOTO, file("logo"), image="logo.png"),
        step("overlay", DRAWN, DRAFT, image="@draft"),
    ],
)
@given(form=st.sampled_from(["png", "jpeg", "webp", "avif", "gif", "ico", "icns"]))
def test_own_pictures_and_drafts_have_no_mark_and_the_key_of_a_file_without_one(picture: Picture, form: str) -> None:
    assert mark_of(output(form), picture) is None
    _, action = bind_rendition(output(form), picture)
    assert "mark" not in dict(action.ingredients)
    if not is_copy(output(form), picture):
        assert action.key == bind_rendition(output(form, metadata="strip"), picture)[1].key


@pytest.mark.parametrize("form", ["ico", "icns"])
def test_icons_have_no_mark(form: str) -> None:
    assert mark_of(output(form), DRAWN) is None


def test_a_mark_is_in_the_key() -> None:
    marked, stripped, kept = (
        bind_rendition(output(metadata=how), DRAWN)[1] for how in ("provenance", "strip", "keep")
    )
    assert dict(marked.ingredients)["mark"] == {"origin": MADE, "models": ["gpt-image-2"]}
    assert dict(kept.ingredients)["mark"] == "keep"
    assert len({marked.key, stripped.key, kept.key}) == 3


@pytest.mark.parametrize(
    ("picture", "is_kept"),
    [
        (PHOTO, True),
        (DRAWN, True),
        (step("resize", PHOTO, width=64), True),
        (step("overlay", PHOTO, PHOTO, image="photo.png"), True),
        (step("overlay", PHOTO, DRAWN, image="@drawn"), False),
        (step("_preserve", DRAWN, PHOTO, MASK), False),
        (DRAFT, True),
    ],
)
def test_what_is_kept_is_that_of_an_only_source(picture: Picture, is_kept: bool) -> None:
    assert (only_source(picture) is not None) is is_kept
    expected = "keep" if is_kept and not picture.draft else None
    assert mark_of(output(metadata="keep"), picture) == expected


def test_a_chain_that_shares_its_parts_is_read_in_no_time() -> None:
    picture = DRAWN
    for _ in range(200):
        picture = step("overlay", picture, picture, image="@a")
    assert only_source(picture) == DRAWN
    assert mark_of(output(), picture) == Mark(MADE, ("gpt-image-2",))


@pytest.mark.parametrize(
    ("table", "copied"),
    [
        ({}, True),
        ({"metadata": "keep"}, True),
        ({"metadata": "strip"}, False),
        ({"max_bytes": 5_000}, True),
        ({"max_bytes": 4_999}, False),
    ],
)
def test_a_copy_is_its_sources_bytes_unless_something_has_to_go(table: dict[str, Any], copied: bool) -> None:
    assert is_copy(output("png", **table), DRAWN) is copied
    encoding = dict(bind_rendition(output("png", **table), DRAWN)[1].ingredients)["encoding"]
    assert (encoding == "copy") is copied


def test_an_icon_is_copied_unless_its_sizes_are_asked_for() -> None:
    icon = file("icon", "ico")
    assert is_copy(output("ico"), icon)
    assert not is_copy(output("ico", sizes=[16]), icon)
