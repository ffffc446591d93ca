"""The report of a bug of ours: a file to paste into an issue, with versions and traceback, and without secrets."""

import os
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Mapping
from importlib import metadata

from assetforge import __version__

LIBRARIES = ("click", "diskcache", "httpx", "jinja2", "pillow", "pydantic", "rich")
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASS|AUTH|CREDENTIAL", re.IGNORECASE)


def write_bug_report(error: BaseException, command: str, environ: Mapping[str, str]) -> str:
    """Writes the report into the folder for temporary files, and returns its path. Raises OSError."""
    text = bug_text(error, command, environ)
    descriptor, path = tempfile.mkstemp(prefix="assetforge-bug-", suffix=".md")
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return path


def bug_text(error: BaseException, command: str, environ: Mapping[str, str]) -> str:
    """The report: what ran, by its name alone, on what, and where it broke."""
    lines = [
        "# A bug in assetforge",
        "",
        f"- command: {command or 'none'}",
        f"- assetforge {__version__}, Python {sys.version.split()[0]}, {platform.platform()}",
        *(f"- {name} {_version(name)}" for name in LIBRARIES),
        "",
        "```",
        "".join(traceback.format_exception(error)).rstrip(),
        "```",
        "",
    ]
    return without_secrets("\n".join(lines), environ)


def without_secrets(text: str, environ: Mapping[str, str]) -> str:
    """A text in which no value of the environment stands that may be a key, and no name of the user's home."""
    home = os.path.expanduser("~")
    if len(home) > 1:
        text = text.replace(home, "~")
    for name, value in sorted(environ.items(), key=lambda pair: -len(pair[1])):
        is_long = len(value) >= 16 and not re.search(r"[/\\\s]", value)
        if is_long or (len(value) >= 4 and _SECRET.search(name)):
            text = text.replace(value, f"${name}")
    return text


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"
