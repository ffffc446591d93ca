"""The rules of the models, as their vendors write them down."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.model import Size
from assetforge.providers.models import IMAGES_API, Flaw, ModelRules, check_order, is_legal, legal_sizes, rules_of
from tests.images_contract import Refused, check_size


def rules(model: str = "gpt-image-2") -> ModelRules:
    found = rules_of("images-api", model)
    assert found is not None
    return found


def flaws(model: str = "gpt-image-2", **changed: Any) -> tuple[Flaw, ...]:
    asked: dict[str, Any] = {
        "operation": "generate",
        "prompt": "A lighthouse",
        "size": Size(1024, 1024),
        "quality": "medium",
        "background": "auto",
        "format": "png",
        "compression": None,
        "moderation": "auto",
        "pictures": 0,
        "mask": False,
    }
    return check_order(rules(model), **(asked | changed))


@pytest.mark.parametrize(("kind", "model"), [("images-api", "gpt-image-9"), ("draft", "gpt-image-2"), ("x", "y")])
def test_an_unknown_model_and_a_kind_without_models_have_no_rules(kind: str, model: str) -> None:
    assert rules_of(kind, model) is None


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-image-2-2026-04-21", "gpt-image-2"),
        ("gpt-image-2.5-sunburst-2026-09-08", "gpt-image-2.5-sunburst"),
        ("gpt-image-2.5-flare-2026-09-08", "gpt-image-2.5-flare"),
        ("gpt-image-1.5-2025-12-16", "gpt-image-1.5"),
        ("chatgpt-image-latest", "gpt-image-1.5"),
    ],
)
def test_an_alias_has_the_rules_of_its_model(model: str, name: str) -> None:
    assert replace(rules(model), name=name) == rules(name)


@pytest.mark.parametrize(
    ("model", "released", "shutdown"),
    [
        ("gpt-image-2", "2026-04-21", None),
        ("gpt-image-2.5-flare", "2026-09-08", None),
        ("gpt-image-2.6-flare", "2026-11-04", None),
        ("gpt-image-1.5", "2025-12-16", "2026-12-01"),
        ("chatgpt-image-latest", "2025-12-16", "2026-12-01"),
        ("gpt-image-1-mini", "2025-10-06", "2026-12-01"),
        ("gpt-image-1", "2025-04-23", "2026-10-23"),
        ("dall-e-3", "2023-11-06", "2026-05-12"),
        ("dall-e-2", "2022-11-03", "2026-05-12"),
    ],
)
def test_a_model_has_its_dates(model: str, released: str, shutdown: str | None) -> None:
    assert (rules(model).released, rules(model).shutdown) == (released, shutdown)


@pytest.mark.parametrize("model", [name for name in IMAGES_API if not name.startswith("dall-e")])
def test_a_plain_request_has_no_flaw(model: str) -> None:
    assert flaws(model) == ()
    assert flaws(model, operation="edit", pictures=16, mask=True, format="jpeg", compression=80) == ()


@given(st.integers(1, 260), st.integers(1, 260), st.sampled_from([16, 16, 16, 15, 1]))
def test_a_size_is_legal_exactly_when_the_api_takes_it(across: int, down: int, unit: int) -> None:
    """The server's rules are written down apart from ours."""
    size = Size(across * unit, down * unit)
    try:
        check_size(str(size))
    except Refused:
        assert not is_legal(rules(), size)
        assert [flaw.setting for flaw in flaws(size=size)] == ["size"] * len(flaws(size=size)) != []
    else:
        assert is_legal(rules(), size)
        assert flaws(size=size) == ()


def test_the_legal_sizes_are_all_that_are_legal() -> None:
    sizes = legal_sizes(rules())
    assert {Size(1024, 1024), Size(3840, 2160), Size(1920, 1088), Size(480, 1440)} <= set(sizes)
    assert Size(1920, 1080) not in sizes
    assert len(set(sizes)) == len(sizes) > 10_000
    assert all(is_legal(rules(), size) for size in sizes[::97])


def test_fixed_sizes_are_a_list() -> None:
    fixed = replace(rules(), name="old", sizes=(Size(1536, 1024), Size(1024, 1024)))
    assert legal_sizes(fixed) == (Size(1024, 1024), Size(1536, 1024))
    assert is_legal(fixed, Size(1536, 1024))
    assert not is_legal(fixed, Size(1024, 1536))


@pytest.mark.parametrize(
    ("changed", "setting", "message"),
    [
        ({"prompt": " "}, "prompt", "the prompt is empty"),
        (
            {"prompt": "x" * 32_001},
            "prompt",
            "the prompt has 32,001 characters, `gpt-image-2` takes at most 32,000",
        ),
        (
            {"size": Size(1920, 1080)},
            "size",
            "the sides of `1920x1080` are not multiples of 16, as `gpt-image-2` wants",
        ),
        (
            {"size": Size(3856, 1600)},
            "size",
            "`3856x1600` has a side over 3840, the longest that `gpt-image-2` draws",
        ),
        (
            {"size": Size(2048, 512)},
            "size",
            "`2048x512` is longer than 3:1, the longest shape that `gpt-image-2` draws",
        ),
        (
            {"size": Size(512, 512)},
            "size",
            "`512x512` has 262,144 pixels, `gpt-image-2` draws at least 655,360",
        ),
        (
            {"size": Size(3840, 3840)},
            "size",
            "`3840x3840` has 14,745,600 pixels, `gpt-image-2` draws at most 8,294,400",
        ),
        ({"quality": "best"}, "quality", "`best` is not a quality of `gpt-image-2`"),
        ({"background": "transparent"}, "background", "`gpt-image-2` draws no transparent background"),
        ({"background": "red"}, "background", "`red` is not a background of `gpt-image-2`"),
        ({"format": "avif"}, "request_format", "`avif` is not a format of `gpt-image-2`"),
        ({"compression": 80}, "request_compression", "a `png` has no compression to ask for"),
        (
            {"format": "jpeg", "compression": 101},
            "request_compression",
            "`101` is not a compression from 0 to 100",
        ),
        ({"moderation": "none"}, "moderation", "`none` is not a moderation of `gpt-image-2`"),
        (
            {"operation": "edit", "pictures": 17},
            "images",
            "the request has 17 pictures, `gpt-image-2` takes at most 16",
        ),
        ({"operation": "edit"}, "images", "an edit needs a picture to start from"),
        ({"mask": True}, "mask", "a generation takes no mask"),
    ],
)
def test_what_the_model_would_refuse_is_named(changed: dict[str, Any], setting: str, message: str) -> None:
    assert [(flaw.setting, flaw.message) for flaw in flaws(**changed)] == [(setting, message)]


def test_all_flaws_are_told_at_once() -> None:
    found = flaws(prompt="", size=Size(100, 5000), quality="best", background="transparent", format="jpeg", mask=True)
    assert [flaw.setting for flaw in found] == [
        "prompt",
        "size",
        "size",
        "size",
        "size",
        "quality",
        "background",
        "request_format",
        "mask",
    ]


def test_a_size_off_the_grid_gets_the_next_legal_one_as_a_hint() -> None:
    assert flaws(size=Size(1920, 1080))[0].hint == "ask for `1920x1088`"


def test_transparency_points_to_what_can_do_it() -> None:
    hint = flaws(background="transparent")[0].hint
    assert hint is not None
    assert "2.6 family" in hint
    assert "2.5" in hint


def test_the_resellers_variant_takes_less() -> None:
    assert [flaw.setting for flaw in flaws("gpt-image-2-c", quality="auto")] == ["quality"]
    assert [flaw.setting for flaw in flaws("gpt-image-2-c", background="opaque")] == ["background"]
    assert [flaw.setting for flaw in flaws("gpt-image-2-c", format="webp")] == ["request_format"]


@pytest.mark.parametrize("model", ["gpt-image-2.5-sunburst", "gpt-image-2.6-flare"])
def test_later_models_take_more_qualities_and_draw_transparency(model: str) -> None:
    for quality in ("low", "medium", "high", "xhigh", "max", "auto"):
        assert flaws(model, quality=quality, background="transparent") == ()
    assert flaws(model, size=Size(3840, 2160)) == ()
    assert [flaw.setting for flaw in flaws(model, background="transparent", format="jpeg")] == ["request_format"]
    assert [flaw.setting for flaw in flaws("gpt-image-2", quality="xhigh")] == ["quality"]


@pytest.mark.parametrize("model", ["gpt-image-1", "gpt-image-1.5", "gpt-image-1-mini", "chatgpt-image-latest"])
def test_earlier_models_have_three_sizes(model: str) -> None:
    assert legal_sizes(rules(model)) == (Size(1024, 1024), Size(1024, 1536), Size(1536, 1024))
    assert flaws(model, background="transparent") == ()
    assert [flaw.message for flaw in flaws(model, size=Size(1920, 1088))] == [
        f"`1920x1088` is not a size of `{model}`"
    ]
    assert [flaw.setting for flaw in flaws(model, quality="max")] == ["quality"]


@pytest.mark.parametrize("model", ["dall-e-2", "dall-e-3"])
@pytest.mark.parametrize("quality", ["standard", "hd", "low", "medium", "high", "auto"])
def test_a_model_that_is_long_gone_is_not_refused_for_its_quality(model: str, quality: str) -> None:
    """It would send the user on to another quality of a model that is shut down, which is warned of."""
    assert flaws(model, quality=quality) == ()


def test_dall_e_3_edits_nothing() -> None:
    assert flaws("dall-e-3", quality="hd") == ()
    (flaw,) = flaws("dall-e-3", quality="hd", operation="edit", pictures=1)
    assert flaw.message == "the request has 1 picture, `dall-e-3` takes at most 0"


def test_a_size_that_is_not_known_yet_is_no_flaw() -> None:
    assert flaws(operation="edit", pictures=1, size=None) == ()
