"""TOML documents with everything that TOML 1.0 has, written in one of the many ways there are."""

import random
import re
from datetime import UTC, date, datetime, timedelta, timezone
from datetime import time as time_of_day
from typing import Any

from hypothesis import strategies as st

texts = st.one_of(
    st.sampled_from(["", "a", "it's", 'say "x"', "two\nlines", "\n", "# no", "]]", "\\"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
zones = st.sampled_from([None, UTC, timezone(timedelta(hours=-7, minutes=30))])
scalars = st.one_of(
    texts,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.dates(),
    st.times(),
    st.datetimes(timezones=zones),
)
names = st.one_of(st.sampled_from(["a", "b", "c", "1", "-", "a.b", "", '"', "'", "é", "#"]), texts)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
tables = st.dictionaries(names, values, max_size=4)
wholes = st.dictionaries(
    names,
    st.one_of(values, tables, st.lists(tables, min_size=1, max_size=3), st.dictionaries(names, tables)),
    max_size=4,
)


class Writer:
    """Writes a table as TOML in one of the many ways there are."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []

    def choose(self, *options: str) -> str:
        return self.random.choice(options)

    def space(self) -> str:
        return self.choose("", "", " ", "\t ")

    def document(self, table: dict[str, Any]) -> str:
        self.body([], table)
        text = "\n".join(self.lines) + self.choose("", "\n", "\n# end")
        return text.replace("\n", "\r\n") if self.choose("lf", "crlf") == "crlf" else text

    def body(self, path: list[str], table: dict[str, Any]) -> None:
        """A table's own pairs, then its tables under headers of their own."""
        later = []
        for name, value in table.items():
            is_tables = isinstance(value, list) and value and all(isinstance(row, dict) for row in value)
            if isinstance(value, dict) and self.choose("header", "here") == "header":
                later.append((name, value, False))
            elif is_tables and self.choose("header", "here") == "header":
                later.append((name, value, True))
            else:
                self.pair([name], value)
        for name, value, is_array in later:
            for row in value if is_array else [value]:
                marks = ("[[", "]]") if is_array else ("[", "]")
                header = self.key([*path, name])
                self.line(f"{marks[0]}{self.space()}{header}{self.space()}{marks[1]}")
                self.body([*path, name], row)

    def pair(self, key: list[str], value: Any) -> None:
        if isinstance(value, dict) and value and self.choose("dotted", "inline") == "dotted":
            for name, inner in value.items():
                self.pair([*key, name], inner)
        else:
            self.line(f"{self.key(key)}{self.space()}={self.space()}{self.value(value)}")

    def line(self, text: str) -> None:
        self.lines += self.choose("", "", "\n", " # [not.a.table]\n\t").split("\n")[:-1]
        self.lines.append(self.space() + text + self.choose("", " ", "# a = 1", " # ] } ''' \"\"\""))

    def key(self, parts: list[str]) -> str:
        return f"{self.space()}.{self.space()}".join(map(self.name, parts))

    def name(self, name: str) -> str:
        ways = [basic(name)]
        if re.fullmatch("[A-Za-z0-9_-]+", name):
            ways += [name, name]
        if is_literal(name):
            ways.append(f"'{name}'")
        return self.choose(*ways)

    def value(self, value: Any) -> str:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return self.array([self.value(item) for item in value])
        if isinstance(value, dict):
            pairs = [
                f"{self.space()}{self.name(key)} = {self.value(inner)}{self.space()}" for key, inner in value.items()
            ]
            return "{" + ",".join(pairs) + "}"
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, datetime):
            return value.isoformat(self.choose("T", " "))
        if isinstance(value, date | time_of_day):
            return value.isoformat()
        return repr(value)

    def array(self, items: list[str]) -> str:
        if not items:
            return self.choose("[]", "[ # ]\n]")
        gap = self.choose("", "\n", " # , ]\n  ")
        return "[" + gap + f"{gap},{gap}".join(items) + gap + self.choose("", ",") + gap + "]"

    def text(self, text: str) -> str:
        ways = [basic(text)]
        inner = re.sub(r"[^\n\t -!#-\[\]-~]", lambda match: escaped(match[0]), text)
        ways += [f'"""\n{inner}"""', f'"""\n{inner}\\\n   \n  """']
        if is_literal(text):
            ways.append(f"'{text}'")
        if is_literal(text.replace("\n", "").replace("'", "")) and "'''" not in text:
            ways.append(f"'''\n{text}'''")
        if '"' in text and inner == text.replace('"', r"\"") and '"""' not in text:
            ways.append(f'"""\n{text}"""')
        return self.choose(*ways)


def basic(text: str) -> str:
    return '"' + re.sub(r"[^ -!#-\[\]-~é]", lambda match: escaped(match[0]), text) + '"'


def escaped(character: str) -> str:
    short = {"\n": r"\n", '"': r"\"", "\\": r"\\"}
    return short.get(character, f"\\U{ord(character):08x}")


def is_literal(text: str) -> bool:
    return not re.search(r"['\x00-\x08\x0a-\x1f\x7f]", text)


@st.composite
def documents(draw: st.DrawFn) -> str:
    return Writer(draw(st.integers(0, 2**32))).document(draw(wholes))
