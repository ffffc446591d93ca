"""What a paid key holds and what it does not: everything that can change what is bought, and nothing else."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.graph.sizes import planned_size
from assetforge.model import Size
from assetforge.providers.models import rules_of
from tests.laws.small_manifests import PICTURES, paid, rendered

Table = dict[str, Any]
Change = Callable[[Table], object]

QUICK = settings(max_examples=15)


def base() -> Table:
    """A generation, an edit with a mask, and a local step; two candidates each."""
    return {
        "project": {"output_dir": "out"},
        "vars": {"mood": "calm"},
        "provider": {"relay": {"kind": "images-api", "base_url": "https://relay.example/v1"}},
        "defaults": {"moderation": "auto"},
        "asset": {
            "hero": {
                "prompt": "A boat on a {{ mood }} sea",
                "images": ["art/small.png", "art/ship.png"],
                "size": "1024x1024",
                "n": 2,
                "request_format": "jpeg",
                "steps": [
                    {
                        "op": "edit",
                        "id": "night",
                        "prompt": "Make it night",
                        "images": ["art/boat.png", "art/ship.png"],
                        "mask": "art/mask.png",
                        "preserve": True,
                        "n": 2,
                    },
                    {"op": "resize", "width": 64},
                ],
                "output": "hero.png",
            }
        },
    }


def changed(*changes: Change) -> Table:
    table = deepcopy(base())
    for change in changes:
        change(table)
    return table


def hero(**keys: Any) -> Change:
    return lambda table: table["asset"]["hero"].update(keys)


def night(**keys: Any) -> Change:
    return lambda table: table["asset"]["hero"]["steps"][0].update(keys)


def section(name: str, **keys: Any) -> Change:
    return lambda table: table.setdefault(name, {}).update(keys)


def relay(**keys: Any) -> Change:
    return lambda table: table["provider"]["relay"].update(keys)


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="{}"), max_size=8)
IGNORED: Mapping[str, st.SearchStrategy[Change]] = {
    "the provider's name": st.just(hero(provider="relay")),
    "the host": st.builds(
        lambda host: relay(base_url=f"https://{host}/v1"), st.sampled_from(["a.example", "b.example:8443"])
    ),
    "the API key": st.builds(lambda name: relay(api_key_env=name), st.sampled_from(["A_KEY", "B_KEY"])),
    "time-outs": st.builds(lambda number: relay(timeout_seconds=number), st.integers(1, 7200)),
    "concurrency": st.builds(lambda number: relay(concurrency=number), st.integers(1, 256)),
    "candidates per call": st.builds(lambda number: relay(max_n_per_request=number), st.integers(1, 10)),
    "moderation": st.builds(
        lambda one, other: lambda table: (hero(moderation=one)(table), night(moderation=other)(table)),
        st.sampled_from(["auto", "low"]),
        st.sampled_from(["auto", "low"]),
    ),
    "alt": st.builds(lambda text: hero(alt=text), texts),
    "tags": st.builds(lambda tags: hero(tags=tags), st.lists(texts, max_size=2)),
    "meta": st.builds(lambda text: hero(meta={"credit": text}), texts),
    "output paths": st.builds(
        lambda folder, name: lambda table: (section("project", output_dir=folder)(table), hero(output=name)(table)),
        st.sampled_from(["a", "b/c"]),
        st.sampled_from(["x.png", "y/z.webp"]),
    ),
    "outputs": st.builds(lambda width: hero(output={"path": "hero.avif", "width": width}), st.integers(1, 2000)),
    "budgets": st.builds(lambda usd: section("budget", max_usd_per_build=usd), st.floats(0, 9)),
    "local steps after it": st.builds(
        lambda width: lambda table: table["asset"]["hero"]["steps"][1].update(width=width), st.integers(1, 3000)
    ),
    "n": st.builds(lambda number: lambda table: (hero(n=number)(table), night(n=number)(table)), st.integers(2, 9)),
    "its own pick": st.just(night(pick=2)),
    "feather": st.builds(lambda number: night(preserve=True, feather=number), st.integers(0, 200)),
    "preserve": st.just(night(preserve=False, feather=0)),
    "fit and position": st.builds(
        lambda fit, place: hero(fit=fit, position=place),
        st.sampled_from(["cover", "contain", "fill"]),
        st.sampled_from(["top", "center", [0.25, 1]]),
    ),
    "the template's text": st.sampled_from(
        [
            hero(prompt="A boat on a {{ 'calm' }} sea"),
            hero(prompt="{# boats #}A boat on a {% if true %}{{ mood }}{% endif %} sea"),
            hero(prompt="A boat on a calm sea"),
            section("vars", mood="{{ word }}", word="calm"),
            lambda table: (table["vars"].pop("mood"), hero(vars={"mood": "calm"})(table)),
        ]
    ),
    "spaces round lines": st.builds(
        lambda before, after: hero(prompt=f"{before}A boat on a {{{{ mood }}}} sea{after}"),
        st.sampled_from(["", " ", "\n\n", "\t"]),
        st.sampled_from(["", "  ", "\r\n", " \n "]),
    ),
    "an input's format and path": st.just(night(images=["art/same.jpg", "art/ship.png"])),
    "another asset": st.just(lambda table: table["asset"].update(other={"prompt": "A cat", "output": "cat.png"})),
}


@pytest.mark.parametrize("name", IGNORED)
@given(data=st.data(), seed=st.integers(0, 2**16))
@settings(max_examples=3)
def test_a_paid_key_ignores(name: str, data: st.DataObject, seed: int) -> None:
    before, now = paid(base()), paid(changed(data.draw(IGNORED[name])), seed)
    assert {step: now[step] for step in before} == before


@given(data=st.data(), seed=st.integers(1, 2**16))
@QUICK
def test_any_of_these_together_change_no_paid_key(data: st.DataObject, seed: int) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(IGNORED)), unique=True, max_size=6))
    # Two changes of one key would be one change: the last wins, and that is fine.
    before, now = paid(base()), paid(changed(*(data.draw(IGNORED[name]) for name in names)), seed)
    assert {step: now[step] for step in before} == before


INCLUDED: Mapping[str, tuple[Change, str]] = {
    "the kind of provider": (hero(provider="draft"), "generate night"),
    "the model": (hero(model="gpt-image-2-2026-04-21"), "generate night"),
    "the model of an edit": (night(model="gpt-image-2-2026-04-21"), "night"),
    "the prompt": (hero(prompt="A ship on a {{ mood }} sea"), "generate"),
    "a variable": (section("vars", mood="wild"), "generate"),
    "lines": (hero(prompt="A boat on a\n{{ mood }} sea"), "generate"),
    "the prompt of an edit": (night(prompt="Make it day"), "night"),
    "the requested size": (hero(request_size="1536x1024"), "generate"),
    "the size": (hero(size="1536x1024"), "generate"),
    "the size of an edit": (night(request_size="1536x1024"), "night"),
    "quality": (hero(quality="high"), "generate night"),
    "quality of an edit": (night(quality="low"), "night"),
    "quality by default": (section("defaults", quality="high"), "generate night"),
    "background": (hero(background="opaque"), "generate night"),
    "format": (hero(request_format="png"), "generate night"),
    "compression": (hero(request_compression=80), "generate night"),
    "compression of an edit": (night(request_compression=80), "night"),
    "revision": (hero(revision=1), "generate"),
    "revision of an edit": (night(revision=1), "night"),
    "an input": (hero(images=["art/small.png", "art/boat.png"]), "generate"),
    "the order of inputs": (hero(images=["art/ship.png", "art/small.png"]), "generate"),
    "fewer inputs": (hero(images=["art/small.png"]), "generate"),
    "another input of an edit": (night(images=["art/ship.png", "art/boat.png"]), "night"),
    "the mask": (night(mask="art/other-mask.png"), "night"),
    "a drawn mask": (night(mask={"rect": [0, 0, 0.5, 0.5]}), "night"),
    "no mask": (
        lambda table: (night(preserve=False)(table), table["asset"]["hero"]["steps"][0].pop("mask")),
        "night",
    ),
}


@pytest.mark.parametrize("name", INCLUDED)
def test_a_paid_key_holds(name: str) -> None:
    change, steps = INCLUDED[name]
    before, now = paid(base()), paid(changed(change))
    for step in steps.split():
        for candidate in (1, 2):
            assert now[f"hero:{step}#{candidate}"] != before[f"hero:{step}#{candidate}"]


def test_an_edit_gets_the_picked_candidate() -> None:
    before, now = paid(base()), paid(changed(hero(pick=2)))
    assert {step for step in before if before[step] != now[step]} == {"hero:night#1", "hero:night#2"}


@given(st.integers(1, 1300), st.integers(1, 1300), st.integers(1, 1300), st.integers(1, 1300))
@QUICK
def test_sizes_count_as_they_are_asked_for(width: int, height: int, other: int, another: int) -> None:
    rules = rules_of("images-api", "gpt-image-2")
    wanted = [Size(width, height), Size(other, another), Size(width, min(height + 1, 1300))]
    keys = [paid({"asset": {"a": {"prompt": "A boat", "size": str(size)}}})["a:generate#1"] for size in wanted]
    asked = [planned_size(size, rules) for size in wanted]
    assert [[one == other for other in keys] for one in keys] == [[one == other for other in asked] for one in asked]


@given(st.permutations(["red", "green", "blue"]), st.permutations(["light", "dark"]), st.booleans())
@QUICK
def test_the_order_of_values_and_of_axes_changes_no_key(colors: list[str], themes: list[str], turned: bool) -> None:
    def keys(axes: dict[str, list[str]]) -> dict[frozenset[str], tuple[str, str]]:
        table = {
            "asset": {
                "icon": {
                    "matrix": axes,
                    "prompt": "{{ color }} and {{ theme }}",
                    "steps": [{"op": "resize", "width": 8}],
                    "output": "{{ color }}-{{ theme }}.png",
                }
            }
        }
        bought, files = paid(table), rendered(table)
        cells = {name: frozenset(name[len("icon[") : name.index("]")].split(",")) for name in [*bought, *files]}
        by_cell = {cells[name]: key for name, key in bought.items()}
        return {cells[name]: (by_cell[cells[name]], key) for name, key in files.items()}

    axes = {"color": colors, "theme": themes}
    order = dict(reversed(axes.items())) if turned else axes
    assert keys(order) == keys({"color": ["red", "green", "blue"], "theme": ["light", "dark"]})


RICH: Table = {
    "vars": {"brand": {"name": "Northwind", "color": "teal"}, "style": "flat {{ brand.color }}"},
    "data": {"items": {"sword": {"kind": "weapon", "gems": 2}, "cup": {"kind": "thing", "gems": 0}}},
    "chain": {"small": [{"op": "resize", "width": 64, "height": 48, "fit": "contain"}, {"op": "flatten"}]},
    "provider": {"relay": {"kind": "images-api", "concurrency": 2}},
    "defaults": {"quality": "low", "output": {"quality": {"jpg": 70, "jpeg": 80, "webp": 60}, "effort": 3}},
    "asset": {
        "icon": {
            "matrix": {"item": "data.items", "theme": ["light", "dark"]},
            "exclude": [{"item": "cup", "theme": "dark"}],
            "overrides": [
                {"when": {"item": {"kind": "weapon"}}, "vars": {"more": "sharp"}, "steps": {"night": {"n": 2}}},
            ],
            "vars": {"more": "round", "size": "{{ item.gems }} gems"},
            "prompt": "{{ item.id }} by {{ brand.name }}, {{ more }} {{ size }}, {{ style }}",
            "steps": [{"op": "edit", "id": "night", "prompt": "Make it night"}, {"use": "small"}],
            "outputs": [
                {
                    "path": "{{ item.id }}-{{ theme }}-{{ width }}.{{ format }}",
                    "width": [8, 16],
                    "format": ["jpg", "webp"],
                }
            ],
        },
        "sheet": {
            "prompt": "All of these",
            "images": ["@icon[item=sword]", "art/boat.png"],
            "provider": "relay",
            "output": "sheet.jpeg",
        },
    },
}


@given(st.integers(1, 2**32))
@QUICK
def test_the_order_and_the_spelling_of_toml_change_no_key(seed: int) -> None:
    assert paid(RICH, seed) == paid(RICH)
    assert rendered(RICH, seed) == rendered(RICH)


@given(st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["", "\ufeff"]), st.sampled_from(["", " ", "\n"]))
@QUICK
def test_line_ends_of_a_prompt_file_change_no_key(end: str, mark: str, tail: str) -> None:
    table = {"asset": {"a": {"prompt_file": "prompts/a.md", "output": "a.png"}}}
    files = {"prompts/a.md": f"{mark}A boat{tail}\nat  sea{tail}\n".replace("\n", end)}
    plain = {
        "asset": {"a": {"prompt": "A boat\nat  sea" if tail != "\n" else "A boat\n\nat  sea", "output": "a.png"}}
    }
    assert paid(table, 0, files) == paid(plain)


def test_pictures_beside_a_prompt_are_the_edit_of_the_first() -> None:
    beside = {
        "prompt": "P",
        "images": ["art/boat.png", "art/ship.png"],
        "size": "1536x1024",
        "n": 2,
        "output": "a.png",
    }
    step = {"op": "edit", "prompt": "P", "images": ["art/ship.png"], "size": "1536x1024", "n": 2}
    drawn = paid({"asset": {"a": beside}})
    edited = paid({"asset": {"a": {"source": "art/boat.png", "steps": [step], "output": "a.png"}}})
    assert list(drawn.values()) == list(edited.values())


@given(st.sampled_from(["jpeg", "png"]), st.sampled_from(["art/x.jpg", "deep/y.png"]), st.text("ab", min_size=1))
@QUICK
def test_a_source_counts_by_its_pixels_in_paid_keys_and_by_its_bytes_in_files(
    form: str, path: str, show: str
) -> None:
    def table(source: str) -> Table:
        bought = {"source": source, "steps": [{"op": "edit", "prompt": "Make it night"}], "output": "a.png"}
        made = {"source": source, "steps": [{"op": "resize", "width": 8}], "output": "b.png"}
        return {"asset": {"a": bought, "b": made}}

    files = {path: f"{form} 1024x1024 {show}", "plain.png": f"png 1024x1024 {show}", **PICTURES}
    assert paid(table(path), 0, files) == paid(table("plain.png"), 0, files)
    one, other = rendered(table(path), 0, files), rendered(table("plain.png"), 0, files)
    assert one["a > a.png"] == other["a > a.png"]
    assert (one["b > b.png"] == other["b > b.png"]) is (form == "png")
