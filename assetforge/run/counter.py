"""Who may be asked and for how much, and what was done: what a build's paid calls share."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assetforge.model import Record
from assetforge.plan.price import Prices
from assetforge.providers.spec import Provider, ProviderTable
from assetforge.run.approval import Approval
from assetforge.run.budget import Budget
from assetforge.run.drafts import Drafts
from assetforge.run.limits import Arrivals
from assetforge.run.shelf import Shelf
from assetforge.run.tiers import Tiers
from assetforge.store.claims import Claims
from assetforge.store.leases import Leases
from assetforge.store.month import Month
from assetforge.store.notes import Notes
from assetforge.store.rates import Rates
from assetforge.store.refusals import Refusals


@dataclass(frozen=True, slots=True)
class Left:
    """What dead builds left that is open, by action key: the prices of calls without an answer, in US dollars (None
    where nobody knows), and why answers that are here can't be read."""

    unanswered: Mapping[str, float | None] = field(default_factory=dict)
    stuck: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counter:
    """Providers by name with their tables and origins, what they cost, and where calls are noted and claimed.
    `inflight` has the notes of all builds, `has_others` says whether there are any but this one. `asked` maps keys to
    the provider that was chosen for them: one key in two entries is one call. `recover` finishes what builds left
    that died meanwhile, and gives what is open. `approval` says which keys may be asked for at all. `month` is None
    where the user set no limit for it. `tiers` and `leases` are None where there is no remote, or none that may be
    written to. `project` is the state's name, `title` what people call it."""

    providers: Mapping[str, Provider]
    tables: Mapping[str, ProviderTable]
    origins: Mapping[str, str]
    asked: Mapping[str, str]
    prices: Prices
    shelf: Shelf
    notes: Callable[[], Notes]
    inflight: Path
    has_others: Callable[[], bool]
    recover: Callable[[], Awaitable[Left]]
    claims: Claims
    refusals: Refusals
    rates: Rates
    budget: Budget
    approval: Approval
    month: Month | None
    project: str
    title: str
    drafts: Drafts
    tiers: Tiers | None = None
    leases: Leases | None = None
    arrivals: Arrivals = field(default_factory=Arrivals)


@dataclass(slots=True)
class Tally:
    """What was done, for the report."""

    calls: int = 0
    bought: set[str] = field(default_factory=set)
    rendered: dict[str, Record] = field(default_factory=dict)
    placed: dict[str, str] = field(default_factory=dict)
    stopped: str = ""
