"""What must hold before anything is started: every refusal, every missing consent, before the first paid call."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from assetforge.check import cost_of, lost, missing, unlocked
from assetforge.config import Settings, is_loopback
from assetforge.errors import BudgetError, Disagreement, ManifestError, NotCurrent, Problem, UsageError
from assetforge.graph.requests import provider_tables
from assetforge.manifest.load import Manifest
from assetforge.model import Failure, Fresh, Paid, Rendition
from assetforge.outputs.place import Guard, Places, users_problem
from assetforge.paths import PathError, fold
from assetforge.plan.forecast import Forecast, Purchase
from assetforge.plan.lost import ADOPT, FETCH, NOT_PULLED, PULL, is_by_hand, unpulled_sources
from assetforge.plan.walk import FileState, OnMiss
from assetforge.providers.catalog import open_provider
from assetforge.providers.spec import Provider
from assetforge.run.approval import CENT_PART, EVERYTHING, Approval
from assetforge.run.budget import SAY_THE_PRICE, Budget
from assetforge.store.notes import builds, noted
from assetforge.words import count, most
from assetforge.workspace import Workspace

DEFAULT_CONFIRM_USD = 1.00
LOOK_AGAIN = "look at it again: nothing was bought"

Consent = Callable[[Forecast, str], bool]


@dataclass(frozen=True, slots=True)
class Options:
    """What a build is asked for. `consent` is who to ask before spending more than is spent unasked; None where
    there is nobody. `approval` says what may be asked for at all. `remote` is the one to use, whatever is said
    elsewhere. Money in US dollars."""

    select: tuple[str, ...] = ()
    on_miss: OnMiss = "call"
    locked: bool = False
    max_cost: float | None = None
    yes: bool = False
    guard: Guard = "ask"
    reencode: bool = False
    rebuy_lost: bool = False
    retry_refused: bool = False
    fail_fast: bool = False
    verify: bool = False
    profile: str | None = None
    jobs: int | None = None
    remote: str | None = None
    consent: Consent | None = None
    approval: Approval = EVERYTHING


def broken(forecast: Forecast) -> list[Failure]:
    """Instances with a step that can't be, as far as is known before anything is made: none of their pictures is
    bought."""
    refused = forecast.walk.refused
    found = []
    for name in forecast.selected:
        instance = forecast.walk.graph.instances[name]
        own = (*instance.paid, *instance.outputs, instance.final.step)
        wrong = [refused[step] for step in own if step in refused]
        found += [Failure(name, problem) for problem in wrong[:1]]
    return found


def obstacles(forecast: Forecast, places: Places) -> list[Failure]:
    """Every instance with an output that could not be placed, before anything is paid for."""
    if all(map(_is_current, forecast.walk.files.values())):
        return []
    users: dict[str, list[Rendition]] = {}
    found: list[Failure] = []
    taken: dict[str, str] = {}
    folders: dict[str, str] = {}
    for name, state in forecast.walk.files.items():
        step = forecast.walk.graph.steps[name]
        assert isinstance(step, Rendition)
        try:
            real = places.real(step.path, folders)
        except PathError as error:
            found.append(Failure(step.instance, Problem(error.message, step.where, error.hint)))
            continue
        problem = _shared_place(step, taken.setdefault(fold(real), step.path))
        if problem is None and not _is_current(state):
            wanted = state.decision.record.media.digest if isinstance(state.decision, Fresh) else ""
            problem = places.obstacle(step.path, real, step.where, wanted)
            if problem is not None and places.is_users(step.path, real, wanted):
                users.setdefault(step.instance, []).append(step)
                continue
        if problem is not None:
            found.append(Failure(step.instance, problem))
    theirs = [
        Failure(name, users_problem([step.path for step in steps], steps[0].where)) for name, steps in users.items()
    ]
    return [*found, *theirs]


def _shared_place(step: Rendition, other: str) -> Problem | None:
    if other == step.path:
        return None
    told = f"`{step.path}` and `{other}` are one place, by way of a link"
    return Problem(told, step.where, "choose another path")


def _is_current(state: FileState) -> bool:
    return isinstance(state.decision, Fresh) and state.decision.origin == "file"


def refuse(space: Workspace, forecast: Forecast, options: Options) -> None:
    """What may not be done in this build, said before anything is done. Raises AssetforgeError."""
    _check_originals(space)
    if options.locked and options.profile:
        raise UsageError("--locked and --profile exclude each other: a profile has no lock")
    if options.locked:
        _refuse_unlocked(space, forecast)
    elif options.on_miss == "fail":
        _refuse_missing(forecast)
    require_sources(forecast)
    _refuse_other_prices(forecast, options.approval)


def require_sources(forecast: Forecast) -> None:
    """Raises ManifestError for source files that something needs, and of which only a pointer is here."""
    found = unpulled_sources(forecast.walk, [name for name, _ in forecast.again])
    if found:
        raise ManifestError([Problem(f"`{step.path}` {NOT_PULLED}", step.where, PULL) for step in found])


def _refuse_other_prices(forecast: Forecast, approval: Approval) -> None:
    """What was approved is bought as it was shown, or not at all. Raises BudgetError."""
    if approval.approved is None:
        return
    now = {item.key: item.price for item in forecast.purchases if item.sure}
    for key, price in approval.approved.items():
        if key not in now and forecast.blocked:
            raise UsageError.of([failure.problem for failure in forecast.blocked])
        if key not in now:
            raise BudgetError("the request is another one by now, or is not missing any more", hint=LOOK_AGAIN)
        other = now[key]
        if other is None or abs(other - price) > CENT_PART:
            told = "a price that is not known" if other is None else most(other)
            raise BudgetError(f"it was approved for {most(price)}, and would cost {told}", hint=LOOK_AGAIN)


def has_lost_records(space: Workspace) -> bool:
    """Whether the ledger tells of pictures, and the store has no record of any."""
    if space.shelf.records.exists():
        return False
    # A build that was killed before its first record left a note of the call: that is finished first.
    open_calls = {note.call for build in builds(space.inflight) for note in noted(build)}
    return any(entry.event == "stored" and entry.call not in open_calls for entry in space.shelf.ledger.read())


def refuse_to_buy_blindly(space: Workspace) -> None:
    """Who went on without records would buy everything again. Raises UsageError."""
    told = f"the records of the store in `{space.data}` are gone, and its ledger tells of bought pictures"
    raise UsageError(told, hint="run `assetforge cache repair`: it makes them again, and nothing is bought twice")


def _refuse_unlocked(space: Workspace, forecast: Forecast) -> None:
    found, nowhere = unlocked(space, forecast), lost(forecast)
    problems = []
    if found:
        name = os.path.basename(space.lock_path)
        told = "the manifest asks for what the lock does not have" if space.lock.text else f"there is no `{name}`"
        told += f": {buying}" if (buying := cost_of(found).told) else ", and nothing would have to be bought"
        problems.append(Problem(told, None, f"run `assetforge build` where it may buy, and commit `{name}`"))
    problems += _lost_problems(forecast, nowhere)
    if problems:
        raise NotCurrent(problems, [*found, *nowhere])


def _refuse_missing(forecast: Forecast) -> None:
    """Raises NotCurrent where a picture would have to be made that costs anything, or is lost."""
    found, nowhere = missing(forecast), lost(forecast)
    problems = _lost_problems(forecast, nowhere)
    if found:
        told = cost_of(found).told or f"{count(len(found), 'picture')} would have to be drawn, for nothing"
        problems.insert(0, Problem(told, None, "run `assetforge build` without `--on-miss fail`"))
    if problems:
        raise NotCurrent(problems, [*found, *nowhere])


def _lost_problems(forecast: Forecast, nowhere: Sequence[Disagreement]) -> list[Problem]:
    """What is said of pinned pictures that are not here, of those made by hand, and of those that are not pulled."""
    again, unpulled = cost_of(nowhere), sum(bool(what.pointer) for what in forecast.lost.values())
    by_hand = sum(is_by_hand(what) and not what.pointer for what in forecast.lost.values())
    problems = []
    if again.pictures:
        told = f"{count(again.pictures, 'picture')} pinned by the lock, and nowhere to be found"
        hint = f"{FETCH}, or build with --rebuy-lost where it may buy, {again.price}"
        problems.append(Problem(told, None, hint))
    if by_hand:
        told = f"{count(by_hand, 'picture')} made by hand, and nowhere to be found"
        problems.append(Problem(told, None, ADOPT))
    if unpulled:
        told = f"{count(unpulled, 'picture')} pinned by the lock, and not pulled from Git LFS"
        problems.append(Problem(told, None, PULL))
    return problems


def _check_originals(space: Workspace) -> None:
    folder = space.manifest.table.cache.originals
    try:
        if folder is not None:
            space.root.clean(folder)
    except PathError as error:
        raise ManifestError(
            [Problem(error.message, space.manifest.where("cache", "originals"), error.hint)]
        ) from None


def limit(manifest: Manifest, settings: Settings, options: Options) -> float | None:
    """The lowest of every limit there is."""
    return min(_limits(manifest, settings, options).values(), default=None)


def limit_name(manifest: Manifest, settings: Settings, options: Options) -> str:
    """Where the lowest limit stands, "" where there is none."""
    found = _limits(manifest, settings, options)
    return min(found, key=lambda name: found[name], default="")


def _out_of_place(space: Workspace, opened: Mapping[str, Provider]) -> list[Problem]:
    """Real providers whose pictures would be kept in a rehearsal's store, which is thrown away."""
    if not space.shelf.rehearsal:
        return []
    real = [name for name in opened if opened[name].kind == "images-api" and not is_loopback(space.origins[name])]
    told = "would be asked for real pictures, and this store is for a rehearsal"
    return [Problem(f"`{name}` {told}", None, "unset ASSETFORGE_CACHE_DIR") for name in real]


def _limits(manifest: Manifest, settings: Settings, options: Options) -> dict[str, float]:
    named = {
        "`--max-cost`": options.max_cost,
        f"`max_usd_per_build` of `{manifest.file}`": manifest.table.budget.max_usd_per_build,
        settings.max_usd_name: settings.max_usd,
    }
    return {name: limit for name, limit in named.items() if limit is not None}


def ask_consent(space: Workspace, forecast: Forecast, options: Options, budget: Budget) -> None:
    """More than a little is spent only when somebody said so, and nothing twice. Raises BudgetError."""
    if options.yes or options.approval.is_for_single_calls:
        return
    again = [item for item in forecast.purchases if item.key and space.lock.paid("", "", item.key)]
    if again:
        _ask_to_buy_again(forecast, again, options)
    if not forecast.purchases:
        return
    total = forecast.high if budget.limit is None else min(forecast.high, budget.limit)
    if forecast.unpriced == 0 and (total <= confirm_limit(space) or options.max_cost is not None):
        return
    told = f"{count(len(forecast.purchases), 'picture')} would be bought, {_for(forecast, total)}"
    if forecast.unpriced and budget.limit is not None:
        raise BudgetError(f"{told}: {budget.name} needs known prices", hint=SAY_THE_PRICE)
    if options.consent is None:
        hint = (
            f"{SAY_THE_PRICE}, or pass --yes"
            if forecast.unpriced
            else "pass --yes, or --max-cost with the most it may cost"
        )
        raise BudgetError(f"{told}, and there is nobody to ask", hint=hint)
    if not options.consent(forecast, told):
        raise BudgetError("nothing was bought")


def _for(forecast: Forecast, limit: float) -> str:
    unknown = forecast.unpriced
    if unknown == len(forecast.purchases):
        return "for a price that is not known"
    more = f", and {count(unknown, 'price')} {'is' if unknown == 1 else 'are'} not known" if unknown else ""
    return f"for at most {most(limit)}{more}"


def _ask_to_buy_again(forecast: Forecast, again: Sequence[Purchase], options: Options) -> None:
    """What was paid for once is paid for again only where that was said of just these pictures."""
    unknown = sum(item.price is None for item in again)
    total = most(sum(item.price or 0.0 for item in again)) + (" and more" if unknown else "")
    told = f"{count(len(again), 'lost picture')} would be bought again, for {total}"
    others = [item for item in forecast.purchases if item not in again]
    if others:
        more = most(sum(item.price or 0.0 for item in others))
        told += f", and {count(len(others), 'picture')} beside, for at most {more}"
    if options.consent is None:
        raise BudgetError(told, hint="pass --yes")
    if not options.consent(forecast, told):
        raise BudgetError("nothing was bought")


def confirm_limit(space: Workspace) -> float:
    """Above it a build asks, in US dollars. A manifest can only lower what the user said, or the default."""
    own = space.settings.confirm_usd
    user = DEFAULT_CONFIRM_USD if own is None else own
    manifest = space.manifest.table.budget.confirm_usd
    return user if manifest is None else min(user, manifest)


def open_providers(space: Workspace, forecast: Forecast) -> dict[str, Provider]:
    """The providers that would be asked, each with all it needs. Raises UsageError where a key or trust is
    missing, before anything is started."""
    tables, _ = provider_tables(space.manifest)
    steps = (forecast.walk.graph.steps[name] for name in (*(item.step for item in forecast.purchases),
                                                          *(name for name, _ in forecast.again)))  # fmt: skip
    names = dict.fromkeys(step.settings.provider for step in steps if isinstance(step, Paid))
    opened = {name: open_provider(name, tables[name], space.settings, space.environ) for name in names}
    problems = [problem for problem in (provider.ready() for provider in opened.values()) if problem is not None]
    problems += _out_of_place(space, opened)
    if problems:
        raise UsageError.of(problems)
    return opened
