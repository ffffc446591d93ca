"""How git is asked about a folder: what it says, in English; unaware of what is done with that."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Self

from assetforge.errors import UsageError

# The setting of a clone that says how locks are merged; `merge=assetforge` of .gitattributes means it.
DRIVER = "merge.assetforge.driver"
# What stands behind the command in such a setting, before the names of the three files.
VERB = " merge-driver "
# Only commands that change nothing and run nothing of a repository, which may be a stranger's, are asked: no hook, no
# filter, no program of its settings. Paths are no patterns. Nothing is fetched: GIT_ALLOW_PROTOCOL says so where git
# is too old to know GIT_NO_LAZY_FETCH (git 2.45).
CAUTION = ("--no-pager", "--literal-pathspecs")
ALONE: Mapping[str, str] = {
    "LC_ALL": "C",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
FETCH = "this clone lacks a part of the history: `git fetch --refetch --no-filter` fetches it"
NO_GIT = "git is not installed, or not on the PATH"
_PIECE = 1 << 20
_ID = re.compile(r"[0-9a-f]{40,64}")


@dataclass(frozen=True, slots=True)
class Repository:
    """A folder in a work tree. `prefix` is its path from the top, "" or with a `/` behind; `own` is git's folder."""

    folder: str
    prefix: str
    own: str

    def has(self, path: str) -> bool:
        """Whether something is in the work tree at a path from its top."""
        return os.path.lexists(os.path.join(self.folder, *[".."] * self.prefix.count("/"), path))


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a commit, as its tree has it. `mode` is git's own word: `100644`, or `120000` for a link."""

    mode: str
    oid: str


def ask_git(folder: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs git in a folder; its exit status is the caller's to judge. Raises UsageError where there is no git."""
    try:
        return subprocess.run(  # noqa: S603 - git itself, and no word of a manifest but a file's name after `--`
            ["git", "-C", folder, *arguments],  # noqa: S607 - the git that the user runs
            env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise UsageError(NO_GIT, hint="install it, or leave --git out") from None


def driver_starts(folder: str, driver: str) -> bool:
    """Whether the command of a driver's line starts, from where git would start it; a line that does not call
    `merge-driver` itself is believed. Raises UsageError where there is no git."""
    command, verb, _ = driver.partition(VERB)
    if not verb:
        return True
    # An alias is run by the same shell as a driver, in the same folder.
    alias = f"alias.try-driver=!{command.replace('%%', '%')}{VERB}--help"
    return ask_git(folder, "-c", alias, "try-driver").returncode == 0


# --- what a repository holds ------------------------------------------------------------------------------------


def open_repository(folder: str) -> Repository:
    """The repository that a folder is in. Raises UsageError where there is none, or where git refuses it."""
    done = _read(folder, "rev-parse", "--is-inside-work-tree", "--git-common-dir", "--show-prefix")
    inside, own, prefix = [*os.fsdecode(done.stdout).split("\n", 2), "", ""][:3]
    if done.returncode == 0 and inside == "true":
        return Repository(folder, prefix.removesuffix("\n"), os.path.join(folder, own))
    if done.returncode == 0 and _read(folder, "rev-parse", "--is-bare-repository").stdout.strip() == b"true":
        raise UsageError("this is a bare repository, which has no files", hint="run this in a clone of it")
    words = _words(done)
    if "dubious ownership" in words:
        hint = "if you trust it, add it to git's `safe.directory` (`git help config`)"
        raise UsageError("git does not read this repository, which is somebody else's", hint=hint)
    if done.returncode and "not a git repository" not in words:
        raise UsageError(f"git can't be used here: {words}")
    raise UsageError("there is no git repository here", hint="run this where the project's history is")


def is_ignored(repository: Repository, name: str) -> bool:
    """Whether git ignores a file of this name in the repository's folder, for everybody. The index is not read: what
    looks for changes of it is a program that the settings may name."""
    alone = ("-c", f"core.excludesFile={os.devnull}", "check-ignore", "--quiet", "--no-index", "--", name)
    return _read(repository.folder, *alone, caution=CAUTION[:1]).returncode == 0  # it refuses the rest of it


def find_commit(repository: Repository, revision: str) -> str | None:
    """The id of the commit that a revision names, None where it names none. Raises UsageError for what can't be a
    revision."""
    if not revision or revision.startswith("-") or not revision.isprintable():
        raise UsageError(f"`{revision}` is not a git revision", hint="name a branch, a tag or a commit")
    # One object first: behind `:/words` all else is words as well.
    found = _id_of(repository, revision)
    return _id_of(repository, f"{found}^{{commit}}") if found is not None else None


def _id_of(repository: Repository, name: str) -> str | None:
    done = _read(repository.folder, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
    told = os.fsdecode(done.stdout).strip()
    return told if done.returncode == 0 and _ID.fullmatch(told) else None


def find_fork(repository: Repository, one: str, other: str) -> str | None:
    """The id of the newest commit that two others both come from, None where nobody knows one."""
    done = _read(repository.folder, "merge-base", one, other)
    return os.fsdecode(done.stdout).split("\n")[0] if done.returncode == 0 else None


def lacks_history(repository: Repository) -> str:
    """Why a commit may be unknown here: `empty`, `shallow`, or "" for no such reason."""
    if _read(repository.folder, "rev-parse", "--verify", "--quiet", "HEAD").returncode:
        return "empty"
    shallow = _read(repository.folder, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
    return "shallow" if shallow else ""


def list_files(repository: Repository, commit: str, path: str = "") -> dict[str, Entry]:
    """The files of a commit at a path from the top of the repository, or below it, by such paths. Raises UsageError
    where they were never fetched."""
    paths = [path.rstrip("/")] if path else []
    done = _read(repository.folder, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths)
    if done.returncode:
        raise UsageError(f"git can't list the files of {commit[:12]}: {_words(done)}", hint=FETCH)
    found = {}
    for row in done.stdout.split(b"\0"):
        facts, tab, name = row.partition(b"\t")
        if tab:
            mode, _, oid = facts.decode("ascii").split(" ")
            found[os.fsdecode(name)] = Entry(mode, oid)
    return found


class Contents:
    """Reads blobs by their ids, all in one process, which is started for the first one."""

    def __init__(self, repository: Repository) -> None:
        self._folder = repository.folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, oid: str, most: int) -> bytes | None:
        """A blob of at most so many bytes, None where it is larger, or was never fetched."""
        asked, told = self._pipes()
        asked.write(f"{oid}\n".encode("ascii"))
        asked.flush()
        facts = told.readline().split()
        if len(facts) != 3 or not facts[2].isdigit():
            if not facts:  # an old git ends where it may not fetch
                self._end()
            return None
        size = int(facts[2])
        data = told.read(size) if size <= most else b""
        left = size - len(data)
        while left > 0 and (piece := told.read(min(left, _PIECE))):
            left -= len(piece)
        told.read(1)  # the line end behind it
        return data if len(data) == size and facts[1] == b"blob" else None

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - git itself
                ["git", "-C", self._folder, *CAUTION, "cat-file", "--batch"],  # noqa: S607
                env={**os.environ, **ALONE}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _read(folder: str, *arguments: str, caution: Sequence[str] = CAUTION) -> "subprocess.CompletedProcess[bytes]":
    """Asks git for something that changes nothing. Raises UsageError where there is no git."""
    try:
        return subprocess.run(  # noqa: S603 - git itself; what a user names is checked, or stands behind `--`
            ["git", "-C", folder, *caution, *arguments],  # noqa: S607
            env={**os.environ, **ALONE}, capture_output=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise UsageError(NO_GIT, hint="install it") from None


def _words(done: "subprocess.CompletedProcess[bytes]") -> str:
    """What git says is wrong; what it only warns of stands before that."""
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"it ended with {done.returncode}"]
    wrong = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    return (wrong or lines)[0].removeprefix("fatal: ").removeprefix("error: ")
