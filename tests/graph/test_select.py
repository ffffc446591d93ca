"""The selection language of the command line, on one small project."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.errors import UsageError
from assetforge.graph.select import select
from tests.graph.graphs import graph_of

GRAPH = graph_of("""
[asset.hero]
prompt = "A lighthouse"
tags = ["web", "home"]
output = "hero.png"
[asset.hero-night]
source = "@hero"
tags = ["web"]
output = "night/hero.webp"
[asset.hero-far]
prompt = "Far away"
images = ["@hero-night"]
[asset.icon]
prompt = "A {{ theme }} {{ item.id }}"
matrix.item = [{ id = "sword", kind = "weapon" }, { id = "ghost ship", kind = "enemy" }]
matrix.theme = ["light", "dark"]
tags = ["game"]
output = "icons/{{ item.id | slug }}-{{ theme }}.png"
""")
ALL = tuple(GRAPH.instances)
SWORD_LIGHT, SWORD_DARK, GHOST_LIGHT, GHOST_DARK = ALL[3:]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([], ALL),
        (["hero"], ["hero"]),
        (["hero*"], ["hero", "hero-night", "hero-far"]),
        (["h?ro"], ["hero"]),
        (["icon"], [SWORD_LIGHT, SWORD_DARK, GHOST_LIGHT, GHOST_DARK]),
        (["icon[theme=dark]"], [SWORD_DARK, GHOST_DARK]),
        (["i*[theme=dark]"], [SWORD_DARK, GHOST_DARK]),
        (["icon[theme=d*,item=s*]"], [SWORD_DARK]),
        (['icon[item="ghost ship"]'], [GHOST_LIGHT, GHOST_DARK]),
        (["icon[item.kind=weapon]"], [SWORD_LIGHT, SWORD_DARK]),
        (["tag:web"], ["hero", "hero-night"]),
        (["tag:*o*"], ["hero"]),
        (["output:icons/*.png"], [SWORD_LIGHT, SWORD_DARK, GHOST_LIGHT, GHOST_DARK]),
        (["output:*.webp"], ["hero-night"]),
        (["hero+"], ["hero", "hero-night", "hero-far"]),
        (["hero-night+"], ["hero-night", "hero-far"]),
        (["+hero-night"], ["hero-night"]),
        (["+hero-night+"], ["hero-night", "hero-far"]),
        (["hero", "icon[theme=dark]"], ["hero", SWORD_DARK, GHOST_DARK]),
        (["icon", "!icon[theme=dark]"], [SWORD_LIGHT, GHOST_LIGHT]),
        (["!icon"], ["hero", "hero-night", "hero-far"]),
        (["!tag:web", "!icon"], ["hero-far"]),
        (["!hero", "hero"], ["hero"]),
    ],
)
def test_patterns_select(patterns: list[str], expected: list[str]) -> None:
    assert select(GRAPH, patterns) == tuple(expected)


def test_patterns_that_leave_nothing_are_a_mistake() -> None:
    with pytest.raises(UsageError, match="leaves no asset"):
        select(GRAPH, ["hero*", "!hero+"])


@pytest.mark.parametrize("name", ALL)
def test_an_instance_s_name_selects_it_alone(name: str) -> None:
    assert select(GRAPH, [name]) == (name,)


@given(st.lists(st.sampled_from(["hero", "icon", "tag:web", "icon[theme=dark]", "hero-far"]), min_size=1))
def test_the_order_and_the_number_of_patterns_say_nothing(patterns: list[str]) -> None:
    assert select(GRAPH, patterns) == select(GRAPH, sorted(set(patterns)))
    assert select(GRAPH, patterns) == tuple(name for name in ALL if any(name in select(GRAPH, [p]) for p in patterns))


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("heroo", "did you mean `hero`?"),
        ("tag:wbe", "did you mean `web`?"),
        ("!nothing", "assets: `hero`, `hero-far`, `hero-night` and `icon`"),
        ("icon[theme=dim]", "did you mean `icon`?"),
        ("output:*.gif", None),
        ("", None),
    ],
)
def test_a_pattern_that_matches_nothing_is_an_error(pattern: str, hint: str | None) -> None:
    with pytest.raises(UsageError, match="matches no asset") as caught:
        select(GRAPH, [pattern])
    assert hint is None or caught.value.problems[0].hint == hint


@settings(max_examples=200)
@given(st.text('hero*?[]=,!+:tagicon"\\ .', max_size=12))
def test_any_pattern_selects_or_is_told_to_be_wrong(pattern: str) -> None:
    with contextlib.suppress(UsageError):
        assert set(select(GRAPH, [pattern])) <= set(ALL)


def test_brackets_stand_for_themselves() -> None:
    """`[abc]` is no class of characters, as it would be in a shell."""
    with pytest.raises(UsageError):
        select(GRAPH, ["her[abco]"])
