"""The user's settings as far as they can be read, and what is wrong with the rest: all else can be looked at then."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from assetforge.config import (
    CONFIG_FILE,
    Settings,
    UserFile,
    config_folder,
    read_dollars,
    read_trusted,
    read_user_file,
    settle,
    trusted_by_environment,
)
from assetforge.errors import Problem, UsageError
from assetforge.report.finding import Finding, ok
from assetforge.words import count

SUBJECT = "settings"
LIMIT = "ASSETFORGE_MAX_USD"
MEND = "mend it, or take it away"
# Each variable is read by itself, as the settings read it.
VARIABLES: Mapping[str, Callable[[Mapping[str, str]], object]] = {
    LIMIT: partial(read_dollars, LIMIT),
    "OPENAI_BASE_URL": trusted_by_environment,
    "ASSETFORGE_TRUST": trusted_by_environment,
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Readable:
    """The settings without what can't be read, and `user`, the user's file: both have defaults in its place. Limits
    of money are told only where `knows_limits`."""

    settings: Settings
    user: UserFile
    knows_limits: bool
    faults: tuple[Finding, ...] = ()

    @property
    def file(self) -> Path:
        """Where the user's file is, or would be."""
        return self.settings.config_dir / CONFIG_FILE

    @property
    def told(self) -> tuple[Finding, ...]:
        """What is wrong with them; else where they are."""
        is_there = self.file.exists()
        return self.faults or (ok(SUBJECT, f"`{self.file}`" if is_there else f"there is no `{self.file}`: defaults"),)


def readable_settings(environ: Mapping[str, str]) -> Readable:
    """Reads each file and variable by itself. A base URL that is none stays: nobody else is asked in its place."""
    folder = config_folder(environ)
    user, faults = _tried(partial(read_user_file, folder / CONFIG_FILE))
    trusted, wrong = _tried(partial(read_trusted, folder))
    faults += wrong
    good = dict(environ)
    for name, read in VARIABLES.items():
        _, wrong = _tried(partial(read, {name: environ.get(name, "")}), name)
        if wrong:
            faults += wrong
            del good[name]
    settings = settle(good, folder, user=user or UserFile(), trusted=trusted or ())
    settings = replace(settings, openai_base_url=environ.get("OPENAI_BASE_URL") or None)
    knows_limits = user is not None and good.get(LIMIT) == environ.get(LIMIT)
    return Readable(settings, user or UserFile(), knows_limits, tuple(faults))


def _tried(read: Callable[[], T], name: str = "") -> tuple[T | None, list[Finding]]:
    """What was read, or one line of what is wrong; `name` is the variable's, which the line names."""
    try:
        return read(), []
    except UsageError as error:
        first, *others = error.problems
        more = f", and {count(len(others), 'mistake')} more" if others else ""
        named = f"`{name}`: " if name and name not in first.message else ""
        problem = Problem(f"{named}{first.message}{more}", first.where, first.hint or MEND)
    except OSError as error:
        problem = Problem(f"`{error.filename}` can't be read: {error.strerror}", None, MEND)
    return None, [Finding("fail", SUBJECT, problem)]
