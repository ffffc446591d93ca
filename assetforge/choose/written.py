"""Where a key of a paid step is written for each instance: in the asset, an override, or a chain. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from assetforge.choose.target import Target
from assetforge.errors import KeyPath
from assetforge.graph.matrix import Cell, Condition, Expansion
from assetforge.graph.merge import GENERATION, Merge, Merged
from assetforge.manifest.load import Manifest
from assetforge.model import Paid

Key = Literal["pick", "revision"]


@dataclass(frozen=True, slots=True)
class Written:
    """One instance's paid step. `home` is where its table is written, `origin` where the key is, None where it is
    not; `alone` are the overrides that meet this instance and could meet no other. `handle` is what an override calls
    the step, "" for a generation and None where it can't name it."""

    step: Paid
    cell: Cell
    home: KeyPath
    origin: KeyPath | None
    alone: tuple[int, ...]
    handle: str | None

    @property
    def winner(self) -> int:
        """The override that the key comes from, -1 where it is none."""
        return -1 if self.origin is None else override_of(self.origin)


def override_of(place: KeyPath) -> int:
    """The number of the override that a place is in, -1 where it is in none."""
    is_inside = len(place) > 3 and place[0] == "asset" and place[2] == "overrides"
    return int(place[3]) if is_inside else -1


def find_written(manifest: Manifest, target: Target, key: Key) -> list[Written]:
    """The same for every instance that a target means, of a manifest that could be resolved."""
    entry = manifest.table.asset[target.asset]
    expansion = Expansion(manifest, ("asset", target.asset), target.asset)
    cells = expansion.cells(entry.get("matrix", {}), entry.get("exclude", []))
    conditions = [
        expansion.condition(override["when"], cells, ("overrides", index, "when"))
        for index, override in enumerate(entry.get("overrides", []))
    ]
    merge = Merge(manifest, target.asset, left_out=frozenset(), problems=[])
    by_name = {cell.name(target.asset): cell for cell in cells}
    found = []
    for step in target.steps:
        cell = by_name[step.instance]
        applied = tuple(index for index, condition in enumerate(conditions) if condition.meets(cell))
        alone = tuple(index for index in applied if _is_alone(conditions[index], cell))
        found.append(_written(merge.with_overrides(applied), step, cell=cell, key=key, alone=alone))
    return found


def value_at(manifest: Manifest, place: KeyPath) -> Any:
    """What is written at a place of an asset or a chain, None where nothing is."""
    group, name, *rest = place
    value: Any = getattr(manifest.table, str(group))[name]
    for part in rest:
        is_there = part in value if isinstance(value, Mapping) else isinstance(part, int) and part < len(value)
        if not is_there:
            return None
        value = value[part]
    return value


def _is_alone(condition: Condition, cell: Cell) -> bool:
    """Whether a condition names one value of every axis."""
    named = {axis for axis, column, texts in condition.parts if column is None and len(texts) == 1}
    return named == cell.shows.keys()


def _written(merged: Merged, step: Paid, *, cell: Cell, key: Key, alone: tuple[int, ...]) -> Written:
    base: KeyPath = ("asset", merged.asset)
    if step.name == GENERATION:
        origin = merged.origins.get((key,), (*base, key)) if key in merged.raw else None
        return Written(step, cell, base, origin, alone, "")
    index = merged.ids.index(step.name)
    home = merged.origins["steps", index]
    table = merged.raw["steps"][index]
    origin = merged.origins.get(("steps", index, key), (*home, key)) if key in table else None
    is_only = sum(one["op"] == table["op"] for one in merged.raw["steps"]) == 1
    handle = table["id"] if "id" in table else str(table["op"]) if is_only else None
    return Written(step, cell, home, origin, alone, handle)
