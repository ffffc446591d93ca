"""Cards as a page is sent them, without folders of this machine in what they tell; unaware of what is told.

What the manifest itself says, prompts and paths among it, is left as it is written there.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from assetforge.gallery.cards import Candidate, Card, File, Stage

Line = Callable[[str], str]


def told_card(card: Card, line: Line) -> Card:
    """A card all of whose words are as `line` says them. Of ten thousand hardly any has one with a path in it."""
    if not any("/" in text for text in _words(card)):
        return card
    return replace(
        card,
        reasons=_lines(card.reasons, line),
        hint=card.hint and line(card.hint),
        files=tuple(_file(file, line) for file in card.files),
        stages=tuple(_stage(stage, line) for stage in card.stages),
    )


def _words(card: Card) -> Iterator[str]:
    yield from card.reasons
    yield card.hint or ""
    for file in card.files:
        yield from file.reasons
        yield from file.notes
    for stage in card.stages:
        yield from stage.reasons
        for candidate in stage.candidates:
            yield from candidate.reasons
            yield candidate.by


def _file(file: File, line: Line) -> File:
    return replace(file, reasons=_lines(file.reasons, line), notes=_lines(file.notes, line))


def _stage(stage: Stage, line: Line) -> Stage:
    candidates = tuple(_candidate(one, line) for one in stage.candidates)
    return replace(stage, reasons=_lines(stage.reasons, line), candidates=candidates)


def _candidate(candidate: Candidate, line: Line) -> Candidate:
    return replace(candidate, reasons=_lines(candidate.reasons, line), by=line(candidate.by))


def _lines(texts: tuple[str, ...], line: Line) -> tuple[str, ...]:
    return tuple(map(line, texts))
