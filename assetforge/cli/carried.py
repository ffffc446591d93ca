"""How `cache push` and `cache pull` tell what they carried."""

from typing import TYPE_CHECKING, Literal

from assetforge.cli.options import Run
from assetforge.errors import AssetforgeError, Problem
from assetforge.words import count

if TYPE_CHECKING:
    from assetforge.carrying import Carried

DID = {"push": ("sent to", "not here, and not there"), "pull": ("fetched from", "not there, and not here")}


def show_carried(run: Run, name: Literal["push", "pull"], done: "Carried") -> int:
    """Prints it, and returns the exit code: 1 where something is nowhere, or the remote could not do its part."""
    did, nowhere = DID[name]
    errors = []
    if done.lacking:
        told = f"{count(len(done.lacking), 'picture')} that the lock names: {nowhere}"
        shown = ", ".join(digest[:12] for digest in done.lacking[:5])
        errors.append(Problem(told, None, f"the first of them: {shown}; a machine that has them can push them"))
    code = AssetforgeError.exit_code if errors or done.remarks else 0
    if run.console.as_json:
        told_object = {
            "remote": done.remote, "carried": done.carried, "there": done.there, "lacking": list(done.lacking),
        }  # fmt: skip
        return run.emit(f"cache {name}", told_object, code, warnings=done.remarks, errors=errors)
    run.console.print(f"{count(done.carried, 'picture')} {did} {done.remote}, {done.there:,} there already")
    run.show("warning", done.remarks)
    run.show("error", errors)
    return code
