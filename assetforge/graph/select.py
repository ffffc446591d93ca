"""The selection language: names and globs, `tag:`, `output:`, `+` after for dependents, `!` to take away."""

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence

from assetforge.errors import UsageError
from assetforge.graph.matrix import Cell
from assetforge.graph.references import BadReference, parse_reference
from assetforge.model import Graph, Instance, Rendition, Source
from assetforge.words import did_you_mean


class Selector:
    """Selects among the instances of one graph, many times."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._order = {name: place for place, name in enumerate(graph.instances)}
        self._by_asset: dict[str, list[Instance]] = {}
        for instance in graph.instances.values():
            self._by_asset.setdefault(instance.asset, []).append(instance)
        self._shown: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], list[str]]] = {}

    def select(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """The instances that patterns mean, in manifest order; all of them where there are no patterns. Raises
        UsageError for a pattern that matches nothing, and for patterns that together leave nothing."""
        takes = any(not pattern.startswith("!") for pattern in patterns)
        chosen: set[str] = set() if takes else set(self._order)
        for pattern in patterns:
            found = self.found(pattern)
            chosen = chosen - found if pattern.startswith("!") else chosen | found
        if patterns and not chosen:
            raise UsageError(f"`{' '.join(patterns)}` leaves no asset", hint="take less away")
        return tuple(sorted(chosen, key=self._order.__getitem__))

    def found(self, pattern: str) -> set[str]:
        """The instances that one pattern is about, whether it gives or takes them. Raises UsageError where there is
        none."""
        body = pattern.removeprefix("!").removeprefix("+")
        after = body.endswith("+")
        name = body.removesuffix("+")
        # A whole name is that instance, though it have a `*` in it; nothing has to be read of it.
        found = {name} if name in self._order else self._matching(name)
        if not found:
            raise UsageError(f"`{pattern}` matches no asset", hint=_hint(self._graph, body))
        return found | dependents(self._graph, found) if after else found

    def _matching(self, body: str) -> set[str]:
        kind, colon, rest = body.partition(":")
        if colon and kind in ("tag", "output"):
            pattern = _glob(rest)
            tell = _tags if kind == "tag" else self._paths
            return {name for name, each in self._graph.instances.items() if any(map(pattern.match, tell(each)))}
        name, bracket, _ = body.partition("[")
        pattern = _glob(name)
        assets = [asset for asset in self._by_asset if pattern.match(asset)]
        wanted = _axes(body) if bracket else {}
        return {found for asset in assets for found in self._in_cells(asset, wanted)}

    def _in_cells(self, asset: str, wanted: Mapping[str, str]) -> Iterable[str]:
        """The instances of an asset whose axes show what is wanted."""
        key = (asset, tuple(wanted))
        if key not in self._shown:
            cells: dict[tuple[str, ...], list[str]] = {}
            for instance in self._by_asset[asset]:
                cells.setdefault(tuple(_shown(instance, axis) for axis in wanted), []).append(instance.name)
            self._shown[key] = cells
        cells = self._shown[key]
        if not any(_is_wild(text) for text in wanted.values()):
            return cells.get(tuple(wanted.values()), ())
        patterns = [_glob(text) for text in wanted.values()]
        return [
            name
            for texts, names in cells.items()
            if all(pattern.match(text) for pattern, text in zip(patterns, texts, strict=True))
            for name in names
        ]

    def _paths(self, instance: Instance) -> Iterable[str]:
        steps = (self._graph.steps[name] for name in instance.outputs)
        return [step.path for step in steps if isinstance(step, Rendition)]


def select(graph: Graph, patterns: Sequence[str]) -> tuple[str, ...]:
    """The instances that patterns mean: see Selector, which is for several selections. Raises UsageError."""
    return Selector(graph).select(patterns)


def _tags(instance: Instance) -> Iterable[str]:
    return instance.tags


def _axes(body: str) -> Mapping[str, str]:
    """What a pattern wants on axes and in columns. Raises UsageError."""
    name, _, axes = body.partition("[")
    try:
        return parse_reference(f"@{re.sub(r'[*?]', '_', name)}[{axes}").axes
    except BadReference as error:
        hint = (error.hint or "").replace("@", "")
        raise UsageError(f"`{body}` can't be read as a selection", hint=hint or None) from None


def _shown(instance: Instance, path: str) -> str:
    axis, _, column = path.partition(".")
    if axis not in instance.cell:
        return "\0"
    return Cell(instance.axes, instance.cell).text(axis, column or None) or "\0"


def _is_wild(text: str) -> bool:
    return "*" in text or "?" in text


def _glob(pattern: str) -> re.Pattern[str]:
    """A glob in which only `*` and `?` are special."""
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))


def dependents(graph: Graph, names: set[str]) -> set[str]:
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
