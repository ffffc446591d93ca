"""What dead builds left: answers that were paid for are stored, and calls without an answer are told of."""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from assetforge.entry import RENDERED
from assetforge.errors import Problem, UsageError
from assetforge.events import Listener, Warned
from assetforge.plan.price import Prices
from assetforge.providers.access import find_access
from assetforge.providers.catalog import open_provider
from assetforge.providers.spec import CallFailed, ProviderTable
from assetforge.run.purchase import Bought, fulfil, tell_unanswered
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
    """Whether nothing of the call is open: its picture is kept now, or it had never left."""
    step = str(note.facts.get("step", "a picture"))
    # Whatever the dead build has told the ledger of this call is not told again.
    written = space.shelf.ledger.events_of(note.call)
    if not note.is_answered:
        return _forget(space, note, listen, written)
    try:
        bought = await _fulfil(space, note, written)
    except UsageError as error:
        told = f"the answer that an earlier build got for `{step}` can't be read here: {error}"
        listen(Warned(Problem(told, None, f"it stays in {note.folder}")))
        return False
    except (CallFailed, KeyError, TypeError, ValueError) as error:
        if not (isinstance(error, CallFailed) and error.answer is not None):
            _count(space, note, written)
        folder = quarantine(note, str(error))
        told = f"the answer that an earlier build got for `{step}` can't be used: {error}"
        listen(Warned(Problem(told, None, f"it is kept in {folder}")))
        return False
    note.drop()
    listen(Warned(Problem(f"`{step}` was paid for by a build that ended early: its picture is kept now", None)))
    for remark in bought.warnings:
        listen(Warned(Problem(f"`{step}`: {remark}", None)))
    return True


async def _fulfil(space: Workspace, note: Note, written: Collection[str]) -> Bought:
    name = str(note.facts.get("provider"))
    table = ProviderTable.model_validate(_table(note.facts), context=RENDERED)
    origin = find_access(name, table, space.settings, space.environ).origin
    provider = open_provider(name, table, space.settings, space.environ)
    try:
        prices = Prices.of({name: table}, {name: origin})
        with ThreadPoolExecutor(1) as pool:
            return await fulfil(provider, note, space.shelf, prices, pool=pool, written=written)
    finally:
        await provider.close()


def _forget(space: Workspace, note: Note, listen: Listener, written: Collection[str]) -> bool:
    """A note without an answer: the call had not left, or it may have been billed."""
    was_sent = note.facts.get("sent") is not False and note.facts.get("kind") != "draft"
    if was_sent:
        _count(space, note, written)
        step = str(note.facts.get("step", "a picture"))
        told = f"a build ended while `{step}` was being drawn: it may have been billed, and no answer came"
        listen(Warned(Problem(told, None, "this build asks for it again where it is needed")))
    note.drop()
    return not was_sent


def _count(space: Workspace, note: Note, written: Collection[str]) -> None:
    """Into the ledger with what a call may have cost; a note that does not even say what it was for is told of."""
    if not {"received", "unanswered"} & set(written):
        with suppress(KeyError, TypeError, ValueError):
            tell_unanswered(note, space.shelf.ledger, note.call)


def _table(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    table = facts.get("table")
    return table if isinstance(table, Mapping) else {}
