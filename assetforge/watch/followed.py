"""What a watch follows: every path that the last round read, whatever it was read for; unaware of events."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from assetforge.errors import AssetforgeError
from assetforge.model import Rendition, Source
from assetforge.project import Project
from assetforge.workspace import lock_name


@dataclass(frozen=True, slots=True)
class Followed:
    """`files` were read, or would have been: the manifest, what it includes, templates, data, source files, the lock.
    `patterns` were looked for, with what each matched then, in the folders `listed`, "." the root. All are relative
    to the root, with `/`. `made` are paths that builds write: they match no pattern. `is_whole` says that all was
    read, once at least."""

    files: frozenset[str]
    patterns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()
    made: frozenset[str] = frozenset()
    is_whole: bool = False


# What is followed after a round, by what was before.
Follow = Callable[[Project, Followed], Followed]


def start(project: Project) -> Followed:
    """What is followed before anything was read."""
    return Followed(frozenset({project.file, lock_name(project.file)}))


def followed_by(project: Project, before: Followed) -> Followed:
    """What a round read. A round that failed may have read only a part, and one that looked at what changed has read
    little: then `before` still counts, or all is read now."""
    reading, graph = project.reading, project.resolved
    if graph is None and not before.is_whole:
        with suppress(AssetforgeError):
            graph = project.graph()
    read = start(project).files | reading.digests.keys() | reading.missing
    listed = frozenset(reading.listed)
    if graph is None:
        found = {**before.patterns, **reading.matched}
        return replace(before, files=before.files | read, patterns=found, listed=before.listed | listed)
    sources = frozenset(step.path for step in graph.steps.values() if isinstance(step, Source))
    written = (step.path for step in graph.steps.values() if isinstance(step, Rendition))
    emitted = (emit.path for emit in graph.emits.values())
    return Followed(read | sources, dict(reading.matched), listed, frozenset((*written, *emitted)), is_whole=True)


def shown_by(project: Project, before: Followed) -> Followed:
    """What a page of it shows: what a round read, and what builds write."""
    read = followed_by(project, before)
    return replace(read, files=read.files | read.made)
