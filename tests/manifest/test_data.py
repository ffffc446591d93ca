"""Laws of data: rows are what the file says, and a mistake is told with its line, never guessed away."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.errors import ManifestError, Problem, Where
from assetforge.manifest.data import as_rows, column, load_data
from assetforge.paths import Root

ENTRY = Where("assets.toml", ("data", "items"))
Load = Callable[[Any], Any]


class Folder:
    """Reads below a real root, and the given texts where there is none."""

    def __init__(self, root: Root | None = None, texts: dict[str, str] | None = None) -> None:
        self.root = root
        self.texts = texts or {}

    def text(self, path: str) -> str:
        if self.root is None:
            return self.texts[path]
        return Path(self.root.readable(path, text=True)).read_bytes().decode()

    def glob(self, pattern: str) -> tuple[str, ...]:
        assert self.root is not None
        return self.root.list_glob(pattern)


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """What `[data] items = value` loads, below the test's own folder."""
    folder = Folder(Root(str(tmp_path)))
    return lambda value: load_data("items", value, folder, ENTRY)


def read(path: str, text: str) -> Any:
    return load_data("items", path, Folder(texts={path: text}), ENTRY)


def problems(path: str, text: str) -> list[tuple[str, int | None]]:
    with pytest.raises(ManifestError) as caught:
        read(path, text)
    assert all(problem.where and problem.where.file == path for problem in caught.value.problems)
    return [(problem.message, problem.where.line if problem.where else None) for problem in caught.value.problems]


def refusal(load: Load, value: Any) -> Problem:
    with pytest.raises(ManifestError) as caught:
        load(value)
    (problem,) = caught.value.problems
    return problem


# --- CSV ----------------------------------------------------------------------------------------------------

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)


@given(st.integers(1, 3).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), max_size=4)))
def test_a_csv_gives_back_the_texts_that_were_written(table: list[list[str]]) -> None:
    header = [f"c{number}" for number in range(len(table[0]) if table else 1)]
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header, *table])
    assert read("a.csv", file.getvalue()) == [dict(zip(header, row, strict=True)) for row in table]


@pytest.mark.parametrize(
    "text", ["id,n\nsword,1\nbow,\n", "\ufeffid,n\r\nsword,1\r\n\r\nbow,", '"id","n"\nsword,"1"\nbow,""']
)
def test_a_csv_is_text_however_it_is_written(text: str) -> None:
    assert read("a.csv", text) == [{"id": "sword", "n": "1"}, {"id": "bow", "n": ""}]


def test_every_mistake_of_a_csv_is_told_with_the_line_its_row_begins_on() -> None:
    text = 'id,,n,n\n1,2,3,4\n"a\nb",2,3\n1,2,3,4,5\n1,2,3,"x"y\n'
    assert problems("a.csv", text) == [
        ("column 2 of `a.csv` has no name", 1),
        ("`a.csv` has two columns `n`", 1),
        ("a row of `a.csv` has 3 cells, but its header has 4", 3),
        ("a row of `a.csv` has 5 cells, but its header has 4", 5),
        ("`a.csv` is not valid CSV: text follows a closing quote", 6),
    ]


def test_an_open_quote_is_told_where_its_row_begins_and_an_empty_file_has_no_header() -> None:
    assert problems("a.csv", 'id\na\n"b\nc\n') == [("`a.csv` is not valid CSV: a quote is not closed", 3)]
    assert problems("a.csv", "\n") == [("`a.csv` has no header row", None)]


# --- JSON and TOML ------------------------------------------------------------------------------------------

plain = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), cells)
anything = st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(cells, inner, max_size=3))
rows = st.lists(st.one_of(plain, st.dictionaries(cells, anything, max_size=3)), max_size=4)


@given(rows)
def test_json_json_lines_and_a_literal_list_are_the_same_rows(expected: list[Any]) -> None:
    assert read("a.json", json.dumps(expected)) == expected
    assert read("A.JSONL", "\r\n".join(map(json.dumps, expected))) == expected
    assert load_data("items", expected, Folder(), ENTRY) == expected


@given(st.dictionaries(cells, st.dictionaries(cells.filter(lambda name: name != "id"), anything, max_size=3)))
def test_a_table_of_tables_is_rows_whose_first_column_is_their_key(table: dict[str, Any]) -> None:
    loaded = as_rows(read("a.json", json.dumps(table)))
    assert loaded == [{"id": key, **row} for key, row in table.items()]
    assert all(next(iter(row)) == "id" for row in loaded)
    assert as_rows(loaded) == loaded


def test_a_toml_file_is_its_table() -> None:
    assert as_rows(read("a.toml", "[sword]\nn = 1\n[bow]\nn = 2.5\n")) == [
        {"id": "sword", "n": 1},
        {"id": "bow", "n": 2.5},
    ]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            "a.json",
            '[\n  {"a": 1,}\n]',
            ("`a.json` is not valid JSON: a comma stands before the end of a list or a table", 2),
        ),
        ("a.json", '{"a": {"b": 1, "b": 1}}', ("a table in `a.json` has the key `b` twice", None)),
        ("a.json", "7", ("`a.json` is neither a list nor a table", 1)),
        ("a.json", "[" * 100_000, ("`a.json` is nested too deeply", None)),
        ("a.json", "[" + "9" * 5_000 + "]", ("`a.json` has a number with too many digits", None)),
        ("a.json", '[{"a": [1, NaN]}]', ("`items[0].a[1]` is not a finite number", None)),
        ("a.json", "[1e999]", ("`items[0]` is not a finite number", None)),
        ("a.json", "[1, [2]]", ("`items[1]` is a list, but a row is one value or a table", None)),
        (
            "a.json",
            '["\\ud800"]',
            ("`items[0]` is text with half a character (a lone surrogate) in it", None),
        ),
        ("a.jsonl", '1\n\n{"a" 2}', ("`a.jsonl` is not valid JSON: a colon after a key is missing", 3)),
        ("a.jsonl", '1\n{"a": 2, "a": 3}', ("a table in `a.jsonl` has the key `a` twice", 2)),
        ("a.toml", "a = 1\nb = x", ("`a.toml` is not valid TOML: invalid value", 2)),
        ("a.toml", "[a]\nb = inf", ("`items.a.b` is not a finite number", None)),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_place(path: str, text: str, expected: tuple[str, int | None]) -> None:
    assert problems(path, text) == [expected]


def test_every_broken_line_of_json_lines_is_told() -> None:
    assert [line for _, line in problems("a.jsonl", "{\n1\n}\n[")] == [1, 3, 4]


def test_what_data_can_not_hold_is_told_with_its_key_path() -> None:
    with pytest.raises(ManifestError) as caught:
        read("a.toml", "[a]\nday = 2024-05-01\n[b]\nc = [nan]\n")
    assert [problem.where for problem in caught.value.problems] == [
        Where("a.toml", ("a", "day")),
        Where("a.toml", ("b", "c", 0)),
    ]


# --- globs and the rest -------------------------------------------------------------------------------------


def test_a_glob_is_rows_of_stem_and_path_in_order(load: Load, tmp_path: Path) -> None:
    for name in ("b.shot.png", "a.png", ".c.png", "d.txt"):
        (tmp_path / name).touch()
    assert load("./*.png") == [{"id": "a", "path": "a.png"}, {"id": "b.shot", "path": "b.shot.png"}]
    assert load("none/*") == []


def test_a_file_is_read_below_the_root_and_told_by_its_clean_path(load: Load, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "bad.json").write_text("[1, 2")
    assert load("x/../list.json") == [1, 2]
    assert refusal(load, "./bad.json").where == Where("bad.json", line=1, column=6)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("none.csv", "`none.csv` does not exist"),
        ("../a.csv", "`../a.csv` leads outside the root"),
        (".env.json", "`.env.json` is hidden, and no text is read from there"),
        (".git/*", "`.git/*` leads into `.git`, which belongs to version control"),
        ("items.xml", "data `items` can't be read from `items.xml`"),
        ("items", "data `items` can't be read from `items`"),
        (7, "data `items` is neither a list nor the path of a file"),
    ],
)
def test_a_mistake_in_the_entry_is_told_at_the_entry(load: Load, tmp_path: Path, value: Any, message: str) -> None:
    (tmp_path / ".env.json").touch()
    problem = refusal(load, value)
    assert (problem.message, problem.where) == (message, ENTRY)


def test_a_mistake_in_a_literal_list_is_told_at_its_value(load: Load) -> None:
    problem = refusal(load, [{"a": 1}, {"a": float("inf")}])
    assert problem == Problem("`items[1].a` is not a finite number", Where("assets.toml", ("data", "items", 1, "a")))


@pytest.mark.parametrize("value", ["text", 7, {"a": 1}, {"a": [{"b": 1}]}, {"a": {"id": "b"}}])
def test_what_is_no_list_and_no_table_of_tables_has_no_rows(value: Any) -> None:
    with pytest.raises(ValueError, match=r"axis|`id`"):
        as_rows(value)


@given(st.lists(plain))
def test_a_columns_values_are_distinct_in_order_of_first_appearance(values: list[Any]) -> None:
    found = column([{"c": value} for value in values], "c")
    seen = [json.dumps(value) for value in values if value is not None]
    assert [json.dumps(value) for value in found] == sorted(set(seen), key=seen.index)


def test_a_column_takes_rows_that_have_it_and_is_an_error_where_none_has() -> None:
    table: list[Any] = [{"a": 1}, {"b": [2]}, {"a": True}, {"a": 1.0}, {"a": None}, {"a": 1}, 7]
    assert list(map(repr, column(table, "a"))) == ["1", "True", "1.0"]
    assert column([], "a") == []
    with pytest.raises(ValueError, match="no row has a column `c`"):
        column(table, "c")
