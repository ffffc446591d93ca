"""Steps after those they need; a circle is found and shown as the path it takes."""

from collections.abc import Iterable, Mapping

from assetforge.errors import Problem
from assetforge.model import Local, Source, Step


def in_order(steps: Mapping[str, Step]) -> tuple[dict[str, Step], list[Problem]]:
    """The steps in manifest order, each after its inputs, and a problem for each circle. Unknown inputs are left
    out: whoever could not be made has said so."""
    ordered: dict[str, Step] = {}
    problems: list[Problem] = []
    for name in steps:
        if name not in ordered:
            problems += _visit(name, steps, ordered)
    return ordered, problems


def _visit(start: str, steps: Mapping[str, Step], ordered: dict[str, Step]) -> Iterable[Problem]:
    """Depth first with a stack of its own: chains of references may be longer than Python's."""
    path: dict[str, None] = {start: None}
    stack = [(start, iter([link.step for link in steps[start].inputs]))]
    while stack:
        name, inputs = stack[-1]
        for needed in inputs:
            if needed in path:
                yield _circle([*path][[*path].index(needed) :], steps)
                continue
            if needed in steps and needed not in ordered:
                path[needed] = None
                stack.append((needed, iter([link.step for link in steps[needed].inputs])))
                break
        else:
            ordered[name] = steps[name]
            del path[name]
            stack.pop()


def _circle(names: list[str], steps: Mapping[str, Step]) -> Problem:
    members = [step for step in (steps[name] for name in names) if not isinstance(step, Source)]
    instances = list(dict.fromkeys(step.instance for step in members))
    named = [step for step in members if step.instance == instances[0] and step.where.file]
    place = next((step.where for step in named if not (isinstance(step, Local) and step.op.startswith("_"))), None)
    path = " -> ".join([*instances, instances[0]])
    where = place or (named[0].where if named else None)
    return Problem(f"references go in a circle: {path}", where, "break it at one of them")
