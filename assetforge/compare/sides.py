"""The two states that are compared, each with its lock: a commit, and another commit or the working tree; unaware of
what differs between them.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from assetforge.errors import UsageError
from assetforge.git import FETCH, Contents, Entry, Repository, find_commit, find_fork, lacks_history, list_files
from assetforge.outputs.aside import owner_of
from assetforge.outputs.lock import MAX_BYTES, Lock, LockLine, lock_text, parse_lock
from assetforge.workspace import lock_name

WORKING_TREE = "the working tree"
HEAD = "HEAD"
ANOTHER = "name another revision"
# What a lock's text begins and ends with; between them one row is one line of it.
HEAD_ROW, LAST_ROW = lock_text({}).splitlines(keepends=True)
_first_value = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True)
class Side:
    """One state. `name` is what it is told as, `commit` its id, "" for the working tree. `prefix` is the path of the
    project's folder from the top of the repository, "" or with a `/` behind, and `manifest` its file's name there.
    `has_lock` says that there was one; `lines` is what it has."""

    name: str
    commit: str
    prefix: str
    manifest: str
    has_lock: bool
    lines: Mapping[str, LockLine]

    @property
    def lock(self) -> str:
        """The lock's path from the top of the repository."""
        return self.prefix + lock_name(self.manifest)


@dataclass(frozen=True, slots=True)
class Point:
    """A commit by the name that it is told as; the working tree has no id."""

    name: str
    commit: str = ""


def find_points(repository: Repository, revision: str) -> tuple[Point, Point]:
    """The two states that somebody means: by `REV` that commit and the working tree, by `A..B` two commits, and by
    `A...B` the commit that both come from, and B; where a side is left out, HEAD stands there. Raises UsageError for
    what is not known here."""
    commit = find_commit(repository, revision)
    if commit is None and ".." in revision:
        first, dots, last = revision.partition("...") if "..." in revision else revision.partition("..")
        names = first or HEAD, last or HEAD
        before, after = (_known(repository, name) for name in names)
        if dots == "...":
            fork = find_fork(repository, before, after)
            if fork is None:
                raise _unrelated(repository, *names)
            return Point(f"{names[0]}...{names[1]}", fork), Point(names[1], after)
        return Point(names[0], before), Point(names[1], after)
    return Point(revision, commit or _known(repository, revision)), Point(WORKING_TREE)


def read_sides(repository: Repository, points: tuple[Point, Point], manifest: str, lock: Lock) -> tuple[Side, Side]:
    """Both states of a project whose manifest has this name in the repository's folder, and whose lock in the working
    tree is this. Where the first has no lock by its name, but one that was moved, that is taken. Raises UsageError
    for a lock that can't be read."""
    with Contents(repository) as contents:
        after, before = (_read_side(repository, contents, points[one], manifest, lock) for one in (1, 0))
        if not before.has_lock and after.lines:
            before = _moved(repository, contents, before, after) or before
    return before, after


def _known(repository: Repository, revision: str) -> str:
    commit = find_commit(repository, revision)
    if commit is not None:
        return commit
    why = lacks_history(repository)
    if why == "empty":
        raise UsageError("the repository has no commit yet", hint="commit something to compare with")
    hint = "`git log --oneline` and `git branch --all` list what there is"
    if why == "shallow":
        hint = "this clone has no whole history: `git fetch --unshallow`, or `fetch-depth: 0` of actions/checkout"
    raise UsageError(f"git knows no commit `{revision}` here", hint=hint)


def _unrelated(repository: Repository, one: str, other: str) -> UsageError:
    hint = "compare them with `..`"
    if lacks_history(repository) == "shallow":
        hint = "this clone has no whole history: `git fetch --unshallow`, or `fetch-depth: 0` of actions/checkout"
    return UsageError(f"git knows no commit that `{one}` and `{other}` both come from", hint=hint)


def _read_side(repository: Repository, contents: Contents, point: Point, manifest: str, lock: Lock) -> Side:
    if not point.commit:
        return Side(point.name, "", repository.prefix, manifest, bool(lock.text), lock.lines)
    path = repository.prefix + lock_name(manifest)
    entry = list_files(repository, point.commit, path).get(path)
    lines = _read_lines(contents, entry, f"`{path}` at `{point.name}`", lock) if entry is not None else None
    return Side(point.name, point.commit, repository.prefix, manifest, lines is not None, lines or {})


def _read_lines(contents: Contents, entry: Entry, name: str, like: Lock) -> dict[str, LockLine]:
    """A lock as a commit has it. Raises UsageError, with its `name`."""
    data = contents.read(entry.oid, MAX_BYTES) if entry.mode.startswith("100") else None
    if data is None:
        raise UsageError(f"git has no contents of {name}", hint=FETCH)
    try:
        return _parsed(data.decode("utf-8"), like)
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not UTF-8 text", hint=ANOTHER) from None
    except UsageError as error:
        raise UsageError(f"{name}: {error.problems[0].message}", hint=ANOTHER) from None


def _parsed(text: str, like: Lock) -> dict[str, LockLine]:
    """The lines of a lock's text. Rows that another lock has word for word, as almost all are, are not read again.
    Raises UsageError."""
    known = _rows(like.text)
    if len(known) == len(like.lines) and text.startswith(HEAD_ROW) and text.endswith(LAST_ROW):
        rows = [row.removesuffix(",") for row in text[len(HEAD_ROW) : -len(LAST_ROW)].split("\n")[:-1]]
        new = [row for row in rows if row not in known]
        same = [known[row] for row in rows if row in known]
        with suppress(UsageError):
            body = ",\n".join(new) + ("\n" if new else "")
            return {**{name: like.lines[name] for name in same}, **parse_lock(f"{HEAD_ROW}{body}{LAST_ROW}")}
    return parse_lock(text)


def _rows(text: str) -> dict[str, str]:
    """The rows of a lock as we write it, each with the name that it is of; none where somebody else wrote it."""
    if not (text.startswith(HEAD_ROW) and text.endswith(LAST_ROW)):
        return {}
    found = {}
    with suppress(ValueError):
        for row in text[len(HEAD_ROW) : -len(LAST_ROW)].split("\n")[:-1]:
            name, _ = _first_value(row)
            found[row.removesuffix(",")] = str(name)
    return found


def _moved(repository: Repository, contents: Contents, before: Side, after: Side) -> Side | None:
    """The state before with the lock by the name that it had then: of those that are gone since, beside a manifest of
    their name, the one that shares most assets with the lock of now."""
    there = list_files(repository, before.commit)
    still = list_files(repository, after.commit) if after.commit else [path for path in there if repository.has(path)]
    best, most = None, 0
    names = _owners(after.lines)
    for path in sorted(set(there).difference(still)):
        stem, dot, ending = path.rpartition(".")
        if dot and ending == "lock" and f"{stem}.toml" in there:
            lines = _lines_of_some_lock(contents, there[path])
            shared = len(names & _owners(lines))
            if shared > most:
                folder, slash, name = stem.rpartition("/")
                best, most = Side(before.name, before.commit, folder + slash, f"{name}.toml", True, lines), shared
    return best


def _lines_of_some_lock(contents: Contents, entry: Entry) -> dict[str, LockLine]:
    """The lines of a file that may be a lock of ours; none where it is another program's."""
    data = contents.read(entry.oid, MAX_BYTES)
    try:
        return parse_lock(data.decode("utf-8")) if data else {}
    except (UsageError, UnicodeDecodeError):
        return {}


def _owners(lines: Mapping[str, LockLine]) -> set[str]:
    return {owner_of(name)[0] for name in lines}
