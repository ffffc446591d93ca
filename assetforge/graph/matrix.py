"""From axes to cells: the product in order, what is left out, and which overrides meet a cell."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from itertools import product
from math import prod
from typing import Any

from assetforge.errors import KeyPath, ManifestError, Problem, Where
from assetforge.graph.printing import quoted, shown
from assetforge.manifest.data import as_rows, column, load_data
from assetforge.manifest.load import Manifest
from assetforge.words import did_you_mean

MAX_CELLS = 1_000_000


@dataclass(frozen=True, slots=True)
class Cell:
    """One value on each axis, and what each shows, as text."""

    axes: Mapping[str, Any]
    shows: Mapping[str, str]

    def name(self, asset: str) -> str:
        """The instance's name: `icon[item=sword,theme=dark]`."""
        if not self.shows:
            return asset
        return f"{asset}[{','.join(f'{axis}={quoted(text)}' for axis, text in self.shows.items())}]"

    def text(self, axis: str, name: str | None) -> str | None:
        """What the cell has on an axis, or in a column of the axis' table; None where there is no such column."""
        if name is None:
            return self.shows[axis]
        row = self.axes[axis]
        return shown(row[name]) if isinstance(row, Mapping) and row.get(name) is not None else None


# Stands for the cells of a matrix that could not be made out, so that the rest of its asset is checked all the same.
NO_CELL = Cell({}, {})


@dataclass(frozen=True, slots=True)
class Condition:
    """`{ item = "ghost", theme = ["light", "dark"], item.category = "weapon" }`: all parts, any text of each."""

    parts: tuple[tuple[str, str | None, frozenset[str]], ...]

    def meets(self, cell: Cell) -> bool:
        return all(cell.text(axis, name) in texts for axis, name, texts in self.parts)


class Expansion:
    """The cells of one matrix, with every mistake and warning met on the way. `base` is the entry's key path."""

    def __init__(self, manifest: Manifest, base: KeyPath, subject: str) -> None:
        self.manifest = manifest
        self.base = base
        self.subject = subject
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def cells(self, matrix: Mapping[str, Any], exclude: Sequence[Mapping[str, Any]]) -> list[Cell]:
        """Every combination in the order written, without those that `exclude` names."""
        axes = {axis: self._values(axis, value) for axis, value in matrix.items()}
        number = prod(map(len, axes.values()))
        if number > MAX_CELLS:
            told = f"{self.subject} would have {number:,} instances, and at most {MAX_CELLS:,} are made"
            self.problems.append(Problem(told, self.manifest.where(*self.base, "matrix")))
        if self.problems:
            return []
        rows = {axis: [(value, shown(value)) for value in values] for axis, values in axes.items()}
        cells = [
            Cell(
                dict(zip(axes, (value for value, _ in row), strict=True)),
                dict(zip(axes, (text for _, text in row), strict=True)),
            )
            for row in product(*rows.values())
        ]
        conditions = [self.condition(entry, cells, ("exclude", index)) for index, entry in enumerate(exclude)]
        left = [cell for cell in cells if not any(condition.meets(cell) for condition in conditions)]
        if cells and not left:
            place = self.manifest.where(*self.base, "exclude", part="key")
            self.warnings.append(Problem(f"`exclude` leaves no instance of {self.subject}", place))
        return left

    def condition(self, entry: Mapping[str, Any], cells: Sequence[Cell], key: KeyPath) -> Condition:
        """A `when` or one entry of `exclude`, checked against the axes; no match is a warning."""
        parts = tuple(self._parts(entry, cells, key))
        condition = Condition(parts)
        if parts and cells and not any(condition.meets(cell) for cell in cells):
            what = "an `exclude`" if key[0] == "exclude" else "a `when`"
            place = self.manifest.where(*self.base, *key)
            told = f"{what} of {self.subject} matches no instance"
            self.warnings.append(Problem(told, place, _meant(parts, cells)))
        return condition

    def _values(self, axis: str, value: Any) -> list[Any]:
        key = (*self.base, "matrix", axis)
        if axis in self.manifest.table.vars:
            place = self.manifest.where(*key, part="key")
            self.problems.append(Problem(f"axis `{axis}` has the name of a variable", place, "rename one of them"))
        values = self._listed(value, axis)
        if values is None:
            return []
        if not values:
            self.problems.append(Problem(f"axis `{axis}` of {self.subject} has no values", self.manifest.where(*key)))
        seen: set[str] = set()
        for index, item in enumerate(values):
            place = self.manifest.where(*key, index) if isinstance(value, list) else self.manifest.where(*key)
            text = _shown(item)
            if text is None:
                told = f"a value of axis `{axis}` of {self.subject} shows nothing: it is null, or its `id` is"
                self.problems.append(Problem(told, place, "give each value an `id`"))
            elif text in seen:
                told = f"two values of axis `{axis}` of {self.subject} show as `{text}`"
                hint = "give each table its own `id`" if isinstance(item, Mapping) else "write each value once"
                self.problems.append(Problem(told, place, hint))
            else:
                seen.add(text)
        return values

    def _listed(self, value: Any, axis: str) -> list[Any] | None:
        place = self.manifest.where(*self.base, "matrix", axis)
        if isinstance(value, list):
            return self._literal(value, axis, place)
        names = str(value).split(".")
        data = self.manifest.data
        if names[0] != "data" or len(names) not in (2, 3):
            hint = 'write a list, or the name of data like "data.items"'
            self.problems.append(Problem(f"`{value}` is not an axis", place, hint))
            return None
        if names[1] not in data:
            hint = did_you_mean(names[1], list(data), "data")
            self.problems.append(Problem(f"there is no data `{names[1]}`", place, hint))
            return None
        try:
            rows = as_rows(data[names[1]])
        except ValueError as error:
            self.problems.append(Problem(f"data `{names[1]}` can't be an axis: {error}", place))
            return None
        if len(names) == 2:
            return rows
        columns = {name for row in rows if isinstance(row, Mapping) for name in row}
        if names[2] not in columns:
            hint = did_you_mean(names[2], sorted(columns), "columns")
            self.problems.append(Problem(f"data `{names[1]}` has no column `{names[2]}`", place, hint))
            return None
        return column(rows, names[2])

    def _literal(self, value: list[Any], axis: str, place: Where) -> list[Any] | None:
        """A list as written, held to what data may hold."""
        try:
            return as_rows(load_data(axis, value, self.manifest.reading, place))
        except ManifestError as error:
            self.problems += error.problems
            return None

    def _parts(
        self, entry: Mapping[str, Any], cells: Sequence[Cell], key: KeyPath
    ) -> Iterator[tuple[str, str | None, frozenset[str]]]:
        axes = list(cells[0].axes) if cells else []
        for axis, wanted in entry.items():
            place = self.manifest.where(*self.base, *key, axis, part="key")
            if axis not in axes and cells:
                hint = did_you_mean(axis, axes, "axes")
                self.problems.append(Problem(f"{self.subject} has no axis `{axis}`", place, hint))
                continue
            if not isinstance(wanted, Mapping):
                yield axis, None, _texts(wanted)
                continue
            columns = {name for cell in cells if isinstance(cell.axes[axis], Mapping) for name in cell.axes[axis]}
            for name, texts in wanted.items():
                if name not in columns and cells:
                    hint = did_you_mean(name, sorted(columns), "columns")
                    place = self.manifest.where(*self.base, *key, axis, name, part="key")
                    self.problems.append(Problem(f"axis `{axis}` has no column `{name}`", place, hint))
                    continue
                yield axis, name, _texts(texts)


def _texts(wanted: Any) -> frozenset[str]:
    return frozenset(_shown(item) or "" for item in (wanted if isinstance(wanted, list) else [wanted]))


def _shown(value: Any) -> str | None:
    """What a value shows; None of one that shows nothing. A date, which only a condition may hold, is its text."""
    if isinstance(value, date | time):
        return value.isoformat()
    try:
        return shown(value)
    except TypeError:
        return None


def _meant(parts: Iterable[tuple[str, str | None, frozenset[str]]], cells: Sequence[Cell]) -> str | None:
    """A hint for a condition that nothing meets: values close to those that no cell has."""
    for axis, name, texts in parts:
        there = list(dict.fromkeys(text for cell in cells if (text := cell.text(axis, name)) is not None))
        if texts.isdisjoint(there):
            return did_you_mean(min(texts, default=""), there, "values")
    return None
