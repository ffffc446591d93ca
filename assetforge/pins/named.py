"""What `ASSET` and `ASSET:STEP` on the command line stand for; unaware of what is done with it."""

from assetforge.errors import UsageError
from assetforge.graph.select import select
from assetforge.model import Graph, Paid
from assetforge.words import did_you_mean, some

NOTHING_PAID = "change its `source`, or the file itself: what is made from it here costs nothing"


def paid_steps(graph: Graph, text: str) -> list[Paid]:
    """The paid steps that are meant, in the graph's order: of all instances of an asset where only that is named, and
    all of them where no step is. Raises UsageError where there is none."""
    asset, name = _parted(text)
    every = [step for one in select(graph, (asset,)) for step in _own(graph, one)]
    if not every:
        raise UsageError(f"`{asset}` has no paid step", hint=NOTHING_PAID)
    found = [step for step in every if name in ("", step.name)]
    if not found:
        names = list(dict.fromkeys(step.name for step in every))
        raise UsageError(f"`{asset}` has no paid step `{name}`", hint=did_you_mean(name, names, "paid steps"))
    return found


def paid_steps_of_one(graph: Graph, text: str) -> list[Paid]:
    """The same of one instance. Raises UsageError for several as well."""
    found = paid_steps(graph, text)
    instances = list(dict.fromkeys(step.instance for step in found))
    if len(instances) > 1:
        asset, _ = _parted(text)
        raise UsageError(f"`{asset}` stands for {len(instances):,} instances", hint=f"name one of {some(instances)}")
    return found


def _own(graph: Graph, instance: str) -> list[Paid]:
    steps = (graph.steps[name] for name in graph.instances[instance].paid)
    return [step for step in steps if isinstance(step, Paid)]


def _parted(text: str) -> tuple[str, str]:
    """An instance and a step, "" where none is named. What an axis shows may hold a colon."""
    asset, bracket, rest = text.rpartition("]")
    if not bracket:
        asset, _, step = text.partition(":")
        return asset, step
    return (f"{asset}]", rest.removeprefix(":")) if not rest or rest.startswith(":") else (text, "")
