"""What pictures are made of, part by part, so that a later plan can tell what changed; unaware of where it is kept.

A part is remembered under the identity that hashes it, so that what many pictures share is kept once; and what is
remembered of a local step is the very list that its identity is the digest of. What somebody calls it is no part of
that: names are an output's own, for the same bytes are another file in another project.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from assetforge.model import Local, Picture, Source
from assetforge.plan.action import LEAF, local_ingredients
from assetforge.store.documents import is_text

# Of what an output is made of so many names are remembered, those nearest to it: a sheet may have thousands.
MOST_NAMES = 1_024


@dataclass(frozen=True, slots=True)
class Part:
    """A local step as it is remembered: its operation and version as `blur@1`, its parameters, and the identities of
    the pictures it was made from."""

    op: str
    params: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()


class Name(NamedTuple):
    """What something that an output was made of went by. Of bytes: a file's path, or `STEP#CANDIDATE` with the key
    that they were bought under. Of a local step: its id, where that is not its operation."""

    text: str
    key: str = ""


# By identity: bytes may have gone by several names in one output.
Names = Mapping[str, tuple[Name, ...]]


def part_of(picture: Picture) -> Part:
    """A local step without what it is made from."""
    (_, op), (_, params), (_, inputs) = local_ingredients(picture.op, picture.params, picture.inputs)
    return Part(op, params, tuple(inputs))


def is_bytes(made: str) -> bool:
    """Whether an identity is that of bytes, which are made from nothing."""
    return made.startswith(LEAF)


def name_of(picture: Picture) -> Name:
    """What a picture goes by, nothing where nobody named it."""
    if picture.action is not None:
        return Name(f"{picture.action.step}#{picture.action.candidate}", picture.action.key)
    match picture.step:
        case Source(path=path):
            return Name(path)
        case Local(name=name, op=op) if name != op and not op.startswith("_"):
            return Name(name)
    return Name("")


def names_in(picture: Picture) -> dict[str, tuple[Name, ...]]:
    """What a picture, and all that it is made from, went by."""
    found: dict[str, tuple[Name, ...]] = {}
    seen = {id(picture)}
    waiting = [picture]
    for current in waiting:  # breadth first: what is nearest to the output is named first
        name = name_of(current)
        if name.text and name not in found.get(current.made, ()):
            found[current.made] = (*found.get(current.made, ()), name)
        if len(found) >= MOST_NAMES:
            break
        for below in current.inputs:
            if id(below) not in seen:
                seen.add(id(below))
                waiting.append(below)
    return found


def new_parts(picture: Picture, known: set[str]) -> Iterator[tuple[str, Part]]:
    """A picture and all that it is made from, with their identities, but for bytes, and for what is `known`, which
    grows by them."""
    waiting = [picture]
    while waiting:
        current = waiting.pop()
        if current.media is None and current.made not in known:
            known.add(current.made)
            yield current.made, part_of(current)
            waiting += current.inputs


def fact_name(made: str) -> str:
    """The name that a picture's part is remembered by."""
    return f"picture:{made}"


def fact_of(part: Part) -> dict[str, Any]:
    """A part as a document."""
    return {"op": part.op, "params": dict(part.params), "inputs": list(part.inputs)}


def read_fact(told: Mapping[str, Any] | None) -> Part | None:
    """The part that a document tells of, None where it is none."""
    if told is None:
        return None
    op, params, inputs = told.get("op"), told.get("params"), told.get("inputs")
    if not (is_text(op) and op and isinstance(params, dict) and _are_texts(inputs)):
        return None
    return Part(str(op), params, tuple(inputs or ()))


def _are_texts(told: object) -> bool:
    return isinstance(told, list) and all(is_text(one, 10_000) for one in told)
