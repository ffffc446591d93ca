"""One asset as an instance has it: overrides applied, chains written out, and where each part comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from assetforge.entry import Invalid, problems_of
from assetforge.errors import KeyPath, Problem, Where
from assetforge.manifest.load import ORIGINS, Manifest
from assetforge.manifest.schema import ASSET_NAME, AssetEntry, AssetTable
from assetforge.words import did_you_mean

MATRIX_KEYS = ("matrix", "exclude", "overrides")
GENERATION = "generate"
EXCLUSIVE = (ORIGINS, ("output", "outputs"))


@dataclass(frozen=True, slots=True)
class Merged:
    """The raw table with the ids of its steps. `origins` maps a prefix of its keys to where that was written;
    `left_out` are places where something was written that is told to be wrong."""

    asset: str
    raw: Mapping[str, Any]
    ids: tuple[str, ...]
    origins: Mapping[KeyPath, KeyPath]
    left_out: frozenset[KeyPath]
    manifest: Manifest
    _places: dict[KeyPath, Where] = field(default_factory=dict, compare=False)

    def where(self, *key: str | int, part: Literal["key", "value"] = "value", text: str = "") -> Where:
        """Where a key of the merged table is written: in the asset, an override, or a chain."""
        if part == "key" or text:
            return self._find(key, part, text)
        if key not in self._places:
            self._places[key] = self._find(key, part, text)
        return self._places[key]

    def _find(self, key: KeyPath, part: Literal["key", "value"], text: str) -> Where:
        for length in range(len(key), 0, -1):
            origin = self.origins.get(key[:length])
            if origin is not None:
                return self.manifest.where(*origin, *key[length:], part=part, text=text)
        return self.manifest.where("asset", self.asset, *key, part=part, text=text)


class Merge:
    """Merges one asset with any set of its overrides; mistakes are collected once. `left_out` are the places
    in the asset of what has been told to be wrong."""

    def __init__(
        self, manifest: Manifest, asset: str, *, left_out: frozenset[KeyPath], problems: list[Problem]
    ) -> None:
        self.manifest = manifest
        self.asset = asset
        self.left_out = left_out
        self.problems = problems
        self.entry = manifest.table.asset[asset]
        self._made: dict[tuple[int, ...], Merged] = {}

    def with_overrides(self, applied: tuple[int, ...]) -> Merged:
        """The asset with the overrides of these indices, in order."""
        if applied not in self._made:
            self._made[applied] = self._merge(applied)
        return self._made[applied]

    def _merge(self, applied: Sequence[int]) -> Merged:
        raw = {key: value for key, value in self.entry.items() if key not in MATRIX_KEYS}
        origins: dict[KeyPath, KeyPath] = {}
        base: KeyPath = ("asset", self.asset)
        edits: list[tuple[KeyPath, Mapping[str, Any]]] = []
        left_out = {place for place in self.left_out if place[0] not in ("overrides", "steps")}
        for index in applied:
            for key, value in self.entry["overrides"][index].items():
                origin = (*base, "overrides", index, key)
                if origin[2:] in self.left_out:
                    raw.pop(key, None)
                    left_out.add((key,))
                elif key == "steps" and isinstance(value, Mapping):
                    edits.append((origin, value))
                elif key != "when":
                    _set(raw, origins, key, value, origin)
                    left_out = {place for place in left_out if place[:1] != (key,)}
        steps, places = self._written_out(raw.get("steps", []), origins.get(("steps",), (*base, "steps")))
        written = _ids(steps)
        ids = _unique(written)
        origins |= {("steps", index): place for index, place in enumerate(places)}
        self._check_ids(written, steps, places)
        for origin, edit in edits:
            self._edit_steps(steps, ids, edit, origin=origin, origins=origins)
        raw["steps"] = steps
        return Merged(self.asset, raw, tuple(ids), origins, frozenset(left_out), self.manifest)

    def _written_out(
        self, steps: Any, base: KeyPath, above: tuple[str, ...] = ()
    ) -> tuple[list[dict[str, Any]], list[KeyPath]]:
        """The steps with those of chains in place of every `use`."""
        found: list[dict[str, Any]] = []
        places: list[KeyPath] = []
        for index, step in enumerate(steps if isinstance(steps, list) else []):
            place = (*base, index)
            if base[:2] == ("asset", self.asset) and place[2:] in self.left_out:
                continue
            name = step.get("use")
            if name is None:
                found.append(dict(step))
                places.append(place)
                continue
            if len(step) > 1:
                other = next(key for key in step if key != "use")
                where = self.manifest.where(*place, other, part="key")
                self._tell(f"a step with `use` can't set `{other}`", where, "set it in the chain, or by overrides")
                continue
            problem = self._bad_use(name, above)
            if problem:
                self._tell(problem[0], self.manifest.where(*place, "use"), problem[1])
                continue
            inner, inner_places = self._written_out(self.manifest.table.chain[name], ("chain", name), (*above, name))
            found += inner
            places += inner_places
        return found, places

    def _bad_use(self, name: Any, above: tuple[str, ...]) -> tuple[str, str | None] | None:
        if not isinstance(name, str):
            return "`use` must be text", 'write it like use = "sprite"'
        if name not in self.manifest.table.chain:
            hint = did_you_mean(str(name), list(self.manifest.table.chain), "chains")
            return f"there is no chain `{name}`", hint
        if name in above:
            return f"chains go in a circle: `{' -> '.join([*above, name])}`", "break it at one of them"
        return None

    def _check_ids(self, ids: Sequence[str], steps: Sequence[Mapping[str, Any]], places: Sequence[KeyPath]) -> None:
        seen: set[str] = set()
        for name, step, place in zip(ids, steps, places, strict=True):
            where = self.manifest.where(*place, "id")
            if "op" not in step:
                hint = 'write one, like op = "resize"'
                self._tell(f"a step of asset `{self.asset}` needs `op` or `use`", self.manifest.where(*place), hint)
            elif not isinstance(step["op"], str):
                self._tell("`op` must be text", self.manifest.where(*place, "op"), 'write it like op = "resize"')
            elif "id" in step and not (isinstance(step["id"], str) and ASSET_NAME.match(name)):
                self._tell(f"`{name}` can't name a step", where, "use letters, digits, `-` and `_`")
            elif name == GENERATION:
                self._tell(f"`{name}` is the name of a picture's own generation", where, "choose another `id`")
            elif name in seen:
                self._tell(f"two steps of asset `{self.asset}` are named `{name}`", where, "give each its own `id`")
            seen.add(name)

    def _edit_steps(
        self,
        steps: list[dict[str, Any]],
        ids: Sequence[str],
        edit: Mapping[str, Any],
        *,
        origin: KeyPath,
        origins: dict[KeyPath, KeyPath],
    ) -> None:
        for name, values in edit.items():
            place = self.manifest.where(*origin, name, part="key")
            chosen = [index for index, step in enumerate(steps) if ids[index] == name and "id" in step]
            chosen = chosen or [index for index, step in enumerate(steps) if step.get("op") == name]
            if not chosen and any(place[:1] == ("steps",) for place in self.left_out):
                continue  # it may have been the step that is wrong
            if len(chosen) != 1:
                told = f"asset `{self.asset}` has {'several steps' if chosen else 'no step'} `{name}`"
                self._tell(told, place, "give the step an `id`" if chosen else did_you_mean(name, ids, "steps"))
            elif not isinstance(values, Mapping):
                self._tell(f"`steps.{name}` must be a table of keys to set", place, f"write steps.{name}.KEY = VALUE")
            else:
                for key, value in values.items():
                    steps[chosen[0]][key] = value
                    origins["steps", chosen[0], key] = (*origin, name, key)

    def _tell(self, message: str, where: Where, hint: str | None) -> None:
        problem = Problem(message, where, hint)
        if problem not in self.problems:
            self.problems.append(problem)


def override_problems(manifest: Manifest, asset: str) -> list[Problem]:
    """Overrides that name keys an asset can't have, or have no `when`."""
    found = []
    keys = [key for key in AssetEntry.model_fields if key not in MATRIX_KEYS]
    for index, override in enumerate(manifest.table.asset[asset].get("overrides", [])):
        base = ("asset", asset, "overrides", index)
        if not isinstance(override.get("when"), Mapping):
            hint = "write when = { axis = value }"
            found.append(Problem(f"an override of asset `{asset}` has no `when`", manifest.where(*base), hint))
        found += _wrong_values(manifest, asset, index)
        for key in override:
            if key != "when" and key not in keys:
                place = manifest.where(*base, key, part="key")
                told = f"an override of asset `{asset}` can't set `{key}`"
                hint = "set it in the asset" if key in MATRIX_KEYS else did_you_mean(key, keys, "keys")
                found.append(Problem(told, place, hint))
    return found


def _wrong_values(manifest: Manifest, asset: str, index: int) -> list[Problem]:
    """Values of one override that no instance could have; `steps` as a table sets keys of single steps."""
    override = manifest.table.asset[asset]["overrides"][index]
    values = {
        key: value
        for key, value in override.items()
        if key in AssetTable.model_fields and not (key == "steps" and isinstance(value, Mapping))
    }
    try:
        AssetTable.model_validate(values)
    except Invalid as error:
        where = manifest.where("asset", asset, "overrides", index)
        subject = f"an override of asset `{asset}`"
        return problems_of(error, values, subject=subject, where=where, model=AssetTable)
    return []


def _set(raw: dict[str, Any], origins: dict[KeyPath, KeyPath], key: str, value: Any, origin: KeyPath) -> None:
    if key in ("vars", "meta") and isinstance(value, Mapping):
        raw[key] = {**raw.get(key, {}), **value}
        origins |= {(key, name): (*origin, name) for name in value}
        return
    for group in EXCLUSIVE:
        if key in group:
            for other in group:
                raw.pop(other, None)
    raw[key] = value
    origins[key,] = origin


def _unique(ids: Sequence[str]) -> list[str]:
    """The ids with a mark at every repetition, so that steps whose ids clash are still told apart."""
    taken = {GENERATION}
    unique = []
    for index, name in enumerate(ids):
        unique.append(f"{name}~{index}" if name in taken else name)
        taken.add(name)
    return unique


def _ids(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """A step's id, or its op's name, with a number from the second on."""
    counts: dict[str, int] = {}
    ids = []
    for step in steps:
        op = str(step.get("op", "step"))
        counts[op] = counts.get(op, 0) + ("id" not in step)
        ids.append(str(step["id"]) if "id" in step else op if counts[op] == 1 else f"{op}-{counts[op]}")
    return ids
