"""The schema accepts what a build accepts, and rejects what it would be strange to write."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from assetforge.graph.builtin import outputs_schema
from assetforge.graph.describe import describe
from tests.builder import Builder

ROOT = Path(__file__).parents[2]
MANIFESTS = sorted([*ROOT.glob("examples/*/assets.toml"), *ROOT.glob("assetforge/cli/templates/*.toml")])
VALIDATOR = Draft202012Validator(describe())


def flaws(text: str) -> list[str]:
    told: dict[str, Any] = tomllib.loads(text)
    return [error.message for error in VALIDATOR.iter_errors(told)]


def test_it_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(describe())


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_it_accepts_manifests_that_build(path: Path) -> None:
    assert flaws(path.read_text("utf-8")) == []


ACCEPTED = """
[project]
name = "northwind"
requires = ">=0.1"
output_dir = "public/assets"
include = ["icons/*.assets.toml"]
[vars]
brand = { name = "Northwind", color = "#0f766e" }
[data]
items = "data/items.csv"
ads = [ { id = "mpu", width = 300, height = 250 } ]
[defaults]
provider = "openai"
quality = "medium"
[defaults.output]
quality = { avif = 52, webp = 76, jpg = 80 }
[provider.openai]
concurrency = 3
[provider.mine]
kind = "images-api"
base_url = "https://relay.example/v1"
[budget]
max_usd_per_build = 5
[cache]
originals = "art/originals"
[profile.preview]
quality = "low"
[chain]
sprite = [ { op = "pad", width = 64, height = 64 }, { use = "other" } ]
[asset.hero]
prompt = "A lighthouse {{ brand.name }}"
size = "1536x1024"
n = 4
pick = "{{ 1 }}"
position = [0.5, 0.25]
alt = ""
tags = ["web"]
output = { path = "hero.webp", quality = "{{ q }}", lossless = "true" }
[asset.night]
source = "@hero"
outputs = ["n.png", { path = "n-{{ width }}w.{{ format }}", width = [640, 1280], format = ["avif", "webp"] }]
[[asset.night.steps]]
op = "edit"
id = "night"
prompt = "Make it night"
mask = { rect = [0.1, 0, 0.5, 1] }
preserve = true
[[asset.night.steps]]
op = "edit"
prompt_file = "p.md"
mask = [{ ellipse = "{{ box }}" }, { polygon = [[0, 0], [1, 0], [1, 1]] }]
[[asset.night.steps]]
op = "resize"
width = "{{ ad.width }}"
fit = "{{ fit }}"
[asset.icon]
matrix.item = "data.items"
matrix.theme = ["light", 1, { id = "x" }]
exclude = [{ item = "ghost" }, { item.kind = ["a", "b"], theme = "light" }]
prompt_file = "icon.md"
output = "{{ item.id | slug }}.png"
overrides = [
  { when = { item = "sword" }, pick = 3, revision = 2, steps.night.prompt = "x" },
  { when = { item = "bow" }, steps = [{ op = "flatten" }], source = "a.png" },
]
[emit.list]
output = "list.json"
[emit.page]
matrix.item = "data.items"
exclude = [{ item.kind = "weapon" }]
select = ["icon[item={{ item.id }}]", "tag:web"]
template = "emit/page.html.j2"
output = "{{ item.id }}.html"
[emit.styles]
select = "hero"
template = "builtin:css"
output = "a.css"
"""


def test_it_accepts_every_kind_of_key() -> None:
    assert flaws(ACCEPTED) == []


@pytest.mark.parametrize(
    "text",
    [
        'typo = 1\n[asset.a]\nprompt = "x"',
        '[asset.a]\nprompt = "x"\ntypo = 1',
        '[asset.a]\noutput = "x.png"',
        '[asset.a]\nprompt = "x"\nsource = "y.png"',
        '[asset."a b"]\nprompt = "x"',
        "[asset.a]\nprompt = 3",
        '[asset.a]\nprompt = "x"\nn = 0',
        '[asset.a]\nprompt = "x"\nn = "many"',
        '[asset.a]\nprompt = "x"\nfit = "sideways"',
        '[asset.a]\nprompt = "x"\noutput = { path = "a.png", width = 0 }',
        '[asset.a]\nprompt = "x"\noutput = { width = 10 }',
        '[asset.a]\nprompt = "x"\noutputs = [{ path = "a.png", typo = 1 }]',
        '[asset.a]\nprompt = "x"\nsteps = [{ op = "resize", widht = 3 }]',
        '[asset.a]\nprompt = "x"\nsteps = [{ op = "nothing" }]',
        '[asset.a]\nprompt = "x"\nsteps = [{ op = "_fit", width = 1, height = 1 }]',
        '[asset.a]\nprompt = "x"\nsteps = [{ width = 3 }]',
        '[asset.a]\nprompt = "x"\nsteps = [{ op = "pad", width = 3 }]',
        '[asset.a]\nprompt = "x"\nsteps = [{ op = "edit", prompt = "x", mask = { square = [0, 0, 1, 1] } }]',
        '[asset.a]\nprompt = "x"\noverrides = [{ pick = 2 }]',
        '[asset.a]\nprompt = "x"\noverrides = [{ when = {}, matrix = {} }]',
        "[budget]\nmax_usd_per_build = -1",
        '[defaults]\nsize = "1x1"',
        '[provider.mine]\nbase_url = "https://x.example"',
        '[provider.openai]\nbase_uri = "https://x.example"',
        '[chain]\na = [{ op = "resize", widht = 3 }]',
        '[emit.a]\nselect = "hero"',
        '[emit.a]\noutput = "a"\nselekt = "hero"',
        '[emit.a]\noutput = "a"\ntemplate = "builtin:typscript"',
        '[emit."a b"]\noutput = "a"',
    ],
)
def test_it_rejects_what_a_build_rejects(text: str) -> None:
    assert flaws(text)


@pytest.mark.parametrize("table", ["asset", "emit"])
def test_keys_are_described(table: str) -> None:
    """An editor shows what a key means."""
    properties = describe()["$defs"][table]["properties"]
    missing = [name for name, form in properties.items() if not form.get("description")]
    assert missing == []


def test_the_schema_of_the_list_that_emits_make_is_printed(project: Builder) -> None:
    told = project.call("schema", "--emit")
    assert (told.code, told.err) == (0, "")
    Draft202012Validator.check_schema(json.loads(told.out))
    assert json.loads(told.out) == json.loads(outputs_schema())
    assert project.call("schema", "--emit", "--json").object["document"] == json.loads(outputs_schema())
    both = project.call("schema", "--emit", "--write")
    assert (both.code, both.out, project.files()) == (2, "", {})


def test_it_says_nothing_of_python() -> None:
    text = str(describe())
    assert not re.search(r"'type': 'null'|pydantic|Optional", text)
