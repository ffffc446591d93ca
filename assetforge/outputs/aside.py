"""The names of the lock's lines that hold what a merge set aside: `aside:1:hero`, `aside:2:hero`, in the order in
which they are asked. No asset and no emit can have such a name. Unaware of what the lines hold.
"""

import re
from collections.abc import Container, Iterator

PREFIX = "aside:"
_NAME = re.compile(r"aside:([1-9][0-9]{0,8}):(.*)", re.DOTALL | re.ASCII)


def aside_name(owner: str, place: int) -> str:
    """The name of the line at a place from 1 of what was set aside of an owner's line; at 0 the owner's own."""
    return f"{PREFIX}{place}:{owner}" if place else owner


def owner_of(name: str) -> tuple[str, int]:
    """The instance or emit that a line is about, and its place: 0 is its own line."""
    match = _NAME.fullmatch(name) if name.startswith(PREFIX) else None
    return (match[2], int(match[1])) if match else (name, 0)


def asides_of(owner: str, names: Container[str]) -> Iterator[str]:
    """The names of an owner's lines that a merge set aside, of all names of a lock."""
    place = 1
    while (name := aside_name(owner, place)) in names:
        yield name
        place += 1
