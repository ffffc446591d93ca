"""What dead builds left: answers that were paid for are stored, and calls without an answer are told of."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from assetforge.entry import RENDERED, Invalid
from assetforge.errors import AssetforgeError, Problem, UsageError
from assetforge.events import Listener, Warned
from assetforge.plan.price import Prices
from assetforge.providers.access import find_access
from assetforge.providers.catalog import open_provider
from assetforge.providers.spec import SIMULATED, UNFETCHED, CallFailed, Provider, ProviderTable
from assetforge.run.counter import Left
from assetforge.run.purchase import Bought, Decoding, fulfil, share, tell_unanswered
from assetforge.run.tiers import Tiers
from assetforge.store.documents import is_cost, is_digest
from assetforge.store.note import Note, quarantine
from assetforge.store.notes import dead
from assetforge.words import count, most, some
from assetforge.workspace import Workspace

ROOM = "see that there is room and that you may write there, and build again"


class Unopened(Exception):  # noqa: N818 - told as a warning
    """The provider that an answer came from can't be opened here, or what it links to can't be fetched now."""


@dataclass(slots=True)
class Told:
    """What is to be said of dead builds, together at the end: the steps of calls without an answer, with what they
    may have cost in US dollars, and those whose pictures are kept now."""

    lost: list[str] = field(default_factory=list)
    most: float = 0.0
    kept: list[str] = field(default_factory=list)


async def finish_dead_builds(
    space: Workspace, listen: Listener, unopened: dict[str, str], tiers: Tiers | None
) -> Left:
    """Every note that a build left behind: its answer is stored, or it is said to be maybe billed. Returns what is
    open; what is stored is shared with `tiers`. `unopened` are the calls, with the reasons, that this build could not
    read before: they are not tried, nor told of, again. Raises AssetforgeError for an answer that can't be stored
    now, since nothing may be bought before; OSError."""
    unanswered: dict[str, float | None] = {}
    stuck: dict[str, str] = {}
    told = Told()
    if not space.inflight.exists():
        return Left()
    try:
        for left in dead(space.inflight):
            try:
                for note in left.notes:
                    keys, price = note.facts.get("keys", ()), note.facts.get("price")
                    if note.call in unopened:
                        stuck |= dict.fromkeys(keys, unopened[note.call])
                        continue
                    with _claimed(space, note):
                        try:
                            if not await _finish(space, note, listen, told, tiers):
                                unanswered |= dict.fromkeys(keys, price)
                        except Unopened as error:
                            unopened[note.call] = str(error)
                            stuck |= dict.fromkeys(keys, str(error))
                            listen(Warned(Problem(str(error), None, f"it stays in {note.folder}")))
                for folder in left.quarantined:
                    words = "a note of an earlier call can't be read, and is kept in quarantine"
                    listen(Warned(Problem(words, None, f"look at {folder}")))
            finally:
                left.finish()
    finally:
        _say(told, listen)
    return Left(unanswered, stuck)


def _say(told: Told, listen: Listener) -> None:
    if told.lost:
        calls = count(len(told.lost), "call")
        words = f"{some(told.lost, 4)}: {calls} of a build that ended early may have been billed, and no answer came"
        hint = f"for at most {most(told.most)}; this build asks again where it is needed"
        listen(Warned(Problem(words, None, hint)))
    if told.kept:
        verb = "was" if len(told.kept) == 1 else "were"
        words = f"{some(told.kept, 4)} {verb} paid for by a build that ended early: what came is kept now"
        listen(Warned(Problem(words, None)))


@contextmanager
def _claimed(space: Workspace, note: Note) -> Iterator[None]:
    """Holds a call's keys while its answer is stored, as far as nobody has them: nobody asks for them meanwhile."""
    with ExitStack() as held:
        for key in note.facts.get("keys", ()):
            claim = space.claims.try_claim(key) if is_digest(key) else None
            if claim is not None:
                held.enter_context(claim)
        yield


async def _finish(space: Workspace, note: Note, listen: Listener, told: Told, tiers: Tiers | None) -> bool:
    """Whether nothing of the call is open: its picture is kept now, or it had never left. Raises Unopened."""
    step = str(note.facts.get("step", "a picture"))
    # Whatever the dead build has told the ledger of this call is not told again.
    written = space.shelf.ledger.events_of(note.call)
    if not note.is_answered:
        return _forget(space, note, told, written)
    try:
        bought = await _fulfil(space, note, written)
        # Another project's picture is no matter of this one's remote: its own next build shares it.
        if tiers is not None and note.facts.get("project") == space.project_id:
            bought = await share(bought, tiers, space.shelf)
    except (OSError, UsageError) as error:
        # It has to be stored before anything else is done: who went on would buy the same picture again.
        words = f"the answer that an earlier build got for `{step}` is kept, and can't be stored: {_words(error)}"
        raise AssetforgeError(words, hint=f"{ROOM}: nothing is paid twice; it is in {note.folder}") from error
    except (CallFailed, KeyError, TypeError, ValueError) as error:
        if isinstance(error, CallFailed) and error.reason == SIMULATED:
            note.drop()
            return True
        if isinstance(error, CallFailed) and error.reason == UNFETCHED:
            note.add(fetches=int(note.facts.get("fetches", 0)) + 1)
            told_later = f"the answer that an earlier build got for `{step}` is paid for: {error}"
            raise Unopened(told_later) from error
        if not (isinstance(error, CallFailed) and error.answer is not None):
            _count(space, note, written)
        folder = quarantine(note, str(error))
        words = f"the answer that an earlier build got for `{step}` can't be used: {error}"
        listen(Warned(Problem(words, None, f"it is kept in {folder}")))
        return False
    note.drop()
    told.kept.append(step)
    for remark in bought.warnings:
        listen(Warned(Problem(f"`{step}`: {remark}", None)))
    return True


async def _fulfil(space: Workspace, note: Note, written: Collection[str]) -> Bought:
    name = str(note.facts.get("provider"))
    provider, prices = _opened(space, note, name)
    try:
        with ThreadPoolExecutor(1) as pool:
            decoding = Decoding(pool, asyncio.Semaphore(1))
            return await fulfil(provider, note, space.shelf, prices, decoding=decoding, written=written)
    finally:
        await provider.close()


def _opened(space: Workspace, note: Note, name: str) -> tuple[Provider, Prices]:
    """The provider that a note names, as it was then. Raises Unopened."""
    try:
        table = ProviderTable.model_validate(_table(note.facts), context=RENDERED)
        origin = find_access(name, table, space.settings, space.environ).origin
        provider = open_provider(name, table, space.settings, space.environ)
    except (UsageError, Invalid) as error:
        step = note.facts.get("step", "a picture")
        told = f"the answer that an earlier build got for `{step}` can't be read here: {error}"
        raise Unopened(told) from error
    return provider, Prices.of({name: table}, {name: origin})


def _forget(space: Workspace, note: Note, told: Told, written: Collection[str]) -> bool:
    """A note without an answer: the call had not left, or it may have been billed."""
    was_sent = note.facts.get("sent") is not False and note.facts.get("kind") != "draft"
    if was_sent:
        _count(space, note, written)
        told.lost.append(str(note.facts.get("step", "a picture")))
        price, keys = note.facts.get("price"), note.facts.get("keys", ())
        told.most += price * len(keys) if is_cost(price) and price is not None else 0.0
    note.drop()
    return not was_sent


def _count(space: Workspace, note: Note, written: Collection[str]) -> None:
    """Into the ledger with what a call may have cost; a note that does not even say what it was for is told of."""
    if not {"received", "unanswered"} & set(written):
        with suppress(KeyError, TypeError, ValueError):
            tell_unanswered(note, space.shelf.ledger, note.call)


def _words(error: OSError | UsageError) -> str:
    return str(error) if isinstance(error, UsageError) else (error.strerror or str(error)).lower()


def _table(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    table = facts.get("table")
    return table if isinstance(table, Mapping) else {}
