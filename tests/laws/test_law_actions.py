"""Actions: what a request's key holds, how locally made pictures enter it, and what is keyed of a file."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.digest import digest_document
from assetforge.errors import Where
from assetforge.model import Link, Media, Paid, Picture, Rendition, Settings, Shape, Size
from assetforge.ops.encoding import Encoding
from assetforge.ops.table import OPS
from assetforge.plan.action import apply, bind_paid, bind_rendition, leaf, recipe
from assetforge.plan.difference import changes
from tests.laws.small_manifests import project
from tests.plan.known_pictures import picture, walked

Request = tuple[Paid, Size, list[Picture], Picture | None]

HERE = Where("assets.toml")


def pixels(media: Media) -> str:
    return media.pixels


leaves = st.builds(
    lambda form, side, shown: leaf(picture("file", form, Size(side, 64), shown)),
    st.sampled_from(["png", "jpeg"]),
    st.sampled_from([64, 48]),
    st.sampled_from("ab"),
)
RESIZE, CROP, FLATTEN = OPS["resize"].params, OPS["crop"].params, OPS["flatten"].params


Step = tuple[str, int]
steps = st.tuples(st.sampled_from(["resize", "crop", "flatten"]), st.integers(16, 24))


def made(one: Picture, step: Step) -> Picture:
    name, value = step
    if name == "resize":
        return apply("resize", RESIZE.model_validate({"width": value, "height": 16, "fit": "contain"}), (one,))
    if name == "flatten":
        return apply("flatten", FLATTEN.model_validate({"color": "white" if value > 20 else "black"}), (one,))
    box = {"x": 0, "y": 0, "width": value / 64, "height": 0.5}
    return apply("crop", CROP.model_validate(box), (one,))


pictures: st.SearchStrategy[Picture] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(made, inner, steps),
        st.builds(
            lambda one, other: apply("overlay", OPS["overlay"].params.model_validate({"image": "@x"}), (one, other)),
            inner,
            inner,
        ),
    ),
    max_leaves=4,
)
asked = st.builds(
    Settings,
    provider=st.sampled_from(["openai", "relay"]),
    kind=st.sampled_from(["images-api", "draft"]),
    model=st.sampled_from(["gpt-image-2", "other"]),
    quality=st.sampled_from(["low", "high"]),
    background=st.sampled_from(["auto", "opaque"]),
    moderation=st.sampled_from(["auto", "low"]),
    format=st.sampled_from(["png", "jpeg"]),
    compression=st.sampled_from([None, 80, 100]),
)
masks = st.one_of(
    st.none(),
    st.builds(lambda number: (Shape("rect", (0.0, 0.0, number, 1.0)),), st.sampled_from([0.5, 1.0])),
    leaves,
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A bound request: the step, the size to ask for, its pictures and its mask's."""
    inputs = draw(st.lists(pictures, max_size=2))
    mask = draw(masks) if inputs else None
    size = draw(st.sampled_from([Size(64, 64), Size(48, 64)]))
    step = Paid(
        id="hero:generate", instance="hero", name="generate", operation="edit" if inputs else "generate",
        prompt=draw(st.sampled_from(["a", "b"])), settings=draw(asked), size=draw(st.sampled_from([None, size])),
        request_size=size, pictures=tuple(Link(str(index)) for index in range(len(inputs))),
        mask=Link("mask") if isinstance(mask, Picture) else mask, n=draw(st.integers(1, 3)), pick=1,
        revision=draw(st.integers(0, 1)), where=HERE,
    )  # fmt: skip
    return step, size, inputs, mask if isinstance(mask, Picture) else None


def meaning(request: Request) -> tuple[Any, ...]:
    """All that a bought picture can depend on, said without keys."""
    step, size, inputs, mask = request
    how = step.settings
    lossy = (100 if how.compression is None else how.compression) if how.format == "jpeg" else None
    drawn = step.mask if isinstance(step.mask, tuple) else None
    return (
        step.operation, how.kind, how.model, step.prompt, size, how.quality, how.background, how.format, lossy,
        step.revision, tuple(map(story, inputs)), drawn if mask is None else story(mask),
    )  # fmt: skip


def story(one: Picture) -> Any:
    """How a picture comes to be, from pixels on."""
    if one.media is not None:
        return ("pixels", one.media.pixels)
    return (one.op, repr(one.params), *map(story, one.inputs))


def keys(request: Request) -> list[str]:
    step, size, inputs, mask = request
    _, actions = bind_paid(step, size, inputs, mask, pixels=pixels, known={})
    return [action.key for action in actions]


@given(requests(), requests())
@settings(max_examples=300)
def test_two_requests_share_a_key_only_where_they_mean_the_same(one: Request, other: Request) -> None:
    assert (keys(one)[0] == keys(other)[0]) is (meaning(one) == meaning(other))


Change = Callable[[Request, Request], Request]


def own(name: str) -> Change:
    """The first request with a field of the other's step."""
    return lambda one, other: (replace(one[0], **{name: getattr(other[0], name)}), *one[1:])


def setting(name: str) -> Change:
    """The first request with a setting of the other's."""

    def change(one: Request, other: Request) -> Request:
        how = replace(one[0].settings, **{name: getattr(other[0].settings, name)})
        return (replace(one[0], settings=how), *one[1:])

    return change


SETTINGS = ("kind", "model", "quality", "background", "format", "compression", "provider", "moderation")
CHANGES: dict[str, Change] = {
    **{name: own(name) for name in ("operation", "prompt", "revision")},
    **{name: setting(name) for name in SETTINGS},
    "size": lambda one, other: (one[0], other[1], *one[2:]),
    "inputs": lambda one, other: (*one[:2], other[2], one[3]),
    "mask": lambda one, other: (replace(one[0], mask=other[0].mask), *one[1:3], other[3]),
}


@pytest.mark.parametrize("name", CHANGES)
@given(one=requests(), other=requests())
@settings(max_examples=30)
def test_one_change_changes_the_key_exactly_where_it_changes_the_meaning(
    name: str, one: Request, other: Request
) -> None:
    changed = CHANGES[name](one, other)
    if changed[2] or not (changed[3] or changed[0].mask):
        assert (keys(one)[0] == keys(changed)[0]) is (meaning(one) == meaning(changed))


@given(requests())
def test_each_candidate_has_a_key_of_its_own_whatever_n_is(
    request: Request,
) -> None:
    step, size, inputs, mask = request
    more = keys((replace(step, n=5), size, inputs, mask))
    assert len(set(more)) == 5
    assert keys(request) == more[: step.n]


@given(requests(), st.text(max_size=3), st.text(max_size=3))
def test_what_is_in_no_key_changes_none(request: Request, provider: str, moderation: str) -> None:
    step, size, inputs, mask = request
    how = replace(step.settings, provider=provider, moderation=moderation)
    other = replace(step, settings=how, pick=2, instance="x", where=Where("y"))
    assert keys((other, size, inputs, mask)) == keys(request)


def other_versions(one: Picture) -> Picture:
    """The same picture as a release with other versions of every operation would have it."""
    if one.media is not None:
        return one
    inputs = tuple(map(other_versions, one.inputs))
    return replace(one, made=digest_document("later", [("made", one.made)]), inputs=inputs)


@given(pictures)
def test_versions_of_operations_enter_files_and_never_purchases(one: Picture) -> None:
    later = other_versions(one)
    assert recipe(later, pixels, {}) == recipe(one, pixels, {})
    step = Rendition("a > a.webp", "a", "a.webp", None, Encoding(format="webp"), (Link("a"),), HERE)
    assert (bind_rendition(step, later)[1].key == bind_rendition(step, one)[1].key) is (one.media is not None)


@given(pictures)
def test_a_version_is_in_the_identity_of_what_an_operation_makes(one: Picture) -> None:
    made_now = apply("flatten", FLATTEN(), (one,)).made
    listed = [digest_document("local", (("op", f"flatten@{version}"), ("params", {}), ("inputs", [one.made])))
              for version in (OPS["flatten"].version, OPS["flatten"].version + 1)]  # fmt: skip
    assert made_now == listed[0] != listed[1]


@given(pictures, steps, steps)
def test_another_step_or_another_parameter_is_another_recipe(one: Picture, step: Step, other: Step) -> None:
    first, second = made(one, step), made(one, other)
    assert (recipe(first, pixels, {}) == recipe(second, pixels, {})) is (story(first) == story(second))


@given(pictures)
def test_a_recipe_holds_no_version(one: Picture) -> None:
    flat = apply("flatten", FLATTEN(), (one,))
    body: tuple[tuple[str, Any], ...] = (("op", "flatten"), ("params", {}), ("inputs", [recipe(one, pixels, {})]))
    assert recipe(flat, pixels, {}) == ["recipe", digest_document("recipe", body)]


@given(pictures, pictures)
def test_pictures_share_a_recipe_only_where_they_come_to_be_alike(one: Picture, other: Picture) -> None:
    known: dict[str, Any] = {}
    assert (recipe(one, pixels, known) == recipe(other, pixels, known)) is (story(one) == story(other))
    assert recipe(one, pixels, known) == recipe(one, pixels, {})


@given(requests(), requests())
def test_reasons_name_the_ingredients_that_differ_and_no_others(one: Request, other: Request) -> None:
    before, now = (dict(bind_paid(*one_of, pixels=pixels, known={})[1][0].ingredients) for one_of in (one, other))
    told = {
        "prompt": "the prompt changed",
        "inputs": "an input changed",
        "mask": "the mask changed",
        "sent": "how the picture is sent changed",
    }
    differ = [name for name in dict.fromkeys([*now, *before]) if before.get(name) != now.get(name)]
    expected = [told.get(name, f"{name} changed from {before.get(name)} to {now.get(name)}") for name in differ]
    assert list(changes(tuple(before.items()), tuple(now.items()))) == (expected or ["the request changed"])


@given(st.lists(st.sampled_from(["plain", "padded", "preserved"]), max_size=3), st.sampled_from([300, 1024, 1500]))
@settings(max_examples=15)
def test_a_file_has_the_size_that_was_wanted_whatever_edits_follow(edits: list[str], side: int) -> None:
    kinds: dict[str, dict[str, Any]] = {
        "plain": {},
        "padded": {"request_size": "1536x1024"},
        "preserved": {"mask": {"rect": [0, 0, 0.5, 1]}, "preserve": True},
    }
    steps = [{"op": "edit", "id": f"e{index}", "prompt": "Go", **kinds[kind]} for index, kind in enumerate(edits)]
    table = {"asset": {"a": {"prompt": "A boat", "size": f"{side}x1000", "steps": steps, "output": "a.png"}}}
    with tempfile.TemporaryDirectory() as folder:
        (state,) = walked(project(Path(folder), table)).files.values()
    assert state.picture is not None
    assert state.picture.size == Size(side, 1000)
