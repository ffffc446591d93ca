"""`@hero`, `@icon[item=sword,theme=dark]`, `@hero#2`: read as text, then found among the instances."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assetforge.graph.matrix import Cell
from assetforge.graph.printing import quoted
from assetforge.words import did_you_mean, some

_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,\[\]="]*?))\s*(?=[,\]=]|$)')


class BadReference(Exception):  # noqa: N818 - becomes a Problem where its place is known
    """A reference to nothing, or one that can't be read: what follows "refers to" in a message."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Reference:
    """`axes` maps an axis, or `axis.column`, to the text wanted there; `candidate` is 0 for the final image."""

    asset: str
    axes: Mapping[str, str]
    candidate: int


def is_reference(text: str) -> bool:
    return text.startswith("@")


def parse_reference(text: str) -> Reference:
    """Reads a reference. Raises BadReference."""
    match = re.fullmatch(r"@([A-Za-z0-9_-]+)(\[.*\])?(?:#([1-9]\d{0,3}))?", text.strip(), re.DOTALL)
    if match is None:
        raise BadReference(f"`{text}`, which can't be read", "write it like @name, @name[axis=value] or @name#2")
    return Reference(match[1], _axes(match[2], text) if match[2] else {}, int(match[3] or 0))


def _axes(brackets: str, text: str) -> dict[str, str]:
    axes: dict[str, str] = {}
    rest = brackets[1:-1]
    while rest.strip():
        name, rest = _token(rest, text)
        if not rest.startswith("="):
            raise BadReference(f"`{text}`, which can't be read", "write axes as axis=value")
        value, rest = _token(rest[1:], text)
        axes[name] = value
        rest = rest[1:]
    return axes


def _token(rest: str, text: str) -> tuple[str, str]:
    match = _TOKEN.match(rest)
    if match is None:
        raise BadReference(f"`{text}`, which can't be read", "quote values that hold , = [ ] or a space")
    try:
        token = json.loads(f'"{match[1]}"') if match[1] is not None else match[2]
    except ValueError:
        raise BadReference(f"`{text}`, which can't be read", "mend the quotes") from None
    return token, rest[match.end() :]


class Index:
    """Finds the instances a reference stands for; built per asset and per set of named axes, when first asked.

    `broken` are assets that have no cells for a mistake of their own, so that nothing more is told of them.
    """

    def __init__(self, cells: Mapping[str, Sequence[Cell]], broken: Iterable[str] = ()) -> None:
        self._cells = cells
        self._broken = frozenset(broken)
        self._names = [f"@{name}" for name in (*cells, *sorted(self._broken))]
        self._found: dict[tuple[str, tuple[str, ...]], dict[tuple[str | None, ...], list[str]]] = {}

    def has(self, asset: str) -> bool:
        """Whether there is an asset of that name."""
        return f"@{asset}" in self._names

    def find(self, reference: Reference, cell: Cell) -> list[str]:
        """Every instance a reference in `cell` may mean, in matrix order: axes left out take the referring
        cell's value. Raises BadReference where there is none; nothing is found of a broken asset."""
        cells = self._cells.get(reference.asset)
        if reference.asset in self._broken:
            return []
        if cells is None:
            hint = did_you_mean(f"@{reference.asset}", self._names, "assets")
            raise BadReference(f"`@{reference.asset}`, which does not exist", hint)
        wanted = self._wanted(reference, cells, cell)
        names = self._by(reference.asset, tuple(wanted)).get(tuple(wanted.values()), [])
        if not names:
            shown_axes = ",".join(f"{axis}={quoted(text)}" for axis, text in wanted.items())
            there = [f"@{other.name(reference.asset)}" for other in cells]
            raise BadReference(
                f"`@{reference.asset}[{shown_axes}]`, which does not exist",
                f"instances: {some(there)}" if there else f"`{reference.asset}` has no instances",
            )
        return names

    def _wanted(self, reference: Reference, cells: Sequence[Cell], cell: Cell) -> dict[str, str]:
        axes = list(cells[0].shows) if cells else []
        named = {axis.split(".", 1)[0] for axis in reference.axes}
        for axis in named:
            if axis not in axes:
                told = f"`@{reference.asset}` by axis `{axis}`, which it does not have"
                raise BadReference(told, did_you_mean(axis, axes, "axes"))
        for path in reference.axes:
            axis, _, column = path.partition(".")
            if column and not any(other.text(axis, column) is not None for other in cells):
                told = f"`@{reference.asset}` by column `{path}`, which it does not have"
                rows = [other.axes[axis] for other in cells]
                columns = {f"{axis}.{name}" for row in rows if isinstance(row, Mapping) for name in row}
                raise BadReference(told, did_you_mean(path, sorted(columns), "columns"))
        shared = {axis: cell.shows[axis] for axis in axes if axis in cell.shows and axis not in named}
        return {**reference.axes, **shared}

    def _by(self, asset: str, paths: tuple[str, ...]) -> dict[tuple[str | None, ...], list[str]]:
        key = (asset, paths)
        if key not in self._found:
            found: dict[tuple[str | None, ...], list[str]] = {}
            split = [path.partition(".") for path in paths]
            for cell in self._cells[asset]:
                texts = tuple(cell.text(axis, column or None) for axis, _, column in split)
                found.setdefault(texts, []).append(cell.name(asset))
            self._found[key] = found
        return self._found[key]
