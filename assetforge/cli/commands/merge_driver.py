"""`assetforge merge-driver`: three locks merged into one, as git asks for it; the merge is `outputs/merge`'s."""

import os
from collections.abc import Mapping

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.errors import AssetforgeError, UsageError
from assetforge.outputs.lock import LockLine, read_lock, write_lock
from assetforge.outputs.merge import merge_lines
from assetforge.words import some

HINT = "git calls it a conflict; when all can be read, `git checkout --merge -- assets.lock` merges it again"


@click.command("merge-driver", short_help="Merge the locks of two branches; git calls it.")
@click.argument("base")
@click.argument("ours")
@click.argument("theirs")
@shared.common
@pass_run
def command(run: Run, base: str, ours: str, theirs: str) -> int:
    """Merges the locks OURS and THEIRS, which both came from BASE, into OURS. Git calls it when it merges, once
    `assetforge init --git` was run in the clone; there is no need to call it yourself.

    Nothing that either side bought is lost. Where both changed the same place ours stays, and theirs is set aside in
    a line of its own, from which the next build takes what the manifest asks for. Where a lock can't be read nothing
    is written, and the exit code is 1: git then merges it as text, and calls it a conflict.
    """
    paths = [os.path.normpath(os.path.join(run.start, path)) for path in (base, ours, theirs)]
    before = {} if _is_empty(paths[0]) else _read(paths[0], "before both sides")
    merge = merge_lines(before, _read(paths[1], "on our side"), _read(paths[2], "on their side"))
    write_lock(paths[1], merge.lines)
    if run.console.as_json:
        return run.emit("merge-driver", {"lines": len(merge.lines), "set_aside": list(merge.doubled)})
    if merge.doubled:
        run.console.tell(f"both sides changed {some(merge.doubled)}: `assetforge build` takes what is asked for")
    return 0


def _is_empty(path: str) -> bool:
    """Whether there was no lock before: git gives an empty file where both sides added one."""
    try:
        return os.path.getsize(path) == 0
    except FileNotFoundError:
        return True


def _read(path: str, side: str) -> Mapping[str, LockLine]:
    if not os.path.lexists(path):
        raise AssetforgeError(f"there is no lock `{path}`", hint="git calls this with three files that are there")
    try:
        return read_lock(path).lines
    except UsageError as error:
        raise AssetforgeError(f"{error.problems[0].message}, {side}", hint=HINT) from None
