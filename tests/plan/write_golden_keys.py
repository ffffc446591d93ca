"""Writes the keys of new golden manifests: `python -m tests.plan.write_golden_keys`.

A key that is written stays: everyone who bought under it would buy again. `--change` rewrites those that changed
all the same, which is right only before a release that nobody has.
"""

import sys

from tests.plan.golden_keys import NAME, changed, given, manifests, text


def main(arguments: list[str]) -> int:
    """Writes what may be written; 1 where a key changed and may not."""
    refused = []
    for folder in manifests():
        differences = changed(folder)
        if differences and "--change" not in arguments:
            refused += differences
            continue
        new, file = text(given(folder)), folder / NAME
        if not file.exists() or file.read_text("utf-8") != new:
            file.write_text(new, "utf-8")
            print(f"wrote {folder.name}")
    print("\n".join(refused), end="\n" if refused else "")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
