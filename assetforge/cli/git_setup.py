"""What git has to be told of a project: how its lock is merged, and what is not committed. It is asked what it knows
already; files are added to, and nothing that somebody wrote is changed, but a command of ours that no longer starts.
Unaware of the manifest.
"""

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from typing import Literal

from assetforge import atomic
from assetforge.errors import AssetforgeError, UsageError
from assetforge.git import DRIVER, VERB, ask_git, driver_starts

# `does not start` is somebody's own command to merge locks, which is left alone too.
Told = Literal["wrote", "added to", "changed", "left alone", "does not start"]
# The folder of `gallery`: it is made anew from what is committed.
IGNORED = "assetforge-gallery/"
# Where the command fails, git would leave our side without a mark; its own merge of texts does not. A conflict it is
# also where the texts had none: a lock of a newer release may be among them.
FALLBACK = "%O %A %B || { git merge-file -L ours -L before -L theirs %A %O %B; exit 1; }"
# What earlier releases wrote: without that, and by a name that not every program finds.
EARLIER = re.compile(rf"(assetforge|('[^']*'|[^\s']+) -m assetforge){VERB}%O %A %B")
# A user's own attributes and ignored files are on no other machine.
WITHOUT_OWN = ("-c", f"core.attributesFile={os.devnull}", "-c", f"core.excludesFile={os.devnull}")


def require_work_tree(folder: str) -> None:
    """Raises UsageError where a folder, which need not be there yet, is in no git repository."""
    there = os.path.abspath(folder)
    while not os.path.isdir(there):
        there = os.path.dirname(there)
    asked = ask_git(there, "rev-parse", "--is-inside-work-tree")
    if asked.returncode and "not a git repository" not in asked.stderr:
        raise UsageError(f"git can't be used here: {_words(asked)}")
    if asked.stdout.strip() != "true":
        raise UsageError("there is no git repository here", hint="run `git init` first, or leave --git out")


def set_up_git(folder: str, lock: str) -> dict[str, Told]:
    """Tells git of the lock of this name in a folder; what became of each file, by its path. Raises AssetforgeError,
    OSError."""
    attributes, ignore = os.path.join(folder, ".gitattributes"), os.path.join(folder, ".gitignore")
    line = f"{_pattern(lock)} text eol=lf merge=assetforge"
    done: dict[str, Told] = {}
    done[attributes] = "left alone" if _is_merged(folder, lock) else _add_line(attributes, line)
    done[ignore] = "left alone" if _is_ignored(folder, f"{IGNORED}index.html") else _add_line(ignore, IGNORED)
    config = os.path.join(folder, _told(folder, "rev-parse", "--git-path", "config").strip())
    done[os.path.relpath(config)] = _set_driver(folder)
    return done


def _is_merged(folder: str, lock: str) -> bool:
    """Whether a lock is merged by the driver and keeps its line ends in every clone."""
    told = _told(folder, *WITHOUT_OWN, "check-attr", "-z", "merge", "eol", "text", "--", lock).split("\0")
    found = dict(zip(told[1::3], told[2::3], strict=True))
    return found["merge"] == "assetforge" and (found["eol"] == "lf" or found["text"] == "unset")


def _is_ignored(folder: str, path: str) -> bool:
    return ask_git(folder, *WITHOUT_OWN, "check-ignore", "--quiet", "--no-index", "--", path).returncode == 0


def _set_driver(folder: str) -> Told:
    """The driver in the clone's own settings; another command that somebody set stays."""
    there = ask_git(folder, "config", "--local", "--get", DRIVER).stdout.strip()
    if there and not EARLIER.fullmatch(there):
        if driver_starts(folder, there):
            return "left alone"
        if not there.endswith(VERB + FALLBACK):
            return "does not start"
    _told(folder, "config", "--local", "merge.assetforge.name", "assetforge: merge of two locks")
    _told(folder, "config", "--local", "--replace-all", DRIVER, _command().replace("%", "%%") + VERB + FALLBACK)
    return "changed" if there else "added to"


def _command() -> str:
    """What starts this program, by its whole path: others that run git, like an editor, may have another PATH."""
    found = shutil.which("assetforge", path=os.path.dirname(sys.executable)) or shutil.which("assetforge")
    return shlex.quote(os.path.abspath(found)) if found else f"{shlex.quote(sys.executable)} -m assetforge"


def _add_line(path: str, line: str) -> Told:
    """Adds a line at the end of a text, in its own kind of line ends. Raises OSError."""
    if os.path.islink(path):
        raise UsageError(f"`{path}` is a link, which git does not follow", hint="put a file in its place")
    try:
        with open(path, "rb") as file:
            before, mode = file.read(), stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    except FileNotFoundError:
        atomic.write(path, f"{line}\n".encode(), durable=False)
        return "wrote"
    end = b"\r\n" if b"\r\n" in before else b"\n"
    gap = end if before and not before.endswith(b"\n") else b""
    atomic.write(path, before + gap + line.encode() + end, durable=False, mode=mode)
    return "added to"


def _pattern(name: str) -> str:
    """A file's name as gitattributes(5) writes it: what stands for more is escaped, and what has spaces is quoted."""
    plain = "".join(f"\\{letter}" if letter in "\\*?[" else letter for letter in name)
    if not any(letter.isspace() or letter == '"' for letter in plain) and not plain.startswith(("#", "!")):
        return plain
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _told(folder: str, *arguments: str) -> str:
    """What git prints. Raises AssetforgeError with its words where it can't do it."""
    done = ask_git(folder, *arguments)
    if done.returncode:
        raise AssetforgeError(f"git can't be set up: {_words(done)}")
    return done.stdout


def _words(done: "subprocess.CompletedProcess[str]") -> str:
    lines = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
    return lines[0].removeprefix("fatal: ").removeprefix("error: ")
