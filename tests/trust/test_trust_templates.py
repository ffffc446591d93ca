"""Attacks by a template, which may come with a stranger's pull request.

behaviour.md, Secrets and trust: "Templates run in Jinja's immutable sandbox without lipsum, random and pprint; `*`,
`**`, `%`, format, center, indent and range are bounded, output is bounded, a render has a time limit."
    -> test_an_attack_ends_soon_and_names_its_place, for each of these words
"text that is read (manifests, templates, data) has no component that begins with a dot"
    -> test_a_template_includes_no_file_that_is_not_for_it

What a template can reach at all, and the same bounds one by one, are in `tests/graph/test_template.py`.
"""

import os
import time

import pytest

from tests.builder import Builder

SOON = 20  # seconds: a render may take ten
TWICE = "{% set n = namespace(a=[1]) %}{% for i in range(60) %}{% set n.a = [n.a, n.a] %}{% endfor %}"
WIDE = "{% set n = namespace(a=[1]) %}{% for i in range(9) %}{% set n.a = [n.a] * 1000 %}{% endfor %}"
KEYS = "{% set n = namespace(a={}) %}{% for i in range(60) %}{% set n.a = {'x': n.a, 'y': n.a} %}{% endfor %}"
PAIRS = "{% set n = namespace(a=(1, 1)) %}{% for i in range(60) %}{% set n.a = (n.a, n.a) %}{% endfor %}"
LARGE = "{% set b = ('f' * 3000000) | int(0, 16) %}"
LONG = "{% set s = 'a' * 3000000 ~ 'b' %}{% set t = 'a' * 3000000 ~ 'c' %}"

ATTACKS = {
    "a text times a number": "{{ 'x' * 10 ** 9 }}",
    "a list times a number": "{{ [[0]] * 10 ** 9 }}",
    "a power": "{{ 9 ** 9 ** 9 }}",
    "a width in %": "{{ '%999999999d' % 1 }}",
    "a width in format": "{{ '%99999d' | format(1) }}",
    "center": "{{ 'x' | center(10 ** 9) }}",
    "indent": "{{ 'x' | indent(10 ** 9, true) }}",
    "ljust": "{{ 'x'.ljust(10 ** 9) }}",
    "zfill": "{{ 'x'.zfill(10 ** 9) }}",
    "range": "{{ range(10 ** 9) | list }}",
    "loops in loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "output bit by bit": "{% for a in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "Python's classes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "Python's globals": "{{ cycler.__init__.__globals__ }}",
    "an attribute by its name": "{{ 'x' | attr('__class__') }}",
    "a format that reaches in": "{{ '{0.__class__}'.format(1) }}",
    "a change": "{% set a = [] %}{{ a.append(1) }}",
    "lipsum": "{{ lipsum() }}",
    "random": "{{ [1, 2] | random }}",
    "pprint": "{{ {} | pprint }}",
    "the environment": "{{ environ.OPENAI_API_KEY }}",
    "a list of lists that holds itself twice": TWICE + "{{ n.a == [1] }}",
    "the same, printed": TWICE + "{{ n.a }}",
    "a table of tables": KEYS + "{{ n.a == {} }}",
    "a key made of pairs": PAIRS + "{{ {n.a: 1} | length }}",
    "a list times a thousand, again and again": WIDE + "{{ n.a == [1] }}",
    "long division": LARGE + "{{ b // (b - 1) }}",
    "a long remainder": LARGE + "{{ b % (b - 1) }}",
    "a long remainder in a test": LARGE + "{{ b is divisibleby(b - 1) }}",
    "a number too long to be read": "{{ " + "9" * 5000 + " }}",
    "seeking one long text among millions": LONG + "{{ t in [s] * 3000000 }}",
    "seeking in every item": "{{ range(100000) | select('in', [0.5] * 3900000) | list }}",
    "a path of a million steps": "{{ ([1] * 99999) | map(attribute='a.' * 1000000, default=1) | list }}",
    "stripping many marks": "{{ ('a' * 3900000).strip('b' * 3900000 ~ 'a') }}",
    "trimming many marks": "{{ ('a' * 3900000) | trim('b' * 3900000 ~ 'a') }}",
    "encoding a text many times": "{{ [['x' * 3000, 'y']] * 60000 | urlencode }}",
    "more words than anybody writes": "{{ 1 }}" * 40_000,
    "a sum without end": "{{ 1" + " + 1" * 40_000 + " }}",
    "brackets in brackets": "{{ " + "[" * 3_000 + "]" * 3_000 + " }}",
    "nothing but openings": "{{" * 100_000,
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_ends_soon_and_names_its_place(project: Builder, attack: str) -> None:
    project.write({"assets.toml": f"[asset.a]\noutput = 'a.png'\nprompt = '''{ATTACKS[attack]}'''\n"})
    began = time.monotonic()
    told = project.call("plan", OPENAI_API_KEY="sk-not-for-templates")
    assert time.monotonic() - began < SOON
    assert told.code == 2, told.err[:500]
    assert "assets.toml:3:" in told.err
    assert "sk-not-for-templates" not in told.err
    assert " at 0x" not in told.err


INCLUDES = {
    "files that include each other twice": {
        **{f"t/{i}.md": f'{{% include "t/{i + 1}.md" %}}' * 2 for i in range(60)},
        "t/60.md": "",
    },
    "files that include one of several": {
        **{f"t/{i}.md": f'{{% include ["t/{i + 1}.md", "no.md"] %}}' * 2 for i in range(60)},
        "t/60.md": "",
    },
    "a file that includes itself": {"t/0.md": '{% include "t/0.md" %}'},
    "files that include each other": {"t/0.md": '{% include "t/1.md" %}', "t/1.md": '{% include "t/0.md" %}'},
    "macros of two files": {
        "t/0.md": '{% import "t/1.md" as m %}{% macro a() %}{{ m.b(a) }}{% endmacro %}{{ a() }}',
        "t/1.md": "{% macro b(f) %}{{ f() }}{% endmacro %}",
    },
    "a file that extends itself": {"t/0.md": '{% extends "t/0.md" %}'},
}


@pytest.mark.parametrize("attack", INCLUDES)
def test_files_that_include_each_other_end_too(project: Builder, attack: str) -> None:
    project.write({"assets.toml": "[asset.a]\noutput = 'a.png'\nprompt_file = 't/0.md'\n", **INCLUDES[attack]})
    began = time.monotonic()
    told = project.call("plan")
    assert time.monotonic() - began < SOON
    assert told.code == 2
    assert "t/" in told.err


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../secret.md", "t/../../secret.md", ".env", "t/.env", ".git/config", "link.md", "hidden.md",
     "folder/secret.md", "pipe.md", "t", "assets.toml/x"],
)  # fmt: skip
@pytest.mark.parametrize("tag", ['include "{}"', 'import "{}" as m', 'extends "{}"', 'include ["no.md", "{}"]'])
def test_a_template_includes_no_file_that_is_not_for_it(project: Builder, path: str, tag: str) -> None:
    secret = "TOKEN=sk-secret-of-the-machine"
    project.write(dict.fromkeys(("../secret.md", ".env", "t/.env", ".git/config"), secret))
    project.write({"assets.toml": "[asset.a]\noutput = 'a.png'\nprompt_file = 'a.md'\n"})
    project.write({"a.md": f"{{% {tag.format(path)} %}}"})
    os.mkfifo(project.root / "pipe.md")
    (project.root / "link.md").symlink_to("../secret.md")
    (project.root / "hidden.md").symlink_to(".env")
    (project.root / "folder").symlink_to("..")
    told = project.call("plan", "--json")
    assert told.code == 2
    assert "sk-secret" not in told.out + told.err
    assert "a.md" in told.out
