"""Writes what every mistake is told as into its golden file, and shows what changed: `python -m
tests.errors.write_goldens`. Read the difference as a user would before it is kept.
"""

import sys
from difflib import unified_diff
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.errors.cases import FOLDER, cases, tell


def main() -> None:
    """Prints one difference for each file that changes."""
    for case in cases():
        with TemporaryDirectory() as folder:
            told = tell(case, Path(folder))
        before, after = case.told.splitlines(keepends=True), told.splitlines(keepends=True)
        sys.stdout.writelines(unified_diff(before, after, case.name, case.name))
        (FOLDER / f"{case.name}.txt").write_text(f"{case.given}--- told\n{told}", "utf-8", newline="")


if __name__ == "__main__":
    main()
