"""The graph of a manifest as text: for people, for Graphviz (dot), for Mermaid, and as an object for programs."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assetforge.model import Graph, Link, Local, Paid, Rendition, Source, Step
from assetforge.plan.forecast import wanted_steps

FORMATS = ("text", "dot", "mermaid", "json")


def drawn(graph: Graph, selected: Iterable[str]) -> list[Step]:
    """The steps that instances need, each after those it needs."""
    names, _ = wanted_steps(graph, selected, "call")
    return [graph.steps[name] for name in names]


def kind(step: Step) -> str:
    """What a step is: `source`, `generate`, `edit`, an operation's name, or `output`."""
    match step:
        case Source():
            return "source"
        case Paid():
            return step.operation
        case Local():
            return step.op.removeprefix("_").replace("_", " ")
        case Rendition():
            return "output"


def label(step: Step) -> str:
    """What a step is called: a file by its path."""
    return step.path if isinstance(step, Source | Rendition) else step.id


def text(steps: Iterable[Step]) -> Iterator[str]:
    """One line a step: what it is, and what it needs."""
    listed = list(steps)
    names = {step.id: label(step) for step in listed}
    width = max((len(kind(step)) for step in listed), default=0)
    for step in listed:
        needs = ", ".join(_input(link, names) for link in step.inputs)
        yield f"{kind(step):<{width}}  {label(step)}" + (f"  <- {needs}" if needs else "")


def _input(link: Link, names: Mapping[str, str]) -> str:
    name = names.get(link.step, link.step)
    return f"{name}#{link.candidate}" if link.candidate else name


def dot(steps: Iterable[Step]) -> Iterator[str]:
    """A digraph in Graphviz' language (graphviz.org/doc/info/lang.html)."""
    listed = list(steps)
    shapes = {"source": "note", "output": "folder", "generate": "ellipse", "edit": "ellipse"}
    yield "digraph assets {"
    yield "  rankdir=LR"
    for step in listed:
        yield f"  {_quoted(step.id)} [label={_quoted(label(step))}, shape={shapes.get(kind(step), 'box')}]"
    for step in listed:
        for name in dict.fromkeys(link.step for link in step.inputs):
            yield f"  {_quoted(name)} -> {_quoted(step.id)}"
    yield "}"


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def mermaid(steps: Iterable[Step]) -> Iterator[str]:
    """A flow chart in Mermaid's language (mermaid.js.org/syntax/flowchart.html)."""
    listed = list(steps)
    numbers = {step.id: f"n{index}" for index, step in enumerate(listed)}
    yield "flowchart LR"
    for step in listed:
        escaped = label(step).replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace("\n", " ")
        left, right = ("([", "])") if isinstance(step, Paid) else ("[", "]")
        yield f'  {numbers[step.id]}{left}"{escaped}"{right}'
    for step in listed:
        for name in dict.fromkeys(link.step for link in step.inputs):
            yield f"  {numbers[name]} --> {numbers[step.id]}"


def graph_object(graph: Graph, steps: Iterable[Step], selected: Iterable[str]) -> dict[str, Any]:
    """Instances and steps as JSON."""
    return {
        "instances": [_instance_object(graph, name) for name in selected],
        "steps": [
            {
                "id": step.id,
                "kind": kind(step),
                "instance": None if isinstance(step, Source) else step.instance,
                "path": step.path if isinstance(step, Source | Rendition) else None,
                "inputs": [{"step": link.step, "candidate": link.candidate or None} for link in step.inputs],
            }
            for step in steps
        ],
    }


def _instance_object(graph: Graph, name: str) -> dict[str, Any]:
    instance = graph.instances[name]
    told = {
        "instance": name,
        "asset": instance.asset,
        "axes": dict(instance.cell),
        "tags": list(instance.tags),
        "alt": instance.alt,
        "paid": list(instance.paid),
        "outputs": [label(graph.steps[output]) for output in instance.outputs],
    }
    return {**told, "meta": dict(instance.meta)}
