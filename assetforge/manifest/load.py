"""From files to one checked manifest: parse, include, merge, validate, read data; every mistake is collected.

Unaware of what references, templates and steps mean: that is `graph`'s.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from assetforge import __version__
from assetforge.entry import RENDERED, Entry, Invalid, problems_of, without_flaws
from assetforge.errors import KeyPath, ManifestError, Problem, Where
from assetforge.manifest.data import load_data
from assetforge.manifest.reading import Reading
from assetforge.manifest.schema import (
    ASSET_NAME,
    EMIT_NAMES,
    RESERVED,
    VARIABLE_NAME,
    AssetEntry,
    EditTable,
    EmitTable,
    IncludedFile,
    ManifestFile,
    OutputTable,
)
from assetforge.manifest.source import parse
from assetforge.paths import PathError
from assetforge.words import ticked

ORIGINS = ("prompt", "prompt_file", "source")
NOUNS = {"vars": "variable", "data": "data", "chain": "chain", "asset": "asset", "emit": "emit"}
GROUPS = tuple(NOUNS)
Table = TypeVar("Table", bound=Entry)


@dataclass(frozen=True, slots=True)
class Manifest:
    """All tables merged, what `[data]` named, and who defines what.

    `problems` are all mistakes found so far. Of an asset or emit with mistakes the table has what is sound;
    `left_out` and `left_out_of_emits` are the places in it of all else, so that one mistake is told once.
    """

    file: str
    table: ManifestFile
    data: Mapping[str, Any]
    homes: Mapping[KeyPath, str]
    reading: Reading
    left_out: Mapping[str, frozenset[KeyPath]]
    left_out_of_emits: Mapping[str, frozenset[KeyPath]]
    problems: tuple[Problem, ...]

    def where(self, *key: str | int, part: Literal["key", "value"] = "value", text: str = "") -> Where:
        """The place of a key path, in whichever file defines it."""
        return Where(self.homes.get(key[:2], self.file), key, part, text)


def load_manifest(reading: Reading, file: str) -> Manifest:
    """Reads `file` and what it includes. Raises ManifestError where nothing can be made of it (broken TOML, a
    mistake outside the assets); mistakes of single assets are left in `problems`."""
    raw = _parse(reading, file, Where(file))
    unmet = list(_requirement(raw.get("project"), file))
    if unmet:  # what another version's manifest may hold is not for this one to judge
        raise ManifestError(unmet)
    table = _validate(ManifestFile, raw, file, "the manifest")
    problems: list[Problem] = []
    merged = {group: dict(getattr(table, group)) for group in GROUPS}
    homes: dict[KeyPath, str] = {}
    for path, place in _included(table, reading, file, problems).items():
        try:
            part = _validate(IncludedFile, _parse(reading, path, place), path, f"`{path}`")
        except ManifestError as error:
            problems += error.problems
            continue
        for group, name, value in _entries(part):
            _merge(merged[group], homes, (group, name), value=value, file=path, problems=problems)
    whole = table.model_copy(update=merged)
    problems += _name_problems(whole, homes, file)
    left_out = {
        name: _check_asset(name, whole.asset, homes.get(("asset", name), file), problems) for name in whole.asset
    }
    of_emits = {name: _check_emit(name, whole.emit, homes.get(("emit", name), file), problems) for name in whole.emit}
    data = _read_data(whole, homes, file, reading, problems)
    if None in data.values():
        raise ManifestError(problems)
    return Manifest(file, whole, data, homes, reading, left_out, of_emits, tuple(problems))


def _parse(reading: Reading, file: str, asked: Where) -> dict[str, Any]:
    """The tables of a file that is asked for at a place of the manifest. Raises ManifestError."""
    try:
        text = reading.text(file)
    except PathError as error:
        hint = None if f"`{asked.file}`" in (error.hint or "") else error.hint
        raise ManifestError([Problem(error.message, asked, hint)]) from None
    return parse(text, file)


def _validate(model: type[Table], raw: dict[str, Any], file: str, subject: str) -> Table:
    try:
        return model.model_validate(raw, context=RENDERED)  # templates stand in assets, which are judged apart
    except Invalid as error:
        found = problems_of(error, raw, subject=subject, where=Where(file), model=model)
        raise ManifestError(found) from None


def _requirement(project: object, file: str) -> Iterator[Problem]:
    """`requires` against this version: comparisons joined by commas, as people know them from packages."""
    place = Where(file, ("project", "requires"))
    requires = project.get("requires") if isinstance(project, dict) else None
    for part in filter(None, requires.split(",") if isinstance(requires, str) else ()):
        match = re.fullmatch(r"\s*(>=|<=|==|!=|>|<)\s*(\d{1,9}(?:\.\d{1,9})*)\s*", part)
        if match is None:
            yield Problem(f"`{part.strip()}` is not a version to require", place, 'write it like ">=1.0"')
            return
        mine, other = _release(__version__), _release(match[2])
        order = (mine > other) - (mine < other)
        if order not in {">=": (0, 1), "<=": (0, -1), "==": (0,), "!=": (1, -1), ">": (1,), "<": (-1,)}[match[1]]:
            hint = "install another version of assetforge-build"
            yield Problem(f"the project requires assetforge {requires}, and this is {__version__}", place, hint)


def _release(version: str) -> tuple[int, ...]:
    numbers = tuple(int(number) for number in re.match(r"[\d.]*", version)[0].strip(".").split("."))  # type: ignore[index]
    return (*numbers, 0, 0, 0)[:3]


def _included(table: ManifestFile, reading: Reading, file: str, problems: list[Problem]) -> dict[str, Where]:
    """The files to include, each with the place that asks for it."""
    paths: dict[str, Where] = {}
    for index, pattern in enumerate(table.project.include):
        place = Where(file, ("project", "include", index))
        try:
            is_glob = any(mark in pattern for mark in "*?[")
            found = reading.glob(pattern) if is_glob else (reading.root.clean(pattern),)
        except PathError as error:
            problems.append(Problem(error.message, place, error.hint))
            continue
        paths.update({path: place for path in found if path != file and path not in paths})
    return paths


def _entries(part: IncludedFile) -> Iterator[tuple[str, str, Any]]:
    for group in GROUPS:
        for name, value in getattr(part, group).items():
            yield group, name, value


def _merge(
    merged: dict[str, Any],
    homes: dict[KeyPath, str],
    key: tuple[str, str],
    *,
    value: Any,
    file: str,
    problems: list[Problem],
) -> None:
    group, name = key
    if name in merged:
        first = homes.get(key)
        told = f"{NOUNS[group]} `{name}` is defined in {f'`{first}`' if first else 'the manifest'} as well"
        problems.append(Problem(told, Where(file, key, "key"), "rename or remove one of them"))
        return
    merged[name] = value
    homes[key] = file


def _name_problems(table: ManifestFile, homes: Mapping[KeyPath, str], file: str) -> Iterator[Problem]:
    for group in ("asset", "chain", "emit"):
        for name in getattr(table, group):
            if not ASSET_NAME.match(name):
                place = Where(homes.get((group, name), file), (group, name), "key")
                told = f"`{name}` can't name the {group}" if name else f"the name of the {group} is empty"
                yield Problem(told, place, "use letters, digits, `-` and `_`")
    for group in ("vars", "data"):
        for name in getattr(table, group):
            place = Where(homes.get((group, name), file), (group, name), "key")
            yield from variable_problems(name, place)
    for name in set(table.vars) & set(table.data):
        place = Where(homes.get(("vars", name), file), ("vars", name), "key")
        yield Problem(f"variable `{name}` has the name of data", place, "rename one of them")
    for name in EMIT_NAMES & set(table.vars) if table.emit else ():
        place = Where(homes.get(("vars", name), file), ("vars", name), "key")
        yield Problem(f"`{name}` is a name that emits already have", place, "choose another name")


def variable_problems(name: str, place: Where) -> Iterator[Problem]:
    """What is wrong with the name of a variable, an axis or data."""
    if name in RESERVED:
        yield Problem(f"`{name}` is a name that templates already have", place, "choose another name")
    elif not VARIABLE_NAME.match(name):
        told = f"`{name}` can't be a name in templates" if name else "a name is empty"
        yield Problem(told, place, "use letters, digits and `_`, and a letter first")


def _check_asset(
    name: str, assets: dict[str, dict[str, Any]], home: str, problems: list[Problem]
) -> frozenset[KeyPath]:
    """Leaves what is sound of an asset in the table, and says what was left out."""
    raw, base = assets[name], Where(home, ("asset", name))
    left_out: frozenset[KeyPath] = frozenset()
    try:
        AssetEntry.model_validate(raw)
    except Invalid as error:
        found = problems_of(error, raw, subject=f"asset `{name}`", where=base, model=AssetEntry)
        problems += map(_misplaced, found)
        assets[name], left_out = without_flaws(error, raw, AssetEntry)
    problems += _key_problems(name, raw, base, left_out)
    return left_out | _badly_named(raw, ("matrix", "vars"), base, problems)


def _check_emit(
    name: str, emits: dict[str, dict[str, Any]], home: str, problems: list[Problem]
) -> frozenset[KeyPath]:
    """The same of an emit."""
    raw, base = emits[name], Where(home, ("emit", name))
    left_out: frozenset[KeyPath] = frozenset()
    try:
        EmitTable.model_validate(raw)
    except Invalid as error:
        problems += problems_of(error, raw, subject=f"emit `{name}`", where=base, model=EmitTable)
        emits[name], left_out = without_flaws(error, raw, EmitTable)
    axes = raw.get("matrix")
    for axis in sorted(EMIT_NAMES.intersection(axes)) if isinstance(axes, dict) else ():
        place = Where(home, (*base.key, "matrix", axis), "key")
        problems.append(Problem(f"`{axis}` is a name that emits already have", place, "choose another name"))
        left_out |= {("matrix", axis)}
    return left_out | _badly_named(raw, ("matrix",), base, problems)


def _badly_named(
    raw: dict[str, Any], groups: tuple[str, ...], base: Where, problems: list[Problem]
) -> frozenset[KeyPath]:
    """The axes and variables of an entry with names that templates can't have."""
    found: set[KeyPath] = set()
    for group in groups:
        names = raw.get(group)
        for variable in names if isinstance(names, dict) else ():
            wrong = list(variable_problems(variable, Where(base.file, (*base.key, group, variable), "key")))
            problems += wrong
            found |= {(group, variable) for _ in wrong}
    return frozenset(found)


def _key_problems(name: str, raw: dict[str, Any], base: Where, left_out: frozenset[KeyPath]) -> Iterator[Problem]:
    """Keys of an asset that don't go together."""
    subject, home = f"asset `{name}`", base.file
    given = [key for key in ORIGINS if key in raw]
    is_misspelt = any((key,) in left_out for key in ORIGINS)
    if len(given) > 1 or not (given or is_misspelt):
        told = f"has both {ticked(given)}" if given else "has no `prompt`, `prompt_file` or `source`"
        place = Where(home, (*base.key, given[1]) if given else base.key, "key")
        yield Problem(f"{subject} {told}", place, "give exactly one of them")
    if "output" in raw and "outputs" in raw:
        place = Where(home, (*base.key, "outputs"), "key")
        yield Problem(f"{subject} has both `output` and `outputs`", place, "give one of them")
    if "source" in raw:
        for key in ("size", "n", "pick", "revision"):
            if key in raw:
                place = Where(home, (*base.key, key), "key")
                hint = "set it in the `edit` step that it is meant for"
                yield Problem(f"{subject} has a `source`, so `{key}` says nothing here", place, hint)


def _misplaced(problem: Problem) -> Problem:
    """A key that an asset does not have, and a step or an output of it may."""
    where = problem.where
    if where is None or where.part != "key" or len(where.key) != 3 or where.key[2] in AssetEntry.model_fields:
        return problem
    name = str(where.key[2])
    if name in OutputTable.model_fields:
        return replace(problem, hint=f'set it in the output, like output = {{ path = "...", {name} = ... }}')
    if name in EditTable.model_fields:
        return replace(problem, hint="set it in a step `edit`")
    return problem


def _read_data(
    table: ManifestFile, homes: Mapping[KeyPath, str], file: str, reading: Reading, problems: list[Problem]
) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, value in table.data.items():
        place = Where(homes.get(("data", name), file), ("data", name))
        try:
            data[name] = load_data(name, value, reading, place)
        except ManifestError as error:
            problems += error.problems
            data[name] = None
    return data
