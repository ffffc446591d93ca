"""Fenced blocks of the documentation's pages, with the comments that say what they are."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Block:
    """A fenced block: the page and line it begins at, its language, and the comment right before it."""

    page: Path
    line: int
    language: str
    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page, in order."""
    found: list[Block] = []
    lines = page.read_text("utf-8").splitlines()
    start: int | None = None
    for number, line in enumerate(lines):
        if start is not None and line.strip() == "```":
            before = re.fullmatch(r"<!-- (.+) -->", lines[start - 1].strip())
            language = lines[start].strip().removeprefix("```")
            text = "\n".join(lines[start + 1 : number]) + "\n"
            found.append(Block(page, start + 1, language, before[1] if before else "", text))
            start = None
        elif start is None and line.startswith("```"):
            start = number
    assert start is None, f"{page.name}:{start} has a fence without an end"
    return found
