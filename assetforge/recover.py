"""What dead builds left: answers that were paid for are stored, and calls without an answer are told of."""

from collections.abc import Mapping
from typing import Any

from assetforge.entry import RENDERED
from assetforge.errors import Problem
from assetforge.events import Listener, Warned
from assetforge.providers.catalog import open_provider
from assetforge.providers.spec import CallFailed, ProviderTable
from assetforge.run.purchase import fulfil
from assetforge.store.notes import Note, dead, quarantine
from assetforge.workspace import Workspace


async def finish_dead_builds(space: Workspace, listen: Listener) -> None:
    """Every note that a build left behind: its answer is stored, or it is said to be maybe billed."""
    if not space.inflight.exists():
        return
    for left in dead(space.inflight):
        try:
            for note in left.notes:
                await _finish(space, note, listen)
            for folder in left.quarantined:
                told = "a note of an earlier call can't be read, and is kept in quarantine"
                listen(Warned(Problem(told, None, f"look at {folder}")))
        finally:
            left.finish()


async def _finish(space: Workspace, note: Note, listen: Listener) -> None:
    facts = note.facts
    step = str(facts.get("step", "a picture"))
    if not note.body.exists() and not (note.folder / "body.part").exists():
        if facts.get("kind") != "draft":
            told = f"a build ended while `{step}` was being drawn: it may have been billed, and no answer came"
            listen(Warned(Problem(told, None, "this build asks for it again where it is needed")))
        note.drop()
        return
    try:
        table = ProviderTable.model_validate(_table(facts), context=RENDERED)
        provider = open_provider(str(facts.get("provider")), table, space.settings, space.environ)
        try:
            await fulfil(provider, note, note.call, space.shelf)
        finally:
            await provider.close()
    except (CallFailed, KeyError, ValueError) as error:
        folder = quarantine(note, str(error))
        told = f"the answer that an earlier build got for `{step}` can't be used: {error}"
        listen(Warned(Problem(told, None, f"it is kept in {folder}")))
        return
    note.drop()
    listen(Warned(Problem(f"`{step}` was paid for by a build that ended early: its picture is kept now", None)))


def _table(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    table = facts.get("table")
    return table if isinstance(table, Mapping) else {}
