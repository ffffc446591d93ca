"""A changed manifest that is not written yet: proven to differ in what was asked for alone, with what the next build
would buy for it; and the one function that writes it."""

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from assetforge.atomic import write as write_file
from assetforge.choose.decision import Decision, decide_pick, decide_reroll
from assetforge.choose.target import Target, find_target
from assetforge.choose.written import find_written
from assetforge.digest import digest_bytes
from assetforge.errors import KeyPath, ManifestError, Problem, UsageError
from assetforge.gate import Options
from assetforge.manifest.edit import CantEdit, by_hand, edited
from assetforge.model import Graph, Paid
from assetforge.paths import PathError
from assetforge.plan.forecast import Forecast
from assetforge.project import Project
from assetforge.words import some

WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be written, and what comes of it. `file` is the manifest that defines the asset, `before` its bytes
    and `after` those to be, the same where nothing has to change. `project` is the project with the change,
    `forecast` what a build of it would do with the target and all that is made from it, `steps` are those with a new
    value, and `kept` tells of those for which something else wins."""

    target: Target
    decision: Decision
    file: str
    before: bytes
    after: bytes
    project: Project
    forecast: Forecast
    steps: tuple[str, ...]
    kept: tuple[Problem, ...]

    @property
    def is_change(self) -> bool:
        return self.after != self.before

    @property
    def unbought(self) -> tuple[tuple[str, int], ...]:
        """What was picked and surely is not there yet: steps with the number of a candidate."""
        if self.decision.key != "pick":
            return ()
        bought = (item for outlook in self.forecast.outlooks.values() for item in outlook.purchases if item.sure)
        due = {(item.step, item.candidate) for item in bought}
        steps = (self.project.graph().steps[step.id] for step in self.target.steps)
        picked = ((step.id, step.pick) for step in steps if isinstance(step, Paid))
        return tuple(place for place in picked if place in due and place[1] == self.decision.value)


def propose_pick(project: Project, name: str, number: int) -> Proposal:
    """The candidate `number` (from 1) for `ASSET[:STEP]`. Writes nothing, buys nothing. Raises UsageError for what
    there is not and for what can't be edited, ManifestError for a manifest with mistakes."""
    graph = project.graph()
    target = find_target(project.manifest, graph, name)
    return propose(project, target, decide_pick(project.manifest, target, number))


def propose_reroll(project: Project, name: str) -> Proposal:
    """Another picture for the same request of `ASSET[:STEP]`, by a revision that is new. Raises what `propose_pick`
    does."""
    graph = project.graph()
    target = find_target(project.manifest, graph, name)
    return propose(project, target, decide_reroll(project.manifest, target))


def propose(project: Project, target: Target, decision: Decision) -> Proposal:
    """What comes of a decision, proven and foreseen in memory. Raises UsageError where it can't be had alone."""
    before = _read(project, decision.file)
    after, changed = before, project
    if decision.setting is not None:
        try:
            text = edited(before.decode("utf-8"), decision.setting)
        except CantEdit:
            told = f"`{decision.file}` is laid out in a way that `{decision.key}` can't be set in it safely"
            where = project.manifest.where("asset", target.asset)
            raise UsageError(told, hint=by_hand(decision.setting), where=where) from None
        after = text.encode()
        changed = _with(project, decision.file, after)
    steps = _proven(project, changed, target, decision)
    return Proposal(
        target=target, decision=decision, file=decision.file, before=before, after=after, project=changed,
        forecast=changed.plan(Options(select=(f"{target.owner}+",))), steps=steps,
        kept=tuple(_kept(changed, target, decision, steps)),
    )  # fmt: skip


def write(proposal: Proposal) -> None:
    """Writes a proposal's file, whole or not at all, with the mode that it has. Raises UsageError where it changed
    meanwhile, or can't be written."""
    if not proposal.is_change:
        return
    path, file = _real(proposal.project, proposal.file), f"`{proposal.file}`"
    try:
        mode = stat.S_IMODE(os.stat(path).st_mode)
        if not (mode & WRITABLE and os.access(path, os.W_OK)):
            raise UsageError(f"{file} is read-only", hint="make it writable, and try again")
        with open(path, "rb") as manifest:
            if manifest.read() != proposal.before:
                raise _changed(proposal.file)
        write_file(path, proposal.after, durable=True, mode=mode)
    except OSError as error:
        raise UsageError(f"{file} can't be written: {(error.strerror or str(error)).lower()}") from None


def _with(project: Project, file: str, data: bytes) -> Project:
    """The same project as it would be with other bytes in one file."""
    changed = Project(project.root, project.file, project.settings, project.environ, project.variables, project.today)
    changed.reading.texts[file] = data.decode("utf-8-sig")
    changed.reading.digests[file] = digest_bytes(data)
    return changed


def _proven(project: Project, changed: Project, target: Target, decision: Decision) -> tuple[str, ...]:
    """The steps with a new value. Raises UsageError where the change would do anything else, or make a mistake."""
    try:
        found = _differences(project.graph(), changed.graph())
    except ManifestError as error:
        first = error.problems[0]
        told = f"with `{decision.key}` = {decision.value} the manifest would be wrong: {first.message}"
        raise UsageError(told, hint=first.hint) from None
    own = {step.id for step in target.steps}
    wanted = all(name in own and keys == {decision.key: decision.value} for name, keys in found.items())
    if not wanted or bool(found) != (decision.setting is not None):
        told = f"`{decision.key}` of `{target.name}` can't be set without another change"
        raise UsageError(told, where=project.manifest.where("asset", target.asset))
    return tuple(found)


def _differences(before: Graph, after: Graph) -> dict[str, dict[str, int]]:
    """Picks and revisions that are not what they were, by step. Raises UsageError for other steps: another manifest
    was read in between."""
    if before.steps.keys() != after.steps.keys():
        raise UsageError("files of the manifest changed meanwhile: nothing was written", hint="try again")
    found = {}
    for name, step in before.steps.items():
        other = after.steps[name]
        if isinstance(step, Paid) and isinstance(other, Paid):
            keys = {key: getattr(other, key) for key in ("pick", "revision", "n")}
            if keys != {key: getattr(step, key) for key in keys}:
                found[name] = {key: value for key, value in keys.items() if value != getattr(step, key)}
    return found


def _kept(changed: Project, target: Target, decision: Decision, steps: Collection[str]) -> Iterator[Problem]:
    """Where something else wins: a problem for each place. A revision that stays is no other picture, though it be
    the very number that others have now; a pick that stays may be the one that was asked for."""
    resolved = changed.graph().steps
    others: dict[KeyPath, list[str]] = {}
    for one in find_written(changed.manifest, target, decision.key):
        step = resolved[one.step.id]
        is_picked = decision.key == "pick" and isinstance(step, Paid) and step.pick == decision.value
        if one.step.id not in steps and not is_picked:
            others.setdefault(one.origin or one.home, []).append(one.step.instance)
    for place, names in others.items():
        what = "an override" if "overrides" in place[2:3] else "a chain" if place[0] == "chain" else "the manifest"
        told = f"{what} gives {some(names, 4)} a `{decision.key}` of its own"
        yield Problem(told, changed.manifest.where(*place), f"name one instance to change it, like `{names[0]}`")


def _read(project: Project, file: str) -> bytes:
    """The bytes that the manifest was read from. Raises UsageError where the file has others by now."""
    try:
        with open(_real(project, file), "rb") as manifest:
            data = manifest.read()
    except OSError as error:
        raise UsageError(f"`{file}` can't be read: {(error.strerror or str(error)).lower()}") from None
    if digest_bytes(data) != project.reading.digests[file]:
        raise _changed(file)
    return data


def _real(project: Project, file: str) -> str:
    try:
        return project.root.readable(file, text=True)
    except PathError as error:
        raise UsageError(error.message, hint=error.hint) from None


def _changed(file: str) -> UsageError:
    return UsageError(f"`{file}` changed meanwhile: nothing was written", hint="try again")
