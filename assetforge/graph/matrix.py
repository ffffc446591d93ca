"""From axes to cells: the product in order, what is left out, and which overrides meet a cell."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from assetforge.errors import KeyPath, Problem
from assetforge.graph.printing import quoted, shown
from assetforge.manifest.data import as_rows, column
from assetforge.manifest.load import Manifest, variable_problems
from assetforge.words import did_you_mean


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
        return shown(row[name]) if isinstance(row, Mapping) and name in row else None


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
        return [cell for cell in cells if not any(condition.meets(cell) for condition in conditions)]

    def condition(self, entry: Mapping[str, Any], cells: Sequence[Cell], key: KeyPath) -> Condition:
        """A `when` or one entry of `exclude`, checked against the axes; no match is a warning."""
        parts = tuple(self._parts(entry, cells, key))
        condition = Condition(parts)
        if parts and cells and not any(condition.meets(cell) for cell in cells):
            place = self.manifest.where(*self.base, *key)
            self.warnings.append(Problem(f"this matches no instance of {self.subject}", place))
        return condition

    def _values(self, axis: str, value: Any) -> list[Any]:
        place = self.manifest.where(*self.base, "matrix", axis)
        self.problems += variable_problems(axis, self.manifest.where(*self.base, "matrix", axis, part="key"))
        if axis in self.manifest.table.vars:
            self.problems.append(Problem(f"axis `{axis}` has the name of a variable", place, "rename one of them"))
        values = self._listed(value, axis)
        if values is None:
            return []
        if not values:
            self.problems.append(Problem(f"axis `{axis}` of {self.subject} has no values", place))
        seen: dict[str, int] = {}
        for index, item in enumerate(values):
            if isinstance(item, list) or item is None:
                self.problems.append(Problem(f"axis `{axis}` of {self.subject} holds a list or nothing", place))
            elif shown(item) in seen:
                told = f"two values of axis `{axis}` of {self.subject} show as `{shown(item)}`"
                self.problems.append(Problem(told, place, "give each table its own `id`"))
            seen[shown(item) if not isinstance(item, list) and item is not None else f"\0{index}"] = index
        return values

    def _listed(self, value: Any, axis: str) -> list[Any] | None:
        place = self.manifest.where(*self.base, "matrix", axis)
        if isinstance(value, list):
            return value
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
        rows = as_rows(data[names[1]])
        if len(names) == 2:
            return rows
        columns = {name for row in rows if isinstance(row, Mapping) for name in row}
        if names[2] not in columns:
            hint = did_you_mean(names[2], sorted(columns), "columns")
            self.problems.append(Problem(f"data `{names[1]}` has no column `{names[2]}`", place, hint))
            return None
        return column(rows, names[2])

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
    return frozenset(map(shown, wanted if isinstance(wanted, list) else [wanted]))
