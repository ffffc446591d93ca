"""Laws of positions: what `tomllib` reads at a key path is what is written at its span."""

import math
import re
import time
import tomllib
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assetforge.errors import KeyPath, ManifestError, Problem, Where
from assetforge.manifest.source import Place, Positions, Span, locate, parse
from tests.toml_documents import documents


def syntax_problem(text: str, file: str) -> Problem:
    """What is said of a text that is not TOML."""
    with pytest.raises(ManifestError) as raised:
        parse(text, file)
    (problem,) = raised.value.problems
    return problem


def paths_of(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every key path below a value, with what is there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key), inner
        yield from paths_of(inner, (*path, key))


def written_at(text: str, span: Span) -> str:
    line = text.replace("\r\n", "\n").split("\n")[span.line - 1]
    assert 1 <= span.column <= len(line) + 1
    return line[span.column - 1 : span.column - 1 + span.length]


def read_alone(text: str) -> Any:
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return None


# --- laws ---------------------------------------------------------------------------------------------------


@given(documents())
def test_each_leaf_is_written_at_its_span(text: str) -> None:
    positions = Positions(text)
    for path, value in paths_of(tomllib.loads(text)):
        if isinstance(value, dict | list) and value:
            continue
        span = positions.find(path, "value")
        assert span is not None
        source = written_at(text, span)
        alone = read_alone(source)
        if value == {} and source[0] == "[":
            assert "]" in source  # its header
        elif alone is None:
            assert source.startswith(("[", '"""', "'''"))  # the first of several lines
        else:
            assert (alone, type(alone)) == (value, type(value))


@given(documents())
def test_each_key_is_written_at_its_span(text: str) -> None:
    positions = Positions(text)
    for path, _ in paths_of(tomllib.loads(text)):
        span = positions.find(path, "key")
        assert span is not None
        if isinstance(path[-1], str):
            assert tomllib.loads(f"{written_at(text, span)} = 0") == {path[-1]: 0}


@given(documents())
def test_a_key_that_is_not_written_has_the_place_of_the_table_it_is_missing_from(text: str) -> None:
    positions = Positions(text)
    for path, value in paths_of(tomllib.loads(text)):
        if isinstance(value, dict):
            span = positions.find((*path, "not written"), "key")
            assert span in (positions.find(path, "value"), positions.find(path, "key"))
    assert positions.find(("not written",)) is None
    assert positions.find(()) is None


@given(documents())
def test_each_line_of_a_text_is_found_where_it_is_written(text: str) -> None:
    positions = Positions(text)
    for path, value in paths_of(tomllib.loads(text)):
        if isinstance(value, str):
            for number, line in enumerate(value.split("\n"), start=1):
                span = positions.find_line(path, number)
                assert span is not None
                if re.fullmatch(r"[!#-&(-\[\]-~]+", line):
                    assert line in written_at(text, span)


@given(
    st.one_of(
        st.text(),
        st.text(alphabet="a1.=[]{},'\"#\\\n \t-"),
        documents().map(lambda text: text[: len(text) // 2]),
    )
)
@example("a.b = 1\n[[a]]\n[a.c]")
@example("[[a]]\n[a]\nb = 1\n[a.c]")
@example('"\\q" = 1')
@example("a = [")
def test_text_that_is_not_toml_after_all_has_places_too(text: str) -> None:
    positions = Positions(text)
    for path in [("a",), ("a", "b"), ("a", 0, "c"), (0,)]:
        for span in (positions.find(path), positions.find_line(path, 2), positions.find_text(path, "a")):
            assert span is None or (1 <= span.line <= text.count("\n") + 1 and span.column >= 1)


@given(st.text(alphabet="a1.=[]{},'\"#\\\n \t-é"))
def test_a_text_that_tomllib_refuses_is_a_problem_with_a_place_in_it(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        problem = syntax_problem(text, "assets.toml")
        assert problem.message.startswith("`assets.toml` is not valid TOML: ")
        assert problem.where is not None
        assert problem.where.line is not None
        assert 1 <= problem.where.line <= text.count("\n") + 1
        assert locate(problem.where, lambda file: text) is not None
    else:
        assert parse(text, "assets.toml") == tomllib.loads(text)


def test_a_megabyte_is_read_in_proportion_to_its_length() -> None:
    entry = '[asset.icon-{0}]\nprompt = "An icon"\ntags = ["x", "y"] # c\n[[asset.icon-{0}.steps]]\nop = "trim"\n'
    text = "".join(entry.format(number) for number in range(11_000))
    assert Positions(text).find(("asset", "icon-10999", "steps", 0, "op")) == Span(55_000, 6, 6)
    own, parsing = [], []
    for _ in range(3):
        own.append(cpu_seconds(lambda: Positions(text).find(("asset", "icon-10999", "steps", 0, "op"))))
        parsing.append(cpu_seconds(lambda: tomllib.loads(text)))
    assert min(own) < 5 * min(parsing)


def cpu_seconds(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began


def test_nesting_that_tomllib_reads_is_not_too_deep() -> None:
    text = "a = " + "[" * 300 + "7" + "]" * 300
    assert Positions(text).find(("a", *[0] * 300)) == Span(1, 305, 1)


# --- one manifest, place by place ---------------------------------------------------------------------------

MANIFEST = '''\
[project]
name = "northwind"

[asset.hero]
prompt = """
A lighthouse at {{ dawn }},
  and a \\
  harbour with {{ boats }}

end"""
short = "one\\ntwo {{ x }}"
matrix.item = "data.items"
[[asset.hero.steps]] # first
op = "edit"
images = [
  "art/logo.png", # one
  "@mascot",
]
[[asset.hero.steps]]
op = "resize"
size = { width = 12, "height" = 3 }
[asset."hero night".output]
path = 'a.png'
'''


def place(where: Where, text: str = MANIFEST) -> str:
    """The place with its line and what is underlined, as a printer would show it."""
    found = locate(where, {"assets.toml": text}.get)
    if found is None:
        return "nowhere"
    underlined = found.source_line[found.column - 1 : found.column - 1 + found.length]
    return f"{found.line}:{found.column} {underlined}"


@pytest.mark.parametrize(
    ("key", "part", "expected"),
    [
        (("project", "name"), "value", '2:8 "northwind"'),
        (("project", "name"), "key", "2:1 name"),
        (("project",), "value", "1:1 [project]"),
        (("project",), "key", "1:2 project"),
        (("project", "nmae"), "key", "1:1 [project]"),
        (("asset",), "value", "4:2 asset"),
        (("asset", "hero"), "key", "4:8 hero"),
        (("asset", "hero", "prompt"), "value", '5:10 """'),
        (("asset", "hero", "matrix", "item"), "key", "12:8 item"),
        (("asset", "hero", "matrix", "theme"), "value", "12:1 matrix"),
        (("asset", "hero", "steps"), "value", "13:1 [[asset.hero.steps]]"),
        (("asset", "hero", "steps", 0, "images"), "value", "15:10 ["),
        (("asset", "hero", "steps", 0, "images", 1), "value", '17:3 "@mascot"'),
        (("asset", "hero", "steps", 0, "images", 2), "value", "15:1 images"),
        (("asset", "hero", "steps", 1, "op"), "value", '20:6 "resize"'),
        (("asset", "hero", "steps", 1, "mask"), "value", "19:1 [[asset.hero.steps]]"),
        (("asset", "hero", "steps", 1, "size", "height"), "key", '21:22 "height"'),
        (("asset", "hero", "steps", 1, "size", "depth"), "value", "21:1 size"),
        (("asset", "hero night"), "value", '22:8 "hero night"'),
        (("asset", "hero night", "output", "path"), "value", "23:8 'a.png'"),
        (("budget", "max_usd_per_build"), "value", "nowhere"),
        ((), "value", "nowhere"),
    ],
)
def test_a_key_path_has_a_place(key: KeyPath, part: Literal["key", "value"], expected: str) -> None:
    assert place(Where("assets.toml", key, part)) == expected
    assert place(Where("assets.toml", key, part), MANIFEST.replace("\n", "\r\n")) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Where("assets.toml", ("asset", "hero", "prompt"), text="{{ boats }}"), "8:16 {{ boats }}"),
        (Where("assets.toml", ("asset", "hero", "prompt"), text="{{ ships }}"), '5:10 """'),
        (Where("assets.toml", ("asset", "hero", "steps", 0, "images"), text="@mascot"), "17:4 @mascot"),
        (Where("assets.toml", ("asset", "hero night"), "key", text="night"), "22:14 night"),
        (Where("assets.toml", ("asset", "hero", "prompt"), line=1), "6:1 A lighthouse at {{ dawn }},"),
        (Where("assets.toml", ("asset", "hero", "prompt"), line=1, text="dawn"), "6:20 dawn"),
        (Where("assets.toml", ("asset", "hero", "prompt"), line=2), "7:3 and a \\"),
        (Where("assets.toml", ("asset", "hero", "prompt"), line=4), "10:1 end"),
        (Where("assets.toml", ("asset", "hero", "prompt"), line=99), "10:1 end"),
        (Where("assets.toml", ("asset", "hero", "short"), line=2), "11:15 two {{ x }}"),
        (
            Where("assets.toml", ("asset", "hero", "steps", 1, "size"), line=2),
            '21:8 { width = 12, "height" = 3 }',
        ),
        (Where("assets.toml", line=2, column=8), '2:8 "'),
        (Where("assets.toml", line=2, text="north"), "2:9 north"),
        (Where("assets.toml", line=8), "8:3 harbour with {{ boats }}"),
        (Where("assets.toml", line=999), "999:1 "),
        (Where("assets.toml"), "nowhere"),
        (Where("other.toml", line=1), "nowhere"),
    ],
)
def test_a_part_of_a_value_has_a_place(where: Where, expected: str) -> None:
    assert place(where) == expected
    assert place(where, MANIFEST.replace("\n", "\r\n")) == expected


def test_a_place_carries_the_line_it_is_on() -> None:
    found = locate(Where("a.toml", ("b",)), lambda file: "# c\r\nb = 1 # d\r\n")
    assert found == Place("a.toml", 2, 5, 1, "b = 1 # d")


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("a = 1\nb = hero\n", "invalid value", 2, 5),
        ("a = 1\nb = 'x", 'expected "\'" at the end of the file', 2, 7),
        ("a = [1,\n\n", "a value is missing at the end of the file", 1, 8),
        ("a =\n", "a value is missing", 1, 4),
        ('x = """\n', "unterminated string at the end of the file", 1, 8),
    ],
)
def test_broken_toml_is_told_with_its_place(text: str, message: str, line: int, column: int) -> None:
    problem = syntax_problem(text, "assets.toml")
    assert problem.message == f"`assets.toml` is not valid TOML: {message}"
    assert problem.where == Where("assets.toml", line=line, column=column)


@pytest.mark.parametrize(
    ("text", "message", "line", "what"),
    [
        ("[a.'b c']\n[a.'b c']\n", "cannot declare `a.b c` twice", 2, "[a.'b c']"),
        ("a = 1\n  ab = 2\n  ab = 3", "`ab` is written twice", 3, "ab"),
        ("a = 1\na.b = 2\n", "cannot overwrite a value", 2, "a.b"),
    ],
)
def test_what_is_written_twice_is_underlined_where_it_is_written_again(
    text: str, message: str, line: int, what: str
) -> None:
    problem = syntax_problem(text, "a.toml")
    assert problem.message == f"`a.toml` is not valid TOML: {message}"
    column = text.split("\n")[line - 1].find(what) + 1
    assert problem.where == Where("a.toml", line=line, column=column, text=what)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = " + "9" * 5_000, "has a number with too many digits"),
        ("a = " + "[" * 50_000, "is nested too deeply"),
        ("a", "is not valid TOML: expected '=' after a key in a key/value pair at the end of the file"),
    ],
)
def test_whatever_makes_tomllib_fail_is_an_error_for_the_user(text: str, message: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse(text, "a.toml")
    assert [problem.message for problem in caught.value.problems] == [f"`a.toml` {message}"]
    assert math.isfinite(parse("a = 1", "a.toml")["a"])
