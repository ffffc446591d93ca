"""A hint of a cheaper size: always cheaper, always legal, always covers, and only where nobody chose the size."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.errors import Where
from assetforge.graph.select import select
from assetforge.graph.sizes import planned_size
from assetforge.model import Action, Paid, Settings, Size
from assetforge.plan.forecast import foresee
from assetforge.plan.hints import Hint, cheaper_size, cheaper_sizes
from assetforge.plan.price import Prices
from assetforge.plan.rebuild import PaidEvidence
from assetforge.providers.models import IMAGES_API, is_legal, legal_sizes
from assetforge.providers.spec import ProviderTable
from tests.graph.graphs import graph_of
from tests.plan.known_pictures import KnownPictures

LISTED = Prices.of({}, {})
sizes = st.builds(Size, st.integers(1, 4_000), st.integers(1, 4_000))
MODELS = ["gpt-image-2", "gpt-image-2.5-sunburst", "gpt-image-1.5", "gpt-image-1-mini"]


class Nothing(KnownPictures):
    """A world in which nothing was bought yet."""

    def __init__(self) -> None:
        super().__init__(Path())

    def paid(self, step: Paid, action: Action) -> PaidEvidence:
        return PaidEvidence()


def planned(wanted: Size, model: str = "gpt-image-2", quality: str = "medium") -> Paid:
    rules = IMAGES_API[model]
    how = Settings("shop", "images-api", model, quality, "auto", "auto", "png", None)
    return Paid(
        "a:generate", "a", "generate", "generate", "A lighthouse", how, wanted, planned_size(wanted, rules), (), None,
        1, 1, 0, Where("assets.toml"), planned=True,
    )  # fmt: skip


def hints(manifest: str, prices: Prices = LISTED) -> tuple[Hint, ...]:
    graph = graph_of(manifest)
    return cheaper_sizes(foresee(graph, Nothing(), "call", select(graph, ()), prices))


def kept(wanted: Size, asked: Size) -> float:
    """The share of a picture that is left when the largest part of the wanted shape is cut out of it."""
    shape, has = wanted.width / wanted.height, asked.width / asked.height
    return min(shape / has, has / shape)


@settings(max_examples=60, deadline=None)
@given(sizes, st.sampled_from(MODELS), st.data())
def test_a_hint_is_cheaper_legal_and_covers(wanted: Size, model: str, data: st.DataObject) -> None:
    quality = data.draw(st.sampled_from(IMAGES_API[model].qualities))
    step = planned(wanted, model, quality)
    found = cheaper_size(LISTED, step)
    if found is None:
        return
    now = LISTED.estimate_for(step.settings, step.request_size, prompt=step.prompt, pictures=0)
    then = LISTED.estimate_for(step.settings, found.size, prompt=step.prompt, pictures=0)
    assert now is not None
    assert then == found.price
    assert found.price <= 0.79 * now
    assert is_legal(IMAGES_API[model], found.size)
    assert found.size.width >= wanted.width
    assert found.size.height >= wanted.height
    assert kept(wanted, found.size) >= 0.66 - 1e-9
    assert found.cut == pytest.approx(1 - kept(wanted, found.size))


@settings(max_examples=15, deadline=None)
@given(sizes, st.sampled_from(MODELS))
def test_no_other_size_would_be_cheaper_still(wanted: Size, model: str) -> None:
    """By trying every legal size."""
    step = planned(wanted, model)
    assert step.request_size is not None

    def price(size: Size) -> float:
        return LISTED.estimate_for(step.settings, size, prompt=step.prompt, pictures=0) or 0.0

    fit = [size for size in legal_sizes(IMAGES_API[model]) if size.width >= wanted.width
           and size.height >= wanted.height and kept(wanted, size) >= 0.66 + 1e-9]  # fmt: skip
    least = min(map(price, fit), default=price(step.request_size))
    found = cheaper_size(LISTED, step)
    assert (found.price if found else 0.79 * price(step.request_size)) <= least + 1e-12


def test_a_square_could_be_cut_from_a_wide_picture() -> None:
    found = cheaper_size(LISTED, planned(Size(1024, 1024)))
    square = LISTED.estimate_for(planned(Size(1024, 1024)).settings, Size(1024, 1024), prompt="", pictures=0)
    assert found is not None
    assert square is not None
    assert found.price < 0.79 * square


def test_a_size_that_was_chosen_is_left_alone() -> None:
    asset = '[asset.a]\nprompt = "x"\nn = 5\noutput = "a.png"\n'
    assert len(hints(asset)) == 1
    assert hints(asset + 'request_size = "1024x1024"\n') == ()
    assert hints(asset + '[defaults]\nrequest_size = "1024x1024"\n') == ()
    assert cheaper_size(LISTED, replace(planned(Size(1024, 1024)), planned=False)) is None


def test_little_is_worth_no_line_of_a_plan() -> None:
    """A picture alone saves a cent; several that are alike count together, whatever asset they are of."""
    asset = '[asset.{}]\nprompt = "x"\nn = {}\noutput = "{}.png"\n'
    assert hints(asset.format("a", 1, "a")) == ()
    assert hints(asset.format("a", 4, "a")) == ()
    (hint,) = hints(asset.format("a", 4, "a") + asset.format("b", 1, "b").replace('"x"', '"y"'))
    assert hint.price - hint.cheaper_price >= 0.05


def test_where_the_price_is_unknown_or_the_same_for_all_sizes_there_is_no_hint() -> None:
    assert cheaper_size(LISTED, planned(Size(1024, 1024), "gpt-image-2.6-flare")) is None
    assert cheaper_size(LISTED, planned(Size(1024, 1024), "gpt-image-2-c", "low")) is None
    table = ProviderTable.model_validate({"kind": "images-api", "price": {"gpt-image-2": {"per_image": 0.04}}})
    assert cheaper_size(Prices.of({"shop": table}, {}), planned(Size(1024, 1024))) is None


def test_what_is_larger_than_the_model_draws_can_t_be_cut_from_anything() -> None:
    assert cheaper_size(LISTED, planned(Size(4_000, 4_000))) is None


def test_equal_sizes_are_told_of_once_with_their_sum() -> None:
    """Also where prompts differ; what costs nothing, or is asked for in another size, is not among them."""
    manifest = """
    [asset.icon]
    matrix.what = ["sword", "bow", "a very long story of a ghost"]
    prompt = "{{ what }}"
    size = "1024x1024"
    n = 2
    output = "icon-{{ what | slug }}.png"
    [asset.hero]
    prompt = "A harbour"
    size = "1536x1024"
    output = "hero.png"
    [asset.placeholder]
    prompt = "A boat"
    provider = "draft"
    output = "boat.png"
    [asset.night]
    source = "@hero"
    output = "night.png"
    [[asset.night.steps]]
    op = "edit"
    prompt = "Make it night"
    """
    found = hints(manifest)
    assert [(str(hint.wanted), hint.pictures) for hint in found] == [("1024x1024", 6)]
    graph = graph_of(manifest)
    forecast = foresee(graph, Nothing(), "call", select(graph, ()), LISTED)
    icons = [item.price for item in forecast.purchases if item.step.startswith("icon")]
    assert found[0].price == pytest.approx(sum(price or 0 for price in icons))
    assert len(set(icons)) == 3
