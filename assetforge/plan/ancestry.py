"""What pictures are made of, part by part, so that a later plan can tell what changed; unaware of where it is kept.

A part is remembered under the identity that hashes it, so that what many pictures share is kept once; and what is
remembered of a local step is the very list that its identity is the digest of.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from assetforge.model import Picture, Source
from assetforge.plan.action import local_ingredients
from assetforge.store.documents import is_text

# As many names are remembered for bytes that go by several.
MOST_NAMES = 8


@dataclass(frozen=True, slots=True)
class Part:
    """A picture as it is remembered. Of a local step: its operation and version as `blur@1`, its parameters, and the
    identities of the pictures it was made from. Of bytes: the `names` that they go by, which are paths of files and
    `STEP#CANDIDATE`, and the key that they were bought under."""

    op: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    key: str = ""


def part_of(picture: Picture) -> Part:
    """A picture without what it is made from."""
    if picture.media is not None:
        name = name_of(picture)
        return Part(names=(name,) if name else (), key=picture.action.key if picture.action else "")
    (_, op), (_, params), (_, inputs) = local_ingredients(picture.op, picture.params, picture.inputs)
    return Part(op, params, tuple(inputs))


def name_of(picture: Picture) -> str:
    """What bytes are called: a file's path, or a candidate's step and number."""
    if picture.action is not None:
        return f"{picture.action.step}#{picture.action.candidate}"
    return picture.step.path if isinstance(picture.step, Source) else ""


def new_parts(picture: Picture, known: set[tuple[str, str]]) -> Iterator[tuple[str, Part]]:
    """A picture and all that it is made from, with their identities, but for what is `known`, which grows by them."""
    waiting = [picture]
    while waiting:
        current = waiting.pop()
        mark = current.made, name_of(current)
        if mark not in known:
            known.add(mark)
            yield current.made, part_of(current)
            waiting += current.inputs


def fact_name(made: str) -> str:
    """The name that a picture's part is remembered by."""
    return f"picture:{made}"


def fact_of(part: Part) -> dict[str, Any]:
    """A part as a document."""
    if not part.op:
        return {"names": list(part.names), "key": part.key}
    return {"op": part.op, "params": dict(part.params), "inputs": list(part.inputs)}


def read_fact(told: Mapping[str, Any] | None) -> Part | None:
    """The part that a document tells of, None where it is none."""
    if told is None:
        return None
    op, params, key = told.get("op", ""), told.get("params", {}), told.get("key", "")
    inputs, names = told.get("inputs", []), told.get("names", [])
    is_sound = is_text(op) and is_text(key) and isinstance(params, dict) and _are_texts(inputs) and _are_texts(names)
    return Part(op, params, tuple(inputs), tuple(names), key) if is_sound else None


def joined(before: Part | None, part: Part) -> Part:
    """Bytes with all names that they were ever seen under: two files may be one picture."""
    if before is None or part.op:
        return part
    names = tuple(dict.fromkeys((*part.names, *before.names)))[:MOST_NAMES]
    return Part(names=names, key=part.key or before.key)


def _are_texts(told: object) -> bool:
    return isinstance(told, list) and all(is_text(one, 10_000) for one in told)
