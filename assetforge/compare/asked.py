"""What a state's pictures were asked for with, by whoever knows it: the store's record, the ledger, the manifest of
that state; unaware of what is compared with what.
"""

from collections.abc import Callable
from functools import cached_property

from assetforge.compare.making import Making, makings
from assetforge.model import Graph, Ingredients, Paid, Record
from assetforge.store.bought import bought
from assetforge.workspace import Workspace

# What does not come from the words of a manifest alone.
BOUND = frozenset({"candidate", "inputs", "mask", "sent"})


class Bills:
    """What the store and the ledger tell of keys. The ledger is read when the store does not know one."""

    def __init__(self, space: Workspace) -> None:
        self._space = space

    def of(self, key: str) -> Ingredients:
        """What was asked for under a paid key, or what a rendition is made of; nothing where it is forgotten. Raises
        UsageError where the store can't be read."""
        known = self._space.shelf.records.get(key)
        if known is not None and known.ingredients:
            return known.ingredients
        return self._ledger.get(key, ())

    @cached_property
    def _ledger(self) -> dict[str, Ingredients]:
        found = bought(self._space.shelf.ledger)
        return {key: told for key, every in found.items() for one in every if (told := one.ingredients)}


class Asked:
    """One state. `read_graph` makes the graph of its manifest, once, when somebody needs it."""

    def __init__(self, bills: Bills, read_graph: Callable[[], Graph | None]) -> None:
        self._bills = bills
        self._read_graph = read_graph
        self.has_looked = False

    @cached_property
    def graph(self) -> Graph | None:
        """The graph of the state's manifest, None where nothing can be made of it."""
        self.has_looked = True
        return self._read_graph()

    @cached_property
    def _makings(self) -> dict[str, Making]:
        return makings(self.graph) if self.graph is not None else {}

    def making(self, name: str) -> Making | None:
        """How an instance is made, None where the manifest does not tell."""
        return self._makings.get(name)

    def record(self, key: str) -> Ingredients:
        """What a key is made of, as the store or the ledger tells it."""
        return self._bills.of(key)

    def request(self, step: str, record: Record) -> Ingredients:
        """What a paid step was asked for with; of what nobody bought for it what its manifest asks for."""
        told = self._bills.of(record.key) if record.by != "by hand" else ()
        if told or self.graph is None:
            return told
        planned = self.graph.steps.get(step)
        return _planned(planned) if isinstance(planned, Paid) else ()


def _planned(step: Paid) -> Ingredients:
    """What a manifest alone tells of a request, by the names that a bought one has."""
    settings = step.settings
    size = () if step.request_size is None else (("size", str(step.request_size)),)
    return (
        ("operation", step.operation),
        ("model", settings.model),
        ("prompt", step.prompt),
        *size,
        ("quality", settings.quality),
        ("background", settings.background),
        ("format", settings.format),
        ("revision", step.revision),
    )
