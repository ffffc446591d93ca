"""From the manifest to the graph, instance by instance: the stage's front door, which reads like its list of steps.

cells -> merged with overrides -> rendered -> validated -> assembled into steps -> joined by references -> ordered;
then the emits, which select among all instances
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from assetforge.errors import KeyPath, ManifestError, Problem
from assetforge.graph.assemble import Assembly
from assetforge.graph.emits import Emits
from assetforge.graph.files import Outputs, Target, Written, collisions, listed
from assetforge.graph.grounds import with_grounds
from assetforge.graph.matrix import NO_CELL, Cell, Condition, Expansion
from assetforge.graph.merge import Merge, override_problems
from assetforge.graph.order import in_order
from assetforge.graph.outer import outer_scope, template_text
from assetforge.graph.references import Index
from assetforge.graph.render import Form
from assetforge.graph.requests import Requests, provider_tables
from assetforge.graph.rules import Rules
from assetforge.graph.scope import Scope, Unclear
from assetforge.graph.sheets import moved_sheets
from assetforge.graph.template import Engine
from assetforge.graph.wiring import Wiring
from assetforge.manifest.load import Manifest
from assetforge.model import Graph, Instance, Link, Rendition, Step
from assetforge.paths import PathError, is_glob
from assetforge.words import did_you_mean


@dataclass(frozen=True, slots=True)
class Expanded:
    """One asset's cells, and which overrides meet which; NO_CELL alone where these could not be made out.
    `left_out` are the places in the asset of what has been told to be wrong."""

    cells: tuple[Cell, ...]
    conditions: tuple[Condition, ...]
    left_out: frozenset[KeyPath]

    @property
    def is_sound(self) -> bool:
        return not any(cell is NO_CELL for cell in self.cells)


@dataclass(slots=True)
class Resolving:
    """What one resolution gathers."""

    manifest: Manifest
    engine: Engine
    rules: Rules
    target: Target
    variables: Scope
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    models: dict[str, Problem] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)


def resolve(manifest: Manifest, *, profile: str | None, variables: Mapping[str, str], today: str = "") -> Graph:
    """The graph of a manifest. `today` is an ISO date; without it nothing is said of models that are shut down.
    Raises ManifestError with every mistake, those of loading included."""
    job = _open(manifest, profile, variables, today)
    expanded = {name: _expand(job, name) for name in manifest.table.asset}
    sound = {name: asset.cells for name, asset in expanded.items() if asset.is_sound}
    index = Index(sound, manifest.table.asset.keys() - sound.keys())
    wiring = Wiring(index, manifest.reading)
    for name, asset in expanded.items():
        _instances(job, name, asset, wiring)
    _join(job, wiring)
    emits = Emits(manifest, job.engine, job.variables)
    emits.read()
    job.problems += emits.problems
    job.warnings += emits.warnings
    _compare_paths(job, wiring, emits)
    ordered, circles = in_order(job.steps, wiring.references)
    job.problems += circles
    if job.problems:
        raise ManifestError(_once(job.problems))
    steps = with_grounds(ordered)
    graph = Graph(
        steps=steps,
        instances=job.instances,
        warnings=tuple(dict.fromkeys([*job.warnings, *job.models.values(), *moved_sheets(steps)])),
        output_dir=job.target.output_dir,
    )
    return replace(graph, emits=emits.selected(graph, profile))


def _open(manifest: Manifest, profile: str | None, variables: Mapping[str, str], today: str) -> Resolving:
    problems = list(manifest.problems)
    tables, wrong = provider_tables(manifest)
    problems += wrong
    if profile is not None and profile not in manifest.table.profile:
        hint = did_you_mean(profile, list(manifest.table.profile), "profiles")
        raise ManifestError([Problem(f"there is no profile `{profile}`", None, hint)])
    for name in variables:
        if name not in manifest.table.vars:
            hint = did_you_mean(name, list(manifest.table.vars), "variables")
            problems.append(Problem(f"there is no variable `{name}` to set", None, hint))
    engine = Engine(lambda path: template_text(manifest, path))
    scope = outer_scope(manifest, engine, variables)
    folder = _output_folder(manifest, profile, problems)
    target = Target(manifest.reading.root, folder, manifest.table.defaults.output)
    rules = Rules(Requests(manifest, tables, profile), today)
    return Resolving(manifest, engine, rules, target, scope, problems)


def _output_folder(manifest: Manifest, profile: str | None, problems: list[Problem]) -> str:
    """The folder that outputs are relative to; "" is the root."""
    folder, place = manifest.table.project.output_dir, manifest.where("project", "output_dir")
    own = manifest.table.profile[profile].output_dir if profile else None
    if profile and own is not None:
        folder, place = own, manifest.where("profile", profile, "output_dir")
    try:
        return "" if folder in ("", ".") else manifest.reading.root.clean(folder)
    except PathError as error:
        problems.append(Problem(error.message, place, error.hint))
        return ""


def _expand(job: Resolving, name: str) -> Expanded:
    entry = job.manifest.table.asset[name]
    expansion = Expansion(job.manifest, ("asset", name), f"asset `{name}`")
    told = job.manifest.left_out[name]
    has_axes = all(place[0] != "matrix" for place in told)
    cells = expansion.cells(entry.get("matrix", {}), entry.get("exclude", []) if has_axes else [])
    wrong = override_problems(job.manifest, name)
    conditions = [
        expansion.condition(override.get("when", {}), cells, ("overrides", index, "when"))
        for index, override in enumerate(entry.get("overrides", []))
        if isinstance(override.get("when"), Mapping) and has_axes
    ]
    job.problems += expansion.problems + wrong
    job.warnings += expansion.warnings
    left_out = told | {problem.where.key[2:5] for problem in wrong if problem.where}
    is_unclear = expansion.problems or any(_spoils_cells(place) for place in left_out)
    return Expanded((NO_CELL,) if is_unclear else tuple(cells), () if is_unclear else tuple(conditions), left_out)


def _spoils_cells(place: KeyPath) -> bool:
    """Whether a mistake leaves open which instances there are, what they are named or what is in their scope:
    any but that of a key that an override sets."""
    return place[0] in ("matrix", "exclude", "vars") or (place[0] == "overrides" and len(place) < 3)


def _instances(job: Resolving, name: str, asset: Expanded, wiring: Wiring) -> None:
    merge = Merge(job.manifest, name, left_out=asset.left_out, problems=job.problems)
    forms: dict[tuple[int, ...], Form] = {}
    for cell in asset.cells:
        applied = tuple(index for index, condition in enumerate(asset.conditions) if condition.meets(cell))
        if applied not in forms:
            forms[applied] = Form(merge.with_overrides(applied), job.engine)
        _instance(job, forms[applied], cell, wiring)


def _instance(job: Resolving, form: Form, cell: Cell, wiring: Wiring) -> None:
    name = cell.name(form.merged.asset)
    own = form.merged.raw.get("vars", {})
    scope = (Unclear if cell is NO_CELL else Scope)(
        job.engine,
        {"asset": {"name": form.merged.asset}, **cell.axes},
        {} if cell is NO_CELL else own,
        places={variable: ("own", "vars", variable) for variable in own},
        outer=job.variables,
    )
    job.problems += _twice(job, form, own)
    assembly = Assembly(form, cell, scope, rules=job.rules, wiring=wiring)
    instance = assembly.instance(form.fill(scope, name), Outputs(form, scope, name, job.target))
    job.problems += assembly.parts.problems
    if cell is NO_CELL:
        return
    job.instances[name] = instance
    job.steps |= {step.id: step for step in assembly.steps}
    job.warnings += assembly.warnings
    for model, warning in assembly.models.items():
        job.models.setdefault(model, warning)


def _twice(job: Resolving, form: Form, own: Mapping[str, Any]) -> Iterator[Problem]:
    """An asset's variables with a name that stands for something else."""
    axes = job.manifest.table.asset[form.merged.asset].get("matrix", {})
    others = {"a variable of [vars]": job.manifest.table.vars, "data": job.manifest.table.data, "an axis": axes}
    for variable in own:
        for what, names in others.items():
            if variable in names:
                place = form.merged.where("vars", variable, part="key")
                told = f"variable `{variable}` of asset `{form.merged.asset}` has the name of {what}"
                yield Problem(told, place, "rename one of them")


def _join(job: Resolving, wiring: Wiring) -> None:
    finals: dict[str, Link] = {name: instance.final for name, instance in job.instances.items()}
    try:
        bridges = wiring.bridges(finals)
    except ManifestError as error:
        job.problems += error.problems
        bridges = []
    job.steps |= {source.id: source for source in wiring.sources.values()}
    job.steps |= {bridge.id: bridge for bridge in bridges}


def _compare_paths(job: Resolving, wiring: Wiring, emits: Emits) -> None:
    taken = dict.fromkeys(job.manifest.reading.texts, "a file the manifest is read from")
    taken |= dict.fromkeys((source.path for source in wiring.sources.values()), "a source file")
    taken[job.manifest.file.rpartition(".")[0] + ".lock"] = "the lock"
    written = [
        Written(step.instance, step.path, step.where) for step in job.steps.values() if isinstance(step, Rendition)
    ]
    written += [Written(emit.name, emit.path, emit.where) for emit in emits.found]
    data = job.manifest.table.data
    globs = {name: path for name, path in data.items() if isinstance(path, str) and is_glob(path)}
    job.problems += listed(written, globs)
    job.problems += collisions(written, taken)


def _once(problems: list[Problem]) -> Iterator[Problem]:
    """One problem for each place: what is wrong with a template is wrong in each of its instances."""
    seen: set[object] = set()
    for problem in problems:
        place: object = problem.where or problem.message
        if place not in seen:
            seen.add(place)
            yield problem
