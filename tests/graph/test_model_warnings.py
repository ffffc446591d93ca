"""A model that is unknown, or at its end, is warned of once, where it is written, and never refused."""

from datetime import date, timedelta

import pytest

from assetforge.providers.models import IMAGES_API
from tests.graph.graphs import graph_of

ENDING = sorted(name for name, rules in IMAGES_API.items() if rules.shutdown)


def told(model: str, today: str) -> list[tuple[str, str | None]]:
    """What is said of three instances of two assets with one model."""
    manifest = f"""
    [defaults]
    model = "{model}"
    [asset.icon]
    matrix.what = ["sword", "bow"]
    prompt = "{{{{ what }}}}"
    size = "1024x1024"
    output = "icon-{{{{ what }}}}.png"
    [asset.hero]
    prompt = "A harbour"
    output = "hero.png"
    """
    warnings = graph_of(manifest, today=today).warnings
    assert all(problem.where is not None and problem.where.key == ("defaults", "model") for problem in warnings)
    return [(problem.message, problem.hint) for problem in warnings]


@pytest.mark.parametrize("model", ENDING)
def test_a_model_is_warned_of_for_ninety_days_before_its_end_and_ever_after(model: str) -> None:
    shutdown = IMAGES_API[model].shutdown
    assert shutdown is not None
    end = date.fromisoformat(shutdown)

    def on(days: int) -> list[tuple[str, str | None]]:
        return told(model, (end + timedelta(days)).isoformat())

    soon = [(f"`{model}` is shut down on {shutdown}", "use `gpt-image-2`")]
    gone = [(f"`{model}` was shut down on {shutdown}: a call for it will fail", "use `gpt-image-2`")]
    assert [on(-91), on(-90), on(-1), on(0), on(1), on(4_000)] == [[], soon, soon, gone, gone, gone]


@pytest.mark.parametrize("model", ENDING)
def test_without_a_date_nothing_is_said_of_an_end(model: str) -> None:
    assert told(model, "") == []


@pytest.mark.parametrize("model", sorted(name for name, rules in IMAGES_API.items() if not rules.shutdown))
def test_a_model_without_an_end_is_never_warned_of(model: str) -> None:
    assert told(model, "2099-12-31") == []


def test_an_unknown_model_is_told_of_once_and_only_lasting_ones_are_named() -> None:
    ((message, hint),) = told("unheard-of", "2026-11-22")
    assert message == "model `unheard-of` is not known here, so its rules are not checked"
    assert hint is not None
    assert "gpt-image-2.5-flare" in hint
    assert "dall-e" not in hint
