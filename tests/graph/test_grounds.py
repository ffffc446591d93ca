"""A paid step knows the colour that is cut out of its picture afterwards, and nothing else of what follows."""

import pytest

from assetforge.model import Paid
from tests.graph.graphs import graph_of

SHIP = '[asset.ship]\nprompt = "A ship"\nsize = "1024x1024"\noutput = "ship.png"\n'


def grounds(manifest: str) -> dict[str, str]:
    """The ground of each paid step."""
    return {step.id: step.ground for step in graph_of(manifest).steps.values() if isinstance(step, Paid)}


@pytest.mark.parametrize(
    ("steps", "ground"),
    [
        ("", ""),
        ('{ op = "trim" }', ""),
        ('{ op = "cutout" }', "auto"),
        ('{ op = "cutout", color = "lime" }', "#00ff00ff"),
        ('{ op = "resize", width = 64 }, { op = "flip" }, { op = "cutout", color = "white" }', "#ffffffff"),
        ('{ op = "cutout", color = "white" }, { op = "cutout", color = "black" }', "#ffffffff"),
    ],
)
def test_a_cutout_after_a_generation_is_its_ground(steps: str, ground: str) -> None:
    assert grounds(f"{SHIP}steps = [{steps}]") == {"ship:generate": ground}


def test_a_cutout_in_another_asset_counts_too() -> None:
    more = '[asset.cut]\nsource = "@ship"\nsteps = [{ op = "cutout" }]\noutput = "cut.png"\n'
    assert grounds(SHIP + more) == {"ship:generate": "auto"}
    numbered = more.replace("@ship", "@ship#2")
    assert grounds(SHIP + "n = 2\n" + numbered) == {"ship:generate": "auto"}


def test_an_edit_has_a_ground_of_its_own_and_hides_what_follows_it() -> None:
    steps = 'steps = [{ op = "edit", prompt = "At night" }, { op = "cutout", color = "#0f0" }]'
    assert grounds(SHIP + steps) == {"ship:generate": "", "ship:edit": "#00ff00ff"}


def test_what_is_laid_on_another_picture_has_not_that_one_s_ground() -> None:
    more = (
        '[asset.sea]\nprompt = "The sea"\nsize = "1024x1024"\noutput = "sea.png"\n'
        'steps = [{ op = "overlay", image = "@ship" }, { op = "cutout" }]\n'
    )
    assert grounds(SHIP + more) == {"ship:generate": "", "sea:generate": "auto"}
