"""Paths below a root: what may be read and written there, and nothing outside; unaware of what files hold.

Paths are relative to the root with `/`. The manifest, and every file and link beside it, may come from a
stranger, so a path is checked as it is written, and again after links are resolved.
"""

import contextlib
import errno
import fnmatch
import os
import re
import stat
import unicodedata
from collections.abc import Iterator

_VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".jj", "git~1", "hg~1", "svn~1", "jj~1"})
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{device}{number}" for device in ("com", "lpt") for number in "123456789\u00b9\u00b2\u00b3"}
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_WILD = re.compile(r"[*?\[]")
_INSIDE = "write a path relative to the manifest's folder that stays inside it"


class PathError(ValueError):
    """A path that may not be read or written. Says what is wrong in `message` and what to do in `hint`."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class MissingFile(PathError):  # noqa: N818 - the path is fine, only nothing is there
    """Nothing is at a path that may be read."""


class Root:
    """A folder that every path is relative to. `real` is where it was, after links, when this was made."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self.real = os.path.realpath(path)
        self._below = self.real.rstrip(os.sep) + os.sep

    @staticmethod
    def clean(relative: str, base: str = "") -> str:
        """A path as it is stored: joined to the folder `base`, without `.` and `..`. Touches no disk.

        Raises PathError where it names no file below the root on every system: see `_refuse_spelling` and
        `_refuse_component`.
        """
        _refuse_spelling(relative)
        if base:
            _refuse_spelling(base)
        kept: list[str] = []
        for component in f"{base}/{relative}".split("/"):
            if component == "..":
                if not kept:
                    raise PathError(f"`{relative}` leads outside the root", hint=_INSIDE)
                kept.pop()
            elif component not in ("", "."):
                _refuse_component(component, relative)
                kept.append(component)
        if not kept:
            raise PathError(f"`{relative}` is the root itself, not a file in it")
        return "/".join(kept)

    def readable(self, relative: str, *, text: bool) -> str:
        """The absolute path, after links, of a regular file.

        `text` says that it is a manifest, template or data, which is never read from a hidden place.
        Raises MissingFile where nothing is there, PathError where it may not be read.
        """
        relative = self.clean(relative)
        real = self._resolve(relative)
        if text:
            _refuse_hidden(relative, relative)
            _refuse_hidden(real[len(self._below) :], relative)
        try:
            mode = os.stat(real).st_mode
        except (FileNotFoundError, NotADirectoryError):
            raise MissingFile(f"`{relative}` does not exist") from None
        except OSError as error:
            raise PathError(f"`{relative}` can't be read: {_reason(error)}") from None
        if not stat.S_ISREG(mode):
            raise PathError(f"`{relative}` is {'a folder, not' if stat.S_ISDIR(mode) else 'not'} a regular file")
        return real

    def is_plainly_readable(self, relative: str, folders: dict[str, str]) -> bool:
        """Whether a clean path is a regular file, and no link, in a folder below the root: then `readable` has
        nothing to say of it. `folders` remembers where these lead to while many paths are looked at. Raises PathError
        for a folder that leads away."""
        folder, _, name = relative.rpartition("/")
        if folder not in folders:
            folders[folder] = self._resolve(folder) if folder else self.real
        try:
            return stat.S_ISREG(os.lstat(f"{folders[folder]}{os.sep}{name}").st_mode)
        except OSError:
            return False

    def followed(self, relative: str, folders: dict[str, str]) -> str:
        """The absolute path after links, be something there or not, wherever it leads; `folders` as above."""
        folder, _, name = relative.rpartition("/")
        if folder not in folders:
            folders[folder] = os.path.realpath(os.path.join(self.path, folder))
        path = os.path.join(folders[folder], name)
        return os.path.realpath(path) if os.path.islink(path) else path

    def writable(self, relative: str) -> str:
        """The absolute path of a file to write, its folders' links resolved; they may not exist yet.

        A link at the path itself is not followed, since a rename replaces it. Raises PathError.
        """
        relative = self.clean(relative)
        folder, _, name = relative.rpartition("/")
        real = os.path.join(self._resolve(folder) if folder else self.real, name)
        if os.path.isdir(real) and not os.path.islink(real):
            raise PathError(f"`{relative}` is a folder, so no file can be written there")
        existing = os.path.dirname(real)
        while not os.path.lexists(existing):
            existing = os.path.dirname(existing)
        if not os.path.isdir(existing):
            raise PathError(f"`{relative}` can't be written: a file is where one of its folders should be")
        return real

    def open_parent(self, relative: str) -> contextlib.AbstractContextManager[int]:
        """An open folder to write `relative` in, as `open_folder` opens it; links are resolved first."""
        return self.open_folder(relative, self.writable(relative))

    @contextlib.contextmanager
    def open_folder(self, relative: str, real: str) -> Iterator[int]:
        """An open folder to write `relative` in, made (mode 0o755) where there is none, closed at the end. `real` is
        what `writable` gave for it.

        Each folder is opened relative to the one before and never through a link, so that one swapped for a link
        meanwhile is an error and not a way out. Raises PathError.
        """
        chain = real[len(self._below) :].split(os.sep)[:-1]
        folder = os.open(self.real, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for name in chain:
                inner = _enter(folder, name, relative)
                os.close(folder)
                folder = inner
            yield folder
        finally:
            os.close(folder)

    def list_glob(self, pattern: str) -> tuple[str, ...]:
        """The regular files that a pattern matches, sorted: `*`, `?`, `[...]` in a name, `**` any folders.

        Hidden files and folders never match. `**` follows no links to folders, a wildcard none that lead
        outside; a link to a file outside raises PathError, as does a pattern that `clean` refuses.
        """
        return self._expand(pattern)[0]

    def glob_folders(self, pattern: str) -> tuple[str, ...]:
        """The folders (`.` is the root) to whose listings the result of `list_glob` is bound, sorted.

        Raises PathError as `list_glob` does.
        """
        return self._expand(pattern)[1]

    def _resolve(self, relative: str) -> str:
        """The absolute path after links, be something there or not. Raises PathError where it leads away."""
        try:
            real = os.path.realpath(self._below + relative)
        except OSError as error:  # a link that went away, or became a folder, between two looks at it
            raise PathError(f"the links of `{relative}` can't be followed: {_reason(error)}") from None
        if not real.startswith(self._below):
            raise PathError(f"`{relative}` leads outside the root through a link", hint="put a copy inside the root")
        for component in real[len(self._below) :].split(os.sep):
            _refuse_version_control(component, relative)
        return real

    def _expand(self, pattern: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The files a pattern matches, and the folders listed to find them: one walk, so that they agree."""
        cleaned = self.clean(pattern)
        _refuse_hidden(cleaned, cleaned)
        *components, last = cleaned.split("/")
        if last == "**":
            components, last = [*components, "**"], "*"
        listed: set[str] = set()
        folders = {""}
        for component in components:
            folders = {found for folder in folders for found in self._folders(folder, component, listed)}
        listed |= folders
        files = {found for folder in folders for found in self._files(folder, last)}
        return tuple(sorted(files)), tuple(sorted(folder.rstrip("/") or "." for folder in listed))

    def _folders(self, folder: str, component: str, listed: set[str]) -> Iterator[str]:
        """The folders one component of a pattern leads to; notes in `listed` where another could appear."""
        if component == "**":
            for inner in self._descendants(folder):
                listed.add(inner)
                yield inner
        elif _WILD.search(component):
            listed.add(folder)
            for entry in self._matches(folder, component):
                if entry.is_dir() and not (entry.is_symlink() and self._leads_away(folder + entry.name)):
                    yield f"{folder}{entry.name}/"
        elif os.path.isdir(self._resolve(folder + component)):
            yield f"{folder}{component}/"
        else:
            listed.add(folder)

    def _descendants(self, folder: str) -> Iterator[str]:
        waiting = [folder]
        while waiting:
            folder = waiting.pop()
            yield folder
            inner = [entry for entry in self._matches(folder, "*") if entry.is_dir(follow_symlinks=False)]
            waiting += [f"{folder}{entry.name}/" for entry in inner]

    def _files(self, folder: str, component: str) -> Iterator[str]:
        for entry in self._matches(folder, component):
            if entry.is_file():
                path = self.clean(folder + entry.name)
                if entry.is_symlink():
                    self.readable(path, text=True)
                yield path

    def _matches(self, folder: str, component: str) -> list["os.DirEntry[str]"]:
        """A folder's entries that are not hidden and match; the same on systems that ignore case."""
        is_match = re.compile(fnmatch.translate(component)).match
        try:
            with os.scandir(self._below + folder) as entries:
                return [entry for entry in entries if entry.name[0] != "." and is_match(entry.name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise PathError(f"the folder `{folder or '.'}` can't be listed: {_reason(error)}") from None

    def _leads_away(self, relative: str) -> bool:
        try:
            self._resolve(relative)
        except PathError:
            return True
        return False


def is_glob(path: str) -> bool:
    """Whether a path is a pattern: it holds `*`, `?` or `[`."""
    return _WILD.search(path) is not None


def is_listed(path: str, pattern: str) -> bool:
    """Whether a pattern as `list_glob` takes it would list a path. Touches no disk."""
    return _is_listed(path.split("/"), pattern.split("/"))


def _is_listed(names: list[str], parts: list[str]) -> bool:
    if not parts or not names:
        return not parts and not names
    if names[0].startswith("."):
        return False
    if parts[0] == "**":
        return _is_listed(names, parts[1:]) or _is_listed(names[1:], parts)
    return fnmatch.fnmatchcase(names[0], parts[0]) and _is_listed(names[1:], parts[1:])


def fold(path: str) -> str:
    """What two paths share that some file system takes for one: NFC and case-folded.

    Decomposed first, as Unicode 15, section 3.13 (D145) asks of a comparison without case.
    """
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def _refuse_spelling(path: str) -> None:
    """Raises PathError for a path that is empty, absolute, not portable, or would upset a terminal."""
    if not path:
        raise PathError("a path is empty", hint=_INSIDE)
    if _UNPRINTABLE.search(path):
        shown = _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", path)
        raise PathError(f"`{shown}` has a control character or half a character in it")
    if path[0] == "/":
        raise PathError(f"`{path}` is an absolute path", hint=_INSIDE)
    if "\\" in path:
        raise PathError(f"`{path}` has a backslash in it", hint="write `/` between folders")


def _refuse_component(component: str, path: str) -> None:
    """Raises PathError for a name that is version control's, or that not every system can have.

    The reserved names and endings are of "Naming Files, Paths, and Namespaces" in Microsoft's documentation.
    """
    _refuse_version_control(component, path)
    if component[1:2] == ":" and component[0].isascii() and component[0].isalpha():
        raise PathError(f"`{path}` names a drive", hint=_INSIDE)
    if component[-1] in ". ":
        raise PathError(
            f"`{path}` has a name that ends with a dot or a space", hint="Windows can't have it: rename it"
        )
    if component.partition(".")[0].rstrip(" ").casefold() in _RESERVED:
        raise PathError(f"`{path}` has the name `{component}`, which Windows reserves", hint="choose another name")
    if len(component.encode()) > 255:
        raise PathError(f"`{path}` has a name of more than 255 bytes", hint="choose a shorter name")


def _refuse_version_control(component: str, path: str) -> None:
    # HFS+ ignores format characters in names: `.g\u200cit` opens `.git` there. NTFS has it as `git~1`, too, and what
    # stands after a colon only names a part of it.
    seen = component if component.isascii() else "".join(c for c in component if unicodedata.category(c) != "Cf")
    if fold(seen.partition(":")[0]) in _VERSION_CONTROL:
        raise PathError(f"`{path}` leads into `{component}`, which belongs to version control")


def _refuse_hidden(inside: str, path: str) -> None:
    if any(component.startswith(".") for component in inside.split("/")):
        raise PathError(
            f"`{path}` is hidden, and no text is read from there", hint="give it a name without a dot first"
        )


def _enter(folder: int, name: str, path: str) -> int:
    """Opens a folder in an open folder, made where there is none. Raises PathError for a link or a file."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        try:
            return os.open(name, flags, dir_fd=folder)
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):  # made just now by another build: opening tells what it is
                os.mkdir(name, 0o755, dir_fd=folder)
            return os.open(name, flags, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENOENT):
            raise PathError(f"a folder of `{path}` was replaced while it was being opened") from None
        raise PathError(f"the folder of `{path}` can't be opened: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
