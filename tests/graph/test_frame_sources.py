"""Sheets in the graph: what a list `source` stands for, and what the frames of an output are called."""

from typing import Any

import pytest

from assetforge.errors import ManifestError
from assetforge.graph.sheets import frame_sources
from assetforge.model import Graph, Local, Rendition
from tests.graph.graphs import graph_of

# Headers are all that a graph asks of files, and it asks for them when it is bound.
FILES = {"art/one.png": "1", "art/two.v2.png": "2"}
ICONS = """
[asset.icon]
prompt = "A {{ theme }} {{ item.id }}"
matrix.item = [{ id = "sword", kind = "weapon" }, { id = "bow", kind = "weapon" }, { id = "ghost", kind = "enemy" }]
matrix.theme = ["light", "dark"]
exclude = [{ item = "ghost", theme = "light" }]
steps = [{ op = "resize", width = 64 }]
"""


def sheet(source: str, steps: str = '[{ op = "atlas" }]') -> Graph:
    """A graph with the asset `sheet` after the icons."""
    return graph_of(f'{ICONS}[asset.sheet]\noutput = "sheet.png"\nsource = {source}\nsteps = {steps}\n', FILES)


def named(graph: Graph, instance: str = "sheet") -> list[str]:
    """The names of an output's frames."""
    step = graph.steps[graph.instances[instance].outputs[0]]
    assert isinstance(step, Rendition)
    return [source.instance for source in frame_sources(graph, step)]


def test_a_reference_in_a_list_stands_for_all_that_match_in_the_order_of_the_matrix() -> None:
    assert named(sheet('["@icon[theme=dark]", "art/two.v2.png", "@icon[item.kind=weapon]"]')) == [
        "icon[item=sword,theme=dark]",
        "icon[item=bow,theme=dark]",
        "icon[item=ghost,theme=dark]",
        "two.v2",
        "icon[item=sword,theme=light]",
        "icon[item=sword,theme=dark]",
        "icon[item=bow,theme=light]",
        "icon[item=bow,theme=dark]",
    ]


def test_shared_axes_are_the_referring_instance_s_and_the_others_are_left_over() -> None:
    """As in a game: a sheet for each kind and theme, `item` being the icons' alone."""
    graph = graph_of(
        ICONS + '[asset.sheet]\nmatrix.kind = ["weapon", "enemy"]\nmatrix.theme = ["light", "dark"]\n'
        'exclude = [{ kind = "enemy", theme = "light" }]\nsource = ["@icon[item.kind={{ kind }}]"]\n'
        'steps = [{ op = "atlas", layout = "packed" }]\noutput = "{{ kind }}-{{ theme }}.png"\n'
    )
    assert named(graph, "sheet[kind=weapon,theme=light]") == [
        "icon[item=sword,theme=light]",
        "icon[item=bow,theme=light]",
    ]
    assert named(graph, "sheet[kind=enemy,theme=dark]") == ["icon[item=ghost,theme=dark]"]


def test_a_frame_has_the_axes_of_its_instance_and_a_file_has_none() -> None:
    graph = sheet('["@icon[item=bow,theme=dark]", "art/one.png"]')
    step = graph.steps[graph.instances["sheet"].outputs[0]]
    assert isinstance(step, Rendition)
    bow: dict[str, Any] = {"item": {"id": "bow", "kind": "weapon"}, "theme": "dark"}
    assert [(name, dict(axes)) for name, axes in frame_sources(graph, step)] == [
        ("icon[item=bow,theme=dark]", bow), ("one", {}),
    ]  # fmt: skip


def test_a_candidate_on_a_sheet_is_its_instance() -> None:
    assert named(sheet('["@icon[item=bow,theme=dark]#1", "art/one.png"]')) == ["icon[item=bow,theme=dark]", "one"]


def test_an_atlas_takes_what_came_before_it_in_its_chain() -> None:
    steps = '[{ op = "resize", width = 64 }, { op = "atlas", padding = 1 }, { op = "pad", width = 99, height = 99 }]'
    assert named(sheet('"art/one.png"', steps=steps)) == ["sheet"]
    assert named(sheet('"art/one.png"')) == ["one"]
    assert named(sheet('"@icon[item=bow,theme=dark]"')) == ["icon[item=bow,theme=dark]"]


def test_frames_go_with_a_sheet_into_other_assets() -> None:
    graph = sheet('["art/one.png", "art/two.v2.png"]')
    more = '[asset.small]\nsource = "@sheet"\noutput = { path = "small.png", width = 10 }\n'
    other = graph_of(
        f'[asset.sheet]\nsource = ["art/one.png", "art/two.v2.png"]\nsteps = [{{ op = "atlas" }}]\n{more}', FILES
    )
    assert named(other, "small") == named(graph) == ["one", "two.v2"]


def test_a_sheet_of_sheets_shows_sheets() -> None:
    graph = graph_of(
        '[asset.a]\nsource = ["art/one.png", "art/two.v2.png"]\nsteps = [{ op = "atlas" }]\n'
        '[asset.b]\nsource = ["@a", "art/one.png"]\nsteps = [{ op = "atlas" }]\noutput = "b.png"\n', FILES
    )  # fmt: skip
    assert named(graph, "b") == ["a", "one"]


def test_the_first_step_may_come_from_a_chain() -> None:
    graph = graph_of(
        '[chain]\nsheet = [{ op = "atlas" }]\n[asset.a]\nsource = ["art/one.png", "art/two.v2.png"]\n'
        'steps = [{ use = "sheet" }]\noutput = "a.png"\n', FILES
    )  # fmt: skip
    assert named(graph, "a") == ["one", "two.v2"]
    (step,) = (step for step in graph.steps.values() if isinstance(step, Local) and step.op == "atlas")
    assert [link.step for link in step.inputs] == ["file:art/one.png", "file:art/two.v2.png"]


def test_an_override_may_make_a_list_of_it() -> None:
    graph = graph_of(
        '[asset.a]\nmatrix.kind = ["one", "all"]\nsource = "art/one.png"\noutput = "{{ kind }}.png"\n'
        '[[asset.a.overrides]]\nwhen = { kind = "all" }\nsource = ["art/one.png", "art/two.v2.png"]\n'
        'steps = [{ op = "atlas" }]\n', FILES
    )  # fmt: skip
    assert (named(graph, "a[kind=one]"), named(graph, "a[kind=all]")) == ([], ["one", "two.v2"])


@pytest.mark.parametrize("step", ['{ op = "rotate", degrees = 90 }', '{ op = "border", width = 2 }'])
def test_what_moves_the_pictures_of_a_sheet_is_warned_of_once_and_leaves_no_frames(step: str) -> None:
    graph = edited_sheet(step)
    assert [warning.message for warning in graph.warnings] == [
        "`a[n=1]` has no frames: a step after its atlas moves what is on it"
    ]
    assert named(graph, "a[n=2]") == []


@pytest.mark.parametrize(
    "step", ['{ op = "edit", prompt = "Make it night" }', '{ op = "edit", prompt = "Again", size = "1024x1024" }']
)
def test_an_edited_sheet_has_no_frames_and_nothing_is_said_of_it(step: str) -> None:
    """A warning that nobody can heed would be said at each build, and keep each from being proved needless."""
    graph = edited_sheet(step)
    assert (graph.warnings, named(graph, "a[n=2]")) == ((), [])


def edited_sheet(step: str) -> Graph:
    """Two sheets with a step after their atlas, each in two files."""
    return graph_of(
        '[asset.a]\nmatrix.n = [1, 2]\nsource = ["art/one.png", "art/two.v2.png"]\n'
        f'outputs = ["{{{{ n }}}}.png", "{{{{ n }}}}.webp"]\nsteps = [{{ op = "atlas" }}, {step}]\n', FILES
    )  # fmt: skip


def test_nothing_is_said_of_a_sheet_that_no_file_is_made_of_or_that_a_picture_is_drawn_from() -> None:
    graph = graph_of(
        '[asset.a]\nsource = ["art/one.png", "art/two.v2.png"]\nsteps = [{ op = "atlas" }]\n'
        '[asset.b]\nprompt = "As in these"\nimages = ["@a"]\noutput = "b.png"\n', FILES
    )  # fmt: skip
    assert graph.warnings == ()
    assert named(graph, "b") == []


@pytest.mark.parametrize("source", ['["@icon[theme=dark]", "@sheet"]', '["@sheet"]'])
def test_a_sheet_of_itself_is_a_circle(source: str) -> None:
    with pytest.raises(ManifestError) as caught:
        sheet(source)
    assert [problem.message for problem in caught.value.problems] == ["references go in a circle: `sheet -> sheet`"]
