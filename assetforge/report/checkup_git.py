"""Does this clone know how locks are merged? .gitattributes comes with a clone, git's own settings do not."""

from collections.abc import Iterator

from assetforge.errors import UsageError
from assetforge.git import DRIVER, ask_git, driver_starts
from assetforge.report.finding import Finding, ok, warn

SUBJECT = "git"


def git_findings(folder: str, lock: str) -> Iterator[Finding]:
    """What there is to say of a project in a repository that merges its lock by assetforge; nothing of others."""
    try:
        told = ask_git(folder, "check-attr", "-z", "merge", "--", lock).stdout.split("\0")
        if told[2:3] != ["assetforge"]:
            return
        driver = ask_git(folder, "config", "--get", DRIVER).stdout.strip()
        is_working = bool(driver) and driver_starts(folder, driver)
    except UsageError:  # without git nothing is merged
        return
    if is_working:
        yield ok(SUBJECT, f"`{lock}` is merged by assetforge")
    elif driver:
        yield warn(SUBJECT, f"what merges `{lock}` does not start", "run `assetforge init --git`")
    else:
        yield warn(SUBJECT, f"this clone does not know how `{lock}` is merged", "run `assetforge init --git`")
