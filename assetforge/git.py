"""How git is asked about a folder: what it says, in English; unaware of what is done with that."""

import os
import subprocess

from assetforge.errors import UsageError

# The setting of a clone that says how locks are merged; `merge=assetforge` of .gitattributes means it.
DRIVER = "merge.assetforge.driver"
# What stands behind the command in such a setting, before the names of the three files.
VERB = " merge-driver "


def ask_git(folder: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs git in a folder; its exit status is the caller's to judge. Raises UsageError where there is no git."""
    try:
        return subprocess.run(  # noqa: S603 - git itself, and no word of a manifest but a file's name after `--`
            ["git", "-C", folder, *arguments],  # noqa: S607 - the git that the user runs
            env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise UsageError("git is not installed, or not on the PATH", hint="install it, or leave --git out") from None


def driver_starts(folder: str, driver: str) -> bool:
    """Whether the command of a driver's line starts, from where git would start it; a line that does not call
    `merge-driver` itself is believed. Raises UsageError where there is no git."""
    command, verb, _ = driver.partition(VERB)
    if not verb:
        return True
    # An alias is run by the same shell as a driver, in the same folder.
    alias = f"alias.try-driver=!{command.replace('%%', '%')}{VERB}--help"
    return ask_git(folder, "-c", alias, "try-driver").returncode == 0
