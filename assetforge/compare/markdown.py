"""A comparison as GitHub Flavored Markdown, fit for a comment on a pull request; unaware of who posts it.

Whatever a manifest or a repository says stands in code, which is shown and never read: there a forge makes no links,
names nobody and runs no HTML. Code is opened with more backticks than are in it (CommonMark 0.31, 4.5 and 6.1), has
no line ends where it stands in a line, and in a table its bars are escaped (GitHub Flavored Markdown, 4.10).
"""

import re
from collections.abc import Iterator, Sequence
from html import escape

from assetforge.compare.comparing import Comparison
from assetforge.compare.reasons import Explained
from assetforge.compare.sentences import Sentence, say
from assetforge.compare.told import facts, price_of, summary
from assetforge.model import Media
from assetforge.report.excerpt import harmless
from assetforge.words import count

# What a comment on GitHub may have, in characters. Bytes are never fewer.
MOST_BYTES = 65_536
# By this a program finds the comment that it wrote before.
MARK = "<!-- assetforge diff -->"
LONGEST = 200
# Of one run of a prompt's words as many characters.
MOST_WORDS = 1_000
HEAD = ("", "asset", "before", "after", "why", "cost")
# Room for the last lines.
_MARGIN = 200
_SPACE = re.compile(r"\s+")
# A forge may take two dollar signs for mathematics.
_PRICE = re.compile(r"(\$[0-9][0-9.,]*[0-9])")
# Sentences of ours: nothing that begins a link, names somebody, or is a mark; no long hexadecimal number, which may
# be a commit's.
_PLAIN = re.compile(r"(?:[A-Za-z0-9 ,;()%]|:(?= |$)|->|-(?=[A-Za-z])|(?<=[0-9])\.(?=[0-9]))*")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{7}")


def as_markdown(told: Comparison, most: int = MOST_BYTES) -> str:
    """The whole as Markdown of at most so many bytes: a table of the changes, and of each prompt that changed its
    difference, folded up. What does not fit is counted."""
    lines = [MARK, f"**{mixed(summary(told))}**", ""]
    lines += [*(f"- {mixed(note)}" for note in told.notes), ""] if told.notes else []
    left = most - _MARGIN - _size(lines)
    if told.changes:
        table = ["| " + " | ".join(HEAD) + " |", "|" + " --- |" * len(HEAD)]
        every = [_row(one) for one in told.changes]
        fit = _fitting(every, left - _size(table))
        table += every[:fit]
        table += ["", f"and {len(every) - fit:,} more"] if fit < len(every) else []
        lines += [*table, ""]
        left -= _size(table)
        lines += _details(told, left)
    return "\n".join(lines).rstrip("\n") + "\n"


def code(text: str) -> str:
    """A text as code in a line."""
    plain = " ".join(harmless(text).split()) or " "
    short = plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"
    fence = "`" * (_longest_run(short) + 1)
    # A space inside is taken away again on both sides where both have one, and keeps backticks from the fence.
    padded = f" {short} " if short[0] in "` " or short[-1] in "` " else short
    return f"{fence}{padded}{fence}"


def mixed(sentence: Sentence) -> str:
    """A sentence with other people's words as code, and so all else that is not plain."""
    parts = []
    for words, name in sentence.pairs:
        for index, part in enumerate(_PRICE.split(_SPACE.sub(" ", harmless(words)))):
            parts.append(code(part) if index % 2 else _words(part))
        parts.append(code(name) if name else "")
    told = ""
    for part in parts:
        told += f" {part}" if told.endswith("`") and part.startswith("`") else part  # else they were one longer fence
    return told


def _words(text: str) -> str:
    """Words of ours, as they are where they are plain."""
    inner = text.strip()
    if not inner or (_PLAIN.fullmatch(text) and not _HEXADECIMAL.search(text)):
        return text
    return f"{text[: text.index(inner)]}{code(inner)}{text[text.index(inner) + len(inner) :]}"


def _row(one: Explained) -> str:
    change, shown = one.change, one.change.shown
    name = f"{code(change.former)} → {code(change.name)}" if change.former else code(change.name)
    before, after = (shown.before, shown.after) if shown else (None, None)
    why = "; ".join(map(mixed, one.reasons))
    cells = (change.how, name, _media(before), _media(after), why, mixed(say(price_of(change))))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _media(media: Media | None) -> str:
    return "" if media is None else facts(media)


def _details(told: Comparison, left: int) -> Iterator[str]:
    """The changes of prompts, each folded up, as many as there is room for."""
    every = [_detail(one.change.name, each.step, each.diff) for one in told.changes for each in one.prompts]
    fit = _fitting(every, left)
    yield from every[:fit]
    if fit < len(every):
        yield f"and {count(len(every) - fit, 'more prompt')} that changed"


def _detail(name: str, step: str, diff: Sequence[tuple[str, str]]) -> str:
    """One change of a prompt. HTML is between empty lines, so that what is inside is Markdown."""
    marks = {" ": "  ", "-": "- ", "+": "+ "}
    told = [marks[mark] + _shortened(" ".join(harmless(words).split())) for mark, words in diff]
    fence = "`" * max([3, *(_longest_run(line) + 1 for line in told)])
    title = escape(" ".join(harmless(f"{name}:{step}").split()))
    body = "\n".join([f"{fence}diff", *told, fence])
    return f"<details><summary>prompt of <code>{title}</code></summary>\n\n{body}\n\n</details>\n"


def _shortened(words: str) -> str:
    half = MOST_WORDS // 2
    return words if len(words) <= MOST_WORDS else f"{words[:half]} […] {words[-half:]}"


def _fitting(parts: Sequence[str], room: int) -> int:
    """How many of the first parts fit, each with its line end."""
    for index, part in enumerate(parts):
        room -= len(part.encode()) + 1
        if room < 0:
            return index
    return len(parts)


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _longest_run(text: str) -> int:
    return max(map(len, re.findall(r"`+", text)), default=0)
