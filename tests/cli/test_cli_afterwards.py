"""What a command gets that runs after builds: no key of a provider under any name, and all that it needs to run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.cli.afterwards import KEPT, without_keys

KEY = "sk-0123456789"
texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12)


@given(st.dictionaries(st.text("ABCDEF_", min_size=1), st.one_of(texts, texts.map(lambda text: text + KEY + text))))
def test_no_variable_has_a_key_in_it_and_all_others_stay(environ: dict[str, str]) -> None:
    left = without_keys({**environ, "OPENAI_API_KEY": KEY}, ["OPENAI_API_KEY", "UNSET"])
    assert left == {name: value for name, value in environ.items() if KEY not in value}


@pytest.mark.parametrize("name", sorted(KEPT))
def test_whatever_a_manifest_calls_a_key_a_command_can_run(name: str) -> None:
    environ = {name: "/home/ada", "MANPATH": "/home/ada/man", "OTHER": "x"}
    assert without_keys(environ, [name]) == environ


def test_a_short_key_is_only_what_is_equal_to_it() -> None:
    assert without_keys({"A": "x", "B": "x", "C": "xyz"}, ["A"]) == {"C": "xyz"}
