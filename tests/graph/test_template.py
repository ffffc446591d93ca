"""Templates of strangers: they see what they are given and nothing of the machine, and can't ask for too much."""

import time
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.entry import is_template
from assetforge.graph.template import Engine, TemplateError, missing

FILES = {
    "inner.md": "inner {{ name }}",
    "self.md": '{% include "self.md" %}',
    "macros.md": "{% macro shout(text) %}{{ text | upper }}!{% endmacro %}",
    "broken.md": "fine\n{{ oops",
}
ENGINE = Engine(FILES.get)


class Given:
    """Names from a dict."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def find(self, name: str) -> Any:
        return self.values.get(name, missing)

    def names(self) -> Sequence[str]:
        return sorted(self.values)


NAMES = Given(
    {
        "name": "Northwind",
        "number": 7,
        "yes": True,
        "items": [{"id": "a", "n": 2}, {"id": "b", "n": 1}],
        "data": {"items": ["sword"], "keys": "k", "get": 1},
        "nothing": None,
    }
)


def render(text: str) -> str:
    return ENGINE.render(text, NAMES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ name }}", "Northwind"),
        ("{{ number + 1 }}", "8"),
        ("{{ yes }} {{ not yes }}", "true false"),
        ("{{ items[0] }}", '{ id = "a", n = 2 }'),
        ("{{ [1, 'x', 1.5] }}", '[1, "x", 1.5]'),
        ("{{ {} }}{{ [] }}", "{}[]"),
        ("{{ data.items }}", '["sword"]'),
        ("{{ data.get }}{{ data.keys }}", "1k"),
        ("{{ 'a-b'.split('-') | join('+') }}", "a+b"),
        ("{{ ' Crème  Brûlée! ' | slug }}", "creme-brulee"),
        ("{{ 'a' ~ 1 ~ true }}", "a1true"),
        ("{{ items | map(attribute='n') | sum }}", "3"),
        ("{{ items | sort(attribute='n') | map(attribute='id') | join }}", "ba"),
        ("{{ '%03d' % 7 }} {{ '%s-%s' | format('a', 'b') }}", "007 a-b"),
        ("{{ [1, 2, 3] | batch(2, 0) | list }}", "[[1, 2], [3, 0]]"),
        ("{{ [1, 2, 3] | slice(2) | list }}", "[[1, 2], [3]]"),
        ("{{ 2.345 | round(1) }} {{ 2.31 | round(1, 'ceil') }}", "2.3 2.4"),
        ("{{ {'b': '<', 'a': 1} | tojson }}", '{"a": 1, "b": "\\u003c"}'),
        ("{{ [true] | string }}", "[true]"),
        ("{% for i in range(3) %}{{ loop.index }}{% endfor %}", "123"),
        ("{% set n = namespace(x=1) %}{% for i in [1, 2] %}{% set n.x = n.x + i %}{% endfor %}{{ n.x }}", "4"),
        ("{% if name %}\n  yes\n{% endif %}\n", "  yes\n"),
        ('{% include "inner.md" %}', "inner Northwind"),
        ('{% import "macros.md" as m %}{{ m.shout("hey") }}', "HEY!"),
        ("{{ [true] | upper }} {{ 7 | e }}", "[TRUE] 7"),
        ("{{ missing | default('x') }}", "x"),
    ],
)
def test_a_template_says(text: str, expected: str) -> None:
    assert render(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ name['__class__'] }}",
        "{{ data.__class__ }}",
        "{{ items.append(1) }}",
        "{{ data.update({'a': 1}) }}",
        "{{ data.pop('items') }}",
        "{{ name.format(1) }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ name | attr('__class__') }}",
        "{{ [name] | map('attr', '__class__') | list }}",
        "{{ [name] | map(attribute='__class__') | list }}",
        "{{ [name, 'x'] | sort(attribute='__class__.__name__') }}",
        "{{ self }}",
        "{{ self.__init__ }}",
        "{{ range }}",
        "{{ range | string }}",
        "{{ dict | upper }}",
        "{{ range.__self__ }}",
        "{{ cycler }}",
        "{{ cycler('a') | string }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ joiner.__init__.__globals__.os }}",
        "{{ namespace.__init__ }}",
        "{{ loop }}",
        "{% for i in [1] %}{{ loop.__class__ }}{% endfor %}",
        "{% for i in [1] %}{{ loop | string }}{% endfor %}",
        "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
        "{% macro m() %}{% endmacro %}{{ m._func }}",
        "{{ '%s' % range }}",
        "{{ '%r' | format(dict) }}",
        "{{ [range] }}",
        "{{ [range] | join }}",
        "{{ lipsum() }}",
        "{{ [name] | selectattr('x') | safe }}",
        "{{ [name] | map('upper') | upper }}",
        "{{ [1, 2] | random }}",
        "{{ name | pprint }}",
        "{{ name | wordwrap(1) }}",
        "{{ {'a': 1} | xmlattr }}",
        "{{ config }}{{ request }}{{ environ }}",
        "{{ nothing }}",
        '{% include "/etc/passwd" %}',
        '{% include "../secret" %}',
        '{% extends "absent.md" %}',
        '{% import "absent.md" as m %}',
        '{% include "self.md" %}',
        '{% include "broken.md" %}',
        "{{ undefined }}",
        "{{ undefined - 1 }}",
        "{{ -undefined }}",
        "{{ undefined < 1 }}",
        "{{ undefined.x.y }}",
        "{{ undefined() }}",
        "{{ undefined | upper }}",
        "{{ data.nmae }}",
        "{{ number.real }}",
        "{{ name | truncate(1) }}",
    ],
)
def test_a_template_reaches_nothing_but_its_names(text: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(text)
    assert " at 0x" not in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'x' * 10 ** 9 }}",
        "{{ 10 ** 9 * 'x' }}",
        "{{ [0] * 10 ** 9 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 10 ** 64 * 10 ** 64 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%*d' % (999999999, 1) }}",
        "{{ ('%(a)9999d' * 400000) % {'a': 1} }}",
        "{{ ('%(a)s' * 100000) % {'a': 'x' * 100000} }}",
        "{{ ('%(a)s' * 100000) | format(a='x' * 100000) }}",
        "{{ '%99999d' | format(1) }}",
        "{{ name | center(10 ** 9) }}",
        "{{ 'a\n' * 1000 | indent(10 ** 9) }}",
        "{{ ('a\n' * 100000) | indent(9999) }}",
        "{{ ('a' * 100000) | replace('a', 'b' * 1000) }}",
        "{{ range(10 ** 9) }}",
        "{{ range(10 ** 30) | list }}",
        "{{ [1] | batch(10 ** 9, 0) | list }}",
        "{{ [1] | slice(10 ** 9) | list }}",
        "{{ 1 | round(10 ** 9, 'ceil') }}",
        "{{ [[1]] | sum(start=[]) }}",
        "{{ [1] | tojson(indent=10 ** 9) }}",
        "{{ [['x' * 1000000] * 10000] | tojson }}",
        "{{ ['x' * 1000000] * 10000 }}",
        "{{ (['x' * 100000] * 100) | join('y' * 100000) }}",
        "{% set x = 'x' * 1000000 %}{{ x ~ x ~ x ~ x ~ x }}",
        "{% set x = 'x' * 1000000 %}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{{ name * 1000 }}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% for a in [1] %}" * 30 + "{% endfor %}" * 30,
        "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
        "{{ " + "-" * 5000 + "1 }}",
    ],
)
def test_a_template_can_t_ask_for_too_much(text: str) -> None:
    start = time.monotonic()
    with pytest.raises(TemplateError):
        render(text)
    assert time.monotonic() - start < 8


def test_a_mistake_has_the_file_and_line_it_was_made_in() -> None:
    with pytest.raises(TemplateError) as caught:
        render('\n{% include "broken.md" %}')
    assert (caught.value.name, caught.value.line) == ("broken.md", 2)
    with pytest.raises(TemplateError) as caught:
        render("one\ntwo {{ nam }}\n")
    assert (caught.value.name, caught.value.line, caught.value.text) == ("", 2, "nam")
    assert caught.value.hint == "did you mean `name`?"


def test_only_names_that_a_template_mentions_are_looked_up() -> None:
    asked: list[str] = []

    class Asked(Given):
        def find(self, name: str) -> Any:
            asked.append(name)
            return super().find(name)

    assert ENGINE.render("{{ name }}{{ name | upper }}", Asked(NAMES.values)) == "NorthwindNORTHWIND"
    assert asked == ["name"]


atoms = st.sampled_from(
    [
        "name",
        "number",
        "items",
        "data",
        "nothing",
        "absent",
        "1",
        "0",
        "-2.5",
        "'x'",
        "''",
        "[]",
        "[1, 'a']",
        "{}",
        "yes",
    ]
)
filters = st.sampled_from(
    sorted(name for name in ENGINE._sandbox.filters if name.isidentifier())  # every filter that a template may name
)
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(
            inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "~", "<", "==", "in", "and", "or"]), inner
        ).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(inner, filters).map(lambda parts: f"({parts[0]} | {parts[1]})"),
        st.tuples(inner, filters, inner).map(lambda parts: f"({parts[0]} | {parts[1]}({parts[2]}))"),
        st.tuples(inner, inner).map(lambda parts: f"{parts[0]}[{parts[1]}]"),
        st.tuples(inner, st.sampled_from(["id", "n", "upper", "split", "items", "__class__"])).map(".".join),
        st.tuples(inner, inner).map(lambda parts: f"{parts[0]}({parts[1]})"),
        inner.map(lambda part: f"(not {part})"),
    ),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(expressions)
def test_any_expression_is_a_text_or_a_mistake_that_can_be_told(expression: str) -> None:
    try:
        text = render(f"{{{{ {expression} }}}}")
    except TemplateError as error:
        text = error.message
    assert " at 0x" not in text
    assert "<class" not in text


def told(text: str) -> str:
    try:
        return render(text)
    except TemplateError as error:
        return error.message


@given((st.text("a {}%#\n\r\t\0é\ud800") | st.text()).filter(lambda text: not is_template(text)))
def test_a_text_without_templates_is_what_it_would_be_beside_one(text: str) -> None:
    assert told(text) == told(f"{{{{ '' }}}}{text}")


@pytest.mark.parametrize("text", [r"{{ '\ud800' }}", r"{{ 'a\x00b' }}"])
def test_a_template_makes_no_half_of_a_character(text: str) -> None:
    with pytest.raises(TemplateError, match="no text can hold"):
        Engine(lambda path: None).render(text, Bare())


def test_what_is_made_on_the_way_is_bounded_too() -> None:
    with pytest.raises(TemplateError, match="too much"):
        Engine(lambda path: None).render("{{ (['a' * 1000000] * 2000) | map('upper') | list | length }}", Bare())


class Bare:
    """No names at all."""

    def find(self, name: str) -> object:
        return missing

    def names(self) -> list[str]:
        return []
