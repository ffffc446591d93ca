"""Which paid steps `ASSET[:STEP]` means; unaware of where their settings are written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assetforge.errors import UsageError
from assetforge.graph.merge import GENERATION
from assetforge.graph.select import select
from assetforge.manifest.load import Manifest
from assetforge.model import Graph, Local, Paid
from assetforge.words import count, did_you_mean, some


@dataclass(frozen=True, slots=True)
class Target:
    """A paid step of an asset, in one `instance` of its matrix or, where that is None, in all it has."""

    asset: str
    instance: str | None
    step: str
    steps: tuple[Paid, ...]

    @property
    def owner(self) -> str:
        """The asset, or the one instance."""
        return self.instance or self.asset

    @property
    def name(self) -> str:
        """As a user would name it."""
        return named(f"{self.owner}:{self.step}")


def named(step: str) -> str:
    """A paid step's id as a user would write it: a generation goes by the name of what it makes."""
    return step.removesuffix(f":{GENERATION}")


def find_target(manifest: Manifest, graph: Graph, text: str) -> Target:
    """What `ASSET`, `ASSET:STEP` or `icon[item=sword]:STEP` means. Without a step it is the picture's own generation,
    else the asset's only edit. Raises UsageError."""
    at = text.rfind("]") + 1
    owner, colon, step = text[at:].partition(":")
    owner = text[:at] + owner
    asset, bracket, _ = owner.partition("[")
    if colon and not step:
        raise UsageError(f"`{text}` names no step", hint=f"write `{owner}`, or a step after the colon")
    if asset not in manifest.table.asset:
        hint = did_you_mean(asset, list(manifest.table.asset), "assets")
        raise UsageError(f"there is no asset `{asset}`", hint=hint)
    names = [_one(graph, owner)] if bracket else _instances(graph, asset)
    paid = [
        found for name in names for key in graph.instances[name].paid if isinstance(found := graph.steps[key], Paid)
    ]
    named = step if colon else _default(owner, paid)
    chosen = tuple(one for one in paid if one.name == named)
    if not chosen:
        raise _unknown_step(graph, owner, named, names, paid)
    return Target(asset, names[0] if bracket else None, named, chosen)


def _instances(graph: Graph, asset: str) -> list[str]:
    return [name for name, instance in graph.instances.items() if instance.asset == asset]


def _one(graph: Graph, name: str) -> str:
    found = (name,) if name in graph.instances else select(graph, (name,))
    if len(found) != 1:
        raise UsageError(f"`{name}` stands for {len(found):,} instances", hint=f"name one of {some(found)}")
    return found[0]


def _default(owner: str, paid: Sequence[Paid]) -> str:
    names = list(dict.fromkeys(step.name for step in paid))
    if not names:
        hint = "only what a provider draws has candidates"
        raise UsageError(f"nothing of `{owner}` is bought, so there is nothing to choose", hint=hint)
    if GENERATION not in names and len(names) > 1:
        raise UsageError(f"`{owner}` has {count(len(names), 'edit')}", hint=_name_one(owner, names))
    return GENERATION if GENERATION in names else names[0]


def _unknown_step(graph: Graph, owner: str, step: str, names: Iterable[str], paid: Sequence[Paid]) -> UsageError:
    bought = list(dict.fromkeys(one.name for one in paid))
    if any(isinstance(graph.steps.get(f"{name}:{step}"), Local) for name in names):
        hint = _name_one(owner, bought) if bought else "only what a provider draws has candidates"
        return UsageError(f"step `{step}` of `{owner}` is made on this machine and has no candidates", hint=hint)
    hint = did_you_mean(step, bought, "paid steps")
    return UsageError(f"`{owner}` has no paid step `{step}`", hint=hint)


def _name_one(owner: str, names: Sequence[str]) -> str:
    return f"name one of {some([f'{owner}:{name}' for name in names])}"
