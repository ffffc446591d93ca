"""Variables: rendered in any order, only when something uses them, and told with their circle."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.errors import ManifestError
from assetforge.graph.scope import Literal, Scope
from assetforge.graph.template import Engine, TemplateError
from assetforge.model import Paid
from tests.graph.graphs import graph_of

ENGINE = Engine(lambda path: None)


def scope(variables: dict[str, object], **fixed: object) -> Scope:
    return Scope(ENGINE, fixed, variables, places={name: ("vars", name) for name in variables})


@given(st.permutations(range(6)))
def test_variables_may_be_written_in_any_order(order: list[int]) -> None:
    """Each uses the one before it, wherever that stands."""
    texts = {f"v{number}": f"{{{{ v{number - 1} }}}}{number}" if number else "0" for number in range(6)}
    names = scope({f"v{number}": texts[f"v{number}"] for number in order})
    assert {name: names.find(name) for name in texts} == {
        f"v{number}": "".join(map(str, range(number + 1))) for number in range(6)
    }


@given(st.integers(1, 8), st.integers(0, 7))
def test_a_circle_of_any_length_is_told_as_its_path(length: int, start: int) -> None:
    names = scope({f"v{number}": f"{{{{ v{(number + 1) % length} }}}}" for number in range(length)})
    with pytest.raises(TemplateError) as caught:
        names.find(f"v{start % length}")
    path = [f"v{(start + step) % length}" for step in range(length + 1)]
    assert caught.value.message == f"variables go in a circle: `{' -> '.join(path)}`"


def test_templates_stand_at_any_depth_of_a_variable() -> None:
    names = scope({"brand": {"name": "N", "lines": ["{{ city }}", {"deep": "{{ city }}!"}]}, "city": "Oslo"})
    assert names.find("brand") == {"name": "N", "lines": ["Oslo", {"deep": "Oslo!"}]}


def test_a_variable_that_nothing_uses_is_never_rendered() -> None:
    graph = graph_of('[vars]\nbroken = "{{ nothing }}"\n[asset.a]\nprompt = "A"\n')
    assert list(graph.instances) == ["a"]


def test_what_comes_from_the_command_line_or_from_data_is_never_a_template() -> None:
    manifest = (
        '[vars]\nstyle = "flat"\nlong = "very {{ style }}"\n[data]\nitems = [{ id = "{{ style }}" }]\n'
        '[asset.a]\nprompt = "{{ long }} {{ data.items[0].id }}"\n'
    )
    assert prompts(manifest) == ["very flat {{ style }}"]
    assert prompts(manifest, style="{{ 1 }}") == ["very {{ 1 }} {{ style }}"]
    assert scope({"a": Literal("{{ b }}")}).find("a") == "{{ b }}"


def test_a_variable_of_all_may_use_an_axis_and_differs_for_each_instance() -> None:
    manifest = (
        '[vars]\nline = "in {{ theme }}"\n[asset.a]\nprompt = "A {{ line }}"\nmatrix.theme = ["light", "dark"]\n'
    )
    assert prompts(manifest) == ["A in light", "A in dark"]


def test_an_assets_own_variables_are_its_own() -> None:
    manifest = (
        '[asset.a]\nprompt = "{{ x }}"\nvars.x = "1"\n[asset.b]\nprompt = "{{ x }}"\nvars.x = "{{ asset.name }}"\n'
    )
    assert prompts(manifest) == ["1", "b"]
    with pytest.raises(ManifestError, match="`x` is undefined"):
        graph_of(manifest + '[asset.c]\nprompt = "{{ x }}"\n')


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="{}"), min_size=1, max_size=12))
def test_text_without_marks_is_what_it_says(text: str) -> None:
    assert scope({"a": "{{ b }}", "b": text}).find("a") == text


def prompts(manifest: str, **variables: str) -> list[str]:
    return [step.prompt for step in graph_of(manifest, variables=variables).steps.values() if isinstance(step, Paid)]
