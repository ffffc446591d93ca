"""Steps after those they need; a circle is found and shown as the path it takes."""

from collections.abc import Iterator, Mapping

from assetforge.errors import Problem, Where
from assetforge.model import Source, Step


def in_order(
    steps: Mapping[str, Step], references: Mapping[tuple[str, str], Where]
) -> tuple[dict[str, Step], list[Problem]]:
    """The steps in manifest order, each after its inputs, and a problem for each circle. Unknown inputs are left
    out: whoever could not be made has said so. `references` says which instance refers to which, and where."""
    ordered: dict[str, Step] = {}
    problems: list[Problem] = []
    for name in steps:
        if name not in ordered:
            circles = _visit(name, steps, ordered)
            problems += (_circle([_owner(steps[step]) for step in circle], references) for circle in circles)
    return ordered, problems


def _visit(start: str, steps: Mapping[str, Step], ordered: dict[str, Step]) -> Iterator[list[str]]:
    """Depth first with a stack of its own: chains of references may be longer than Python's."""
    path: dict[str, None] = {start: None}
    stack = [(start, iter([link.step for link in steps[start].inputs]))]
    while stack:
        name, inputs = stack[-1]
        for needed in inputs:
            if needed in path:
                yield [*path][[*path].index(needed) :]
                continue
            if needed in steps and needed not in ordered:
                path[needed] = None
                stack.append((needed, iter([link.step for link in steps[needed].inputs])))
                break
        else:
            ordered[name] = steps[name]
            del path[name]
            stack.pop()


def _owner(step: Step) -> str:
    return "" if isinstance(step, Source) else step.instance


def _circle(owners: list[str], references: Mapping[tuple[str, str], Where]) -> Problem:
    """A circle of instances, from the reference that is written first."""
    names = list(dict.fromkeys(owners))
    pairs = set(zip(names, [*names[1:], names[0]], strict=True))
    first = next((pair for pair in references if pair in pairs), (names[0], names[0]))
    start = names.index(first[0])
    path = " -> ".join([*names[start:], *names[:start], names[start]])
    return Problem(f"references go in a circle: `{path}`", references.get(first), "break it at one of them")
