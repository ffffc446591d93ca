"""`explain emit:NAME` tells what an emit writes, from what, and why it is not as it should be."""

import pytest

from tests.builder import Builder
from tests.cli.manifests import picture
from tests.cli.test_cli_json import KEYS, own

MANIFEST = """\
[asset.hero]
source = "art/hero.png"
alt = "A boat"
outputs = ["hero.webp", "hero.jpg"]
steps = [{ op = "resize", width = 20 }]

[emit.list]
output = "list.json"

[emit.page]
matrix.lang = ["de", "en"]
template = "page.html"
output = "{{ lang }}.html"
"""


@pytest.fixture
def emitting(project: Builder) -> Builder:
    page = "{% for one in outputs %}{{ lang }} {{ one.path }}\n{% endfor %}"
    return project.write({"assets.toml": MANIFEST, "art/hero.png": picture(), "page.html": page})


def test_an_emit_is_told_with_its_template_and_what_it_tells_of(emitting: Builder) -> None:
    assert emitting.call("build").code == 0
    text = emitting.call("explain", "emit:page[lang=en]").out
    assert text == (
        "emit:page[lang=en]  assets.toml:13\n"
        "  current\n"
        "  writes    en.html\n"
        "  template  page.html\n"
        "  from      hero\n"
        "  outputs   2 files\n"
    )
    assert "  template  none: a list of outputs as JSON\n" in emitting.call("explain", "emit:list").out


def test_an_emit_that_waits_says_for_what_and_why(emitting: Builder) -> None:
    emitting.call("build")
    emitting.write({"assets.toml": MANIFEST.replace("width = 20", "width = 24")})
    text = emitting.call("explain", "emit:list").out
    assert "  may write: waits for `hero`\n" in text
    assert "  waits for hero, make: step `resize`: width 20 -> 24\n" in text
    told = emitting.call("explain", "emit:list", "--json").object
    assert told["waiting"] == [
        {"instance": "hero", "state": "make", "reasons": ["step `resize`: width 20 -> 24"]}
    ]  # fmt: skip


def test_an_emit_that_would_be_written_otherwise_shows_the_lines(emitting: Builder) -> None:
    emitting.call("build")
    emitting.write({"page.html": "<p>\n{% for one in outputs %}{{ lang }} {{ one.path }}\n{% endfor %}"})
    text = emitting.call("explain", "emit:page[lang=de]").out
    assert "  write: what it tells of changed\n" in text
    assert "  changed   + <p>\n" in text
    assert "de hero" not in text
    assert emitting.call("explain", "emit:page[lang=de]", "--json").object["changes"] == [["+", "<p>"]]


def test_many_changed_lines_are_cut_but_not_with_verbose(emitting: Builder) -> None:
    emitting.call("build")
    emitting.write({"page.html": "line\n" * 40})
    assert "and 30 more lines: -v shows all" in emitting.call("explain", "emit:page[lang=de]").out
    assert emitting.call("explain", "emit:page[lang=de]", "-v").out.count("+ line") == 40


def test_an_explained_emit_has_its_keys_and_no_other(emitting: Builder) -> None:
    told = emitting.call("explain", "emit:list", "--json").object
    assert own(told) == KEYS["explained emit"]
    assert (told["path"], told["template"], told["instances"]) == ("list.json", None, ["hero"])
    assert told["outputs"] == ["hero.webp", "hero.jpg"]


def test_an_emit_that_fails_says_where(emitting: Builder) -> None:
    assert emitting.call("build").code == 0
    emitting.write({"page.html": "<ul>\n{% for one in outputs %}\n{{ one.pth }}\n{% endfor %}"})
    text = emitting.call("explain", "emit:page[lang=en]").out
    assert "  fails: " in text
    assert "  place     page.html:3\n" in text


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("emit:lits", "there is no emit `emit:lits`", "did you mean `emit:list`?"),
        ("emit:", "there is no emit `emit:`", "emits: `emit:list` and `emit:page`"),
        ("emit:zzzzzzzz", "there is no emit `emit:zzzzzzzz`", "emits: `emit:list` and `emit:page`"),
        ("emit:page", "`emit:page` stands for 2 emits", "name one of `emit:page[lang=de]` and `emit:page[lang=en]`"),
    ],
)
def test_an_unknown_emit_gets_a_hint(emitting: Builder, name: str, message: str, hint: str) -> None:
    told = emitting.call("explain", name)
    assert (told.code, told.err) == (2, f"error: {message}\nhint: {hint}\n")
