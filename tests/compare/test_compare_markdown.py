"""What `diff --markdown` prints is a comment that nobody's words take over: shown as code, and never too long."""

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from assetforge.compare.changes import Change, Output
from assetforge.compare.comparing import Comparison
from assetforge.compare.markdown import HEAD, LONGEST, MARK, MOST_BYTES, as_markdown, code, mixed
from assetforge.compare.reasons import Explained, PromptChange, prompt_diff
from assetforge.compare.sentences import listed, say
from assetforge.compare.sides import Side
from assetforge.model import Media, Record
from assetforge.outputs.lock import LockLine
from assetforge.report.excerpt import harmless

SIDE = Side("HEAD", "1" * 40, "", "assets.toml", True, {})
MEDIA = Media("1" * 64, "2" * 64, 64, 32, "png", 1000)
# What a forge, CommonMark or HTML may take for more than it says.
MARKS = (
    "@somebody", "#1", "us/them#2", "GH-3", "deadbeefdeadbeef", "http://evil.example", "www.evil.example",
    "me@evil.example", ":tada:", "![x](http://evil.example/x.png)", "[x](javascript:1)",
    "<img src=x onerror=alert(1)>", "</summary>", "</details>", "<!--", "-->", "```", "`", "``", "|",
    "\\|", "\\", "\n", "\n\n", "\r",
    "***", "~~", "$a$", "&lt;", "&#124;", "  ", "- ", "# ", "> ", "1. ", "\u202e", "\x1b[31m", "\ud800", "é", "a",
)  # fmt: skip
hostile = st.lists(st.sampled_from(MARKS), max_size=8).map("".join) | st.text(max_size=30)
laws = settings(max_examples=150)


def tokens(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


def told(*changes: Explained, **more: object) -> Comparison:
    before = replace(SIDE, **more) if more else SIDE  # type: ignore[arg-type]
    return Comparison(before, SIDE, changes)


def change(
    name: str, reason: str = "the prompt changed", prompts: tuple[PromptChange, ...] = (), named: str = ""
) -> Explained:
    output = Output("hero.png", "changed", MEDIA, replace(MEDIA, width=128))
    bought = (Record("3" * 64, MEDIA, cost=0.25),)
    why = say(reason, named)
    return Explained(Change(name, "changed", LockLine(), LockLine(), (output,), "", bought), (why,), prompts)


def prompt(before: str, now: str) -> PromptChange:
    return PromptChange("generate", before, now, tuple(prompt_diff(before, now)))


def shown(text: str) -> str:
    """A text as it is read in code of one line."""
    plain = " ".join(harmless(text).split()) or " "
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"


@laws
@given(hostile)
def test_whatever_stands_in_code_is_shown_and_nothing_else(text: str) -> None:
    cell = code(text).replace("|", "\\|")
    for page in (code(text), f"| a |\n| --- |\n| {cell} |"):
        inline = [one for one in tokens(page) if one.type == "inline"][-1]
        (found,) = inline.children or []
        assert found.type == "code_inline"
        assert found.content.strip() == shown(text).strip()


FOLDED = r"<details><summary>prompt of <code>([^<>]*)</code></summary>"
PLAIN = re.compile(r"(?:[A-Za-z0-9 ,;()%]|: |:$|->|-(?=[A-Za-z])|(?<=\d)\.(?=\d))*")


@laws
@given(hostile, hostile, hostile)
def test_no_word_of_anybody_is_more_than_a_word(name: str, reason: str, revision: str) -> None:
    """Of what the page is made of: our own headings, words that are plain, and code."""
    page = as_markdown(told(change(name, reason, (prompt(name, reason),), revision), name=revision))
    found = tokens(page)
    allowed = {"text", "code_inline", "strong_open", "strong_close"}
    parts = [part for one in found for part in one.children or []]
    assert {part.type for part in parts} <= allowed
    assert all(PLAIN.fullmatch(part.content.replace("→", "")) for part in parts if part.type == "text")
    blocks = {"html_block", "fence"} | {f"{name}_{end}" for name in ("table", "thead", "tbody", "tr", "th", "td",
              "paragraph") for end in ("open", "close")} | {"inline"}  # fmt: skip
    assert {one.type for one in found} <= blocks
    assert sum(one.type == "tr_open" for one in found) == 2
    assert sum(one.type in ("td_open", "th_open") for one in found) == 2 * len(HEAD)
    for one in found:
        if one.type == "html_block":
            tags = re.fullmatch(f"{MARK}\n|</details>\n?|{FOLDED}\n", one.content)
            assert tags, one.content
            assert tags[1] is None or html.unescape(tags[1]) == " ".join(harmless(f"{name}:generate").split())


@laws
@given(hostile, hostile)
def test_a_prompt_s_change_stands_in_one_block_of_code(before: str, now: str) -> None:
    page = as_markdown(told(change("hero", prompts=(prompt(before, now),))))
    (fence,) = [one for one in tokens(page) if one.type == "fence"]
    assert fence.info == "diff"
    runs = [("-" if line[0] == "-" else line[0], line[2:]) for line in fence.content.splitlines()]
    assert runs == [(mark, " ".join(harmless(words).split())) for mark, words in prompt_diff(before, now)]


@given(hostile, hostile)
def test_names_in_a_sentence_are_shown_whole_and_the_words_beside_them_too(one: str, other: str) -> None:
    """Whatever is in a name, a backtick as well, it neither ends the name nor begins another."""
    names = [name for name in (one, other) if name]
    told = say("made from ") + listed(names, 2) + ", which changed"
    (inline,) = [one for one in tokens(mixed(told)) if one.type == "inline"]
    parts = inline.children or []
    assert [part.content.strip() for part in parts if part.type == "code_inline"] == [
        shown(name).strip() for name in names
    ]
    words = "".join(part.content if part.type == "text" else "NAME" for part in parts)
    assert words == f"made from {' and '.join(['NAME'] * len(names))}, which changed"


def test_a_plain_change_is_told_plainly() -> None:
    page = as_markdown(told(change("hero", prompts=(prompt("A lighthouse at dawn", "A lighthouse at dusk"),))))
    assert (
        page
        == f"""\
{MARK}
**1 changed from `HEAD` to `HEAD`; 1 picture bought for `$0.25`**

|  | asset | before | after | why | cost |
| --- | --- | --- | --- | --- | --- |
| changed | `hero` | 64x32 png, 1 kB | 128x32 png, 1 kB | the prompt changed | `$0.25` |

<details><summary>prompt of <code>hero:generate</code></summary>

```diff
  A lighthouse at
- dawn
+ dusk
```

</details>
"""
    )


@pytest.mark.parametrize("count", [10, 300, 3_000])
def test_a_comment_is_never_too_long_and_says_what_it_leaves_out(count: int) -> None:
    changes = [change(f"icon[item={'x' * 150}{n}]", "ä" * 90, (prompt("a " * 90, "b " * 90),)) for n in range(count)]
    page = as_markdown(told(*changes))
    assert len(page.encode()) <= MOST_BYTES
    rows = sum(one.type == "tr_open" for one in tokens(page)) - 1
    assert (f"and {count - rows:,} more" in page) == (rows < count)
    folded = sum(one.type == "fence" for one in tokens(page))
    assert (f"and {count - folded:,} more prompt" in page) == (folded < count)
    assert page.startswith(f"{MARK}\n**{count:,} changed")
