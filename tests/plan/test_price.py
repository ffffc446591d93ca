"""What a call costs: never more than was said before it, and never less than the list says where it must not be."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.config import OPENAI
from assetforge.model import Call, Settings, Size
from assetforge.plan.action import leaf
from assetforge.plan.price import Prices
from assetforge.providers.models import IMAGES_API, legal_sizes
from assetforge.providers.prices import shipped_prices
from assetforge.providers.spec import ProviderTable
from tests.plan.known_pictures import picture

RELAY = "https://relay.example"
SQUARE = Size(1024, 1024)
PRICED = ["gpt-image-2", "gpt-image-2-2026-04-21", "gpt-image-2.5-flare", "gpt-image-1.5", "gpt-image-1-mini"]
# Three bytes a character, and in no tokenizer more than a token a byte.
prompts = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=126)),
    st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)),
    st.text(),
)
models = st.sampled_from(PRICED)
amounts = st.floats(0, 1_000, allow_subnormal=False)
counts = st.integers(0, 20_000)
overrides = st.fixed_dictionaries(
    {},
    optional={
        "text_input": amounts,
        "image_input": amounts,
        "image_output": amounts,
        "per_image": st.one_of(amounts, st.dictionaries(st.sampled_from(["low", "medium", "high"]), amounts)),
    },
)


def settings_of(model: str = "gpt-image-2", quality: str = "medium", kind: str = "images-api") -> Settings:
    return Settings("shop", kind, model, quality, "auto", "auto", "png", None)


def prices(price: Mapping[str, Any] | None = None, *, origin: str = RELAY, model: str = "gpt-image-2") -> Prices:
    """The prices of one provider, `shop`, whose table says this of a model."""
    table = ProviderTable.model_validate({"kind": "images-api", "price": {} if price is None else {model: price}})
    return Prices.of({"shop": table}, {"shop": origin})


def estimated(known: Prices, settings: Settings, size: Size | None = SQUARE, *, sent: int = 0) -> float | None:
    return known.estimate_for(settings, size, prompt="A lighthouse", pictures=sent)


@st.composite
def calls(draw: st.DrawFn) -> tuple[Settings, Size, str, int]:
    """The parts of some priced call: how, how large, the prompt, and how many pictures go along."""
    model = draw(models)
    rules = IMAGES_API[model]
    size = draw(st.sampled_from(legal_sizes(rules)))
    return settings_of(model, draw(st.sampled_from(rules.qualities))), size, draw(prompts), draw(st.integers(0, 16))


@given(calls(), st.data())
def test_a_call_never_costs_more_than_was_estimated(
    call: tuple[Settings, Size, str, int], data: st.DataObject
) -> None:
    """Whatever a tokenizer makes of the prompt, up to a token a byte and what is put around it, and whatever the
    pictures count as, up to 1,536 tokens each."""
    settings, size, prompt, sent = call
    known = prices()
    price = shipped_prices().price_of(settings.model)
    assert price is not None
    assert price.output is not None
    text = data.draw(st.integers(0, len(prompt.encode("utf-8", "surrogatepass")) + 32))
    pictures = data.draw(st.integers(0, 1_536)) * sent
    made = int(price.output.tokens(size, settings.quality))
    usage = {"input_text_tokens": text, "input_image_tokens": pictures, "output_tokens": made}
    cost = known.cost_of("shop", "images-api", settings.model, settings.quality, usage, 1)
    estimate = known.estimate_for(settings, size, prompt=prompt, pictures=sent)
    assert cost is not None
    assert estimate is not None
    assert cost <= estimate


@given(calls())
def test_an_unknown_size_counts_as_the_dearest_that_the_model_draws(call: tuple[Settings, Size, str, int]) -> None:
    settings, size, prompt, sent = call
    known, legal = prices(), legal_sizes(IMAGES_API[settings.model])
    dearest = known.estimate_for(settings, None, prompt=prompt, pictures=sent)
    at_size = known.estimate_for(settings, size, prompt=prompt, pictures=sent)
    assert dearest is not None
    assert at_size is not None
    assert at_size <= dearest
    if len(legal) <= 3:
        each = [known.estimate_for(settings, one, prompt=prompt, pictures=sent) for one in legal]
        assert dearest == max(usd for usd in each if usd is not None)


def test_the_dearest_size_is_not_the_largest() -> None:
    """A square of the most pixels has twice the tokens of a picture of 3840x2160."""
    high = settings_of(quality="high")
    assert estimated(prices(), high, None) == estimated(prices(), high, Size(2880, 2880))
    assert (estimated(prices(), high, None) or 0) > 1.5 * (estimated(prices(), high, Size(3840, 2160)) or 1)


def test_an_estimate_of_a_generation_is_the_output_and_the_prompt_s_bytes() -> None:
    text = (len("A lighthouse") + 32) * 5
    assert estimated(prices(), settings_of()) == pytest.approx((text + 1_756 * 30) / 1_000_000)
    assert estimated(prices(), settings_of(), sent=2) == pytest.approx(
        (text + 2 * 1_536 * 8 + 1_756 * 30) / 1_000_000
    )


def test_a_call_is_estimated_with_all_that_it_sends() -> None:
    sent = leaf(picture("file", "png", SQUARE, "boat"), models=(), draft=False)
    call = Call("edit", settings_of(), "A lighthouse", SQUARE, (sent, sent), sent)
    assert prices().estimate(call) == estimated(prices(), settings_of(), sent=3)
    assert prices().estimate(Call("generate", settings_of(), "A lighthouse", SQUARE)) == estimated(
        prices(), settings_of()
    )


@given(overrides, models, st.sampled_from(["low", "medium", "high", "auto"]))
def test_what_a_table_leaves_out_is_as_in_the_list(price: dict[str, Any], model: str, quality: str) -> None:
    """Elsewhere than at OpenAI a table is believed as it stands."""
    settings = settings_of(model, quality)
    listed = shipped_prices().price_of(model)
    assert listed is not None
    assert listed.output is not None
    rates = {"text_input": listed.rates.text_input, "image_input": listed.rates.image_input,
             "image_output": listed.rates.image_output} | price  # fmt: skip
    told = price.get("per_image")
    flat = told.get(quality) if isinstance(told, dict) else told
    tokens = (
        (len("A lighthouse") + 32) * rates["text_input"]
        + 1_536 * rates["image_input"]
        + listed.output.tokens(SQUARE, quality) * rates["image_output"]
    )
    expected = tokens / 1_000_000 if flat is None else flat
    if isinstance(told, dict) and quality == "auto":
        expected = max(expected, *told.values(), 0.0)
    assert estimated(prices(price, model=model), settings, sent=1) == pytest.approx(expected)


@given(overrides, models, st.sampled_from(["low", "medium", "high", "auto"]), counts, counts, st.integers(1, 10))
def test_at_openai_nothing_is_cheaper_than_the_list(
    price: dict[str, Any], model: str, quality: str, text: int, made: int, images: int
) -> None:
    """The manifest may be a stranger's, and the user's limits are the user's."""
    settings = settings_of(model, quality)
    guarded, listed = prices(price, origin=OPENAI, model=model), prices()
    told = (
        estimated(guarded, settings),
        estimated(listed, settings),
        estimated(prices(price, model=model), settings),
    )
    assert None not in told
    assert told[0] == max(told[1] or 0, told[2] or 0)
    usage = {"input_tokens": text, "output_tokens": made}
    cost, floor = (one.cost_of("shop", "images-api", model, quality, usage, images) for one in (guarded, listed))
    assert (cost is None) == (floor is None)
    assert cost is None or floor is None or cost >= floor


def test_a_flat_price_at_openai_does_not_stand_in_for_a_usage_that_is_missing() -> None:
    """The estimate then stands, which is no less than the list's."""
    assert (
        prices({"per_image": 0.0}, origin=OPENAI).cost_of("shop", "images-api", "gpt-image-2", "low", {}, 3) is None
    )


@given(counts, counts, st.integers(1, 10))
def test_a_flat_price_counts_pictures_whatever_the_usage_says(text: int, made: int, images: int) -> None:
    known = prices({"per_image": {"low": 0.01, "high": 0.2}})
    usage = {"input_tokens": text, "output_tokens": made}
    assert known.cost_of("shop", "images-api", "gpt-image-2", "low", usage, images) == pytest.approx(0.01 * images)
    assert known.cost_of("shop", "images-api", "gpt-image-2", "auto", {}, images) is None


def test_a_table_for_a_model_is_one_for_its_other_names_unless_they_have_their_own() -> None:
    both = prices({"per_image": 1.0})
    assert estimated(both, settings_of("gpt-image-2-2026-04-21")) == 1.0
    assert estimated(prices({"per_image": 1.0}, model="gpt-image-2-2026-04-21"), settings_of()) != 1.0


@given(st.one_of(st.none(), st.sampled_from([{"image_output": 30.0}, {"text_input": 1.0, "image_input": 1.0}])))
def test_what_nobody_knows_stays_unknown(price: dict[str, Any] | None) -> None:
    for model in ("gpt-image-2-c", "gpt-image-9", "dall-e-3", "gpt-image-2.6-flare"):
        for origin in (OPENAI, RELAY):
            known = prices(price, origin=origin, model=model)
            assert estimated(known, settings_of(model)) is None
            assert known.cost_of("shop", "images-api", model, "low", {}, 1) is None
            assert estimated(prices({"per_image": 0.5}, origin=origin, model=model), settings_of(model)) == 0.5


def test_of_2_6_the_cost_is_known_once_its_usage_is() -> None:
    usage = {"input_text_tokens": 100, "output_tokens": 1_000}
    assert prices().cost_of("shop", "images-api", "gpt-image-2.6-flare", "low", usage, 1) == pytest.approx(0.0305)


def test_usage_settles_and_what_is_not_said_to_be_text_counts_as_pictures() -> None:
    def cost(**usage: int) -> float | None:
        return prices().cost_of("shop", "images-api", "gpt-image-2", "low", usage, 1)

    assert cost(input_text_tokens=10, input_image_tokens=100, output_tokens=1_000) == pytest.approx(0.03085)
    assert cost(input_tokens=110, input_text_tokens=10, output_tokens=1_000) == pytest.approx(0.03085)
    assert cost(input_tokens=100, output_tokens=1_000) == pytest.approx(0.0308)
    assert cost(input_tokens=100) is None
    assert cost(output_tokens=0) is None


def test_drafts_cost_nothing() -> None:
    known = prices({"per_image": 5.0})
    assert estimated(known, settings_of(kind="draft")) == 0.0
    assert known.cost_of("shop", "draft", "gpt-image-2", "low", {}, 3) == 0.0


def test_another_kind_has_the_prices_that_its_table_says() -> None:
    assert estimated(prices(), settings_of(kind="oil@1.2")) is None
    assert estimated(prices({"per_image": 3.0}), settings_of(kind="oil@1.2")) == 3.0


def test_a_provider_that_nobody_wrote_down_has_the_list_s_prices() -> None:
    """Notes of other projects name providers of their own."""
    usage = {"output_tokens": 1_000}
    assert Prices.of({}, {}).cost_of("theirs", "images-api", "gpt-image-2", "low", usage, 1) == pytest.approx(0.03)


def test_a_manifest_s_price_that_is_too_low_is_named() -> None:
    assert prices({"image_output": 1.0}, origin=OPENAI).disbelieved() == (("shop", "gpt-image-2"),)
    assert prices({"per_image": 0.01}, origin=OPENAI).disbelieved() == (("shop", "gpt-image-2"),)
    assert prices({"image_output": 99.0}, origin=OPENAI).disbelieved() == ()
    assert prices({"image_output": 1.0}).disbelieved() == ()


def test_a_quality_without_a_flat_price_costs_what_is_listed() -> None:
    """A table that names the cheapest quality alone must not make the dearest one cheap."""
    flat = prices({"per_image": {"low": 0.01}})
    assert estimated(flat, settings_of(quality="high")) == estimated(prices(), settings_of(quality="high"))
    assert estimated(flat, settings_of(quality="low")) == 0.01
