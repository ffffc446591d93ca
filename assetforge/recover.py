"""What dead builds left: answers that were paid for are stored, and calls without an answer are told of."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from assetforge.entry import RENDERED
from assetforge.errors import Problem, UsageError
from assetforge.events import Listener, Warned
from assetforge.providers.catalog import open_provider
from assetforge.providers.spec import CallFailed, ProviderTable
from assetforge.run.purchase import fulfil
from assetforge.store.documents import is_digest
from assetforge.store.notes import Note, dead, quarantine
from assetforge.workspace import Workspace


async def finish_dead_builds(space: Workspace, listen: Listener) -> dict[str, float | None]:
    """Every note that a build left behind: its answer is stored, or it is said to be maybe billed. Returns the keys
    of calls that gave no picture, each with its price in US dollars (None where nobody knows)."""
    unanswered: dict[str, float | None] = {}
    if not space.inflight.exists():
        return unanswered
    for left in dead(space.inflight):
        try:
            for note in left.notes:
                with _claimed(space, note):
                    if not await _finish(space, note, listen):
                        unanswered |= dict.fromkeys(note.facts.get("keys", ()), note.facts.get("price"))
            for folder in left.quarantined:
                told = "a note of an earlier call can't be read, and is kept in quarantine"
                listen(Warned(Problem(told, None, f"look at {folder}")))
        finally:
            left.finish()
    return unanswered


@contextmanager
def _claimed(space: Workspace, note: Note) -> Iterator[None]:
    """Holds a call's keys while its answer is stored, as far as nobody has them: nobody asks for them meanwhile."""
    keys = [key for key in note.facts.get("keys", ()) if is_digest(key)]
    claims = [space.claims.try_claim(key) for key in keys]
    try:
        yield
    finally:
        for claim in claims:
            if claim is not None:
                claim.release()


async def _finish(space: Workspace, note: Note, listen: Listener) -> bool:
    """Whether the call's picture is kept now."""
    facts = note.facts
    step = str(facts.get("step", "a picture"))
    if not note.body.exists() and not (note.folder / "body.part").exists():
        if facts.get("kind") != "draft":
            told = f"a build ended while `{step}` was being drawn: it may have been billed, and no answer came"
            listen(Warned(Problem(told, None, "this build asks for it again where it is needed")))
        note.drop()
        return False
    try:
        table = ProviderTable.model_validate(_table(facts), context=RENDERED)
        provider = open_provider(str(facts.get("provider")), table, space.settings, space.environ)
        try:
            # Whatever the dead build has told the ledger of this call is not told again.
            written = space.shelf.ledger.events_of(note.call)
            bought = await fulfil(provider, note, note.call, space.shelf, written=written)
        finally:
            await provider.close()
    except UsageError as error:
        told = f"the answer that an earlier build got for `{step}` can't be read here: {error}"
        listen(Warned(Problem(told, None, f"it stays in {note.folder}")))
        return False
    except (CallFailed, KeyError, TypeError, ValueError) as error:
        folder = quarantine(note, str(error))
        told = f"the answer that an earlier build got for `{step}` can't be used: {error}"
        listen(Warned(Problem(told, None, f"it is kept in {folder}")))
        return False
    note.drop()
    listen(Warned(Problem(f"`{step}` was paid for by a build that ended early: its picture is kept now", None)))
    for remark in bought.warnings:
        listen(Warned(Problem(f"`{step}`: {remark}", None)))
    return True


def _table(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    table = facts.get("table")
    return table if isinstance(table, Mapping) else {}
