"""Which of the followed paths are not what they were. The disk tells it; events only say where to look.

So an event too many costs a look, and one that never came (a folder that was removed and made again is another one
for the system) is made up for: whenever other folders are watched, everything is looked at.
"""

import asyncio
import os
from collections.abc import Iterable, Iterator

from assetforge.errors import UsageError
from assetforge.noop import Facts, facts_of
from assetforge.paths import PathError, Root
from assetforge.watch.changes import Changes
from assetforge.watch.followed import Followed

# What a file is: its facts, None where nothing is there. `UNSURE` is like nothing that can be there.
Sight = Facts | None
UNSURE: Facts = (-1, -1, -1, -1)
# A file's time may be behind the clock by so many nanoseconds, for a kernel counts in ticks.
TICK = 10_000_000


class Following:
    """The followed paths of one root, what they were when they were last taken note of, and the folders that are
    watched for their sake."""

    def __init__(self, root: Root) -> None:
        self._at = root
        self._root = root.path
        self._changes = Changes(self._report)
        self._followed = Followed(frozenset())
        self._seen: dict[str, Sight] = {}
        self._matched: dict[str, tuple[str, ...] | None] = {}
        # Told of since everything was taken note of, and what of that was not looked at yet.
        self._reported: set[str] = set()
        self._fresh: set[str] = set()
        self._folders: frozenset[str] = frozenset()
        self._wanted: frozenset[str] = frozenset()
        self._names: dict[str, list[str]] = {}
        self._listed: dict[str, str] = {}
        self._is_all = True
        self.event = asyncio.Event()

    async def follow(self, followed: Followed, since: int) -> None:
        """Follows these paths from now on. What is new among them, and was changed at or after `since` (nanoseconds),
        counts as changed. Raises UsageError where a folder can't be watched."""
        new = followed.files - self._seen.keys()
        self._followed = followed
        self._seen = {path: self._seen[path] for path in followed.files if path in self._seen}
        self._matched = {one: self._matched.get(one, found) for one, found in followed.patterns.items()}
        self._names, self._listed = _names(self._root, followed.files), _listed(self._root, followed.listed)
        self._wanted = frozenset(_folders(self._root, (*self._names, *(f"{one}{os.sep}" for one in self._listed))))
        await self._watch()
        for path in new:
            self._seen[path] = self._look(path)
            if self._is_young(path, since - TICK):
                self._seen[path] = UNSURE
                self._report({os.path.join(self._root, path)})

    async def changed(self) -> frozenset[str]:
        """The paths that are not what they were, which is forgotten with this. Raises UsageError as `follow`."""
        self.event.clear()
        reported, self._reported = self._reported, set()
        self._fresh.clear()
        if not self._wanted.isdisjoint(reported):
            # Another folder may have its name, and even its number, by now.
            self._folders = frozenset()
            await self._watch()
        where = self._seen.keys() if self._is_all else self._touched(reported)
        found = {path: now for path in where if (now := self._look(path)) != self._seen[path]}
        others = self._others() if self._is_all or any(map(self._may_match, reported)) else {}
        names = {name for one, now in others.items() for name in {*(now or ())} ^ {*(self._matched[one] or ())}}
        self._is_all = False
        self._seen |= found
        self._matched |= others
        return frozenset(found) | names | others.keys()

    def differs(self, but: str) -> bool:
        """Whether a path that was told of since this was asked last, `but` one, is not what it was; nothing is
        forgotten with this."""
        fresh, self._fresh = self._fresh, set()
        if any(self._look(path) != self._seen[path] for path in self._touched(fresh) if path != but):
            return True
        return any(map(self._may_match, fresh)) and bool(self._others())

    def is_gone(self, paths: Iterable[str]) -> bool:
        """Whether one of these files is not there: an editor may be about to put it back."""
        return any(self._seen.get(path, UNSURE) is None for path in paths)

    def settle(self, path: str) -> None:
        """What was done to a path until now is known already."""
        self._seen[path] = self._look(path)

    async def close(self) -> None:
        """Watches nothing any more."""
        await self._changes.close()

    def _report(self, paths: set[str]) -> None:
        self._reported |= paths
        self._fresh |= paths
        self.event.set()

    async def _watch(self) -> None:
        there = frozenset(filter(os.path.isdir, self._wanted))
        if there == self._folders:
            return
        if self._root not in there:
            raise UsageError(f"`{self._root}` is not there any more")
        self._folders, self._is_all = there, True
        try:
            await self._changes.follow(there)
        except FileNotFoundError:  # it went in between: its folder tells of it
            self._folders = frozenset()
        except OSError as error:
            hint = "on Linux, fs.inotify.max_user_watches says how many folders can be watched"
            raise UsageError(f"folders can't be watched: {error.strerror or error}", hint=hint) from None

    def _touched(self, reported: Iterable[str]) -> Iterator[str]:
        """The followed files that reported ones may be."""
        return iter(dict.fromkeys(path for one in reported for path in self._names.get(one, ())))

    def _may_match(self, reported: str) -> bool:
        """Whether a reported path can have made a pattern match other files than it did."""
        folder, _, name = reported.rpartition(os.sep)
        path = f"{self._listed[folder]}{name}" if folder in self._listed and name[:1] != "." else ""
        if not path or path in self._followed.made:
            return False
        # A file that was replaced is matched as before.
        return self._seen.get(path) is None or not os.path.isfile(reported)

    def _others(self) -> dict[str, tuple[str, ...] | None]:
        """The patterns that match other files than they did."""
        return {one: now for one, before in self._matched.items() if (now := self._matches(one)) != before}

    def _matches(self, pattern: str) -> tuple[str, ...] | None:
        try:
            return self._at.list_glob(pattern)
        except PathError:
            return None

    def _look(self, path: str) -> Sight:
        try:
            return facts_of(os.stat(os.path.join(self._root, path)))
        except OSError:
            return None

    def _is_young(self, path: str, since: int) -> bool:
        """Whether a file was changed since then, or may have been removed."""
        sight = self._seen[path] or self._look(os.path.dirname(path))
        return sight is not None and max(sight[:2]) >= since


def _names(root: str, files: Iterable[str]) -> dict[str, list[str]]:
    """The followed files by what events may call them: by their path, and by that of what they are links to."""
    found: dict[str, list[str]] = {}
    reals: dict[str, str] = {}
    for path in files:
        folder, _, name = os.path.join(root, path).rpartition(os.sep)
        if folder not in reals:
            reals[folder] = os.path.realpath(folder)
        called = {os.path.join(folder, name), os.path.join(reals[folder], name)}
        called |= {os.path.realpath(one) for one in called if os.path.islink(one)}
        for one in called:
            found.setdefault(one, []).append(path)
    return found


def _listed(root: str, folders: Iterable[str]) -> dict[str, str]:
    """Folders by what events may call them, each with what stands before the paths of the files in it."""
    found: dict[str, str] = {}
    for path in folders:
        folder = root if path == "." else os.path.join(root, path)
        for one in (folder, os.path.realpath(folder)):
            found[one] = "" if path == "." else f"{path}/"
    return found


def _folders(root: str, names: Iterable[str]) -> Iterator[str]:
    """The folders that these are in, and below the root those that they are in themselves: who removes a folder, and
    makes it again, is seen from the one above."""
    seen: set[str] = set()
    for name in names:
        folder = os.path.dirname(name)
        while folder not in seen:
            seen.add(folder)
            yield folder
            if folder == root or not folder.startswith(root + os.sep):
                break
            folder = os.path.dirname(folder)
