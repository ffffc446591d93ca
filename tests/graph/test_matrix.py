"""The matrix: every combination in the order written, less what is left out, with what overrides say."""

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.errors import ManifestError
from assetforge.graph.printing import quoted
from assetforge.model import Graph, Local, Paid
from tests.graph.graphs import graph_of

words = st.text("ab,= []#é\"'", max_size=4)
values = st.lists(words, min_size=1, max_size=3, unique=True)
matrices = st.dictionaries(st.sampled_from(["x", "y", "z"]), values, min_size=1, max_size=3)


def toml(value: Any) -> str:
    """JSON's lists and texts are TOML's."""
    return json.dumps(value, ensure_ascii=False)


def asset(matrix: dict[str, list[str]], rest: str = "") -> str:
    axes = "".join(f"matrix.{axis} = {toml(listed)}\n" for axis, listed in matrix.items())
    return f'[asset.a]\nprompt = "A picture"\n{axes}{rest}'


def cells_of(graph: Graph) -> list[dict[str, str]]:
    return [dict(instance.cell) for instance in graph.instances.values()]


def every(matrix: dict[str, list[str]]) -> list[dict[str, str]]:
    return [dict(zip(matrix, row, strict=True)) for row in product(*matrix.values())]


@settings(max_examples=40, deadline=None)
@given(matrices)
def test_instances_are_all_combinations_in_the_order_written(matrix: dict[str, list[str]]) -> None:
    graph = graph_of(asset(matrix))
    assert cells_of(graph) == every(matrix)
    names = [",".join(f"{axis}={quoted(text)}" for axis, text in cell.items()) for cell in every(matrix)]
    assert list(graph.instances) == [f"a[{name}]" for name in names]


@settings(max_examples=40, deadline=None)
@given(st.data(), matrices)
def test_exclude_leaves_out_what_meets_all_of_its_axes(data: st.DataObject, matrix: dict[str, list[str]]) -> None:
    given_axes = data.draw(st.lists(st.sampled_from(list(matrix)), unique=True, min_size=1))
    entry = {axis: data.draw(st.lists(st.sampled_from(matrix[axis]), min_size=1, unique=True)) for axis in given_axes}
    written = ", ".join(f"{axis} = {toml(texts)}" for axis, texts in entry.items())
    graph = graph_of(asset(matrix, f"exclude = [{{ {written} }}]\n"))
    left = [cell for cell in every(matrix) if not all(cell[axis] in texts for axis, texts in entry.items())]
    assert cells_of(graph) == left


@settings(max_examples=40, deadline=None)
@given(matrices, st.lists(st.tuples(st.sampled_from(["x", "y", "z"]), words, st.integers(1, 9)), max_size=4))
def test_all_overrides_that_match_apply_and_the_last_one_wins(
    matrix: dict[str, list[str]], drawn: list[tuple[str, str, int]]
) -> None:
    overrides = [(axis, text, number) for axis, text, number in drawn if axis in matrix]
    written = ", ".join(f"{{ when = {{ {axis} = {toml(text)} }}, n = {number} }}" for axis, text, number in overrides)
    graph = graph_of(asset(matrix, f"overrides = [{written}]\n"))
    for name, instance in graph.instances.items():
        matching = [number for axis, text, number in overrides if instance.cell[axis] == text]
        step = graph.steps[f"{name}:generate"]
        assert isinstance(step, Paid)
        assert step.n == (matching[-1] if matching else 1)


def test_conditions_compare_with_what_an_axis_shows_as_text() -> None:
    manifest = '[asset.a]\nprompt = "A"\nmatrix.side = [1, 2, 3.5, true]\nexclude = [{ side = ["1", 3.5, "true"] }]\n'
    assert cells_of(graph_of(manifest)) == [{"side": "2"}]


def test_a_table_shows_its_id_else_its_name_else_its_first_value() -> None:
    tables = '[{ x = 1, id = "a" }, { x = 1, name = "b" }, { x = 7, y = 1 }]'
    graph = graph_of(f'[asset.a]\nprompt = "{{{{ item.x }}}}"\nmatrix.item = {tables}\n')
    assert cells_of(graph) == [{"item": "a"}, {"item": "b"}, {"item": "7"}]


def test_a_column_is_compared_by_its_path_and_is_an_axis_by_its_distinct_values() -> None:
    files = {"items.csv": "id,kind\nsword,weapon\nbow,weapon\nghost,enemy\n"}
    head = '[data]\nitems = "items.csv"\n[asset.a]\nprompt = "A"\n'
    graph = graph_of(head + 'matrix.item = "data.items"\nexclude = [{ item.kind = "weapon" }]\n', files)
    assert cells_of(graph) == [{"item": "ghost"}]
    assert cells_of(graph_of(head + 'matrix.kind = "data.items.kind"\n', files)) == [
        {"kind": "weapon"},
        {"kind": "enemy"},
    ]


def test_a_table_of_tables_is_its_values_with_the_key_as_id() -> None:
    graph = graph_of(
        '[data.items]\na = { x = 1 }\nb = { x = 2 }\n[asset.a]\nprompt = "{{ i.x }}"\nmatrix.i = "data.items"\n'
    )
    assert [instance.axes["i"] for instance in graph.instances.values()] == [{"id": "a", "x": 1}, {"id": "b", "x": 2}]


def test_vars_and_meta_merge_by_key_and_all_else_is_replaced() -> None:
    graph = graph_of("""
[asset.a]
prompt = "{{ one }} {{ two }}"
matrix.x = ["p", "q"]
vars = { one = "1", two = "2" }
meta = { kept = 1, changed = 1 }
tags = ["first", "second"]
overrides = [{ when = { x = "q" }, vars.two = "3", meta.changed = 2, tags = ["third"] }]
""")
    plain, changed = graph.instances.values()
    assert (plain.tags, changed.tags) == (("first", "second"), ("third",))
    assert (plain.meta, changed.meta) == ({"kept": 1, "changed": 1}, {"kept": 1, "changed": 2})
    prompts = [step.prompt for step in graph.steps.values() if isinstance(step, Paid)]
    assert prompts == ["1 2", "1 3"]


def test_an_override_sets_one_key_of_one_step_by_its_id_or_its_op() -> None:
    graph = graph_of("""
[asset.a]
prompt = "A"
matrix.x = ["p", "q"]
steps = [{ op = "edit", id = "night", prompt = "Night" }, { op = "edit", prompt = "Dawn" }, { op = "flatten" }]
overrides = [{ when = { x = "q" }, steps.night.n = 2, steps.flatten.color = "red" }]
""")
    assert [step.n for step in graph.steps.values() if isinstance(step, Paid) and step.name == "night"] == [1, 2]
    flattened = [step for step in graph.steps.values() if isinstance(step, Local) and step.op == "flatten"]
    colors = [step.params.color for step in flattened]
    assert colors == ["#ffffffff", "#ff0000ff"]


def test_no_match_is_a_warning_and_an_unknown_axis_an_error() -> None:
    (warning,) = graph_of(asset({"x": ["p"]}, 'exclude = [{ x = "q" }]\n')).warnings
    assert "matches no instance" in warning.message
    with pytest.raises(ManifestError, match="no axis `y`"):
        graph_of(asset({"x": ["p"]}, 'exclude = [{ y = "q" }]\n'))
