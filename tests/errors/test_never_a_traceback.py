"""Whatever a manifest says, its author gets an answer in words, with a place inside a file: never a traceback."""

import re
import string
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assetforge.errors import AssetforgeError, Problem
from assetforge.project import Options, Project
from tests.errors.cases import Case, project_in

FILES = Case(
    "", "", "",
    [
        ("prompts/icon.md", 'An icon of {{ item.id }}.\n{% include "prompts/style.md" %}\n'),
        ("prompts/style.md", "{{ style }}"),
        ("prompts/page.html.j2", "{% for o in outputs %}{{ o.path }}{% endfor %}"),
        ("data/items.csv", "id,category\nsword,weapon\nghost,enemy\n"),
        ("icons.assets.toml", '[asset.extra]\nsource = "@hero"\noutput = "extra.png"\n'),
        ("picture art/photo.png 64x48", ""),
        ("picture art/logo.png 8x8", ""),
        ("picture masks/sky.png 64x48", ""),
    ],
)  # fmt: skip

MANIFEST = """
[project]
name = "northwind"
requires = ">=0.1"
output_dir = "public"
include = ["*.assets.toml"]
[vars]
style = "flat, {{ brand.name }}"
brand = { name = "Northwind", color = "#0f766e" }
[data]
items = "data/items.csv"
ads = [{ id = "mpu", width = 300 }, { id = "leader", width = 728 }]
[defaults]
quality = "medium"
[defaults.output]
quality = { webp = 76, jpg = 80 }
[provider.relay]
kind = "images-api"
concurrency = 3
timeout_seconds = 60.5
[budget]
max_usd_per_build = 5.00
[profile.preview]
quality = "low"
[chain]
sprite = [{ op = "flatten", color = "white" }, { op = "pad", width = 1280, height = 1280, position = "top" }]
[asset.hero]
prompt = "A lighthouse over {{ brand.name }}. {{ style }}"
size = "640x480"
alt = "A lighthouse"
tags = ["web", "home"]
output = "hero.png"
[asset.hero-night]
source = "@hero"
outputs = ["night.png", { path = "night-{{ width }}w.{{ format }}", width = [64, 128], format = ["webp", "jpg"] }]
[[asset.hero-night.steps]]
op = "edit"
id = "night"
prompt = "Make it night"
images = ["art/logo.png", "@hero#1"]
[[asset.hero-night.steps]]
op = "resize"
width = 120
height = 63
fit = "cover"
upscale = true
[asset.icon]
matrix.item = "data.items"
matrix.theme = ["light", "dark"]
exclude = [{ item = "ghost", theme = "light" }]
prompt_file = "prompts/icon.md"
n = 4
pick = 1
size = "256x256"
steps = [{ use = "sprite" }, { op = "crop", aspect = "1:1", id = "square" }]
output = "icons/{{ item.id | slug }}-{{ theme }}.png"
overrides = [{ when = { item.category = ["weapon"] }, pick = 3, steps.square.position = [0.5, 0] }]
[asset.photo]
source = "art/photo.png"
vars = { wide = "{{ 4 * 8 }}", tall = 8 }
meta = { credit = "{{ wide }}" }
output = { path = "photo.webp", width = "{{ wide }}", height = 16, fit = "contain", lossless = true }
steps = [
  { op = "edit", prompt = "Wider", mask = "masks/sky.png", preserve = true, feather = 2 },
  { op = "edit", prompt = "Again", mask = [{ rect = [0, 0, 0.5, 1] }, { polygon = [[0, 0], [1, 0], [0, 1]] }] },
  { op = "overlay", image = "@icon[item=sword,theme=dark]", offset = [1, -2], scale = 0.5, blend = "screen" },
]
[emit.list]
output = "list.json"
select = ["tag:web", "!photo"]
[emit.page]
matrix.item = "data.items"
exclude = [{ item.category = "enemy" }]
template = "prompts/page.html.j2"
select = "icon[item={{ item.id }}]"
output = "pages/{{ item.id }}.html"
"""

TOKEN = re.compile(r'"[^"\n]*"|[A-Za-z0-9_.#@-]+|\s+|.', re.DOTALL)
TOKENS = TOKEN.findall(MANIFEST)
VALUE = re.compile(r'(?<== )(?:"[^"\n]*"|[0-9.]+|true|false|\[[^\[\]\n]*\]|\{[^{}\n]*\})')
KEY = re.compile(r"(?<![\w{])[a-z_]+(?= =)")
SAMPLES = (
    *("true", "0", "-1", "7", "1e400", "-0.5", "nan", "inf", "99999999999999999999", "2026-01-01", "12:30:00"),
    *('""', '"x"', '"true"', '"7"', '"@hero"', '"@"', '"@hero#9"', '"@icon"', '"@icon[theme=dark]"', '"@photo"'),
    *('"{{ x }}"', '"{{ wide }}"', '"{{ 1 / 0 }}"', '"{% for"', '"{{ [1, 2] }}"', '"{{ brand }}"', '"{{ data }}"'),
    *('"art/photo.png"', '"../x.png"', '"data.items"', '"data.ads.width"', '"16:9"', '"1024x1024"', '"9999x9999"'),
    *("[]", "[[]]", "[{}]", '[""]', "[1, true]", '["a", "a"]', "[[1, 2], [3, 4]]", "[0.5, 0.5]", "[nan, 1]"),
    *("{}", "{ a = 1 }", "{ rect = [0, 0, 1, 1] }", '{ path = "x.png" }', "{ a = { b = [{}] } }", '{ "" = "" }'),
)  # fmt: skip
names = st.sampled_from([*sorted({*KEY.findall(MANIFEST)}), "x", '""', "asset", "steps", "when", "use", "op"])
literals = st.one_of(
    st.sampled_from(SAMPLES),
    st.text(string.printable + "é\u2028😀", max_size=6).map(lambda text: f"'''{text.replace(chr(39), '')}'''"),
    names.map(lambda name: f"{{ {name} = 1 }}"),
)


def replaced(text: str, pattern: re.Pattern[str], index: int, by: str) -> str:
    """A text with one match of a pattern changed."""
    found = list(pattern.finditer(text))
    if not found:
        return text
    match = found[index % len(found)]
    return text[: match.start()] + by + text[match.end() :]


def dropped(text: str, index: int) -> str:
    tokens = TOKEN.findall(text)
    return "".join(tokens[: index % len(tokens)] + tokens[index % len(tokens) + 1 :])


def doubled(text: str, index: int) -> str:
    tokens = TOKEN.findall(text)
    return "".join(
        tokens[: index % len(tokens)] + tokens[index % len(tokens) :][:1] * 2 + tokens[index % len(tokens) :][1:]
    )


def without_line(text: str, index: int) -> str:
    lines = text.split("\n")
    return "\n".join(lines[: index % len(lines)] + lines[index % len(lines) + 1 :])


Change = Callable[[str], str]
places = st.integers(0, 2_000)
changes: st.SearchStrategy[Change] = st.one_of(
    st.tuples(places, literals).map(lambda to: lambda text: replaced(text, VALUE, *to)),
    st.tuples(places, literals).map(lambda to: lambda text: replaced(text, VALUE, *to)),
    st.tuples(places, names).map(lambda to: lambda text: replaced(text, KEY, *to)),
    st.tuples(places, st.sampled_from(TOKENS)).map(lambda to: lambda text: replaced(text, TOKEN, *to)),
    places.map(lambda index: lambda text: dropped(text, index)),
    places.map(lambda index: lambda text: doubled(text, index)),
    places.map(lambda index: lambda text: without_line(text, index)),
)
manifests = st.lists(changes, min_size=1, max_size=4).map(lambda made: _changed(MANIFEST, made))


def _changed(text: str, made: list[Change]) -> str:
    for change in made:
        text = change(text)
    return text


@pytest.fixture(scope="module")
def folder() -> Any:
    """The project without its manifest."""
    with TemporaryDirectory() as made:
        root = Path(made) / "project"
        root.mkdir()
        FILES.write(root)
        yield Path(made)


def check(folder: Path, text: str, ask: Callable[[Project], object]) -> None:
    root = folder / "project"
    (root / "assets.toml").write_text(text, "utf-8", newline="")
    project = project_in(root, folder / "data", {})
    problems = told_by(lambda: ask(project))
    assert problems is None or problems
    for problem in problems or ():
        assert has_its_place(project, problem), problem


def told_by(ask: Callable[[], object]) -> tuple[Problem, ...] | None:
    """The problems that asking ends with, None where there are none. Nothing but AssetforgeError is one."""
    try:
        ask()
    except AssetforgeError as error:
        return error.problems
    return None


def has_its_place(project: Project, problem: Problem) -> bool:
    """A problem in a file is shown with a line that this file has, and a part of that line."""
    where = problem.where
    if where is None or not where.file:
        return False
    place = project.place_of(problem)
    if place is None:
        return not where.key and where.line is None
    text = (Path(project.root.path) / place.file).read_bytes().decode("utf-8-sig")
    lines = text.replace("\r\n", "\n").split("\n")
    is_there = place.line <= len(lines) and lines[place.line - 1] == place.source_line
    return is_there and 1 <= place.column <= len(place.source_line) + 1 and place.length >= 1


def test_the_manifest_that_is_changed_is_right(folder: Path) -> None:
    check(folder, MANIFEST, lambda project: project.plan(Options(on_miss="fail")))
    assert project_in(folder / "project", folder / "data", {}).graph().instances.keys() >= {"hero", "photo", "extra"}


@settings(max_examples=250, deadline=None)
@given(text=manifests)
@example(text="")
@example(text="\ufeff")
@example(text="asset = 1\n")
def test_a_changed_manifest_is_resolved_or_told_to_be_wrong(folder: Path, text: str) -> None:
    check(folder, text, lambda project: project.graph())


@settings(max_examples=40, deadline=None)
@given(text=st.tuples(places, literals).map(lambda to: replaced(MANIFEST, VALUE, *to)))
def test_a_changed_manifest_is_planned_or_told_to_be_wrong(folder: Path, text: str) -> None:
    check(folder, text, lambda project: project.plan(Options(on_miss="fail")))
