"""`[emit]`: which files there are, what each selects, and what a template of the user's sees."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from assetforge.errors import ManifestError
from assetforge.graph import bounds
from assetforge.graph.builtin import outputs_schema
from assetforge.graph.emitted import KEYS
from assetforge.graph.resolve import resolve
from tests.graph.emitting import Opened, opened, output

CASES = Path(__file__).parents[1] / "cases"
VALIDATOR = Draft202012Validator(json.loads(outputs_schema()))

SITE = """
[project]
name = "northwind"
output_dir = "public"
[vars]
brand = { name = "Northwind", color = "#0f766e" }
greeting = "Hello, {{ brand.name }}"
[data]
items = [{ id = "sword", kind = "weapon" }, { id = "bow", kind = "weapon" }, { id = "ghost", kind = "enemy" }]
[asset.hero]
prompt = "A lighthouse"
tags = ["web"]
output = "hero.png"
[asset.ground]
prompt = "No file is made of it"
[asset.icon]
prompt = "{{ item.id }}"
matrix.item = "data.items"
output = "icons/{{ item.id }}.png"
"""


def emitted(folder: Path, emit: str, template: str, **variables: str) -> Opened:
    """The site with one emit `page` of a template `page.txt`, and more keys for it."""
    text = f'{SITE}\n[emit.page]\noutput = "page.txt"\ntemplate = "page.txt"\n{emit}'
    return opened(folder, text.replace('"page.txt"\ntem', '"out/page.txt"\ntem'), {"page.txt": template}, **variables)


def render(folder: Path, template: str, *outputs: dict[str, Any], **variables: str) -> str:
    return emitted(folder, "", template, **variables).render("page", *outputs)


def problem_of(folder: Path, template: str, *outputs: dict[str, Any]) -> tuple[str, str, int | None, str]:
    with pytest.raises(ManifestError) as caught:
        render(folder, template, *outputs)
    (problem,) = caught.value.problems
    assert problem.where is not None
    return problem.message, problem.where.file, problem.where.line, problem.hint or ""


# --- which emits there are ---------------------------------------------------------------------------------------


def test_an_emit_selects_all_instances_in_the_order_of_the_manifest(tmp_path: Path) -> None:
    site = opened(tmp_path, SITE + '[emit.list]\noutput = "list.json"\n')
    emit = site.graph.emits["emit:list"]
    assert (emit.path, emit.template, dict(emit.axes)) == ("list.json", "", {})
    assert emit.selected == tuple(site.graph.instances)
    assert site.graph.output_dir == "public"


@pytest.mark.parametrize(
    ("select", "selected"),
    [
        ('"tag:web"', ["hero"]),
        ('"ground"', ["ground"]),
        ('["icon", "!icon[item.kind=enemy]", "hero"]', ["hero", "icon[item=sword]", "icon[item=bow]"]),
        ('"icon[item={{ data.items[1].id }}]"', ["icon[item=bow]"]),
        ('"output:public/icons/g*"', ["icon[item=ghost]"]),
    ],
)
def test_it_selects_in_the_language_of_the_command_line(tmp_path: Path, select: str, selected: list[str]) -> None:
    site = opened(tmp_path, f'{SITE}[emit.list]\noutput = "list.json"\nselect = {select}\n')
    assert list(site.graph.emits["emit:list"].selected) == selected


def test_a_matrix_makes_one_file_for_each_cell(tmp_path: Path) -> None:
    site = opened(
        tmp_path,
        SITE
        + """
[emit.page]
matrix.item = "data.items"
matrix.theme = ["light", "dark"]
exclude = [{ item.kind = "enemy", theme = "light" }]
select = "icon[item={{ item.id }}]"
output = "pages/{{ theme }}/{{ item.id }}.{{ project.name }}.json"
""",
    )
    found = {name: (emit.path, *emit.selected) for name, emit in site.graph.emits.items()}
    assert list(found) == [
        "emit:page[item=sword,theme=light]",
        "emit:page[item=sword,theme=dark]",
        "emit:page[item=bow,theme=light]",
        "emit:page[item=bow,theme=dark]",
        "emit:page[item=ghost,theme=dark]",
    ]
    assert found["emit:page[item=bow,theme=dark]"] == ("pages/dark/bow.northwind.json", "icon[item=bow]")
    assert site.graph.emits["emit:page[item=bow,theme=dark]"].axes["item"]["kind"] == "weapon"


def test_an_included_file_may_have_emits(tmp_path: Path) -> None:
    more = {"more.toml": '[emit.more]\noutput = "more.json"\n'}
    text = SITE.replace('"public"', '"public"\ninclude = ["more.toml"]') + '[emit.list]\noutput = "list.json"\n'
    site = opened(tmp_path, text, more)
    assert list(site.graph.emits) == ["emit:list", "emit:more"]
    assert site.graph.emits["emit:more"].where.file == "more.toml"


def test_a_profile_with_its_own_folder_writes_none(tmp_path: Path) -> None:
    profiles = '[profile.fast]\nquality = "low"\n[profile.away]\noutput_dir = "build/away"\n'
    site = opened(tmp_path, SITE + profiles + '[emit.list]\noutput = "list.json"\n')
    graphs = {name: resolve(site.manifest, profile=name, variables={}) for name in ("fast", "away")}
    assert {name: (list(graph.emits), graph.output_dir) for name, graph in graphs.items()} == {
        "fast": (["emit:list"], "public"),
        "away": ([], "build/away"),
    }


def test_templates_are_read_with_all_that_they_name(tmp_path: Path) -> None:
    """The stamp watches what was read, and nothing is written over it."""
    files = {
        "page.html": '{% extends "frame.html" %}{% import "macros.j2" as m %}{% include "no.j2" ignore missing %}',
        "frame.html": "{% block a %}{% include ['maybe.j2', 'page.html'] %}{% endblock %}",
        "macros.j2": '{% macro line() %}{% include "builtin:picture" %}{% endmacro %}',
    }
    site = opened(tmp_path, SITE + '[emit.list]\noutput = "o.html"\ntemplate = "./page.html"\n', files)
    assert site.graph.emits["emit:list"].template == "page.html"
    assert site.manifest.reading.texts.keys() == {"assets.toml", *files}
    with pytest.raises(ManifestError, match=r"`emit:list` would write `macros\.j2`"):
        opened(tmp_path, SITE + '[emit.list]\noutput = "macros.j2"\ntemplate = "page.html"\n')


def test_the_names_of_emits_are_free_where_there_are_none(tmp_path: Path) -> None:
    text = '[vars]\nproject = "x"\n[asset.a]\nprompt = "{{ project }}{{ outputs }}"\nmatrix.outputs = [1]\n'
    assert opened(tmp_path, text).graph.emits == {}


# --- what a template sees ----------------------------------------------------------------------------------------


def test_a_template_sees_what_the_manual_says(tmp_path: Path) -> None:
    template = "{{ project.name }} {{ greeting }} {{ data.items | length }} {{ outputs[0].file }} {{ brand.color }}\n"
    assert render(tmp_path, template, output("hero.png")) == "northwind Hello, Northwind 3 public/hero.png #0f766e\n"
    assert render(tmp_path, "{{ greeting }}", greeting="Hi {{ there }}") == "Hi {{ there }}"


def test_a_template_sees_its_axes(tmp_path: Path) -> None:
    site = emitted(tmp_path, "", "{{ item.id }}")
    text = (tmp_path / "assets.toml").read_text().replace("out/page.txt", "out/{{ item.id }}.txt")
    site = opened(tmp_path, text + 'matrix.item = "data.items"\n')
    assert [site.render(f"page[item={item}]") for item in ("sword", "ghost")] == ["sword", "ghost"]


def test_every_fact_of_an_output_is_a_key(tmp_path: Path) -> None:
    one = output("a.png", meta={"items": 1, "get": 2}, tags=["x"])
    template = "".join(f"{{{{ outputs[0].{key} | tojson }}}}\n" for key in KEYS)
    told = render(tmp_path, template, one).splitlines()
    assert dict(zip(KEYS, map(json.loads, told), strict=True)) == one
    assert render(tmp_path, "{{ outputs[0].meta.items }}{{ outputs[0].meta.get }}", one) == "12"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{% for name, group in outputs | groupby("instance") %}{{ name }}:{{ group | length }} {% endfor %}',
         "hero:2 icon:1 "),
        ("{{ outputs | map(attribute='path') | join(', ') }}", "b.png, a.webp, c.png"),
        ("{{ (outputs | first).path }} {{ (outputs | last).path }}", "b.png c.png"),
        ("{{ outputs | selectattr('format', 'eq', 'png') | map(attribute='width') | sort | list }}", "[300, 640]"),
        ("{{ outputs | map(attribute='asset') | unique | list }}", '["hero", "icon"]'),
        ("{{ (outputs | sort(attribute='width', reverse=true) | first).width }}", "640"),
        ("{{ outputs | sum(attribute='width') }}", "1240"),
        ("{{ (outputs | max(attribute='width')).path | upper | slug }}", "b-png"),
        ("{% for o in outputs if o.asset in ['icon'] and o.format == 'png' %}{{ o.path }}{% endfor %}", "c.png"),
        ('{% set sheet = outputs | first %}{{ sheet.path.split("/")[-1] | tojson }}', '"b.png"'),
        ("{{ outputs | groupby('axes.item.id', default='none') | map('first') | list }}", '["bow", "none"]'),
        ("{% for f in outputs[2].frames %}{{ f.axes.item.id | tojson }}:{{ f.x }}{% endfor %}", '"bow":4'),
        ("{% if true %}\n  x\n{% endif %}\n\n", "  x\n\n"),
    ],
)  # fmt: skip
def test_a_template_shapes_what_it_sees(tmp_path: Path, template: str, expected: str) -> None:
    frame = {"instance": "x", "axes": {"item": {"id": "bow"}}, "x": 4, "y": 0, "width": 1, "height": 1}
    outputs = [
        output("b.png", 640),
        output("a.webp"),
        output("c.png", asset="icon", instance="icon", alt="A bow", axes={"item": {"id": "bow"}}, frames=[frame]),
    ]
    assert render(tmp_path, template, *outputs) == expected


def test_what_is_told_by_the_facts_is_told_with_the_line_of_the_template(tmp_path: Path) -> None:
    assert problem_of(tmp_path, "one\n{{ outputs[0].pth }}", output("a.png")) == (
        "the table has no `pth`", "page.txt", 2, "did you mean `path`?",
    )  # fmt: skip
    assert problem_of(tmp_path, "{{ output }}") == ("`output` is undefined", "page.txt", 1, "did you mean `outputs`?")
    assert problem_of(tmp_path, "\n\n{{ 1 / (outputs | length) }}")[1:3] == ("page.txt", 3)
    assert problem_of(tmp_path, "{{ asset.name }}")[0] == "`asset` is undefined"


def test_a_project_without_a_name_has_none(tmp_path: Path) -> None:
    """The name of its folder may differ between machines."""
    text = '[asset.a]\nprompt = "x"\n[emit.p]\noutput = "p"\ntemplate = "p.j2"\n'
    site = opened(tmp_path, text, {"p.j2": "{{ project.name | default('none') }}"})
    assert site.render("p") == "none"


# --- escaping ----------------------------------------------------------------------------------------------------

NASTY = "<b>\"'&</script>"


def page(folder: Path, name: str, template: str, **more: str) -> str:
    text = f'[vars]\nnasty = """{NASTY}"""\n[asset.a]\nprompt = "x"\n[emit.p]\noutput = "p"\ntemplate = "{name}"\n'
    return opened(folder, text, {name: template, **more}).render("p", output("a.png", alt=NASTY))


@pytest.mark.parametrize("name", ["a.html", "a.html.j2", "a.HTM.jinja", "feed.xml", "a.svg.jinja2"])
def test_html_is_escaped_once(tmp_path: Path, name: str) -> None:
    escaped = "&lt;b&gt;&#34;&#39;&amp;&lt;/script&gt;"
    for template in (
        "{{ nasty }}",
        "{{ outputs[0].alt }}",
        "{{ nasty ~ '' }}",
        "{{ nasty | e }}",
        "{{ [nasty] | join }}",
    ):
        assert page(tmp_path, name, template) == escaped
    macro = "{% macro m(a) %}<i>{{ a }}</i>{% endmacro %}"
    assert page(tmp_path, name, macro + "{{ m(nasty) ~ '<' }}") == f"<i>{escaped}</i>&lt;"
    assert page(tmp_path, name, macro + "{{ [m(nasty), '<'] | join('\n') }}") == f"<i>{escaped}</i>\n&lt;"
    assert page(tmp_path, name, macro + "{{ (m(nasty) ~ '\n') | indent(2, true) | trim }}") == f"<i>{escaped}</i>"
    assert page(tmp_path, name, "{{ nasty | safe }}") == NASTY
    script = page(tmp_path, name, "<script>{{ nasty | tojson }}</script>")
    assert script.count("<") == 2
    assert json.loads(script.removeprefix("<script>").removesuffix("</script>")) == NASTY


@pytest.mark.parametrize("name", ["a.ts.j2", "a.css", "a.txt", "html", "a.html.txt"])
def test_all_else_is_as_it_is(tmp_path: Path, name: str) -> None:
    assert page(tmp_path, name, "{{ nasty }}{{ outputs[0].alt }}{{ nasty ~ '<' }}") == NASTY * 2 + NASTY + "<"
    assert page(tmp_path, name, "{{ nasty | e }}").startswith("&lt;b")
    assert json.loads(page(tmp_path, name, "{{ nasty | tojson }}")) == NASTY


# Whoever reads a file of JavaScript would not see them, or see something else than is run.
UNSEEN = frozenset({*map(chr, range(32)), *map(chr, range(127, 160)), *"\u2028\u2029\u202e\u2066\ufeff\ud800"})


@given(text=st.text(st.one_of(st.sampled_from(sorted(UNSEEN | set("<>&'\"\\Ü船"))), st.characters()), max_size=12))
def test_json_has_its_letters_as_they_are_and_what_is_not_seen_by_number(text: str) -> None:
    told = bounds.to_json(text, None, 1_000)
    assert json.loads(told) == text
    assert not UNSEEN & set(told)
    assert "<" not in told
    assert all(letter in told for letter in text if letter.isalnum() or letter in ">&'")
    assert not set(bounds.to_json(text, None, 1_000, marks="<>&'")) & set("<>&'")


# --- the list ----------------------------------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8"), max_size=12)
tables = st.dictionaries(
    texts, st.one_of(texts, st.integers(), st.booleans(), st.lists(texts, max_size=2)), max_size=3
)


@pytest.fixture(scope="module")
def listing(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return opened(tmp_path_factory.mktemp("list"), SITE + '[emit.list]\noutput = "list.json"\n')


@given(alt=texts, meta=tables, axes=tables)
def test_the_list_is_what_was_told_and_what_its_schema_says(
    listing: Opened, alt: str, meta: dict[str, Any], axes: dict[str, Any]
) -> None:
    frame = {"instance": "icon", "axes": axes, "x": 0, "y": 0, "width": 4, "height": 4}
    outputs = [output("b.avif", alt=alt, meta=meta, axes=axes), output("a.jpg", frames=[frame])]
    text = listing.render("list", *outputs)
    assert json.loads(text) == outputs
    assert list(VALIDATOR.iter_errors(json.loads(text))) == []
    assert text.endswith("}\n]\n")


def test_the_list_has_its_keys_in_one_order(listing: Opened) -> None:
    one = output("a.png", alt="Ein Schöff 船")
    turned = dict(reversed(one.items()))
    text = listing.render("list", turned)
    assert text == listing.render("list", one)
    assert tuple(json.loads(text)[0]) == KEYS
    assert "Ein Schöff 船" in text
    assert listing.render("list") == "[]\n"


def test_the_schema_knows_every_key_and_no_other() -> None:
    Draft202012Validator.check_schema(json.loads(outputs_schema()))
    described = json.loads(outputs_schema())["$defs"]["output"]
    assert tuple(described["properties"]) == tuple(described["required"]) == KEYS


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_lacks_is_told(listing: Opened, value: float) -> None:
    with pytest.raises(ManifestError, match="`emit:list` has a number that JSON has no form for"):
        listing.render("list", output("a.png", meta={"x": value}))


# --- how much ----------------------------------------------------------------------------------------------------


def many(number: int) -> list[dict[str, Any]]:
    axes = {"item": {"id": "x", "kind": "weapon", "name": "A sword of great age", "price": "12"}}
    return [
        output(f"icons/{index}.{ending}", instance=f"icon[item={index}]", axes=axes)
        for index in range(number // 2)
        for ending in ("png", "webp")
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "template",
    [
        "{{ outputs | tojson }}",
        '{% for _, g in outputs | groupby("instance") %}{% for o in g %}{{ o | tojson }}\n{% endfor %}{% endfor %}',
        "{% macro all() %}{% for o in outputs %}{{ o.alt ~ o.placeholder }}{% endfor %}{% endmacro %}{{ all() }}",
    ],
)
def test_ten_thousand_outputs_fit(tmp_path: Path, template: str) -> None:
    assert len(render(tmp_path, template, *many(10_000))) > 2_500_000


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
        "{{ [outputs] * 3000000 }}",
        "{{ ('x' * 3999999 ~ 'x' * 3999999) | slug }}",
    ],
)
def test_a_template_is_stopped_all_the_same(tmp_path: Path, template: str) -> None:
    began = time.monotonic()
    message, file, line, _ = problem_of(tmp_path, template, *many(10))
    assert message.startswith("the template was stopped: ")
    assert (file, line) == ("page.txt", 1)
    assert time.monotonic() - began < 60


# --- the two cases -----------------------------------------------------------------------------------------------


def case(folder: Path, name: str, manifest: str) -> Opened:
    files = {f"emit/{path.name}": path.read_text("utf-8") for path in (CASES / name / "emit").iterdir()}
    return opened(folder, manifest, files)


def test_the_site_of_the_cases_has_its_module_and_its_web_manifest(tmp_path: Path) -> None:
    site = case(
        tmp_path,
        "web",
        """
[vars]
brand = { name = "Northwind", color = "#0f766e" }
[asset.mark]
prompt = "A mark"
output = "icons/icon-192.png"
[emit.typescript]
template = "emit/assets.ts.j2"
output = "src/generated/assets.ts"
[emit.webmanifest]
template = "emit/site.webmanifest.j2"
output = "public/site.webmanifest"
""",
    )
    outputs = [
        output("icons/icon-192.png", 192, 192, asset="mark", instance="mark", alt=""),
        output("../favicon.ico", 48, 48, asset="mark", instance="mark", alt=""),
        output("icons/maskable-512.png", 512, 512, asset="mark-maskable", instance="mark-maskable"),
        output("hero-768.jpg", 768, 432, alt='A "sailing" ship'),
    ]
    told = json.loads(site.render("webmanifest", *outputs))
    assert [(icon["src"], icon["sizes"], icon["purpose"]) for icon in told["icons"]] == [
        ("img/icons/icon-192.png", "192x192", "any"),
        ("img/icons/maskable-512.png", "512x512", "maskable"),
    ]
    module = site.render("typescript", *outputs)
    assert '{ src: "/img/hero-768.jpg", width: 768, height: 432, type: "image/jpeg" },' in module
    assert r'alt: "A \"sailing\" ship",' in module


def test_the_game_of_the_cases_has_its_frames(tmp_path: Path) -> None:
    game = case(
        tmp_path,
        "game",
        """
[data]
items = [{ id = "sword", category = "weapon" }, { id = "relic", category = "quest" }]
themes = [{ id = "day" }, { id = "night" }]
[asset.atlas]
matrix.category = "data.items.category"
matrix.theme = "data.themes"
exclude = [{ category = "quest", theme = "night" }]
prompt = "A sheet"
output = "atlas/{{ category }}-{{ theme.id }}.png"
[emit.atlas]
matrix.category = "data.items.category"
matrix.theme = "data.themes"
exclude = [{ category = "quest", theme = "night" }]
select = "atlas[category={{ category }},theme={{ theme.id }}]"
template = "emit/atlas.json.j2"
output = "game/assets/atlas/{{ category }}-{{ theme.id }}.json"
""",
    )
    assert {emit.path: emit.selected for emit in game.graph.emits.values()} == {
        "game/assets/atlas/weapon-day.json": ("atlas[category=weapon,theme=day]",),
        "game/assets/atlas/weapon-night.json": ("atlas[category=weapon,theme=night]",),
        "game/assets/atlas/quest-day.json": ("atlas[category=quest,theme=day]",),
    }
    frames = [
        {"instance": "icon", "axes": {"item": {"id": item}}, "x": x, "y": 2, "width": 256, "height": 200}
        for x, item in enumerate(("sword", "bow"))
    ]
    text = game.render("atlas[category=weapon,theme=day]", output("atlas/weapon-day.png", 600, 260, frames=frames))
    assert json.loads(text) == {
        "meta": {"image": "weapon-day.png", "size": {"w": 600, "h": 260}},
        "frames": {
            "sword": {"x": 0, "y": 2, "w": 256, "h": 200},
            "bow": {"x": 1, "y": 2, "w": 256, "h": 200},
        },
    }
