"""References: what is written is what is read, and what is found is what the matrix holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.errors import ManifestError
from assetforge.graph.matrix import Cell
from assetforge.graph.references import BadReference, Index, parse_reference
from assetforge.model import Graph, Rendition
from tests.graph.graphs import graph_of

assets = st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True)
axes = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
cells = st.dictionaries(axes, texts, max_size=3).map(lambda shows: Cell(shows, shows))

ICONS = """
[asset.icon]
prompt = "A {{ theme }} {{ item.id }}"
matrix.item = [{ id = "sword", kind = "weapon" }, { id = "bow", kind = "weapon" }, { id = "ghost", kind = "enemy" }]
matrix.theme = ["light", "dark"]
[asset.sheet]
"""


@given(assets, cells)
def test_an_instance_s_name_is_read_back_as_its_asset_and_cell(asset: str, cell: Cell) -> None:
    reference = parse_reference("@" + cell.name(asset))
    assert (reference.asset, reference.axes, reference.candidate) == (asset, cell.shows, 0)


@given(assets, cells, st.integers(1, 9_999))
def test_a_candidate_stands_behind_the_brackets(asset: str, cell: Cell, candidate: int) -> None:
    assert parse_reference(f"@{cell.name(asset)}#{candidate}").candidate == candidate


@given(assets, st.lists(cells, min_size=1, max_size=5, unique_by=lambda cell: tuple(cell.shows.items())))
def test_every_instance_is_found_by_its_name_and_by_no_other(asset: str, drawn: list[Cell]) -> None:
    axes = list(drawn[0].shows)
    kept = [cell for cell in drawn if list(cell.shows) == axes]
    index = Index({asset: kept})
    for cell in kept:
        name = cell.name(asset)
        assert index.find(parse_reference(f"@{name}"), Cell({}, {})) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "@",
        "@a b",
        "@a[",
        "@a]",
        "@a[b]",
        "@a[b=c",
        "@a[b=c]x",
        "@a#",
        "@a#0",
        "@a#-1",
        '@a[b="c]',
        '@a[b="\\q"]',
        "@ä",
    ],
)
def test_what_is_no_reference_is_told_so(text: str) -> None:
    with pytest.raises(BadReference, match="can't be read"):
        parse_reference(text)


def pictures(graph: Graph, instance: str) -> list[str]:
    """The instances that a generation sends pictures of."""
    steps = graph.steps[f"{instance}:generate"].inputs
    return [link.step.removesuffix(":final") for link in steps]


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("@icon[item=sword,theme=dark]", ["sword dark"]),
        ("@icon[theme=dark,item=sword]", ["sword dark"]),
        ("@icon[theme=dark]", ["sword dark", "bow dark", "ghost dark"]),
        ("@icon[item.kind=weapon,theme=light]", ["sword light", "bow light"]),
        ("@icon[item.kind=weapon]", ["sword light", "sword dark", "bow light", "bow dark"]),
        ("@icon", ["sword light", "sword dark", "bow light", "bow dark", "ghost light", "ghost dark"]),
    ],
)
def test_in_a_list_a_reference_stands_for_all_that_match_in_matrix_order(reference: str, found: list[str]) -> None:
    graph = graph_of(f'{ICONS}prompt = "All"\nimages = ["{reference}"]\n')
    expected = ["icon[item={},theme={}]".format(*name.split()) for name in found]
    assert pictures(graph, "sheet") == expected


def test_axes_left_out_take_the_referring_instance_s_value() -> None:
    graph = graph_of(f'{ICONS}prompt = "{{{{ theme }}}}"\nmatrix.theme = ["dark"]\nimages = ["@icon[item=bow]"]\n')
    assert pictures(graph, "sheet[theme=dark]") == ["icon[item=bow,theme=dark]"]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("@icon", "which stands for 6 instances"),
        ("@icon[item=sword]", "which stands for 2 instances"),
        ("@icon[item=axe,theme=dark]", "which does not exist"),
        ("@icon[colour=red]", "by axis `colour`, which it does not have"),
        ("@icon[item.price=3]", "by column `item.price`, which it does not have"),
        ("@icn", "which does not exist"),
    ],
)
def test_a_reference_to_nothing_or_to_several_is_told_with_what_there_is(source: str, told: str) -> None:
    with pytest.raises(ManifestError, match=told) as caught:
        graph_of(f'{ICONS}source = "{source}"\n')
    assert [problem.where and problem.where.key for problem in caught.value.problems] == [
        ("asset", "sheet", "source")
    ]
    assert caught.value.problems[0].hint


def test_an_output_reads_the_final_image_of_what_is_referred_to() -> None:
    graph = graph_of('[asset.a]\nprompt = "A"\n[asset.b]\nsource = "@a"\noutput = "b.png"\n')
    (rendition,) = [step for step in graph.steps.values() if isinstance(step, Rendition)]
    assert [link.step for link in rendition.inputs] == ["a:final"]
