"""The selection language: names and globs, `tag:`, `output:`, `+` after for dependents, `!` to take away."""

import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence

from assetforge.errors import UsageError
from assetforge.graph.matrix import Cell
from assetforge.graph.references import BadReference, parse_reference
from assetforge.model import Graph, Instance, Rendition, Source
from assetforge.words import did_you_mean


def select(graph: Graph, patterns: Sequence[str]) -> tuple[str, ...]:
    """The instances that patterns mean, in manifest order; all of them where there are no patterns. Raises
    UsageError for a pattern that matches nothing, and for patterns that together leave nothing."""
    chosen: set[str] = set() if any(not pattern.startswith("!") for pattern in patterns) else set(graph.instances)
    for pattern in patterns:
        away = pattern.startswith("!")
        body = pattern.removeprefix("!").removeprefix("+")
        after = body.endswith("+")
        found = _matching(graph, body.removesuffix("+"))
        if not found:
            raise UsageError(f"`{pattern}` matches no asset", hint=_hint(graph, body))
        if after:
            found |= _dependents(graph, found)
        chosen = chosen - found if away else chosen | found
    if patterns and not chosen:
        raise UsageError(f"`{' '.join(patterns)}` leaves no asset", hint="take less away")
    return tuple(name for name in graph.instances if name in chosen)


def _matching(graph: Graph, body: str) -> set[str]:
    test = _test(graph, body)
    return {name for name, instance in graph.instances.items() if test(instance)}


def _test(graph: Graph, body: str) -> Callable[[Instance], bool]:
    kind, colon, rest = body.partition(":")
    if colon and kind == "tag":
        return lambda instance: any(_glob(rest).match(tag) for tag in instance.tags)
    if colon and kind == "output":
        pattern = _glob(rest)
        return lambda instance: any(pattern.match(path) for path in _paths(graph, instance))
    if "[" not in body:
        pattern = _glob(body)
        return lambda instance: bool(pattern.match(instance.asset))
    try:
        reference = parse_reference("@" + re.sub(r"[*?]", "_", body.partition("[")[0]) + "[" + body.partition("[")[2])
    except BadReference as error:
        hint = (error.hint or "").replace("@", "")
        raise UsageError(f"`{body}` can't be read as a selection", hint=hint or None) from None
    pattern = _glob(body.partition("[")[0])
    wanted = {axis: _glob(text) for axis, text in reference.axes.items()}
    return lambda instance: (
        bool(pattern.match(instance.asset))
        and all(text.match(_shown(instance, axis)) for axis, text in wanted.items())
    )


def _shown(instance: Instance, path: str) -> str:
    axis, _, column = path.partition(".")
    if axis not in instance.cell:
        return "\0"
    return Cell(instance.axes, instance.cell).text(axis, column or None) or "\0"


def _paths(graph: Graph, instance: Instance) -> Iterable[str]:
    steps = (graph.steps[name] for name in instance.outputs)
    return [step.path for step in steps if isinstance(step, Rendition)]


def _glob(pattern: str) -> re.Pattern[str]:
    """A glob in which only `*` and `?` are special."""
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))


def _dependents(graph: Graph, names: set[str]) -> set[str]:
    """The instances that need one of these, directly or not."""
    touched: set[str] = set()
    found: set[str] = set()
    for step in graph.steps.values():
        own = "" if isinstance(step, Source) else step.instance
        if own in names or any(link.step in touched for link in step.inputs):
            touched.add(step.id)
            found.add(own)
    return (found - {""}) - names


def _hint(graph: Graph, body: str) -> str:
    if body.startswith("tag:"):
        tags = sorted({tag for instance in graph.instances.values() for tag in instance.tags})
        return did_you_mean(body.removeprefix("tag:"), tags, "tags")
    assets = list(dict.fromkeys(instance.asset for instance in graph.instances.values()))
    return did_you_mean(body.partition("[")[0], assets, "assets")
