"""Do emits agree with what the lock has of outputs? Told from manifest and lock alone, and from the emitted files."""

from collections.abc import Collection, Iterator

from assetforge.emit.facts import Facts, pinned, pinned_look
from assetforge.emit.text import Broken, Rendered, Text, Waiting, emits_of, render
from assetforge.model import Emit, Graph
from assetforge.workspace import Workspace

NOT_PINNED = "the lock does not have it"
OTHERWISE = "it would be written otherwise"
TELLS_OF_DRAFTS = "it tells of placeholders"


def disagreeing(space: Workspace, graph: Graph, built: Collection[str], *, files: bool) -> Iterator[tuple[Emit, str]]:
    """Emits of some instances that are not as manifest and lock ask, and why. Without `files`, only those that the
    lock has not, or otherwise."""
    facts = Facts(graph, pinned(space.lock.lines), pinned_look)
    for one in render(space, emits_of(graph, built), facts):
        reason = _why_unpinned(space, one) or (_why_not_there(space, one) if files else "")
        if reason == NOT_PINNED and files and _tells_of_drafts(space, one.emit.path):
            reason = TELLS_OF_DRAFTS
        if reason:
            yield one.emit, reason


def unlocked_emits(space: Workspace, graph: Graph, built: Collection[str]) -> Iterator[tuple[Emit, str]]:
    """Emits that the lock does not have as they would be written, and why. One that waits for an asset outside of
    `built` is left alone by the build, and not among them."""
    facts = Facts(graph, pinned(space.lock.lines), pinned_look)
    for one in render(space, emits_of(graph, built), facts):
        if isinstance(one, Waiting) and set(one.on).isdisjoint(built):
            continue
        reason = _why_unpinned(space, one)
        if reason:
            yield one.emit, reason


def _why_unpinned(space: Workspace, one: Rendered) -> str:
    """What is wrong with an emit as the lock has it, "" where nothing is."""
    digest = space.lock.emitted(one.emit.name, one.emit.path)
    match one:
        case Broken(_, problem):
            return problem.message
        case _ if not digest:
            return NOT_PINNED
        case Waiting():
            return one.told
        case Text():
            return "" if digest == one.digest else OTHERWISE


def _why_not_there(space: Workspace, one: Rendered) -> str:
    """What is wrong with an emit's file, "" where it is as the lock has it."""
    path = one.emit.path
    if space.state.holds(path, space.lock.emitted(one.emit.name, path)):
        return ""
    if _tells_of_drafts(space, path):
        return TELLS_OF_DRAFTS
    return "the file was changed" if space.state.digest(path) else "the file is missing"


def _tells_of_drafts(space: Workspace, path: str) -> bool:
    """Whether an emit's file was written here, of placeholders."""
    written = space.state.written.get(path)
    return written is not None and written.draft and written.digest == space.state.digest(path)
