"""Laws of editing: one value is set, and every other byte is what it was."""

import json
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assetforge.errors import KeyPath
from assetforge.manifest.edit import MARK, CantEdit, Setting, by_hand, edited
from tests.toml_documents import documents

ENTRY = {"when": {"item": "sword", "theme": "dark side"}, "pick": 3}


def places_of(value: Any, kind: type, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The key path of every table, or of every list, in a value."""
    if isinstance(value, kind):
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places_of(inner, kind, (*path, key))


def at(value: Any, path: KeyPath) -> Any:
    for part in path:
        value = value[part]
    return value


def same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True, default=repr) == json.dumps(other, sort_keys=True, default=repr)


def rewritten(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that went and the lines that came; all others stand in their order, and end as they did."""
    old, new = before.split("\n"), after.split("\n")
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return old, new


# --- laws -------------------------------------------------------------------------------------------------------


@given(documents(), st.data())
def test_a_key_set_in_any_table_changes_that_key_alone(text: str, data: st.DataObject) -> None:
    before = tomllib.loads(text)
    path = data.draw(st.sampled_from(list(places_of(before, dict))))
    after = edited(text, Setting((*path, "new key"), 3))
    told = tomllib.loads(after)
    assert at(told, path).pop("new key") == 3
    assert same(told, before)
    went, came = rewritten(text, after)
    assert len(went) <= 1
    assert len(came) == 1 or (len(came) == 2 and went == [came[0].rstrip("\r")])


@given(documents(), st.data())
def test_an_element_added_to_any_list_adds_that_element_alone(text: str, data: st.DataObject) -> None:
    before = tomllib.loads(text)
    lists = list(places_of(before, list))
    assume(lists)
    path = data.draw(st.sampled_from(lists))
    after = edited(text, Setting((*path, len(at(before, path))), ENTRY))
    told = tomllib.loads(after)
    assert at(told, path).pop() == ENTRY
    assert same(told, before)
    went, came = rewritten(text, after)
    assert len(went) <= 1
    assert len(came) <= 5


@given(documents(), st.integers(0, 100), st.data())
def test_a_number_that_is_set_anew_changes_its_digits_alone(text: str, number: int, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(places_of(tomllib.loads(text), dict))))
    once = edited(text, Setting((*path, "pick"), 12345))
    again = edited(once, Setting((*path, "pick"), number))
    went, came = rewritten(once, again)
    assert [line.replace("12345", str(number), line.count("12345")) for line in went] == came or "12345" in text


@given(documents(), st.data())
def test_a_value_that_is_set_to_what_it_is_changes_nothing(text: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(places_of(tomllib.loads(text), dict))))
    once = edited(text, Setting((*path, "pick"), 7))
    assert edited(once, Setting((*path, "pick"), 7)) == once


# --- layouts ----------------------------------------------------------------------------------------------------

ADDED = [
    pytest.param(
        '[asset.hero]\nprompt = "a"  # dawn\n\n# the night one\n[asset.night]\nprompt = "b"\n',
        '[asset.hero]\nprompt = "a"  # dawn\npick = 3\n\n# the night one\n[asset.night]\nprompt = "b"\n',
        id="before_the_comments_of_the_next_table",
    ),
    pytest.param(
        '[asset.hero]\nprompt = "a"\nn = 4 # four\nsize = "1024x1024"',
        '[asset.hero]\nprompt = "a"\nn = 4 # four\npick = 3\nsize = "1024x1024"',
        id="beside_the_key_it_belongs_to",
    ),
    pytest.param("[asset.hero]\nn = 4", "[asset.hero]\nn = 4\npick = 3", id="no_line_end_at_the_end"),
    pytest.param("[asset.hero]\r\nn = 4\r\n", "[asset.hero]\r\nn = 4\r\npick = 3\r\n", id="crlf"),
    pytest.param(
        '[asset.hero]\r\nn = 4\r\nalt = ""\n', '[asset.hero]\r\nn = 4\r\npick = 3\r\nalt = ""\n', id="mixed_ends"
    ),
    pytest.param(MARK + "[asset.hero]\nn = 4\n", MARK + "[asset.hero]\nn = 4\npick = 3\n", id="byte_order_mark"),
    pytest.param("asset.hero.n = 4\n[vars]\n", "asset.hero.n = 4\nasset.hero.pick = 3\n[vars]\n", id="dotted"),
    pytest.param("[asset]\n  hero.n = 4\n", "[asset]\n  hero.n = 4\n  hero.pick = 3\n", id="dotted_and_indented"),
    pytest.param("[asset]\nhero = { n = 4 }\n", "[asset]\nhero = { n = 4, pick = 3 }\n", id="inline"),
    pytest.param(
        "asset = { hero.n = 4, dawn.n = 1 }",
        "asset = { hero.n = 4, hero.pick = 3, dawn.n = 1 }",
        id="dotted_inline",
    ),
    pytest.param("asset = { hero = {} }\n", "asset = { hero = { pick = 3 } }\n", id="empty_inline"),
    pytest.param('["asset" . \'hero\']\n"n" = 4\n', '["asset" . \'hero\']\n"n" = 4\npick = 3\n', id="quoted"),
    pytest.param(
        "[asset.hero.vars]\na = 1\n[asset.night]\n[asset.hero]\nn = 4\n[asset.hero.meta]\n",
        "[asset.hero.vars]\na = 1\n[asset.night]\n[asset.hero]\nn = 4\npick = 3\n[asset.hero.meta]\n",
        id="in_pieces",
    ),
    pytest.param(
        '[asset.hero]\nprompt = """\nn = 4\n[x]\n"""\n[x]\n',
        '[asset.hero]\nprompt = """\nn = 4\n[x]\n"""\npick = 3\n[x]\n',
        id="after_a_text_of_several_lines",
    ),
    pytest.param("[asset.hero] # empty\n# end\n", "[asset.hero] # empty\npick = 3\n# end\n", id="empty_table"),
    pytest.param("[asset.hero]\npick = 1  # the first\n", "[asset.hero]\npick = 3  # the first\n", id="there"),
    pytest.param("asset.hero = {pick=0x1}", "asset.hero = {pick=3}", id="there_inline"),
    pytest.param("[asset.hero]\npick = '''1'''\nn = 4", "[asset.hero]\npick = 3\nn = 4", id="there_as_text"),
]


@pytest.mark.parametrize(("before", "after"), ADDED)
def test_a_key_stands_where_a_person_would_write_it(before: str, after: str) -> None:
    assert edited(before, Setting(("asset", "hero", "pick"), 3, after=("n",))) == after


APPENDED = [
    pytest.param(
        "[asset.icon]\nn = 4\n",
        '[asset.icon]\nn = 4\noverrides = [{ when = { item = "sword", theme = "dark side" }, pick = 3 }]\n',
        id="none_yet",
    ),
    pytest.param(
        '[asset.icon]\noverrides = [{ when = { item = "axe" }, n = 1 }]  # axes\n',
        '[asset.icon]\noverrides = [{ when = { item = "axe" }, n = 1 }, '
        '{ when = { item = "sword", theme = "dark side" }, pick = 3 }]  # axes\n',
        id="inline",
    ),
    pytest.param(
        "[asset.icon]\noverrides = []\n",
        '[asset.icon]\noverrides = [{ when = { item = "sword", theme = "dark side" }, pick = 3 }]\n',
        id="empty",
    ),
    pytest.param(
        '[asset.icon]\r\noverrides = [\r\n  # axes\r\n  { when = { item = "axe" }, n = 1 }, # one\r\n]\r\nn = 4\r\n',
        '[asset.icon]\r\noverrides = [\r\n  # axes\r\n  { when = { item = "axe" }, n = 1 }, # one\r\n'
        '  { when = { item = "sword", theme = "dark side" }, pick = 3 },\r\n]\r\nn = 4\r\n',
        id="lines",
    ),
    pytest.param(
        '[asset.icon]\noverrides = [\n  { when.item = "axe", n = 1 },\n  { n = 1, when = { item = "bow" } } # b\n]',
        '[asset.icon]\noverrides = [\n  { when.item = "axe", n = 1 },\n  { n = 1, when = { item = "bow" } }, # b\n'
        '  { when = { item = "sword", theme = "dark side" }, pick = 3 }\n]',
        id="lines_without_a_comma_at_the_end",
    ),
    pytest.param(
        "[asset.icon]\noverrides = [{ n = 1 },\n             { n = 2 }]\n",
        "[asset.icon]\noverrides = [{ n = 1 },\n             { n = 2 },\n             "
        '{ when = { item = "sword", theme = "dark side" }, pick = 3 }]\n',
        id="lines_within_brackets",
    ),
    pytest.param(
        "[asset.icon]\noverrides = [ { n = 1 }, ]\n",
        '[asset.icon]\noverrides = [ { n = 1 }, { when = { item = "sword", theme = "dark side" }, pick = 3 }, ]\n',
        id="comma_at_the_end",
    ),
    pytest.param(
        '[[asset.icon.overrides]]\nn = 1\n[asset.icon.overrides.when]\nitem = "axe"\n\n# next\n[asset.night]\n',
        '[[asset.icon.overrides]]\nn = 1\n[asset.icon.overrides.when]\nitem = "axe"\n\n[[asset.icon.overrides]]\n'
        'when = { item = "sword", theme = "dark side" }\npick = 3\n\n# next\n[asset.night]\n',
        id="headers",
    ),
    pytest.param(
        '  [[ asset."icon".overrides ]]\n  when.item = "axe"',
        '  [[ asset."icon".overrides ]]\n  when.item = "axe"\n\n  [[ asset."icon".overrides ]]\n'
        '  when = { item = "sword", theme = "dark side" }\n  pick = 3',
        id="headers_at_the_end",
    ),
]


@pytest.mark.parametrize(("before", "after"), APPENDED)
def test_an_entry_is_added_in_the_manner_of_the_others(before: str, after: str) -> None:
    number = len(tomllib.loads(before)["asset"]["icon"].get("overrides", []))
    assert edited(before, Setting(("asset", "icon", "overrides", number), ENTRY)) == after


def test_a_table_with_one_table_in_it_is_a_longer_key() -> None:
    entry = {"when": {}, "steps": {"night": {"pick": 3}}}
    told = edited("[asset.hero]\nn = 4\n", Setting(("asset", "hero", "overrides", 0), entry))
    assert told.endswith("overrides = [{ when = {}, steps.night = { pick = 3 } }]\n")
    told = edited("[[overrides]]\nwhen = {}\n", Setting(("overrides", 0, "steps", "night", "pick"), 3))
    assert told == "[[overrides]]\nwhen = {}\nsteps.night.pick = 3\n"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[asset.hero.pick]\na = 1\n", ("asset", "hero", "pick")),
        ("[[pick]]\n[[pick]]\n", ("pick",)),
    ],
)
def test_what_can_not_be_set_without_doubt_is_refused(text: str, key: KeyPath) -> None:
    with pytest.raises(CantEdit):
        edited(text, Setting(key, 3))


def test_what_is_nested_deeply_is_no_hindrance() -> None:
    text = f"deep = {'[' * 150}1{']' * 150}\n"
    assert edited(text, Setting(("pick",), 3)) == f"{text}pick = 3\n"


def test_what_a_user_would_have_to_write() -> None:
    assert by_hand(Setting(("asset", "hero", "pick"), 3)) == "write `pick = 3` into `asset.hero` by hand"
    told = by_hand(Setting(("asset", "an icon", "overrides", 1), {"when": {"item": "a"}, "pick": 3}))
    assert told == 'add `{ when = { item = "a" }, pick = 3 }` to `asset."an icon".overrides` by hand'
