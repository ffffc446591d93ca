"""An asset's outputs as renditions: one for each combination of their lists, with paths that tell them apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any, NamedTuple

from assetforge.entry import RENDERED, Invalid, problems_of
from assetforge.errors import KeyPath, ManifestError, Problem, Where
from assetforge.graph.families import OWN_KEYS, Shaping, flaws_of
from assetforge.graph.render import Filled, Form
from assetforge.graph.scope import Scope
from assetforge.manifest.schema import AssetTable, OutputSettings, OutputTable
from assetforge.model import Link, Local, Rendition
from assetforge.ops.checks import Checks
from assetforge.ops.encoding import FORMATS, Encoding
from assetforge.ops.spec import normalised
from assetforge.ops.table import OPS
from assetforge.paths import PathError, Root, fold, is_listed
from assetforge.words import did_you_mean, some, ticked

MAX_FILES = 1_000
SET_IT = "set `{}` in this output, or leave it out of its path"
NO_SIZES = "leave `{}` out of the path: a family's files have names of their own"


@dataclass(frozen=True, slots=True)
class Target:
    """Where an instance's files go: the root and the folder that outputs are relative to."""

    root: Root
    output_dir: str
    defaults: OutputSettings | None


class Outputs:
    """Makes the renditions of one instance; all that is wrong is gathered in `problems`."""

    def __init__(self, form: Form, scope: Scope, instance: str, target: Target) -> None:
        self.form = form
        self.scope = scope
        self.instance = instance
        self.target = target
        self.left_out: frozenset[KeyPath] = frozenset()
        self.problems: list[Problem] = []
        self.steps: list[Local] = []

    def renditions(self, filled: Filled, picture: Link) -> list[Rendition]:
        """One rendition for each file of the asset, reading from its final image; what only a family's files are made
        by is in `steps`."""
        made: list[Rendition] = []
        self.left_out = filled.left_out
        for key, entry in _entries(filled.asset):
            if key in self.left_out:
                continue
            try:
                made += self._expand(entry, key, picture)
            except ManifestError as error:
                self.problems += error.problems
        seen: set[str] = set()
        for rendition in made:
            if rendition.id in seen:
                told = f"`{self.instance}` writes `{rendition.path}` twice"
                self.problems.append(Problem(told, rendition.where, "give one of them another path"))
            seen.add(rendition.id)
        return made

    def _expand(self, entry: str | OutputTable, key: KeyPath, picture: Link) -> Iterator[Rendition]:
        flaws = [] if isinstance(entry, str) else list(flaws_of(entry))
        for flaw in flaws:
            self.problems.append(Problem(flaw.message, self.form.merged.where(*key, flaw.key), flaw.hint))
        if flaws:
            return
        if isinstance(entry, OutputTable) and entry.family is not None:
            yield from self._family(entry, key, picture)
            return
        text = entry if isinstance(entry, str) else entry.path
        chosen = _with_defaults(entry, self.target.defaults)
        axes = {name: _listed(chosen.get(name)) for name in ("width", "height", "format")}
        files = prod(map(len, axes.values()))
        if files > MAX_FILES:
            told = f"an output stands for {files:,} files, and at most {MAX_FILES:,} can be meant"
            self.problems.append(Problem(told, self.form.merged.where(*key), "write shorter lists"))
            return
        seen: dict[str, str] = {}
        for values in product(*axes.values()):
            asked = {name: value for name, value in zip(axes, values, strict=True) if value is not None}
            path_key = key if isinstance(entry, str) else (*key, "path")
            path = self._path(text, path_key, asked)
            if path is None:
                return
            told = ", ".join(f"{name} {value}" for name, value in asked.items())
            if path in seen:
                place = self.form.merged.where(*path_key)
                hint = f"use {ticked(f'{{{{ {name} }}}}' for name in axes if len(axes[name]) > 1)} in it"
                self.problems.append(Problem(f"`{path}` does not tell {seen[path]} from {told}", place, hint))
                return
            seen[path] = told
            rendition = self._rendition(path, chosen | asked, key, path_key=path_key, picture=picture)
            if rendition is not None:
                yield rendition

    def _family(self, entry: OutputTable, key: KeyPath, picture: Link) -> Iterator[Rendition]:
        """The files of a family, each made of the picture by a step of its own where it needs one."""
        chosen, where = _with_defaults(entry, self.target.defaults), self.form.merged.where(*key)
        shaping = Shaping.of(entry, chosen)
        settings = {name: value for name, value in chosen.items() if name not in OWN_KEYS}
        name = f"{entry.family}.{key[-1] if len(key) > 1 else 0}"
        folder = entry.path if entry.path.endswith("/") else f"{entry.path or '.'}/"
        source = self._local("_at_least", name, shaping.enough(), picture, where=where)
        for file in shaping.family.files:
            path = self._path(f"{folder}{file.name}", (*key, "path"), {}, remedy=NO_SIZES)
            if path is None or self._is_no_folder(path[: -len(file.name)].rstrip("/"), (*key, "path")):
                return
            try:
                making, own = shaping.making(file), shaping.settings(file)
            except Invalid as error:
                subject = f"family `{entry.family}`"
                self.problems += problems_of(error, chosen, subject=subject, where=where, model=OutputTable)
                return
            link = source
            if making is not None:
                link = self._local(making[0], f"{name}.{file.name}", making[1], source, where=where)
            made = self._rendition(path, settings | own, key, path_key=(*key, "path"), picture=link)
            if made is not None:
                yield replace(made, family=shaping.family.name)

    def _is_no_folder(self, folder: str, key: KeyPath) -> bool:
        """Tells of a path that names a file where a family's folder is meant."""
        if folder.rpartition(".")[2].lower() not in FORMATS or "." not in folder.rpartition("/")[2]:
            return False
        told = f"`{folder}` names a file, and a family is a folder of files"
        self.problems.append(Problem(told, self.form.merged.where(*key), 'name the folder, like path = "icons/"'))
        return True

    def _local(self, op: str, name: str, params: Any, source: Link, *, where: Where) -> Link:
        step = Local(f"{self.instance}:{name}", self.instance, name, op, params, (source,), where)
        self.steps.append(step)
        return Link(step.id)

    def _path(self, text: str, key: KeyPath, asked: Mapping[str, Any], *, remedy: str = SET_IT) -> str | None:
        scope = Scope(self.form.engine, asked, {}, places={}, outer=self.scope) if asked else self.scope
        try:
            rendered = self.form.render(text, key, scope, self.instance)
        except ManifestError as error:
            told = (self._about_asked(problem, key[:-1], remedy) for problem in error.problems)
            self.problems += filter(None, told)
            return None
        try:
            return self.target.root.clean(rendered, self.target.output_dir)
        except PathError as error:
            self.problems.append(Problem(error.message, self.form.merged.where(*key), error.hint))
            return None

    def _about_asked(self, problem: Problem, key: KeyPath, remedy: str) -> Problem | None:
        """An undefined `width` in a path is no slip: the output asks for none, or for what is told to be wrong."""
        name = problem.where.text if problem.where else ""
        if name not in ("width", "height", "format") or "is undefined" not in problem.message:
            return problem
        if any(place[: len(key) + 1] == (*key, name) for place in self.left_out):
            return None
        return replace(problem, hint=remedy.format(name))

    def _rendition(
        self, path: str, chosen: Mapping[str, Any], key: KeyPath, *, path_key: KeyPath, picture: Link
    ) -> Rendition | None:
        place = self.form.merged.where(*path_key)
        form = FORMATS.get(path.rpartition(".")[2].lower()) if "." in path else None
        if form is None:
            told = f"`{path}` has no ending that names a format"
            self.problems.append(
                Problem(told, place, f"end it in {ticked((f'.{e}' for e in sorted(FORMATS)), 'or')}")
            )
            return None
        where = self.form.merged.where(*key)
        if "format" in chosen and chosen["format"] not in FORMATS:
            hint = did_you_mean(chosen["format"], list(FORMATS), "formats")
            told = f"there is no format `{chosen['format']}`"
            self.problems.append(Problem(told, self.form.merged.where(*key, "format"), hint))
            return None
        if "format" in chosen and FORMATS[chosen["format"]] != form:
            told = f"`{path}` does not end in its format `{chosen['format']}`"
            self.problems.append(Problem(told, place, f"end it in .{chosen['format']}, or leave `format` out"))
            return None
        try:
            scale, encoding, checks = _scaling(chosen), _encoding(chosen, form), _checks(chosen)
        except Invalid as error:
            self.problems += problems_of(
                error, dict(chosen), subject=f"output `{path}`", where=where, model=OutputTable
            )
            return None
        checked = self._place_of_checks(key) if checks is not None else None
        return Rendition(
            f"{self.instance} > {path}", self.instance, path, scale, encoding, (picture,), where, checks, checked
        )

    def _place_of_checks(self, key: KeyPath) -> Where:
        """Where the checks of an output are written: in it, or in the defaults."""
        written: Any = self.form.merged.raw
        for part in key:
            written = written[part]
        if isinstance(written, Mapping) and "checks" in written:
            return self.form.merged.where(*key, "checks")
        return self.form.merged.manifest.where("defaults", "output", "checks")


def _entries(asset: AssetTable) -> Iterator[tuple[KeyPath, str | OutputTable]]:
    if asset.output is not None:
        yield ("output",), asset.output
    for index, entry in enumerate(asset.outputs or ()):
        yield ("outputs", index), entry


def _with_defaults(entry: str | OutputTable, defaults: OutputSettings | None) -> dict[str, Any]:
    given = defaults.model_dump(exclude_none=True) if defaults else {}
    own = {} if isinstance(entry, str) else entry.model_dump(exclude_none=True, exclude={"path"})
    return given | own


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _scaling(chosen: Mapping[str, Any]) -> Any | None:
    """The output's own scaling as parameters of `resize`; None where it asks for none."""
    given = {name: chosen[name] for name in ("width", "height", "fit", "position") if name in chosen}
    if "width" not in given and "height" not in given:
        return None
    if isinstance(given.get("position"), list):
        given["position"] = tuple(given["position"])
    return _scaling_of(tuple(sorted(given.items())))


def _encoding(chosen: Mapping[str, Any], form: str) -> Encoding:
    """How the output is encoded: what its format has no use for is dropped."""
    options = {name: chosen[name] for name in Encoding.model_fields if name in chosen and name != "format"}
    quality = options.get("quality")
    if isinstance(quality, Mapping):
        options.pop("quality")
        own = [quality[ending] for ending, known in FORMATS.items() if known == form and ending in quality]
        if own:
            options["quality"] = own[0]
    if form not in ("webp", "avif"):
        options.pop("lossless", None)
    if "sizes" in options:
        options["sizes"] = tuple(options["sizes"])
    return _encoding_of(form, tuple(sorted(options.items())))


def _checks(chosen: Mapping[str, Any]) -> Checks | None:
    """What the output is checked for; None where that is nothing."""
    if not chosen.get("checks"):
        return None
    asked = Checks.model_validate(chosen["checks"], context=RENDERED)
    return asked if normalised(asked) else None


@lru_cache(maxsize=1024)
def _scaling_of(given: tuple[tuple[str, Any], ...]) -> Any:
    return OPS["resize"].params.model_validate(dict(given), context=RENDERED)


@lru_cache(maxsize=1024)
def _encoding_of(form: str, options: tuple[tuple[str, Any], ...]) -> Encoding:
    return Encoding.model_validate({"format": form, **dict(options)}, context=RENDERED)


class Written(NamedTuple):
    """A file that will be written, and the instance or emit that it is of."""

    owner: str
    path: str
    where: Where


def listed(files: Sequence[Written], patterns: Mapping[str, str]) -> Iterator[Problem]:
    """Files that a glob of `[data]`, by the data's name, would take for its own pictures at the next build."""
    for name, pattern in patterns.items():
        for file in files:
            if is_listed(file.path, pattern):
                told = f"`{file.owner}` would write `{file.path}`, which data `{name}` lists"
                yield Problem(told, file.where, f"write it to a folder that `{pattern}` leaves out")


def collisions(files: Sequence[Written], taken: Mapping[str, str]) -> Iterator[Problem]:
    """Files at one path, or at the path of something that is read; compared as file systems may."""
    read = {fold(path): what for path, what in taken.items()}
    seen: dict[str, Written] = {}
    for file in files:
        folded = fold(file.path)
        if folded in read:
            told = f"`{file.owner}` would write `{file.path}`, which is {read[folded]}"
            yield Problem(told, file.where, "choose another path")
        other = seen.setdefault(folded, file)
        if other is not file:
            how = f"`{file.path}`" if other.path == file.path else f"`{other.path}` and `{file.path}`"
            hint = "use the axes in the path" if other.where == file.where else "give one of them another path"
            is_one = other.owner == file.owner
            told = f"`{file.owner}` writes {how}" if is_one else f"{some([other.owner, file.owner])} write {how}"
            if other.path != file.path:
                told += ", which are one file where case does not count"
            elif is_one:
                told += " twice"
            yield Problem(told, file.where, hint)
