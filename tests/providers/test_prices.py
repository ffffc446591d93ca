"""The price list: what it says agrees with what was published, and nothing half-written is believed."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from importlib import resources
from typing import Any

import pytest

from assetforge.model import Size
from assetforge.providers.models import IMAGES_API, legal_sizes
from assetforge.providers.prices import Formula, Output, Table, read_prices, shipped_prices

# Published or billed counts of output tokens, as of 2026-11-22: those of gpt-image-2 for low, medium and high.
GPT_IMAGE_2 = """
1024x768    134  1204  4815
1024x1024   196  1756  7024
1024x1536   158  1372  5488
1536x1024   158  1372  5488
1280x720    106   947  3787
1536x864    120  1078  4312
864x1536    120  1078  4312
1920x1088   148  1325  5300
2048x1152   157  1413  5650
1536x1536   279  2511 10044
2560x1440   205  1843  7370
2048x2048   397  3568 14272
2880x2880   659  5930 23719
3840x2160   371  3336 13342
2160x3840   371  3336 13342
3072x1024   103   988  3952
"""
# The vendor's own calculator, at high, where the table above says nothing.
GPT_IMAGE_2_HIGH = {"1792x1024": 5063, "3584x2048": 12329}
# Low, medium, high, xhigh and max.
GPT_IMAGE_2_5 = """
1024x768    134   301  1204  2140  4815
1024x1024   196   439  1756  3122  7024
1024x1536   158   343  1372  2459  5488
1536x1024   158   343  1372  2459  5488
1280x720    106   246   947  1683  3787
1536x864    120   280  1078  1917  4312
864x1536    120   280  1078  1917  4312
1920x1088   148   344  1325  2356  5300
2048x1152   157   367  1413  2511  5650
1536x1536   279   628  2511  4464 10044
2560x1440   205   478  1843  3276  7370
2048x2048   397   892  3568  6343 14272
2880x2880   659  1483  5930 10542 23719
3840x2160   371   865  3336  5930 13342
2160x3840   371   865  3336  5930 13342
3072x1024   103   247   988  1729  3952
"""
# US dollars for a picture, rounded to a tenth of a cent as they are published: low, medium and high.
ROUNDED = {
    "gpt-image-1.5": "1024x1024 0.009 0.034 0.133, 1024x1536 0.013 0.050 0.200, 1536x1024 0.013 0.050 0.200",
    "gpt-image-1": "1024x1024 0.011 0.042 0.167, 1024x1536 0.016 0.063 0.250, 1536x1024 0.016 0.063 0.250",
    "gpt-image-2": "1024x1024 0.006 0.053 0.211, 1024x1536 0.005 0.041 0.165, 1536x1024 0.005 0.041 0.165",
}
MINI = "1024x1024 0.005 0.011 0.036, 1024x1536 0.006 0.015 0.052, 1536x1024 0.006 0.015 0.052"
QUALITIES = ("low", "medium", "high", "xhigh", "max")
VARIANTS = ("gpt-image-2.5-sunburst", "gpt-image-2.5-flare", "gpt-image-2.5-flare-2026-09-08")


def output(model: str) -> Output:
    price = shipped_prices().price_of(model)
    assert price is not None
    assert price.output is not None
    return price.output


def entries(table: str) -> Iterator[tuple[Size, str, float]]:
    """Each count or amount of a table above, with its size and quality."""
    for line in table.replace(",", "\n").strip().splitlines():
        size, *numbers = line.split()
        for quality, number in zip(QUALITIES, numbers, strict=False):
            yield Size.parse(size), quality, float(number)


@pytest.mark.parametrize("model", ["gpt-image-2", "gpt-image-2-2026-04-21", *VARIANTS])
def test_the_formula_gives_every_published_count(model: str) -> None:
    table = GPT_IMAGE_2_5 if model in VARIANTS else GPT_IMAGE_2
    told = {(size, quality): output(model).tokens(size, quality) for size, quality, _ in entries(table)}
    assert told == {(size, quality): count for size, quality, count in entries(table)}
    assert len(told) in (48, 80)


def test_the_formula_gives_what_the_vendor_s_calculator_says() -> None:
    for size, count in GPT_IMAGE_2_HIGH.items():
        assert output("gpt-image-2").tokens(Size.parse(size), "high") == count


@pytest.mark.parametrize("model", ROUNDED)
def test_tokens_at_their_rate_are_the_published_dollars(model: str) -> None:
    price = shipped_prices().price_of(model)
    assert price is not None
    for size, quality, usd in entries(ROUNDED[model]):
        made = output(model).tokens(size, quality) * price.rates.image_output / 1_000_000
        # Published figures are rounded, some of them to whole cents.
        assert made == pytest.approx(usd, abs=0.002)


def test_rounded_dollars_count_as_the_most_they_can_stand_for() -> None:
    for size, quality, usd in entries(MINI):
        made = output("gpt-image-1-mini").tokens(size, quality) * 8.0 / 1_000_000
        assert made == pytest.approx(usd + 0.0005)


@pytest.mark.parametrize("model", ["gpt-image-2", "gpt-image-2.5-flare", "gpt-image-1.5", "gpt-image-1-mini"])
def test_what_is_not_listed_counts_as_the_dearest(model: str) -> None:
    found = output(model)
    for size in (Size(1024, 1024), Size(1536, 1024)):
        known = [found.tokens(size, quality) for quality in IMAGES_API[model].qualities if quality != "auto"]
        assert found.tokens(size, "auto") == found.tokens(size, "unheard-of") == max(known)
    if isinstance(found, Table):
        dearest = max(found.tokens(size, "low") for size in legal_sizes(IMAGES_API[model]))
        assert found.tokens(Size(640, 480), "low") == dearest


def test_whoever_has_a_formula_has_a_model_with_sizes_and_qualities() -> None:
    """So that the dearest size is always known, and every quality that can be asked for has its factor."""
    prices = shipped_prices()
    for model in (*prices.models, *prices.aliases):
        rules = IMAGES_API[model]
        price = prices.price_of(model)
        if price is not None and isinstance(price.output, Formula):
            assert {quality for quality, _ in price.output.factors} == set(rules.qualities) - {"auto"}


@pytest.mark.parametrize("model", ["gpt-image-2-c", "dall-e-3", "dall-e-2", "gpt-image-9"])
def test_where_no_price_was_published_none_is_known(model: str) -> None:
    assert shipped_prices().price_of(model) is None


@pytest.mark.parametrize("model", ["gpt-image-2.6-sunburst", "gpt-image-2.6-flare"])
def test_of_2_6_only_the_rates_are_known(model: str) -> None:
    price = shipped_prices().price_of(model)
    assert price is not None
    assert (price.rates.image_output, price.output) == (30.0, None)


def written() -> dict[str, Any]:
    text = resources.files("assetforge.providers").joinpath("prices.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def test_the_list_has_a_date_and_a_source_for_each_price() -> None:
    document = written()
    assert date.fromisoformat(document["as_of"])
    assert shipped_prices().as_of == document["as_of"]
    for entry in document["models"].values():
        assert entry["sources"]
        assert set(entry["sources"]) <= document["sources"].keys()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("as_of",), None),
        (("currency",), "EUR"),
        (("models",), []),
        (("models", "gpt-image-2", "usd_per_million"), {}),
        (("models", "gpt-image-2", "usd_per_million", "text_input"), -5.0),
        (("models", "gpt-image-2", "usd_per_million", "image_output"), True),
        (("models", "gpt-image-2", "output", "factors", "low"), float("nan")),
        (("models", "gpt-image-1.5", "output", "tokens", "1024x1024", "low"), "272"),
        (("models", "gpt-image-1.5", "output", "tokens", "1024"), {"low": 272}),
        (("models", "gpt-image-1-mini", "output", "rounded_to"), 0),
        (("models", "gpt-image-1-mini", "output", "usd"), 0.005),
        (("aliases", "another"), "gpt-image-9"),
        (("aliases", "gpt-image-1"), "gpt-image-2"),
    ],
)
def test_a_list_with_a_mistake_is_not_read(place: tuple[str, ...], value: object) -> None:
    document = deepcopy(written())
    *path, last = place
    inside = document
    for name in path:
        inside = inside[name]
    inside[last] = value
    with pytest.raises(ValueError, match=r"."):
        read_prices(document)
