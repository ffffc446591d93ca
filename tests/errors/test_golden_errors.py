"""Every mistake is told as its golden file says, and every text has the shape that all have.

`python -m tests.errors.write_goldens` writes the files anew and shows what changed.
"""

import re
from pathlib import Path

import pytest

from tests.errors.cases import Case, cases, tell

CASES = list(cases())
PROBLEM = re.compile(
    r"(?:error|warning): (?P<fact>[^\n]+)\n"
    r"(?:  (?P<file>[^\n:]+)(?::\d+:\d+\n +\d+ \| [^\n]*\n +\| +(?P<carets>\^+))?\n)?"
    r"(?:hint: (?P<hint>[^\n]+)\n)?"
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_told_as_written(case: Case, tmp_path: Path) -> None:
    assert tell(case, tmp_path) == case.told


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_text_has_the_shape_that_all_have(case: Case) -> None:
    """Lower case, no final period, backticks in pairs, and no word of Python's."""
    assert case.told
    for text in re.split(r"\n(?=(?:error|warning): )", case.told):
        match = PROBLEM.fullmatch(text if text.endswith("\n") else text + "\n")
        assert match, text
        for said in filter(None, (match["fact"], match["hint"])):
            assert said[0] in "`@{[.+" or said[0].islower(), said
            assert not said.endswith("."), said
            assert said.count("`") % 2 == 0, said
            assert "``" not in said, said
            assert not re.search(r"\b(None|True|False|dict|str object|Traceback|pydantic|Error)\b", said), said


def test_there_is_a_case_for_every_kind_of_mistake() -> None:
    assert len(CASES) >= 250
